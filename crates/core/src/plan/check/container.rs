//! What holds for containers: of tasks, of services, and in `defaults`.

use super::{Scope, Subject};
use crate::{
    definition::{Container, Reference, Resources, Service, Value},
    name::ServiceName,
    problem::Path,
    quantity,
};
use std::collections::BTreeMap;

impl Scope<'_> {
    /// `all` is the task's own keys and those of `defaults`, merged.
    pub(super) fn task_container(&mut self, subject: &Subject<'_>, all: &Container) {
        let own = &subject.task.container;
        if all.image.is_none() {
            let message = "no image: name one here or in `defaults`";
            self.report.error(subject.path.clone(), message);
        }
        self.container(&subject.path, own);
        self.files_of_task(subject, all);
        for (nth, input) in own.inputs.iter().enumerate() {
            let path = subject.path.at("inputs").at(nth);
            let task = self.pipeline.tasks.get(input);
            if let Err(message) = self.upstream(subject, input.as_str()) {
                self.report.error(path, message);
            } else if task.is_some_and(|task| task.approval.is_some()) {
                let message = format!("`{input}` is an approval and has no artifacts");
                self.report.error(path, message);
            }
        }
        self.services(&subject.path.at("services"), &own.services);
    }

    /// Rules of one table of container keys, wherever it stands.
    pub(super) fn container(&mut self, path: &Path, said: &Container) {
        self.exec(path, said);
        self.places(path, said);
        if let Some(resources) = &said.resources {
            self.resources(&path.at("resources"), resources);
        }
        if let Some(Value::Literal(image)) = &said.image {
            let text = image.to_text();
            if text.is_empty() || !text.chars().all(|c| c.is_ascii_graphic()) {
                let message = format!("{text:?} cannot be the name of an image");
                self.report.error(path.at("image"), message);
            }
        }
        let is_object = |value: &Value| {
            matches!(
                value,
                Value::Reference(Reference::Object { default: None, .. })
            )
        };
        for (name, _) in said.env.iter().filter(|(_, value)| is_object(value)) {
            let message = "the object may not be there yet; a default is advised";
            self.report.note(path.at("env").at(name.as_str()), message);
        }
    }

    fn resources(&mut self, path: &Path, resources: &Resources) {
        let cpu = resources.cpu.as_deref().map(quantity::cpu);
        let memory = resources.memory.as_deref().map(quantity::memory);
        for (key, amount) in [("cpu", cpu), ("memory", memory)] {
            if let Some(Err(error)) = amount {
                self.report.error(path.at(key), error.to_string());
            }
        }
    }

    fn services(&mut self, path: &Path, services: &BTreeMap<ServiceName, Service>) {
        let mut ports: BTreeMap<u16, &ServiceName> = BTreeMap::new();
        for (name, service) in services {
            let path = path.at(name.as_str());
            if service.container.image.is_none() {
                let message = "no image: a service takes nothing from `defaults`";
                self.report.error(path.clone(), message);
            }
            if name.as_str() == "localhost" {
                self.report
                    .error(path.clone(), "`localhost` is the task itself");
            }
            self.container(&path, &service.container);
            self.files_of_service(&path, &service.container);
            let Some(ready) = &service.ready else {
                continue;
            };
            let path = path.at("ready");
            if ready.tcp.is_some() == ready.command.is_some() {
                let message = "`ready` is a `tcp` port or a `command`, exactly one of them";
                self.report.error(path.clone(), message);
            }
            let Some(port) = ready.tcp else { continue };
            if let Some(other) = ports.insert(port, name) {
                let message = format!(
                    "port {port} is that of service `{other}`: both are on the task's localhost"
                );
                self.report.error(path.at("tcp"), message);
            }
        }
    }
}
