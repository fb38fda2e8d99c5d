use super::*;

#[test]
fn an_image_is_required_unless_defaults_has_one() {
    refused(
        json!({"defaults": {}, "tasks": {"a": {"script": "x"}}}),
        "tasks.a",
        "no image: name one here or in `defaults`",
    );
    accepted(
        json!({"defaults": {}, "tasks": {"a": {"image": "x"}, "b": {"approval": {"message": "?"}}}}),
    );
}

#[test]
fn a_script_excludes_command_and_entrypoint_wherever_they_stand_together() {
    for key in ["command", "entrypoint"] {
        refused(
            tasks(json!({"a": {"script": "x", key: ["y"]}})),
            &format!("tasks.a.{key}"),
            "exclude each other",
        );
    }
    refused(
        json!({"defaults": {"image": "x", "script": "x", "command": ["y"]}, "tasks": {"a": {}}}),
        "defaults.command",
        "exclude each other",
    );
    refused(
        tasks(json!({"a": {"services": {"db": {"image": "y", "script": "x", "command": ["z"]}}}})),
        "tasks.a.services.db.command",
        "exclude each other",
    );
    accepted(
        json!({"defaults": {"image": "x", "script": "x"}, "tasks": {"a": {"command": ["y"]}, "b": {}}}),
    );
}

#[test]
fn a_pipe_in_a_script_without_an_interpreter_is_a_warning() {
    let warns =
        |script: &str| found(tasks(json!({"a": {"script": script}})), Severity::Warning).len();
    for script in [
        "pg_dump x | gzip > y",
        "set -e\na |\nb",
        "echo \"x\" |grep y",
        "a || b | c",
    ] {
        assert_eq!(warns(script), 1, "{script}");
    }
    for script in [
        "#!/bin/bash\na | b",
        "set -o pipefail\na | b",
        "a || b",
        "echo 'a | b' \"c | d\" \\| # e | f",
        "case $x in a|b) y ;; c | d) z ;; esac",
        "echo x >| y",
    ] {
        assert_eq!(warns(script), 0, "{script}");
    }
    assert_eq!(warns(&format!("{}x) y", "a|".repeat(30_000))), 0);
    assert_eq!(warns("case $x in a|b) y ;; esac; c | d"), 1);
    let shared =
        json!({"defaults": {"image": "x", "script": "a | b"}, "tasks": {"a": {}, "b": {}}});
    assert_eq!(
        found(shared, Severity::Warning)[0].path.to_string(),
        "defaults.script"
    );
}

#[test]
fn a_task_is_of_one_kind() {
    let call = json!({"name": "other"});
    let ask = json!({"message": "?"});
    refused(
        tasks(json!({"a": {"approval": ask, "pipeline": call}})),
        "tasks.a.pipeline",
        "not both",
    );
    refused(
        tasks(json!({"a": {"approval": ask, "image": "x"}})),
        "tasks.a",
        "an approval has no container",
    );
    refused(
        tasks(json!({"a": {"pipeline": call, "script": "x"}})),
        "tasks.a",
        "a pipeline task has no container",
    );
}

#[test]
fn an_approval_has_no_fan_out_retry_or_pools() {
    for (key, value) in [
        ("matrix", json!({"os": ["a"]})),
        ("for_each", json!(["a"])),
        ("retry", json!({"limit": 1})),
        ("pools", json!(["db"])),
    ] {
        let path = format!("tasks.a.{key}");
        refused(
            tasks(json!({"a": {"approval": {"message": "?"}, key: value}})),
            &path,
            &format!("no `{key}`"),
        );
    }
}

#[test]
fn a_pipeline_that_calls_itself_is_refused() {
    refused(
        tasks(json!({"a": {"pipeline": {"name": "etl"}}})),
        "tasks.a.pipeline.name",
        "cannot call itself",
    );
}

