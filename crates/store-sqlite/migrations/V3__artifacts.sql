-- What attempts left in $GOFER_ARTIFACTS; the files lie with the objects.
CREATE TABLE artifacts (
    run    INTEGER NOT NULL,
    task   INTEGER NOT NULL CHECK (task >= 0),
    item   INTEGER NOT NULL CHECK (item >= -1),
    number INTEGER NOT NULL CHECK (number > 0),
    files  INTEGER NOT NULL CHECK (files >= 0),
    bytes  INTEGER NOT NULL CHECK (bytes >= 0),
    PRIMARY KEY (run, task, item, number)
) STRICT, WITHOUT ROWID;

-- Small values that a pipeline keeps beyond its runs. `at` is in microseconds since 1970.
CREATE TABLE objects (
    pipeline INTEGER NOT NULL REFERENCES pipelines,
    key      TEXT NOT NULL,
    value    TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (pipeline, key)
) STRICT, WITHOUT ROWID;
