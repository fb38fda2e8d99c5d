//! What the command line needs of the world. The composition root implements it; tests bring
//! their own.

use async_trait::async_trait;
use gofer_core::Timestamp;
use gofer_sdk::Client;
use std::{
    collections::BTreeMap,
    io::{self, IsTerminal, Read, Write},
    path::{Path, PathBuf},
};

/// What a command wants to do with a project's runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Look at kept runs, and ask for a cancel. No container engine is needed or looked for.
    Read,
    /// Drive runs: a container engine must answer.
    Drive,
}

/// Why there is no client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// One sentence: what is wrong, without a full stop.
    pub message: String,
    /// What to do about it, one sentence or command a line.
    pub remedy: Option<String>,
    /// We may not, rather than cannot: exit code 4.
    pub not_allowed: bool,
}

/// One line of `gofer doctor`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    /// What was looked at, in a word or two: `engine`, `rights`, `disk`.
    pub name: String,
    /// What was found.
    pub verdict: Verdict,
    /// The facts, one sentence.
    pub message: String,
    /// What to do about a problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// How good a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Fine,
    /// It works; the user should know.
    Note,
    /// Runs will fail.
    Problem,
}

/// What the standard streams are connected to. Asked again whenever it matters, so a resized
/// window is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terminal {
    /// Standard output is a terminal.
    pub stdout: bool,
    /// Standard error is a terminal.
    pub stderr: bool,
    /// Columns and rows of the terminal, if there is one.
    pub size: Option<(u16, u16)>,
}

/// The world, as the command line sees it. Only the first four differ between the real thing and
/// the next; the rest have the process's own environment as their default.
#[async_trait]
pub trait Host: Send + Sync {
    /// A client of the server of the project in this folder, started in this process if need be.
    /// A second call for the same folder gives a client of the same server; `Drive` after `Read`
    /// widens it.
    async fn client(&self, need: Need, project: &Path) -> Result<Client, Refused>;

    /// Drives runs on this engine from now on, instead of on the one that is found.
    fn prefer_engine(&self, name: &str);

    /// Stops what [`Host::client`] started, at the next safe point. Containers of runs that are
    /// not over go on, and their runs stay as they are. Returns when nothing of ours is left in
    /// this process.
    async fn close(&self);

    /// Every project of this user that has data here, by a name, with a client that reads it.
    async fn projects(&self) -> Result<Vec<(String, Client)>, Refused> {
        Ok(Vec::new())
    }

    /// What `gofer doctor` prints: which engine was found and why, versions, rights, limits, disk,
    /// the data directory, and what of ours is on the engine.
    async fn engine_facts(&self, project: &Path) -> Vec<Check>;

    /// Wall-clock time.
    fn now(&self) -> Timestamp;

    /// Every environment variable that is text.
    fn vars(&self) -> BTreeMap<String, String> {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        std::env::vars_os().filter_map(text).collect()
    }

    /// One environment variable; an empty one counts as not set.
    fn var(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    /// The current directory.
    fn cwd(&self) -> io::Result<PathBuf> {
        std::env::current_dir()
    }

    /// What the streams are connected to.
    fn terminal(&self) -> Terminal {
        let stderr = io::stderr().is_terminal();
        let size = terminal_size::terminal_size_of(io::stderr())
            .or_else(|| terminal_size::terminal_size_of(io::stdout()))
            .map(|(width, height)| (width.0, height.0));
        Terminal {
            stdout: io::stdout().is_terminal(),
            stderr,
            size,
        }
    }

    /// Where data goes.
    fn stdout(&self) -> Box<dyn Write + Send> {
        Box::new(io::stdout())
    }

    /// Where everything else goes.
    fn stderr(&self) -> Box<dyn Write + Send> {
        Box::new(io::stderr())
    }

    /// Standard input.
    fn stdin(&self) -> Box<dyn Read + Send> {
        Box::new(io::stdin())
    }
}
