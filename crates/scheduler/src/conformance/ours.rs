use super::{
    Bench, Job, Outcome, Say, skipped,
    tried::{Asking, attempt, start, tidy, whole},
};
use crate::{Error, Ours, Role, Scheduler, Stream};
use gofer_core::id::{AttemptId, Epoch, RunId};
use std::time::Duration;

async fn of_run(scheduler: &dyn Scheduler, run: RunId) -> Result<Vec<Ours>, String> {
    let all = scheduler
        .list_ours()
        .await
        .map_err(|error| error.to_string())?;
    Ok(all
        .into_iter()
        .filter(|ours| ours.run == Some(run))
        .collect())
}

async fn of_attempt(scheduler: &dyn Scheduler, id: &AttemptId) -> Result<Option<Ours>, String> {
    let mut found = of_run(scheduler, id.run).await?;
    found.retain(|ours| ours.role == Role::Attempt && ours.attempt.as_ref() == Some(id));
    assert!(found.len() < 2, "{found:?}");
    Ok(found.pop())
}

/// One list is enough to go on after a crash.
pub async fn what_is_ours_is_listed_with_all_that_is_known(bench: &dyn Bench) -> Outcome {
    let scheduler = bench.connect().await;
    let run = bench.run();
    let plain = attempt(run, "listed")?;
    let item = AttemptId {
        item: Some(3),
        number: 2,
        ..attempt(run, "listed")?
    };
    for id in [&plain, &item] {
        assert_eq!(of_attempt(&*scheduler, id).await?, None);
        let started = start(bench, &*scheduler, id, &Job::takes(2), Asking::default()).await;
        let started = started.map_err(|error| error.to_string())?;
        let ours = of_attempt(&*scheduler, id)
            .await?
            .ok_or("it is not listed")?;
        assert_eq!((ours.epoch, ours.running), (Some(Epoch(1)), true));
        started.end(bench).await?;
        // An engine may be tidying up for a moment yet.
        let clock = bench.clock();
        let since = clock.moment();
        while of_attempt(&*scheduler, id)
            .await?
            .ok_or("it is not listed any more")?
            .running
        {
            let took = clock.moment().0.saturating_sub(since.0);
            assert!(took < Duration::from_secs(5), "it is listed as running");
            clock.sleep(Duration::from_millis(20)).await;
        }
    }
    for id in [&plain, &item] {
        scheduler
            .remove(id)
            .await
            .map_err(|error| error.to_string())?;
        assert_eq!(of_attempt(&*scheduler, id).await?, None);
        scheduler
            .remove(id)
            .await
            .map_err(|error| format!("removing twice: {error}"))?;
    }
    tidy(&*scheduler, &[&plain]).await?;
    scheduler.close().await;
    Ok(())
}

/// What looks nearly like ours is somebody's.
pub async fn removing_takes_what_is_ours_and_nothing_else(bench: &dyn Bench) -> Outcome {
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "canary")?;
    let planted = bench.plant(&id).await;
    let other = attempt(id.run, "other")?;
    whole(bench, &*scheduler, &id, &Job::exit(0)).await?;
    whole(bench, &*scheduler, &other, &Job::exit(0)).await?;
    let listed = of_run(&*scheduler, id.run).await?;
    for name in &planted {
        assert!(
            listed.iter().all(|ours| ours.name != *name),
            "{name} is listed as ours"
        );
    }
    scheduler
        .remove(&id)
        .await
        .map_err(|error| error.to_string())?;
    assert!(
        of_attempt(&*scheduler, &other).await?.is_some(),
        "another attempt was removed"
    );
    tidy(&*scheduler, &[&id, &other]).await?;
    assert_eq!(bench.standing(&planted).await, planted);
    scheduler.close().await;
    Ok(())
}

/// Sandboxes, networks and volumes go with their run.
pub async fn a_run_that_is_released_leaves_nothing(bench: &dyn Bench) -> Outcome {
    let scheduler = bench.connect().await;
    let run = bench.run();
    scheduler.prepare(&run).await;
    let first = attempt(run, "first")?;
    let second = attempt(run, "second")?;
    for id in [&first, &second] {
        whole(bench, &*scheduler, id, &Job::exit(0)).await?;
        scheduler
            .remove(id)
            .await
            .map_err(|error| error.to_string())?;
    }
    for _ in 0..2 {
        scheduler
            .release(&run)
            .await
            .map_err(|error| error.to_string())?;
        assert_eq!(of_run(&*scheduler, run).await?, []);
    }
    scheduler.close().await;
    Ok(())
}

/// Attempts at the same time, of one run and of two, with the same names.
pub async fn runs_and_attempts_do_not_touch_each_other(bench: &dyn Bench) -> Outcome {
    let scheduler = bench.connect().await;
    let (one, two) = (bench.run(), bench.run());
    let ids = [
        attempt(one, "a")?,
        attempt(one, "b")?,
        attempt(two, "a")?,
        attempt(two, "b")?,
    ];
    let trying = ids.iter().enumerate().map(|(index, id)| {
        let said = format!("{id}\n");
        let job = Job {
            says: vec![Say::once(Stream::Stdout, said.clone())],
            output: Some(format!("who={index}\n").into_bytes()),
            ..Job::takes(1)
        };
        let scheduler = scheduler.clone();
        async move {
            let tried = whole(bench, &*scheduler, id, &job).await?;
            assert_eq!(tried.written(Stream::Stdout), said.as_bytes());
            let collected = scheduler
                .collect(id)
                .await
                .map_err(|error| error.to_string())?;
            assert_eq!(collected.output, job.output);
            Ok::<(), String>(())
        }
    });
    for tried in futures_util::future::join_all(trying).await {
        tried?;
    }
    let of_two = of_run(&*scheduler, two).await?;
    tidy(&*scheduler, &[&ids[0], &ids[1]]).await?;
    assert_eq!(of_run(&*scheduler, one).await?, []);
    assert_eq!(of_run(&*scheduler, two).await?.len(), of_two.len());
    tidy(&*scheduler, &[&ids[2], &ids[3]]).await?;
    scheduler.close().await;
    Ok(())
}

/// See the name.
pub async fn a_command_runs_beside_the_main_one(bench: &dyn Bench) -> Outcome {
    if !bench.abilities().exec {
        skipped("commands beside a container's own");
        return Ok(());
    }
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "beside")?;
    let started = start(bench, &*scheduler, &id, &Job::takes(2), Asking::default()).await;
    let started = started.map_err(|error| error.to_string())?;
    let command = ["sh", "-c", "echo out; echo err >&2; exit 4"].map(str::to_owned);
    let (code, said) = scheduler
        .exec(&id, &command)
        .await
        .map_err(|error| error.to_string())?;
    assert_eq!(code, 4);
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("out\n") && said.contains("err\n"), "{said:?}");
    started.end(bench).await?;
    let late = scheduler.exec(&id, &command).await;
    assert!(matches!(late, Err(Error::Failed(_))), "{late:?}");
    tidy(&*scheduler, &[&id]).await?;
    scheduler.close().await;
    Ok(())
}
