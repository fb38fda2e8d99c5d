//! The same behaviours on Debian's Podman, whose service is started for these tests on a socket and
//! in a storage of their own. Where it cannot be installed they are skipped, and say why.

use crate::{bench::OnDocker, engine};
use gofer_scheduler_docker::{Endpoint, Found};
use gofer_test_support::podman;
use std::sync::LazyLock;

type Service = LazyLock<Result<Found, String>>;

static SERVICE: Service = LazyLock::new(|| serve("gofer-test-podman", ""));

/// Its file of events begins anew all the time, which ends every stream of them.
static FORGETFUL: Service = LazyLock::new(|| {
    let size = "[engine]\nevents_logfile_max_size = \"256k\"\n";
    serve("gofer-test-podman-forgetful", size)
});

fn serve(storage: &str, settings: &str) -> Result<Found, String> {
    podman::install()?;
    Ok(Found {
        endpoint: Endpoint::Unix(podman::serve(storage, settings).unwrap()),
        why: "a test's own".to_owned(),
    })
}

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
    }
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
