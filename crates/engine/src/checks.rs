//! What must hold before a run is accepted.

use crate::Refused;
use gofer_core::{
    definition::{Container, Pipeline, Reference, Value},
    name::{ParamName, SecretName},
    params,
    plan::{Kind, Plan},
};
use gofer_secrets::SecretText;
use std::collections::{BTreeMap, BTreeSet};

/// Everything of a start that can be wrong is looked at before anything is refused.
pub(crate) fn start(
    plan: &Plan,
    given: &BTreeMap<String, String>,
    secrets: &BTreeMap<SecretName, SecretText>,
) -> Result<BTreeMap<ParamName, String>, Refused> {
    let mut problems = not_yet(plan);
    let params = params::start(&plan.pipeline.params, given).unwrap_or_else(|wrong| {
        problems.extend(wrong);
        BTreeMap::new()
    });
    let missing = needed_secrets(plan)
        .into_iter()
        .filter(|name| !secrets.contains_key(name));
    problems.extend(missing.map(|name| format!("secret `{name}` is not set")));
    if problems.is_empty() {
        Ok(params)
    } else {
        Err(Refused { problems })
    }
}

/// A plan, or every problem of the pipeline as a sentence.
pub(crate) fn plan(pipeline: Pipeline) -> Result<Plan, Refused> {
    Plan::new(pipeline).map_err(|problems| Refused {
        problems: problems
            .iter()
            .map(|it| format!("{}: {}", it.path, it.message))
            .collect(),
    })
}

fn not_yet(plan: &Plan) -> Vec<String> {
    let tasks = plan.tasks.iter().filter_map(|task| {
        let what = match task.kind {
            Kind::Container(_) => return None,
            Kind::Approval(_) => "asks a person",
            Kind::Call(_) => "calls a pipeline",
        };
        Some(format!(
            "tasks.{}: a task that {what} cannot be run yet",
            task.name
        ))
    });
    tasks.collect()
}

/// Names of all secrets that a container of this pipeline may be given.
pub(crate) fn needed_secrets(plan: &Plan) -> BTreeSet<SecretName> {
    let mut names = BTreeSet::new();
    for task in &plan.tasks {
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
