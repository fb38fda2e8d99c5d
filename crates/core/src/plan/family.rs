//! A pipeline with those that it calls, directly or not: what has to hold between them.

#[cfg(test)]
mod tests;

use crate::{
    Problem,
    definition::{Call, ForEach, Json, Literal, Pipeline, Reference, Task, Value},
    name::{PipelineName, TaskName},
    params,
    problem::Path,
    run::MOST_DEPTH,
    suggest,
    when::{Expr, Name},
};
use std::collections::{BTreeMap, BTreeSet};

/// A pipeline and all that it calls, as far as they were found.
#[derive(Clone, Copy, Debug)]
pub struct Family<'a> {
    /// The one that is started.
    pub root: &'a Pipeline,
    /// The others, by name.
    pub members: &'a BTreeMap<PipelineName, Pipeline>,
}

/// The tasks of a pipeline that call another, and what they call.
pub fn calls(pipeline: &Pipeline) -> impl Iterator<Item = (&TaskName, &Task, &Call)> {
    let tasks = pipeline.tasks.iter();
    tasks.filter_map(|(name, task)| Some((name, task, task.pipeline.as_ref()?)))
}

impl<'a> Family<'a> {
    fn find(&self, name: &PipelineName) -> Option<&'a Pipeline> {
        if *name == self.root.name {
            return Some(self.root);
        }
        self.members.get(name)
    }

    /// Everything that is wrong between a pipeline and those that it calls, each with the name of
    /// the pipeline in which it stands. One that was not found is not spoken of.
    pub fn check(&self) -> Vec<(PipelineName, Problem)> {
        let mut problems = Vec::new();
        let all = std::iter::once(self.root).chain(self.members.values());
        for pipeline in all.filter(|pipeline| self.is_self(pipeline)) {
            for (name, task, call) in calls(pipeline) {
                let path = Path::top().at("tasks").at(name.as_str()).at("pipeline");
                if let Some(called) = self.find(&call.name) {
                    self.check_call(&path, call, called, &mut |problem| {
                        problems.push((pipeline.name.clone(), problem));
                    });
                    check_outputs(pipeline, (name, task), called, &mut |problem| {
                        problems.push((pipeline.name.clone(), problem));
                    });
                }
            }
        }
        self.descend(
            self.root,
            &mut Vec::new(),
            &mut BTreeSet::new(),
            &mut problems,
        );
        problems
    }

    /// A member that has the root's name is the root.
    fn is_self(&self, pipeline: &Pipeline) -> bool {
        std::ptr::eq(pipeline, self.root) || pipeline.name != self.root.name
    }

    fn check_call(
        &self,
        path: &Path,
        call: &Call,
        called: &Pipeline,
        report: &mut impl FnMut(Problem),
    ) {
        if let (Some(own), Some(other)) = (&self.root.namespace, &called.namespace)
            && own != other
        {
            let message = format!(
                "`{}` is pinned to namespace {other}, this one to {own}: a called pipeline runs in its caller's",
                called.name
            );
            report(Problem::error(path.at("name"), message));
        }
        let place = path.at("params");
        for (name, value) in &call.params {
            let at = place.at(name.as_str());
            let Some(param) = called.params.get(name) else {
                let message = params::unknown(name.as_str(), &called.params);
                report(Problem::error(at, format!("`{}`: {message}", called.name)));
                continue;
            };
            let (Value::Literal(literal)
            | Value::Reference(
                Reference::Param {
                    default: Some(literal),
                    ..
                }
                | Reference::Output {
                    default: Some(literal),
                    ..
                }
                | Reference::Object {
                    default: Some(literal),
                    ..
                }
                | Reference::Item {
                    default: Some(literal),
                    ..
                }
                | Reference::Task {
                    default: Some(literal),
                    ..
                },
            )) = value
            else {
                continue;
            };
            let kind = param.kind.unwrap_or_default();
            if let Err(why) = params::read_json(kind, param, &json(literal)) {
                let message = format!("param `{name}` of `{}`: {why}", called.name);
                report(Problem::error(at, message));
            }
        }
        let missing = called
            .params
            .iter()
            .filter(|(name, param)| param.default.is_none() && !call.params.contains_key(*name));
        for (name, _) in missing {
            let message = format!("param `{name}` of `{}` is required", called.name);
            report(Problem::error(path.clone(), message));
        }
    }

    /// Follows the calls down from a pipeline: nothing may call what called it, or go too deep.
    fn descend(
        &self,
        pipeline: &'a Pipeline,
        above: &mut Vec<&'a PipelineName>,
        sound: &mut BTreeSet<(&'a PipelineName, usize)>,
        problems: &mut Vec<(PipelineName, Problem)>,
    ) {
        // What was followed from this deep once comes to the same again.
        if !sound.insert((&pipeline.name, above.len())) {
            return;
        }
        above.push(&pipeline.name);
        for (name, _, call) in calls(pipeline) {
            let at = Path::top().at("tasks").at(name.as_str());
            let at = at.at("pipeline").at("name");
            let begin = above.iter().position(|name| **name == call.name);
            let chain = |from: usize| {
                let names = above.iter().skip(from).map(|name| name.as_str());
                let names: Vec<_> = names.chain([call.name.as_str()]).collect();
                names.join(" → ")
            };
            let message = match begin {
                // The rules of one file have said so.
                Some(_) if call.name == pipeline.name => continue,
                Some(begin) => format!("a pipeline cannot call itself: {}", chain(begin)),
                None if above.len() >= MOST_DEPTH as usize => {
                    format!(
                        "runs stand at most {MOST_DEPTH} deep inside one another: {}",
                        chain(0)
                    )
                }
                None => {
                    if let Some(called) = self.find(&call.name) {
                        self.descend(called, above, sound, problems);
                    }
                    continue;
                }
            };
            let problem = Problem::error(at, message);
            let entry = (pipeline.name.clone(), problem);
            if !problems.contains(&entry) {
                problems.push(entry);
            }
        }
        above.pop();
    }
}

