//! What every scheduler is held to. An implementation's tests bring a [`Bench`] and take all of it
//! with [`crate::conformance_tests`].

#![expect(
    clippy::missing_panics_doc,
    reason = "each panics where a scheduler is not as it has to be: that is what it is for"
)]

mod ahead;
mod ends;
mod files;
mod job;
mod logs;
mod once;
mod ours;
mod outside;
mod services;
mod shells;
mod tried;
mod volumes;

pub use ahead::*;
pub use ends::*;
pub use files::*;
pub use job::{Ending, Job, OnTerm, Say, script};
pub use logs::*;
pub use once::*;
pub use ours::*;
pub use outside::*;
pub use services::*;
pub use shells::*;
pub use tried::{Started, Tried};
pub use volumes::*;

use crate::{Container, Scheduler};
use async_trait::async_trait;
use gofer_core::{
    Clock,
    id::{AttemptId, RunId},
};
use std::{path::PathBuf, sync::Arc};

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

    /// A folder of the machine that is empty and goes with the bench; `None`: it has none.
    fn folder(&self) -> Option<PathBuf>;

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
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one thing that a machine can do or cannot, whatever else it can"
)]
pub struct Abilities {
    /// Memory is limited for real.
    pub memory: bool,
    /// Containers can be paused.
    pub pause: bool,
    /// Commands run beside a container's own.
    pub exec: bool,
    /// Containers run scripts of a POSIX shell, whatever those are: for what has to be looked at
    /// from inside.
    pub scripts: bool,
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
            a_container_made_under_the_name_of_one_that_was_permitted_is_not_started
            a_missing_container_that_may_have_started_is_vanished
            what_is_ordered_ahead_starts_when_it_is_wanted
            what_is_ordered_ahead_and_not_wanted_leaves_nothing
            what_is_ordered_ahead_asks_for_no_image_before_it_is_wanted
            what_was_made_of_something_else_is_made_anew
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
            a_task_starts_when_its_service_accepts_connections
            a_command_says_that_a_service_is_ready
            a_service_that_ends_too_early_fails_the_start_and_says_why
            a_service_that_is_not_ready_in_time_fails_the_start
            a_service_is_asked_to_end_when_its_task_has_ended
            a_service_that_ends_after_the_start_does_not_fail_its_task
            two_attempts_of_a_run_have_a_service_on_one_port
            services_are_taken_up_by_another_gofer
            services_of_a_task_that_was_not_started_are_found_again
            services_go_with_an_attempt_whose_gofer_died
            a_command_runs_beside_the_main_one
            files_arrive_byte_for_byte_and_nobody_writes_them
            a_secret_file_is_for_the_containers_user_alone
            files_and_scripts_arrive_on_a_read_only_root
            a_script_that_names_its_interpreter_is_run_by_it
            a_file_where_the_image_has_a_folder_is_refused
            a_working_directory_is_made_and_one_that_is_a_file_is_refused
            inputs_are_where_gofer_inputs_says
            what_goes_in_is_there_for_whoever_starts_what_another_created
            artifacts_come_back_as_they_were_written
            a_scratch_volume_is_the_runs_own_and_goes_with_it
            a_persistent_volume_stays_until_it_is_removed
            a_folder_of_the_machine_is_mounted_and_a_missing_one_is_not_made
            what_is_kept_is_looked_into_until_it_is_removed
            a_session_that_is_dropped_leaves_nothing
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
