//! Which tasks a run is to be about, and what of this machine they see.

use crate::{
    args::Run as Args,
    failure::{Failure, Result},
    session::Session,
    text,
};
use gofer_core::{
    definition::VolumeSource,
    name::TaskName,
    plan::{Kind, Plan},
    run::Partial,
    suggest,
};
use gofer_sdk::types::{Mount, OnlyTasks, Run};
use std::collections::{BTreeMap, BTreeSet};

/// Some of the tasks.
pub(crate) struct Selection {
    pub(crate) asked: OnlyTasks,
    pub(crate) tasks: BTreeSet<TaskName>,
}

impl Selection {
    /// What `--task`, `--until` and `--output` say.
    pub(super) fn read(session: &Session<'_>, plan: &Plan, args: &Args) -> Result<Option<Self>> {
        let outputs = outputs(session)?;
        let (name, with_ancestors) = match (&args.task, &args.until) {
            (Some(name), _) => (name, false),
            (None, Some(name)) => (name, true),
            (None, None) if outputs.is_empty() => return Ok(None),
            (None, None) => {
                let message = "--output TASK.KEY=VALUE is for a run of some tasks";
                return Err(Failure::usage(message).with_remedy("say which: --task or --until"));
            }
        };
        let task = name.parse::<TaskName>().ok();
        let Some(task) = task.filter(|_| plan.position(name).is_some()) else {
            let known = plan.tasks.iter().map(|task| task.name.as_str());
            let meant = suggest::or_list(name, known);
            let message = format!("{} has no task `{name}`{meant}", plan.pipeline.name);
            return Err(Failure::usage(message));
        };
        let tasks = Partial::select(plan, &[task], with_ancestors);
        Ok(Some(Self {
            asked: OnlyTasks {
                tasks: vec![name.clone()],
                with_ancestors,
                outputs,
            },
            tasks,
        }))
    }

    /// Scratch volumes that a task mounts and that only tasks outside write to begin empty.
    pub(super) fn tell_what_is_empty(&self, session: &Session<'_>, plan: &Plan) {
        let mut inside: BTreeMap<&str, (bool, &str)> = BTreeMap::new();
        let mut outside: BTreeSet<&str> = BTreeSet::new();
        for task in &plan.tasks {
            let Kind::Container(container) = &task.kind else {
                continue;
            };
            for volume in container.volumes.values() {
                let VolumeSource::Scratch(name) = &volume.source else {
                    continue;
                };
                let writes = !volume.read_only.unwrap_or(false);
                if self.tasks.contains(&task.name) {
                    let known = inside
                        .entry(name.as_str())
                        .or_insert((false, task.name.as_str()));
                    known.0 |= writes;
                } else if writes {
                    outside.insert(name.as_str());
                }
            }
        }
        for (volume, (_, reader)) in inside {
            if outside.contains(volume) && !session.common.quiet {
                session.note(format_args!(
                    "note: {reader} finds the scratch volume {volume} without what tasks outside of this run write to it"
                ));
            }
        }
    }
}

fn outputs(session: &Session<'_>) -> Result<BTreeMap<String, String>> {
    let mut outputs = BTreeMap::new();
    for given in session.common.given() {
        let Some((name, value)) = given.split_once('=') else {
            let message = format!("--output {given}: TASK.KEY=VALUE is expected");
            return Err(Failure::usage(message));
        };
        if outputs.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(Failure::usage(format!("--output {name} is given twice")));
        }
    }
    Ok(outputs)
}

/// Says from which runs the outputs of tasks are that do not run.
pub(super) fn tell_where_from(session: &Session<'_>, run: &Run) {
    let Some(partial) = &run.partial else { return };
    let from = partial.given.iter().filter_map(|(task, given)| {
        let number = given.number?;
        Some(format!("{task} from {}/{number}", run.pipeline))
    });
    let from: Vec<String> = from.collect();
    if !from.is_empty() && !session.common.quiet {
        session.note(format_args!("outputs of {}", text::list(&from)));
    }
}

/// What `--mount` says, each folder or file being there.
pub(super) fn mounts(session: &Session<'_>, args: &Args) -> Result<Vec<Mount>> {
    args.mounts
        .iter()
        .map(|said| mount(session, said))
        .collect()
}

fn mount(session: &Session<'_>, said: &str) -> Result<Mount> {
    let (paths, read_only) = match said.strip_suffix(":ro") {
        Some(paths) => (paths, true),
        None => (said, false),
    };
    let shape = || {
        Failure::usage(format!(
            "--mount {said}: SRC:DST is expected, or SRC:DST:ro"
        ))
        .with_remedy("for example: --mount .:/src:ro")
    };
    let (source, target) = paths.rsplit_once(':').ok_or_else(shape)?;
    if source.is_empty() {
        return Err(shape());
    }
    if !target.starts_with('/') {
        let message = format!("--mount {said}: {target:?} is no absolute path in the container");
        return Err(Failure::usage(message));
    }
    let path = session.here.join(source);
    let found = path.canonicalize().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::new(format!("--mount {said}: there is no {}", path.display()))
        }
        _ => Failure::new(format!("--mount {said}: {}: {error}", path.display())),
    })?;
    let Some(source) = found.to_str() else {
        let message = format!("--mount {said}: {} is not UTF-8 text", found.display());
        return Err(Failure::new(message));
    };
    Ok(Mount {
        source: source.to_owned(),
        target: target.to_owned(),
        read_only,
    })
}
