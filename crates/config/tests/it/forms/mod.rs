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
