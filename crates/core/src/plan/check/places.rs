//! Where the files and volumes of a container may stand.

use super::{Scope, Subject};
use crate::{
    definition::{Container, VolumeSource},
    problem::Path,
};

/// What Gofer mounts into every container.
const OURS: &str = "/gofer";
/// What the engine puts into every container, over whatever is there.
const ENGINES: [&str; 6] = [
    "/proc",
    "/sys",
    "/dev",
    "/etc/hosts",
    "/etc/hostname",
    "/etc/resolv.conf",
];
/// Where no engine mounts anything for us.
const NO_VOLUMES: [&str; 2] = ["/proc", "/sys"];

impl Scope<'_> {
    /// Rules of each place by itself.
    pub(super) fn places(&mut self, path: &Path, said: &Container) {
        for file in said.files.keys() {
            let path = path.at("files").at(file.as_str());
            if !self.absolute(&path, file) {
                continue;
            }
            if let Some(place) = ENGINES.iter().find(|place| is_within(file, place)) {
                let message = format!(
                    "{place} is the engine's own and nobody would see a file there; choose another \
                     place"
                );
                self.report.error(path, message);
            }
        }
        for (at, volume) in &said.volumes {
            let path = path.at("volumes").at(at.as_str());
            if self.absolute(&path, at)
                && let Some(place) = NO_VOLUMES.iter().find(|place| is_within(at, place))
            {
                let message = format!("{place} is the kernel's own; choose another place");
                self.report.error(path.clone(), message);
            }
            if let VolumeSource::Host(host) = &volume.source {
                let path = path.at("host");
                if self.stays(&path, host) && volume.read_only != Some(true) {
                    let message =
                        format!("the task may change {host} of this machine, as you may yourself");
                    self.report.note(path, message);
                }
            }
        }
        if let Some(folder) = &said.working_dir {
            self.stays(&path.at("working_dir"), folder);
        }
    }

    /// Rules of the files of a task, its own and those of `defaults`.
    pub(super) fn files_of_task(&mut self, subject: &Subject<'_>, all: &Container) {
        for (file, message) in misplaced(all) {
            if subject.task.container.files.contains_key(file) {
                let path = subject.path.at("files").at(file);
                self.report.error(path, message);
            } else {
                let path = Path::top().at("defaults").at("files").at(file);
                self.report.once(path, message);
            }
        }
    }

    /// The same of a service, which takes nothing from `defaults`.
    pub(super) fn files_of_service(&mut self, path: &Path, said: &Container) {
        for (file, message) in misplaced(said) {
            self.report.error(path.at("files").at(file), message);
        }
    }

    /// Whether a place in the container is the user's to fill.
    fn absolute(&mut self, path: &Path, place: &str) -> bool {
        if !self.stays(path, place) {
            return false;
        }
        let message = if parts(place).next().is_none() {
            "the root itself cannot be replaced".to_owned()
        } else if is_within(place, OURS) {
            format!("{OURS} is Gofer's own; choose another place")
        } else {
            return true;
        };
        self.report.error(path.clone(), message);
        false
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
}

/// Files whose place goes badly with something else.
fn misplaced(container: &Container) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    for file in container.files.keys() {
        // The folder of a file becomes a volume where the root is read-only, and `/` cannot be one.
        if container.read_only == Some(true) && file.starts_with('/') && parts(file).count() == 1 {
            let message =
                "with `read_only` a file cannot stand directly under /: put it into a folder";
            found.push((file.as_str(), message.to_owned()));
        }
        if let Some(at) = container.volumes.keys().find(|at| is_within(file, at)) {
            let message = format!(
                "it lies in the volume at {at}, where it would stay for others to see; choose a \
                 place outside"
            );
            found.push((file.as_str(), message));
        }
    }
    found
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    let parts = path.split('/');
    parts.filter(|part| !part.is_empty() && *part != ".")
}

/// Whether a place is another one, or lies in it.
fn is_within(inner: &str, outer: &str) -> bool {
    let mut inner = parts(inner);
    parts(outer).all(|part| inner.next() == Some(part))
}
