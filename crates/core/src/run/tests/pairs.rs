//! Every pair of a state and an event: either it is in the rule book, or it changes nothing.

use super::world::{World, hangs, key, start};
use crate::run::{Ending, Event, Outcome, RunStop, Stage, TaskState};
use serde_json::json;
use std::collections::BTreeMap;

fn pipeline() -> serde_json::Value {
    json!({"tasks": {
        "a": {"retry": {"limit": 1, "delay": "60s"}}, "b": {"depends_on": {"a": "success"}},
        "z": {"finally": true},
    }})
}

#[expect(clippy::too_many_lines, reason = "a list")]
fn all_events() -> Vec<Event> {
    let (key, attempt, outputs) = (key("a"), 1, Ok(BTreeMap::new()));
    let ended = |ending| Event::Ended {
        key: key.clone(),
        attempt,
        ending,
        outputs: outputs.clone(),
        artifacts: Ok(None),
    };
    vec![
        Event::Admitted,
        Event::Tick,
        Event::Cancel(RunStop::Person),
        Event::Cancel(RunStop::Replaced),
        Event::Cancel(RunStop::Timeout),
        Event::Created {
            key: key.clone(),
            attempt,
            container: "c".to_owned(),
        },
        Event::Started {
            key: key.clone(),
            attempt,
            at: start(),
            image: None,
            service_images: BTreeMap::new(),
            node: None,
        },
        Event::Noted {
            key: key.clone(),
            attempt,
            message: Some("pulling".to_owned()),
        },
        ended(Ending::Vanished),
        ended(Ending::NoExitCode),
        Event::Removed {
            key: key.clone(),
            attempt,
        },
        Event::Answered {
            key: key.clone(),
            approved: true,
            by: String::new(),
            comment: String::new(),
        },
        Event::ChildEnded {
            key: key.clone(),
            attempt,
            outcome: Outcome::Failed,
            child: "child/7".to_owned(),
            why: None,
            outputs: BTreeMap::new(),
        },
        Event::Rerun {
            keys: vec![key.clone()],
        },
        Event::Rerun { keys: Vec::new() },
        Event::Created {
            key: super::world::key("nobody"),
            attempt,
            container: "c".to_owned(),
        },
        Event::Created {
            key: key.clone(),
            attempt: 9,
            container: "c".to_owned(),
        },
    ]
}

/// The same run in every state it can be in.
fn all_states() -> Vec<(&'static str, World)> {
    let at = |secs: Option<i64>| {
        let mut world = World::new(pipeline())
            .script("a", [hangs()])
            .script("z", [hangs()]);
        if let Some(secs) = secs {
            world.admit().until(secs);
        }
        world
    };
    let mut cancelling = at(Some(5));
    cancelling.cancel();
    let mut in_finally = at(Some(5));
    in_finally.cancel().until(10);
    let mut stopped = at(Some(5));
    stopped.cancel().cancel();
    let mut over = at(Some(5));
    over.cancel().cancel().finish();
    let mut retrying = at(Some(5));
    let (key, ending) = (key("a"), Ending::Vanished);
    retrying.send(&Event::Ended {
        key,
        attempt: 1,
        ending,
        outputs: Ok(BTreeMap::new()),
        artifacts: Ok(None),
    });
    let mut starting = at(None);
    starting.send(&Event::Admitted);
    vec![
        ("queued", at(None)),
        ("starting", starting),
        ("running", at(Some(5))),
        ("retrying", retrying),
        ("cancelling", cancelling),
        ("in finally", in_finally),
        ("finally stopped", stopped),
        ("over", over),
    ]
}

#[test]
fn an_illegal_pair_changes_nothing_and_a_legal_one_leaves_counters_that_a_restart_would_find() {
    let (mut legal, mut illegal) = (0, 0);
    for event in all_events() {
        for (state, mut world) in all_states() {
            let before = world.book.clone();
            if world.book.apply(&event, world.now).is_err() {
                illegal += 1;
                assert_eq!(before.run(), world.book.run(), "{state}: {event:?}");
                continue;
            }
            legal += 1;
            let again = crate::run::Book::restore(
                before.plan().clone(),
                before.identity().clone(),
                before.origin().clone(),
                world.book.run().clone(),
            );
            assert_eq!(again.queue, world.book.queue, "{state}: {event:?}");
            assert_eq!(again.timers, world.book.timers, "{state}: {event:?}");
            assert_eq!(again.live, world.book.live, "{state}: {event:?}");
            assert_eq!(again.pending, world.book.pending, "{state}: {event:?}");
        }
    }
    assert!(
        legal > 25 && illegal > 60,
        "{legal} legal, {illegal} illegal"
    );
}

#[test]
fn a_finished_run_takes_nothing_but_a_rerun_and_the_removal_of_its_containers() {
    let (_, world) = all_states().pop().unwrap();
    for event in all_events() {
        let mut book = world.book.clone();
        let taken = book.apply(&event, world.now).is_ok();
        let may = matches!(&event, Event::Tick | Event::Removed { .. })
            || matches!(&event, Event::Rerun { keys } if !keys.is_empty());
        assert_eq!(taken, may, "{event:?}");
    }
}

#[test]
fn a_start_is_not_permitted_once_the_attempt_is_to_be_stopped() {
    let mut world = World::new(pipeline());
    world.send(&Event::Admitted);
    world.cancel();
    let created = Event::Created {
        key: key("a"),
        attempt: 1,
        container: "c".to_owned(),
    };
    assert!(world.book.apply(&created, world.now).is_err());
}

#[test]
fn what_a_restart_has_to_do_is_found_in_the_run() {
    use crate::run::Effect::{Finish, Remove, Start, Stop};
    let mut world = World::new(pipeline())
        .script("a", [hangs()])
        .script("z", [hangs()]);
    world.admit().until(5);
    let names = |world: &World| -> Vec<&'static str> {
        let effects = world.book.resume();
        effects
            .iter()
            .map(|effect| match effect {
                Start { .. } => "start",
                Stop { .. } => "stop",
                Remove { .. } => "remove",
                Finish => "finish",
                _ => "other",
            })
            .collect()
    };
    assert_eq!(names(&world), ["start"]);
    world.cancel();
    assert_eq!(names(&world), ["start", "stop"]);
    world.finish_all();
    assert_eq!(names(&world).last(), Some(&"finish"));
    assert_eq!(world.unit("a").state, TaskState::Cancelled);
    assert!(world.unit("a").attempts[0].stage >= Stage::Ended);
}
