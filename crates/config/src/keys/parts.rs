//! Shapes and tables that several places share.

use super::{
    Group, Key, Kinds, Section, Shape, Word,
    shape::{Name, PARAM, PLAIN, SECRET, VALUE_BYTES},
};
use gofer_core::name::{ObjectKey, ParamName, PipelineName, PoolName, SecretName, TaskName};

/// Whatever a plain text may need, where the language sets no bound of its own.
pub(super) const TEXT: Shape = Shape::Text {
    least: 1,
    most: 4096,
};
/// Text shown to people.
pub(super) const DESCRIPTION: Shape = Shape::Text {
    least: 0,
    most: 4096,
};
/// Without a bound of its own.
pub(super) const SPAN: Shape = Shape::Duration {
    least: "0s",
    most: "3650d",
};
/// How long a task or run may take.
pub(super) const TIMEOUT: Shape = Shape::Duration {
    least: "1s",
    most: "30d",
};

pub(super) const PIPELINE_NAME: Shape = Shape::Name(Name::of::<PipelineName>(PLAIN));
pub(super) const SECRET_NAME: Shape = Shape::Name(Name::of::<SecretName>(SECRET));
pub(super) const POOLS: Shape = Shape::List {
    of: &Shape::Name(Name::of::<PoolName>(PLAIN)),
    least: 0,
    most: 8,
};
pub(super) const LABELS: Shape = Shape::Map {
    keys: Name::called("NAME", "^.{1,63}$", label),
    of: &Shape::Characters {
        least: 0,
        most: 256,
    },
    least: 0,
    most: 32,
};
/// Params handed to a called pipeline.
pub(super) const CALL_PARAMS: Shape = Shape::Map {
    keys: Name::of::<ParamName>(PARAM),
    of: &Shape::Value {
        references: PLAIN_REFERENCES,
        most: VALUE_BYTES,
        nul: false,
    },
    least: 0,
    most: 64,
};
/// A secret and nothing else.
pub(super) const SECRET_REFERENCE: Shape = Shape::Reference {
    references: &["secret"],
};

/// What a task's value may be taken from.
pub(super) const REFERENCES: &[&str] = &["secret", "param", "output", "object", "item", "task"];
/// The same where a secret would not stay one.
pub(super) const PLAIN_REFERENCES: &[&str] = &["param", "output", "object", "item", "task"];

fn label(text: &str) -> Result<(), String> {
    match text.chars().count() {
        1..=63 => Ok(()),
        found => Err(format!(
            "a label's name has 1 to 63 characters, this one has {found}"
        )),
    }
}

/// What a dependency asks of the parent.
pub(crate) const CONDITIONS: &[Word] = &[
    Word {
        word: "success",
        about: "it succeeded, or its failure is allowed",
    },
    Word {
        word: "failure",
        about: "it failed, or never ran because of a failure before it",
    },
    Word {
        word: "not_failed",
        about: "it succeeded or was skipped, with no failure behind the skip",
    },
    Word {
        word: "any",
        about: "it is over, and was not cancelled",
    },
];

/// A reference: what a value is taken from.
pub(crate) static REFERENCE: Section = Section {
    kinds: Kinds::ByKey(
        &[
            "secret", "param", "output", "object", "item", "task", "event",
        ],
        None,
    ),
    one_of: &[
        "secret", "param", "output", "object", "item", "task", "event",
    ],
    ..Section::new(
        "a reference",
        "",
        &[
            Group::only(
                &["secret"],
                &[Key::new(
                    "secret",
                    SECRET_NAME,
                    "The secret of this name: the pipeline's, else the namespace's, else the server's. A start is refused if there is none. Only in `env`, `files` and `registry.password`.",
                    r#"{ secret = "db_url" }"#,
                )],
            ),
            Group::only(
                &["param"],
                &[Key::new(
                    "param",
                    Shape::Name(Name::of::<ParamName>(PARAM)),
                    "The value of a param of this pipeline; of a `json` param, compact JSON.",
                    r#"{ param = "day" }"#,
                )],
            ),
            Group::only(
                &["output"],
                &[Key::new(
                    "output",
                    TEXT,
                    "An output of a task upstream, as TASK.KEY; of a fan-out, a JSON list of what its succeeded items wrote. Where the task may not have succeeded, `default` is required.",
                    r#"{ output = "list.files", default = "[]" }"#,
                )],
            ),
            Group::only(
                &["object"],
                &[
                    Key::new(
                        "object",
                        Shape::Name(Name::of::<ObjectKey>("^[A-Za-z0-9._/-]{1,256}$")),
                        "An object of the pipeline, or of the run with `scope`.",
                        r#"{ object = "last_id", default = "0" }"#,
                    ),
                    Key::new(
                        "scope",
                        Shape::Words(&[Word {
                            word: "run",
                            about: "the object is the run's",
                        }]),
                        "Whose object it is.",
                        r#"{ object = "part", scope = "run" }"#,
                    )
                    .default("the pipeline's"),
                ],
            ),
            Group::only(
                &["item"],
                &[Key::new(
                    "item",
                    TEXT,
                    "A field of this item of a fan-out, or the whole item as `\".\"`.",
                    r#"{ item = "region" }"#,
                )],
            ),
            Group::only(
                &["task"],
                &[Key::new(
                    "task",
                    TEXT,
                    "How a task upstream ended: TASK.state, TASK.exit_code or TASK.reason; empty if it has none.",
                    r#"{ task = "load.exit_code" }"#,
                )],
            ),
            Group::only(
                &["event"],
                &[Key::new(
                    "event",
                    TEXT,
                    "A part of what fired the trigger, by its path; `\".\"` is the whole event. Only in `triggers.NAME.params`.",
                    r#"{ event = "ref" }"#,
                )],
            ),
            Group::only(
                &["param", "output", "object", "item", "task", "event"],
                &[Key::new(
                    "default",
                    Shape::Literal,
                    "What stands here if there is no value at run time.",
                    r#"{ output = "count.rows", default = "0" }"#,
                )],
            ),
        ],
    )
};

/// What a task is called.
pub(crate) const TASK: Name = Name::of::<TaskName>(PLAIN);
/// The name of a task as a value.
pub(crate) const TASK_NAME: Shape = Shape::Name(TASK);
/// Names of tasks, in a list.
pub(super) const TASK_NAMES: Shape = Shape::List {
    of: &TASK_NAME,
    least: 0,
    most: 64,
};
