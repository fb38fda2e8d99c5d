//! The contract, handed to the writer and the readers.

use crate::{
    life::{self, Life},
    open::{self, OpenError, Options},
    readers::Readers,
    writer::Writer,
};
use async_trait::async_trait;
use gofer_core::{
    Timestamp,
    id::{AttemptId, Ids, InstanceId, RunId, StoreId},
    name::{NamespaceName, ObjectKey, PipelineName, SecretName},
    run::{Attempt, Change, Key, Object},
};
use gofer_store::{
    Adoption, Claim, Commit, Error, Filter, KeptRow, NewRun, Page, Request, RequestRow, RunRow,
    Store, StoredRun, Version,
};
use std::{
    path::{Path, PathBuf},
    thread::JoinHandle,
};

/// One instance on the database of a data directory. Dropping it waits until everything handed in
/// is written, and ends its life; what it had claimed stays claimed.
pub struct SqliteStore {
    id: StoreId,
    instance: InstanceId,
    dir: PathBuf,
    /// Gone while it is being dropped, so that the threads end.
    hands: Option<Hands>,
    threads: Vec<JoinHandle<()>>,
    /// Let go last: until then others must not take over.
    _life: Life,
}

struct Hands {
    writer: Writer,
    readers: Readers,
}

impl SqliteStore {
    /// Opens the database of a data directory, makes both if they are not there, and lives in it
    /// from now on.
    pub fn open(dir: &Path, ids: &dyn Ids, options: &Options) -> Result<Self, OpenError> {
        open::open(dir, ids, options)
    }

    /// Whether a data directory holds a database. Nothing is made or locked.
    pub fn is_in(dir: &Path) -> bool {
        open::database(dir).exists()
    }

    pub(crate) fn new(
        dir: PathBuf,
        (id, instance): (StoreId, InstanceId),
        (writer, readers): (Writer, Readers),
        threads: Vec<JoinHandle<()>>,
        life: Life,
    ) -> Self {
        let hands = Some(Hands { writer, readers });
        Self {
            id,
            instance,
            dir,
            hands,
            threads,
            _life: life,
        }
    }

    fn hands(&self) -> Result<&Hands, Error> {
        self.hands
            .as_ref()
            .ok_or_else(|| Error::Failed("the store is closed".to_owned()))
    }

    pub(crate) fn writer(&self) -> Result<&Writer, Error> {
        Ok(&self.hands()?.writer)
    }

    fn readers(&self) -> Result<&Readers, Error> {
        Ok(&self.hands()?.readers)
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.hands = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the store panicked");
            }
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn id(&self) -> StoreId {
        self.id
    }

    fn instance(&self) -> InstanceId {
        self.instance
    }

    async fn put_version(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        canonical: &str,
        now: Timestamp,
    ) -> Result<Version, Error> {
        let (namespace, pipeline) = (namespace.clone(), pipeline.clone());
        let canonical = canonical.to_owned();
        let put = self.writer()?;
        put.write(move |desk| desk.put_version(&namespace, &pipeline, &canonical, now))
            .await
    }

    async fn version(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        number: u32,
    ) -> Result<Version, Error> {
        let (namespace, pipeline) = (namespace.clone(), pipeline.clone());
        self.readers()?
            .read(move |view| view.version(&namespace, &pipeline, number))
            .await
    }

    async fn create_run(&self, run: NewRun) -> Result<RunRow, Error> {
        self.writer()?
            .write(move |desk| desk.create_run(&run))
            .await
    }

    async fn commit(&self, commit: Commit) -> Result<(), Error> {
        self.writer()?.write(move |desk| desk.commit(&commit)).await
    }

    async fn load(&self, run: RunId) -> Result<StoredRun, Error> {
        self.readers()?.read(move |view| view.load(run)).await
    }

    async fn adopt(&self, run: RunId) -> Result<Adoption, Error> {
        self.writer()?.write(move |desk| desk.adopt(run)).await
    }

    async fn reclaim(&self, run: RunId) -> Result<Claim, Error> {
        self.writer()?.write(move |desk| desk.reclaim(run)).await
    }

    async fn is_alive(&self, instance: InstanceId) -> Result<bool, Error> {
        let dir = self.dir.clone();
        self.readers()?
            .read(move |_| {
                Ok(life::grave(&dir, instance)
                    .map_err(|error| life::unknown(&dir, instance, &error))?
                    .is_none())
            })
            .await
    }

    async fn runs(&self, filter: &Filter, after: Option<RunId>, most: u32) -> Result<Page, Error> {
        let filter = filter.clone();
        self.readers()?
            .read(move |view| view.runs(&filter, after, most))
            .await
    }

    async fn run(&self, run: RunId) -> Result<RunRow, Error> {
        self.readers()?.read(move |view| view.run(run)).await
    }

    async fn run_by_number(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        number: u64,
    ) -> Result<RunRow, Error> {
        let (namespace, pipeline) = (namespace.clone(), pipeline.clone());
        self.readers()?
            .read(move |view| view.run_by_number(&namespace, &pipeline, number))
            .await
    }

    async fn history(
        &self,
        run: RunId,
        after: u64,
        most: u32,
    ) -> Result<Vec<(u64, Change)>, Error> {
        self.readers()?
            .read(move |view| view.history(run, after, most))
            .await
    }

    async fn attempts(&self, run: RunId, key: &Key) -> Result<Vec<Attempt>, Error> {
        let key = key.clone();
        self.readers()?
            .read(move |view| view.attempts(run, &key))
            .await
    }

    async fn request(&self, run: RunId, request: Request, now: Timestamp) -> Result<u64, Error> {
        self.writer()?
            .write(move |desk| desk.request(run, &request, now))
            .await
    }

    async fn requests(&self) -> Result<Vec<RequestRow>, Error> {
        let owner = self.instance;
        self.readers()?.read(move |view| view.requests(owner)).await
    }

    async fn objects(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
    ) -> Result<Vec<Object>, Error> {
        let (namespace, pipeline) = (namespace.clone(), pipeline.clone());
        self.readers()?
            .read(move |view| view.objects(&namespace, &pipeline))
            .await
    }

    async fn put_object(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        object: Object,
    ) -> Result<(), Error> {
        let (namespace, pipeline) = (namespace.clone(), pipeline.clone());
        self.writer()?
            .write(move |desk| desk.put_object(&namespace, &pipeline, &object))
            .await
    }

    async fn delete_object(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        key: &ObjectKey,
    ) -> Result<(), Error> {
        let (namespace, pipeline, key) = (namespace.clone(), pipeline.clone(), key.clone());
        self.writer()?
            .write(move |desk| desk.delete_object(&namespace, &pipeline, &key))
            .await
    }

    async fn sealed(&self, run: RunId) -> Result<Vec<(SecretName, Vec<u8>)>, Error> {
        self.readers()?.read(move |view| view.sealed(run)).await
    }

    async fn seal(&self, claim: Claim, secrets: Vec<(SecretName, Vec<u8>)>) -> Result<(), Error> {
        self.writer()?
            .write(move |desk| desk.seal(claim, &secrets))
            .await
    }

    async fn kept(&self) -> Result<Vec<KeptRow>, Error> {
        self.readers()?.read(crate::read::View::kept).await
    }

    async fn let_go(&self, attempt: &AttemptId) -> Result<bool, Error> {
        let attempt = attempt.clone();
        self.writer()?
            .write(move |desk| desk.let_go(&attempt))
            .await
    }

    async fn delete_run(&self, run: RunId) -> Result<(), Error> {
        self.writer()?.write(move |desk| desk.delete_run(run)).await
    }
}
