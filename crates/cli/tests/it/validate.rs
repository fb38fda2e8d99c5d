use crate::host::World;

const ETL: &str = r#"
name = "etl"
[params.day]
type = "date"
[triggers.nightly]
cron = "30 2 * * 1-5"
timezone = "Europe/Berlin"
params = { day = { event = "date" } }
[defaults]
image = "etl:1"
[tasks.list]
script = 'echo one'
retry = { limit = 3 }
env = { DB_URL = { secret = "db_url" } }
[tasks.load]
depends_on = ["list"]
for_each = { output = "list.files" }
max_parallel = 4
command = ["python", "load it.py"]
[tasks.clean_up]
finally = true
script = """
echo one

echo two
"""
[expect]
success_within = "80h"
"#;

#[test]
fn a_good_file_is_told_back_in_words() {
    let world = World::with(&[("gofer.toml", ETL)]);
    let answer = world.gofer("validate");
    assert_eq!((answer.code, answer.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(answer.stdout, @"
    ✓ gofer.toml is good: the pipeline etl with 3 tasks

      first         list      up to 4 attempts; etl:1: echo one
      then          load      after list; one item for each element of list.files, at most 4 at once; etl:1: python 'load it.py'
      at the end    clean_up  etl:1: echo one … (1 more line)

      params        day (date, required)
      secrets       db_url
      triggers      nightly: at 02:30, Monday to Friday, Europe/Berlin; of missed times the latest within 24h runs
      for a server  the trigger nightly and expect; `gofer run` does not act on them
      defaults      a container is stopped after 24h where no `timeout` is set
                    a retry waits 5s, then twice as long each time, at most 5m
    ");
}

#[test]
fn every_problem_is_told_at_once_with_its_place() {
    let bad = ETL
        .replace("[\"list\"]", "[\"lst\"]")
        .replace("limit = 3", "limit = 300")
        .replace("\"date\"\n", "\"dat\"\n");
    let world = World::with(&[("gofer.toml", &bad)]);
    let answer = world.gofer("validate");
    assert_eq!((answer.code, answer.stdout.as_str()), (1, ""));
    insta::assert_snapshot!(answer.stderr, @r##"
    error: "dat" is not one of "string", "int", "float", "bool", "date", "datetime", "enum", "json", did you mean "date"?
     --> gofer.toml:4:8
      |
    4 | type = "dat"
      |        ^^^^^ params.day.type

    error: retry.limit is 300; at most 100
      --> gofer.toml:13:19
       |
    13 | retry = { limit = 300 }
       |                   ^^^ tasks.list.retry.limit

    2 errors in gofer.toml
    "##);
}

#[test]
fn programs_get_findings_and_the_outline() {
    let world = World::with(&[("gofer.toml", ETL)]);
    let answer: serde_json::Value =
        serde_json::from_str(&world.gofer("validate -o json").stdout).unwrap();
    assert_eq!(answer["ok"], true);
    assert_eq!(answer["outline"]["levels"][0][0]["attempts"], 4);
    assert_eq!(answer["outline"]["secrets"][0], "db_url");
    let bad = World::with(&[("gofer.toml", "name = 1")]);
    let answer = bad.gofer("validate -o json");
    assert_eq!(answer.code, 1);
    let document: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(
        (&document["ok"], &document["findings"][0]["line"]),
        (&false.into(), &1.into())
    );
}

#[test]
fn standard_input_is_a_file_like_any_other() {
    let mut world = World::new();
    for text in [
        ETL,
        r#"{"name": "a", "tasks": {"t": {"image": "i"}}}"#,
        "name: a\ntasks: { t: { image: i } }\n",
    ] {
        world.stdin = text.into();
        let answer = world.gofer("validate -");
        assert_eq!(answer.code, 0, "{text}: {}", answer.stderr);
    }
    world.stdin = "name = \n".into();
    assert!(
        world
            .gofer("validate -")
            .stderr
            .contains("standard input:1:")
    );
}

#[test]
fn no_file_is_an_error_that_says_what_to_do() {
    let answer = World::new().gofer("validate");
    assert_eq!(answer.code, 1);
    assert!(
        answer.stderr.contains("`gofer init` writes one"),
        "{}",
        answer.stderr
    );
}
