//! What engines say about files, volumes and folders, and what can be done about it.

use super::{Kind, NO_SPACE, away, failed, has, kind, start_words};
use bollard::errors::Error as Raw;
use gofer_core::run::Reason;
use gofer_scheduler::{Error, StartError};

type Row = (&'static [&'static str], &'static str);

/// Of create and start. The first row that fits is taken.
const MOUNTS: [Row; 8] = [
    (&["bind source path does not exist", "statfs "], NO_FOLDER),
    (
        &["mounts denied", "is not shared from the host"],
        "the engine may not use the path of a `host` volume; share it in the settings of its \
         desktop program",
    ),
    (
        &["duplicate mount point"],
        "`volumes` names one place twice, or one that holds a file of `files` on a read-only root; \
         give each a place of its own",
    ),
    (
        &["directory onto a file", "is not directory"],
        "`volumes` puts a folder where the image has a file, or a file where it has a folder; \
         choose another place",
    ),
    (
        &[
            "cannot be mounted because it is inside /proc",
            "check proc-safety",
        ],
        "a volume cannot stand inside /proc; choose another place",
    ),
    (
        &["cannot mkdir", "but is not a directory"],
        "`working_dir` is a file in the image; name a folder",
    ),
    (
        &[
            "error while mounting volume",
            "failed to mount local volume",
        ],
        "the engine cannot mount a volume; `docker volume inspect` shows what it stands for",
    ),
    (
        &["error mounting"],
        "a volume cannot be mounted at its place in the container; choose another one",
    ),
];

const NO_FOLDER: &str = "the path of a `host` volume is not on the engine's machine; make it \
                         (mkdir -p), or use a `persistent` volume";

/// An engine that would make it.
pub(crate) fn no_such_folder(path: &str) -> StartError {
    failed(Reason::StartFailed, format!("{NO_FOLDER} ({path})"))
}

/// Of an upload.
const UPLOADS: [Row; 4] = [
    (
        &["cannot overwrite directory", "file exists"],
        "the image has a folder where `files` puts a file; choose another path",
    ),
    (
        &["not a directory"],
        "the image has a file where `files` needs a folder; choose another path",
    ),
    (
        &["too many levels of symbolic links", "breakout"],
        "the path of a file leads through a link of the image that leads nowhere; choose another \
         path",
    ),
    (
        &["read-only"],
        "`files` cannot put a file where nothing may be written; choose another path",
    ),
];

fn row(rows: &[Row], words: &str) -> Option<StartError> {
    let (_, text) = rows.iter().find(|(pieces, _)| has(words, pieces))?;
    // Podman tells all of its request first.
    let words = words.rsplit("}: ").next().unwrap_or(words);
    Some(failed(Reason::StartFailed, format!("{text} ({words})")))
}

/// A mount that cannot be, by what a create or a start says.
pub(super) fn of_mount(words: &str) -> Option<StartError> {
    row(&MOUNTS, words)
}

/// An error of putting files into a container.
pub(crate) fn of_upload(error: Raw, image: &str) -> StartError {
    match kind(error) {
        Kind::Away(words) => StartError::Away(away(&words)),
        Kind::Said(404, words) => gone(&words),
        Kind::Said(status, words) => {
            row(&UPLOADS, &words).unwrap_or_else(|| start_words(status, &words, image))
        }
    }
}

/// An error of putting the inputs into a container.
pub(crate) fn of_inputs(error: Raw) -> StartError {
    match kind(error) {
        Kind::Away(words) => StartError::Away(away(&words)),
        Kind::Said(404, words) => gone(&words),
        Kind::Said(_, words) if has(&words, &["no space left", "disk quota"]) => {
            failed(Reason::NoSpace, format!("{NO_SPACE} (inputs: {words})"))
        }
        Kind::Said(_, words) => {
            let text = format!("its inputs cannot be put into its container: {words}");
            failed(Reason::EngineError, text)
        }
    }
}

