//! What tasks left in `$GOFER_ARTIFACTS`: listed, fetched into a folder, or one file printed.

mod fetch;

use crate::{
    args::Artifacts,
    failure::{Code, Failure, Result},
    project,
    session::Session,
    table::Table,
    text,
    unit::{self, Unit},
};
use futures_util::StreamExt;
use gofer_sdk::{
    Client,
    types::{Artifact, ArtifactKind, ArtifactsQuery, Run},
};
use serde::Serialize;
use std::io::Write;

const PAGE: u32 = 1_000;

/// Whose artifacts.
struct Left<'r> {
    unit: Unit<'r>,
    attempt: u32,
}

impl Left<'_> {
    fn query(&self) -> ArtifactsQuery {
        ArtifactsQuery {
            item: self.unit.key().1,
            attempt: Some(self.attempt),
            ..ArtifactsQuery::default()
        }
    }

    fn task(&self) -> &str {
        &self.unit.task.name
    }
}

/// One line of the list in its machine form.
#[derive(Serialize)]
struct Row<'a> {
    task: &'a str,
    item: Option<u32>,
    attempt: u32,
    #[serde(flatten)]
    artifact: Artifact,
}

pub(crate) async fn artifacts(session: &Session<'_>, args: &Artifacts) -> Result<Code> {
    let (client, run, reference) = project::part(session, &args.of).await?;
    let units = match &reference.task {
        Some(task) => project::units(&run, task, reference.item)?,
        None => unit::units(&run),
    };
    if args.attempt.is_some() && units.len() != 1 {
        return Err(
            Failure::usage("--attempt is of one task, or of one item").with_remedy(format!(
                "gofer artifacts {}/TASK --attempt N",
                run.reference()
            )),
        );
    }
    let left = having(&run, units, args.attempt)?;
    match (&args.path, &args.to) {
        (Some(path), None) => print(session, &client, &run, &left, path).await,
        (Some(_), Some(_)) => Err(Failure::usage(
            "a PATH is printed, and --to fetches all: say one of them",
        )),
        (None, Some(folder)) => {
            let is_whole = reference.task.is_none();
            fetch::into_folder(
                session,
                &client,
                &run,
                &left,
                (folder, is_whole, args.overwrite),
            )
            .await
        }
        (None, None) => list(session, &client, &run, &left).await,
    }
}

/// Those that left something, or were asked for by attempt.
fn having<'r>(run: &Run, units: Vec<Unit<'r>>, attempt: Option<u32>) -> Result<Vec<Left<'r>>> {
    let mut left = Vec::new();
    for unit in units {
        if let Some(wanted) = attempt {
            if !unit.attempts().iter().any(|it| it.number == wanted) {
                let there = text::count(unit.attempts().len(), "attempt");
                let of = unit.reference(run);
                return Err(Failure::usage(format!(
                    "{of} has {there}: there is no {wanted}"
                )));
            }
            left.push(Left {
                unit,
                attempt: wanted,
            });
        } else if unit.artifacts().is_some()
            && let Some(newest) = unit.newest()
        {
            let attempt = newest.number;
            left.push(Left { unit, attempt });
        }
    }
    Ok(left)
}

/// What a run left, in a line with the command that shows it; empty if that is nothing.
pub(super) fn summary(session: &Session<'_>, run: &Run) -> String {
    let left = unit::units(run).into_iter().filter_map(|it| it.artifacts());
    let (files, bytes) = left.fold((0, 0), |(files, bytes), left| {
        (files + left.files as usize, bytes + left.bytes)
    });
    if files == 0 {
        return String::new();
    }
    let (files, bytes) = (text::count(files, "artifact"), text::bytes(bytes));
    let words = format!("artifacts {}", run.reference());
    let command = session.command(&session.project(), &words);
    format!("\n{files}, {bytes}: {command}\n")
}

async fn list(
    session: &Session<'_>,
    client: &Client,
    run: &Run,
    left: &[Left<'_>],
) -> Result<Code> {
    let mut rows = Vec::new();
    for left in left {
        for artifact in files(client, run, left).await? {
            rows.push(Row {
                task: left.task(),
                item: left.unit.key().1,
                attempt: left.attempt,
                artifact,
            });
        }
    }
    if session.is_json() {
        session.json(&rows)?;
    } else if session.common.quiet {
        session.print(text::lines(
            rows.iter().map(|row| row.artifact.path.clone()),
        ))?;
    } else if rows.is_empty() {
        session.note("no artifacts: a task leaves files by writing them to $GOFER_ARTIFACTS");
    } else {
        session.page(&render(&rows, session))?;
    }
    Ok(Code::Ok)
}

fn render(rows: &[Row<'_>], session: &Session<'_>) -> String {
    let mut table = Table::new(&[("TASK", 8), ("SIZE", 7), ("PATH", 9)]);
    for row in rows {
        let task = unit::label(&(row.task.to_owned(), row.item));
        let path = text::safe(row.artifact.path.as_bytes());
        let target = row.artifact.target.as_deref().unwrap_or_default();
        let target = text::safe(target.as_bytes());
        let (size, path) = match row.artifact.kind {
            ArtifactKind::File => (text::bytes(row.artifact.bytes), path),
            ArtifactKind::Folder => (String::new(), format!("{path}/")),
            ArtifactKind::Link => (String::new(), format!("{path} -> {target}")),
            ArtifactKind::SameAs => (String::new(), format!("{path} = {target}")),
        };
        table.row(vec![task.into(), size.into(), path.into()]);
    }
    table.render(session.columns(), session.paint())
}

async fn files(client: &Client, run: &Run, left: &Left<'_>) -> Result<Vec<Artifact>> {
    let mut query = ArtifactsQuery {
        limit: Some(PAGE),
        ..left.query()
    };
    let mut all = Vec::new();
    loop {
        let page = client.artifacts(run.id, left.task(), &query).await?;
        all.extend(page.items);
        query.after = page.next;
        if query.after.is_none() {
            return Ok(all);
        }
    }
}

/// One file, byte for byte.
async fn print(
    session: &Session<'_>,
    client: &Client,
    run: &Run,
    left: &[Left<'_>],
    path: &str,
) -> Result<Code> {
    let [left] = left else {
        let what = match left {
            [] => "it left no artifacts",
            _ => "several tasks or items left some: say which",
        };
        return Err(Failure::new(what.to_owned())
            .with_remedy(format!("gofer artifacts {}", run.reference())));
    };
    let query = ArtifactsQuery {
        path: Some(path.to_owned()),
        ..left.query()
    };
    let mut pieces = client.artifact(run.id, left.task(), &query);
    let mut out = session.host.stdout();
    while let Some(piece) = pieces.next().await {
        out.write_all(&piece?)?;
    }
    out.flush()?;
    Ok(Code::Ok)
}
