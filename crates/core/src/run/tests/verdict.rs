//! The verdict of a run: sentences 16 to 23, and of an exit.

use super::world::{Does, World, exits, hangs, start};
use crate::run::{
    Ending, Exit, OTHER_PLATFORM, Reason, RunReason, RunState, TaskState::*, exit::judge,
};
use jiff::Timestamp;
use serde_json::json;

fn run_of(world: &World) -> (RunState, Option<RunReason>) {
    (world.book.run().head.state, world.book.run().head.reason)
}

#[test]
fn s16_a_failed_task_makes_the_run_failed_even_if_a_handler_ran() {
    let world = World::new(json!({"tasks": {
        "a": {}, "handler": {"depends_on": {"a": "failure"}},
        "last": {"depends_on": {"handler": "success"}},
    }}))
    .script("a", [exits(1)])
    .run();
    assert_eq!(world.state("last").0, Succeeded);
    assert_eq!(
        run_of(&world),
        (RunState::Failed, Some(RunReason::TaskFailed))
    );
    let message = world.book.run().head.message.clone().unwrap();
    assert_eq!(message, "a ended as failed: it exited with code 1");
}

#[test]
fn the_run_names_the_task_that_failed_first() {
    let world = World::new(json!({"tasks": {"a": {}, "b": {}}}))
        .script("a", [exits(1).takes(9)])
        .script("b", [exits(2).takes(3)])
        .run();
    assert!(
        world
            .book
            .run()
            .head
            .message
            .clone()
            .unwrap()
            .starts_with("b ended")
    );
}

#[test]
fn s17_with_allow_failure_the_run_is_succeeded_and_the_task_stays_failed() {
    let world = World::new(json!({"tasks": {"a": {"allow_failure": true}}}))
        .script("a", [exits(1)])
        .run();
    assert_eq!(run_of(&world), (RunState::Succeeded, None));
    assert_eq!(world.state("a"), (Failed, Some(Reason::ExitCode)));
}

#[test]
fn s18_dependants_of_an_allowed_failure_run_under_success_and_under_failure() {
    let world = World::new(json!({"tasks": {
        "a": {"allow_failure": true},
        "s": {"depends_on": {"a": "success"}}, "f": {"depends_on": {"a": "failure"}},
    }}))
    .script("a", [exits(1)])
    .run();
    assert_eq!(
        (world.state("s").0, world.state("f").0),
        (Succeeded, Succeeded)
    );
}

#[test]
fn s19_a_failed_finally_task_makes_a_run_failed_that_otherwise_succeeded() {
    let world = World::new(json!({"tasks": {"a": {}, "z": {"finally": true}}}))
        .script("z", [exits(1)])
        .run();
    assert_eq!(
        run_of(&world),
        (RunState::Failed, Some(RunReason::TaskFailed))
    );
}

#[test]
fn s20_a_run_of_skipped_tasks_is_skipped_although_a_finally_task_ran() {
    let world = World::new(json!({"tasks": {
        "a": {"when": "run.trigger == 'x'"}, "z": {"finally": true},
    }}))
    .run();
    assert_eq!(world.starts("z"), 1);
    assert_eq!(
        run_of(&world),
        (RunState::Skipped, Some(RunReason::NothingToDo))
    );
}

#[test]
fn s21_lost_fails_the_run_and_meets_failure_never_success() {
    let world = World::new(json!({"tasks": {
        "a": {}, "s": {"depends_on": {"a": "success"}}, "f": {"depends_on": {"a": "failure"}},
    }}))
    .script("a", [Does::ends(Ending::Vanished)])
    .run();
    assert_eq!(world.state("a"), (Lost, Some(Reason::ContainerVanished)));
    assert_eq!(world.state("s"), (Skipped, Some(Reason::UpstreamFailed)));
    assert_eq!(world.state("f").0, Succeeded);
    assert_eq!(run_of(&world).0, RunState::Failed);
}

#[test]
fn s22_a_timed_out_task_is_timed_out_fails_the_run_and_meets_failure() {
    let world = World::new(json!({"tasks": {
        "a": {"timeout": "10s"}, "f": {"depends_on": {"a": "failure"}},
    }}))
    .script("a", [hangs()])
    .run();
    assert_eq!(world.state("a"), (TimedOut, Some(Reason::Timeout)));
    assert_eq!(world.state("f").0, Succeeded);
    assert_eq!(run_of(&world).0, RunState::Failed);
}

#[test]
fn s23_a_failure_in_one_branch_stops_nothing_in_another() {
    let world = World::new(json!({"tasks": {
        "a": {}, "b": {}, "c": {"depends_on": {"b": "success"}},
    }}))
    .script("a", [exits(1)])
    .script("b", [exits(0).takes(60)])
    .run();
    assert_eq!(world.state("c").0, Succeeded);
}

fn exit(code: i32) -> Exit {
    Exit {
        at: start(),
        code,
        out_of_memory: false,
        engine_restarted: false,
        stopped_outside: false,
        bad_command: None,
    }
}

fn verdict_of(exit: Exit) -> (crate::run::TaskState, Option<Reason>, Option<i32>) {
    let world = World::new(json!({"tasks": {"a": {}}}))
        .script("a", [Does::ends(Ending::Exited(exit))])
        .run();
    let attempt = &world.unit("a").attempts[0];
    (attempt.state, attempt.reason, attempt.exit_code)
}

