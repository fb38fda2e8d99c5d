//! What must hold before a run is accepted.

use crate::Refused;
use gofer_core::{
    Problem,
    definition::{Container, Pipeline, Reference, Value},
    name::{ParamName, SecretName},
    params,
    plan::{self, Kind, Plan},
    problem::Severity,
    run::{Mount, Partial},
};
use gofer_secrets::SecretText;
use std::collections::{BTreeMap, BTreeSet};

/// Everything of a start that can be wrong is looked at before anything is refused.
pub(crate) fn start(
    plan: &Plan,
    given: &BTreeMap<String, String>,
    secrets: &BTreeMap<SecretName, SecretText>,
    needed: &BTreeSet<SecretName>,
    mut problems: Vec<String>,
) -> Result<BTreeMap<ParamName, String>, Refused> {
    problems.extend(plan::not_yet(&plan.pipeline).iter().map(sentence));
    let params = params::start(&plan.pipeline.params, given).unwrap_or_else(|wrong| {
        problems.extend(wrong);
        BTreeMap::new()
    });
    problems.extend(missing_secrets(needed, secrets));
    if problems.is_empty() {
        Ok(params)
    } else {
        Err(Refused { problems })
    }
}

/// What cannot be mounted as it was asked for.
pub(crate) fn mounts(mounts: &[Mount]) -> Vec<String> {
    let is_absolute = |path: &str| std::path::Path::new(path).is_absolute();
    let wrong = mounts.iter().enumerate().filter_map(|(nth, mount)| {
        let Mount { source, target, .. } = mount;
        if !is_absolute(source) || !is_absolute(target) {
            return Some(format!(
                "mount {source}:{target}: both paths must be absolute"
            ));
        }
        let is_taken = mounts.iter().take(nth).any(|it| it.target == *target);
        is_taken.then(|| format!("mount {source}:{target}: something else is mounted there too"))
    });
    wrong.collect()
}

/// A sentence for each secret that is needed and not there.
pub(crate) fn missing_secrets(
    needed: &BTreeSet<SecretName>,
    secrets: &BTreeMap<SecretName, SecretText>,
) -> Vec<String> {
    let missing = needed.iter().filter(|name| !secrets.contains_key(*name));
    missing
        .map(|name| format!("secret `{name}` is not set"))
        .collect()
}

/// A plan, or every problem of the pipeline as a sentence.
pub(crate) fn plan(pipeline: Pipeline) -> Result<Plan, Refused> {
    Plan::new(pipeline).map_err(|problems| Refused {
        problems: problems.iter().map(sentence).collect(),
    })
}

/// Every rule that spans more than one key: a document may come from anywhere.
pub(crate) fn document(pipeline: &Pipeline) -> Result<(), Refused> {
    let problems: Vec<String> = plan::check(pipeline)
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .map(sentence)
        .collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Refused { problems })
    }
}

fn sentence(problem: &Problem) -> String {
    format!("{}: {}", problem.path, problem.message)
}

/// Names of all secrets that a container of this pipeline, or of some of its tasks, may be given.
pub(crate) fn needed_secrets(plan: &Plan, partial: Option<&Partial>) -> BTreeSet<SecretName> {
    let mut names = BTreeSet::new();
    let runs = |task: &&plan::Task| partial.is_none_or(|partial| partial.only.contains(&task.name));
    for task in plan.tasks.iter().filter(runs) {
        if let Kind::Container(container) = &task.kind {
            collect(container, &mut names);
            for service in container.services.values() {
                collect(&service.container, &mut names);
            }
        }
    }
    names
}

fn collect(container: &Container, names: &mut BTreeSet<SecretName>) {
    let values = container.env.values().chain(container.files.values());
    names.extend(values.filter_map(|value| match value {
        Value::Reference(Reference::Secret(name)) => Some(name.clone()),
        _ => None,
    }));
    names.extend(
        container
            .registry
            .iter()
            .map(|registry| registry.password.secret.clone()),
    );
}
