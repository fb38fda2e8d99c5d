use super::{
    Bench, Job, Outcome, Say,
    tried::{Asking, attempt, start, tidy, whole},
};
use crate::{Fact, StartError, Stream};
use gofer_core::run::Stage;

/// Asking again is harmless, at the same time and later.
pub async fn an_attempt_is_started_once_however_often_it_is_asked_for(
    bench: &dyn Bench,
) -> Outcome {
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "once")?;
    let job = Job::takes(2);
    let ask = |stage| start(bench, &*scheduler, &id, &job, Asking::at(stage));
    let first = ask(Stage::Creating)
        .await
        .map_err(|error| error.to_string())?;
    assert_eq!(first.asked, 1);
    let mut all = vec![first];
    for stage in [Stage::Creating, Stage::Starting, Stage::Started] {
        all.push(
            ask(stage)
                .await
                .map_err(|error| format!("{stage:?}: {error}"))?,
        );
    }
    for started in all {
        assert_eq!(started.end(bench).await?.exit()?.code, 0);
    }
    assert_eq!(bench.starts(&id).await, 1);
    tidy(&*scheduler, &[&id]).await?;
    scheduler.close().await;
    Ok(())
}

/// The most dangerous call of an engine is a second `start`.
pub async fn what_ended_is_not_started_again(bench: &dyn Bench) -> Outcome {
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "ended")?;
    let job = Job {
        says: vec![Say::once(Stream::Stdout, "hello\n")],
        ..Job::exit(3)
    };
    whole(bench, &*scheduler, &id, &job).await?;
    for stage in [
        Stage::Creating,
        Stage::Starting,
        Stage::Started,
        Stage::Ended,
    ] {
        let again = start(bench, &*scheduler, &id, &job, Asking::at(stage)).await;
        let again = again
            .map_err(|error| format!("{stage:?}: {error}"))?
            .end(bench)
            .await?;
        assert_eq!(again.exit()?.code, 3, "{stage:?}");
        assert!(
            matches!(again.facts.first(), Some(Fact::Started(_))),
            "{:?}",
            again.facts
        );
        assert_eq!(again.written(Stream::Stdout), b"hello\n", "{stage:?}");
    }
    assert_eq!(bench.starts(&id).await, 1);
    tidy(&*scheduler, &[&id]).await?;
    scheduler.close().await;
    Ok(())
}

/// See the name.
pub async fn a_start_that_is_refused_does_not_happen(bench: &dyn Bench) -> Outcome {
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "refused")?;
    let asking = Asking {
        permitted: false,
        ..Asking::default()
    };
    let refused = start(bench, &*scheduler, &id, &Job::exit(0), asking).await;
    assert!(
        matches!(refused, Err(StartError::Refused)),
        "it was not refused"
    );
    assert_eq!(bench.starts(&id).await, 0);
    tidy(&*scheduler, &[&id]).await?;
    scheduler.close().await;
    Ok(())
}

/// A Gofer that died between the two leaves a container that may still be started.
pub async fn a_container_that_was_created_and_not_started_is_started_once(
    bench: &dyn Bench,
) -> Outcome {
    let scheduler = bench.connect().await;
    let run = bench.run();
    for stage in [Stage::Creating, Stage::Starting] {
        let task = if stage == Stage::Creating {
            "creating"
        } else {
            "starting"
        };
        let id = attempt(run, task)?;
        let job = Job::says([Say::once(Stream::Stdout, "from the first byte\n")]);
        let refusing = Asking {
            permitted: false,
            ..Asking::default()
        };
        let refused = start(bench, &*scheduler, &id, &job, refusing).await;
        assert!(
            matches!(refused, Err(StartError::Refused)),
            "it was not refused"
        );
        let started = start(bench, &*scheduler, &id, &job, Asking::at(stage)).await;
        let started = started.map_err(|error| format!("{stage:?}: {error}"))?;
        assert_eq!(started.asked, 1, "{stage:?}");
        let tried = started.end(bench).await?;
        assert_eq!(tried.exit()?.code, 0);
        assert_eq!(tried.written(Stream::Stdout), b"from the first byte\n");
        assert_eq!(bench.starts(&id).await, 1);
        tidy(&*scheduler, &[&id]).await?;
    }
    scheduler.close().await;
    Ok(())
}

