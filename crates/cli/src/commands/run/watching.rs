//! `gofer run --watch`: a run at each save, of what changed and of what depends on it.

mod changed;
mod saves;

use super::{
    ending, follow,
    inputs::Inputs,
    only::{self, Selection},
    refuse_what_is_not_there_yet,
    starting::{self, Started, Wish},
};
use crate::{
    args::Run as Args,
    failure::{Code, Failure, Result},
    family::Family,
    follow::{Followed, Signals},
    host::Need,
    pipeline, report,
    session::Session,
    unit,
};
use changed::{Meant, with_dependants};
use gofer_core::{name::TaskName, plan::Plan};
use gofer_sdk::{
    Client, Error,
    types::{OnlyTasks, Run, RunState, Task, TaskState},
};
use saves::Saves;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    pin::pin,
};

/// What is known from one run to the next.
struct Watch<'a, 'h> {
    session: &'a Session<'h>,
    args: &'a Args,
    path: PathBuf,
    signals: Signals,
    saves: Saves,
    client: Option<Client>,
    /// As it was when a run of it last began.
    meant: Meant,
    /// Tasks that have not come to a good end since they changed.
    open: BTreeSet<TaskName>,
    code: Code,
}

/// What ended the watch over one run.
enum Next {
    /// Wait for a save.
    Wait,
    /// There was one meanwhile.
    Again,
    /// The user is done.
    Leave,
}

pub(super) async fn watch(session: &Session<'_>, args: &Args) -> Result<Code> {
    let path = pipeline::path(session, args.file.as_deref())?;
    let mut saves = Saves::new()?;
    saves.look_at([path.as_path()].into_iter())?;
    if let Some(engine) = &args.engine.scheduler {
        session.host.prefer_engine(engine);
    }
    let mut watch = Watch {
        session,
        args,
        path,
        signals: Signals::listen()?,
        saves,
        client: None,
        meant: Meant::default(),
        open: BTreeSet::new(),
        code: Code::Ok,
    };
    loop {
        match watch.once().await {
            Ok(Next::Again) => continue,
            Ok(Next::Leave) => return Ok(watch.code),
            Ok(Next::Wait) => {}
            // What cannot be run now may be after the next save.
            Err(failure) if failure.is_silent() => return Err(failure),
            Err(failure) => session.note(format_args!("error: {failure}")),
        }
        if !watch.wait().await {
            return Ok(watch.code);
        }
    }
}

impl Watch<'_, '_> {
    /// False if the user is done.
    async fn wait(&mut self) -> bool {
        if !self.session.common.quiet {
            let name = pipeline::as_typed(self.session, &self.path.display().to_string());
            self.session
                .note(format_args!("watching {name}; Ctrl-C ends it"));
        }
        tokio::select! {
            biased;
            () = self.signals.next() => false,
            () = self.saves.next() => true,
        }
    }

    /// Reads the files, and runs what has to be.
    async fn once(&mut self) -> Result<Next> {
        let session = self.session;
        let read = pipeline::read_file(session, &self.path)?;
        let family = Family::gather(session, read)?;
        self.saves.look_at(family.paths())?;
        self.saves.forget();
        family.tell(session, true);
        let Some((plan, called)) = family.plans() else {
            return Ok(Next::Wait);
        };
        for (read, plan) in family.each() {
            refuse_what_is_not_there_yet(session, read, plan)?;
        }
        let meant = Meant::of(plan, &called);
        self.open
            .retain(|task| plan.position(task.as_str()).is_some());
        self.open.extend(meant.changed_since(&self.meant));
        let selection = Selection::read(session, plan, self.args)?;
        let mut tasks = with_dependants(plan, &self.open);
        if let Some(selection) = &selection {
            tasks.retain(|task| selection.tasks.contains(task));
        }
        if tasks.is_empty() {
            session.note("nothing changed");
            return Ok(Next::Wait);
        }
        let some = (tasks.len() < plan.tasks.len()).then_some(&tasks);
        let inputs = Inputs::gather(session, plan, &called, some, self.args)?;
        inputs.refuse_if_incomplete()?;
        let only = some.map(|tasks| OnlyTasks {
            tasks: tasks.iter().map(ToString::to_string).collect(),
            with_ancestors: false,
            outputs: selection.map(|it| it.asked.outputs).unwrap_or_default(),
        });
        let started = self
            .start((plan, &called), &inputs, only, &family.root.folder)
            .await?;
        self.meant = meant;
        let (client, run) = started;
        self.see_through(&client, plan, &run, &family.root.folder)
            .await
    }

