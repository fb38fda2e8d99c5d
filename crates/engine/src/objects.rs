//! What the pipeline keeps beyond its runs, for a run that is about to be driven.

use crate::{Engine, Error};
use gofer_core::{
    definition::{Container, Reference, Value},
    plan::{Kind, Plan},
    run::Book,
};

impl Engine {
    /// Gives a run the objects of its pipeline as they are now, if it uses any.
    pub(crate) async fn know_objects(&self, book: &mut Book) -> Result<(), Error> {
        if !uses_objects(book.plan()) {
            return Ok(());
        }
        let (namespace, pipeline) = (&book.identity().namespace, &book.plan().pipeline.name);
        let kept = self.store().objects(namespace, pipeline).await?;
        let kept = kept.into_iter().map(|object| (object.key, object.value));
        book.know_objects(kept.collect());
        Ok(())
    }
}

fn uses_objects(plan: &Plan) -> bool {
    plan.tasks.iter().any(|task| match &task.kind {
        Kind::Container(container) => {
            let services = container.services.values().map(|it| &it.container);
            services
                .chain([&**container])
                .flat_map(values)
                .any(is_object)
        }
        Kind::Call(call) => call.params.values().any(is_object),
        Kind::Approval(_) => false,
    })
}

fn values(container: &Container) -> impl Iterator<Item = &Value> {
    let named = container.env.values().chain(container.files.values());
    named.chain(&container.image)
}

fn is_object(value: &Value) -> bool {
    matches!(value, Value::Reference(Reference::Object { .. }))
}
