//! What an ended attempt wrote to `$GOFER_OUTPUT`, and commands beside a running one.

use crate::{
    engine::Engine,
    labels, left,
    remedy::{self, found},
    spec,
};
use bollard::{
    container::{LogOutput, PathStatResponse},
    exec::{CreateExecOptions, StartExecResults},
    query_parameters::{ContainerArchiveInfoOptionsBuilder, DownloadFromContainerOptionsBuilder},
};
use futures_util::StreamExt;
use gofer_core::{Timestamp, id::AttemptId};
use gofer_scheduler::{Collected, Error};
use std::io::Read;

/// One byte more than is allowed, so that the reader can tell.
pub(crate) const MOST: usize = 64 * 1024 + 1;
const TAR_HEADER: usize = 512;
/// Go's bits for what is not an ordinary file: folder, link, device, pipe, socket.
const NOT_A_FILE: u32 = 0x8f28_0000;

pub(crate) async fn collect(engine: &Engine, id: &AttemptId) -> Result<Collected, Error> {
    if let Some(collected) = left::collect(engine, id).await {
        return Ok(collected);
    }
    let name = labels::attempt_name(engine.store, id);
    // Asking costs a millisecond, fetching 34: most attempts hand nothing on.
    let (output, artifacts) = tokio::join!(
        stat(engine, &name, spec::OUTPUT),
        stat(engine, &name, spec::ARTIFACTS)
    );
    let (output, artifacts) = (output?, artifacts?);
    if output.is_none() && artifacts.is_none() {
        // A missing file and a missing container are both 404, and HEAD has no words.
        let there = engine.inspect(&name).await;
        there.map_err(remedy::plain)?;
    }
    let made = engine.made.find(id).and_then(|made| made.at);
    let artifacts = artifacts.is_some_and(|folder| is_used(&folder, made));
    let output = match output {
        Some(stat) => Some(content(engine, &name, &stat).await?),
        None => None,
    };
    Ok(Collected { output, artifacts })
}

/// `None`: nothing is there, or no container.
pub(crate) async fn stat(
    engine: &Engine,
    name: &str,
    path: &str,
) -> Result<Option<PathStatResponse>, Error> {
    let options = ContainerArchiveInfoOptionsBuilder::new().path(path).build();
    let asked = engine
        .docker
        .get_container_archive_info(name, Some(options))
        .await;
    found(asked).map_err(remedy::plain)
}

/// Whether a folder that was empty at first was ever changed. It is as old as its volume, which the
/// engine makes just before it says that the container was created, or has the time that it has in
/// our image, which is none. What is not known is looked at.
fn is_used(folder: &PathStatResponse, made: Option<Timestamp>) -> bool {
    let changed = folder
        .modification_time
        .as_deref()
        .and_then(|text| text.parse().ok());
    changed.is_none_or(|changed: Timestamp| {
        changed != Timestamp::UNIX_EPOCH && made.is_none_or(|made| changed > made)
    })
}

async fn content(engine: &Engine, name: &str, stat: &PathStatResponse) -> Result<Vec<u8>, Error> {
    if stat.file_mode & NOT_A_FILE != 0 {
        return Err(Error::Failed(
            "$GOFER_OUTPUT is not a file any more".to_owned(),
        ));
    }
    if stat.size == 0 {
        return Ok(Vec::new());
    }
    let archive = fetch(engine, name).await?;
    first_file(&archive)
        .map_err(|error| Error::Failed(format!("the engine's archive is broken: {error}")))
}

async fn fetch(engine: &Engine, name: &str) -> Result<Vec<u8>, Error> {
    let options = DownloadFromContainerOptionsBuilder::new()
        .path(spec::OUTPUT)
        .build();
    let mut chunks = engine
        .docker
        .download_from_container(name, Some(options))
        .boxed();
    let mut archive = Vec::new();
    while let Some(chunk) = chunks.next().await {
        archive.extend_from_slice(&chunk.map_err(remedy::plain)?);
        // Whatever is longer is refused anyway; a file of any size must not fill our memory.
        if archive.len() >= TAR_HEADER + MOST {
            break;
        }
    }
    Ok(archive)
}

fn first_file(archive: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut tar = tar::Archive::new(archive);
    let mut output = Vec::new();
    if let Some(entry) = tar.entries()?.next() {
        entry?.take(MOST as u64).read_to_end(&mut output)?;
    }
    Ok(output)
}

/// How much of a command's output is kept.
const MOST_SAID: usize = 1024 * 1024;

pub(crate) async fn exec(
    engine: &Engine,
    id: &AttemptId,
    command: &[String],
) -> Result<(i32, Vec<u8>), Error> {
    exec_in(engine, &labels::attempt_name(engine.store, id), command).await
}

/// Runs a command in a container that runs.
pub(crate) async fn exec_in(
    engine: &Engine,
    name: &str,
    command: &[String],
) -> Result<(i32, Vec<u8>), Error> {
    let options = CreateExecOptions {
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(command.to_vec()),
        ..CreateExecOptions::default()
    };
    let exec = engine
        .docker
        .create_exec(name, options)
        .await
        .map_err(remedy::plain)?
        .id;
    let started = engine
        .docker
        .start_exec(&exec, None)
        .await
        .map_err(remedy::plain)?;
    let mut said = Vec::new();
    if let StartExecResults::Attached {
        mut output,
        input: _input,
    } = started
    {
        while let Some(frame) = output.next().await {
            if let LogOutput::StdOut { message } | LogOutput::StdErr { message } =
                frame.map_err(remedy::plain)?
            {
                let room = MOST_SAID.saturating_sub(said.len());
                said.extend(message.iter().take(room));
            }
        }
    }
    let ended = engine
        .docker
        .inspect_exec(&exec)
        .await
        .map_err(remedy::plain)?;
    let code = ended.exit_code.and_then(|code| i32::try_from(code).ok());
    let code = code.ok_or_else(|| Error::Failed("the command has no exit code".to_owned()))?;
    Ok((code, said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_that_is_too_long_is_cut_behind_its_limit() {
        let long = vec![b'a'; MOST + 5000];
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_size(long.len() as u64);
        tar.append_data(&mut header, "output", long.as_slice())
            .unwrap();
        let archive = tar.into_inner().unwrap();
        assert_eq!(first_file(&archive).unwrap().len(), MOST);
        let cut = &archive[..TAR_HEADER + MOST];
        assert_eq!(
            first_file(cut).unwrap().len(),
            MOST,
            "the rest was never fetched"
        );
    }
}
