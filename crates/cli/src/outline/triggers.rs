//! Triggers, in words.

use crate::text::Build as _;
use gofer_core::{
    definition::{self, Catchup, TriggerKind, TriggerState},
    name::TriggerName,
    schedule,
};
use serde::Serialize;

/// A trigger, understood.
#[derive(Debug, Serialize)]
pub(crate) struct Trigger {
    pub(crate) name: String,
    pub(crate) words: String,
}

impl Trigger {
    pub(crate) fn new(name: &TriggerName, trigger: &definition::Trigger) -> Self {
        let zone = trigger.timezone.as_deref().unwrap_or("UTC");
        let mut words = match &trigger.kind {
            TriggerKind::Cron(cron) => {
                let said = schedule::describe(cron).unwrap_or_else(|_| cron.clone());
                format!("{said}, {zone}")
            }
            TriggerKind::Every(every) => format!("every {every}"),
            TriggerKind::At(at) => format!("once, at {at}"),
            TriggerKind::Webhook(webhook) => {
                format!("a webhook signed with the secret {}", webhook.secret)
            }
            TriggerKind::Github(filter) => format!("GitHub events of {}", filter.repository),
            TriggerKind::Pipeline { name, state } => {
                let state = match state.unwrap_or_default() {
                    TriggerState::Succeeded => "has succeeded",
                    TriggerState::Failed => "has failed",
                    TriggerState::Cancelled => "was cancelled",
                    TriggerState::Any => "is over",
                };
                format!("when a run of {name} {state}")
            }
            TriggerKind::Extension { name, .. } => format!("the extension {name}"),
        };
        if matches!(trigger.kind, TriggerKind::Cron(_) | TriggerKind::Every(_)) {
            let window = trigger
                .catchup_window
                .map_or_else(|| "24h".to_owned(), |window| window.to_string());
            let caught_up = match trigger.catchup.unwrap_or_default() {
                Catchup::None => "; missed times are not made up for".to_owned(),
                Catchup::Latest => format!("; of missed times the latest within {window} runs"),
                Catchup::All => format!("; missed times within {window} all run"),
            };
            words.push_str(&caught_up);
        }
        if let Some(jitter) = trigger.jitter {
            words.add(format_args!("; up to {jitter} later, at random"));
        }
        if let Some(when) = &trigger.when {
            words.add(format_args!("; only when {when}"));
        }
        Self {
            name: name.to_string(),
            words,
        }
    }
}
