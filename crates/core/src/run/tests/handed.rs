//! Artifacts, inputs and objects, and what becomes of a task that leaves what cannot be kept.

use super::world::{World, exits, key, writes};
use crate::run::{Artifacts, Event, Exit, Object, Reason, TaskState};
use serde_json::json;
use std::collections::BTreeMap;

/// The end of an attempt with this code, which left this.
fn left(task: &str, code: i32, artifacts: Result<Option<Artifacts>, (Reason, String)>) -> Event {
    let ending = crate::run::Ending::Exited(Exit {
        at: super::world::start(),
        code,
        out_of_memory: false,
        engine_restarted: false,
        stopped_outside: false,
        bad_command: None,
    });
    Event::Ended {
        key: key(task),
        attempt: 1,
        ending,
        outputs: Ok(BTreeMap::new()),
        artifacts,
    }
}

const SOME: Artifacts = Artifacts { files: 2, bytes: 5 };

#[expect(
    clippy::needless_pass_by_value,
    reason = "reads better where it is called"
)]
fn running(tasks: serde_json::Value) -> World {
    let mut world = World::new(json!({ "tasks": tasks })).script("a", [exits(0).takes(60)]);
    world.admit().until(1);
    world
}

#[test]
fn what_cannot_be_kept_fails_an_attempt_that_exited_with_0_and_changes_no_other_end() {
    let why = || Err((Reason::ArtifactsTooLarge, "too much".to_owned()));
    let mut world = running(json!({"a": {}}));
    world.send(&left("a", 0, why()));
    let expected = (TaskState::Failed, Some(Reason::ArtifactsTooLarge));
    assert_eq!(
        (world.state("a"), world.message("a")),
        (expected, "too much")
    );
    assert_eq!(world.unit("a").attempts[0].artifacts, None);

    let mut world = running(json!({"a": {}}));
    world.send(&left("a", 3, why()));
    assert_eq!(
        world.state("a"),
        (TaskState::Failed, Some(Reason::ExitCode))
    );

    let mut world = running(json!({"a": {}}));
    let mut both = left("a", 0, why());
    if let Event::Ended { outputs, .. } = &mut both {
        *outputs = Err("line 1".to_owned());
    }
    world.send(&both);
    assert_eq!(
        world.state("a"),
        (TaskState::Failed, Some(Reason::BadOutputs))
    );
}

#[test]
fn inputs_are_what_the_last_attempts_left_also_failed_ones() {
    for code in [0, 1] {
        let mut world = running(json!({
            "a": {}, "b": {"depends_on": {"a": "any"}, "inputs": ["a"]},
        }));
        world.send(&left("a", code, Ok(Some(SOME))));
        let inputs = &world.begun("b")[0].container.inputs;
        assert_eq!(inputs.len(), 1);
        let of = (inputs[0].task.as_str(), inputs[0].item, inputs[0].number);
        assert_eq!((of, inputs[0].artifacts), (("a", None, 1), SOME));
    }
}

#[test]
fn who_left_nothing_gives_nothing() {
    let mut world = running(json!({
        "a": {}, "b": {"depends_on": {"a": "any"}, "inputs": ["a"]},
    }));
    world.send(&left("a", 0, Ok(None)));
    assert!(world.begun("b")[0].container.inputs.is_empty());
}

#[test]
fn a_task_that_succeeds_makes_objects_of_the_outputs_that_it_names() {
    let mut world = World::new(json!({"tasks": {"a": {"objects": ["rows", "not_written"]}}}))
        .script("a", [writes(&[("rows", "12"), ("other", "x")]).takes(60)]);
    world.admit().until(59);
    let event = |code| {
        let mut event = left("a", code, Ok(None));
        if let Event::Ended { outputs, .. } = &mut event {
            *outputs = Ok([("rows".parse().unwrap(), "12".to_owned())].into());
        }
        event
    };
    let (mut succeeds, mut fails) = (world.book.clone(), world.book.clone());
    let step = succeeds.apply(&event(0), world.now).unwrap();
    let expected = Object {
        key: "rows".parse().unwrap(),
        value: "12".to_owned(),
        at: world.now,
    };
    assert_eq!(step.objects, [expected]);
    let step = fails.apply(&event(1), world.now).unwrap();
    assert_eq!(step.objects, []);
}

#[test]
fn what_this_run_kept_wins_over_what_was_there() {
    let mut world = World::new(json!({"tasks": {
        "first": {"env": {"C": {"object": "cursor"}}},
        "a": {"depends_on": {"first": "success"}, "objects": ["cursor"]},
        "last": {"depends_on": {"a": "success"}, "env": {"C": {"object": "cursor"}}},
        "early": {"env": {"C": {"object": "cursor", "scope": "run"}}},
    }}))
    .script("a", [writes(&[("cursor", "8")])]);
    let kept = [("cursor".parse().unwrap(), "7".to_owned())];
    world.book.know_objects(kept.into());
    let world = world.run();
    assert_eq!(world.env("first", "C").as_deref(), Some("7"));
    assert_eq!(world.env("last", "C").as_deref(), Some("8"));
    assert_eq!(
        (world.state("early"), world.message("early")),
        (
            (TaskState::Failed, Some(Reason::MissingValue)),
            "env.C: no task of this run has kept an object cursor"
        )
    );
}