/// Who reads `CALL.TASK.KEY` must name a task that there is.
fn check_outputs(
    pipeline: &Pipeline,
    (producer, _): (&TaskName, &Task),
    called: &Pipeline,
    report: &mut impl FnMut(Problem),
) {
    for (name, task) in &pipeline.tasks {
        let path = Path::top().at("tasks").at(name.as_str());
        for (at, of, key) in reads(&path, task) {
            let Some((child, _)) = key.split_once('.').filter(|_| of == producer.as_str()) else {
                continue;
            };
            if !called.tasks.contains_key(child) {
                let names = called.tasks.keys().map(TaskName::as_str);
                let meant = suggest::or_list(child, names);
                let message = format!("`{}` has no task `{child}`{meant}", called.name);
                report(Problem::error(at, message));
            }
        }
    }
}

/// The outputs that a task reads: where, whose, and which.
fn reads(path: &Path, task: &Task) -> Vec<(Path, String, String)> {
    let container = &task.container;
    let under = |key: &str, name: &str| path.at(key).at(name);
    let params = task.pipeline.iter().flat_map(|call| &call.params);
    let values = (container
        .image
        .iter()
        .map(|value| (path.at("image"), value)))
    .chain((container.env.iter()).map(|(name, value)| (under("env", name.as_str()), value)))
    .chain((container.files.iter()).map(|(name, value)| (under("files", name), value)))
    .chain(params.map(|(name, value)| {
        let at = path.at("pipeline").at("params").at(name.as_str());
        (at, value)
    }));
    let mut found: Vec<(Path, &Reference)> = values
        .filter_map(|(at, value)| match value {
            Value::Reference(reference) => Some((at, reference)),
            Value::Literal(_) => None,
        })
        .collect();
    if let Some(ForEach::Reference(reference)) = &task.for_each {
        found.push((path.at("for_each"), reference));
    }
    let mut reads: Vec<_> = found
        .into_iter()
        .filter_map(|(at, reference)| match reference {
            Reference::Output { task, key, .. } => Some((at, task.to_string(), key.clone())),
            _ => None,
        })
        .collect();
    let when = task.when.as_deref().and_then(|text| Expr::parse(text).ok());
    for (name, ..) in when.iter().flat_map(Expr::names) {
        if let Name::Output { task, key } = name {
            reads.push((path.at("when"), task.clone(), key.clone()));
        }
    }
    reads
}

fn json(literal: &Literal) -> Json {
    match literal {
        Literal::Boolean(value) => (*value).into(),
        Literal::Integer(value) => (*value).into(),
        Literal::Text(value) => value.as_str().into(),
    }
}
