//! The contract's calls, each between the two hooks.

use super::{World, data::Data};
use crate::{
    Adoption, Claim, Commit, Error, Filter, KeptRow, NewRun, Page, Request, RequestRow, RunRow,
    Store, StoredRun, Version,
};
use async_trait::async_trait;
use gofer_core::{
    Timestamp,
    id::{AttemptId, InstanceId, RunId, StoreId},
    name::{NamespaceName, ObjectKey, PipelineName, SecretName},
    run::{Attempt, Change, Key, Object},
};

/// One instance of a [`World`].
#[derive(Clone)]
pub struct MemoryStore {
    world: World,
    instance: InstanceId,
}

impl MemoryStore {
    pub(super) fn new(world: World, instance: InstanceId) -> Self {
        Self { world, instance }
    }

    async fn call<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&mut Data) -> Result<T, Error> + Send,
    ) -> Result<T, Error> {
        self.world.hooks.before(self.instance, operation).await?;
        let answer = work(&mut self.world.data());
        self.world.hooks.after(self.instance, operation).await;
        answer
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn id(&self) -> StoreId {
        self.world.id
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
        self.call("put_version", |data| {
            Ok(data.put_version(namespace, pipeline, canonical, now))
        })
        .await
    }

    async fn version(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        number: u32,
    ) -> Result<Version, Error> {
        self.call("version", |data| data.version(namespace, pipeline, number))
            .await
    }

    async fn create_run(&self, run: NewRun) -> Result<RunRow, Error> {
        self.call("create_run", |data| data.create_run(self.instance, run))
            .await
    }

    async fn commit(&self, commit: Commit) -> Result<(), Error> {
        let run = commit.claim.run;
        let stored = self.call("commit", |data| data.commit(commit)).await;
        if matches!(stored, Err(Error::Fenced)) {
            self.world.hooks.fenced(self.instance, run);
        }
        stored
    }

    async fn load(&self, run: RunId) -> Result<StoredRun, Error> {
        self.call("load", |data| {
            data.find(run).map(super::data::Stored::whole)
        })
        .await
    }

    async fn adopt(&self, run: RunId) -> Result<Adoption, Error> {
        let adoption = self
            .call("adopt", |data| data.adopt(self.instance, run))
            .await?;
        if matches!(adoption, Adoption::Ours(_)) {
            self.world.hooks.claimed(self.instance, run);
        }
        Ok(adoption)
    }

    async fn reclaim(&self, run: RunId) -> Result<Claim, Error> {
        let claim = self
            .call("reclaim", |data| data.reclaim(self.instance, run))
            .await?;
        self.world.hooks.claimed(self.instance, run);
        Ok(claim)
    }

    async fn is_alive(&self, instance: InstanceId) -> Result<bool, Error> {
        self.call("is_alive", |data| Ok(data.alive.contains(&instance)))
            .await
    }

    async fn runs(&self, filter: &Filter, after: Option<RunId>, most: u32) -> Result<Page, Error> {
        self.call("runs", |data| Ok(data.page(filter, after, most)))
            .await
    }

    async fn run(&self, run: RunId) -> Result<RunRow, Error> {
        self.call("run", |data| Ok(data.find(run)?.row.clone()))
            .await
    }

    async fn run_by_number(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        number: u64,
    ) -> Result<RunRow, Error> {
        self.call("run_by_number", |data| {
            data.run_by_number(namespace, pipeline, number)
        })
        .await
    }

    async fn history(
        &self,
        run: RunId,
        after: u64,
        most: u32,
    ) -> Result<Vec<(u64, Change)>, Error> {
        self.call("history", |data| {
            let lines = (1..).zip(data.find(run)?.history.iter().cloned());
            let skipped = usize::try_from(after).unwrap_or(usize::MAX);
            Ok(lines.skip(skipped).take(most as usize).collect())
        })
        .await
    }

    async fn attempts(&self, run: RunId, key: &Key) -> Result<Vec<Attempt>, Error> {
        self.call("attempts", |data| data.find(run)?.attempts(key))
            .await
    }

    async fn request(&self, run: RunId, request: Request, _now: Timestamp) -> Result<u64, Error> {
        self.call("request", |data| data.request(run, request))
            .await
    }

    async fn requests(&self) -> Result<Vec<RequestRow>, Error> {
        self.call("requests", |data| Ok(data.requests_for(self.instance)))
            .await
    }

    async fn objects(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
    ) -> Result<Vec<Object>, Error> {
        self.call("objects", |data| Ok(data.objects(namespace, pipeline)))
            .await
    }

    async fn put_object(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        object: Object,
    ) -> Result<(), Error> {
        self.call("put_object", |data| {
            data.put_object(namespace, pipeline, object);
            Ok(())
        })
        .await
    }

    async fn delete_object(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        key: &ObjectKey,
    ) -> Result<(), Error> {
        self.call("delete_object", |data| {
            data.delete_object(namespace, pipeline, key)
        })
        .await
    }

    async fn sealed(&self, run: RunId) -> Result<Vec<(SecretName, Vec<u8>)>, Error> {
        self.call("sealed", |data| {
            Ok(data.find(run)?.sealed.clone().into_iter().collect())
        })
        .await
    }

    async fn seal(&self, claim: Claim, secrets: Vec<(SecretName, Vec<u8>)>) -> Result<(), Error> {
        self.call("seal", |data| {
            data.claimed(claim)?.sealed = secrets.into_iter().collect();
            Ok(())
        })
        .await
    }

    async fn kept(&self) -> Result<Vec<KeptRow>, Error> {
        self.call("kept", |data| Ok(data.kept())).await
    }

    async fn let_go(&self, attempt: &AttemptId) -> Result<bool, Error> {
        self.call("let_go", |data| Ok(data.let_go(attempt))).await
    }

    async fn delete_run(&self, run: RunId) -> Result<(), Error> {
        self.call("delete_run", |data| data.delete_run(run)).await
    }
}