#[test]
fn exit_codes_and_final_exit_codes_exclude_each_other() {
    refused(
        tasks(json!({"a": {"retry": {"limit": 1, "exit_codes": [1], "final_exit_codes": [2]}}})),
        "tasks.a.retry.final_exit_codes",
        "write one of them",
    );
}

#[test]
fn a_task_must_not_name_a_pool_of_its_run() {
    let pools = json!(["db"]);
    refused(
        json!({"pools": pools, "tasks": {"a": {"pools": ["api", "db"]}}}),
        "tasks.a.pools[1]",
        "the run itself holds",
    );
    refused(
        json!({"pools": pools, "defaults": {"image": "x", "pools": ["db"]}}),
        "defaults.pools[0]",
        "the run itself holds",
    );
    refused(
        tasks(json!({"a": {"pools": ["db", "db"]}})),
        "tasks.a.pools[1]",
        "there twice",
    );
}

#[test]
fn a_fan_out_has_one_source() {
    refused(
        tasks(json!({"a": {"matrix": {"os": ["a"]}, "for_each": ["b"]}})),
        "tasks.a.for_each",
        "not both",
    );
}

#[test]
fn max_parallel_without_a_fan_out_stands_at_the_top() {
    refused(
        tasks(json!({"a": {"max_parallel": 2}})),
        "tasks.a.max_parallel",
        "for the whole run `max_parallel` stands at the top",
    );
    accepted(json!({"max_parallel": 2, "tasks": {"a": {"for_each": ["b"], "max_parallel": 2}}}));
}

#[test]
fn a_matrix_has_1_to_1000_combinations() {
    let numbers = |count: usize| (0..count).collect::<Vec<_>>();
    refused(
        tasks(json!({"a": {"matrix": {}}})),
        "tasks.a.matrix",
        "no items",
    );
    refused(
        tasks(json!({"a": {"matrix": {"os": []}}})),
        "tasks.a.matrix.os",
        "has no values",
    );
    refused(
        tasks(json!({"a": {"matrix": {"os": [null]}}})),
        "tasks.a.matrix.os[0]",
        "is no value",
    );
    let matrix = |last: usize| json!({"x": numbers(10), "y": numbers(10), "z": numbers(last)});
    refused(
        tasks(json!({"a": {"matrix": matrix(11)}})),
        "tasks.a.matrix",
        "1100 combinations are too many; at most 1000",
    );
    accepted(tasks(json!({"a": {"matrix": matrix(10)}})));
}

#[test]
fn a_list_of_items_has_at_most_1000_and_each_is_a_scalar_or_a_record() {
    let items: Vec<usize> = (0..1_001).collect();
    refused(
        tasks(json!({"a": {"for_each": items}})),
        "tasks.a.for_each",
        "1001 items are too many",
    );
    refused(
        tasks(json!({"a": {"for_each": ["a", ["b"]]}})),
        "tasks.a.for_each[1]",
        "an item is",
    );
    accepted(tasks(
        json!({"a": {"for_each": ["a", 1, true, {"k": "v"}]}, "b": {"for_each": []}}),
    ));
}

#[test]
fn for_each_reads_an_output_or_a_json_param() {
    let params = json!({"files": {"type": "json", "default": []}, "day": {"default": ""}});
    let with = |reference: Json| json!({"params": params, "tasks": {"a": {"for_each": reference}}});
    refused(
        with(json!({"param": "day"})),
        "tasks.a.for_each",
        "holds no list: give it type = \"json\"",
    );
    refused(
        with(json!({"param": "filse"})),
        "tasks.a.for_each",
        "did you mean `files`?",
    );
    refused(
        with(json!({"param": "files", "default": "x"})),
        "tasks.a.for_each",
        "a JSON list as text",
    );
    accepted(with(json!({"param": "files", "default": "[]"})));
    let errors = errors(with(json!({"secret": "s"})));
    assert!(
        errors
            .iter()
            .any(|line| line.contains("a list in the file, an output or a param")),
        "{errors:?}"
    );
}
