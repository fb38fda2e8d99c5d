use super::{explain, phrase, reference_markdown, schema};
use crate::{
    document::{self, Node, Value},
    keys::{Key, PIPELINE, REFERENCE, Section, Shape},
};
use serde_json::Value as Json;

static WHOLE: Shape = Shape::Table(&REFERENCE);

/// Every key of the language once, with the path to it.
fn all() -> Vec<(String, &'static Key)> {
    let mut keys = Vec::new();
    let mut open: Vec<(String, &'static Section)> = vec![(String::new(), &PIPELINE)];
    while let Some((path, section)) = open.pop() {
        for (key, _) in section.keys() {
            let full = format!("{path}{}", key.name);
            if let Some((inner, name)) = phrase::inner(&key.shape) {
                open.push((
                    name.map_or_else(|| format!("{full}."), |name| format!("{full}.{name}.")),
                    inner,
                ));
            }
            keys.push((full, key));
        }
    }
    keys
}

fn example(key: &Key) -> (String, Node) {
    let text = if key.example.starts_with('{') {
        format!("it = {}", key.example)
    } else {
        key.example.to_owned()
    };
    let (tree, faults) = document::parse(crate::Format::Toml, &text);
    assert!(faults.is_empty(), "{}: {faults:?}", key.example);
    let tree = tree.unwrap();
    let Value::Table(mut entries) = tree.value else {
        panic!("{}", key.example)
    };
    assert_eq!(entries.len(), 1, "{}", key.example);
    let (name, node) = entries.remove(0);
    (name.name, node)
}

#[test]
fn each_example_is_right() {
    for (path, key) in all() {
        let (name, node) = example(key);
        assert_eq!(name, key.name, "{path}");
        assert_eq!(
            crate::read::complaints(&node, &key.shape),
            Vec::<String>::new(),
            "{path}: {}",
            key.example
        );
    }
    for (key, _) in REFERENCE.keys() {
        let (_, node) = example(key);
        assert_eq!(
            crate::read::complaints(&node, &WHOLE),
            Vec::<String>::new(),
            "{}",
            key.example
        );
        assert!(node.get(key.name).is_some(), "{}", key.name);
    }
}

#[test]
fn each_default_that_is_a_value_is_one_the_key_takes() {
    for (path, key) in all() {
        if key.default.is_empty() || !phrase::is_word(key.default) {
            continue;
        }
        let is_plain = matches!(key.shape, Shape::Bool | Shape::Int { .. });
        let value = if is_plain {
            key.default.to_owned()
        } else {
            format!("'{}'", key.default)
        };
        let (tree, _) = document::parse(crate::Format::Toml, &format!("it = {value}"));
        let tree = tree.unwrap();
        let complaints = crate::read::complaints(tree.get("it").unwrap(), &key.shape);
        assert_eq!(complaints, Vec::<String>::new(), "{path}: {}", key.default);
    }
}

#[test]
fn each_key_can_be_explained_and_stands_in_the_reference() {
    let book = reference_markdown();
    for (path, key) in all() {
        let text = explain(&path).unwrap_or_else(|| panic!("{path}"));
        assert!(
            text.starts_with(&path) && text.contains(key.about) && text.contains(key.example),
            "{text}"
        );
        assert!(book.contains(&format!("`{}`", key.name)), "{path}");
        assert!(!key.about.is_empty() && key.about.ends_with('.'), "{path}");
    }
    assert!(explain("tasks.retyr").is_none());
    assert!(explain("name.more").is_none());
    assert_eq!(explain("tasks.retry"), explain("tasks.NAME.retry"));
    assert_eq!(
        explain("tasks.retry.limit"),
        explain("tasks.load.retry.limit")
    );
}

#[test]
fn a_key_that_several_tables_share_is_told_once() {
    let book = reference_markdown();
    assert_eq!(
        book.matches("The image, or a reference that gives one.")
            .count(),
        1
    );
    assert_eq!(
        book.matches("| as [`tasks.NAME.image`](#tasks.NAME.image) |")
            .count(),
        2,
        "in services and in defaults"
    );
    for link in book.split("](#").skip(1) {
        let target = link.split(')').next().unwrap();
        assert!(book.contains(&format!("<a id=\"{target}\">")), "{target}");
    }
}

#[test]
fn an_explanation_has_type_default_bounds_meaning_and_example() {
    assert_eq!(
        explain("tasks.load.retry.delay").unwrap(),
        "tasks.NAME.retry.delay\n  duration, 0s to 24h; default `5s`\n\n  The first pause.\n\nexample\n  delay = \"10s\"\n"
    );
    assert!(explain("").unwrap().contains("tasks"));
    assert!(explain("reference").unwrap().contains("output"));
}

#[test]
fn the_schema_has_each_key_with_its_description() {
    let schema = schema();
    for (path, key) in all() {
        let mut at = &schema;
        for step in path.split('.') {
            at = match step {
                "NAME" | "PATH" | "DATE" => &at["additionalProperties"],
                "N" => &at["items"],
                key => &at["properties"][key],
            };
        }
        assert!(
            at["description"]
                .as_str()
                .is_some_and(|text| text.starts_with(key.about)),
            "{path}: {at}"
        );
    }
    assert_eq!(
        schema["properties"]["tasks"]["additionalProperties"]["properties"]["retry"]["properties"]
            ["limit"]["maximum"],
        100
    );
    assert_eq!(schema["required"], serde_json::json!(["name", "tasks"]));
    assert_no_dangling(&schema, &schema);
}

fn assert_no_dangling(schema: &Json, all: &Json) {
    match schema {
        Json::Object(table) => {
            if let Some(Json::String(target)) = table.get("$ref") {
                assert!(
                    all.pointer(target.trim_start_matches('#')).is_some(),
                    "{target}"
                );
            }
            table
                .values()
                .for_each(|value| assert_no_dangling(value, all));
        }
        Json::Array(items) => items.iter().for_each(|item| assert_no_dangling(item, all)),
        _ => {}
    }
}
