//! The same behaviours on Debian's Podman, whose service is started for these tests on a socket and
//! in a storage of their own. Where it cannot be installed they are skipped, and say why.

use crate::{bench::OnDocker, engine, packages};
use gofer_scheduler_docker::{Endpoint, Found};
use std::{
    fs::File,
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    process::{Command, Stdio},
    sync::LazyLock,
    thread::sleep,
    time::Duration,
};

/// Podman, and what Debian only recommends beside it.
const PROGRAMS: [(&str, &str); 3] = [
    ("podman", "podman"),
    ("/usr/lib/podman/netavark", "netavark"),
    ("catatonit", "catatonit"),
];

static SERVICE: LazyLock<Result<Found, String>> = LazyLock::new(|| {
    for (program, package) in PROGRAMS {
        packages::have(program, package)?;
    }
    Ok(Found {
        endpoint: Endpoint::Unix(serve()),
        why: "a test's own".to_owned(),
    })
});

/// The storage is one for all processes that test, and stays: images are imported once. The service
/// ends by itself when nobody asks it anything any more.
#[expect(
    clippy::zombie_processes,
    reason = "it ends by itself, after whoever asked it last"
)]
fn serve() -> std::path::PathBuf {
    let folder = std::env::temp_dir().join("gofer-test-podman");
    std::fs::create_dir_all(&folder).unwrap();
    let socket = folder.join(format!("{}.sock", std::process::id()));
    // Its own limits may be above those of this process, which then cannot set them.
    let limits = folder.join("containers.conf");
    let text = "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=4096:4096\"]\n";
    std::fs::write(&limits, text).unwrap();
    let log = File::create(socket.with_extension("log")).unwrap();
    let mut command = Command::new("podman");
    for (flag, name) in [
        ("--root", "root"),
        ("--runroot", "run"),
        ("--tmpdir", "tmp"),
    ] {
        command.arg(flag).arg(folder.join(name));
    }
    command
        .env("CONTAINERS_CONF", limits)
        .current_dir(&folder)
        .args(["system", "service", "--time=20"])
        .arg(format!("unix://{}", socket.display()))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    for _ in 0..300 {
        if answers(&socket) {
            return socket;
        }
        sleep(Duration::from_millis(50));
    }
    let log = std::fs::read_to_string(socket.with_extension("log")).unwrap_or_default();
    panic!("podman's service does not answer:\n{log}");
}

fn answers(socket: &Path) -> bool {
    let asked = UnixStream::connect(socket).and_then(|mut stream| {
        stream.write_all(b"GET /_ping HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer.contains("200 OK"))
    });
    asked.unwrap_or(false)
}

/// `None`: it cannot be had here.
async fn bench() -> Option<OnDocker> {
    match &*SERVICE {
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

// All but four, which `docs/design/0012-podman.md` lists with what Podman does instead.
gofer_scheduler::conformance_tests! {
    match bench().await {
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
    a_script_that_names_its_interpreter_is_run_by_it
    a_file_where_the_image_has_a_folder_is_refused
    a_working_directory_is_made_and_one_that_is_a_file_is_refused
    inputs_are_where_gofer_inputs_says
    what_goes_in_is_there_for_whoever_starts_what_another_created
    artifacts_come_back_as_they_were_written
    a_scratch_volume_is_the_runs_own_and_goes_with_it
    a_persistent_volume_stays_until_it_is_removed
    a_folder_of_the_machine_is_mounted_and_a_missing_one_is_not_made
}
