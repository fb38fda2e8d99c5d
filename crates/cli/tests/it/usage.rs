use crate::host::World;
use gofer_cli::{Check, Need, Verdict};

#[test]
fn what_cannot_be_understood_exits_with_64_and_says_what_was_meant() {
    for (typed, said) in [
        ("rnu", "there is no command `rnu`, did you mean `run`?"),
        ("run --parm a=b", "--param"),
        ("logs", "<RUN/TASK>"),
        ("runs --limit 0", "0 is not in"),
        ("init --yaml --json", "cannot be used with"),
        ("run --dry-run --resume", "cannot be used with"),
        ("completion klingon", "possible values"),
        ("show etl/42/load/x", "no index of an item"),
        ("logs etl", "which of its runs is not said"),
        ("cancel etl/42/load", "is a task, and a run is wanted"),
        ("-C nowhere runs", "is not a folder"),
        ("run -", "a run needs a file"),
        ("init --example helo", "did you mean `hello`?"),
        ("schema tasks.retyr", "no key `tasks.retyr`"),
    ] {
        let answer = World::new().gofer(typed);
        assert_eq!(answer.code, 64, "{typed}: {answer:?}");
        assert!(answer.stderr.contains(said), "{typed}: {}", answer.stderr);
        assert_eq!(answer.stdout, "", "{typed}");
    }
}

#[test]
fn help_and_version_are_answers() {
    for typed in ["", "--help", "run --help", "--version"] {
        let answer = World::new().gofer(typed);
        assert_eq!((answer.code, answer.stderr.as_str()), (0, ""), "{typed}");
        assert!(!answer.stdout.is_empty(), "{typed}");
    }
}

#[test]
fn every_command_has_examples_or_exit_codes_in_its_help() {
    let world = World::new();
    for command in [
        "init",
        "validate",
        "run",
        "runs",
        "show",
        "logs",
        "artifacts",
        "object",
        "explain",
        "cancel",
        "schema",
        "doctor",
        "completion",
        "man",
    ] {
        let help = world.gofer(&format!("{command} --help")).stdout;
        assert!(
            help.contains("Examples:") || help.contains("Exit codes:"),
            "{command}: {help}"
        );
    }
}

#[test]
fn a_refusal_is_a_sentence_with_a_remedy_and_its_own_code() {
    let world = World::with(&[("gofer.toml", "name = \"a\"\n[tasks.t]\nimage = \"i\"\n")]);
    let answer = world.gofer("run");
    assert_eq!(answer.code, 1);
    assert_eq!(
        answer.stderr,
        "error: no container engine answers\n  → gofer doctor says what was tried\n"
    );
    assert_eq!(
        world.gofer("runs").code,
        4,
        "not allowed is not an error like others"
    );
    assert_eq!(world.asked(), [Need::Drive, Need::Read]);
}

#[test]
fn a_reader_that_has_gone_is_no_error_to_talk_about() {
    let mut world = World::with(&[("gofer.toml", "name = \"a\"\n[tasks.t]\nimage = \"i\"\n")]);
    world.is_reader_gone = true;
    for typed in [
        "validate",
        "schema",
        "completion bash",
        "--help",
        "init --list",
    ] {
        let answer = world.gofer(typed);
        assert!(
            !answer.stderr.contains("error"),
            "{typed}: {}",
            answer.stderr
        );
    }
}

#[test]
fn doctor_fails_when_something_keeps_runs_from_working() {
    let mut world = World::new();
    let check = |verdict| Check {
        name: "engine".into(),
        verdict,
        message: "it is".into(),
        remedy: None,
    };
    world.checks = vec![check(Verdict::Fine), check(Verdict::Note)];
    assert_eq!(world.gofer("doctor").code, 0);
    world.checks.push(check(Verdict::Problem));
    assert_eq!(world.gofer("doctor").code, 1);
    let document: serde_json::Value =
        serde_json::from_str(&world.gofer("doctor -o json").stdout).unwrap();
    assert_eq!(document["ok"], false);
    assert_eq!(document["checks"][1]["verdict"], "note");
}

#[test]
fn completion_and_the_manual_know_every_command() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(
            world
                .gofer(&format!("completion {shell}"))
                .stdout
                .contains("validate"),
            "{shell}"
        );
    }
    assert!(world.gofer("man").stdout.starts_with(".ie"));
    assert_eq!(world.gofer("man pages").code, 0);
    for page in ["gofer.1", "gofer-run.1", "gofer-logs.1"] {
        assert!(
            world.folder.path().join("pages").join(page).is_file(),
            "{page}"
        );
    }
}
