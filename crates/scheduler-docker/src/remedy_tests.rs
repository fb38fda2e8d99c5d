use super::*;

fn said(status_code: u16, message: &str) -> Raw {
    Raw::DockerResponseServerError {
        status_code,
        message: message.to_owned(),
    }
}

fn reason(error: StartError) -> (Reason, bool) {
    match error {
        StartError::Failed {
            reason,
            message,
            never_again,
        } => {
            assert!(!message.is_empty());
            (reason, never_again)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_failure_of_a_start_has_its_reason() {
    let rows = [
        (
            500,
            "write /var/lib/docker: no space left on device",
            Reason::NoSpace,
        ),
        (
            500,
            "fork/exec /proc/self/exe: resource temporarily unavailable",
            Reason::PidsExhausted,
        ),
        (
            400,
            "exec: \"x\": executable file not found in $PATH",
            Reason::BadCommand,
        ),
        (400, "No command specified", Reason::BadCommand),
        (
            400,
            "unable to find user nobody1: no matching entries in passwd file",
            Reason::StartFailed,
        ),
        (
            400,
            "Minimum memory limit allowed is 6MB",
            Reason::OutOfMemory,
        ),
        (
            500,
            "lstat /merged/etc/passwd/inside: not a directory",
            Reason::StartFailed,
        ),
        (500, "exec format error", Reason::WrongPlatform),
        (500, "something else", Reason::EngineError),
    ];
    for (status, words, expected) in rows {
        assert_eq!(
            reason(of_start(said(status, words), "x")).0,
            expected,
            "{words}"
        );
    }
}

#[test]
fn each_failure_of_a_pull_has_its_reason() {
    let rows = [
        (
            "manifest for x:9 not found: manifest unknown",
            Reason::ImageNotFound,
            false,
        ),
        (
            "pull access denied for x, repository does not exist",
            Reason::ImageNotFound,
            false,
        ),
        (
            "dial tcp: lookup registry-1.docker.io: no such host",
            Reason::ImageNotFound,
            false,
        ),
        (
            "unauthorized: authentication required",
            Reason::Unauthorized,
            true,
        ),
        (
            "no matching manifest for linux/amd64",
            Reason::WrongPlatform,
            true,
        ),
        ("invalid reference format", Reason::ImageNotFound, true),
        (
            "failed to register layer: no space left on device",
            Reason::NoSpace,
            false,
        ),
    ];
    for (words, expected, never) in rows {
        let error = Raw::DockerStreamError {
            error: words.to_owned(),
        };
        assert_eq!(reason(of_pull(error, "x")), (expected, never), "{words}");
    }
}

#[test]
fn no_answer_is_no_verdict() {
    let error = of_start(Raw::RequestTimeoutError, "x");
    assert!(matches!(error, StartError::Away(_)), "{error:?}");
}
