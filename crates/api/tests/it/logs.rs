use crate::server::{Surroundings, TestServer, program, soon, task, until};
use futures_util::TryStreamExt;
use gofer_scheduler::{Stream, fake::Program};
use gofer_sdk::{
    Error, LogPiece, LogQuery, RunRef,
    types::{LogFrame, LogOptions, LogStream, Run, TaskState},
};
use serde_json::json;
use std::time::Duration;

fn of(task: &str, options: LogOptions) -> LogQuery {
    LogQuery {
        task: task.into(),
        item: None,
        options,
    }
}

fn follow() -> LogOptions {
    LogOptions {
        follow: true,
        ..LogOptions::default()
    }
}

async fn bytes(server: &TestServer, run: &Run, query: &LogQuery) -> Result<Vec<u8>, Error> {
    let pieces: Vec<_> = soon(server.client.logs(run.id, query).try_collect()).await?;
    Ok(pieces.concat())
}

/// A program that writes these bytes at these milliseconds.
fn writes(takes: u64, log: &[(u64, Stream, &[u8])]) -> Program {
    let log = log
        .iter()
        .map(|(at, stream, bytes)| (Duration::from_millis(*at), *stream, bytes.to_vec()));
    Program {
        takes: Duration::from_millis(takes),
        log: log.collect(),
        ..Program::default()
    }
}

#[tokio::test]
async fn a_log_is_the_bytes_and_nothing_else() {
    let server = TestServer::new();
    let log = b"a\0\xff\nno newline at the end";
    server.program("load", program(5, log));
    let run = server.start(json!({"load": task()})).await;
    assert_eq!(
        bytes(&server, &run, &of("load", follow())).await.unwrap(),
        log
    );
    assert_eq!(
        bytes(&server, &run, &of("load", LogOptions::default()))
            .await
            .unwrap(),
        log
    );
    server.stop().await;
}

#[tokio::test]
async fn a_follower_hears_what_is_written_while_it_listens() {
    let server = TestServer::new();
    let lines = [
        (0, Stream::Stdout, &b"one\n"[..]),
        (80, Stream::Stderr, b"two\n"),
        (160, Stream::Stdout, b"three"),
    ];
    server.program("load", writes(240, &lines));
    let run = server.start(json!({"load": task()})).await;
    let log = bytes(&server, &run, &of("load", follow())).await.unwrap();
    assert_eq!(log, b"one\ntwo\nthree");
    server.stop().await;
}

