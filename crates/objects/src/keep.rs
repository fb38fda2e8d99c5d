//! Taking in what an attempt has left.

use crate::{Error, Index, KeepError, Objects, place};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use gofer_archive::{Cleaner, Limits};
use gofer_core::{
    id::{AttemptId, Epoch},
    run::Artifacts,
};
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload, path::Path};
use std::pin::pin;

/// The folder that a scheduler's archive begins with.
const ROOT: &str = "artifacts";

impl Objects {
    /// Keeps the artifacts of an attempt: a tar whose paths begin with `artifacts/`. Done again it
    /// comes to the same; refused or interrupted, it leaves what there was. `epoch` is that of the claim
    /// under which it is done.
    pub async fn keep<E>(
        &self,
        (id, epoch): (&AttemptId, Epoch),
        tar: impl Stream<Item = Result<Bytes, E>>,
        limits: Limits,
    ) -> Result<Option<Artifacts>, KeepError<E>> {
        let _turn = self.turns.acquire().await;
        self.remove_halves(id).await?;
        let mut upload = Upload::new(self, place::tar(&self.prefix, id, epoch));
        let index = match upload.fill(tar, limits, epoch).await {
            Ok(index) => index,
            Err(error) => {
                upload.abort().await;
                return Err(error);
            }
        };
        let Some(artifacts) = index.artifacts() else {
            upload.abort().await;
            return Ok(None);
        };
        upload.finish().await?;
        let text = serde_json::to_vec(&index).map_err(|error| Error::Failed(error.to_string()))?;
        let path = place::index(&self.prefix, id);
        let put = self.store.put(&path, text.into()).await;
        put.map_err(Error::from)?;
        Ok(Some(artifacts))
    }
}

/// An object that is written in parts, of which one is held in memory.
struct Upload<'a> {
    objects: &'a Objects,
    path: Path,
    parts: Option<Box<dyn MultipartUpload>>,
    held: Vec<Bytes>,
    held_bytes: usize,
    length: u64,
}

impl<'a> Upload<'a> {
    fn new(objects: &'a Objects, path: Path) -> Self {
        Self {
            objects,
            path,
            parts: None,
            held: Vec::new(),
            held_bytes: 0,
            length: 0,
        }
    }

    async fn fill<E>(
        &mut self,
        tar: impl Stream<Item = Result<Bytes, E>>,
        limits: Limits,
        epoch: Epoch,
    ) -> Result<Index, KeepError<E>> {
        let mut tar = pin!(tar);
        let (mut cleaner, mut clean) = (Cleaner::new(limits, Some(ROOT)), Vec::new());
        while let Some(bytes) = tar.next().await {
            let bytes = bytes.map_err(KeepError::Source)?;
            cleaner
                .feed(bytes, &mut clean)
                .map_err(KeepError::Refused)?;
            self.write(&mut clean).await?;
        }
        let listed = cleaner.finish(&mut clean).map_err(KeepError::Refused)?;
        self.write(&mut clean).await?;
        Ok(Index::new(epoch, self.length, listed))
    }

    async fn write(&mut self, clean: &mut Vec<Bytes>) -> Result<(), Error> {
        for bytes in clean.drain(..) {
            self.held_bytes += bytes.len();
            self.length += bytes.len() as u64;
            self.held.push(bytes);
            if self.held_bytes >= self.objects.part {
                self.send().await?;
            }
        }
        Ok(())
    }

    async fn send(&mut self) -> Result<(), Error> {
        let part = std::mem::take(&mut self.held);
        self.held_bytes = 0;
        let parts = match &mut self.parts {
            Some(parts) => parts,
            none => none.insert(self.objects.store.put_multipart(&self.path).await?),
        };
        Ok(parts.put_part(part.into_iter().collect()).await?)
    }

    async fn finish(mut self) -> Result<(), Error> {
        if self.parts.is_none() {
            let whole: PutPayload = self.held.into_iter().collect();
            self.objects.store.put(&self.path, whole).await?;
            return Ok(());
        }
        if !self.held.is_empty() {
            self.send().await?;
        }
        if let Some(mut parts) = self.parts {
            parts.complete().await?;
        }
        Ok(())
    }

    async fn abort(self) {
        if let Some(mut parts) = self.parts
            && let Err(error) = parts.abort().await
        {
            tracing::debug!(path = %self.path, %error, "an upload was not taken back");
        }
    }
}
