//! A new run, or one that goes on.

use super::{inputs::Inputs, only};
use crate::{
    failure::{Failure, Result},
    paint::Hue,
    session::Session,
};
use gofer_core::{Timestamp, plan::Plan};
use gofer_sdk::{
    Client,
    types::{Mount, OnlyTasks, ResumeHow, ResumeRun, Run, StartRun},
};
use std::collections::BTreeMap;

/// A run that goes on from here.
pub(super) struct Started {
    pub(super) run: Run,
    /// Of a run that was there before: since when we look.
    pub(super) since: Option<Timestamp>,
    /// It was over, and everything since then is new.
    pub(super) is_again: bool,
    pub(super) words: String,
}

/// What a run is to be made of, besides its pipelines.
pub(super) struct Wish<'a> {
    pub(super) inputs: &'a Inputs,
    pub(super) only: Option<OnlyTasks>,
    pub(super) mounts: Vec<Mount>,
    pub(super) resume: bool,
}

const DEFAULT_NAMESPACE: &str = "default";

pub(super) async fn start(
    session: &Session<'_>,
    client: &Client,
    plans: (&Plan, &[&Plan]),
    wish: Wish<'_>,
) -> Result<Started> {
    let (plan, inputs) = (plans.0, wish.inputs);
    if wish.resume {
        let since = session.now();
        if let Some(started) = go_on(client, plan, inputs, since).await? {
            if !inputs.given.is_empty() {
                session.note("note: a run goes on with its own params; --param is not used");
            }
            return Ok(started);
        }
        session.note(format_args!(
            "no run of {} is unfinished; starting a new one",
            plan.pipeline.name
        ));
        inputs.refuse_if_incomplete()?;
    }
    let (namespace, pipeline) = names(plan);
    let (version, calls) = register(client, plans).await?;
    let start = StartRun {
        version,
        calls,
        params: inputs.given.clone(),
        secrets: inputs.secrets.clone(),
        mounts: wish.mounts,
        only: wish.only,
        ..StartRun::default()
    };
    let run = client.start_run(namespace, pipeline, &start).await?;
    Ok(Started {
        run,
        since: None,
        is_again: false,
        words: String::new(),
    })
}

/// Registers a pipeline and those that it calls; the number of its version, and theirs.
pub(super) async fn register(
    client: &Client,
    (plan, called): (&Plan, &[&Plan]),
) -> Result<(u32, BTreeMap<String, u32>)> {
    let (namespace, _) = names(plan);
    let mut calls = BTreeMap::new();
    for called in called {
        let version = apply(client, namespace, called).await?;
        calls.insert(called.pipeline.name.to_string(), version);
    }
    Ok((apply(client, namespace, plan).await?, calls))
}

/// Registers a pipeline; the number of its version.
async fn apply(client: &Client, namespace: &str, plan: &Plan) -> Result<u32> {
    let document =
        serde_json::to_value(&plan.pipeline).map_err(|error| Failure::new(error.to_string()))?;
    let name = plan.pipeline.name.as_str();
    Ok(client.apply(namespace, name, &document).await?.number)
}

async fn go_on(
    client: &Client,
    plan: &Plan,
    inputs: &Inputs,
    since: Timestamp,
) -> Result<Option<Started>> {
    let (namespace, pipeline) = names(plan);
    let resumed = client
        .resume_run(
            namespace,
            pipeline,
            &ResumeRun {
                secrets: inputs.secrets.clone(),
            },
        )
        .await?;
    let words = match resumed.how {
        ResumeHow::Driving => "goes on where it was",
        ResumeHow::Following => "is driven by another gofer; following it",
        ResumeHow::Nothing => return Ok(None),
    };
    Ok(resumed.run.map(|run| Started {
        run,
        since: Some(since),
        is_again: false,
        words: words.to_owned(),
    }))
}

fn names(plan: &Plan) -> (&str, &str) {
    let pipeline = &plan.pipeline;
    let namespace = pipeline
        .namespace
        .as_ref()
        .map_or(DEFAULT_NAMESPACE, |name| name.as_str());
    (namespace, pipeline.name.as_str())
}

/// The run's name comes first, so that it is there whatever follows.
pub(super) fn announce(session: &Session<'_>, started: &Started) -> Result<()> {
    let Started { run, words, .. } = started;
    only::tell_where_from(session, run);
    if session.common.quiet && !session.is_json() {
        return session.print(format_args!("{}\n", run.reference()));
    }
    let version = match run.version {
        1 => String::new(),
        version => format!(" (version {version})"),
    };
    if session.is_json() {
        session.note(format!("{}{version} {words}", run.reference()).trim_end());
        return Ok(());
    }
    let name = session.paint().colour(Hue::Strong, &run.reference());
    let line = format!("{name}{version} {words}");
    // A reader that has gone is no reason to stop the run.
    let _ = session.print(format_args!("{}\n", line.trim_end()));
    Ok(())
}
