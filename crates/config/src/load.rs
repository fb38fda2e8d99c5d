//! A pipeline file on disk: read if it is a document, run if it is a program.

use crate::{Format, Reading, Source, document::MOST_BYTES, program, read};
use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

/// A file that was read.
#[derive(Debug)]
pub struct Loaded {
    /// Its text; of a program, what it printed.
    pub source: Source,
    /// What it says.
    pub reading: Reading,
    /// The folder it is in: where files that it names are looked for.
    pub beside: PathBuf,
}

/// Why a file could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The system refuses it.
    #[error("{} cannot be read", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Bytes that are no text.
    #[error("{name} is not UTF-8 text: byte {at} begins no character")]
    NotText {
        /// Of what.
        name: String,
        /// How many bytes are right.
        at: usize,
    },
    /// Neither a document nor a program.
    #[error("{} is neither .toml, .yaml, .yml or .json nor a program: `chmod +x` makes it one", path.display())]
    Unknown {
        /// Which file.
        path: PathBuf,
    },
    /// Nothing on this machine runs it.
    #[error("nothing here runs {}: install {tried}, or keep what it prints as gofer.json", path.display())]
    NoToolchain {
        /// Which file.
        path: PathBuf,
        /// What was looked for, as words behind `install`.
        tried: String,
    },
    /// It could not be started.
    #[error("`{command}` cannot be started")]
    Start {
        /// What was to be run.
        command: String,
        /// What the system says.
        source: io::Error,
    },
    /// It said by its exit that it failed.
    #[error("`{command}` failed ({status}); what it says stands above")]
    Failed {
        /// What was run.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// It was stopped for taking too long.
    #[error("`{command}` took longer than {} s and was stopped", limit.as_secs())]
    TooSlow {
        /// What was run.
        command: String,
        /// How long it may take.
        limit: Duration,
    },
    /// It was stopped for printing too much.
    #[error(
        "`{command}` printed more than {most} bytes and was stopped; a pipeline is at most that"
    )]
    TooMuch {
        /// What was run.
        command: String,
        /// How much it may print.
        most: usize,
    },
}

/// Reads a file. A document is never run, whatever its rights say; a program's stderr is ours.
pub fn load(path: &Path) -> Result<Loaded, LoadError> {
    let name = path.display().to_string();
    let beside = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
        .to_owned();
    let source = if let Some(format) = format(path) {
        Source {
            text: text(&name, bytes(path)?)?,
            name,
            format,
        }
    } else {
        let name = format!("output of {name}");
        let printed = program::run(path, &beside)?;
        Source {
            text: text(&name, printed)?,
            name,
            format: Format::Json,
        }
    };
    Ok(Loaded {
        reading: read(&source),
        source,
        beside,
    })
}

fn format(path: &Path) -> Option<Format> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "toml" => Some(Format::Toml),
        "yaml" | "yml" => Some(Format::Yaml),
        "json" => Some(Format::Json),
        _ => None,
    }
}

/// One byte over the bound is enough for the reader to say that it is passed.
fn bytes(path: &Path) -> Result<Vec<u8>, LoadError> {
    let unreadable = |source| LoadError::Read {
        path: path.to_owned(),
        source,
    };
    let most = u64::try_from(MOST_BYTES)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(unreadable)?
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(bytes)
}

fn text(name: &str, bytes: Vec<u8>) -> Result<String, LoadError> {
    let cut = bytes.len() > MOST_BYTES;
    String::from_utf8(bytes).or_else(|error| {
        let at = error.utf8_error().valid_up_to();
        if cut && error.utf8_error().error_len().is_none() {
            return Ok(String::from_utf8_lossy(error.as_bytes()).into_owned());
        }
        Err(LoadError::NotText {
            name: name.to_owned(),
            at,
        })
    })
}
