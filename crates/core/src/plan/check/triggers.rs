//! Triggers: their times, their params and what they must leave set.

use super::Scope;
use crate::{
    definition::{ParamValue, Reference, Signature, Trigger, TriggerKind},
    name::{ParamName, TriggerName},
    params,
    problem::Path,
    schedule::Cron,
    suggest,
};
use jiff::{Timestamp, civil::DateTime, tz::TimeZoneDatabase};

/// Names that `GOFER_TRIGGER` has for runs that no trigger started.
const TAKEN: [&str; 2] = ["manual", "call"];

pub(super) fn check(scope: &mut Scope<'_>) {
    for (name, trigger) in &scope.pipeline.triggers {
        scope.trigger(name, trigger);
    }
}

impl Scope<'_> {
    fn trigger(&mut self, name: &TriggerName, trigger: &Trigger) {
        let path = Path::top().at("triggers").at(name.as_str());
        if TAKEN.contains(&name.as_str()) {
            let message =
                format!("`{name}` is the name of runs that no trigger starts; choose another");
            self.report.error(path.clone(), message);
        }
        self.fires(&path, trigger);
        self.times(&path, trigger);
        self.trigger_params(&path, trigger);
        if let Some(when) = &trigger.when {
            self.trigger_when(&path.at("when"), when);
        }
    }

    fn fires(&mut self, path: &Path, trigger: &Trigger) {
        match &trigger.kind {
            TriggerKind::Cron(line) => {
                if let Err(error) = line.parse::<Cron>() {
                    self.report.error(path.at("cron"), error.to_string());
                }
            }
            TriggerKind::At(text) => {
                if !is_moment(text) {
                    let message = format!(
                        "{text:?} is no moment, such as \"2026-12-24T18:00:00\" or the same with an offset"
                    );
                    self.report.error(path.at("at"), message);
                }
            }
            TriggerKind::Webhook(webhook) => {
                let needs_header = webhook.signature == Some(Signature::HmacSha256);
                let path = path.at("webhook");
                match (needs_header, &webhook.header) {
                    (true, None) => self.report.error(
                        path,
                        "`hmac-sha256` needs `header`, the name of the header that holds it",
                    ),
                    (false, Some(_)) => self.report.error(
                        path.at("header"),
                        "only the signature `hmac-sha256` has a `header` of its own",
                    ),
                    _ => {}
                }
            }
            TriggerKind::Github(filter) => {
                let mut parts = filter.repository.split('/');
                let is_part = |part: Option<&str>| part.is_some_and(|part| !part.is_empty());
                if !(is_part(parts.next()) && is_part(parts.next()) && parts.next().is_none()) {
                    let message = format!("{:?} is not OWNER/NAME", filter.repository);
                    self.report
                        .error(path.at("github").at("repository"), message);
                }
            }
            TriggerKind::Pipeline { name, .. } if *name == self.pipeline.name => {
                let message = "this pipeline starts itself each time it ends";
                self.report.warning(path.at("pipeline").at("name"), message);
            }
            TriggerKind::Every(_)
            | TriggerKind::Pipeline { .. }
            | TriggerKind::Extension { .. } => {}
        }
    }

    /// Keys that only kinds with times have.
    fn times(&mut self, path: &Path, trigger: &Trigger) {
        let (is_cron, is_every, is_at) = match &trigger.kind {
            TriggerKind::Cron(_) => (true, false, false),
            TriggerKind::Every(_) => (false, true, false),
            TriggerKind::At(_) => (false, false, true),
            _ => (false, false, false),
        };
        for (key, is_there, fits) in [
            ("timezone", trigger.timezone.is_some(), is_cron || is_at),
            ("catchup", trigger.catchup.is_some(), is_cron || is_every),
            (
                "catchup_window",
                trigger.catchup_window.is_some(),
                is_cron || is_every,
            ),
            ("jitter", trigger.jitter.is_some(), is_cron || is_every),
            ("skip", trigger.skip.is_some(), is_cron || is_every),
        ] {
            if is_there && !fits {
                let message = format!("a trigger of this kind has no `{key}`");
                self.report.error(path.at(key), message);
            }
        }
        if let Some(zone) = &trigger.timezone
            && let Some(message) = unknown_zone(zone)
        {
            self.report.error(path.at("timezone"), message);
        }
        let dates = trigger.skip.iter().flat_map(|skip| &skip.dates).enumerate();
        for (nth, text) in dates {
            let date = text.parse::<jiff::civil::Date>();
            if date.is_ok_and(|date| date.to_string() == *text) {
                continue;
            }
            let message = format!("{text:?} is not a date such as 2026-12-25");
            self.report
                .error(path.at("skip").at("dates").at(nth), message);
        }
    }

    fn trigger_params(&mut self, path: &Path, trigger: &Trigger) {
        let path = path.at("params");
        for (name, value) in &trigger.params {
            if let Err(message) = self.trigger_param(name, value) {
                self.report.error(path.at(name.as_str()), message);
            }
        }
        let is_unset = |name: &&ParamName| !trigger.params.contains_key(*name);
        let required = self
            .pipeline
            .params
            .iter()
            .filter(|(_, param)| param.default.is_none());
        for name in required.map(|(name, _)| name).filter(is_unset) {
            let message = format!(
                "leaves param `{name}` unset, which has no default: set it here or give it one"
            );
            self.report.error(path.clone(), message);
        }
    }

    fn trigger_param(&self, name: &ParamName, value: &ParamValue) -> Result<(), String> {
        self.declared(name.as_str())?;
        let Some(param) = self.pipeline.params.get(name) else {
            return Ok(());
        };
        let kind = param.kind.unwrap_or_default();
        match value {
            ParamValue::Literal(value) => params::read_json(kind, param, value).map(drop),
            ParamValue::Reference(Reference::Event {
                default: Some(default),
                ..
            }) => params::read(kind, param, &default.to_text()).map(drop),
            ParamValue::Reference(Reference::Event { .. }) => Ok(()),
            ParamValue::Reference(_) => Err(
                "a trigger sets a param to a value or to a part of its event: { event = \"date\" }"
                    .to_owned(),
            ),
        }
    }
}

fn is_moment(text: &str) -> bool {
    let has_zone = text.contains('[');
    let is_local = text.parse::<DateTime>().is_ok() && text.contains(['T', ' ']);
    !has_zone && (text.parse::<Timestamp>().is_ok() || is_local)
}

fn unknown_zone(name: &str) -> Option<String> {
    let zones = TimeZoneDatabase::bundled();
    if zones.get(name).is_ok() {
        return None;
    }
    let known: Vec<String> = zones.available().map(|zone| zone.to_string()).collect();
    let meant = suggest::did_you_mean(name, known.iter().map(String::as_str));
    let example = if meant.is_empty() {
        "; a zone is written Europe/Berlin"
    } else {
        ""
    };
    Some(format!("there is no time zone {name:?}{meant}{example}"))
}
