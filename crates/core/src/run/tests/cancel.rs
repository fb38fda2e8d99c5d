//! Finally, cancel, timeouts: sentences 24 to 37.

use super::world::{World, exits, hangs, start};
use crate::run::{Event, Outcome, Reason, RunReason, RunState, RunStop, TaskState::*};
use jiff::SignedDuration;
use serde_json::json;
use std::time::Duration;

fn run_of(world: &World) -> (RunState, Option<RunReason>) {
    (world.book.run().head.state, world.book.run().head.reason)
}

fn with_clean_up() -> serde_json::Value {
    json!({"tasks": {"a": {}, "b": {"depends_on": {"a": "success"}}, "z": {"finally": true}}})
}

#[test]
fn s24_finally_tasks_run_after_everything_and_know_which_it_was() {
    let good = World::new(with_clean_up()).run();
    let bad = World::new(with_clean_up()).script("a", [exits(1)]).run();
    let mut cancelled = World::new(with_clean_up()).script("a", [hangs()]);
    cancelled.admit().until(5).cancel().finish();
    let mut pipeline = with_clean_up();
    pipeline["timeout"] = "10s".into();
    let late = World::new(pipeline).script("a", [hangs()]).run();
    for (world, state, failed) in [
        (good, "succeeded", "[]"),
        (bad, "failed", "[\"a\"]"),
        (cancelled, "cancelled", "[]"),
        (late, "failed", "[]"),
    ] {
        assert_eq!(world.starts("z"), 1, "{state}");
        assert_eq!(world.env("z", "GOFER_RUN_STATE").as_deref(), Some(state));
        assert_eq!(
            world.env("z", "GOFER_FAILED_TASKS").as_deref(),
            Some(failed),
            "{state}"
        );
        assert_eq!(world.state("z").0, Succeeded);
    }
}

#[test]
fn s25_a_finally_task_whose_producer_wrote_nothing_runs_with_the_default() {
    let world = World::new(json!({"tasks": {
        "a": {}, "z": {"finally": true, "env": {"N": {"output": "a.rows", "default": "none"}}},
    }}))
    .script("a", [exits(1)])
    .run();
    assert_eq!(world.env("z", "N").as_deref(), Some("none"));
}

#[test]
fn s26_any_does_not_run_after_a_cancel_and_what_waits_is_cancelled_at_once() {
    let mut world = World::new(json!({"tasks": {"a": {}, "b": {"depends_on": {"a": "any"}}}}))
        .script("a", [hangs()]);
    world.admit().until(5).cancel();
    assert_eq!(world.state("b"), (Cancelled, Some(Reason::RunCancelled)));
    world.finish();
    assert_eq!(world.starts("b"), 0);
}

#[test]
fn s27_a_second_cancel_stops_the_finally_tasks_as_well() {
    let mut world = World::new(with_clean_up())
        .script("a", [hangs()])
        .script("z", [hangs()]);
    world.admit().until(5).cancel().until(10);
    assert_eq!(world.state("z").0, Running);
    world.cancel().finish();
    assert_eq!(world.state("z"), (Cancelled, Some(Reason::RunCancelled)));
    assert_eq!(
        run_of(&world),
        (RunState::Cancelled, Some(RunReason::ByPerson))
    );
}

#[test]
fn two_cancels_in_a_row_leave_no_finally_task_to_run() {
    let mut world = World::new(with_clean_up()).script("a", [hangs()]);
    world.admit().until(5).cancel().cancel().finish();
    assert_eq!((world.starts("z"), world.state("z").0), (0, Cancelled));
}

#[test]
fn a_third_cancel_gives_no_grace() {
    let mut world = World::new(with_clean_up())
        .script("a", [hangs()])
        .script("z", [hangs()]);
    world.admit().until(5).cancel().until(10).cancel().cancel();
    assert_eq!(
        world.stops.last().map(|(_, grace)| *grace),
        Some(Duration::ZERO)
    );
    world.finish();
}

#[test]
fn s28_while_finally_tasks_run_after_a_cancel_the_run_is_cancelling() {
    let mut world = World::new(with_clean_up())
        .script("a", [hangs()])
        .script("z", [exits(0).takes(60)]);
    world.admit().until(5).cancel().until(30);
    assert_eq!(
        (world.state("z").0, run_of(&world).0),
        (Running, RunState::Cancelling)
    );
    world.finish();
}

