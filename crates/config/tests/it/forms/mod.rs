//! One document, three forms.

use crate::read;
use gofer_config::Format::{self, Json, Toml, Yaml};
use gofer_core::definition::Pipeline;

const TOML: &str = include_str!("orders.toml");
const YAML: &str = include_str!("orders.yaml");
const JSON: &str = include_str!("orders.json");

fn pipeline(format: Format, text: &str) -> Pipeline {
    let reading = read(format, text);
    reading
        .pipeline
        .unwrap_or_else(|| panic!("{format:?}: {:#?}", reading.findings))
}

#[test]
fn one_document_in_three_forms_is_one_definition() {
    let toml = pipeline(Toml, TOML);
    assert_eq!(toml, pipeline(Yaml, YAML));
    assert_eq!(toml, pipeline(Json, JSON));
}

#[test]
fn the_canonical_text_is_the_one_of_the_rule_book() {
    let mut printed: serde_json::Value = serde_json::from_str(JSON).unwrap();
    printed.sort_all_objects();
    let printed = serde_json::to_string(&printed).unwrap();
    for (format, text) in [(Toml, TOML), (Yaml, YAML), (Json, JSON)] {
        assert_eq!(
            pipeline(format, text).canonical().unwrap(),
            printed,
            "{format:?}"
        );
    }
}

#[test]
fn toml_1_1_and_dates_are_read() {
    let reading = read(
        Toml,
        "name = 'a'\n[triggers.once]\nat = 2026-12-24T18:00:00\n[tasks.a]\nimage = 'x'\nscript = 'true'\nenv = {\n  A = 'b', # so\n  DAY = 2026-11-24,\n}\n",
    );
    assert_eq!(
        reading.pipeline.unwrap().canonical().unwrap(),
        r#"{"name":"a","tasks":{"a":{"env":{"A":"b","DAY":"2026-11-24"},"image":"x","script":"true"}},"triggers":{"once":{"at":"2026-12-24T18:00:00"}}}"#
    );
}

#[test]
fn a_byte_order_mark_and_windows_lines_change_nothing() {
    for (format, text) in [(Toml, TOML), (Yaml, YAML), (Json, JSON)] {
        let other = format!("\u{feff}{}", text.replace('\n', "\r\n"));
        assert_eq!(
            pipeline(format, &other),
            pipeline(format, text),
            "{format:?}"
        );
    }
}

#[test]
fn values_mean_what_they_look_like() {
    let yaml = pipeline(
        Yaml,
        "name: a\ntasks:\n  a:\n    image: x\n    script: 'true'\n    env: { NO: no, ZIP: 01234, DAY: 2026-11-24, TIME: 12:30, N: 42, B: true, HEX: 0x1f, SHA: 1e5a, STR: !!str 7, U: 1_000 }\n",
    );
    let canonical = yaml.canonical().unwrap();
    let expected = r#""env":{"B":true,"DAY":"2026-11-24","HEX":"0x1f","N":42,"NO":"no","SHA":"1e5a","STR":"7","TIME":"12:30","U":"1_000","ZIP":"01234"}"#;
    assert!(canonical.contains(expected), "{canonical}");
}

#[test]
fn the_schema_key_is_for_editors() {
    let reading = read(
        Json,
        r#"{"$schema": "x.json", "name": "a", "tasks": {"a": {"image": "x", "script": "true"}}}"#,
    );
    assert_eq!(
        reading.pipeline.unwrap().canonical().unwrap(),
        r#"{"name":"a","tasks":{"a":{"image":"x","script":"true"}}}"#
    );
}

#[test]
fn a_record_has_its_keys_in_order_however_they_were_written() {
    let records = [
        (
            Toml,
            "name = 'a'\n[tasks.a]\nimage = 'x'\nscript = 'true'\nfor_each = [{ b = 1, a = { d = 2, c = 3 } }]\n",
        ),
        (
            Yaml,
            "name: a\ntasks: { a: { image: x, script: 'true', for_each: [{ b: 1, a: { c: 3, d: 2 } }] } }\n",
        ),
        (
            Json,
            r#"{"name": "a", "tasks": {"a": {"image": "x", "script": "true", "for_each": [{"a": {"d": 2, "c": 3}, "b": 1}]}}}"#,
        ),
    ];
    for (format, text) in records {
        let pipeline = pipeline(format, text);
        let items = pipeline
            .tasks
            .values()
            .next()
            .and_then(|task| task.for_each.as_ref());
        let written = serde_json::to_string(&items).unwrap();
        assert_eq!(written, r#"[{"a":{"c":3,"d":2},"b":1}]"#, "{format:?}");
    }
}
