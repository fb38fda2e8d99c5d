//! The same behaviours on Debian's Podman, whose service is started for these tests on a socket and
//! in a storage of their own. Where it cannot be installed they are skipped, and say why.

mod service;

use self::service::serve;
use crate::{bench::OnDocker, engine};
use gofer_scheduler_docker::Found;
use std::sync::LazyLock;

type Service = LazyLock<Result<Found, String>>;

static SERVICE: Service = LazyLock::new(|| serve("gofer-test-podman", ""));

/// Its file of events begins anew all the time, which ends every stream of them.
static FORGETFUL: Service = LazyLock::new(|| {
    let size = "[engine]\nevents_logfile_max_size = \"256k\"\n";
    serve("gofer-test-podman-forgetful", size)
});

/// `None`: it cannot be had here.
async fn bench(service: &Service) -> Option<OnDocker> {
    match &**service {
        Ok(found) => {
            engine::import(engine::client(found)).await;
            let mut bench = OnDocker::at(found.clone()).await;
            bench.is_podman = true;
            Some(bench)
        }
        Err(why) => {
            println!("skipped: podman cannot be installed: {why}");
            None
        }
    }
}

gofer_scheduler::conformance_tests! {
    match bench(&SERVICE).await {
        Some(bench) => bench,
        None => return,
    };
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

mod whose_events_are_begun_anew {
    use super::*;
    use bollard::{models::VolumeCreateRequest, query_parameters::RemoveVolumeOptions};
    use tokio_util::task::TaskTracker;

    /// With events enough.
    async fn noisy() -> Option<OnDocker> {
        let bench = bench(&FORGETFUL).await?;
        let client = bench.client.clone();
        let noise = TaskTracker::new();
        noise.spawn(async move {
            let name = crate::bench::fresh().simple().to_string();
            loop {
                let volume = VolumeCreateRequest {
                    name: Some(name.clone()),
                    ..VolumeCreateRequest::default()
                };
                let _ = client.create_volume(volume).await;
                let options = None::<RemoveVolumeOptions>;
                let _ = client.remove_volume(&name, options).await;
            }
        });
        Some(bench)
    }

    gofer_scheduler::conformance_tests! {
        match noisy().await {
            Some(bench) => bench,
            None => return,
        };
        a_command_says_that_a_service_is_ready
        two_attempts_of_a_run_have_a_service_on_one_port
        a_signal_from_outside_is_never_a_success
    }
}
