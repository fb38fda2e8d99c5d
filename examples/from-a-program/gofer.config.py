"""A pipeline that a program prints: a chain as long as the list says."""

import json

TABLES = ["customers", "orders", "payments"]

tasks = {}
for before, table in zip([None, *TABLES], TABLES):
    tasks[table] = {
        "env": {"TABLE": table},
        "script": 'echo "copying $TABLE"; echo "table=$TABLE" >> "$GOFER_OUTPUT"',
    }
    if before:
        tasks[table]["depends_on"] = [before]

print(json.dumps({"name": "from-a-program", "defaults": {"image": "gofer-demo:1"}, "tasks": tasks}))
