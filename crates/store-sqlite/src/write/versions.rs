//! Pipelines and their versions.

use super::Desk;
use crate::{failure::Failure, rows, statements as sql};
use gofer_core::{
    Timestamp,
    name::{NamespaceName, PipelineName},
};
use gofer_store::Version;
use rusqlite::params;

impl Desk {
    pub(crate) fn put_version(
        &mut self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        canonical: &str,
        now: Timestamp,
    ) -> Result<Version, Failure> {
        let pipeline = self.pipeline_or_new(namespace, pipeline)?;
        let newest = rows::one(&self.db, sql::NEWEST_VERSION, [pipeline], rows::version)?;
        let number = match newest {
            Some(newest) if newest.canonical == canonical => return Ok(newest),
            Some(newest) => newest.number + 1,
            None => 1,
        };
        let at = now.as_microsecond();
        rows::execute(
            &self.db,
            sql::ADD_VERSION,
            params![pipeline, number, at, canonical],
        )?;
        let created_at = crate::codes::time(at)?;
        Ok(Version {
            number,
            canonical: canonical.to_owned(),
            created_at,
        })
    }

    pub(super) fn pipeline_or_new(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
    ) -> Result<i64, Failure> {
        if let Some(seq) = self.pipeline(namespace, pipeline)? {
            return Ok(seq);
        }
        let names = params![namespace.as_str(), pipeline.as_str()];
        rows::execute(&self.db, sql::ADD_PIPELINE, names)?;
        Ok(self.db.last_insert_rowid())
    }

    pub(super) fn pipeline(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
    ) -> Result<Option<i64>, Failure> {
        rows::first(
            &self.db,
            sql::PIPELINE,
            params![namespace.as_str(), pipeline.as_str()],
        )
    }
}
