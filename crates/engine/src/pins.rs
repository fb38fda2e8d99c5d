//! One image name, one image, for the whole run.
//!
//! The first attempt that starts says which image a name stood for; every later one of the run gets
//! that image. Attempts that begin before it has started look the name up themselves, which gives
//! the same image unless somebody moves the tag in that moment; only where the file asks for a pull
//! before use do they wait for the first one.

use gofer_core::{
    definition::Pull,
    run::{Book, Key},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

#[derive(Default)]
pub(crate) struct Pins {
    images: Mutex<BTreeMap<String, Image>>,
}

#[derive(Default)]
struct Image {
    pinned: Option<String>,
    turn: Arc<Turn<()>>,
}

/// How an attempt gets its image.
pub(crate) struct Choice {
    /// What the name stands for, if that is known.
    pub(crate) pinned: Option<String>,
    /// Others wait until this is dropped.
    _turn: Option<OwnedMutexGuard<()>>,
}

impl Pins {
    /// What the attempts of a stored run have found.
    pub(crate) fn restore(book: &Book) -> Self {
        let pins = Self::default();
        for (name, task) in book.plan().names().into_iter().zip(&book.run().tasks) {
            let items = (0_u32..)
                .zip(&task.items)
                .map(|(item, unit)| (Some(item), unit));
            for (item, unit) in std::iter::once((None, &task.own)).chain(items) {
                let key = Key {
                    task: name.clone(),
                    item,
                };
                let found = unit
                    .attempts
                    .iter()
                    .filter_map(|attempt| attempt.image.as_deref());
                for found in found {
                    if let Some(image) = book.image_of(&key) {
                        pins.learn(&image, found);
                    }
                }
                let of_services = unit.attempts.iter().flat_map(|it| &it.service_images);
                for (name, found) in of_services {
                    pins.learn(name, found);
                }
            }
        }
        pins
    }

    /// What is known of a name, or the turn to find out.
    pub(crate) async fn choose(&self, name: &str, pull: Pull) -> Choice {
        let (pinned, turn) = {
            let mut images = self.locked();
            let image = images.entry(name.to_owned()).or_default();
            (image.pinned.clone(), Arc::clone(&image.turn))
        };
        if pinned.is_some() || pull != Pull::Always {
            return Choice {
                pinned,
                _turn: None,
            };
        }
        let turn = turn.lock_owned().await;
        match self.of(name) {
            Some(pinned) => Choice {
                pinned: Some(pinned),
                _turn: None,
            },
            None => Choice {
                pinned: None,
                _turn: Some(turn),
            },
        }
    }

    /// A container of this image started. The first one counts.
    pub(crate) fn learn(&self, name: &str, found: &str) {
        let mut images = self.locked();
        let pinned = &mut images.entry(name.to_owned()).or_default().pinned;
        match pinned {
            None => *pinned = Some(found.to_owned()),
            Some(first) if first != found => {
                tracing::warn!(name, %first, found, "the image changed between two tasks");
            }
            Some(_) => {}
        }
    }

    pub(crate) fn of(&self, name: &str) -> Option<String> {
        self.locked()
            .get(name)
            .and_then(|image| image.pinned.clone())
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<String, Image>> {
        self.images.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
