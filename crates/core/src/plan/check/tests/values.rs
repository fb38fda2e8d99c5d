use super::*;

/// `transform`, `check` behind it, and a `report` with one value.
fn reader(depends_on: Json, value: Json) -> Json {
    let env = Json::from_iter([("ROWS", value)]);
    tasks(Json::from_iter([
        ("transform", json!({})),
        ("check", json!({"depends_on": {"transform": "success"}})),
        (
            "report",
            Json::from_iter([("depends_on", depends_on), ("env", env)]),
        ),
    ]))
}

#[test]
fn a_value_that_may_be_missing_needs_a_default_or_the_file_is_refused_with_the_task_that_may_not_have_run()
 {
    refused(
        reader(
            json!({"transform": "any"}),
            json!({"output": "transform.rows"}),
        ),
        "tasks.report.env.ROWS",
        "output transform.rows can be missing: transform may not have succeeded. Add a default: { output = \"transform.rows\", default = \"0\" }",
    );
    accepted(reader(
        json!({"transform": "any"}),
        json!({"output": "transform.rows", "default": "0"}),
    ));
}

#[test]
fn only_a_chain_of_success_edges_makes_an_output_certain() {
    let output = || json!({"output": "transform.rows"});
    for depends_on in [
        json!({"transform": "success"}),
        json!({"check": "success"}),
        json!({"transform": "success", "check": "any"}),
        json!({"transform": "failure", "check": "success"}),
    ] {
        accepted(reader(depends_on, output()));
    }
    for depends_on in [
        json!({"transform": "failure"}),
        json!({"transform": "not_failed"}),
        json!({"check": "not_failed"}),
        json!({"check": "any"}),
    ] {
        refused(
            reader(depends_on, output()),
            "tasks.report.env.ROWS",
            "can be missing",
        );
    }
}

#[test]
fn an_allowed_failure_on_the_way_makes_an_output_uncertain() {
    let with = |task: &str, key: &str, value: Json| {
        let mut value_of = reader(
            json!({"check": "success"}),
            json!({"output": "transform.rows"}),
        );
        value_of["tasks"][task][key] = value;
        value_of
    };
    for task in ["transform", "check"] {
        refused(
            with(task, "allow_failure", json!(true)),
            "tasks.report.env.ROWS",
            "can be missing",
        );
    }
    accepted(with("transform", "when", json!("true")));
    accepted(with("report", "allow_failure", json!(true)));
}

#[test]
fn a_finally_task_reads_all_ordinary_tasks_and_always_with_a_default() {
    let with =
        |value: Json| tasks(json!({"load": {}, "clean": {"finally": true, "env": {"X": value}}}));
    refused(
        with(json!({"output": "load.x"})),
        "tasks.clean.env.X",
        "can be missing",
    );
    accepted(with(json!({"output": "load.x", "default": ""})));
    accepted(with(json!({"task": "load.state"})));
    let chain = |value: Json| {
        tasks(json!({
            "one": {"finally": true},
            "two": {"finally": true, "depends_on": {"one": "success"}, "env": {"X": value}},
        }))
    };
    refused(
        chain(json!({"output": "one.x"})),
        "tasks.two.env.X",
        "can be missing",
    );
    accepted(chain(json!({"output": "one.x", "default": ""})));
}

#[test]
fn an_output_or_a_state_is_that_of_a_task_upstream() {
    let with = |value: Json| {
        tasks(json!({"a": {}, "b": {}, "c": {"depends_on": {"b": "success"}, "env": {"X": value}}}))
    };
    for value in [
        json!({"output": "a.x", "default": ""}),
        json!({"task": "a.state"}),
    ] {
        refused(
            with(value),
            "tasks.c.env.X",
            "`a` is not upstream of `c`: add it to `depends_on`",
        );
    }
    refused(
        with(json!({"output": "bb.x"})),
        "tasks.c.env.X",
        "there is no task `bb`, did you mean `b`?",
    );
    refused(
        with(json!({"task": "c.state"})),
        "tasks.c.env.X",
        "cannot read of itself",
    );
}

#[test]
fn an_output_fits_the_kind_of_its_task() {
    let with = |value: Json| {
        tasks(json!({
            "run": {}, "ask": {"approval": {"message": "?"}}, "call": {"pipeline": {"name": "other"}},
            "z": {"depends_on": {"run": "success", "ask": "success", "call": "success"}, "env": {"X": value}},
        }))
    };
    refused(
        with(json!({"output": "run.child.x"})),
        "tasks.z.env.X",
        "`run` calls no pipeline",
    );
    refused(
        with(json!({"output": "call.x"})),
        "tasks.z.env.X",
        "call.TASK.x is expected",
    );
    refused(
        with(json!({"output": "ask.answer"})),
        "tasks.z.env.X",
        "has no output `answer`: there are `by` and `comment`",
    );
    for value in ["run.x", "call.child.x", "ask.by", "ask.comment"] {
        accepted(with(json!({"output": value})));
    }
}

