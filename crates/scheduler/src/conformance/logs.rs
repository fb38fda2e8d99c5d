use super::{
    Bench, Job, Outcome, Say,
    tried::{Asking, Tried, attempt, start, tidy, whole},
};
use crate::{LogEvent, Stream};
use Stream::{Stderr, Stdout};
use futures_util::StreamExt;
use gofer_core::run::Stage;

/// Compares without making a second copy of what was written.
fn same(tried: &Tried, says: &[Say]) {
    for stream in [Stdout, Stderr] {
        let written = tried.written(stream);
        let mut rest = written.as_slice();
        for say in says.iter().filter(|say| say.stream == stream) {
            for _ in 0..say.times {
                let at = written.len() - rest.len();
                let piece = rest.get(..say.bytes.len());
                assert_eq!(piece, Some(say.bytes.as_slice()), "{stream:?} at byte {at}");
                rest = rest.get(say.bytes.len()..).unwrap_or_default();
            }
        }
        assert!(
            rest.is_empty(),
            "{} bytes too many on {stream:?}",
            rest.len()
        );
    }
}

async fn says(bench: &dyn Bench, task: &str, says: Vec<Say>) -> Outcome {
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), task)?;
    let tried = whole(bench, &*scheduler, &id, &Job::says(says.clone())).await?;
    same(&tried, &says);
    tidy(&*scheduler, &[&id]).await?;
    scheduler.close().await;
    Ok(())
}

/// Order within a stream is exact; between them it is the order of arrival.
pub async fn both_streams_arrive_whole_and_each_in_order(bench: &dyn Bench) -> Outcome {
    let line = |number: u32| {
        let stream = if number.is_multiple_of(2) {
            Stdout
        } else {
            Stderr
        };
        Say::once(stream, format!("line {number}\n"))
    };
    says(bench, "streams", (0..200).map(line).collect()).await
}

/// NUL, bytes that are no text, and a character across the mark at which engines cut lines.
pub async fn bytes_are_not_altered(bench: &dyn Bench) -> Outcome {
    let long_line = Say {
        stream: Stdout,
        bytes: b"a".to_vec(),
        times: 16 * 1024 - 1,
    };
    says(
        bench,
        "bytes",
        vec![
            Say::once(Stdout, b"nul \0 and \xff\xfe, \xc3\x28\r\n".to_vec()),
            Say::once(Stderr, (0..=255).collect::<Vec<u8>>()),
            long_line.clone(),
            Say::once(Stdout, "é and on\n"),
            Say {
                times: 300_000,
                ..long_line
            },
            Say::once(Stdout, "\n\n\n"),
        ],
    )
    .await
}

/// Nothing is added.
pub async fn a_log_without_a_newline_at_its_end_stays_so(bench: &dyn Bench) -> Outcome {
    says(
        bench,
        "noend",
        vec![Say::once(Stdout, "no end"), Say::once(Stderr, "none here")],
    )
    .await
}

/// Much is as exact as little.
pub async fn a_hundred_megabytes_arrive_whole(bench: &dyn Bench) -> Outcome {
    let mut line = vec![b'x'; 99];
    line.push(b'\n');
    says(
        bench,
        "big",
        vec![Say {
            stream: Stdout,
            bytes: line,
            times: 1_000_000,
        }],
    )
    .await
}

/// Whoever drops the log loses the log, not the job.
pub async fn a_log_that_nobody_reads_stops_nothing(bench: &dyn Bench) -> Outcome {
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "unread")?;
    let much = Say {
        stream: Stdout,
        bytes: b"0123456789abcdef\n".to_vec(),
        times: 1_000_000,
    };
    let started = start(
        bench,
        &*scheduler,
        &id,
        &Job::says([much]),
        Asking::default(),
    )
    .await;
    let mut started = started.map_err(|error| error.to_string())?;
    started.log = futures_util::stream::empty().boxed();
    assert_eq!(started.end(bench).await?.exit()?.code, 0);
    tidy(&*scheduler, &[&id]).await?;
    scheduler.close().await;
    Ok(())
}

/// Another Gofer gets everything, and is told to skip what it has.
pub async fn a_replay_begins_with_the_first_byte(bench: &dyn Bench) -> Outcome {
    let (first, second) = (bench.connect().await, bench.connect().await);
    let id = attempt(bench.run(), "replay")?;
    let says = vec![
        Say {
            stream: Stdout,
            bytes: b"line\n".to_vec(),
            times: 5000,
        },
        Say::once(Stderr, b"\0\xff no end".to_vec()),
    ];
    let job = Job {
        says: says.clone(),
        ..Job::takes(2)
    };
    let started = start(bench, &*first, &id, &job, Asking::default()).await;
    let started = started.map_err(|error| error.to_string())?;
    let again = start(bench, &*second, &id, &job, Asking::at(Stage::Started)).await;
    let again = again.map_err(|error| error.to_string())?.end(bench).await?;
    assert_eq!(again.log.first(), Some(&LogEvent::Replay));
    assert_eq!(again.exit()?.code, 0);
    same(&again, &says);
    same(&started.end(bench).await?, &says);
    tidy(&*first, &[&id]).await?;
    first.close().await;
    second.close().await;
    Ok(())
}

/// The engine's own record is whole, too.
pub async fn the_record_can_be_read_again_after_the_end(bench: &dyn Bench) -> Outcome {
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "record")?;
    let says = vec![
        Say {
            stream: Stdout,
            bytes: b"line\n".to_vec(),
            times: 20_000,
        },
        Say::once(Stderr, b"\0\xff no end".to_vec()),
    ];
    whole(bench, &*scheduler, &id, &Job::says(says.clone())).await?;
    for _ in 0..2 {
        let log = scheduler
            .logs(&id)
            .await
            .map_err(|error| error.to_string())?;
        let read = Tried {
            facts: Vec::new(),
            log: log.collect().await,
        };
        same(&read, &says);
    }
    tidy(&*scheduler, &[&id]).await?;
    scheduler.close().await;
    Ok(())
}