#[tokio::test]
async fn a_follower_in_another_process_hears_it_too() {
    let surroundings = Surroundings::new();
    let lines = [
        (0, Stream::Stdout, &b"one\n"[..]),
        (150, Stream::Stdout, b"two\n"),
    ];
    surroundings.program("load", writes(300, &lines));
    let (owner, other) = (surroundings.server(), surroundings.server());
    let run = owner.start(json!({"load": task()})).await;
    assert_eq!(
        bytes(&other, &run, &of("load", follow())).await.unwrap(),
        b"one\ntwo\n"
    );
    owner.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn the_end_of_a_log_is_what_tail_asks_for() {
    let server = TestServer::new();
    server.program("load", program(5, b"1\n2\n3\n4"));
    let run = server.start(json!({"load": task()})).await;
    let tail = LogOptions {
        tail: Some(2),
        follow: true,
        ..LogOptions::default()
    };
    assert_eq!(
        bytes(
            &server,
            &run,
            &of(
                "load",
                LogOptions {
                    tail: None,
                    ..tail.clone()
                }
            )
        )
        .await
        .unwrap(),
        b"1\n2\n3\n4"
    );
    assert_eq!(
        bytes(&server, &run, &of("load", tail)).await.unwrap(),
        b"3\n4"
    );
    server.stop().await;
}

#[tokio::test]
async fn times_stand_in_front_of_each_line_and_streams_do_not_mix_in_one() {
    let server = TestServer::new();
    let lines = [
        (0, Stream::Stdout, &b"a\nb"[..]),
        (30, Stream::Stdout, b"c\nd"),
        // Longer than a line is waited for.
        (60, Stream::Stderr, b"e\n"),
        (600, Stream::Stdout, b"f"),
    ];
    server.program("load", writes(620, &lines));
    let run = server.start(json!({"load": task()})).await;
    let timed = LogOptions {
        timestamps: true,
        follow: true,
        ..LogOptions::default()
    };
    let log = String::from_utf8(bytes(&server, &run, &of("load", timed)).await.unwrap()).unwrap();
    let mut texts = Vec::new();
    for line in log.split('\n') {
        let (time, text) = line.split_once(' ').unwrap();
        assert!(time.parse::<jiff::Timestamp>().is_ok(), "{line}");
        texts.push(text);
    }
    assert_eq!(texts, ["a", "bc", "d", "e", "f"]);
    server.stop().await;
}

#[tokio::test]
async fn frames_say_when_and_where_to_and_keep_what_is_no_text() {
    let server = TestServer::new();
    let lines = [
        (0, Stream::Stdout, &b"text\n"[..]),
        (40, Stream::Stderr, b"\xff"),
    ];
    server.program("load", writes(80, &lines));
    let run = server.start(json!({"load": task()})).await;
    let frames = server.client.log_frames(run.id, &of("load", follow()));
    let frames: Vec<_> = soon(frames.try_collect()).await.unwrap();
    let said: Vec<_> = frames
        .iter()
        .map(|frame| match frame {
            LogFrame::Bytes {
                stream,
                text,
                base64,
                ..
            } => (*stream, text.as_deref(), base64.as_deref()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        said,
        [
            (LogStream::Stdout, Some("text\n"), None),
            (LogStream::Stderr, None, Some("/w=="))
        ]
    );
    server.stop().await;
}

#[tokio::test]
async fn marks_stand_where_bytes_are_missing_and_not_among_them() {
    let mut surroundings = Surroundings::new();
    surroundings.break_a_log();
    surroundings.cap_logs(6);
    let server = surroundings.server();
    let lines = [
        (0, Stream::Stdout, &b"one\n"[..]),
        (40, Stream::Stdout, b"two\nthree\n"),
    ];
    server.program("load", writes(80, &lines));
    let run = server.start(json!({"load": task()})).await;
    let plain = bytes(&server, &run, &of("load", follow())).await.unwrap();
    assert_eq!(plain, b"one\ntw");
    let pieces = server.client.log_pieces(run.id, &of("load", follow()));
    let pieces: Vec<_> = soon(pieces.try_collect()).await.unwrap();
    let said = pieces.iter().map(|piece| match piece {
        LogPiece::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        LogPiece::Missing(LogFrame::Hole { certain, .. }) => format!("hole, certain: {certain}"),
        LogPiece::Missing(LogFrame::Dropped { bytes, .. }) => format!("dropped {bytes}"),
        LogPiece::Missing(other) => panic!("{other:?}"),
    });
    let said: Vec<_> = said.collect();
    assert_eq!(said, ["hole, certain: false", "one\ntw", "dropped 8"]);
    let timed = LogOptions {
        timestamps: true,
        ..follow()
    };
    let pieces = server.client.log_pieces(run.id, &of("load", timed));
    let pieces: Vec<_> = soon(pieces.try_collect()).await.unwrap();
    assert!(matches!(&pieces[1], LogPiece::Bytes(bytes) if bytes.ends_with(b"Z tw")));
    server.stop().await;
}

#[tokio::test]
async fn a_follower_that_reads_nothing_holds_nothing_up() {
    let server = TestServer::new();
    let line = vec![b'x'; 64 << 10];
    let lines: Vec<_> = (0..100).map(|_| (0, Stream::Stdout, &line[..])).collect();
    server.program("load", writes(20, &lines));
    let run = server.start(json!({"load": task()})).await;
    let path = format!("/api/v1/runs/{}/logs/load?follow=true", run.id);
    let stalled = crate::http::ask(&server.socket(), &path).await;
    let end = until(async || {
        let run = server.client.run(&RunRef::Id(run.id)).await.unwrap();
        run.state.is_over().then_some(run)
    });
    assert_eq!(end.await.tasks[0].state, TaskState::Succeeded);
    // Nor does it hold up the end of the server, which has five seconds for it.
    server.stop().await;
    drop(stalled);
}

#[tokio::test]
async fn a_follower_waits_for_a_task_that_has_not_begun() {
    let server = TestServer::new();
    server.program("first", program(150, b""));
    server.program("second", program(5, b"here"));
    let second = json!({"image": "demo:1", "command": ["go"], "depends_on": {"first": "success"}});
    let run = server
        .start(json!({"first": task(), "second": second}))
        .await;
    let now = bytes(&server, &run, &of("second", LogOptions::default()))
        .await
        .unwrap_err();
    assert!(
        now.is_not_found() && now.to_string().contains("etl/1/second has not begun yet"),
        "{now}"
    );
    assert_eq!(
        bytes(&server, &run, &of("second", follow())).await.unwrap(),
        b"here"
    );
    server.stop().await;
}

#[tokio::test]
async fn what_has_no_log_is_refused_with_the_reason() {
    let server = TestServer::new();
    server.program(
        "bad",
        Program {
            code: 3,
            ..program(5, b"")
        },
    );
    let run = server
        .start(json!({
            "bad": task(),
            "fan": {"image": "demo:1", "command": ["go"], "for_each": ["a", "b"]},
            "never": {"image": "demo:1", "command": ["go"], "depends_on": {"bad": "success"}},
        }))
        .await;
    soon(server.client.events(run.id, None).try_collect::<Vec<_>>())
        .await
        .unwrap();
    let cases = [
        (
            of("lost", follow()),
            "etl/1 has no task lost; its tasks are bad, fan, never",
        ),
        (
            of("never", follow()),
            "etl/1/never never ran, so it has no log",
        ),
        (
            of("fan", follow()),
            "etl/1/fan is a fan-out: name one of its items, etl/1/fan/0 to etl/1/fan/1",
        ),
        (
            LogQuery {
                item: Some(2),
                ..of("fan", follow())
            },
            "there is no etl/1/fan/2",
        ),
        (
            of(
                "bad",
                LogOptions {
                    attempt: Some(2),
                    ..follow()
                },
            ),
            "etl/1/bad has no attempt 2; there are 1",
        ),
    ];
    for (query, message) in cases {
        let error = bytes(&server, &run, &query).await.unwrap_err();
        assert!(
            error.is_not_found() && error.to_string().contains(message),
            "{error}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn a_follower_of_an_interrupted_run_is_told_and_does_not_wait_for_ever() {
    let surroundings = Surroundings::new();
    surroundings.program("load", program(60_000, b"begun\n"));
    let first = surroundings.server();
    let run = first.start(json!({"load": task()})).await;
    until(async || {
        let run = first.client.run(&RunRef::Id(run.id)).await.unwrap();
        (run.tasks[0].state == TaskState::Running).then_some(())
    })
    .await;
    first.stop().await;

    let second = surroundings.server();
    let frames = second.client.log_frames(run.id, &of("load", follow()));
    let error = soon(frames.try_collect::<Vec<_>>()).await.unwrap_err();
    assert_eq!(
        error.problem().map(gofer_sdk::types::Problem::word),
        Some("interrupted")
    );
    assert!(bytes(&second, &run, &of("load", follow())).await.is_err());
    second.stop().await;
}
