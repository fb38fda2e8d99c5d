//! What every scheduler is held to. An implementation's tests bring a [`Bench`] and take all of it
//! with [`crate::conformance_tests`].

#![expect(
    clippy::missing_panics_doc,
    reason = "each panics where a scheduler is not as it has to be: that is what it is for"
)]

mod ends;
mod job;
mod logs;
mod once;
mod ours;
mod outside;
mod tried;

pub use ends::*;
pub use job::{Ending, Job, OnTerm, Say, script};
pub use logs::*;
pub use once::*;
pub use ours::*;
pub use outside::*;
pub use tried::{Started, Tried};

use crate::{Container, Scheduler};
use async_trait::async_trait;
use gofer_core::{
    Clock,
    id::{AttemptId, RunId},
};
use std::sync::Arc;

/// One machine under test, and what can be done to it without the scheduler.
#[async_trait]
pub trait Bench: Send + Sync {
    /// Another Gofer of the same store, connected to the machine.
    async fn connect(&self) -> Arc<dyn Scheduler>;

    /// The time that the machine lives in.
    fn clock(&self) -> Arc<dyn Clock>;

    /// A run that there never was.
    fn run(&self) -> RunId;

    /// A container that does the job.
    fn container(&self, id: &AttemptId, job: &Job) -> Container;

    /// How often the machine started the attempt, as the machine itself counts.
    async fn starts(&self, id: &AttemptId) -> usize;

    /// Somebody else does something to the attempt's container.
    async fn meddle(&self, id: &AttemptId, what: Meddling);

    /// Makes containers that are nearly ours, and says what they are called: one with the same
    /// labels but another store's id, and for each of our labels one without it.
    async fn plant(&self, like: &AttemptId) -> Vec<String>;

    /// Those of the planted ones that still stand.
    async fn standing(&self, planted: &[String]) -> Vec<String>;

    /// What this machine can do.
    fn abilities(&self) -> Abilities;
}

/// What somebody else does to a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meddling {
    /// Sends SIGTERM.
    Terminate,
    /// Sends SIGKILL.
    Kill,
    /// Pauses it.
    Pause,
    /// Lets it go on.
    Unpause,
    /// Removes it by force.
    Remove,
}

/// What a machine may be unable to do. Its tests of that are skipped, and say so.
#[derive(Clone, Copy, Debug)]
pub struct Abilities {
    /// Memory is limited for real.
    pub memory: bool,
    /// Containers can be paused.
    pub pause: bool,
    /// Commands run beside a container's own.
    pub exec: bool,
}

/// What a behaviour comes to: an unexpected error, or nothing.
pub type Outcome = Result<(), String>;

#[expect(
    clippy::print_stderr,
    reason = "a test that is skipped says why where tests are read"
)]
fn skipped(what: &str) {
    eprintln!("skipped: this machine cannot do {what}");
}

/// Makes a test of every behaviour. The argument is an expression that gives a [`Bench`].
#[macro_export]
macro_rules! conformance_tests {
    ($bench:expr) => {
        $crate::conformance_tests! { $bench;
            exit_codes_are_those_of_the_process
            a_process_that_kills_itself_has_the_code_of_its_signal
            memory_over_the_limit_is_told_from_other_kills
            a_missing_image_is_named_and_nothing_is_left
            a_command_that_does_not_exist_is_told_from_one_that_fails
            a_command_that_may_not_be_executed_is_a_bad_command
            outputs_are_what_was_written_and_nothing_is_none
            an_output_that_is_too_long_is_cut_behind_its_limit
            both_streams_arrive_whole_and_each_in_order
            bytes_are_not_altered
            a_log_without_a_newline_at_its_end_stays_so
            a_hundred_megabytes_arrive_whole
            a_log_that_nobody_reads_stops_nothing
            a_replay_begins_with_the_first_byte
            the_record_can_be_read_again_after_the_end
            an_attempt_is_started_once_however_often_it_is_asked_for
            what_ended_is_not_started_again
            a_start_that_is_refused_does_not_happen
            a_container_that_was_created_and_not_started_is_started_once
            a_missing_container_that_may_have_started_is_vanished
            dropping_what_was_given_stops_nothing
            another_gofer_goes_on_with_what_runs
            a_stop_is_a_signal_first_and_force_after_the_grace
            stopping_twice_or_what_has_ended_is_success
            a_signal_from_outside_is_never_a_success
            a_container_removed_from_outside_is_no_success
            a_pause_from_outside_is_told_and_ends_nothing
            what_is_ours_is_listed_with_all_that_is_known
            removing_takes_what_is_ours_and_nothing_else
            a_run_that_is_released_leaves_nothing
            runs_and_attempts_do_not_touch_each_other
            a_command_runs_beside_the_main_one
        }
    };
    ($bench:expr; $($name:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let bench = $bench;
            $crate::conformance::$name(&bench).await.unwrap();
        }
    )*};
}
