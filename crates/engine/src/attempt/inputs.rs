//! Artifacts of tasks that came before, as this one is given them.

use super::Attempt;
use bytes::Bytes;
use futures_util::{StreamExt, stream::BoxStream};
use gofer_core::{container::Input, id::AttemptId};
use gofer_objects::Objects;
use gofer_scheduler::Inputs;
use std::{io, sync::Arc};

struct Kept {
    objects: Objects,
    /// The folder of each, and whose artifacts go there.
    wanted: Vec<(String, AttemptId)>,
}

impl Inputs for Kept {
    fn tar(&self) -> BoxStream<'static, io::Result<Bytes>> {
        let tar = self.objects.inputs(self.wanted.clone());
        tar.map(|bytes| bytes.map_err(io::Error::other)).boxed()
    }
}

impl Attempt {
    /// What goes to `$GOFER_INPUTS`; `None` if that is nothing.
    pub(super) fn inputs(&self) -> Option<Arc<dyn Inputs>> {
        let inputs = &self.order.container.inputs;
        let wanted: Vec<_> = inputs.iter().map(|input| self.wanted(input)).collect();
        let objects = self.context.parts.objects.clone();
        (!wanted.is_empty()).then(|| Arc::new(Kept { objects, wanted }) as Arc<dyn Inputs>)
    }

    fn wanted(&self, input: &Input) -> (String, AttemptId) {
        let folder = match input.item {
            Some(item) => format!("{}/{item}", input.task),
            None => input.task.to_string(),
        };
        let of = AttemptId {
            run: input.run.unwrap_or(self.id.run),
            task: input.task.clone(),
            item: input.item,
            number: input.number,
        };
        (folder, of)
    }
}
