//! What pipelines keep beyond their runs.

use super::Desk;
use crate::{
    failure::Failure,
    rows::{self, execute},
    statements as sql,
};
use gofer_core::{
    name::{NamespaceName, ObjectKey, PipelineName},
    run::Object,
};
use gofer_store::refusal;
use rusqlite::params;

impl Desk {
    /// Of the pipeline of the run with this `seq`.
    pub(super) fn put_objects(&self, run: i64, objects: &[Object]) -> Result<(), Failure> {
        if objects.is_empty() {
            return Ok(());
        }
        let pipeline: Option<i64> = rows::first(&self.db, sql::PIPELINE_OF, [run])?;
        let pipeline =
            pipeline.ok_or_else(|| Failure::Damaged("a run without a pipeline".to_owned()))?;
        for object in objects {
            self.put(pipeline, object)?;
        }
        Ok(())
    }

    pub(crate) fn put_object(
        &mut self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        object: &Object,
    ) -> Result<(), Failure> {
        let seq = self.pipeline_or_new(namespace, pipeline)?;
        self.put(seq, object)
    }

    pub(crate) fn delete_object(
        &mut self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        key: &ObjectKey,
    ) -> Result<(), Failure> {
        let which = params![namespace.as_str(), pipeline.as_str(), key.as_str()];
        match execute(&self.db, sql::DROP_OBJECT, which)? {
            0 => Err(refusal::no_object(namespace, pipeline, key).into()),
            _ => Ok(()),
        }
    }

    fn put(&self, pipeline: i64, object: &Object) -> Result<(), Failure> {
        let Object { key, value, at } = object;
        let row = params![pipeline, key.as_str(), value, at.as_microsecond()];
        execute(&self.db, sql::PUT_OBJECT, row).map(drop)
    }
}
