//! Giving out what is kept.

use crate::{Error, Index, Objects, place};
use bytes::Bytes;
use futures_util::{StreamExt, stream::BoxStream};
use gofer_archive::Kind;
use gofer_core::id::{AttemptId, Epoch};
use object_store::ObjectStoreExt;
use std::ops::Range;

/// Bytes of an object, in order.
pub(crate) type Bits = BoxStream<'static, Result<Bytes, Error>>;

impl Objects {
    /// What an attempt has left.
    pub async fn index(&self, id: &AttemptId) -> Result<Index, Error> {
        let path = place::index(&self.prefix, id);
        let found = self.store.get(&path).await;
        let bytes = match found {
            Ok(found) => found.bytes().await,
            Err(error) => Err(error),
        };
        let bytes = bytes.map_err(|error| Error::of(id, error))?;
        serde_json::from_slice(&bytes).map_err(|error| Error::Damaged {
            what: id.to_string(),
            why: error.to_string(),
        })
    }

    /// All of it as a tar; its paths are relative to `$GOFER_ARTIFACTS`.
    pub async fn tar(&self, id: &AttemptId) -> Result<Bits, Error> {
        let index = self.index(id).await?;
        Ok(self.read(id, &index, 0..index.length))
    }

    /// The bytes of one file that the index names, also by another name of it. `None`: it is not
    /// there, or has no bytes of its own.
    pub fn file(&self, id: &AttemptId, index: &Index, path: &str) -> Option<(u64, Bits)> {
        let found = index.find(path)?;
        let Kind::File { bytes } = found.entry.kind else {
            return None;
        };
        let range = found.at..found.at.saturating_add(bytes);
        Some((bytes, self.read(id, index, range)))
    }

    /// A part at a time, each asked for when the one before is taken.
    fn read(&self, id: &AttemptId, index: &Index, range: Range<u64>) -> Bits {
        let path = place::tar(&self.prefix, id, Epoch(index.epoch));
        let (objects, id) = (self.clone(), id.clone());
        let parts = futures_util::stream::try_unfold(range, move |left| {
            let (objects, id, path) = (objects.clone(), id.clone(), path.clone());
            async move {
                if left.is_empty() {
                    return Ok(None);
                }
                let end = left.end.min(left.start + objects.part as u64);
                let part = objects.store.get_range(&path, left.start..end).await;
                let part = part.map_err(|error| Error::of(&id, error))?;
                if part.len() as u64 != end - left.start {
                    return Err(Error::Damaged {
                        what: id.to_string(),
                        why: "a part of it is missing".to_owned(),
                    });
                }
                Ok(Some((part, end..left.end)))
            }
        });
        parts.boxed()
    }
}
