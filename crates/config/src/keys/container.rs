//! The keys of containers: of tasks, of services and of `defaults`.

use super::{
    Group, Key, Kinds, Section, Shape, Word,
    parts::{
        LABELS, PLAIN_REFERENCES, POOLS, REFERENCES, SECRET_REFERENCE, SPAN, TASK_NAMES, TEXT,
        TIMEOUT,
    },
    shape::{Name, PATH, PLAIN, VALUE_BYTES, WORD},
};
use gofer_core::{
    name::{EnvName, OutputKey, ServiceName, VolumeName},
    quantity,
};

/// What tasks, services and `defaults` share.
pub(super) static BASE: &[Key] = &[
    Key::new(
        "image",
        Shape::TextOr {
            references: PLAIN_REFERENCES,
            most: 512,
        },
        "The image, or a reference that gives one. Required here or in `defaults`. Resolved to a digest once per run.",
        r#"image = "python:3.13""#,
    ),
    Key::new(
        "script",
        Shape::Text {
            least: 1,
            most: 64 * 1024,
        },
        "With `#!`, a file of its own that is executed; otherwise lines for the image's /bin/sh with `-e`. Excludes `command` and `entrypoint`.",
        r#"script = "make test""#,
    ),
    Key::new(
        "command",
        ARGUMENTS,
        "Exact arguments; nothing in them is expanded.",
        r#"command = ["python", "load.py"]"#,
    )
    .default("the image's"),
    Key::new(
        "entrypoint",
        ARGUMENTS,
        "Exact arguments before `command`.",
        r#"entrypoint = ["/bin/tool"]"#,
    )
    .default("the image's"),
    Key::new(
        "env",
        Shape::Map {
            keys: Name::of::<EnvName>(WORD),
            of: &Shape::Value {
                references: REFERENCES,
                most: VALUE_BYTES,
                nul: false,
            },
            least: 0,
            most: 256,
        },
        "Environment variables: text, whole numbers, booleans, or one reference each. Merged with those of `defaults`.",
        r#"env = { DB_URL = { secret = "db_url" }, DAY = { param = "day" } }"#,
    ),
    Key::new(
        "files",
        Shape::Files {
            keys: PATH,
            of: &Shape::Value {
                references: REFERENCES,
                most: 1024 * 1024,
                nul: true,
            },
            most: 64,
            bytes: 1024 * 1024,
        },
        "Files in the container by absolute path, read-only, byte for byte; executable if they start with `#!`. 1 MiB together. Merged with those of `defaults`.",
        r#"files = { "/etc/app.toml" = "level = 3" }"#,
    ),
    Key::new(
        "volumes",
        Shape::Map {
            keys: PATH,
            of: &Shape::Table(&VOLUME),
            least: 0,
            most: 16,
        },
        "Volumes by absolute path. Merged with those of `defaults`.",
        r#"volumes = { "/work" = { scratch = "work" } }"#,
    ),
    Key::new(
        "resources",
        Shape::Table(&RESOURCES),
        "Limits; each is limit and request in one.",
        r#"resources = { cpu = "500m", memory = "512Mi" }"#,
    ),
    Key::new(
        "user",
        Shape::Text {
            least: 1,
            most: 256,
        },
        "Who runs it.",
        r#"user = "1000:1000""#,
    )
    .default("the image's"),
    Key::new(
        "working_dir",
        Shape::Path,
        "Where it runs; created if it is not there.",
        r#"working_dir = "/work""#,
    )
    .default("the image's"),
    Key::new(
        "read_only",
        Shape::Bool,
        "Whether the root file system cannot be written.",
        "read_only = true",
    )
    .default("false"),
    Key::new(
        "pull",
        Shape::Words(&[
            Word {
                word: "missing",
                about: "if the engine does not have it",
            },
            Word {
                word: "always",
                about: "before its first use in each run",
            },
            Word {
                word: "never",
                about: "not at all",
            },
        ]),
        "When the image is pulled.",
        r#"pull = "always""#,
    )
    .default("missing"),
    Key::new(
        "registry",
        Shape::Table(&REGISTRY),
        "Credentials for the host in `image`.",
        r#"registry = { username = "bot", password = { secret = "registry" } }"#,
    ),
    Key::new(
        "api_token",
        Shape::Bool,
        "Gives it `GOFER_API_URL` and `GOFER_API_TOKEN`.",
        "api_token = true",
    )
    .default("false"),
    Key::new(
        "stop_grace",
        Shape::Duration {
            least: "0s",
            most: "1h",
        },
        "From SIGTERM to SIGKILL.",
        r#"stop_grace = "30s""#,
    )
    .default("10s"),
];

/// What neither services nor `defaults` have.
pub(super) static TASK_ONLY: &[Key] = &[
    Key::new(
        "inputs",
        TASK_NAMES,
        "Tasks whose artifacts are wanted, at `$GOFER_INPUTS/TASK/`.",
        r#"inputs = ["build"]"#,
    ),
    Key::new(
        "objects",
        Shape::List {
            of: &Shape::Name(Name::of::<OutputKey>(WORD)),
            least: 0,
            most: 16,
        },
        "Outputs that on success are also kept as objects of the pipeline.",
        r#"objects = ["last_id"]"#,
    ),
    Key::new(
        "services",
        Shape::Map {
            keys: Name::of::<ServiceName>(PLAIN),
            of: &Shape::Table(&SERVICE),
            least: 0,
            most: 8,
        },
        "Containers beside this task, reached by it alone as `localhost` and by name. They start before it and end with it.",
        r#"services.db = { image = "postgres:18", ready = { tcp = 5432 } }"#,
    ),
    Key::new(
        "cache",
        Shape::Table(&CACHE),
        "Reuse of a stored result instead of a run, if the task, image, script or command and key are equal.",
        r#"cache = { key = [{ param = "day" }], ttl = "7d" }"#,
    ),
];

