use super::{
    Bench, Ending, Job, Outcome, skipped,
    tried::{Asking, attempt, start, tidy, whole},
};
use crate::{Fact, StartError, Stream};
use gofer_core::run::Reason;

/// An exit code is what the process said, whatever it is.
pub async fn exit_codes_are_those_of_the_process(bench: &dyn Bench) -> Outcome {
    let scheduler = bench.connect().await;
    let run = bench.run();
    for code in [0, 1, 3, 126, 127, 255] {
        let id = attempt(run, &format!("exit{code}"))?;
        let tried = whole(bench, &*scheduler, &id, &Job::exit(code)).await?;
        let exit = tried.exit()?;
        assert_eq!(exit.code, code);
        assert!(
            !exit.out_of_memory && !exit.engine_restarted && !exit.stopped_outside,
            "{exit:?}"
        );
        assert_eq!(
            exit.bad_command, None,
            "a script that exits with {code} is no bad command"
        );
        let starts = tried
            .facts
            .iter()
            .filter(|fact| matches!(fact, Fact::Started(_)));
        assert_eq!(starts.count(), 1, "{:?}", tried.facts);
        tidy(&*scheduler, &[&id]).await?;
    }
    scheduler.close().await;
    Ok(())
}

/// A process that ends by its own signal was not stopped by anybody else.
pub async fn a_process_that_kills_itself_has_the_code_of_its_signal(bench: &dyn Bench) -> Outcome {
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "suicide")?;
    let job = Job {
        ending: Ending::KillsItself,
        ..Job::default()
    };
    let tried = whole(bench, &*scheduler, &id, &job).await?;
    let exit = tried.exit()?;
    assert_eq!(
        (exit.code, exit.out_of_memory, exit.stopped_outside),
        (137, false, false)
    );
    tidy(&*scheduler, &[&id]).await?;
    scheduler.close().await;
    Ok(())
}

/// Out of memory is said only where memory was the reason.
pub async fn memory_over_the_limit_is_told_from_other_kills(bench: &dyn Bench) -> Outcome {
    if !bench.abilities().memory {
        skipped("memory limits");
        return Ok(());
    }
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "glutton")?;
    let job = Job {
        ending: Ending::EatsMemory,
        ..Job::default()
    };
    let tried = whole(bench, &*scheduler, &id, &job).await?;
    let exit = tried.exit()?;
    assert_eq!(
        (exit.code, exit.out_of_memory, exit.stopped_outside),
        (137, true, false)
    );
    tidy(&*scheduler, &[&id]).await?;
    scheduler.close().await;
    Ok(())
}

/// An image that is nowhere is a failure with the image's name in it, and nothing stays behind.
pub async fn a_missing_image_is_named_and_nothing_is_left(bench: &dyn Bench) -> Outcome {
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "noimage")?;
    let job = Job {
        ending: Ending::NoImage,
        ..Job::default()
    };
    let image = bench.container(&id, &job).image;
    match start(bench, &*scheduler, &id, &job, Asking::default()).await {
        Err(StartError::Failed {
            reason, message, ..
        }) => {
            assert_eq!(reason, Reason::ImageNotFound);
            assert!(
                message.contains(&image),
                "{message:?} does not name {image}"
            );
        }
        Err(other) => return Err(format!("another error: {other:?}")),
        Ok(_) => return Err("it started".to_owned()),
    }
    tidy(&*scheduler, &[&id]).await?;
    let left = scheduler
        .list_ours()
        .await
        .map_err(|error| error.to_string())?;
    assert!(left.iter().all(|ours| ours.run != Some(id.run)), "{left:?}");
    scheduler.close().await;
    Ok(())
}

/// Bad commands are found at the start or by what the init says; its line is no part of the log.
async fn bad_command(bench: &dyn Bench, task: &str, ending: Ending) -> Outcome {
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), task)?;
    let job = Job {
        ending,
        ..Job::default()
    };
    match start(bench, &*scheduler, &id, &job, Asking::default()).await {
        Err(StartError::Failed { reason, .. }) => assert_eq!(reason, Reason::BadCommand),
        Err(other) => return Err(format!("another error: {other:?}")),
        Ok(started) => {
            let tried = started.end(bench).await?;
            let exit = tried.exit()?;
            assert!(exit.bad_command.is_some(), "{exit:?}");
            for stream in [Stream::Stdout, Stream::Stderr] {
                let written = tried.written(stream);
                assert!(
                    written.is_empty(),
                    "{:?}",
                    String::from_utf8_lossy(&written)
                );
            }
        }
    }
    tidy(&*scheduler, &[&id]).await?;
    scheduler.close().await;
    Ok(())
}

/// See the name.
pub async fn a_command_that_does_not_exist_is_told_from_one_that_fails(
    bench: &dyn Bench,
) -> Outcome {
    bad_command(bench, "nocommand", Ending::NoCommand).await
}

/// See the name.
pub async fn a_command_that_may_not_be_executed_is_a_bad_command(bench: &dyn Bench) -> Outcome {
    bad_command(bench, "notexecutable", Ending::NotExecutable).await
}

/// `None`, empty and some bytes are three things.
pub async fn outputs_are_what_was_written_and_nothing_is_none(bench: &dyn Bench) -> Outcome {
    let scheduler = bench.connect().await;
    let run = bench.run();
    let outputs = [
        None,
        Some(Vec::new()),
        Some(b"key=value\nbytes=\xff\n".to_vec()),
    ];
    for (index, output) in outputs.into_iter().enumerate() {
        // Outputs count however it ended.
        for code in [0, 3] {
            let id = attempt(run, &format!("output{index}-{code}"))?;
            let job = Job {
                output: output.clone(),
                ..Job::exit(code)
            };
            whole(bench, &*scheduler, &id, &job).await?;
            let collected = scheduler
                .collect(&id)
                .await
                .map_err(|error| error.to_string())?;
            assert_eq!(collected.output, output);
            tidy(&*scheduler, &[&id]).await?;
        }
    }
    scheduler.close().await;
    Ok(())
}

/// The reader can tell that it was too long, and is not given all of it.
pub async fn an_output_that_is_too_long_is_cut_behind_its_limit(bench: &dyn Bench) -> Outcome {
    const LIMIT: usize = 64 * 1024;
    let scheduler = bench.connect().await;
    let run = bench.run();
    for (written, expected) in [
        (LIMIT, LIMIT),
        (LIMIT + 1, LIMIT + 1),
        (3 * LIMIT, LIMIT + 1),
    ] {
        let id = attempt(run, &format!("long{written}"))?;
        let job = Job {
            output: Some(vec![b'x'; written]),
            ..Job::default()
        };
        whole(bench, &*scheduler, &id, &job).await?;
        let collected = scheduler
            .collect(&id)
            .await
            .map_err(|error| error.to_string())?;
        assert_eq!(collected.output.map(|output| output.len()), Some(expected));
        tidy(&*scheduler, &[&id]).await?;
    }
    scheduler.close().await;
    Ok(())
}
