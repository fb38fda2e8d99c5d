//! Volumes of a run, of a pipeline, and of the machine.

use super::{
    Bench, Outcome,
    files::{refused, said, shell},
    skipped,
    tried::{Asking, attempt, tidy},
};
use crate::Container;
use gofer_core::{definition::VolumeSource, id::AttemptId, name::VolumeName};

fn name(text: &str) -> Result<VolumeName, String> {
    text.parse().map_err(|error| format!("{text}: {error}"))
}

fn with(
    bench: &dyn Bench,
    id: &AttemptId,
    script: &str,
    volumes: &[(&str, VolumeSource, bool)],
) -> Container {
    let volumes = volumes.iter().cloned();
    Container {
        volumes: volumes
            .map(|(at, source, read_only)| (at.to_owned(), source, read_only))
            .collect(),
        ..shell(bench, id, script)
    }
}

/// Any user writes to it, all attempts of the run see it, and no other run does.
pub async fn a_scratch_volume_is_the_runs_own_and_goes_with_it(bench: &dyn Bench) -> Outcome {
    if !bench.abilities().scripts {
        skipped("scripts");
        return Ok(());
    }
    let scheduler = bench.connect().await;
    let (run, other) = (bench.run(), bench.run());
    let shared = VolumeSource::Scratch(name("shared")?);
    let at = |read_only| [("/work/here", shared.clone(), read_only)];
    let writer = attempt(run, "writer")?;
    let mut main = with(
        bench,
        &writer,
        "ls -A /work/here; echo 1 > /work/here/f",
        &at(false),
    );
    main.user = Some("worker".to_owned());
    main.read_only = true;
    let text = said(bench, &*scheduler, &writer, main, Asking::default()).await?;
    assert_eq!(text, "", "it was not empty");
    let removed = scheduler.remove(&writer).await;
    removed.map_err(|error| error.to_string())?;

    let reader = attempt(run, "reader")?;
    let script = "cat /work/here/f; touch /work/here/g 2> /dev/null || echo closed";
    let main = with(bench, &reader, script, &at(true));
    let text = said(bench, &*scheduler, &reader, main, Asking::default()).await?;
    assert_eq!(text, "1\nclosed\n");

    // What the image has there is there.
    let taken = attempt(run, "taken")?;
    let image = VolumeSource::Scratch(name("image")?);
    let script = "grep -c worker /etc/passwd; ls -ld /etc | cut -c1-10";
    let main = with(bench, &taken, script, &[("/etc", image, false)]);
    let text = said(bench, &*scheduler, &taken, main, Asking::default()).await?;
    assert_eq!(text, "1\ndrwxr-xr-x\n");

    let stranger = attempt(other, "stranger")?;
    let main = with(bench, &stranger, "ls -A /work/here", &at(false));
    let text = said(bench, &*scheduler, &stranger, main, Asking::default()).await?;
    assert_eq!(text, "", "another run sees it");
    tidy(&*scheduler, &[&reader, &taken, &stranger]).await?;
    let left = scheduler.list_ours().await;
    assert_eq!(left.map_err(|error| error.to_string())?, []);
    scheduler.close().await;
    Ok(())
}

/// As the attempts here are asked for.
const PIPELINE: &str = "default/conformance";

fn words<T>(answer: Result<T, crate::Error>) -> Result<T, String> {
    answer.map_err(|error| error.to_string())
}

/// It is one for all runs of a pipeline, and no other pipeline's.
pub async fn a_persistent_volume_stays_until_it_is_removed(bench: &dyn Bench) -> Outcome {
    if !bench.abilities().scripts {
        skipped("scripts");
        return Ok(());
    }
    let scheduler = bench.connect().await;
    let (cache, new) = (name("cache")?, name("new")?);
    for pipeline in [PIPELINE, PIPELINE, "default/other"] {
        let ensured = scheduler.volume_ensure(pipeline, &cache).await;
        words(ensured)?;
    }
    let volumes = [
        ("/cache", VolumeSource::Persistent(cache.clone()), false),
        ("/new", VolumeSource::Persistent(new.clone()), false),
    ];
    for expected in ["", "x\n"] {
        let id = attempt(bench.run(), "counter")?;
        let script = "cat /cache/f /new/f 2> /dev/null || true; printf x > /cache/f; echo > /new/f";
        let mut main = with(bench, &id, script, &volumes);
        main.user = Some("4711".to_owned());
        let text = said(bench, &*scheduler, &id, main, Asking::default()).await?;
        assert_eq!(text, expected);
        tidy(&*scheduler, &[&id]).await?;
    }
    let mut kept = words(scheduler.volumes().await)?;
    kept.sort();
    let kept: Vec<_> = kept
        .iter()
        .map(|(pipeline, name, _)| (pipeline.as_str(), name.as_str()))
        .collect();
    let other = "default/other";
    let expected = [(PIPELINE, "cache"), (PIPELINE, "new"), (other, "cache")];
    assert_eq!(kept, expected);
    // Already gone is success.
    for (pipeline, name) in [
        (PIPELINE, &cache),
        (PIPELINE, &cache),
        (PIPELINE, &new),
        (other, &cache),
    ] {
        let removed = scheduler.volume_remove(pipeline, name).await;
        words(removed)?;
    }
    assert_eq!(words(scheduler.volumes().await)?, []);
    assert_eq!(words(scheduler.list_ours().await)?, []);
    scheduler.close().await;
    Ok(())
}

/// See the name.
pub async fn a_folder_of_the_machine_is_mounted_and_a_missing_one_is_not_made(
    bench: &dyn Bench,
) -> Outcome {
    let Some(folder) = bench.folder() else {
        skipped("folders of the machine");
        return Ok(());
    };
    let scheduler = bench.connect().await;
    let run = bench.run();
    let path = |name: &str| folder.join(name).display().to_string();
    let there = VolumeSource::Host(folder.display().to_string());
    let id = attempt(run, "there")?;
    let main = with(
        bench,
        &id,
        "echo 1 > /host/f",
        &[("/host", there.clone(), false)],
    );
    said(bench, &*scheduler, &id, main, Asking::default()).await?;
    let reader = attempt(run, "reader")?;
    let script = "cat /host/f; touch /host/g 2> /dev/null || echo closed";
    let main = with(bench, &reader, script, &[("/host", there, true)]);
    let text = said(bench, &*scheduler, &reader, main, Asking::default()).await?;
    assert_eq!(text, "1\nclosed\n");
    assert_eq!(std::fs::read(path("f")).ok(), Some(b"1\n".to_vec()));

    let missing = attempt(run, "missing")?;
    let nowhere = VolumeSource::Host(path("missing"));
    let main = with(bench, &missing, "true", &[("/host", nowhere, false)]);
    refused(&*scheduler, &missing, main, &path("missing")).await?;
    assert!(!folder.join("missing").exists(), "it was made");
    tidy(&*scheduler, &[&id, &reader, &missing]).await?;
    scheduler.close().await;
    Ok(())
}