const ARGUMENTS: Shape = Shape::Arguments { least: 0 };

/// `defaults`.
pub(super) static DEFAULTS: Section = Section {
    rivals: &[&["script", "command"], &["script", "entrypoint"]],
    ..Section::new(
        "defaults",
        "defaults.",
        &[
            Group::all(&[
                Key::new(
                    "labels",
                    LABELS,
                    "Put on every task; merged with the task's.",
                    r#"labels = { team = "data" }"#,
                ),
                Key::new("timeout", TIMEOUT, "Per attempt.", r#"timeout = "20m""#).default("24h"),
                Key::new(
                    "pools",
                    POOLS,
                    "A container holds one slot of each.",
                    r#"pools = ["warehouse"]"#,
                ),
            ]),
            Group::all(BASE),
        ],
    )
};

static SERVICE: Section = Section {
    rivals: &[&["script", "command"], &["script", "entrypoint"]],
    ..Section::new(
        "a service",
        "",
        &[
            Group::all(BASE),
            Group::all(&[Key::new(
                "ready",
                Shape::Table(&READY),
                "When the task may start.",
                "ready = { tcp = 5432 }",
            )
            .default("as soon as it runs")]),
        ],
    )
};

static READY: Section = Section {
    one_of: &["tcp", "command"],
    ..Section::new(
        "ready",
        "ready.",
        &[Group::all(&[
            Key::new(
                "tcp",
                Shape::Int {
                    least: 1,
                    most: 65_535,
                },
                "Ready when this port accepts a connection.",
                "tcp = 5432",
            ),
            Key::new(
                "command",
                Shape::Arguments { least: 1 },
                "Ready when this exits with 0.",
                r#"command = ["pg_isready"]"#,
            ),
            Key::new(
                "timeout",
                SPAN,
                "How long it may take.",
                r#"timeout = "2m""#,
            )
            .default("60s"),
        ])],
    )
};

static VOLUME: Section = Section {
    kinds: Kinds::Same,
    one_of: &["scratch", "persistent", "host"],
    ..Section::new(
        "a volume",
        "",
        &[Group::all(&[
            Key::new(
                "scratch",
                VOLUME_NAME,
                "A volume that lives with the run.",
                r#"scratch = "work""#,
            ),
            Key::new(
                "persistent",
                VOLUME_NAME,
                "A volume that is kept for the pipeline.",
                r#"persistent = "cache""#,
            ),
            Key::new(
                "host",
                Shape::Path,
                "A path of the machine; on a server by an operator's grant.",
                r#"host = "/srv/data""#,
            ),
            Key::new(
                "read_only",
                Shape::Bool,
                "Whether it cannot be written.",
                "read_only = true",
            )
            .default("false"),
        ])],
    )
};

const VOLUME_NAME: Shape = Shape::Name(Name::of::<VolumeName>(PLAIN));

static RESOURCES: Section = Section::new(
    "resources",
    "resources.",
    &[Group::all(&[
        Key::new(
            "cpu",
            Shape::Name(Name::called(
                "CPU",
                "^[0-9]+(\\.[0-9]{1,3})?$|^[0-9]+m$",
                cpu,
            )),
            "Cores, or thousandths with `m`.",
            r#"cpu = "500m""#,
        ),
        Key::new(
            "memory",
            Shape::Name(Name::called(
                "MEMORY",
                "^[0-9]+(Ki|Mi|Gi|Ti|k|M|G|T)?$",
                memory,
            )),
            "Bytes, with a unit: Ki, Mi, Gi, Ti, k, M, G or T.",
            r#"memory = "512Mi""#,
        ),
        Key::new(
            "gpu",
            Shape::Int {
                least: 0,
                most: 1024,
            },
            "Whole devices.",
            "gpu = 1",
        ),
    ])],
);

static REGISTRY: Section = Section::new(
    "registry",
    "registry.",
    &[Group::all(&[
        Key::new("username", TEXT, "Who.", r#"username = "bot""#).required(),
        Key::new(
            "password",
            SECRET_REFERENCE,
            "With what; always a secret.",
            r#"password = { secret = "registry" }"#,
        )
        .required(),
    ])],
);

static CACHE: Section = Section::new(
    "cache",
    "cache.",
    &[Group::all(&[
        Key::new(
            "key",
            Shape::List {
                of: &Shape::Value {
                    references: PLAIN_REFERENCES,
                    most: VALUE_BYTES,
                    nul: false,
                },
                least: 0,
                most: 16,
            },
            "What must be equal besides image, script or command.",
            r#"key = [{ param = "day" }]"#,
        ),
        Key::new(
            "ttl",
            Shape::Duration {
                least: "1s",
                most: "365d",
            },
            "How long a result is good.",
            r#"ttl = "7d""#,
        )
        .required(),
    ])],
);

fn cpu(text: &str) -> Result<(), String> {
    quantity::cpu(text)
        .map(drop)
        .map_err(|error| error.to_string())
}

fn memory(text: &str) -> Result<(), String> {
    quantity::memory(text)
        .map(drop)
        .map_err(|error| error.to_string())
}