#[test]
fn s29_a_cancelled_task_is_cancelled_whatever_its_container_then_reports() {
    for code in [0, 1, 137, 143] {
        let mut world =
            World::new(json!({"tasks": {"a": {}}})).script("a", [exits(code).takes(600)]);
        world.admit().until(5).cancel().finish();
        assert_eq!(
            world.state("a"),
            (Cancelled, Some(Reason::RunCancelled)),
            "{code}"
        );
        assert_eq!(world.unit("a").attempts[0].exit_code, Some(code));
    }
}

#[test]
fn s30_a_cancel_tells_the_container_at_once_with_its_grace() {
    let mut world = World::new(json!({"tasks": {"a": {"stop_grace": "3s"}, "b": {}}}))
        .script("a", [hangs()])
        .script("b", [hangs()]);
    world.admit().until(5).cancel();
    let graces: Vec<u64> = world
        .stops
        .iter()
        .map(|(_, grace)| grace.as_secs())
        .collect();
    assert_eq!(graces, [3, 10]);
    world.finish();
}

#[test]
fn s31_a_retry_that_is_due_never_starts_after_a_cancel() {
    let mut world = World::new(json!({"tasks": {"a": {"retry": {"limit": 5, "delay": "60s"}}}}))
        .script("a", [exits(1)]);
    world.admit().until(5);
    assert_eq!(world.state("a").0, Retrying);
    world.cancel();
    assert_eq!(world.state("a"), (Cancelled, Some(Reason::RunCancelled)));
    assert_eq!(run_of(&world).0, RunState::Cancelled);
    assert_eq!(world.starts("a"), 1);
}

#[test]
fn s32_cancelling_reaches_child_runs_and_a_child_cancelled_by_itself_fails_its_task() {
    let pipeline = json!({"tasks": {"a": {"pipeline": {"name": "child"}}}});
    let mut world = World::new(pipeline.clone());
    world.admit().until(5).cancel().finish();
    assert_eq!(world.calls_cancelled.len(), 1);
    assert_eq!(world.state("a").0, Cancelled);
    let alone = World::new(pipeline.clone())
        .child("a", Outcome::Cancelled, &[])
        .run();
    assert_eq!(alone.state("a"), (Failed, Some(Reason::ChildFailed)));
    let failed = World::new(pipeline.clone())
        .child("a", Outcome::Failed, &[])
        .run();
    assert_eq!(failed.state("a"), (Failed, Some(Reason::ChildFailed)));
    let skipped = World::new(pipeline).child("a", Outcome::Skipped, &[]).run();
    assert_eq!(skipped.state("a").0, Skipped);
}

#[test]
fn outputs_of_a_called_pipeline_are_named_by_its_tasks() {
    let world = World::new(json!({"tasks": {
        "c": {"pipeline": {"name": "child"}},
        "r": {"depends_on": {"c": "success"}, "env": {"N": {"output": "c.load.rows"}}},
    }}))
    .child("c", Outcome::Succeeded, &[("load.rows", "5")])
    .run();
    assert_eq!(world.env("r", "N").as_deref(), Some("5"));
}

#[test]
fn s33_a_tasks_timeout_counts_from_the_start_of_its_container() {
    let mut world = World::new(json!({"max_parallel": 1, "tasks": {
        "a": {}, "b": {"timeout": "10s"},
    }}))
    .script("a", [exits(0).takes(600)])
    .script("b", [exits(0).takes(9)]);
    world.admit().finish();
    assert_eq!(world.state("b"), (Succeeded, None));
}

#[test]
fn s34_each_attempt_has_the_whole_timeout() {
    let world = World::new(json!({"tasks": {
        "a": {"timeout": "10s", "retry": {"limit": 1, "delay": "1s"}},
    }}))
    .script("a", [hangs(), exits(0).takes(9)])
    .run();
    assert_eq!(world.state("a"), (Succeeded, None));
    assert_eq!(world.unit("a").attempts[0].state, TimedOut);
}

#[test]
fn s35_the_runs_timeout_counts_pauses_and_approvals_but_not_the_time_in_queued() {
    let mut world = World::new(json!({"timeout": "60s", "tasks": {
        "a": {"retry": {"limit": 9, "delay": "50s"}},
    }}))
    .script("a", [exits(1)]);
    world.until(1_000).admit().finish();
    assert_eq!(
        run_of(&world),
        (RunState::Failed, Some(RunReason::TimedOut))
    );
    assert_eq!(world.now, start() + SignedDuration::from_secs(1_060));
    let asked =
        World::new(json!({"timeout": "60s", "tasks": {"a": {"approval": {"message": "?"}}}})).run();
    assert_eq!(asked.state("a"), (Cancelled, Some(Reason::RunTimedOut)));
}

