//! What an engine's errors mean, and what a person can do about them.

mod places;

pub(crate) use places::{no_such_folder, of_inputs, of_look, of_removal, of_upload, of_volume};

use bollard::errors::Error as Raw;
use gofer_core::run::Reason;
use gofer_scheduler::{Error, StartError};

/// The error of one call, sorted by what a caller could do.
#[derive(Debug)]
pub(crate) enum Kind {
    /// No answer: what was asked may or may not have happened.
    Away(String),
    /// An answer: HTTP status and the engine's words.
    Said(u16, String),
}

pub(crate) fn kind(error: Raw) -> Kind {
    match error {
        Raw::DockerResponseServerError {
            status_code,
            message,
        } => Kind::Said(in_the_way(status_code, &message), message.trim().to_owned()),
        Raw::DockerStreamError { error } => Kind::Said(500, error),
        Raw::DockerContainerWaitError { error, code } => {
            Kind::Said(500, format!("{error} (code {code})"))
        }
        Raw::IOError { .. }
        | Raw::HyperResponseError { .. }
        | Raw::HyperLegacyError { .. }
        | Raw::RequestTimeoutError
        | Raw::SocketNotFoundError(_) => Kind::Away(root(&error)),
        other => Kind::Said(0, chain(&other)),
    }
}

/// Podman says 500 where something is in the way; Docker says 409.
fn in_the_way(status: u16, words: &str) -> u16 {
    let its_words = ["that name is already in use", "container state improper"];
    if status == 500 && its_words.iter().any(|said| words.contains(said)) {
        return 409;
    }
    status
}

