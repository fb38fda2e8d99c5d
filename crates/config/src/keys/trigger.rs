//! `triggers.NAME`.

use super::{
    Group, Key, Kinds, Section, Shape, Word,
    parts::{DESCRIPTION, PIPELINE_NAME, SECRET_NAME, SPAN, TEXT},
    shape::{Name, PARAM, PLAIN},
};
use gofer_core::name::{ExtensionName, ParamName};

const KINDS: &[&str] = &[
    "cron",
    "every",
    "at",
    "webhook",
    "github",
    "pipeline",
    "extension",
];

pub(super) static TRIGGER: Section = Section {
    kinds: Kinds::ByKey(KINDS, None),
    one_of: KINDS,
    ..Section::new(
        "a trigger",
        "",
        &[
            Group::all(&[
                Key::new(
                    "description",
                    DESCRIPTION,
                    "Shown to people.",
                    r#"description = "Every working night""#,
                ),
                Key::new(
                    "params",
                    Shape::Map {
                        keys: Name::of::<ParamName>(PARAM),
                        of: &Shape::AnyOr {
                            references: &["event"],
                        },
                        least: 0,
                        most: 64,
                    },
                    "Params of the runs it starts: values of the param's type, or parts of the event.",
                    r#"params = { day = { event = "date" } }"#,
                ),
                Key::new(
                    "when",
                    Shape::Characters {
                        least: 1,
                        most: 2000,
                    },
                    "An expression over `event`; a run starts only if it is true.",
                    r#"when = 'event.ref == "refs/heads/main"'"#,
                ),
            ]),
            Group::only(
                &["cron"],
                &[Key::new(
                    "cron",
                    TEXT,
                    "Five fields with names, `H` and the nicknames such as `@daily`.",
                    r#"cron = "30 2 * * 1-5""#,
                )],
            ),
            Group::only(
                &["every"],
                &[Key::new(
                    "every",
                    Shape::Duration {
                        least: "1s",
                        most: "365d",
                    },
                    "Elapsed time, counted from when this trigger was first applied with this value.",
                    r#"every = "15m""#,
                )],
            ),
            Group::only(
                &["at"],
                &[Key::new(
                    "at",
                    TEXT,
                    "Once, at this moment: local time in `timezone`, or RFC 3339.",
                    r#"at = "2026-12-24T18:00:00""#,
                )],
            ),
            Group::only(
                &["webhook"],
                &[Key::new(
                    "webhook",
                    Shape::Table(&WEBHOOK),
                    "A signed call to /hooks/NAMESPACE/PIPELINE/TRIGGER.",
                    r#"webhook = { secret = "hook_key" }"#,
                )],
            ),
            Group::only(
                &["github"],
                &[Key::new(
                    "github",
                    Shape::Table(&GITHUB),
                    "Events of a GitHub repository.",
                    r#"github = { repository = "me/app", secret = "hook_key", events = ["push"] }"#,
                )],
            ),
            Group::only(
                &["pipeline"],
                &[Key::new(
                    "pipeline",
                    Shape::Table(&PIPELINE),
                    "The end of another pipeline's run.",
                    r#"pipeline = { name = "orders" }"#,
                )],
            ),
            Group::only(
                &["extension"],
                &[Key::new(
                    "extension",
                    Shape::Table(&EXTENSION),
                    "A trigger that somebody else wrote, as a container.",
                    r#"extension = { name = "s3-watch" }"#,
                )],
            ),
            Group::only(
                &["cron", "at"],
                &[Key::new(
                    "timezone",
                    TEXT,
                    "The IANA zone of the times.",
                    r#"timezone = "Europe/Berlin""#,
                )
                .default("UTC")],
            ),
            Group::only(
                &["cron", "every"],
                &[
                    Key::new(
                        "catchup",
                        Shape::Words(&[
                            Word {
                                word: "none",
                                about: "all are recorded as missed",
                            },
                            Word {
                                word: "latest",
                                about: "the newest within the window runs",
                            },
                            Word {
                                word: "all",
                                about: "each within the window runs, oldest first",
                            },
                        ]),
                        "What happens to times that were missed while no server ran.",
                        r#"catchup = "all""#,
                    )
                    .default("latest"),
                    Key::new(
                        "catchup_window",
                        SPAN,
                        "How far back missed times are caught up.",
                        r#"catchup_window = "3d""#,
                    )
                    .default("24h"),
                    Key::new(
                        "jitter",
                        SPAN,
                        "A random delay of at most this much.",
                        r#"jitter = "5m""#,
                    )
                    .default("none"),
                    Key::new(
                        "skip",
                        Shape::Table(&SKIP),
                        "Days without a run.",
                        r#"skip = { dates = ["2026-12-25"] }"#,
                    ),
                ],
            ),
        ],
    )
};

