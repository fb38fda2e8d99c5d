use crate::host::World;

const DEPLOY: &str = r#"
name = "deploy"
[params.region]
type = "enum"
values = ["eu", "us"]
[params.replicas]
type = "int"
default = 2
[triggers.nightly]
cron = "0 3 * * *"
params = { region = "eu" }
[notify]
"#;

fn deploy() -> String {
    DEPLOY.replace("[notify]\n", "[tasks.go]\nimage = \"i\"\nenv = { KEY = { secret = \"api_key\" }, DB = { secret = \"db_url\" } }\n")
}

#[test]
fn everything_that_is_missing_is_said_before_anything_starts() {
    let world = World::with(&[("gofer.toml", &deploy())]);
    let answer = world.gofer("run --param replicas=many --param regoin=eu");
    assert_eq!(answer.code, 1);
    insta::assert_snapshot!(answer.stderr, @r##"
    error: this run cannot start:
      there is no param `regoin`, did you mean `region`?
      param `region` is required
      param `replicas`: "many" is not a whole number
      secret `api_key` is missing
      secret `db_url` is missing
      → --param NAME=VALUE sets a param, --secrets FILE reads NAME=value lines
    "##);
    assert_eq!(world.asked(), [], "no engine was looked for");
}

#[test]
fn secrets_come_from_files_and_the_environment_and_are_never_shown() {
    let mut world = World::with(&[
        ("gofer.toml", &deploy()),
        ("a.env", "api_key=first-value\n# comment\nother=unused\n"),
    ]);
    world.vars.insert("CI_db_url".into(), "second-value".into());
    let answer =
        world.gofer("run --dry-run --param region=eu --secrets a.env --secrets-from-env CI_");
    assert_eq!(answer.code, 0, "{answer:?}");
    let answer = world
        .gofer("run --dry-run --param region=eu --secrets a.env --secrets-from-env CI_ -o json");
    assert!(answer.stdout.contains("\"secrets_given\""));
    let all = answer.stdout + &answer.stderr;
    assert!(
        !all.contains("first-value") && !all.contains("second-value"),
        "{all}"
    );
}

#[test]
fn a_broken_file_of_secrets_is_told_without_its_values() {
    let world = World::with(&[
        ("gofer.toml", &deploy()),
        ("a.env", "hunter2-is-the-password\n"),
    ]);
    let answer = world.gofer("run --secrets a.env");
    assert_eq!(answer.code, 1);
    assert!(
        answer.stderr.contains("a.env: line 1: expected NAME=value"),
        "{}",
        answer.stderr
    );
    assert!(!answer.stderr.contains("hunter2"));
    let answer = world.gofer("run --secrets nowhere.env");
    assert!(
        answer
            .stderr
            .contains("the secrets in nowhere.env cannot be read"),
        "{}",
        answer.stderr
    );
}

#[test]
fn a_dry_run_says_what_would_run_and_what_is_missing() {
    let world = World::with(&[("gofer.toml", &deploy())]);
    let answer = world.gofer("run --dry-run --param region=us");
    assert_eq!(answer.code, 1);
    insta::assert_snapshot!(answer.stdout, @"
    deploy would run 1 task

      first         go  i

      params        region (one of eu, us, required)
                    replicas (int, default 2)
      secrets       api_key and db_url
      triggers      nightly: at 03:00, UTC; of missed times the latest within 24h runs
      for a server  the trigger nightly; `gofer run` does not act on it
      defaults      a container is stopped after 24h where no `timeout` is set
      this run      region = us
                    replicas = 2
    ");
    assert!(
        answer.stderr.contains("secret `api_key` is missing"),
        "{}",
        answer.stderr
    );
    assert_eq!(world.asked(), []);
}

#[test]
fn what_only_a_server_acts_on_is_named_in_one_line() {
    let world = World::with(&[
        ("gofer.toml", &deploy()),
        ("a.env", "api_key=1234567\ndb_url=1234567\n"),
    ]);
    let answer = world.gofer("run --param region=us --secrets a.env");
    assert!(
        answer
            .stderr
            .starts_with("note: the trigger nightly: a server acts on it, `gofer run` does not\n"),
        "{}",
        answer.stderr
    );
}

#[test]
fn what_gofer_run_cannot_do_yet_is_refused_at_its_place() {
    let file = "name = \"a\"\n[tasks.ask]\napproval = { message = \"Sure?\" }\n";
    let world = World::with(&[("gofer.toml", file)]);
    let answer = world.gofer("run");
    assert_eq!(answer.code, 1);
    assert!(answer.stderr.contains("gofer.toml:3:"), "{}", answer.stderr);
    assert!(
        answer.stderr.contains("nothing was started"),
        "{}",
        answer.stderr
    );
    assert_eq!(world.asked(), []);
}

#[test]
fn a_param_without_a_value_is_a_usage_error() {
    let world = World::with(&[("gofer.toml", &deploy())]);
    let answer = world.gofer("run --param region");
    assert_eq!(answer.code, 64);
    assert!(
        answer.stderr.contains("is not NAME=VALUE"),
        "{}",
        answer.stderr
    );
}
