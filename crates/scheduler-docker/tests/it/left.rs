//! What an attempt leaves, read where the engine keeps it and by the engine itself.

use crate::{
    bench::OnDocker,
    tasks::{id, run_to_end, script, tidy},
};
use gofer_scheduler::{Scheduler, conformance::Bench};
use gofer_scheduler_docker::Options;

#[tokio::test]
async fn what_is_left_is_found_and_artifacts_are_asked_for_only_where_there_are_some() {
    for reads_directly in [true, false] {
        for user in [None, Some("worker")] {
            what_is_left(reads_directly, user).await;
        }
    }
}

async fn what_is_left(reads_directly: bool, user: Option<&str>) {
    let bench = OnDocker::new().await;
    let options = Options {
        reads_directly,
        ..Options::default()
    };
    let docker = bench.with(options).await;
    // A user without root's rights asks the engine in any case.
    let root = docker.probe().await.unwrap().data_root.unwrap();
    let is_ours = std::fs::read_dir(std::path::Path::new(&root).join("volumes")).is_ok();
    let reads_directly = reads_directly && is_ours;
    let run = bench.run();
    let gone = "mkdir $GOFER_ARTIFACTS/y; rmdir $GOFER_ARTIFACTS/y";
    for (what, output, artifacts) in [
        ("true", None, false),
        ("echo a=1 > $GOFER_OUTPUT", Some("a=1\n"), false),
        ("touch $GOFER_ARTIFACTS/x $GOFER_OUTPUT", Some(""), true),
        // The engine only says that something was changed there.
        (gone, None, !reads_directly),
    ] {
        let mut main = script(what);
        main.user = user.map(str::to_owned);
        let of = id(run, "task");
        let (exit, log) = run_to_end(&docker, &of, main).await;
        let case = format!("{user:?}, {reads_directly}: {what}");
        assert_eq!(exit.code, 0, "{case}: {log}");
        let collected = docker.collect(&of).await.unwrap();
        let said = collected.output;
        assert_eq!(said.as_deref(), output.map(str::as_bytes), "{case}");
        assert_eq!(collected.artifacts, artifacts, "{case}");
        docker.remove(&of).await.unwrap();
    }
    tidy(docker, run, &[]).await;
}

#[tokio::test]
async fn an_output_that_is_no_file_is_refused_and_leads_to_nothing_of_the_host() {
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "host=secret\n").unwrap();
    let path = secret.path().display();
    let bench = OnDocker::new().await;
    let docker = bench.docker().await;
    let run = bench.run();
    for what in [
        format!("ln -s {path} $GOFER_OUTPUT"),
        format!("ln -s ../../../../../../../..{path} $GOFER_OUTPUT"),
        "mknod $GOFER_OUTPUT c 1 5".to_owned(),
        "mkfifo $GOFER_OUTPUT".to_owned(),
        "mkdir $GOFER_OUTPUT".to_owned(),
    ] {
        let of = id(run, "task");
        let (exit, log) = run_to_end(&docker, &of, script(&what)).await;
        assert_eq!(exit.code, 0, "{what}: {log}");
        let said = docker.collect(&of).await.unwrap_err().to_string();
        assert!(said.contains("not a file any more"), "{what}: {said}");
        docker.remove(&of).await.unwrap();
    }
    tidy(docker, run, &[]).await;
}
