//! What is too much.

use crate::read;
use gofer_config::Format::{self, Json, Toml, Yaml};
use std::fmt::Write;

fn only_message(format: Format, text: &str) -> String {
    let reading = read(format, text);
    assert_eq!(
        reading.findings.len(),
        1,
        "{:?}",
        reading.findings.iter().take(3).collect::<Vec<_>>()
    );
    reading.findings[0].message.clone()
}

#[test]
fn a_document_of_more_than_a_mebibyte_is_refused() {
    let comment = |length: usize| {
        format!(
            "#{}\nname = 'a'\n[tasks.a]\nimage = 'x'\nscript = 'true'\n",
            "é".repeat(length)
        )
    };
    let text = comment(1024 * 1024);
    assert_eq!(
        only_message(Toml, &text),
        format!("the document has {} bytes; at most 1048576", text.len())
    );
    assert_eq!(read(Toml, &comment(500_000)).findings, []);
}

#[test]
fn a_document_that_is_too_deep_is_refused_and_harms_nobody() {
    for open in ["[", "{\"a\":", "[{\"a\":"] {
        let text = open.repeat(100_000);
        assert_eq!(
            only_message(Json, &text),
            "not JSON: more than 64 levels",
            "{open}"
        );
        assert!(!read(Yaml, &text).findings.is_empty(), "{open}");
    }
    let nested: String = (0..2000).fold(String::new(), |mut text, depth| {
        writeln!(text, "{}a:", " ".repeat(depth.min(400))).unwrap();
        text
    });
    assert!(!read(Yaml, &nested).findings.is_empty());
    for text in [
        format!("a = {}", "[".repeat(100_000)),
        format!("{}a = 1", "a.".repeat(200_000)),
        format!("[{}a]", "a.".repeat(200_000)),
        format!("a = {}", "{a=".repeat(100_000)),
    ] {
        assert!(!read(Toml, &text).findings.is_empty());
    }
}

#[test]
fn a_yaml_bomb_does_not_go_off() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = format!("*a{}, ", level - 1).repeat(10);
        writeln!(text, "a{level}: &a{level} [{below}]").unwrap();
    }
    assert_eq!(
        only_message(Yaml, &text),
        "anchors and aliases come to more than 33554432 bytes"
    );

    let long = format!(
        "a: &a {}\nb: [{}]",
        "x".repeat(400_000),
        "*a, ".repeat(100_000)
    );
    assert_eq!(
        only_message(Yaml, &long),
        "anchors and aliases come to more than 33554432 bytes"
    );

    let mut merges = "a0: &a0 { k: v }\n".to_owned();
    for level in 1..40 {
        writeln!(
            merges,
            "a{level}: &a{level} {{ k{level}: v, <<: [*a{}, *a{}] }}",
            level - 1,
            level - 1
        )
        .unwrap();
    }
    assert!(!read(Yaml, &merges).findings.is_empty());
}

#[test]
fn anchors_and_merges_of_an_honest_file_are_read() {
    let reading = read(
        Yaml,
        "name: etl\ntasks:\n  a: &base\n    image: alpine\n    timeout: 1m\n    env: &env { A: '1' }\n  b:\n    <<: *base\n    timeout: 2m\n    script: 'true'\n    env: { <<: *env, B: '2' }\n",
    );
    let canonical = reading.pipeline.unwrap().canonical().unwrap();
    assert_eq!(
        canonical,
        r#"{"name":"etl","tasks":{"a":{"env":{"A":"1"},"image":"alpine","timeout":"1m"},"b":{"env":{"A":"1","B":"2"},"image":"alpine","script":"true","timeout":"2m"}}}"#
    );
}

#[test]
fn a_thousand_tasks_are_allowed_and_one_more_is_not() {
    let tasks = |count: usize| {
        let mut text = "name = 'a'\n".to_owned();
        for nth in 0..count {
            writeln!(text, "[tasks.t{nth}]\nimage = 'x'").unwrap();
        }
        text
    };
    assert!(read(Toml, &tasks(1000)).pipeline.is_some());
    assert_eq!(
        only_message(Toml, &tasks(1001)),
        "tasks has 1001 entries; at most 1000"
    );
}

#[test]
fn values_are_bounded_each_and_files_together() {
    let file = |key: &str, length: usize| {
        let value = "x".repeat(length);
        format!(
            "name = 'a'\n[tasks.a]\nimage = 'x'\n{}",
            key.replace('@', &format!("'{value}'"))
        )
    };
    let message = only_message(Toml, &file("env = { A = @ }", 131_073));
    assert_eq!(
        message,
        "env.A has 131073 bytes; at most 131072 fit into a variable. Use `files`"
    );
    let message = only_message(Toml, &file("script = @", 65_537));
    assert_eq!(message, "script has 65537 bytes; at most 65536");
    // Escapes make a value longer than what stands in the file; only so can files pass the bound.
    let anchored = format!(
        "name: a\ntasks:\n  a:\n    image: x\n    files: {{ /a: &a {}, /b: *a }}\n",
        "x".repeat(600_000)
    );
    assert_eq!(
        only_message(Yaml, &anchored),
        "files has 1200000 bytes together; at most 1048576"
    );
}

#[test]
fn a_file_of_nothing_but_mistakes_is_told_in_time() {
    let keys: String = (0..60_000).fold("name = 'a'\n".to_owned(), |mut text, nth| {
        writeln!(text, "k{nth} = 1").unwrap();
        text
    });
    let reading = read(Toml, &keys);
    assert_eq!(reading.findings.len(), 60_001);
    let shown = gofer_config::one_line(&crate::source(Toml, &keys), &reading.findings);
    assert!(
        shown.ends_with("and 59901 more\n"),
        "{}",
        &shown[shown.len() - 100..]
    );
}
