use super::Family;
use crate::{definition::Pipeline, name::PipelineName};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn pipeline(name: &str, mut document: Value) -> Pipeline {
    document["name"] = name.into();
    document["defaults"] = json!({"image": "busybox", "command": ["true"]});
    serde_json::from_value(document).unwrap()
}

/// `PIPELINE: PATH: MESSAGE`, of a family whose first is the root.
fn problems(family: &[Pipeline]) -> Vec<String> {
    let (root, rest) = family.split_first().unwrap();
    let members: BTreeMap<PipelineName, Pipeline> = rest
        .iter()
        .map(|member| (member.name.clone(), member.clone()))
        .collect();
    let members = &members;
    let found = Family { root, members }.check();
    found
        .iter()
        .map(|(of, problem)| format!("{of}: {}: {}", problem.path, problem.message))
        .collect()
}

fn calling(name: &str, called: &str) -> Pipeline {
    pipeline(
        name,
        json!({"tasks": {"go": {"pipeline": {"name": called}}}}),
    )
}

#[test]
fn params_of_a_call_are_compared_with_what_the_called_one_declares_all_at_once() {
    let child = pipeline(
        "load",
        json!({
            "params": {
                "day": {"type": "date"}, "rows": {"type": "int", "max": 9},
                "mode": {"default": "fast"}, "must": {},
            },
            "tasks": {"x": {}},
        }),
    );
    let parent = pipeline(
        "etl",
        json!({"params": {"day": {}}, "tasks": {"go": {"pipeline": {
            "name": "load",
            "params": {
                "day": {"param": "day", "default": "yesterday"}, "rows": 10, "mdoe": "x",
            },
        }}}}),
    );
    assert_eq!(
        problems(&[parent, child]),
        [
            "etl: tasks.go.pipeline.params.day: param `day` of `load`: \"yesterday\" is not a date such as 2026-11-24",
            "etl: tasks.go.pipeline.params.mdoe: `load`: there is no param `mdoe`, did you mean `mode`?",
            "etl: tasks.go.pipeline.params.rows: param `rows` of `load`: 10 is above the most, 9",
            "etl: tasks.go.pipeline: param `must` of `load` is required",
        ]
    );
}

#[test]
fn s81_a_pipeline_that_calls_itself_by_way_of_others_is_refused_with_the_ring() {
    let ring = [calling("a", "b"), calling("b", "c"), calling("c", "a")];
    assert_eq!(
        problems(&ring),
        ["c: tasks.go.pipeline.name: a pipeline cannot call itself: a → b → c → a"]
    );
    let inner = [calling("a", "b"), calling("b", "c"), calling("c", "b")];
    assert_eq!(
        problems(&inner),
        ["c: tasks.go.pipeline.name: a pipeline cannot call itself: b → c → b"]
    );
}

#[test]
fn s81_eight_runs_inside_one_another_are_enough() {
    let mut chain: Vec<Pipeline> = (1..8)
        .map(|nth| calling(&format!("p{nth}"), &format!("p{}", nth + 1)))
        .collect();
    let last = pipeline("p8", json!({"tasks": {"x": {}}}));
    assert_eq!(problems(&[chain.clone(), vec![last]].concat()), [""; 0]);
    chain.extend([
        calling("p8", "p9"),
        pipeline("p9", json!({"tasks": {"x": {}}})),
    ]);
    let found = problems(&chain);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("p8: tasks.go.pipeline.name: runs stand at most 8 deep"),
        "{found:?}"
    );
}

#[test]
fn an_output_of_a_called_pipeline_names_one_of_its_tasks() {
    let child = pipeline("load", json!({"tasks": {"extract": {}}}));
    let parent = pipeline(
        "etl",
        json!({"tasks": {
            "go": {"pipeline": {"name": "load"}},
            "good": {"depends_on": {"go": "success"}, "env": {"N": {"output": "go.extract.rows"}}},
            "bad": {"depends_on": {"go": "success"}, "env": {"N": {"output": "go.extrct.rows"}}},
            "asks": {"depends_on": {"go": "success"}, "when": "outputs.go.load.n == '1'"},
        }}),
    );
    assert_eq!(
        problems(&[parent, child]),
        [
            "etl: tasks.asks.when: `load` has no task `load`: there is only `extract`",
            "etl: tasks.bad.env.N: `load` has no task `extrct`, did you mean `extract`?",
        ]
    );
}

#[test]
fn one_that_was_not_found_is_not_spoken_of() {
    assert_eq!(problems(&[calling("a", "b")]), [""; 0]);
}