#[test]
fn s36_at_the_runs_timeout_running_tasks_get_their_grace_and_end_cancelled() {
    let world = World::new(json!({"timeout": "60s", "tasks": {
        "a": {"stop_grace": "7s"}, "b": {"depends_on": {"a": "any"}},
    }}))
    .script("a", [hangs()])
    .run();
    assert_eq!(world.stops[0].1, Duration::from_secs(7));
    assert_eq!(world.state("a"), (Cancelled, Some(Reason::RunTimedOut)));
    assert_eq!(world.state("b"), (Cancelled, Some(Reason::RunTimedOut)));
    assert_eq!(
        run_of(&world),
        (RunState::Failed, Some(RunReason::TimedOut))
    );
}

#[test]
fn the_runs_timeout_does_not_count_its_finally_tasks() {
    let world = World::new(json!({"timeout": "60s", "tasks": {"a": {}, "z": {"finally": true}}}))
        .script("z", [exits(0).takes(600)])
        .run();
    assert_eq!(run_of(&world), (RunState::Succeeded, None));
}

#[test]
fn s37_a_rerun_has_its_full_timeouts_again() {
    let mut world = World::new(json!({"timeout": "60s", "tasks": {"a": {"timeout": "40s"}}}))
        .script("a", [exits(1).takes(39), exits(0).takes(39)])
        .run();
    world.until(10_000);
    world.send(&Event::Rerun {
        keys: vec![super::world::key("a")],
    });
    world.finish();
    assert_eq!(run_of(&world), (RunState::Succeeded, None));
    assert_eq!(world.unit("a").attempts.len(), 2);
}

#[test]
fn a_person_may_cancel_a_run_whose_time_is_up() {
    let mut world =
        World::new(json!({"timeout": "60s", "tasks": {"a": {}, "z": {"finally": true}}}))
            .script("a", [hangs()])
            .script("z", [exits(0).takes(600)]);
    world.admit().until(100);
    assert_eq!(world.state("z").0, Running);
    world.cancel().finish();
    assert_eq!(run_of(&world).0, RunState::Cancelled);
}

#[test]
fn a_run_that_never_began_is_cancelled_without_its_finally_tasks() {
    let mut world = World::new(with_clean_up());
    world.cancel();
    assert_eq!(
        run_of(&world),
        (RunState::Cancelled, Some(RunReason::ByPerson))
    );
    assert_eq!((world.starts("z"), world.state("a").0), (0, Cancelled));
}

#[test]
fn a_replaced_run_says_so() {
    let mut world = World::new(with_clean_up()).script("a", [hangs()]);
    world.admit().until(5);
    world.send(&Event::Cancel(RunStop::Replaced));
    world.finish();
    assert_eq!(
        run_of(&world),
        (RunState::Cancelled, Some(RunReason::Replaced))
    );
    assert_eq!(world.state("a"), (Cancelled, Some(Reason::RunReplaced)));
    assert_eq!(world.starts("z"), 1);
}

#[test]
fn s80_an_approval_that_times_out_is_timed_out_and_one_refused_is_failed() {
    let pipeline = json!({"tasks": {
        "ok": {"approval": {"message": "?"}, "timeout": "1h"},
        "f": {"depends_on": {"ok": "failure"}, "env": {"WHO": {"output": "ok.by", "default": "-"}}},
    }});
    let late = World::new(pipeline.clone()).run();
    assert_eq!(late.state("ok"), (TimedOut, Some(Reason::Timeout)));
    assert_eq!(late.starts("f"), 1);
    let mut refused = World::new(pipeline);
    refused.admit().until(60);
    let key = super::world::key("ok");
    let (approved, by, comment) = (false, "ann".to_owned(), "not today".to_owned());
    refused.send(&Event::Answered {
        key,
        approved,
        by,
        comment,
    });
    refused.finish();
    assert_eq!(refused.state("ok"), (Failed, Some(Reason::Rejected)));
    assert_eq!(refused.env("f", "WHO").as_deref(), Some("ann"));
}
