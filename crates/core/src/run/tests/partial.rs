//! Runs of some of the tasks.

use super::world::{World, exits, plan, writes};
use crate::{
    definition::VolumeSource,
    name::TaskName,
    run::{
        Event, Given, Mount, Need, Partial, Reason, RunReason, RunState,
        TaskState::{self, Failed, Skipped, Succeeded},
        needs,
    },
};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

fn names(names: &[&str]) -> BTreeSet<TaskName> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn given(outputs: &[(&str, &str)]) -> Given {
    let text = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    Given {
        outputs: outputs.iter().map(text).collect(),
        ..Given::default()
    }
}

fn partial(pipeline: Json, only: &[&str], outside: &[(&str, Given)]) -> World {
    let mut world = World::new(pipeline);
    world.book.origin.partial = Some(Partial {
        only: names(only),
        given: outside
            .iter()
            .map(|(task, given)| (task.parse().unwrap(), given.clone()))
            .collect(),
    });
    world
}

fn etl() -> Json {
    json!({"tasks": {
        "list": {},
        "load": {"depends_on": {"list": "success"}, "for_each": {"output": "list.files"}},
        "report": {
            "depends_on": {"load": "success"}, "when": "outputs.list.files != '[]'",
            "env": {"ROWS": {"output": "load.rows"}, "HOW": {"task": "load.state"}},
        },
        "clean": {"finally": true},
    }})
}

