//! Skipping and conditions: what each skip says, and what is refused before anything starts.

use super::{Ran, assert_says, refused, text};

#[test]
fn s11_a_fan_out_of_skipped_items_is_skipped_and_of_one_success_and_skips_succeeded() {
    let ran = Ran::of(
        r#"
[tasks.none]
when = 'item == "z"'
for_each = ["a", "b"]
script = "true"
[tasks.one]
when = 'item == "b"'
for_each = ["a", "b", "c"]
script = "true"
"#,
    );
    let none = super::ended(ran.task("none"));
    assert!(none.starts_with("skipped"), "{none}");
    let skip = "skipped (condition_false)";
    assert_eq!(ran.items("none"), [skip, skip]);
    assert_eq!(super::ended(ran.task("one")), "succeeded");
    assert_eq!(ran.items("one"), [skip, "succeeded", skip]);
}

#[test]
fn s12_the_text_false_is_never_true() {
    let writes = "[tasks.a]\nscript = 'echo \"x=false\" >> \"$GOFER_OUTPUT\"'\n";
    let reads = |when: &str| {
        format!("{writes}[tasks.b]\ndepends_on = [\"a\"]\nwhen = '{when}'\nscript = \"true\"\n")
    };
    for when in ["outputs.a.x", "not outputs.a.x", "outputs.a.x == true"] {
        assert_says(&refused("", &reads(when)), &["tasks.b.when", "outputs.a.x"]);
    }
    let ran = Ran::of(&reads(r#"outputs.a.x == "true""#));
    ran.assert_tasks(&[("a", "succeeded"), ("b", "skipped (condition_false)")]);
}

#[test]
fn s13_a_text_is_not_compared_with_a_number_and_int_compares_numbers() {
    let writes = "[tasks.a]\nscript = 'printf \"rows=99\\nmore=1000\\n\" >> \"$GOFER_OUTPUT\"'\n";
    let reads = |name: &str, when: &str| {
        format!("[tasks.{name}]\ndepends_on = [\"a\"]\nwhen = '{when}'\nscript = \"true\"\n")
    };
    let said = refused(
        "",
        &(writes.to_owned() + &reads("b", "outputs.a.rows > 100")),
    );
    assert_says(&said, &["tasks.b.when", "write `", "| int`"]);
    let few = reads("few", "outputs.a.rows | int > 100");
    let many = reads("many", "outputs.a.more | int > 100");
    Ran::of(&(writes.to_owned() + &few + &many)).assert_tasks(&[
        ("a", "succeeded"),
        ("few", "skipped (condition_false)"),
        ("many", "succeeded"),
    ]);
}

#[test]
fn s14_a_misspelt_name_in_when_is_refused_and_a_misspelt_output_key_lists_the_keys() {
    let asks = |when: &str| {
        format!(
            r#"
[tasks.extract]
script = 'printf "rows=1\nsize=2\n" >> "$GOFER_OUTPUT"'
[tasks.load]
depends_on = ["extract"]
when = '{when}'
script = "true"
"#
        )
    };
    let top = "[params.region]\ndefault = \"eu\"";
    for (when, misspelt, meant) in [
        (r#"params.regoin == "eu""#, "regoin", "region"),
        (
            r#"tasks.extarct.state == "succeeded""#,
            "extarct",
            "extract",
        ),
        (r#"run.triger == "manual""#, "triger", "trigger"),
    ] {
        let said = refused(top, &asks(when));
        assert_says(&said, &["tasks.load.when", misspelt, meant]);
    }
    let ran = Ran::with(top, &asks(r#"outputs.extract.row == "1""#), &[]);
    ran.assert_tasks(&[("extract", "succeeded"), ("load", "failed (when_error)")]);
    assert_says(ran.message("load"), &["extract", "row", "rows", "size"]);
}

#[test]
fn s15_every_skipped_task_has_a_reason_that_names_the_rule_and_the_task_it_came_from() {
    let ran = Ran::of(
        r#"
[tasks.fails]
script = "exit 4"
[tasks.good]
script = "true"
[tasks.conditional]
when = "1 == 2"
script = "true"
[tasks.by_failure]
depends_on = ["fails"]
script = "true"
[tasks.by_failure_too]
depends_on = { by_failure = "success" }
script = "true"
[tasks.by_skip]
depends_on = ["conditional"]
script = "true"
[tasks.by_skip_too]
depends_on = ["by_skip", "good"]
script = "true"
[tasks.not_needed]
depends_on = { good = "failure" }
script = "true"
"#,
    );
    for (name, reason, from) in [
        ("conditional", "condition_false", "1 == 2"),
        ("by_failure", "upstream_failed", "fails"),
        ("by_failure_too", "upstream_failed", "fails"),
        ("by_skip", "upstream_skipped", "conditional"),
        ("by_skip_too", "upstream_skipped", "conditional"),
        ("not_needed", "upstream_succeeded", "good"),
    ] {
        let task = ran.task(name);
        assert_eq!(super::ended(task), format!("skipped ({reason})"), "{name}");
        assert_says(text(&task["message"]), &[from]);
        assert_says(&ran.done.err(), &[text(&task["message"])]);
    }
}
