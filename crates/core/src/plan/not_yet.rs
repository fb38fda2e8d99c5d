//! What the language has and `gofer run` does not do yet.

#[cfg(test)]
mod tests;

use crate::{
    Problem,
    definition::{Container, Pipeline, Task},
    problem::Path,
};

/// The keys of a pipeline that `gofer run` refuses for now, each at its place.
pub fn not_yet(pipeline: &Pipeline) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(defaults) = &pipeline.defaults {
        container(
            &Path::top().at("defaults"),
            &defaults.container,
            &mut problems,
        );
    }
    for (name, said) in &pipeline.tasks {
        task(
            &Path::top().at("tasks").at(name.as_str()),
            said,
            &mut problems,
        );
    }
    problems
}

fn refuse(path: Path, what: &str, problems: &mut Vec<Problem>) {
    let message = format!(
        "{what} is not available in `gofer run` yet; remove it or run this task another way"
    );
    problems.push(Problem::error(path, message));
}

fn task(path: &Path, task: &Task, problems: &mut Vec<Problem>) {
    if task.approval.is_some() {
        refuse(path.at("approval"), "`approval`", problems);
    }
    container(path, &task.container, problems);
}

fn container(path: &Path, said: &Container, problems: &mut Vec<Problem>) {
    for (key, is_there) in [
        ("cache", said.cache.is_some()),
        ("api_token", said.api_token == Some(true)),
    ] {
        if is_there {
            refuse(path.at(key), &format!("`{key}`"), problems);
        }
    }
}