/// The last cause: what the system said. Those above it name the layers that it came through.
fn root(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// An error with its causes: hyper says "client error" and hides "connection refused" below it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

pub(crate) fn away(words: &str) -> String {
    format!("the container engine does not answer ({words}); Gofer goes on when it is back")
}

/// What may be missing.
pub(crate) fn found<T>(answer: Result<T, Raw>) -> Result<Option<T>, Raw> {
    match answer {
        Err(Raw::DockerResponseServerError {
            status_code: 404, ..
        }) => Ok(None),
        answer => answer.map(Some),
    }
}

/// For calls whose failure has no reason of its own.
pub(crate) fn plain(error: Raw) -> Error {
    match kind(error) {
        Kind::Away(words) => Error::Away(away(&words)),
        Kind::Said(_, words) => Error::Failed(words),
    }
}

pub(crate) fn failed(reason: Reason, message: impl Into<String>) -> StartError {
    let never_again = matches!(reason, Reason::Unauthorized | Reason::WrongPlatform);
    StartError::Failed {
        reason,
        message: message.into(),
        never_again,
    }
}

/// An error of create or start.
pub(crate) fn of_start(error: Raw, image: &str) -> StartError {
    match kind(error) {
        Kind::Away(words) => StartError::Away(away(&words)),
        Kind::Said(status, words) => start_words(status, &words, image),
    }
}

fn has(words: &str, any: &[&str]) -> bool {
    let words = words.to_ascii_lowercase();
    any.iter().any(|piece| words.contains(piece))
}

/// Words of an engine, what they mean, and what to do. The first row that fits is taken.
const STARTS: [(&[&str], Reason, &str); 9] = [
    (&["no space left", "disk quota"], Reason::NoSpace, NO_SPACE),
    (
        &[
            "resource temporarily unavailable",
            "pids limit",
            "cannot fork",
        ],
        Reason::PidsExhausted,
        "the container ran out of processes before it began; raise the engine's limit on \
         processes, or end some",
    ),
    (
        &["exec format error", "does not match the specified platform"],
        Reason::WrongPlatform,
        WRONG_PLATFORM,
    ),
    (
        &["docker-init", "init binary", "catatonit"],
        Reason::StartFailed,
        "the engine has no init program for containers; install its package of it (docker-init, \
         tini or catatonit)",
    ),
    (
        &["no command specified", "no command or entrypoint"],
        Reason::BadCommand,
        "the image says no command of its own; set `script` or `command`",
    ),
    (
        &["unable to find user", "no matching entries in passwd"],
        Reason::StartFailed,
        NO_SUCH_USER,
    ),
    (
        &[
            "minimum memory limit",
            "memory limit too low",
            "container_init was oom",
        ],
        Reason::OutOfMemory,
        "the memory limit is too low to start a container; raise resources.memory",
    ),
    (
        &["lstat "],
        Reason::StartFailed,
        "a folder cannot be made in the image; check `working_dir`",
    ),
    (
        &["capabilities: [[gpu]]"],
        Reason::StartFailed,
        "the engine has no GPU support; install the vendor's container toolkit, or remove \
         resources.gpu",
    ),
];

pub(crate) const NO_SUCH_USER: &str = "the image does not know this user; set `user` to a number or to a name from the image's \
     /etc/passwd";
const NO_SPACE: &str = "the engine's disk is full; `docker system df` shows what takes the room";
const WRONG_PLATFORM: &str = "the image is not made for this engine's platform";

pub(crate) fn start_words(status: u16, words: &str, image: &str) -> StartError {
    let row = STARTS.iter().find(|(pieces, _, _)| has(words, pieces));
    if let Some((_, reason, text)) = row {
        return failed(*reason, format!("{text} (image {image:?}: {words})"));
    }
    if let Some(error) = places::of_mount(words) {
        return error;
    }
    let not_executed = [
        "executable file not found",
        "not a directory",
        "permission denied",
    ];
    if has(words, &not_executed) && has(words, &["exec", "starting container process"]) {
        let text = "the command is not in the image, or not executable";
        return failed(Reason::BadCommand, format!("{text} ({words})"));
    }
    match status {
        400 if has(words, &["invalid reference format"]) => bad_name(image),
        400..=499 => failed(Reason::StartFailed, words),
        _ => failed(Reason::EngineError, format!("the engine failed: {words}")),
    }
}

pub(crate) fn bad_name(image: &str) -> StartError {
    StartError::Failed {
        reason: Reason::ImageNotFound,
        message: format!("{image:?} cannot be an image's name; they look like alpine:3.20"),
        never_again: true,
    }
}

pub(crate) fn not_here(image: &str) -> StartError {
    let text = format!(
        "image {image:?} is not on the engine and `pull` is `never`; pull or build it, or set pull \
         to `missing`"
    );
    failed(Reason::ImageNotFound, text)
}

/// An error of a pull.
pub(crate) fn of_pull(error: Raw, image: &str) -> StartError {
    let words = match kind(error) {
        Kind::Away(words) => return StartError::Away(away(&words)),
        Kind::Said(_, words) => words,
    };
    if has(&words, &["invalid reference format"]) {
        return bad_name(image);
    }
    if has(&words, &["no space left", "disk quota"]) {
        return failed(
            Reason::NoSpace,
            format!("{NO_SPACE} (image {image:?}: {words})"),
        );
    }
    if has(&words, &["no matching manifest", "no match for platform"]) {
        let text = format!("{WRONG_PLATFORM} (image {image:?}: {words})");
        return failed(Reason::WrongPlatform, text);
    }
    let hint = if has(
        &words,
        &["unauthorized", "authentication required", "no basic auth"],
    ) {
        let text = format!(
            "the registry refused us image {image:?}; set `registry`, or docker login ({words})"
        );
        return failed(Reason::Unauthorized, text);
    } else if has(
        &words,
        &[
            "dial tcp",
            "no such host",
            "timeout",
            "connection refused",
            "proxy",
        ],
    ) {
        "its registry does not answer"
    } else if has(&words, &["pull access denied", "denied:"]) {
        "its registry has no such image, or does not show it to us: check the name, or set \
         `registry`"
    } else {
        "its registry does not have it: check the name and the tag"
    };
    let text = format!("image {image:?} is not on the engine and {hint} ({words})");
    failed(Reason::ImageNotFound, text)
}

#[cfg(test)]
#[path = "remedy_tests.rs"]
mod tests;
