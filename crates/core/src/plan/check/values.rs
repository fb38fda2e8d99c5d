//! References: what they name must exist, come before, and stand where it may.

use super::{Scope, Subject};
use crate::{
    definition::{Container, ForEach, Reference, Value},
    name::{OutputKey, TaskName},
    params,
    problem::Path,
    suggest,
};

/// Where a value stands.
pub(super) struct Place {
    pub(super) path: Path,
    /// `defaults` is read for each task, but a mistake in it is said once.
    pub(super) is_shared: bool,
    pub(super) takes_secrets: bool,
}

impl Scope<'_> {
    /// All values of a task.
    pub(super) fn task_values(&mut self, subject: &Subject<'_>) {
        if let Some(ForEach::Reference(reference)) = &subject.task.for_each {
            self.reference(subject, reference, &plain(subject.path.at("for_each")));
        }
        if let Some(call) = &subject.task.pipeline {
            let path = subject.path.at("pipeline").at("params");
            for (name, value) in &call.params {
                self.value(subject, value, &plain(path.at(name.as_str())));
            }
        }
        let Some(container) = &subject.container else {
            return;
        };
        let shared = self
            .pipeline
            .defaults
            .as_ref()
            .map(|_| Path::top().at("defaults"));
        let own = &subject.task.container;
        self.container_values(
            subject,
            container,
            &subject.path,
            shared.as_ref().map(|at| (at, own)),
        );
        for (name, service) in &own.services {
            let path = subject.path.at("services").at(name.as_str());
            self.container_values(subject, &service.container, &path, None);
        }
        for (nth, value) in container
            .cache
            .iter()
            .flat_map(|cache| &cache.key)
            .enumerate()
        {
            self.value(
                subject,
                value,
                &plain(subject.path.at("cache").at("key").at(nth)),
            );
        }
    }

    /// `shared` is where `defaults` stands, with the keys that the task says itself.
    fn container_values(
        &mut self,
        subject: &Subject<'_>,
        container: &Container,
        path: &Path,
        shared: Option<(&Path, &Container)>,
    ) {
        let place = |says: fn(&Container, &str) -> bool, key: &str, name: &str, secrets: bool| {
            let from = shared
                .filter(|(_, own)| !says(own, name))
                .map(|(defaults, _)| defaults);
            let path = from.unwrap_or(path).at(key);
            Place {
                path: if name.is_empty() { path } else { path.at(name) },
                is_shared: from.is_some(),
                takes_secrets: secrets,
            }
        };
        if let Some(image) = &container.image {
            self.value(
                subject,
                image,
                &place(|own, _| own.image.is_some(), "image", "", false),
            );
        }
        for (name, value) in &container.env {
            let at = place(
                |own, name| own.env.contains_key(name),
                "env",
                name.as_str(),
                true,
            );
            self.value(subject, value, &at);
        }
        for (name, value) in &container.files {
            let at = place(
                |own, name| own.files.contains_key(name),
                "files",
                name,
                true,
            );
            self.value(subject, value, &at);
        }
    }

    fn value(&mut self, subject: &Subject<'_>, value: &Value, place: &Place) {
        if let Value::Reference(reference) = value {
            self.reference(subject, reference, place);
        }
    }

    fn reference(&mut self, subject: &Subject<'_>, reference: &Reference, place: &Place) {
        if let Err(message) = self.resolve(subject, reference, place) {
            if place.is_shared {
                let message = format!("{message} (as `{}` reads it)", subject.name);
                self.report.once(place.path.clone(), message);
            } else {
                self.report.error(place.path.clone(), message);
            }
        }
    }

    fn resolve(
        &self,
        subject: &Subject<'_>,
        reference: &Reference,
        place: &Place,
    ) -> Result<(), String> {
        match reference {
            Reference::Secret(_) if place.takes_secrets => Ok(()),
            Reference::Secret(_) => {
                Err("a secret can stand only in `env`, `files` and `registry.password`".to_owned())
            }
            Reference::Param { name, .. } => self.declared(name.as_str()),
            Reference::Output { task, key, default } => {
                self.output(subject, task.as_str(), key)?;
                let is_list = place.path.0.last() == Some(&"for_each".into());
                let stand_in = if is_list || self.is_fan_out(task.as_str()) { "[]" } else { "0" };
                let fix = format!("{{ output = \"{task}.{key}\", default = \"{stand_in}\" }}");
                self.certain(subject, (task.as_str(), key), default.is_some(), &fix)
            }
            Reference::Task { task, .. } => self.upstream(subject, task.as_str()).map(drop),
            Reference::Item { field, .. } => item(subject, field.as_deref()),
            Reference::Object { .. } => Ok(()),
            Reference::Event { .. } => Err(
                "an event can be read only in `triggers.NAME.params`: set a param there and read that"
                    .to_owned(),
            ),
        }
    }

    pub(super) fn declared(&self, name: &str) -> Result<(), String> {
        if self.pipeline.params.contains_key(name) {
            return Ok(());
        }
        if !self.may_suggest() {
            return Err(format!("there is no param `{name}`"));
        }
        Err(params::unknown(name, &self.pipeline.params))
    }

    /// The position of a task that is over before this one begins.
    pub(super) fn upstream(&self, subject: &Subject<'_>, task: &str) -> Result<usize, String> {
        let nth = self
            .graph
            .position(task)
            .ok_or_else(|| self.unknown_task(task))?;
        if nth == subject.nth {
            return Err(format!("`{task}` cannot read of itself"));
        }
        let is_finally = self
            .pipeline
            .tasks
            .get(task)
            .is_some_and(|task| task.finally == Some(true));
        if self.graph.is_before(nth, subject.nth) || (subject.finally && !is_finally) {
            return Ok(nth);
        }
        Err(format!(
            "`{task}` is not upstream of `{}`: add it to `depends_on`",
            subject.name
        ))
    }

    /// An output that its task can have.
    pub(super) fn output(
        &self,
        subject: &Subject<'_>,
        task: &str,
        key: &str,
    ) -> Result<(), String> {
        self.upstream(subject, task)?;
        let Some(producer) = self.pipeline.tasks.get(task) else {
            return Ok(());
        };
        let parts: Vec<&str> = key.split('.').collect();
        match parts.as_slice() {
            [child, own] => {
                if producer.pipeline.is_none() {
                    return Err(format!(
                        "`{task}` calls no pipeline: {task}.KEY is expected"
                    ));
                }
                child
                    .parse::<TaskName>()
                    .map_err(|error| error.to_string())?;
                own.parse::<OutputKey>()
                    .map(drop)
                    .map_err(|error| error.to_string())
            }
            [own] if producer.pipeline.is_some() => Err(format!(
                "`{task}` calls a pipeline: {task}.TASK.{own} is expected, with a task of that"
            )),
            [own] if producer.approval.is_some() && !matches!(*own, "by" | "comment") => {
                let meant = suggest::or_list(own, ["by", "comment"]);
                Err(format!(
                    "`{task}` is an approval and has no output `{own}`{meant}"
                ))
            }
            _ => key
                .parse::<OutputKey>()
                .map(drop)
                .map_err(|error| error.to_string()),
        }
    }

    pub(super) fn is_fan_out(&self, task: &str) -> bool {
        let task = self.pipeline.tasks.get(task);
        task.is_some_and(|task| task.matrix.is_some() || task.for_each.is_some())
    }

    /// An output that may be missing needs a default.
    pub(super) fn certain(
        &self,
        subject: &Subject<'_>,
        (task, key): (&str, &str),
        has_default: bool,
        fix: &str,
    ) -> Result<(), String> {
        let Some(producer) = self.graph.position(task) else {
            return Ok(());
        };
        let is_certain = !subject.finally && self.graph.surely_succeeded(producer, subject.nth);
        if has_default || is_certain {
            return Ok(());
        }
        Err(format!(
            "output {task}.{key} can be missing: {task} may not have succeeded. Add a default: {fix}"
        ))
    }
}

/// An item of a fan-out, and a field that it can have.
pub(super) fn item(subject: &Subject<'_>, field: Option<&str>) -> Result<(), String> {
    let task = subject.task;
    if !subject.has_items() {
        let name = subject.name;
        return Err(format!(
            "`{name}` has no items: `item` needs a `matrix` or `for_each`"
        ));
    }
    let Some(field) = field else { return Ok(()) };
    match (&task.matrix, &task.for_each) {
        (Some(matrix), _) if !matrix.contains_key(field) => {
            let meant = suggest::or_list(field, matrix.keys().map(String::as_str));
            Err(format!("the matrix has no `{field}`{meant}"))
        }
        (None, Some(ForEach::List(items))) => {
            let has = |item: &serde_json::Value| item.get(field).is_some();
            if items.is_empty() || items.iter().any(has) {
                return Ok(());
            }
            Err(format!(
                "no item has a field `{field}`; the whole item is {{ item = \".\" }}"
            ))
        }
        _ => Ok(()),
    }
}

fn plain(path: Path) -> Place {
    Place {
        path,
        is_shared: false,
        takes_secrets: false,
    }
}
