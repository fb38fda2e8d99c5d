//! Values.

use super::{Ran, assert_says, file, refused, text};
use crate::harness::Project;

#[test]
fn s56_no_value_is_ever_part_of_a_scripts_text() {
    let value = "$(exit 9);reboot `id` \"; exit 8; ' # ${HOME} \\n";
    let ran = Ran::with(
        "[params.given]",
        r#"
[tasks.first]
env = { GIVEN = { param = "given" } }
script = '''
echo "$GIVEN"
printf 'handed=%s\n' "$GIVEN" >> "$GOFER_OUTPUT"
'''
[tasks.each]
depends_on = ["first"]
matrix = { x = ["$(exit 7)"] }
env = { HANDED = { output = "first.handed" }, X = { item = "x" } }
script = 'echo "$HANDED|$X"'
"#,
        &["--param", &format!("given={value}")],
    );
    ran.assert_run("succeeded");
    assert_eq!(ran.log("first"), format!("{value}\n"));
    assert_eq!(ran.log("each/0"), format!("{value}|$(exit 7)\n"));
}

#[test]
fn s57_a_value_that_may_be_missing_needs_a_default_or_the_file_is_refused() {
    let reads = |condition: &str, reference: &str| {
        format!(
            r#"
[tasks.transform]
when = 'run.trigger == "manual"'
script = 'echo "rows=3" >> "$GOFER_OUTPUT"'
[tasks.load]
depends_on = {{ transform = "{condition}" }}
env = {{ ROWS = {reference} }}
script = 'echo "$ROWS"'
"#
        )
    };
    for condition in ["any", "not_failed", "failure"] {
        let said = refused("", &reads(condition, r#"{ output = "transform.rows" }"#));
        assert_says(&said, &["tasks.load.env.ROWS", "transform.rows", "default"]);
    }
    let said = refused(
        "",
        r#"
[tasks.lint]
allow_failure = true
script = "true"
[tasks.load]
depends_on = ["lint"]
env = { ROWS = { output = "lint.rows" } }
script = "true"
"#,
    );
    assert_says(&said, &["tasks.load.env.ROWS", "lint", "default"]);
    let with_default = reads("any", r#"{ output = "transform.rows", default = "0" }"#);
    assert_eq!(Ran::of(&with_default).log("load"), "3\n");
    let sure = reads("success", r#"{ output = "transform.rows" }"#);
    assert_eq!(Ran::of(&sure).log("load"), "3\n");
}

#[test]
fn s58_an_output_that_a_successful_task_did_not_write_fails_its_reader_before_a_container_starts() {
    let ran = Ran::of(
        r#"
[tasks.writes]
script = 'printf "rows=1\nsize=2\n" >> "$GOFER_OUTPUT"'
[tasks.reads]
depends_on = ["writes"]
env = { ROWS = { output = "writes.row" } }
script = 'echo "[$ROWS]"'
"#,
    );
    ran.assert_tasks(&[("writes", "succeeded"), ("reads", "failed (missing_value)")]);
    let message = ran.message("reads");
    assert_says(message, &["ROWS", "writes", "row", "rows", "size"]);
    let attempts = ran.task("reads")["attempts"].as_array().unwrap();
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt["started_at"].is_null())
    );
}

#[test]
fn s59_a_float_is_refused_and_other_values_arrive_as_they_are_written() {
    let with = |value: &str| format!("[tasks.a]\nenv = {{ V = {value} }}\nscript = \"true\"\n");
    let said = refused("", &with("1.10"));
    assert_says(&said, &["tasks.a.env.V", "quote"]);
    let ran = Ran::of(
        r#"
[tasks.a]
env = { V = "1.10", T = true, N = 3 }
script = 'echo "$V $T $N"'
"#,
    );
    assert_eq!(ran.log("a"), "1.10 true 3\n");
    let project = Project::new("");
    std::fs::remove_file(project.folder.join("gofer.toml")).unwrap();
    let yaml = "name: p\ntasks:\n  a:\n    image: gofer-demo:1\n    env: { V: no, W: true, X: \"1.10\" }\n    script: echo \"$V $W $X\"\n";
    project.write("gofer.yaml", yaml);
    project.run(&[]).0.assert_code(0);
    assert_eq!(project.logs("p/1/a"), b"no true 1.10\n");
    project.write("gofer.yaml", &yaml.replace("\"1.10\"", "1.10"));
    project.gofer(&["validate"]).assert_code(1);
}

/// Where else a secret must not be read is in `secrets.rs`.
#[test]
fn s60_a_secret_never_appears_and_one_too_short_to_be_masked_is_said_to_be() {
    let project = Project::new(&file(
        "",
        r#"
[tasks.tells]
env = { LONG = { secret = "long" }, SHORT = { secret = "short" } }
script = '''
echo "long $LONG, short $SHORT"
echo "value=$LONG" >> "$GOFER_OUTPUT"
echo "this went wrong: $LONG" >&2
exit 4
'''
"#,
    ));
    let secrets = project.write("secrets.env", "long=canary-of-6\nshort=abcde\n");
    let (done, run) = project.run(&["--secrets", secrets.to_str().unwrap()]);
    let shown = [
        done.out() + &done.err(),
        run.to_string(),
        String::from_utf8(project.logs("p/1/tells")).unwrap(),
        project.gofer(&["show", "p/1/tells"]).out(),
        project.gofer(&["explain", "p/1/tells"]).out(),
    ];
    for shown in &shown {
        assert!(!shown.contains("canary-of-6"), "{shown}");
    }
    assert!(shown[2].contains("long ***, short abcde"), "{}", shown[2]);
    assert_eq!(super::task(&run, "tells")["outputs"]["value"], "***");
    assert_says(&done.err(), &["short", "6 bytes"]);
    assert!(!done.err().contains("`long`"), "{}", done.err());
}

#[test]
fn s62_values_over_128_kib_in_env_fail_with_use_files() {
    let literal = "x".repeat(128 * 1024 + 1);
    let said = refused(
        "",
        &format!("[tasks.a]\nenv = {{ V = \"{literal}\" }}\nscript = \"true\"\n"),
    );
    assert_says(&said, &["env.V has 131073 bytes", "Use `files`"]);
    let ran = Ran::of(
        r#"
[tasks.each]
for_each = [1, 2, 3]
script = 'printf "big=%060000d\n" 0 >> "$GOFER_OUTPUT"'
[tasks.reads]
depends_on = ["each"]
env = { ALL = { output = "each.big" } }
script = "echo never"
[tasks.by_file]
depends_on = ["each"]
files = { "/etc/all" = { output = "each.big" } }
script = "wc -c < /etc/all"
"#,
    );
    let reads = ran.task("reads");
    assert_eq!(text(&reads["state"]), "failed", "{reads}");
    assert_says(
        ran.message("reads"),
        &["env.ALL", "at most 131072", "Use `files`"],
    );
    let attempts = reads["attempts"].as_array().unwrap();
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt["started_at"].is_null())
    );
    assert_eq!(ran.log("by_file"), "180010\n");
}

#[test]
fn s63_setting_a_param_that_does_not_exist_is_an_error_from_wherever_it_comes() {
    let tasks = "[tasks.a]\nscript = \"true\"\n";
    let top = "[params.region]\ndefault = \"eu\"";
    let project = Project::new(&file(top, tasks));
    let done = project.gofer(&["run", "--param", "regoin=us"]);
    done.assert_code(1);
    assert_says(&done.err(), &["regoin"]);

    let trigger = "[triggers.nightly]\ncron = \"0 2 * * *\"\nparams = { regoin = \"us\" }";
    let said = refused(&format!("{top}\n{trigger}"), tasks);
    assert_says(&said, &["triggers.nightly.params.regoin"]);

    project.write(
        "child.toml",
        &file(top, tasks).replace("\"p\"", "\"child\""),
    );
    let calls = "name = \"p\"\n[tasks.calls]\npipeline = { name = \"child\", params = { regoin = \"us\" } }\n";
    project.write("gofer.toml", calls);
    let done = project.gofer(&["run"]);
    assert_ne!(done.code, Some(0));
    assert_says(&(done.out() + &done.err()), &["regoin", "child"]);
}
