//! One invocation: where it runs, where its output goes, which project it is about.

use crate::{
    args::{Common, Format},
    failure::{Failure, Result},
    host::{Host, Need},
    paint::Paint,
    text,
};
use gofer_core::Timestamp;
use gofer_sdk::Client;
use serde::Serialize;
use std::{
    fmt::Display,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What every command is given.
pub(crate) struct Session<'h> {
    pub(crate) host: &'h dyn Host,
    pub(crate) common: Common,
    /// Where we are, or were told to be.
    pub(crate) here: PathBuf,
}

impl<'h> Session<'h> {
    pub(crate) fn new(host: &'h dyn Host, common: Common) -> Result<Self> {
        let cwd = host
            .cwd()
            .map_err(|error| Failure::new(format!("the current directory is gone: {error}")))?;
        let here = match &common.directory {
            None => cwd,
            Some(folder) if cwd.join(folder).is_dir() => cwd.join(folder),
            Some(folder) => {
                let message = format!("{} is not a folder", folder.display());
                return Err(Failure::usage(message));
            }
        };
        Ok(Self { host, common, here })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.host.now()
    }

    pub(crate) fn is_json(&self) -> bool {
        self.common.format() == Format::Json
    }

    /// Colour for what goes to standard output.
    pub(crate) fn paint(&self) -> Paint {
        Paint::choose(|name| self.host.var(name), self.host.terminal().stdout)
    }

    /// Colour for what goes to standard error.
    pub(crate) fn paint_err(&self) -> Paint {
        Paint::choose(|name| self.host.var(name), self.host.terminal().stderr)
    }

    /// Columns to keep to; nothing if standard output is not a terminal.
    pub(crate) fn columns(&self) -> Option<usize> {
        let terminal = self.host.terminal();
        let size = terminal.size.filter(|_| terminal.stdout);
        size.map(|(columns, _)| usize::from(columns))
    }

    /// Data, to standard output.
    pub(crate) fn print(&self, text: impl Display) -> Result<()> {
        let mut out = self.host.stdout();
        write!(out, "{text}")?;
        Ok(out.flush()?)
    }

    /// One JSON document, to standard output.
    pub(crate) fn json(&self, document: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string_pretty(document)
            .map_err(|error| Failure::new(error.to_string()))?;
        self.print(format_args!("{text}\n"))
    }

    /// Anything else, to standard error. Nobody reading it is no reason to stop.
    pub(crate) fn note(&self, text: impl Display) {
        let mut err = self.host.stderr();
        let _ = writeln!(err, "{text}").and_then(|()| err.flush());
    }

    /// Data that may be long: through `PAGER`, if there is one and it does not fit the screen.
    pub(crate) fn page(&self, text: &str) -> Result<()> {
        let terminal = self.host.terminal();
        let rows = terminal.size.map_or(usize::MAX, |(_, rows)| rows.into());
        let pager = self.host.var("PAGER").filter(|pager| pager != "cat");
        match pager {
            Some(pager) if terminal.stdout && text.lines().count() >= rows => {
                through(&pager, text).or_else(|_| self.print(text))
            }
            _ => self.print(text),
        }
    }

    /// The folder of the pipeline file nearest upward, or where we are.
    pub(crate) fn project(&self) -> PathBuf {
        let found = gofer_config::find(&self.here).ok();
        let folder = found.as_deref().and_then(Path::parent);
        folder.map_or_else(|| self.here.clone(), Path::to_owned)
    }

    /// A client that reads this project's kept runs.
    pub(crate) async fn reader(&self) -> Result<Client> {
        Ok(self.host.client(Need::Read, &self.project()).await?)
    }

    /// A command to type that means this project, from the folder the user is in.
    pub(crate) fn command(&self, project: &Path, words: &str) -> String {
        let cwd = self.host.cwd().unwrap_or_default();
        let found = gofer_config::find(&cwd).ok();
        let implied = found.as_deref().and_then(Path::parent).unwrap_or(&cwd);
        let same = |a: &Path, b: &Path| match (a.canonicalize(), b.canonicalize()) {
            (Ok(a), Ok(b)) => a == b,
            _ => a == b,
        };
        if same(implied, project) {
            return format!("gofer {words}");
        }
        let folder = project.strip_prefix(&cwd).unwrap_or(project);
        format!(
            "gofer -C {} {words}",
            text::shell(&folder.display().to_string())
        )
    }
}

fn through(pager: &str, text: &str) -> std::io::Result<()> {
    let mut child = Command::new("/bin/sh")
        .args(["-c", pager])
        .stdin(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // The user may quit before the end.
        let _ = stdin.write_all(text.as_bytes());
    }
    child.wait().map(drop)
}
