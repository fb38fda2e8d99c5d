//! `tasks.NAME`: what all kinds share, and what makes an approval or a pipeline task.

use super::{
    Group, Key, Kinds, Section, Shape, Word,
    container::{BASE, TASK_ONLY},
    parts::{CALL_PARAMS, DESCRIPTION, LABELS, PIPELINE_NAME, POOLS, TEXT, TIMEOUT},
    shape::Name,
};

pub(super) static TASK: Section = Section {
    kinds: Kinds::ByKey(&["approval", "pipeline"], Some("container")),
    rivals: &[
        &["approval", "pipeline"],
        &["matrix", "for_each"],
        &["script", "command"],
        &["script", "entrypoint"],
    ],
    ..Section::new("a task", "", &[
        Group::all(&[
            Key::new("description", DESCRIPTION, "Shown to people.", r#"description = "Loads one file""#),
            Key::new("labels", LABELS, "For searching; also put on containers. Merged with those of `defaults`.", r#"labels = { step = "load" }"#),
            Key::new(
                "depends_on",
                Shape::Parents,
                "The tasks that must be over first: a list (each must succeed), or a table from task to condition.",
                r#"depends_on = { list = "success", load = "not_failed" }"#,
            )
            .structural(),
            Key::new(
                "when",
                Shape::Characters { least: 1, most: 2000 },
                "An expression, asked once when `depends_on` is met; for each item if it names `item`. If false, the task is skipped.",
                r#"when = 'outputs.list.files != "[]"'"#,
            ),
            Key::new("finally", Shape::Bool, "Runs after all ordinary tasks are over, whatever happened. May depend only on such tasks.", "finally = true")
                .default("false")
                .structural(),
            Key::new("allow_failure", Shape::Bool, "The run may succeed although this task fails.", "allow_failure = true").default("false").structural(),
            Key::new("timeout", TIMEOUT, "For a container: each attempt, from its start to its exit. For an approval: from asking. For a pipeline: from starting the run.", r#"timeout = "20m""#)
                .default("24h for a container, none for others"),
        ]),
        Group::only(&["container", "pipeline"], &[
            Key::new(
                "matrix",
                Shape::Map {
                    keys: Name::called("NAME", "^.{1,63}$", axis),
                    of: &Shape::List { of: &Shape::Any, least: 0, most: 1000 },
                    least: 1,
                    most: 16,
                },
                "One item for each combination: keys in alphabetical order, the last varies fastest. At most 1,000 items.",
                r#"matrix = { os = ["debian", "alpine"], version = ["1", "2"] }"#,
            )
            .structural(),
            Key::new(
                "for_each",
                Shape::ListOr { references: &["output", "param"], most: 1000 },
                "One item for each entry of a list: in the file, or a JSON list in an output or a param.",
                r#"for_each = { output = "list.files" }"#,
            )
            .structural(),
            Key::new("max_parallel", Shape::Int { least: 1, most: 1000 }, "Items at once.", "max_parallel = 4").default("no limit"),
            Key::new("retry", Shape::Table(&RETRY), "Extra tries after a failure, a timeout, a failed start or `lost`.", r#"retry = { limit = 3, delay = "10s" }"#)
                .default("no retry"),
            Key::new("pools", POOLS, "A container of it holds one slot of each, all or none. A pool that nobody set up has one slot.", r#"pools = ["warehouse"]"#),
        ]),
        Group::only(&["container"], BASE),
        Group::only(&["container"], TASK_ONLY),
        Group::only(&["approval"], &[Key::new(
            "approval",
            Shape::Table(&APPROVAL),
            "Makes it an approval task: it waits for a person. Its outputs are `by` and `comment`.",
            r#"approval = { message = "Publish this day?" }"#,
        )
        .structural()]),
        Group::only(&["pipeline"], &[Key::new(
            "pipeline",
            Shape::Table(&CALL),
            "Makes it a pipeline task: it starts a run of another pipeline and waits for it. Its outputs are THIS.TASK.KEY.",
            r#"pipeline = { name = "load-one", params = { file = { item = "." } } }"#,
        )
        .structural()]),
    ])
};

fn axis(text: &str) -> Result<(), String> {
    match text.chars().count() {
        1..=63 => Ok(()),
        found => Err(format!(
            "a key of a matrix has 1 to 63 characters, this one has {found}"
        )),
    }
}

static RETRY: Section = Section {
    rivals: &[&["exit_codes", "final_exit_codes"]],
    ..Section::new(
        "retry",
        "retry.",
        &[Group::all(&[
            Key::new(
                "limit",
                Shape::Int {
                    least: 0,
                    most: 100,
                },
                "Extra tries: with 3 there are up to 4 attempts.",
                "limit = 3",
            )
            .required(),
            Key::new(
                "delay",
                Shape::Duration {
                    least: "0s",
                    most: "24h",
                },
                "The first pause.",
                r#"delay = "10s""#,
            )
            .default("5s"),
            Key::new(
                "backoff",
                Shape::Words(&[
                    Word {
                        word: "exponential",
                        about: "each pause is twice the last",
                    },
                    Word {
                        word: "fixed",
                        about: "all pauses are alike",
                    },
                ]),
                "How pauses grow.",
                r#"backoff = "fixed""#,
            )
            .default("exponential"),
            Key::new(
                "max_delay",
                Shape::Duration {
                    least: "0s",
                    most: "24h",
                },
                "The longest pause.",
                r#"max_delay = "1m""#,
            )
            .default("5m"),
            Key::new(
                "exit_codes",
                EXIT_CODES,
                "Only after these exit codes it is tried again: not after a timeout, not after `lost`.",
                "exit_codes = [75]",
            ),
            Key::new(
                "final_exit_codes",
                EXIT_CODES,
                "After these exit codes it is not tried again, after all else it is.",
                "final_exit_codes = [65]",
            ),
        ])],
    )
};

const EXIT_CODES: Shape = Shape::List {
    of: &Shape::Int {
        least: 1,
        most: 255,
    },
    least: 1,
    most: 255,
};

static APPROVAL: Section = Section::new(
    "approval",
    "approval.",
    &[Group::all(&[
        Key::new(
            "message",
            Shape::Text {
                least: 1,
                most: 4096,
            },
            "What is asked.",
            r#"message = "Publish this day?""#,
        )
        .required(),
        Key::new(
            "roles",
            Shape::List {
                of: &TEXT,
                least: 0,
                most: 64,
            },
            "Who may answer.",
            r#"roles = ["analyst"]"#,
        )
        .default("whoever may approve"),
    ])],
);

static CALL: Section = Section::new(
    "pipeline",
    "pipeline.",
    &[Group::all(&[
        Key::new(
            "name",
            PIPELINE_NAME,
            "Which pipeline. `gofer run` looks for its file beside this one.",
            r#"name = "load-one""#,
        )
        .required(),
        Key::new(
            "params",
            CALL_PARAMS,
            "Its params.",
            r#"params = { file = { item = "." } }"#,
        ),
    ])],
);