static SKIP: Section = Section::new(
    "skip",
    "skip.",
    &[Group::all(&[
        Key::new(
            "dates",
            Shape::List {
                of: &Shape::Name(Name::called("DATE", "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", date)),
                least: 0,
                most: 1000,
            },
            "Days by date.",
            r#"dates = ["2026-12-25"]"#,
        ),
        Key::new(
            "calendar",
            TEXT,
            "An iCalendar file beside this one; its content is stored with the version.",
            r#"calendar = "holidays.ics""#,
        ),
    ])],
);

static WEBHOOK: Section = Section::new(
    "webhook",
    "webhook.",
    &[Group::all(&[
        Key::new(
            "secret",
            SECRET_NAME,
            "The secret that the caller shares.",
            r#"secret = "hook_key""#,
        )
        .required(),
        Key::new(
            "signature",
            Shape::Words(&[
                Word {
                    word: "standard",
                    about: "Standard Webhooks, with a window of five minutes",
                },
                Word {
                    word: "github",
                    about: "the header X-Hub-Signature-256",
                },
                Word {
                    word: "hmac-sha256",
                    about: "hex in `header`",
                },
                Word {
                    word: "bearer",
                    about: "the secret itself, as a bearer token",
                },
            ]),
            "How a call proves where it comes from.",
            r#"signature = "github""#,
        )
        .default("standard"),
        Key::new(
            "header",
            Shape::Text {
                least: 1,
                most: 256,
            },
            "The header that `hmac-sha256` is in.",
            r#"header = "X-Signature""#,
        ),
    ])],
);

static GITHUB: Section = Section::new(
    "github",
    "github.",
    &[Group::all(&[
        Key::new(
            "repository",
            Shape::Text {
                least: 1,
                most: 256,
            },
            "As OWNER/NAME.",
            r#"repository = "me/app""#,
        )
        .required(),
        Key::new(
            "secret",
            SECRET_NAME,
            "The secret of the repository's webhook.",
            r#"secret = "hook_key""#,
        )
        .required(),
        Key::new(
            "events",
            GLOBS,
            "Names of events.",
            r#"events = ["push", "release"]"#,
        )
        .default("all"),
        Key::new(
            "branches",
            GLOBS,
            "Globs; one must match the branch.",
            r#"branches = ["main", "release/*"]"#,
        )
        .default("all"),
        Key::new(
            "tags",
            GLOBS,
            "Globs; one must match the tag.",
            r#"tags = ["v*"]"#,
        )
        .default("all"),
        Key::new(
            "paths",
            GLOBS,
            "Globs; one must match a changed file.",
            r#"paths = ["src/**"]"#,
        )
        .default("all"),
    ])],
);

const GLOBS: Shape = Shape::List {
    of: &Shape::Text {
        least: 1,
        most: 1024,
    },
    least: 0,
    most: 64,
};

static PIPELINE: Section = Section::new(
    "pipeline",
    "pipeline.",
    &[Group::all(&[
        Key::new(
            "name",
            PIPELINE_NAME,
            "Which pipeline, in the same namespace.",
            r#"name = "orders""#,
        )
        .required(),
        Key::new(
            "state",
            Shape::Words(&[
                Word {
                    word: "succeeded",
                    about: "its run succeeded",
                },
                Word {
                    word: "failed",
                    about: "its run failed",
                },
                Word {
                    word: "cancelled",
                    about: "its run was cancelled",
                },
                Word {
                    word: "any",
                    about: "its run is over",
                },
            ]),
            "How its run ended.",
            r#"state = "any""#,
        )
        .default("succeeded"),
    ])],
);

static EXTENSION: Section = Section::new(
    "extension",
    "extension.",
    &[Group::all(&[
        Key::new(
            "name",
            Shape::Name(Name::of::<ExtensionName>(PLAIN)),
            "Which extension.",
            r#"name = "s3-watch""#,
        )
        .required(),
        Key::new(
            "settings",
            Shape::Map {
                keys: Name::called("NAME", "^.+$", |_| Ok(())),
                of: &Shape::Any,
                least: 0,
                most: 256,
            },
            "Its own settings; it says what it takes.",
            r#"settings = { bucket = "in" }"#,
        ),
    ])],
);

fn date(text: &str) -> Result<(), String> {
    text.parse::<jiff::civil::Date>()
        .ok()
        .filter(|_| text.len() == "2026-12-25".len())
        .map(drop)
        .ok_or_else(|| format!("{text:?} is not a date, such as \"2026-12-25\""))
}
