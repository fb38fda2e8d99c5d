//! Containers that are nearly ours and must never be touched.

use super::{Docker, IMAGE};
use uuid::Uuid;

/// How their names begin.
pub(super) const CANARY: &str = "e2e-canary-";

/// One of another store with all our labels, and one of ours with one label less.
pub(crate) struct Canaries {
    docker: Docker,
    ids: Vec<String>,
}

impl Canaries {
    pub(crate) fn new(docker: &Docker, store: &str) -> Self {
        let [run, other] =
            [0x1, 0x2].map(|n| Uuid::from_u128(0x0190_0000_0000_7000_8000 << 48 | n));
        let labels = [
            ("gofer.store", store.to_owned()),
            ("gofer.run", run.to_string()),
            ("gofer.task", "one".to_owned()),
            ("gofer.item", String::new()),
            ("gofer.attempt", "1".to_owned()),
            ("gofer.epoch", "1".to_owned()),
            ("gofer.role", "attempt".to_owned()),
            ("gofer.pipeline", "default/kills".to_owned()),
            ("gofer.number", "1".to_owned()),
        ];
        let make = |nth: u32, labels: Vec<(&str, String)>| {
            let name = format!("{CANARY}{store}-{nth}");
            let mut args: Vec<String> = ["run", "--detach", "--init", "--name", &name]
                .map(str::to_owned)
                .into();
            for (key, value) in labels {
                args.extend(["--label".to_owned(), format!("{key}={value}")]);
            }
            args.extend([IMAGE, "sleep", "3600"].map(str::to_owned));
            docker.cli(&args.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let theirs = labels.iter().cloned().map(|(key, value)| match key {
            "gofer.store" => (key, other.to_string()),
            _ => (key, value),
        });
        let without_run = labels.iter().filter(|(key, _)| *key != "gofer.run");
        let without_store = labels.iter().filter(|(key, _)| *key != "gofer.store");
        let ids = vec![
            make(1, theirs.collect()),
            make(2, without_run.cloned().collect()),
            make(3, without_store.cloned().collect()),
        ];
        Self {
            docker: docker.clone(),
            ids,
        }
    }

    /// They run as they did.
    pub(crate) fn assert_untouched(&self) {
        for id in &self.ids {
            let found = self.docker.inspect(id);
            let found = found.unwrap_or_else(|| panic!("canary {id} was removed"));
            assert_eq!(found["State"]["Status"], "running", "canary {id}");
            assert_eq!(found["RestartCount"], 0);
        }
    }
}

impl Drop for Canaries {
    fn drop(&mut self) {
        for id in &self.ids {
            self.docker.sweep_one(id);
        }
    }
}