/// An error of making the volume that is mounted at a place.
pub(crate) fn of_volume(error: Raw, at: &str) -> StartError {
    match kind(error) {
        Kind::Away(words) => StartError::Away(away(&words)),
        Kind::Said(_, words) if has(&words, &["no space left", "disk quota"]) => failed(
            Reason::NoSpace,
            format!("{NO_SPACE} (volume at {at}: {words})"),
        ),
        Kind::Said(_, words) => {
            let text = format!("the volume at {at} cannot be made: {words}");
            failed(Reason::EngineError, text)
        }
    }
}

/// An error of the removal of what is in the way of a start.
pub(crate) fn of_removal(error: Error) -> StartError {
    match error {
        Error::Away(words) => StartError::Away(words),
        Error::Failed(words) | Error::Unsupported(words) => failed(Reason::EngineError, words),
    }
}

/// An error of a look at a volume in a container.
pub(crate) fn of_look(error: Error, at: &str) -> StartError {
    match error {
        Error::Away(words) => StartError::Away(words),
        Error::Failed(words) | Error::Unsupported(words) => {
            let text = format!("the volume at {at} cannot be looked at: {words}");
            failed(Reason::EngineError, text)
        }
    }
}

fn gone(words: &str) -> StartError {
    let text = format!("its container was removed before it started ({words})");
    failed(Reason::EngineError, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status_code: u16, message: &str) -> Raw {
        Raw::DockerResponseServerError {
            status_code,
            message: message.to_owned(),
        }
    }

    fn text(error: StartError) -> (Reason, String) {
        match error {
            StartError::Failed {
                reason, message, ..
            } => (reason, message),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_cannot_be_mounted_is_said_with_what_to_do() {
        for (words, expected) in [
            (
                "invalid mount config for type \"bind\": bind source path does not exist: /a",
                "mkdir -p",
            ),
            (
                "OCI runtime create failed: starting container process caused: mount /tmp:/etc/passwd: not a directory: unknown: Are you trying to mount a directory onto a file (or vice-versa)?",
                "a folder where the image has a file",
            ),
            (
                "source /merged/etc/passwd is not directory",
                "a folder where the image has a file",
            ),
            ("Duplicate mount point: /x/", "one place twice"),
            (
                "unable to start container process: error mounting: cannot be mounted because it is inside /proc",
                "inside /proc",
            ),
            (
                "Cannot mkdir: /etc/passwd is not a directory",
                "name a folder",
            ),
        ] {
            let (reason, text) = text(start_words(500, words, "x"));
            assert_eq!(reason, Reason::StartFailed, "{words}");
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_uploaded_is_said_with_what_to_do() {
        for (words, expected) in [
            (
                "Error processing tar file(exit status 1): cannot overwrite directory \"/tmp\" with non-directory \"/\"",
                "the image has a folder",
            ),
            (
                "Error processing tar file(exit status 1): open /etc/passwd/x: not a directory",
                "the image has a file",
            ),
            (
                "error during bulk transfer for copier.request{Rename:map[string]string(nil)}}: copier: put: error creating \"/tmp\": open /tmp: file exists",
                "the image has a folder where `files` puts a file; choose another path (copier: put",
            ),
            (
                "open /data/f: read-only file system",
                "nothing may be written",
            ),
        ] {
            let (reason, text) = text(of_upload(said(500, words), "x"));
            assert_eq!(reason, Reason::StartFailed);
            assert!(text.contains(expected), "{text}");
        }
        let full = "write /x: no space left on device";
        for error in [
            of_upload(said(500, full), "x"),
            of_inputs(said(500, full)),
            of_volume(said(500, full), "/x"),
        ] {
            assert_eq!(text(error).0, Reason::NoSpace);
        }
        assert_eq!(
            text(of_upload(said(404, "gone"), "x")).0,
            Reason::EngineError
        );
    }
}