#[test]
fn an_exit_learned_while_the_engine_was_away_is_lost_when_the_engine_may_have_made_it() {
    for code in [0, 137, 143, 255] {
        let exit = Exit {
            engine_restarted: true,
            ..exit(code)
        };
        let lost = (Lost, Some(Reason::EngineRestarted), Some(code));
        assert_eq!(verdict_of(exit), lost, "{code}");
    }
    let exit = Exit {
        engine_restarted: true,
        ..exit(7)
    };
    assert_eq!(verdict_of(exit), (Failed, Some(Reason::ExitCode), Some(7)));
}

#[test]
fn a_container_stopped_by_somebody_else_is_never_a_success() {
    for code in [0, 143, 137] {
        let exit = Exit {
            stopped_outside: true,
            ..exit(code)
        };
        assert_eq!(
            verdict_of(exit),
            (Failed, Some(Reason::StoppedOutside), Some(code)),
            "{code}"
        );
    }
}

#[test]
fn out_of_memory_needs_both_137_and_the_engines_word() {
    let with = |code, out_of_memory| {
        verdict_of(Exit {
            out_of_memory,
            ..exit(code)
        })
        .1
    };
    assert_eq!(with(137, true), Some(Reason::OutOfMemory));
    assert_eq!(with(137, false), Some(Reason::ExitCode));
    assert_eq!(with(1, true), Some(Reason::ExitCode));
    assert_eq!(
        with(0, true),
        None,
        "a child that was killed does not fail a job that coped"
    );
}

#[test]
fn a_command_that_cannot_be_executed_is_a_bad_command() {
    let exit = Exit {
        bad_command: Some("no such file".to_owned()),
        ..exit(127)
    };
    assert_eq!(
        verdict_of(exit),
        (Failed, Some(Reason::BadCommand), Some(127))
    );
    assert_eq!(
        verdict_of(self::exit(127)),
        (Failed, Some(Reason::ExitCode), Some(127))
    );
}

#[test]
fn a_command_of_another_platform_is_no_bad_command() {
    let exit = Exit {
        bad_command: Some(format!("{OTHER_PLATFORM}, linux/s390x")),
        ..exit(126)
    };
    assert_eq!(
        verdict_of(exit),
        (Failed, Some(Reason::WrongPlatform), Some(126))
    );
}

#[test]
fn an_init_that_gets_no_process_is_no_bad_command() {
    let words = "fork failed: Resource temporarily unavailable";
    let exit = Exit {
        bad_command: Some(words.to_owned()),
        ..exit(1)
    };
    assert_eq!(
        verdict_of(exit),
        (Failed, Some(Reason::PidsExhausted), Some(1))
    );
}

#[test]
fn outputs_that_cannot_be_read_fail_only_a_task_that_exited_with_0() {
    let world = World::new(json!({"tasks": {"a": {"retry": {"limit": 3}}}}))
        .script("a", [Does::bad_outputs("line 3 is not KEY=VALUE")])
        .run();
    assert_eq!(world.state("a"), (Failed, Some(Reason::BadOutputs)));
    assert_eq!(
        (world.message("a"), world.starts("a")),
        ("line 3 is not KEY=VALUE", 1)
    );
}

#[test]
fn no_exit_code_is_lost_and_no_code_is_shown() {
    let world = World::new(json!({"tasks": {"a": {}}}))
        .script("a", [Does::ends(Ending::NoExitCode)])
        .run();
    assert_eq!(world.state("a"), (Lost, Some(Reason::NoExitCode)));
    assert_eq!(world.unit("a").attempts[0].exit_code, None);
}

#[test]
fn times_of_a_run_and_its_attempts_are_kept() {
    let world = World::new(json!({"tasks": {"a": {}}}))
        .script("a", [exits(0).takes(5)])
        .run();
    let head = &world.book.run().head;
    let later = |secs| {
        start()
            .checked_add(jiff::SignedDuration::from_secs(secs))
            .unwrap()
    };
    assert_eq!(
        (head.started_at, head.ended_at),
        (Some(start()), Some(later(5)))
    );
    let attempt = &world.unit("a").attempts[0];
    let times: (Option<Timestamp>, Option<Timestamp>) = (attempt.started_at, attempt.ended_at);
    assert_eq!(times, (Some(start()), Some(later(5))));
    assert_eq!(attempt.image.as_deref(), Some("busybox@sha256:1"));
}

#[test]
fn of_a_failure_it_is_said_as_well_what_cannot_be_kept() {
    let why = "its $GOFER_ARTIFACTS cannot be kept: a pipe".to_owned();
    let artifacts = (Reason::BadOutputs, why.clone());
    let message = |code, outputs| {
        let ending = Ending::Exited(exit(code));
        let verdict = judge(&ending, outputs, Some(&artifacts));
        (verdict.reason.unwrap(), verdict.message.unwrap())
    };
    let said = format!("it exited with code 3; {why}");
    assert_eq!(message(3, None), (Reason::ExitCode, said));
    assert_eq!(message(0, None), (Reason::BadOutputs, why));
    let outputs = "line 1 of $GOFER_OUTPUT is odd".to_owned();
    let said = "it exited with code 3; line 1 of $GOFER_OUTPUT is odd".to_owned();
    assert_eq!(message(3, Some(&outputs)), (Reason::ExitCode, said));
}
