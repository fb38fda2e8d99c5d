//! Files that attempts left, and small values that pipelines keep.

use crate::{
    Client, Error,
    client::{call, with_body},
    stream,
    url::{path, query},
};
use bytes::Bytes;
use futures_util::stream::BoxStream;
use gofer_api_types::{Artifact, ArtifactsQuery, Page, PutObject, StoredObject};
use hyper::Method;
use uuid::Uuid;

const JSON: &str = "application/json";

impl Client {
    /// What a task's attempt left, a part at a time.
    pub async fn artifacts(
        &self,
        run: Uuid,
        task: &str,
        wanted: &ArtifactsQuery,
    ) -> Result<Page<Artifact>, Error> {
        self.get(artifacts_path(run, task, None, wanted)).await
    }

    /// All that a task's attempt left, as a tar.
    pub fn artifacts_tar(
        &self,
        run: Uuid,
        task: &str,
        wanted: &ArtifactsQuery,
    ) -> BoxStream<'static, Result<Bytes, Error>> {
        let path = artifacts_path(run, task, Some("tar"), wanted);
        let call = call(Method::GET, path, "application/x-tar");
        stream::bytes(self.transport.clone(), call)
    }

    /// One file of what a task's attempt left: that of [`ArtifactsQuery::path`].
    pub fn artifact(
        &self,
        run: Uuid,
        task: &str,
        wanted: &ArtifactsQuery,
    ) -> BoxStream<'static, Result<Bytes, Error>> {
        let path = artifacts_path(run, task, Some("file"), wanted);
        let call = call(Method::GET, path, "application/octet-stream");
        stream::bytes(self.transport.clone(), call)
    }

    /// A pipeline's objects, by key.
    pub async fn objects(
        &self,
        namespace: &str,
        pipeline: &str,
    ) -> Result<Vec<StoredObject>, Error> {
        self.get(path(&objects_path(namespace, pipeline))).await
    }

    /// Gives a pipeline's object a value.
    pub async fn put_object(
        &self,
        namespace: &str,
        pipeline: &str,
        key: &str,
        object: &PutObject,
    ) -> Result<StoredObject, Error> {
        let mut parts = objects_path(namespace, pipeline).to_vec();
        parts.push(key);
        let call = with_body(Method::PUT, path(&parts), object)?;
        self.transport.json(call).await
    }

    /// Forgets a pipeline's object.
    pub async fn delete_object(
        &self,
        namespace: &str,
        pipeline: &str,
        key: &str,
    ) -> Result<(), Error> {
        let mut parts = objects_path(namespace, pipeline).to_vec();
        parts.push(key);
        let call = call(Method::DELETE, path(&parts), JSON);
        self.transport.send(call).await.map(drop)
    }
}

fn objects_path<'a>(namespace: &'a str, pipeline: &'a str) -> [&'a str; 5] {
    ["namespaces", namespace, "pipelines", pipeline, "objects"]
}

fn artifacts_path(run: Uuid, task: &str, more: Option<&str>, wanted: &ArtifactsQuery) -> String {
    let run = run.to_string();
    let mut parts = vec!["runs", &run, "artifacts", task];
    parts.extend(more);
    let number = |number: Option<u32>| number.map(|number| number.to_string());
    let pairs = [
        ("item", number(wanted.item)),
        ("attempt", number(wanted.attempt)),
        ("limit", number(wanted.limit)),
        ("after", wanted.after.clone()),
        ("path", wanted.path.clone()),
    ];
    query(path(&parts), &pairs)
}
