//! The top of the document, and the small tables that hang from it.

use super::{
    Group, Key, Section, Shape, Word,
    container::DEFAULTS,
    parts::{DESCRIPTION, LABELS, POOLS, SECRET_NAME, SECRET_REFERENCE, SPAN, TEXT, TIMEOUT},
    shape::{Name, PARAM, PLAIN},
    task::TASK,
    trigger::TRIGGER,
};
use gofer_core::name::{NamespaceName, ParamName, TaskName, TriggerName};

/// The whole document.
pub(crate) static PIPELINE: Section = Section::new("a pipeline", "", &[Group::all(&[
    Key::new("$schema", TEXT, "The address of this schema, for editors; ignored.", r#""$schema" = "gofer.schema.json""#),
    Key::new("name", super::parts::PIPELINE_NAME, "The pipeline's name.", r#"name = "orders""#).required(),
    Key::new("description", DESCRIPTION, "Shown to people.", r#"description = "Loads a day of orders""#),
    Key::new(
        "namespace",
        Shape::Name(Name::of::<NamespaceName>(PLAIN)),
        "Pins the namespace: applying the file to another one is refused.",
        r#"namespace = "prod""#,
    )
    .default("where you apply it"),
    Key::new("labels", LABELS, "For searching; also put on containers.", r#"labels = { team = "data" }"#),
    Key::new(
        "params",
        Shape::Map { keys: Name::of::<ParamName>(PARAM), of: &Shape::Table(&PARAMS), least: 0, most: 64 },
        "What a start may set, or must, by name.",
        r#"params.day = { type = "date" }"#,
    )
    .structural(),
    Key::new(
        "triggers",
        Shape::Map { keys: Name::of::<TriggerName>(PLAIN), of: &Shape::Table(&TRIGGER), least: 0, most: 32 },
        "What starts runs, by name; several are an \"or\". A trigger's name is its identity: it keeps its state whatever else is edited.",
        r#"triggers.nightly = { cron = "30 2 * * *" }"#,
    ),
    Key::new("concurrency", Shape::Table(&CONCURRENCY), "How many runs of this pipeline there may be at once.", "concurrency = { limit = 1 }")
        .default("no limit"),
    Key::new("timeout", TIMEOUT, "How long a run may take from leaving `queued` to its last ordinary task, all waiting included.", r#"timeout = "6h""#)
        .default("none"),
    Key::new("priority", Shape::Int { least: -100, most: 100 }, "Among queued runs, the higher goes first.", "priority = 10").default("0"),
    Key::new("max_parallel", Shape::Int { least: 1, most: 1000 }, "Containers of one run at once.", "max_parallel = 8")
        .default("the server's"),
    Key::new(
        "pools",
        POOLS,
        "A run holds one slot of each of these pools while it runs. A task of it must not name the same pool.",
        r#"pools = ["warehouse"]"#,
    ),
    Key::new(
        "tasks",
        Shape::Map { keys: Name::of::<TaskName>(PLAIN), of: &Shape::Table(&TASK), least: 1, most: 1000 },
        "The tasks, by name.",
        r#"tasks.hello = { image = "alpine", script = "echo hello" }"#,
    )
    .required(),
    Key::new("defaults", Shape::Table(&DEFAULTS), "What every container task starts from.", r#"defaults = { image = "python:3.13" }"#)
        .structural(),
    Key::new(
        "notify",
        Shape::List { of: &Shape::Table(&NOTIFY), least: 0, most: 16 },
        "Who is told of what.",
        r#"notify = [{ events = ["failed"], slack = { secret = "slack_webhook" } }]"#,
    ),
    Key::new("expect", Shape::Table(&EXPECT), "What is normal; what is not makes an event, and never stops a run.", r#"expect = { success_within = "26h" }"#),
    Key::new("retention", Shape::Table(&RETENTION), "How long runs with their logs and artifacts are kept; what is over either bound goes.", r#"retention = { runs = 200, age = "90d" }"#)
        .default("the server's"),
])]);

static PARAMS: Section = Section::new(
    "a param",
    "",
    &[Group::all(&[
        Key::new(
            "type",
            Shape::Words(TYPES),
            "How the text of a value is read.",
            r#"type = "date""#,
        )
        .default("string")
        .structural(),
        Key::new(
            "default",
            Shape::Any,
            "The value when a start sets none.",
            r#"default = "2026-01-31""#,
        )
        .default("the param is required")
        .structural(),
        Key::new(
            "description",
            DESCRIPTION,
            "Shown to people.",
            r#"description = "The day to load""#,
        ),
        Key::new(
            "values",
            Shape::List {
                of: &Shape::Text {
                    least: 1,
                    most: 4096,
                },
                least: 1,
                most: 1000,
            },
            "What an `enum` can be; required there.",
            r#"values = ["full", "delta"]"#,
        ),
        Key::new(
            "min",
            Shape::Any,
            "The least a number or date can be.",
            "min = 1",
        ),
        Key::new(
            "max",
            Shape::Any,
            "The most a number or date can be.",
            "max = 31",
        ),
        Key::new(
            "pattern",
            Shape::Text {
                least: 1,
                most: 4096,
            },
            "A regular expression that the whole of a `string` must match.",
            r#"pattern = "[A-Z]{2}""#,
        ),
    ])],
);

const TYPES: &[Word] = &[
    Word {
        word: "string",
        about: "any text",
    },
    Word {
        word: "int",
        about: "a whole number",
    },
    Word {
        word: "float",
        about: "a number",
    },
    Word {
        word: "bool",
        about: "`true` or `false`, nothing else",
    },
    Word {
        word: "date",
        about: "a day, such as 2026-11-24",
    },
    Word {
        word: "datetime",
        about: "a moment by RFC 3339",
    },
    Word {
        word: "enum",
        about: "one of `values`",
    },
    Word {
        word: "json",
        about: "any JSON",
    },
];

static CONCURRENCY: Section = Section::new(
    "concurrency",
    "concurrency.",
    &[Group::all(&[
        Key::new(
            "limit",
            Shape::Int {
                least: 1,
                most: 1000,
            },
            "Runs at once.",
            "limit = 2",
        )
        .default("1"),
        Key::new(
            "overlap",
            Shape::Words(&[
                Word {
                    word: "queue",
                    about: "it waits; 1,000 may wait",
                },
                Word {
                    word: "skip",
                    about: "it is skipped",
                },
                Word {
                    word: "replace",
                    about: "the older run is cancelled",
                },
            ]),
            "What happens to a run over the limit.",
            r#"overlap = "skip""#,
        )
        .default("queue"),
        Key::new(
            "key",
            Shape::Reference {
                references: &["param"],
            },
            "The limit holds for each value of this param by itself.",
            r#"key = { param = "day" }"#,
        ),
    ])],
);

static NOTIFY: Section = Section {
    one_of: &["slack", "email", "webhook"],
    ..Section::new(
        "a rule",
        "",
        &[Group::all(&[
            Key::new(
                "events",
                Shape::List {
                    of: &Shape::Words(EVENTS),
                    least: 1,
                    most: 8,
                },
                "Of what somebody is told.",
                r#"events = ["failed", "recovered"]"#,
            )
            .required(),
            Key::new(
                "after",
                Shape::Int {
                    least: 1,
                    most: 1000,
                },
                "Failures in a row before it is said.",
                "after = 3",
            )
            .default("1"),
            Key::new(
                "slack",
                SECRET_REFERENCE,
                "A Slack webhook; its address is a secret.",
                r#"slack = { secret = "slack_webhook" }"#,
            ),
            Key::new(
                "email",
                Shape::Table(&EMAIL),
                "Electronic mail.",
                r#"email = { to = ["data@example.com"] }"#,
            ),
            Key::new(
                "webhook",
                Shape::Table(&OUTGOING),
                "A call to an address of yours.",
                r#"webhook = { url = "https://example.com/hook" }"#,
            ),
        ])],
    )
};

const EVENTS: &[Word] = &[
    Word {
        word: "failed",
        about: "a run failed",
    },
    Word {
        word: "recovered",
        about: "a run succeeded after one that failed",
    },
    Word {
        word: "succeeded",
        about: "a run succeeded",
    },
    Word {
        word: "cancelled",
        about: "a run was cancelled",
    },
    Word {
        word: "skipped",
        about: "a run was skipped",
    },
    Word {
        word: "late",
        about: "there was no success within `expect.success_within`",
    },
    Word {
        word: "slow",
        about: "a run takes longer than `expect.max_duration`",
    },
    Word {
        word: "awaiting_approval",
        about: "a task waits for a person",
    },
];

static EMAIL: Section = Section::new(
    "email",
    "email.",
    &[Group::all(&[Key::new(
        "to",
        Shape::List {
            of: &Shape::Text {
                least: 1,
                most: 320,
            },
            least: 1,
            most: 64,
        },
        "Addresses.",
        r#"to = ["data@example.com"]"#,
    )
    .required()])],
);

static OUTGOING: Section = Section::new(
    "webhook",
    "webhook.",
    &[Group::all(&[
        Key::new(
            "url",
            TEXT,
            "The address that is called.",
            r#"url = "https://example.com/hook""#,
        )
        .required(),
        Key::new(
            "secret",
            SECRET_NAME,
            "The secret that signs the call.",
            r#"secret = "hook_key""#,
        ),
    ])],
);

static EXPECT: Section = Section::new(
    "expect",
    "expect.",
    &[Group::all(&[
        Key::new(
            "success_within",
            SPAN,
            "There is a success at least this often; otherwise the event `late`.",
            r#"success_within = "26h""#,
        ),
        Key::new(
            "max_duration",
            SPAN,
            "No run takes longer; otherwise the event `slow`.",
            r#"max_duration = "2h""#,
        ),
    ])],
);

static RETENTION: Section = Section::new(
    "retention",
    "retention.",
    &[Group::all(&[
        Key::new(
            "runs",
            Shape::Int {
                least: 1,
                most: 100_000,
            },
            "The newest so many are kept.",
            "runs = 200",
        ),
        Key::new(
            "age",
            Shape::Duration {
                least: "1d",
                most: "3650d",
            },
            "Those not older than this are kept.",
            r#"age = "90d""#,
        ),
    ])],
);
