//! Gofer as a user has it: the release binary, a file, a data directory that grows.

use crate::{docker::Docker, process, process::Ended};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use tempfile::TempDir;

pub(crate) struct Ours {
    binary: PathBuf,
    /// The project's file and the data, on the disk where the project is built.
    folder: TempDir,
}

/// A run that succeeded.
pub(crate) struct Run {
    pub(crate) ended: Ended,
    /// What `-o json` said.
    pub(crate) document: Value,
}

impl Ours {
    pub(crate) fn new(target: &Path) -> Result<Self> {
        let binary = target.join("release/gofer");
        if !binary.exists() {
            bail!(
                "{} is not there; cargo build --release -p gofer",
                binary.display()
            );
        }
        let folder = tempfile::Builder::new()
            .prefix("bench-")
            .tempdir_in(target)?;
        Ok(Self {
            binary: binary.canonicalize()?,
            folder,
        })
    }

    pub(crate) fn binary(&self) -> &Path {
        &self.binary
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.folder.path().join(format!("{name}.toml"));
        fs::write(&path, text)?;
        Ok(path)
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(args)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command.env("GOFER_DATA_DIR", self.folder.path().join("data"));
        command
    }

    /// Runs the file; a figure of a run that did not succeed is void.
    pub(crate) fn run(&self, file: &Path) -> Result<Run> {
        let file = file.to_string_lossy();
        let ended = process::run(&mut self.command(&["run", &file, "-o", "json"]))?;
        let document: Value = serde_json::from_slice(&ended.output.stdout)
            .context("gofer run -o json printed no document")?;
        for part in std::iter::once(&document).chain(tasks(&document)) {
            if part["state"] != "succeeded" {
                bail!("{} is {}: {}", part["name"], part["state"], part["message"]);
            }
        }
        Ok(Run { ended, document })
    }

    /// What this program's runs left on the engine: containers, volumes.
    pub(crate) fn left_behind(&self, docker: &mut Docker) -> Result<(usize, usize)> {
        let Some(store) = self.store(docker)? else {
            bail!("no container of ours was ever seen");
        };
        let label = format!("%7B%22label%22%3A%5B%22gofer.store%3D{store}%22%5D%7D");
        let containers = docker.get(&format!("/containers/json?all=1&filters={label}"))?;
        let volumes = docker.get(&format!("/volumes?filters={label}"))?;
        let count = |list: &Value| list.as_array().map_or(0, Vec::len);
        Ok((count(&containers), count(&volumes["Volumes"])))
    }

    /// The mark of this data directory, as the engine was told it.
    fn store(&self, docker: &mut Docker) -> Result<Option<String>> {
        let file = self.write("store", &one("store", &["true"]))?;
        let begin = process::wall_clock();
        let run = self.run(&file)?;
        let seen = docker.created(begin, process::wall_clock())?;
        let of = |event: &Value| {
            let attributes = &event["Actor"]["Attributes"];
            let ours = attributes["gofer.run"] == run.document["id"];
            ours.then(|| attributes["gofer.store"].as_str().map(str::to_owned))
                .flatten()
        };
        Ok(seen.iter().find_map(of))
    }
}

pub(crate) fn tasks(document: &Value) -> impl Iterator<Item = &Value> {
    document["tasks"].as_array().into_iter().flatten()
}

/// Seconds since 1970 at which each task's last attempt ended, in order.
pub(crate) fn ends(document: &Value) -> Result<Vec<f64>> {
    let mut ends = Vec::new();
    for task in tasks(document) {
        let attempts = task["attempts"].as_array();
        let last = attempts
            .and_then(|attempts| attempts.last())
            .context("no attempt")?;
        ends.push(seconds(&last["ended_at"])?);
    }
    ends.sort_by(f64::total_cmp);
    Ok(ends)
}

pub(crate) fn seconds(time: &Value) -> Result<f64> {
    let time: jiff::Timestamp = time.as_str().context("no time")?.parse()?;
    Ok(time.as_duration().as_secs_f64())
}

/// A pipeline of one task.
pub(crate) fn one(name: &str, command: &[&str]) -> String {
    chain(name, 1, command)
}

/// `length` tasks with the same command, each behind the one before.
pub(crate) fn chain(name: &str, length: usize, command: &[&str]) -> String {
    let mut text = format!(
        "name = {name:?}\n[defaults]\nimage = {:?}\n",
        crate::floor::IMAGE
    );
    // Writing into a `String` cannot fail.
    for step in 1..=length {
        let _ = write!(text, "[tasks.t{step:03}]\ncommand = {command:?}\n");
        if step > 1 {
            let _ = writeln!(text, "depends_on = [\"t{:03}\"]", step - 1);
        }
    }
    text
}

/// One task in `items` copies, `parallel` at once.
pub(crate) fn fan_out(name: &str, items: usize, parallel: usize, command: &[&str]) -> String {
    let image = crate::floor::IMAGE;
    let items: Vec<usize> = (1..=items).collect();
    format!(
        "name = {name:?}\nmax_parallel = {parallel}\n[tasks.each]\nimage = {image:?}\n\
         for_each = {items:?}\nmax_parallel = {parallel}\ncommand = {command:?}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_chain_hangs_each_task_on_the_one_before() {
        let text = chain("c", 2, &["sleep", "0.1"]);
        let begin = "name = \"c\"\n[defaults]\nimage = \"gofer-demo:1\"\n";
        let first = "[tasks.t001]\ncommand = [\"sleep\", \"0.1\"]\n";
        let second = "[tasks.t002]\ncommand = [\"sleep\", \"0.1\"]\ndepends_on = [\"t001\"]\n";
        assert_eq!(text, format!("{begin}{first}{second}"));
    }

    #[test]
    fn the_ends_are_those_of_the_last_attempts() {
        let attempt = |at: &str| json!({ "ended_at": at });
        let document = json!({ "tasks": [
            { "attempts": [attempt("2026-01-01T00:00:01Z"), attempt("2026-01-01T00:00:03.5Z")] },
            { "attempts": [attempt("2026-01-01T00:00:02Z")] },
        ] });
        let ends = ends(&document).unwrap();
        assert!((ends[1] - ends[0] - 1.5).abs() < 1e-6);
        assert!(super::ends(&json!({ "tasks": [{ "attempts": [] }] })).is_err());
    }
}
