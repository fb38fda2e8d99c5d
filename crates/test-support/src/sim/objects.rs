//! Artifacts in memory, with points at which a Gofer may die.

use super::world::{Point, World};
use async_trait::async_trait;
use futures_util::stream::BoxStream;
use gofer_core::id::InstanceId;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, memory::InMemory, path::Path,
};
use std::{fmt, sync::Arc};

/// What is kept, as one process sees it.
pub(crate) struct Watched {
    pub(crate) kept: Arc<InMemory>,
    pub(crate) world: World,
    pub(crate) instance: InstanceId,
}

impl Watched {
    async fn at<T>(&self, name: &'static str, work: impl Future<Output = T>) -> T {
        let before = self.world.clone().point(self.instance, Point::Before(name));
        before.await;
        let done = work.await;
        let after = self.world.clone().point(self.instance, Point::After(name));
        after.await;
        done
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kept.fmt(f)
    }
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kept.fmt(f)
    }
}

#[async_trait]
impl ObjectStore for Watched {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let put = self.kept.put_opts(location, payload, options);
        self.at("put_object_bytes", put).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.kept.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let get = self.kept.get_opts(location, options);
        self.at("get_object_bytes", get).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.kept.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.kept.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.kept.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.kept.copy_opts(from, to, options).await
    }
}