    async fn start(
        &mut self,
        plans: (&Plan, &[&Plan]),
        inputs: &Inputs,
        only: Option<OnlyTasks>,
        folder: &Path,
    ) -> Result<(Client, Started)> {
        let session = self.session;
        let client = match &self.client {
            Some(client) => client.clone(),
            None => session.host.client(Need::Drive, folder).await?,
        };
        self.client = Some(client.clone());
        let mounts = only::mounts(session, self.args)?;
        let wish = |with_ancestors| Wish {
            inputs,
            only: only.clone().map(|only| OnlyTasks {
                with_ancestors,
                ..only
            }),
            mounts: mounts.clone(),
            resume: false,
        };
        let started = starting::start(session, &client, plans, wish(false)).await;
        let is_missing = |failure: &Failure| {
            failure
                .problems
                .iter()
                .any(|it| it.contains(" kept run of "))
        };
        match started {
            // What came before is not kept any more, so it runs too, unless one task was asked for.
            Err(failure) if self.args.task.is_none() && is_missing(&failure) => {
                let started = starting::start(session, &client, plans, wish(true)).await?;
                Ok((client, started))
            }
            started => Ok((client, started?)),
        }
    }

    /// Follows a run to its end; a save cancels it.
    async fn see_through(
        &mut self,
        client: &Client,
        plan: &Plan,
        started: &Started,
        folder: &Path,
    ) -> Result<Next> {
        let session = self.session;
        let mut is_saved = false;
        let followed = {
            let mut following = pin!(follow(session, client, plan, started, &mut self.signals));
            loop {
                tokio::select! {
                    biased;
                    followed = &mut following => break followed?,
                    () = self.saves.next(), if !is_saved => {
                        is_saved = true;
                        session.note(format_args!("saved: {} is stopped", started.run.reference()));
                        stop(client, &started.run).await?;
                    }
                }
            }
        };
        match followed {
            Followed::Left(run) => {
                self.code = ending::left(session, folder, &run)?;
                Ok(Next::Leave)
            }
            Followed::Over(run) => {
                self.learn(&run);
                if is_saved {
                    let paint = session.paint_err();
                    session.note(report::headline(&run, session.now(), paint).trim_end());
                    return Ok(Next::Again);
                }
                self.code = ending::over(session, client, folder, &run).await?;
                let is_cancelled = run.state == RunState::Cancelled;
                Ok(if is_cancelled {
                    Next::Leave
                } else {
                    Next::Wait
                })
            }
        }
    }

    /// What came to a good end, and what did not.
    fn learn(&mut self, run: &Run) {
        for task in run.tasks.iter().filter(|task| !unit::is_left_out(task)) {
            let Ok(name) = task.name.parse::<TaskName>() else {
                continue;
            };
            if is_done(task) {
                self.open.remove(&name);
            } else {
                self.open.insert(name);
            }
        }
    }
}

fn is_done(task: &Task) -> bool {
    match task.state {
        TaskState::Succeeded => true,
        TaskState::Skipped => task.reason.as_deref() != Some("upstream_failed"),
        _ => task.allow_failure && task.state.is_failure(),
    }
}

async fn stop(client: &Client, run: &Run) -> Result<()> {
    match client.cancel(run.id).await {
        // It has just ended.
        Err(Error::Problem(problem)) if problem.status == 409 => Ok(()),
        other => Ok(other.map(drop)?),
    }
}