#[test]
fn a_param_must_be_declared() {
    let with = |value: Json| json!({"params": {"day": {}}, "tasks": {"a": {"env": {"X": value}}}});
    refused(
        with(json!({"param": "dya"})),
        "tasks.a.env.X",
        "there is no param `dya`, did you mean `day`?",
    );
    accepted(with(json!({"param": "day"})));
}

#[test]
fn a_secret_stands_only_where_it_stays_one() {
    let secret = || json!({"secret": "s"});
    accepted(tasks(json!({"a": {
        "env": {"X": secret()}, "files": {"/etc/x": secret()}, "registry": {"username": "u", "password": secret()},
    }})));
    let refusal = "only in `env`, `files` and `registry.password`";
    refused(
        tasks(json!({"a": {"image": secret()}})),
        "tasks.a.image",
        refusal,
    );
    refused(
        tasks(json!({"a": {"cache": {"key": ["x", secret()], "ttl": "1h"}}})),
        "tasks.a.cache.key[1]",
        refusal,
    );
    refused(
        tasks(json!({"a": {"pipeline": {"name": "other", "params": {"p": secret()}}}})),
        "tasks.a.pipeline.params.p",
        refusal,
    );
    refused(
        tasks(json!({"a": {"services": {"db": {"image": secret()}}}})),
        "tasks.a.services.db.image",
        refusal,
    );
}

#[test]
fn an_item_is_that_of_a_fan_out_and_has_the_field() {
    let with = |key: &str, source: Json, value: Json| {
        tasks(json!({"a": {key: source, "env": {"X": value}}}))
    };
    refused(
        tasks(json!({"a": {"env": {"X": {"item": "."}}}})),
        "tasks.a.env.X",
        "`a` has no items",
    );
    refused(
        with(
            "matrix",
            json!({"region": ["eu"]}),
            json!({"item": "regoin"}),
        ),
        "tasks.a.env.X",
        "did you mean `region`?",
    );
    refused(
        with("for_each", json!(["a"]), json!({"item": "city"})),
        "tasks.a.env.X",
        "no item has a field `city`",
    );
    accepted(with(
        "matrix",
        json!({"region": ["eu"]}),
        json!({"item": "region"}),
    ));
    accepted(with(
        "for_each",
        json!([{"city": "Bonn"}]),
        json!({"item": "city"}),
    ));
    accepted(with("for_each", json!(["a"]), json!({"item": "."})));
}

#[test]
fn an_event_is_read_only_by_a_trigger() {
    refused(
        tasks(json!({"a": {"env": {"X": {"event": "ref"}}}})),
        "tasks.a.env.X",
        "only in `triggers.NAME.params`",
    );
}

#[test]
fn an_object_without_a_default_is_noted() {
    let notes =
        |value: Json| found(tasks(json!({"a": {"env": {"X": value}}})), Severity::Note).len();
    assert_eq!(notes(json!({"object": "k"})), 1);
    assert_eq!(notes(json!({"object": "k", "default": ""})), 0);
}

#[test]
fn a_mistake_in_defaults_is_said_once_and_there() {
    refused(
        json!({"defaults": {"image": "x", "env": {"X": {"output": "list.x"}}}, "tasks": {"list": {"env": {"X": "own"}}, "one": {}, "two": {}}}),
        "defaults.env.X",
        "`list` is not upstream of `one`: add it to `depends_on` (as `one` reads it)",
    );
    refused(
        json!({"defaults": {"image": {"param": "none"}}, "tasks": {"a": {}, "b": {}}}),
        "defaults.image",
        "there is no param",
    );
    accepted(
        json!({"defaults": {"image": {"item": "."}}, "tasks": {"a": {"for_each": ["x"]}, "b": {"image": "y"}}}),
    );
}

#[test]
fn the_default_that_is_asked_for_fits_its_reader() {
    let list = json!({"map": {"for_each": ["a"]}, "z": {"depends_on": {"map": "any"}, "env": {"X": {"output": "map.x"}}}});
    refused(tasks(list), "tasks.z.env.X", "default = \"[]\" }");
    let each = json!({"a": {}, "z": {"depends_on": {"a": "any"}, "for_each": {"output": "a.x"}}});
    refused(tasks(each), "tasks.z.for_each", "default = \"[]\" }");
}
