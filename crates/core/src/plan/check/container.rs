//! What holds for containers: of tasks, of services, and in `defaults`.

use super::{Scope, Subject};
use crate::{
    definition::{Container, Reference, Resources, Service, Value, VolumeSource},
    name::ServiceName,
    problem::Path,
    quantity,
};
use std::collections::BTreeMap;

/// What Gofer mounts into every container.
const OURS: &str = "/gofer";

impl Scope<'_> {
    /// `all` is the task's own keys and those of `defaults`, merged.
    pub(super) fn task_container(&mut self, subject: &Subject<'_>, all: &Container) {
        let own = &subject.task.container;
        if all.image.is_none() {
            let message = "no image: name one here or in `defaults`";
            self.report.error(subject.path.clone(), message);
        }
        self.container(&subject.path, own);
        self.below_root(subject, all);
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
        for file in said.files.keys() {
            self.absolute(&path.at("files").at(file.as_str()), file);
        }
        for (at, volume) in &said.volumes {
            let path = path.at("volumes").at(at.as_str());
            self.absolute(&path, at);
            if let VolumeSource::Host(host) = &volume.source {
                self.stays(&path.at("host"), host);
            }
        }
        if let Some(folder) = &said.working_dir {
            self.stays(&path.at("working_dir"), folder);
        }
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

    /// A place in the container that is the user's to fill.
    fn absolute(&mut self, path: &Path, place: &str) {
        if !self.stays(path, place) {
            return;
        }
        let place = place.trim_end_matches('/');
        if place.is_empty() {
            self.report
                .error(path.clone(), "the root itself cannot be replaced");
        } else if place == OURS
            || place
                .strip_prefix(OURS)
                .is_some_and(|rest| rest.starts_with('/'))
        {
            self.report.error(
                path.clone(),
                format!("{OURS} is Gofer's own; choose another place"),
            );
        }
    }

    /// Whether a path is absolute and leads nowhere else.
    fn stays(&mut self, path: &Path, place: &str) -> bool {
        if !place.starts_with('/') || place.contains('\0') {
            let message = format!("{place:?} is not an absolute path, such as \"/etc/app.toml\"");
            self.report.error(path.clone(), message);
            return false;
        }
        if place.split('/').any(|part| part == "..") {
            let message = format!("{place:?} has a `..` in it; write where it leads to");
            self.report.error(path.clone(), message);
            return false;
        }
        true
    }

    /// A file's folder becomes a volume where the root is read-only, and `/` cannot be one.
    fn below_root(&mut self, subject: &Subject<'_>, all: &Container) {
        if all.read_only != Some(true) {
            return;
        }
        let is_at_root =
            |file: &&String| file.starts_with('/') && !file.trim_start_matches('/').contains('/');
        for file in all.files.keys().filter(is_at_root) {
            let message =
                "with `read_only` a file cannot stand directly under /: put it into a folder";
            if subject.task.container.files.contains_key(file) {
                self.report
                    .error(subject.path.at("files").at(file.as_str()), message);
            } else {
                let path = Path::top().at("defaults").at("files").at(file.as_str());
                self.report.once(path, message);
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
