//! Artifacts of some attempts as the inputs of another.

use crate::{Error, Objects, read::Bits};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use gofer_archive::{Prefixer, Refusal};
use gofer_core::id::AttemptId;
use std::collections::VecDeque;

struct Making {
    objects: Objects,
    todo: VecDeque<(String, AttemptId)>,
    now: Option<(AttemptId, Bits)>,
    prefixer: Option<Prefixer>,
}

impl Objects {
    /// One tar of all of them, each in its folder.
    pub fn inputs(&self, wanted: Vec<(String, AttemptId)>) -> Bits {
        let making = Making {
            objects: self.clone(),
            todo: wanted.into(),
            now: None,
            prefixer: Some(Prefixer::default()),
        };
        stream::try_unfold(making, Making::next)
            .flat_map(|pieces| match pieces {
                Ok(pieces) => stream::iter(pieces).map(Ok).left_stream(),
                Err(error) => stream::iter([Err(error)]).right_stream(),
            })
            .boxed()
    }
}

impl Making {
    async fn next(mut self) -> Result<Option<(Vec<Bytes>, Self)>, Error> {
        let mut out = Vec::new();
        let Some(prefixer) = &mut self.prefixer else {
            return Ok(None);
        };
        if let Some((id, bits)) = &mut self.now {
            let damaged = |id: &AttemptId, refusal: &Refusal| Error::Damaged {
                what: id.to_string(),
                why: refusal.to_string(),
            };
            if let Some(bytes) = bits.next().await {
                let fed = prefixer.feed(bytes?, &mut out);
                fed.map_err(|refusal| damaged(id, &refusal))?;
            } else {
                prefixer.end().map_err(|refusal| damaged(id, &refusal))?;
                self.now = None;
            }
        } else if let Some((folder, id)) = self.todo.pop_front() {
            prefixer.begin(&folder, &mut out);
            let bits = self.objects.tar(&id).await?;
            self.now = Some((id, bits));
        } else if let Some(prefixer) = self.prefixer.take() {
            prefixer.finish(&mut out);
        }
        Ok(Some((out, self)))
    }
}
