//! The top of the document: params, concurrency, pools, defaults, notify.

use super::Scope;
use crate::{
    definition::{Notify, Reference},
    params,
    problem::Path,
};

pub(super) fn check(scope: &mut Scope<'_>) {
    let top = Path::top();
    for (name, param) in &scope.pipeline.params {
        for (key, message) in params::check(param) {
            scope
                .report
                .error(top.at("params").at(name.as_str()).at(key), message);
        }
    }
    let key = scope
        .pipeline
        .concurrency
        .as_ref()
        .and_then(|concurrency| concurrency.key.as_ref());
    if let Some(reference) = key {
        let result = match reference {
            Reference::Param { name, .. } => scope.declared(name.as_str()),
            _ => Err("the key is a param: { param = \"NAME\" }".to_owned()),
        };
        if let Err(message) = result {
            scope.report.error(top.at("concurrency").at("key"), message);
        }
    }
    for (nth, pool) in scope.pipeline.pools.iter().enumerate() {
        if scope
            .pipeline
            .pools
            .iter()
            .take(nth)
            .any(|earlier| earlier == pool)
        {
            scope
                .report
                .error(top.at("pools").at(nth), format!("`{pool}` is there twice"));
        }
    }
    for (nth, rule) in scope.pipeline.notify.iter().enumerate() {
        scope.notify(&top.at("notify").at(nth), rule);
    }
    scope.defaults(&top.at("defaults"));
}

impl Scope<'_> {
    fn defaults(&mut self, path: &Path) {
        let Some(defaults) = &self.pipeline.defaults else {
            return;
        };
        let container = &defaults.container;
        self.container(path, container);
        self.pools(
            &path.at("pools"),
            defaults.pools.as_deref().unwrap_or_default(),
        );
        for (key, is_there) in [
            ("services", !container.services.is_empty()),
            ("inputs", !container.inputs.is_empty()),
            ("objects", !container.objects.is_empty()),
            ("cache", container.cache.is_some()),
        ] {
            if is_there {
                let message = format!("`{key}` belongs to a task and cannot stand in `defaults`");
                self.report.error(path.at(key), message);
            }
        }
    }

    fn notify(&mut self, path: &Path, rule: &Notify) {
        let channels = [
            rule.slack.is_some(),
            rule.email.is_some(),
            rule.webhook.is_some(),
        ];
        if channels.iter().filter(|is_there| **is_there).count() != 1 {
            let message = "exactly one of `slack`, `email` and `webhook` is expected";
            self.report.error(path.clone(), message);
        }
        if rule.events.is_empty() {
            self.report
                .error(path.at("events"), "no events: nobody would ever be told");
        }
        let url = rule.webhook.as_ref().map(|webhook| webhook.url.as_str());
        if url.is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
            let message = "an address begins with https:// or http://";
            self.report.error(path.at("webhook").at("url"), message);
        }
    }
}
