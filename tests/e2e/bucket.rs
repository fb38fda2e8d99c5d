//! Artifacts in a bucket of a server that speaks S3.

mod server;

use crate::harness::{Done, Live, Project, wait_for};
use server::{BUCKET, Server};
use std::time::Duration;

const SECRET: &str = "e2e-key-that-nobody-may-see";

const FILE: &str = r#"
name = "bucket"
retention = { runs = 2 }
[defaults]
image = "gofer-demo:1"
[tasks.make]
script = '''
echo hello > "$GOFER_ARTIFACTS/hello"
dd if=/dev/zero of="$GOFER_ARTIFACTS/large" bs=1M count=20 2> /dev/null
'''
[tasks.read]
depends_on = ["make"]
inputs = ["make"]
script = 'cat "$GOFER_INPUTS/make/hello"; wc -c < "$GOFER_INPUTS/make/large"'
"#;

/// `gofer …` with a bucket at this endpoint.
fn at(project: &Project, endpoint: &str, args: &[&str]) -> Live {
    let mut command = project.command(args);
    let place = format!("s3://{BUCKET}/some/prefix");
    command.envs([
        ("GOFER_OBJECTS", place.as_str()),
        ("AWS_ACCESS_KEY_ID", "e2e-id"),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ALLOW_HTTP", "true"),
    ]);
    Live::new(command)
}

fn done(project: &Project, server: &Server, args: &[&str]) -> Done {
    let done = at(project, &server.endpoint(), args).done();
    for said in [done.out(), done.err()] {
        assert!(!said.contains(SECRET), "{said}");
    }
    done
}

#[test]
fn artifacts_go_into_a_bucket_are_read_from_there_and_go_with_their_run() {
    let server = Server::new(false);
    let project = Project::new(FILE);
    done(&project, &server, &["run"]).assert_code(0);
    assert!(!project.data.join("objects").exists());
    assert_eq!(project.logs("bucket/1/read"), b"hello\n20971520\n");
    let keys = server.keys();
    assert_eq!(keys.len(), 2, "an archive and its list: {keys:?}");
    assert!(keys.iter().all(|key| key.starts_with("some/prefix/runs/")));

    let listed = done(&project, &server, &["artifacts", "bucket/1"]);
    assert!(listed.assert_code(0).out().contains("hello"));
    let one = done(&project, &server, &["artifacts", "bucket/1/make", "hello"]);
    assert_eq!(one.assert_code(0).stdout, b"hello\n");
    done(&project, &server, &["artifacts", "bucket/1", "--to", "out"]).assert_code(0);
    let large = project.folder.join("out/make/large");
    assert_eq!(large.metadata().unwrap().len(), 20 << 20);

    // A task alone borrows them, and what is old goes.
    let alone = done(&project, &server, &["run", "--task", "read"]);
    alone.assert_code(0);
    assert!(alone.err().contains("bucket/1"), "{}", alone.err());
    assert_eq!(project.logs("bucket/2/read"), b"hello\n20971520\n");
    for _ in 0..2 {
        done(&project, &server, &["run"]).assert_code(0);
    }
    assert_eq!(server.keys().len(), 4, "of the newest two runs");
    project.write("gofer.toml", &FILE.replace("runs = 2", "runs = 1"));
    done(&project, &server, &["run", "--until", "make"]).assert_code(0);
    assert_eq!(server.keys().len(), 2);
    assert_eq!(server.halves(), 0);
    project.assert_nothing_left();
}

#[test]
fn a_bucket_that_is_away_refuses_or_is_not_there_is_said_before_anything_starts() {
    let strict = Server::new(true);
    let project = Project::new(FILE);
    let refused = |endpoint: &str, words: &[&str]| {
        let done = at(&project, endpoint, &["run"]).done();
        let said = done.assert_code(1).err();
        for word in words {
            assert!(said.contains(word), "{word:?}: {said}");
        }
        for never in [SECRET, "e2e-id", "panicked"] {
            assert!(!said.contains(never), "{said}");
        }
    };
    refused(
        "http://127.0.0.1:1",
        &["does not answer", "Connection refused", "AWS_ENDPOINT_URL"],
    );
    refused(
        &strict.endpoint(),
        &["refuses us", "InvalidAccessKeyId", "AWS_ACCESS_KEY_ID"],
    );
    let server = Server::new(false);
    let mut command = project.command(&["run"]);
    command.envs([
        ("GOFER_OBJECTS", "s3://nosuch"),
        ("AWS_ACCESS_KEY_ID", "e2e-id"),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_ENDPOINT_URL", &server.endpoint()),
    ]);
    let no_tls = Live::new(command).done();
    let said = no_tls.assert_code(1).err();
    assert!(said.contains("AWS_ALLOW_HTTP"), "{said}");
    let runs = project.gofer(&["runs", "-q"]).out();
    assert_eq!(runs, "", "nothing was accepted");
    project.assert_nothing_left();
}

#[test]
fn a_bucket_that_is_away_is_said_before_a_rerun_begins_and_the_run_stays_as_it_was() {
    let project = Project::new(FILE);
    project.gofer(&["run"]).assert_code(0);
    let before = project.gofer(&["show", "bucket/1", "-o", "json"]).out();
    let again = ["rerun", "bucket/1", "--from", "read"];
    let done = at(&project, "http://127.0.0.1:1", &again).done();
    let said = done.assert_code(1).err();
    assert!(said.contains("does not answer"), "{said}");
    let after = project.gofer(&["show", "bucket/1", "-o", "json"]).out();
    assert_eq!(after, before);
    project.assert_nothing_left();
}

#[test]
fn a_bucket_that_goes_away_during_a_run_is_waited_for_and_nothing_is_lost() {
    let mut server = Server::new(false);
    let file = FILE.replace("count=20", "count=20; echo written; sleep 4");
    let project = Project::new(&file);
    let mut run = at(&project, &server.endpoint(), &["run"]);
    run.until_it_says("make | written");
    server.end();
    run.until_it_says("does not answer");
    let listed = at(&project, &server.endpoint(), &["artifacts", "bucket/1"]).done();
    assert_ne!(listed.code, Some(101), "{}", listed.err());
    // A new one, which is as empty as a bucket can be.
    server.again();
    run.done().assert_code(0);
    assert_eq!(project.logs("bucket/1/read"), b"hello\n20971520\n");
    wait_for("the keys", Duration::from_secs(5), || {
        (server.keys().len() == 2).then_some(())
    });
    server.end();
    let listed = at(&project, &server.endpoint(), &["artifacts", "bucket/1"]).done();
    let said = listed.assert_code(1).err();
    assert!(said.contains("does not answer"), "{said}");
    project.assert_nothing_left();
}

#[test]
fn a_run_that_waits_for_a_bucket_can_be_cancelled() {
    let mut server = Server::new(false);
    let project = Project::new(&FILE.replace("count=20", "count=20; echo written; sleep 4"));
    let mut run = at(&project, &server.endpoint(), &["run"]);
    run.until_it_says("make | written");
    server.end();
    run.until_it_says("does not answer");
    let cancelled = at(&project, &server.endpoint(), &["cancel", "bucket/1"]).done();
    cancelled.assert_code(0);
    run.done().assert_code(3);
    project.assert_nothing_left();
}
