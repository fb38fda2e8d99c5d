//! The pipeline file of a command: found, read, planned, and its problems told.

use crate::{
    failure::{Failure, Result},
    session::Session,
    text,
};
use gofer_config::{Finding, Format, LoadError, Reading, Source};
use gofer_core::{definition::Pipeline, plan::Plan, problem::Severity};
use serde::Serialize;
use std::{
    error::Error,
    io::Read as _,
    path::{Path, PathBuf},
};

/// A file that could be read, be it good or not.
pub(crate) struct Read {
    pub(crate) source: Source,
    pub(crate) findings: Vec<Finding>,
    /// There is one exactly if no finding is an error.
    pub(crate) plan: Option<Plan>,
    /// The folder it is in: the project.
    pub(crate) folder: PathBuf,
    /// The file itself, unless it was standard input.
    pub(crate) path: Option<PathBuf>,
}

/// A finding, for programs.
#[derive(Serialize)]
pub(crate) struct FindingDocument {
    severity: Severity,
    path: String,
    line: usize,
    column: usize,
    message: String,
}

impl Read {
    /// Prints every finding, to standard error: with its line and a caret, or, where nothing is
    /// an error and other things are more important, on a line of its own.
    pub(crate) fn tell(&self, session: &Session<'_>, short: bool) {
        if self.findings.is_empty() {
            return;
        }
        if short && self.plan.is_some() {
            if !session.common.quiet {
                session.note(gofer_config::one_line(&self.source, &self.findings).trim_end());
            }
            return;
        }
        let colour = session.paint_err().is_on();
        let shown = gofer_config::render(&self.source, &self.findings, colour);
        session.note(shown.trim_end());
        let is_error = |finding: &&Finding| finding.severity == Severity::Error;
        match self.findings.iter().filter(is_error).count() {
            0 => session.note(""),
            errors => session.note(format_args!(
                "\n{} in {}",
                text::count(errors, "error"),
                self.source.name
            )),
        }
    }

    pub(crate) fn documents(&self) -> Vec<FindingDocument> {
        let document = |finding: &'_ Finding| FindingDocument {
            severity: finding.severity,
            path: finding.path.to_string(),
            line: finding.line,
            column: finding.column,
            message: finding.message.clone(),
        };
        self.findings.iter().map(document).collect()
    }
}

/// Reads the named file, standard input for `-`, or the nearest file upward.
pub(crate) fn read(session: &Session<'_>, file: Option<&Path>) -> Result<Read> {
    let (source, reading, folder) = match file {
        Some(path) if path == Path::new("-") => {
            let source = standard_input(session)?;
            let reading = gofer_config::read(&source);
            (source, reading, session.here.clone())
        }
        _ => return read_file(session, &find(session, file)?),
    };
    Ok(Read::new(source, reading, folder))
}

/// The file that a command means.
pub(crate) fn path(session: &Session<'_>, file: Option<&Path>) -> Result<PathBuf> {
    find(session, file)
}

/// Reads this file.
pub(crate) fn read_file(session: &Session<'_>, path: &Path) -> Result<Read> {
    let mut loaded = gofer_config::load(path).map_err(|error| unreadable(&error))?;
    let folder = loaded.beside.canonicalize().unwrap_or(loaded.beside);
    loaded.source.name = as_typed(session, &loaded.source.name);
    Ok(Read {
        path: Some(path.to_owned()),
        ..Read::new(loaded.source, loaded.reading, folder)
    })
}

/// A path as the user would type it.
pub(crate) fn as_typed(session: &Session<'_>, path: &str) -> String {
    let cwd = session.host.cwd().unwrap_or_default().display().to_string() + "/";
    path.replace(&cwd, "")
}

impl Read {
    fn new(source: Source, reading: Reading, folder: PathBuf) -> Self {
        let plan = reading
            .pipeline
            .and_then(|pipeline: Pipeline| Plan::new(pipeline).ok());
        Self {
            source,
            findings: reading.findings,
            plan,
            folder,
            path: None,
        }
    }
}

fn find(session: &Session<'_>, file: Option<&Path>) -> Result<PathBuf> {
    let found =
        |folder: &Path| gofer_config::find(folder).map_err(|error| Failure::new(error.to_string()));
    match file.map(|file| session.here.join(file)) {
        None => found(&session.here),
        Some(folder) if folder.is_dir() => found(&folder),
        Some(path) => Ok(path),
    }
}

fn standard_input(session: &Session<'_>) -> Result<Source> {
    let mut text = String::new();
    let read = session
        .host
        .stdin()
        .take(2 * 1024 * 1024)
        .read_to_string(&mut text);
    read.map_err(|error| Failure::new(format!("standard input cannot be read: {error}")))?;
    let format = guess(&text);
    Ok(Source {
        name: "standard input".to_owned(),
        text,
        format,
    })
}

/// JSON begins with a brace; in TOML the first thing said is a key with `=`, or a table.
fn guess(text: &str) -> Format {
    let mut lines = text.lines().map(str::trim);
    let first = lines
        .find(|line| !line.is_empty() && !line.starts_with('#'))
        .unwrap_or_default();
    let key = first.split(['=', ':']).next().unwrap_or_default().len();
    match first.as_bytes().first() {
        Some(b'{') => Format::Json,
        Some(b'[') => Format::Toml,
        _ if first.as_bytes().get(key) == Some(&b'=') => Format::Toml,
        _ => Format::Yaml,
    }
}

fn unreadable(error: &LoadError) -> Failure {
    let cause = error
        .source()
        .map_or(String::new(), |cause| format!(": {cause}"));
    Failure::new(format!("{error}{cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_standard_input_is_seen_from_its_first_line() {
        for (text, format) in [
            ("{\"name\": \"a\"}", Format::Json),
            ("# c\n\nname = \"a\"", Format::Toml),
            ("[tasks.a]", Format::Toml),
            ("name: a=b", Format::Yaml),
            ("$schema: x", Format::Yaml),
            ("", Format::Yaml),
        ] {
            assert_eq!(guess(text), format, "{text:?}");
        }
    }
}
