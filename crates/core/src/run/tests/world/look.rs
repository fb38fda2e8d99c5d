//! What is seen of it from outside.

use super::{Begun, World, key};
use crate::{
    container::Text,
    run::{Reason, TaskState, Unit},
};

impl World {
    pub(in crate::run::tests) fn unit(&self, name: &str) -> &Unit {
        self.book
            .unit(&key(name))
            .unwrap_or_else(|| panic!("no unit {name}"))
    }

    pub(in crate::run::tests) fn state(&self, name: &str) -> (TaskState, Option<Reason>) {
        (self.unit(name).state, self.unit(name).reason)
    }

    pub(in crate::run::tests) fn message(&self, name: &str) -> &str {
        self.unit(name).message.as_deref().unwrap_or_default()
    }

    pub(in crate::run::tests) fn starts(&self, name: &str) -> usize {
        let task: crate::name::TaskName = name.parse().unwrap();
        self.begun
            .iter()
            .filter(|begun| begun.key.task == task)
            .count()
    }

    pub(in crate::run::tests) fn begun(&self, name: &str) -> Vec<&Begun> {
        let key = key(name);
        self.begun.iter().filter(|begun| begun.key == key).collect()
    }

    /// A variable of the last start of a unit.
    pub(in crate::run::tests) fn env(&self, name: &str, variable: &str) -> Option<String> {
        let begun = self.begun(name).into_iter().last()?;
        let (_, text) = begun
            .container
            .main
            .env
            .iter()
            .find(|(name, _)| name.as_str() == variable)?;
        match text {
            Text::Plain(text) => Some(text.clone()),
            Text::Secret(name) => Some(format!("secret:{name}")),
        }
    }
}
