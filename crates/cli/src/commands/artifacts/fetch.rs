//! Into a folder, and never outside of it.

use super::{Left, files};
use crate::{
    failure::{Code, Failure, Result},
    session::Session,
    text,
};
use futures_util::StreamExt;
use gofer_archive::{ExtractError, Extracted, Extractor};
use gofer_sdk::{
    Client,
    types::{ArtifactKind, Run},
};
use std::path::{Path, PathBuf};

/// Files that are named before it says how many more.
const NAMED: usize = 3;

/// Each task of a whole run gets a folder of its own, each item of a fan-out one within.
pub(super) async fn into_folder(
    session: &Session<'_>,
    client: &Client,
    run: &Run,
    left: &[Left<'_>],
    (folder, is_whole, overwrite): (&Path, bool, bool),
) -> Result<Code> {
    let folder = session.here.join(folder);
    let place = |left: &Left<'_>| -> PathBuf {
        let mut place = folder.clone();
        if is_whole {
            place.push(left.task());
        }
        if let Some(item) = left.unit.key().1.filter(|_| is_whole || many(left)) {
            place.push(item.to_string());
        }
        place
    };
    if !overwrite {
        refuse_to_overwrite(client, run, left, &place).await?;
    }
    let mut sum = Extracted::default();
    for left in left {
        let place = place(left);
        let failed = |error: ExtractError| unpacking(&place, &error);
        let mut extractor = Extractor::new(&place, overwrite).map_err(failed)?;
        let mut tar = client.artifacts_tar(run.id, left.task(), &left.query());
        while let Some(bytes) = tar.next().await {
            extractor.feed(bytes?).map_err(failed)?;
        }
        let done = extractor.finish().map_err(failed)?;
        sum.files += done.files;
        sum.bytes += done.bytes;
    }
    let files = text::count(sum.files as usize, "file");
    let (bytes, folder) = (text::bytes(sum.bytes), folder.display());
    session.note(format_args!("{files}, {bytes}: {folder}"));
    Ok(Code::Ok)
}

/// It stands for several items.
fn many(left: &Left<'_>) -> bool {
    left.unit.task.items.len() > 1
}

/// Before anything is written. What comes to be there meanwhile is not overwritten either.
async fn refuse_to_overwrite(
    client: &Client,
    run: &Run,
    left: &[Left<'_>],
    place: &impl Fn(&Left<'_>) -> PathBuf,
) -> Result<()> {
    let mut there = Vec::new();
    for left in left {
        let folder = place(left);
        if !folder.exists() {
            continue;
        }
        let files = files(client, run, left).await?;
        let files = files.iter().filter(|it| it.kind != ArtifactKind::Folder);
        there.extend(
            files
                .map(|file| folder.join(&file.path))
                .filter(|path| path.symlink_metadata().is_ok()),
        );
    }
    if there.is_empty() {
        return Ok(());
    }
    let mut named: Vec<String> = there
        .iter()
        .take(NAMED)
        .map(|path| text::safe(path.display().to_string().as_bytes()))
        .collect();
    if there.len() > NAMED {
        named.push(format!("and {} more", there.len() - NAMED));
    }
    Err(
        Failure::new("nothing was fetched: these files are there already")
            .with_problems(named)
            .with_remedy("choose another folder, or replace them with --overwrite"),
    )
}

fn unpacking(folder: &Path, error: &ExtractError) -> Failure {
    let folder = folder.display();
    let failure = Failure::new(format!("cannot unpack into {folder}: {error}"));
    match error {
        ExtractError::Exists(_) => failure.with_remedy("--overwrite replaces files"),
        _ => failure,
    }
}
