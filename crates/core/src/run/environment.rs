//! What every task finds in its environment about itself and its run. The user's own wins.

use super::{
    book::{Book, Place},
    resolve::as_text,
};
use crate::{container::Text, definition::Json, name::EnvName};
use std::collections::BTreeMap;

impl Book {
    pub(super) fn environment(&self, place: Place, number: u32) -> BTreeMap<EnvName, Text> {
        let mut env = BTreeMap::new();
        let mut put = |name: &str, value: String| {
            if let Ok(name) = name.parse() {
                env.insert(name, Text::Plain(value));
            }
        };
        let (task, item) = place;
        let identity = &self.identity;
        put("GOFER_NAMESPACE", identity.namespace.to_string());
        put("GOFER_PIPELINE", self.plan.pipeline.name.to_string());
        put("GOFER_VERSION", identity.version.to_string());
        put("GOFER_RUN", identity.number.to_string());
        put("GOFER_ATTEMPT", number.to_string());
        put("GOFER_SCHEDULED_AT", self.origin.scheduled_at.clone());
        put("GOFER_TRIGGER", self.origin.trigger.clone());
        put("TRACEPARENT", self.traceparent(place, number));
        let said = self.plan.tasks.get(task);
        if let Some(said) = said {
            put("GOFER_TASK", said.name.to_string());
        }
        if let (Some(index), Some(value)) =
            (item, self.at(place).and_then(|unit| unit.value.as_ref()))
        {
            put("GOFER_ITEM", as_text(value));
            put("GOFER_ITEM_INDEX", index.to_string());
        }
        if said.is_some_and(|said| said.finally) {
            put("GOFER_RUN_STATE", self.verdict(false).0.to_string());
            put(
                "GOFER_FAILED_TASKS",
                Json::from(self.failed_tasks()).to_string(),
            );
        }
        env
    }

    /// Ordinary tasks that ended badly, in the order of their names.
    fn failed_tasks(&self) -> Vec<String> {
        self.run
            .tasks
            .iter()
            .zip(&self.plan.tasks)
            .filter(|(task, said)| !said.finally && task.own.state.is_failure())
            .map(|(_, said)| said.name.to_string())
            .collect()
    }

    /// W3C trace context: the run is the trace, the attempt the span.
    fn traceparent(&self, (task, item): Place, number: u32) -> String {
        let task = u64::try_from(task).unwrap_or(u64::MAX) & 0xffff;
        let item = u64::from(item.map_or(0, |item| item + 1)) & 0xffff;
        let span = (1 << 63) | (task << 48) | (item << 32) | u64::from(number);
        format!("00-{}-{span:016x}-01", self.identity.run.0.simple())
    }
}