#[test]
fn tasks_outside_of_a_partial_run_are_skipped_with_a_reason_of_their_own() {
    let from = Given {
        number: Some(41),
        ..given(&[("files", r#"["a","b"]"#)])
    };
    let world = partial(etl(), &["load"], &[("list", from)]).run();
    assert_eq!(world.state("list"), (Skipped, Some(Reason::NotSelected)));
    assert!(world.message("list").ends_with("what it gave is from p/41"));
    assert_eq!(world.state("report"), (Skipped, Some(Reason::NotSelected)));
    assert_eq!(world.message("report"), "this run is about other tasks");
    assert_eq!(world.state("clean"), (Skipped, Some(Reason::NotSelected)));
    assert_eq!(world.begun.len(), 2);
    assert_eq!(world.env("load/1", "GOFER_ITEM").as_deref(), Some("b"));
    assert_eq!(world.book.run().head.state, RunState::Succeeded);
}

#[test]
fn conditions_on_tasks_outside_count_as_met_and_when_is_asked_with_what_they_gave() {
    let outside = [
        ("list", given(&[("files", "[]")])),
        ("load", given(&[("rows", r#"["3"]"#)])),
    ];
    let world = partial(etl(), &["report"], &outside).run();
    assert_eq!(
        world.state("report"),
        (Skipped, Some(Reason::ConditionFalse))
    );
    let head = &world.book.run().head;
    assert_eq!(
        (head.state, head.reason),
        (RunState::Skipped, Some(RunReason::NothingToDo))
    );
    let outside = [
        ("list", given(&[("files", r#"["a"]"#)])),
        ("load", given(&[("rows", r#"["3"]"#)])),
    ];
    let world = partial(etl(), &["report"], &outside).run();
    assert_eq!(world.state("report").0, Succeeded);
    assert_eq!(world.env("report", "ROWS").as_deref(), Some(r#"["3"]"#));
    assert_eq!(world.env("report", "HOW").as_deref(), Some("succeeded"));
}

#[test]
fn how_a_task_outside_ended_where_it_was_taken_from_is_told() {
    let pipeline = json!({"tasks": {
        "a": {},
        "h": {
            "depends_on": {"a": "failure"},
            "env": {"S": {"task": "a.state"}, "C": {"task": "a.exit_code"}, "R": {"task": "a.reason"}},
        },
    }});
    let failed = Given {
        state: Failed,
        reason: Some(Reason::ExitCode),
        exit_code: Some(3),
        ..Given::default()
    };
    let world = partial(pipeline, &["h"], &[("a", failed)]).run();
    let told = ["S", "C", "R"].map(|name| world.env("h", name).unwrap());
    assert_eq!(told, ["failed", "3", "exit_code"]);
}

#[test]
fn a_finally_task_alone_sees_a_run_that_went_well_so_far() {
    let world = partial(etl(), &["clean"], &[]).run();
    assert_eq!(world.state("clean").0, Succeeded);
    let state = world.env("clean", "GOFER_RUN_STATE");
    assert_eq!(state.as_deref(), Some("succeeded"));
    assert_eq!(world.book.run().head.state, RunState::Succeeded);
}

#[test]
fn what_was_not_given_fails_the_task_that_reads_it() {
    let world = partial(etl(), &["load"], &[]).run();
    assert_eq!(world.state("load"), (Failed, Some(Reason::MissingValue)));
    assert!(world.message("load").contains("no list.files was given"));
}

#[test]
fn a_rerun_of_a_partial_run_is_about_the_same_tasks() {
    let list = given(&[("files", r#"["a"]"#)]);
    let mut world = partial(etl(), &["load"], &[("list", list)])
        .script("load", [exits(1), exits(0)])
        .run();
    let keys = world.book.again(&crate::run::Again::Everything).unwrap();
    world.send(&Event::Rerun { keys });
    world.finish();
    assert_eq!((world.starts("load"), world.begun.len()), (2, 2));
    for outside in ["list", "report", "clean"] {
        assert_eq!(world.state(outside), (Skipped, Some(Reason::NotSelected)));
    }
    let head = &world.book.run().head;
    assert_eq!((head.state, head.reason), (RunState::Succeeded, None));
}

#[test]
fn until_takes_a_task_and_all_that_comes_before_it() {
    let plan = plan(etl());
    let select = |task: &str, with| {
        let task: TaskName = task.parse().unwrap();
        Partial::select(&plan, &[task], with)
    };
    assert_eq!(select("report", true), names(&["list", "load", "report"]));
    assert_eq!(select("report", false), names(&["report"]));
    assert_eq!(select("list", true), names(&["list"]));
}

#[test]
fn what_a_task_reads_of_those_outside_is_known_before_it_runs() {
    let plan = plan(json!({"tasks": {
        "a": {}, "b": {}, "c": {},
        "t": {
            "depends_on": {"a": "success", "b": "success", "c": "success"}, "when": "outputs.a.w | default('x') == outputs.b.w",
            "env": {
                "A": {"output": "a.x"}, "B": {"output": "b.y", "default": "0"},
                "S": {"task": "c.state"},
            },
            "files": {"/f": {"output": "a.z"}}, "inputs": ["b"],
        },
    }}));
    let set = |keys: &[&str]| {
        keys.iter()
            .map(|key| (*key).to_owned())
            .collect::<BTreeSet<_>>()
    };
    let expected: BTreeMap<TaskName, Need> = [
        (
            "a",
            Need {
                required: set(&["x", "z"]),
                outputs: set(&["w", "x", "z"]),
                artifacts: false,
            },
        ),
        (
            "b",
            Need {
                required: set(&["w"]),
                outputs: set(&["w", "y"]),
                artifacts: true,
            },
        ),
        ("c", Need::default()),
    ]
    .into_iter()
    .map(|(task, need)| (task.parse().unwrap(), need))
    .collect();
    assert_eq!(needs(&plan, &names(&["t"])), expected);
    assert!(needs(&plan, &names(&["a", "b", "c", "t"])).is_empty());
}

#[test]
fn an_earlier_run_meets_a_need_if_its_task_went_well_and_wrote_all_of_it() {
    let only = names(&["report"]);
    let plan = plan(etl());
    let needs = needs(&plan, &only);
    let world = World::new(etl())
        .script(
            "list",
            [writes(&[("files", r#"["a","b"]"#), ("more", "x")])],
        )
        .script("load", [writes(&[("rows", "1")])])
        .script("load/1", [writes(&[("rows", "2")])])
        .run();
    let met = |world: &World, task: &str| {
        let at = plan.position(task).unwrap();
        let need = needs.get(&task.parse::<TaskName>().unwrap()).unwrap();
        let of = (world.book.identity().run, world.book.identity().number);
        need.met_by(
            plan.tasks.get(at).unwrap(),
            world.book.run().tasks.get(at).unwrap(),
            of,
        )
    };
    let list = met(&world, "list").unwrap();
    assert_eq!(list.outputs, given(&[("files", r#"["a","b"]"#)]).outputs);
    assert_eq!(
        (list.number, list.state, list.exit_code),
        (Some(42), TaskState::Succeeded, Some(0))
    );
    let load = met(&world, "load").unwrap();
    assert_eq!(load.outputs, given(&[("rows", r#"["1","2"]"#)]).outputs);

    let failed = World::new(etl())
        .script("list", [writes(&[("files", r#"["a"]"#)])])
        .script("load", [exits(1).also_writes(&[("rows", "1")])])
        .run();
    assert!(met(&failed, "list").is_some());
    assert!(met(&failed, "load").is_none());
    let silent = World::new(etl()).run();
    assert!(met(&silent, "list").is_none());
}

#[test]
fn every_tasks_container_has_the_mounts_of_its_run_and_they_win_over_the_file() {
    let mut world = World::new(json!({"tasks": {
        "a": {"volumes": {"/src": {"scratch": "s"}, "/data": {"scratch": "d"}}},
        "b": {},
    }}));
    world.book.origin.mounts = vec![Mount {
        source: "/home/me/src".to_owned(),
        target: "/src".to_owned(),
        read_only: true,
    }];
    let world = world.run();
    let host = (
        "/src".to_owned(),
        VolumeSource::Host("/home/me/src".to_owned()),
        true,
    );
    let volumes = |task: &str| &world.begun(task)[0].container.main.volumes;
    assert_eq!(*volumes("b"), std::slice::from_ref(&host));
    let data = (
        "/data".to_owned(),
        VolumeSource::Scratch("d".parse().unwrap()),
        false,
    );
    assert_eq!(*volumes("a"), [data, host]);
}
