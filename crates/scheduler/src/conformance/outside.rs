use super::{
    Bench, Job, Meddling, Outcome,
    job::OnTerm,
    skipped,
    tried::{Asking, Started, attempt, start, tidy},
};
use crate::{Fact, Scheduler};
use gofer_core::id::AttemptId;
use std::time::Duration;

async fn running(
    bench: &dyn Bench,
    scheduler: &dyn Scheduler,
    id: &AttemptId,
    job: &Job,
) -> Result<Started, String> {
    let started = start(bench, scheduler, id, job, Asking::default()).await;
    let mut started = started.map_err(|error| error.to_string())?;
    started
        .hear(bench, |fact| matches!(fact, Fact::Started(_)))
        .await?;
    // Time for its shell to set its trap.
    bench.clock().sleep(Duration::from_millis(700)).await;
    Ok(started)
}

/// See the name.
pub async fn a_stop_is_a_signal_first_and_force_after_the_grace(bench: &dyn Bench) -> Outcome {
    let scheduler = bench.connect().await;
    let run = bench.run();
    let rows = [
        ("obeys", None, Duration::from_mins(1), 143),
        (
            "finishes",
            Some(OnTerm::ExitsWith0),
            Duration::from_mins(1),
            0,
        ),
        (
            "ignores",
            Some(OnTerm::Ignores),
            Duration::from_secs(1),
            137,
        ),
        ("forced", Some(OnTerm::Ignores), Duration::ZERO, 137),
    ];
    for (task, on_term, grace, code) in rows {
        let id = attempt(run, task)?;
        let job = Job {
            on_term,
            ..Job::takes(100)
        };
        let started = running(bench, &*scheduler, &id, &job).await?;
        let asked = bench.clock().moment();
        scheduler
            .stop(&id, grace)
            .await
            .map_err(|error| error.to_string())?;
        let tried = started.end(bench).await?;
        let took = bench.clock().moment().0.saturating_sub(asked.0);
        let exit = tried.exit()?;
        assert_eq!((exit.code, exit.stopped_outside), (code, false), "{task}");
        assert!(took < Duration::from_secs(30), "{task}: {took:?}");
        assert!(task != "ignores" || took >= grace, "{task}: {took:?}");
        tidy(&*scheduler, &[&id]).await?;
    }
    scheduler.close().await;
    Ok(())
}

/// Carrying an order out twice is harmless.
pub async fn stopping_twice_or_what_has_ended_is_success(bench: &dyn Bench) -> Outcome {
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "stopped")?;
    let grace = Duration::from_secs(20);
    let stop = || async {
        scheduler
            .stop(&id, grace)
            .await
            .map_err(|error| error.to_string())
    };
    stop().await?;
    let started = running(bench, &*scheduler, &id, &Job::takes(100)).await;
    let started = started?;
    stop().await?;
    stop().await?;
    assert_eq!(started.end(bench).await?.exit()?.code, 143);
    stop().await?;
    tidy(&*scheduler, &[&id]).await?;
    stop().await?;
    scheduler.close().await;
    Ok(())
}

/// A job that was stopped by somebody else did not do its work, whatever code it says.
pub async fn a_signal_from_outside_is_never_a_success(bench: &dyn Bench) -> Outcome {
    let scheduler = bench.connect().await;
    let run = bench.run();
    let rows = [
        ("killed", None, Meddling::Kill, 137),
        ("ended", None, Meddling::Terminate, 143),
        ("trapped", Some(OnTerm::ExitsWith0), Meddling::Terminate, 0),
    ];
    for (task, on_term, what, code) in rows {
        let id = attempt(run, task)?;
        let job = Job {
            on_term,
            ..Job::takes(100)
        };
        let started = running(bench, &*scheduler, &id, &job).await?;
        bench.meddle(&id, what).await;
        let tried = started.end(bench).await?;
        let exit = tried.exit()?;
        assert_eq!((exit.code, exit.stopped_outside), (code, true), "{task}");
        tidy(&*scheduler, &[&id]).await?;
    }
    scheduler.close().await;
    Ok(())
}

/// It is gone, or was seen to be killed: never more than that.
pub async fn a_container_removed_from_outside_is_no_success(bench: &dyn Bench) -> Outcome {
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "removed")?;
    let started = running(bench, &*scheduler, &id, &Job::takes(100)).await?;
    bench.meddle(&id, Meddling::Remove).await;
    let tried = started.end(bench).await?;
    match tried.facts.last() {
        Some(Fact::Vanished) => {}
        Some(Fact::Exited(exit)) => assert!(exit.stopped_outside, "{exit:?}"),
        other => return Err(format!("it ended with {other:?}")),
    }
    tidy(&*scheduler, &[&id]).await?;
    scheduler.close().await;
    Ok(())
}

/// See the name.
pub async fn a_pause_from_outside_is_told_and_ends_nothing(bench: &dyn Bench) -> Outcome {
    if !bench.abilities().pause {
        skipped("pausing");
        return Ok(());
    }
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "paused")?;
    let mut started = running(bench, &*scheduler, &id, &Job::takes(2)).await?;
    bench.meddle(&id, Meddling::Pause).await;
    let paused = started
        .hear(bench, |fact| matches!(fact, Fact::Paused(_)))
        .await?;
    assert!(
        matches!(&paused, Fact::Paused(text) if text.contains("paused")),
        "{paused:?}"
    );
    bench.clock().sleep(Duration::from_secs(3)).await;
    bench.meddle(&id, Meddling::Unpause).await;
    started.hear(bench, |fact| *fact == Fact::Resumed).await?;
    assert_eq!(started.end(bench).await?.exit()?.code, 0);
    tidy(&*scheduler, &[&id]).await?;
    scheduler.close().await;
    Ok(())
}
