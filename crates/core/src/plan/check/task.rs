//! What holds for a task of whatever kind.

use super::{Scope, Subject};
use crate::{
    definition::{Condition, Container, ForEach, Json, ParamType, Reference},
    name::PoolName,
    plan::MOST_ITEMS,
    problem::Path,
};

impl Scope<'_> {
    pub(super) fn dependencies(&mut self, subject: &Subject<'_>) {
        let graph = self.graph;
        if graph.parents(subject.nth).len() < subject.task.depends_on.len() {
            self.not_parents(subject);
        }
        for (parent, condition) in graph.parents(subject.nth) {
            let Some((parent, task)) = graph.task(*parent) else {
                continue;
            };
            let is_unsure = *condition == Condition::Success && task.when.is_some();
            let parent_finally = task.finally.unwrap_or(false);
            if subject.finally == parent_finally && !is_unsure {
                continue;
            }
            let path = subject.path.at("depends_on").at(parent.as_str());
            let name = subject.name;
            match (subject.finally, parent_finally) {
                (false, true) => self.report.error(
                    path,
                    format!("`{parent}` is a finally task, which runs after all ordinary ones: `{name}` cannot wait for it"),
                ),
                (true, false) => self.report.error(
                    path,
                    format!("`{name}` is a finally task and runs after all ordinary ones anyway; it may depend only on finally tasks: leave out `{parent}`"),
                ),
                _ => self.report.note(
                    path,
                    format!("`{parent}` has a `when`: if that is false, `{name}` is skipped too; with `not_failed` it would run"),
                ),
            }
        }
    }

    fn not_parents(&mut self, subject: &Subject<'_>) {
        for parent in subject.task.depends_on.keys() {
            let path = || subject.path.at("depends_on").at(parent.as_str());
            if parent == subject.name {
                let message = format!("`{parent}` cannot wait for itself");
                self.report.error(path(), message);
            } else if self.graph.position(parent.as_str()).is_none() {
                let message = self.unknown_task(parent.as_str());
                self.report.error(path(), message);
            }
        }
    }

    /// Keys that do not go together, or not with the task's kind.
    pub(super) fn shape(&mut self, subject: &Subject<'_>) {
        let task = subject.task;
        if task.approval.is_some() && task.pipeline.is_some() {
            let message = "a task is an approval or calls a pipeline, not both";
            self.report.error(subject.path.at("pipeline"), message);
        }
        if subject.container.is_none() && task.container != Container::default() {
            let kind = if task.approval.is_some() {
                "an approval"
            } else {
                "a pipeline task"
            };
            let message = format!(
                "{kind} has no container: `image`, `script` and the like do not belong here"
            );
            self.report.error(subject.path.clone(), message);
        }
        if task.approval.is_some() {
            for (key, is_there) in [
                ("matrix", task.matrix.is_some()),
                ("for_each", task.for_each.is_some()),
                ("retry", task.retry.is_some()),
                ("pools", !task.pools.is_empty()),
            ] {
                if is_there {
                    self.report
                        .error(subject.path.at(key), format!("an approval has no `{key}`"));
                }
            }
        }
        if let Some(call) = &task.pipeline
            && call.name == self.pipeline.name
        {
            let message = "a pipeline cannot call itself";
            self.report
                .error(subject.path.at("pipeline").at("name"), message);
        }
        if let Some(retry) = &task.retry
            && !retry.exit_codes.is_empty()
            && !retry.final_exit_codes.is_empty()
        {
            let message = "`exit_codes` says which are tried again, `final_exit_codes` which are not: write one of them";
            self.report
                .error(subject.path.at("retry").at("final_exit_codes"), message);
        }
        self.pools(&subject.path.at("pools"), &task.pools);
    }

    /// A run that holds the only slot of a pool would wait for itself.
    pub(super) fn pools(&mut self, path: &Path, pools: &[PoolName]) {
        for (nth, pool) in pools.iter().enumerate() {
            if self.pipeline.pools.contains(pool) {
                let message = format!(
                    "the run itself holds a slot of `{pool}` while it runs: a task that waits for another may wait for ever"
                );
                self.report.error(path.at(nth), message);
            }
            if pools.iter().take(nth).any(|earlier| earlier == pool) {
                self.report
                    .error(path.at(nth), format!("`{pool}` is there twice"));
            }
        }
    }

    pub(super) fn fan_out(&mut self, subject: &Subject<'_>) {
        let task = subject.task;
        if task.matrix.is_some() && task.for_each.is_some() {
            let message = "a fan-out is a `matrix` or a `for_each`, not both";
            self.report.error(subject.path.at("for_each"), message);
        }
        if task.max_parallel.is_some() && !subject.has_items() {
            let message = "without `matrix` or `for_each` there is nothing to limit; for the whole run `max_parallel` stands at the top";
            self.report.error(subject.path.at("max_parallel"), message);
        }
        self.matrix(subject);
        let path = subject.path.at("for_each");
        match &task.for_each {
            Some(ForEach::List(items)) => self.items(&path, items),
            Some(ForEach::Reference(reference)) => self.list_reference(&path, reference),
            None => {}
        }
    }

    fn matrix(&mut self, subject: &Subject<'_>) {
        let Some(matrix) = &subject.task.matrix else {
            return;
        };
        let path = subject.path.at("matrix");
        if matrix.is_empty() {
            self.report
                .error(path.clone(), "an empty matrix has no items");
        }
        for (key, values) in matrix {
            if values.is_empty() {
                let message = format!("`{key}` has no values, so there would be no items");
                self.report.error(path.at(key.as_str()), message);
            }
            for (nth, value) in values
                .iter()
                .enumerate()
                .filter(|(_, value)| value.is_null())
            {
                self.report.error(
                    path.at(key.as_str()).at(nth),
                    format!("{value} is no value"),
                );
            }
        }
        let product = matrix
            .values()
            .fold(1_usize, |all, list| all.saturating_mul(list.len()));
        if product > MOST_ITEMS {
            let message = format!("{product} combinations are too many; at most {MOST_ITEMS}");
            self.report.error(path, message);
        }
    }

    fn items(&mut self, path: &Path, items: &[Json]) {
        if items.len() > MOST_ITEMS {
            let message = format!("{} items are too many; at most {MOST_ITEMS}", items.len());
            self.report.error(path.clone(), message);
        }
        for (nth, item) in items.iter().enumerate() {
            if item.is_array() || item.is_null() {
                let message = "an item is text, a number, a boolean or a record";
                self.report.error(path.at(nth), message);
            }
        }
    }

    /// What `for_each` reads must be able to hold a list.
    fn list_reference(&mut self, path: &Path, reference: &Reference) {
        let default = match reference {
            Reference::Output { default, .. } => default,
            Reference::Param { name, default } => {
                let kind = self
                    .pipeline
                    .params
                    .get(name)
                    .map(|param| param.kind.unwrap_or_default());
                if kind.is_some_and(|kind| kind != ParamType::Json) {
                    let message = format!("param `{name}` holds no list: give it type = \"json\"");
                    self.report.error(path.clone(), message);
                }
                default
            }
            _ => {
                let message = "the items come from a list in the file, an output or a param";
                self.report.error(path.clone(), message);
                return;
            }
        };
        let is_list = |text: &str| matches!(serde_json::from_str(text), Ok(Json::Array(_)));
        if default
            .as_ref()
            .is_some_and(|default| !is_list(&default.to_text()))
        {
            let message = "the default of a `for_each` is a JSON list as text, such as \"[]\"";
            self.report.error(path.clone(), message);
        }
    }
}
