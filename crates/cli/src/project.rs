//! From what a person types to a run, a task or an item that is there.

use crate::{
    failure::{Failure, Result},
    session::Session,
    text,
    unit::{self, Unit},
};
use gofer_core::suggest;
use gofer_sdk::{
    Client, Reference, RunRef,
    types::{Run, RunsQuery},
};

/// The run that a reference names. A task in it is refused.
pub(crate) async fn run(session: &Session<'_>, typed: &str) -> Result<(Client, Run)> {
    let run: RunRef = typed.parse().map_err(gofer_sdk::Error::from)?;
    let client = session.reader().await?;
    let run = fetch(&client, run).await?;
    Ok((client, run))
}

/// The newest run of this project, whatever its pipeline.
pub(crate) async fn newest(session: &Session<'_>) -> Result<(Client, Run)> {
    let client = session.reader().await?;
    let query = RunsQuery {
        limit: Some(1),
        ..RunsQuery::default()
    };
    let newest = client.runs(&query).await?.items.into_iter().next();
    let none = || Failure::new("no run is kept here yet").with_remedy("`gofer run` starts one");
    let newest = newest.ok_or_else(none)?;
    let run = client.run(&RunRef::Id(newest.id)).await?;
    Ok((client, run))
}

/// The run that a reference names, and the reference.
pub(crate) async fn part(session: &Session<'_>, typed: &str) -> Result<(Client, Run, Reference)> {
    let reference: Reference = typed.parse().map_err(gofer_sdk::Error::from)?;
    let client = session.reader().await?;
    let run = fetch(&client, reference.run.clone()).await?;
    Ok((client, run, reference))
}

/// The tasks and items that a reference with a task means.
pub(crate) fn units<'r>(run: &'r Run, task: &str, item: Option<u32>) -> Result<Vec<Unit<'r>>> {
    let Some(found) = run.task(task) else {
        let meant = suggest::or_list(task, run.tasks.iter().map(|task| task.name.as_str()));
        return Err(Failure::usage(format!(
            "{} has no task `{task}`{meant}",
            run.reference()
        )));
    };
    let Some(index) = item else {
        return Ok(unit::of_task(found));
    };
    match unit::find(run, &(task.to_owned(), Some(index))) {
        Some(unit) => Ok(vec![unit]),
        None if found.items.is_empty() => {
            let message = format!(
                "{task} of {} has no items, so no item {index}",
                run.reference()
            );
            Err(Failure::usage(message))
        }
        None => {
            let items = text::count(found.items.len(), "item");
            let last = found.items.len().saturating_sub(1);
            Err(Failure::usage(format!(
                "{task} of {} has {items}, 0 to {last}: there is no {index}",
                run.reference()
            )))
        }
    }
}

async fn fetch(client: &Client, wanted: RunRef) -> Result<Run> {
    match client.run(&wanted).await {
        Err(error) if error.is_not_found() => elsewhere(client, wanted).await,
        other => Ok(other?),
    }
}

/// A pipeline may be in another namespace than `default`; else we say what there is.
async fn elsewhere(client: &Client, wanted: RunRef) -> Result<Run> {
    let RunRef::Of {
        pipeline,
        namespace,
        ..
    } = &wanted
    else {
        return Err(no_run(format!("there is no run {wanted}")));
    };
    let query = RunsQuery {
        pipeline: Some(pipeline.clone()),
        limit: Some(1),
        ..RunsQuery::default()
    };
    let newest = client.runs(&query).await?.items.into_iter().next();
    match newest {
        Some(run) if run.namespace != *namespace => {
            Ok(client.run(&wanted.in_namespace(&run.namespace)).await?)
        }
        Some(run) => Err(no_run(format!(
            "there is no run {wanted}; the newest is {pipeline}/{}",
            run.number
        ))),
        None => {
            let page = client.runs(&RunsQuery::default()).await?;
            let mut known: Vec<&str> = page.items.iter().map(|run| run.pipeline.as_str()).collect();
            known.sort_unstable();
            known.dedup();
            let meant = suggest::or_list(pipeline, known);
            Err(no_run(format!("no run of {pipeline} is kept here{meant}")))
        }
    }
}

fn no_run(message: String) -> Failure {
    Failure::new(message).with_remedy("`gofer runs` lists them")
}