/// The permitted one may have run: another one of its name is not it, even if it never ran.
pub async fn a_container_made_under_the_name_of_one_that_was_permitted_is_not_started(
    bench: &dyn Bench,
) -> Outcome {
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "another")?;
    let job = Job::exit(0);
    let first = start(bench, &*scheduler, &id, &job, Asking::default()).await;
    let first = first.map_err(|error| error.to_string())?;
    let permitted = first.container.clone();
    first.end(bench).await?;
    tidy(&*scheduler, &[&id]).await?;
    let refusing = Asking {
        permitted: false,
        ..Asking::default()
    };
    let made = start(bench, &*scheduler, &id, &job, refusing).await;
    assert!(matches!(made, Err(StartError::Refused)), "it was not made");
    let recovering = Asking {
        container: permitted,
        ..Asking::at(Stage::Starting)
    };
    let found = start(bench, &*scheduler, &id, &job, recovering).await;
    assert!(matches!(found, Err(StartError::Vanished)), "it was taken");
    assert_eq!(bench.starts(&id).await, 1);
    tidy(&*scheduler, &[&id]).await?;
    scheduler.close().await;
    Ok(())
}

/// What may have run is never made anew.
pub async fn a_missing_container_that_may_have_started_is_vanished(bench: &dyn Bench) -> Outcome {
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "missing")?;
    for stage in [Stage::Starting, Stage::Started, Stage::Ended] {
        let missing = start(bench, &*scheduler, &id, &Job::exit(0), Asking::at(stage)).await;
        assert!(matches!(missing, Err(StartError::Vanished)), "{stage:?}");
    }
    assert_eq!(bench.starts(&id).await, 0);
    tidy(&*scheduler, &[&id]).await?;
    scheduler.close().await;
    Ok(())
}

/// The log, the facts and the whole Gofer may go: the container does not.
pub async fn dropping_what_was_given_stops_nothing(bench: &dyn Bench) -> Outcome {
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "dropped")?;
    let job = Job::takes(2);
    let started = start(bench, &*scheduler, &id, &job, Asking::default()).await;
    drop(started.map_err(|error| error.to_string())?);
    scheduler.close().await;
    drop(scheduler);
    let scheduler = bench.connect().await;
    let again = start(bench, &*scheduler, &id, &job, Asking::at(Stage::Started)).await;
    let again = again.map_err(|error| error.to_string())?.end(bench).await?;
    assert_eq!(again.exit()?.code, 0);
    assert_eq!(bench.starts(&id).await, 1);
    tidy(&*scheduler, &[&id]).await?;
    scheduler.close().await;
    Ok(())
}

/// Two Gofers that follow the same attempt see the same end.
pub async fn another_gofer_goes_on_with_what_runs(bench: &dyn Bench) -> Outcome {
    let (first, second) = (bench.connect().await, bench.connect().await);
    let id = attempt(bench.run(), "handed")?;
    let job = Job {
        ending: super::Ending::Code(7),
        ..Job::takes(2)
    };
    let ask = |scheduler, stage| start(bench, scheduler, &id, &job, Asking::at(stage));
    let one = ask(&*first, Stage::Creating)
        .await
        .map_err(|error| error.to_string())?;
    let two = ask(&*second, Stage::Started)
        .await
        .map_err(|error| error.to_string())?;
    assert_eq!(two.asked, 0, "it runs: there is nothing to ask");
    assert_eq!(one.end(bench).await?.exit()?.code, 7);
    let two = two.end(bench).await?;
    assert_eq!(two.exit()?.code, 7);
    let output = second
        .collect(&id)
        .await
        .map_err(|error| error.to_string())?
        .output;
    assert_eq!(output, None);
    tidy(&*second, &[&id]).await?;
    first.close().await;
    second.close().await;
    Ok(())
}
