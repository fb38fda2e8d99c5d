use super::*;

fn shell(script: &str, limit: Duration) -> Result<Vec<u8>, LoadError> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]);
    output(command, Path::new("/"), limit)
}

#[test]
fn a_program_that_takes_too_long_is_stopped_with_all_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let script = format!("(sleep 1; touch {}) & sleep 30", mark.display());
    let result = shell(&script, Duration::from_millis(200));
    assert!(
        matches!(result, Err(LoadError::TooSlow { .. })),
        "{result:?}"
    );
    thread::sleep(Duration::from_millis(1300));
    assert!(!mark.exists(), "its child went on");
}

#[test]
fn a_program_that_prints_without_end_is_stopped() {
    let result = shell(
        "while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done",
        LIMIT,
    );
    assert!(
        matches!(
            result,
            Err(LoadError::TooMuch {
                most: MOST_BYTES,
                ..
            })
        ),
        "{result:?}"
    );
}

#[test]
fn an_exit_code_that_is_not_zero_is_an_error_whatever_was_printed() {
    let error = shell("echo '{}'; exit 3", LIMIT).unwrap_err();
    assert!(
        error.to_string().contains("failed (exit status: 3)"),
        "{error}"
    );
}
