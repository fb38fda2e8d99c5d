//! What those who watch a run are told: that something changed, and notes that are never stored.

use gofer_core::run::Key;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// One run's feed. Nothing in it is the truth: it wakes somebody who then reads the store.
pub(crate) struct Feed {
    signal: watch::Sender<u64>,
    notes: Mutex<BTreeMap<Key, String>>,
}

impl Feed {
    pub(crate) fn new() -> Self {
        Self {
            signal: watch::Sender::new(0),
            notes: Mutex::default(),
        }
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.signal.subscribe()
    }

    pub(crate) fn wake(&self) {
        self.signal
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Sets or takes back the note about a task or an item.
    pub(crate) fn note(&self, key: &Key, text: Option<String>) {
        let mut notes = self.locked();
        let changed = match text {
            Some(text) if notes.get(key) == Some(&text) => false,
            Some(text) => {
                notes.insert(key.clone(), text);
                true
            }
            None => notes.remove(key).is_some(),
        };
        drop(notes);
        if changed {
            self.wake();
        }
    }

    pub(crate) fn notes(&self) -> Vec<(Key, String)> {
        self.locked()
            .iter()
            .map(|(key, text)| (key.clone(), text.clone()))
            .collect()
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<Key, String>> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
