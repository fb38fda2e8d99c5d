//! `gofer run`: from a file to a run's end.

mod again;
mod dry;
mod ending;
mod inputs;
mod only;
mod starting;
mod watching;

pub(crate) use again::rerun;

use crate::{
    args::Run as Args,
    failure::{Code, Failure, Result},
    family::Family,
    follow::{Followed, Follower, Signals},
    host::Need,
    outline,
    pipeline::{self, Read},
    session::Session,
    text,
    view::{Live, Plain, Silent, View},
};
use gofer_core::plan::Plan;
use gofer_sdk::{Client, types::Run};
use inputs::Inputs;
use only::Selection;
use starting::{Started, Wish};
use std::path::Path;

pub(crate) async fn run(session: &Session<'_>, args: &Args) -> Result<Code> {
    if args.file.as_deref() == Some(Path::new("-")) {
        return Err(
            Failure::usage("a run needs a file: its folder is where its data is kept")
                .with_remedy("`gofer validate -` checks standard input"),
        );
    }
    if args.watch {
        return watching::watch(session, args).await;
    }
    let family = Family::gather(session, pipeline::read(session, args.file.as_deref())?)?;
    family.tell(session, true);
    let Some((plan, called)) = family.plans() else {
        return Ok(Code::Error);
    };
    for (read, plan) in family.each() {
        refuse_what_is_not_there_yet(session, read, plan)?;
    }
    let read = &family.root;
    let selection = Selection::read(session, plan, args)?;
    let tasks = selection.as_ref().map(|selection| &selection.tasks);
    let inputs = Inputs::gather(session, plan, &called, tasks, args)?;
    let mounts = only::mounts(session, args)?;
    if args.dry {
        return dry::show(session, plan, tasks, &inputs);
    }
    // Of a run that goes on, the params are its own and the secrets may lie sealed.
    if !args.resume {
        inputs.refuse_if_incomplete()?;
    }
    name_what_needs_a_server(session, plan);
    if let Some(selection) = &selection {
        selection.tell_what_is_empty(session, plan);
    }
    if let Some(engine) = &args.engine.scheduler {
        session.host.prefer_engine(engine);
    }
    let mut signals = Signals::listen()?;
    let client = session.host.client(Need::Drive, &read.folder).await?;
    let plans = (plan, called.as_slice());
    let wish = Wish {
        inputs: &inputs,
        only: selection.map(|selection| selection.asked),
        mounts,
        resume: args.resume,
    };
    let started = starting::start(session, &client, plans, wish).await?;
    let followed = follow(session, &client, plan, &started, &mut signals).await?;
    match followed {
        Followed::Over(run) => ending::over(session, &client, &read.folder, &run).await,
        Followed::Left(run) => ending::left(session, &read.folder, &run),
    }
}

fn refuse_what_is_not_there_yet(session: &Session<'_>, read: &Read, plan: &Plan) -> Result<()> {
    let problems = gofer_core::plan::not_yet(&plan.pipeline);
    if problems.is_empty() {
        return Ok(());
    }
    let findings = gofer_config::point(&read.source, problems);
    let number = text::count(findings.len(), "key");
    let shown = gofer_config::render(&read.source, &findings, session.paint_err().is_on());
    session.note(shown.trim_end());
    Err(Failure::new(format!(
        "{} uses {number} that `gofer run` cannot do yet; nothing was started",
        read.source.name
    )))
}

fn name_what_needs_a_server(session: &Session<'_>, plan: &Plan) {
    let parts = outline::for_a_server(&plan.pipeline);
    if !parts.is_empty() && !session.common.quiet {
        let them = if parts.len() == 1 { "it" } else { "them" };
        session.note(format_args!(
            "note: {}: a server acts on {them}, `gofer run` does not",
            text::list(&parts)
        ));
    }
}

/// Shows a run until it is over or its user has left.
async fn follow(
    session: &Session<'_>,
    client: &Client,
    plan: &Plan,
    started: &Started,
    signals: &mut Signals,
) -> Result<Followed> {
    let run = &started.run;
    starting::announce(session, started)?;
    let order = (outline::order(plan), outline::goes_on(plan, run));
    let mut view = view(session, run, order);
    let now = || session.now();
    let follower = Follower::new(client, run.clone(), view.as_mut(), &now);
    let follower = match started.since {
        Some(since) if started.is_again => follower.again(since),
        Some(since) => follower.since(since),
        None => follower,
    };
    follower.follow(signals).await
}

/// Live where somebody looks, lines where somebody reads later.
fn view<'h>(
    session: &Session<'h>,
    run: &Run,
    order: (Vec<outline::Place>, bool),
) -> Box<dyn View + 'h> {
    let terminal = session.host.terminal();
    if session.common.quiet {
        return Box::new(Silent);
    }
    let (out, paint, is_live) = if session.is_json() {
        (session.host.stderr(), session.paint_err(), terminal.stderr)
    } else {
        (
            session.host.stdout(),
            session.paint(),
            terminal.stdout && terminal.stderr,
        )
    };
    let is_dumb = session.host.var("TERM").is_some_and(|term| term == "dumb");
    if is_live && !is_dumb {
        Box::new(Live::new(session.host, out, paint, run.clone(), order))
    } else {
        Box::new(Plain::new(
            Box::new(std::io::BufWriter::with_capacity(64 * 1024, out)),
            run,
            order.1,
            session.now(),
        ))
    }
}
