//! `gofer rerun`: the same run once more, or a new one like it.

use super::{
    ending, follow,
    inputs::{self, parse_params},
    starting::{self, Started},
};
use crate::{
    args::Rerun as Args,
    failure::{Code, Failure, Result},
    family::Family,
    follow::{Followed, Signals},
    host::Need,
    pipeline, project,
    session::Session,
    text,
};
use gofer_core::{definition::Pipeline, plan::Plan};
use gofer_sdk::{
    Client,
    types::{RerunRun, Run, SecretValue, StartRun},
};
use std::{collections::BTreeMap, path::Path};

type Secrets = BTreeMap<String, SecretValue>;

pub(crate) async fn rerun(session: &Session<'_>, args: &Args) -> Result<Code> {
    let (reader, run) = project::run(session, &args.run).await?;
    let secrets = inputs::read_secrets(session, &args.secrets)?;
    inputs::note_unmasked(session, &secrets);
    let is_new = !args.params.is_empty() || args.version.is_some() || args.file.is_some();
    if !is_new {
        refuse_what_goes_on(session, &run)?;
        tell_if_changed(session, &reader, &run).await;
    }
    let project = session.project();
    if let Some(engine) = &args.engine.scheduler {
        session.host.prefer_engine(engine);
    }
    let mut signals = Signals::listen()?;
    let client = session.host.client(Need::Drive, &project).await?;
    let started = if is_new {
        like(session, &client, &run, args, secrets).await?
    } else {
        let started = again(&client, &run, args, secrets).await?;
        note_images(session, &run);
        started
    };
    let plan = plan_of(&client, &started.run).await?;
    let followed = follow(session, &client, &plan, &started, &mut signals).await?;
    match followed {
        Followed::Over(run) => ending::over(session, &client, &project, &run).await,
        Followed::Left(run) => ending::left(session, &project, &run),
    }
}

/// Said before an engine is looked for.
fn refuse_what_goes_on(session: &Session<'_>, run: &Run) -> Result<()> {
    let name = run.reference();
    if run.interrupted {
        let command = session.command(&session.project(), "run --resume");
        return Err(
            Failure::new(format!("{name} is not over: it was interrupted"))
                .with_remedy(format!("{command} goes on with it")),
        );
    }
    if !run.state.is_over() {
        let command = session.command(&session.project(), &format!("cancel {name}"));
        return Err(Failure::new(format!("{name} is not over yet"))
            .with_remedy(format!("{command} stops it")));
    }
    Ok(())
}

/// A rerun uses the run's own version, whatever the file says by now.
async fn tell_if_changed(session: &Session<'_>, client: &Client, run: &Run) {
    if session.common.quiet {
        return;
    }
    let Ok(read) = pipeline::read(session, None) else {
        return;
    };
    let Some(plan) = &read.plan else { return };
    if plan.pipeline.name.as_str() != run.pipeline {
        return;
    }
    let Ok(document) = client.config(run.id).await else {
        return;
    };
    if serde_json::from_value::<Pipeline>(document).is_ok_and(|ran| ran != plan.pipeline) {
        let (file, name) = (&read.source.name, run.reference());
        session.note(format_args!(
            "note: {file} has changed since; this runs version {} again (--file {file} makes a new run like {name})",
            run.version
        ));
    }
}

/// Tags may mean other images by now.
fn note_images(session: &Session<'_>, run: &Run) {
    let own = run.tasks.iter().flat_map(|task| &task.attempts);
    let of_items = run.tasks.iter().flat_map(|task| &task.items);
    let mut attempts = own.chain(of_items.flat_map(|item| &item.attempts));
    if !session.common.quiet && attempts.any(|attempt| attempt.image_digest.is_some()) {
        session.note(format_args!("note: with the images that it had"));
    }
}

async fn again(client: &Client, run: &Run, args: &Args, secrets: Secrets) -> Result<Started> {
    let rerun = RerunRun {
        failed: args.failed,
        from: args.from.clone(),
        secrets,
    };
    let again = client.rerun(run.id, &rerun).await.map_err(with_remedy)?;
    let what = match (args.failed, args.from.is_empty()) {
        (true, _) => "runs again: what failed".to_owned(),
        (false, true) => "runs again".to_owned(),
        (false, false) => format!("runs again from {}", text::list(&args.from)),
    };
    Ok(Started {
        since: again.started_at,
        is_again: true,
        run: again,
        words: what,
    })
}

async fn like(
    session: &Session<'_>,
    client: &Client,
    run: &Run,
    args: &Args,
    secrets: Secrets,
) -> Result<Started> {
    let (given, problems) = parse_params(&args.params)?;
    if !problems.is_empty() {
        return Err(Failure::new("this run cannot start:").with_problems(problems));
    }
    let mut start = StartRun {
        version: args.version.unwrap_or(run.version),
        params: given,
        secrets,
        like: Some(run.id),
        ..StartRun::default()
    };
    if let Some(file) = &args.file {
        (start.version, start.calls) = of_file(session, client, run, file).await?;
    }
    let made = client
        .start_run(&run.namespace, &run.pipeline, &start)
        .await;
    Ok(Started {
        run: made.map_err(with_remedy)?,
        since: None,
        is_again: false,
        words: format!("is a new run, made from {}", run.reference()),
    })
}

/// Registers the file as it is now.
async fn of_file(
    session: &Session<'_>,
    client: &Client,
    run: &Run,
    file: &Path,
) -> Result<(u32, BTreeMap<String, u32>)> {
    let family = Family::gather(session, pipeline::read(session, Some(file))?)?;
    family.tell(session, true);
    let Some((plan, called)) = family.plans() else {
        return Err(Failure::new(format!(
            "{} cannot be run",
            family.root.source.name
        )));
    };
    if plan.pipeline.name.as_str() != run.pipeline {
        let (name, of) = (&family.root.source.name, &plan.pipeline.name);
        let message = format!("{name} is {of}, and {} is not a run of it", run.reference());
        return Err(Failure::new(message));
    }
    starting::register(client, (plan, &called)).await
}

fn with_remedy(error: gofer_sdk::Error) -> Failure {
    let failure = Failure::from(error);
    let is_secret_missing = failure.problems.iter().any(|it| it.starts_with("secret `"));
    if is_secret_missing {
        failure.with_remedy(
            "--secrets FILE reads NAME=value lines, --secrets-from-env PREFIX the environment",
        )
    } else {
        failure
    }
}

/// The plan of the version that a run is pinned to.
async fn plan_of(client: &Client, run: &Run) -> Result<Plan> {
    let document = client.config(run.id).await?;
    let pipeline: Pipeline =
        serde_json::from_value(document).map_err(|error| Failure::new(error.to_string()))?;
    Plan::new(pipeline).map_err(|_| {
        let message = format!(
            "the pipeline of {} cannot be read any more",
            run.reference()
        );
        Failure::new(message)
    })
}
