use crate::{clock::Real, engine, tasks};
use async_trait::async_trait;
use bollard::{
    Docker as Client,
    models::{ContainerCreateBody, EventMessage, VolumeCreateRequest},
    query_parameters::{
        CreateContainerOptionsBuilder, EventsOptionsBuilder, KillContainerOptionsBuilder,
        ListContainersOptionsBuilder, RemoveContainerOptionsBuilder, RemoveVolumeOptions,
    },
};
use futures_util::StreamExt;
use gofer_core::{
    Clock,
    container::{Exec, Limits},
    definition::Pull,
    id::{AttemptId, RunId, StoreId},
};
use gofer_scheduler::{
    Container, Scheduler,
    conformance::{Abilities, Bench, Ending, Job, Meddling, script},
};
use gofer_scheduler_docker::{Docker, Found, Options};
use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
    pin::pin,
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use uuid::Uuid;

#[expect(
    clippy::disallowed_methods,
    reason = "tests on one engine must not share names"
)]
pub(crate) fn fresh() -> Uuid {
    Uuid::new_v4()
}

/// One store on a real engine.
pub(crate) struct OnDocker {
    pub(crate) found: Found,
    pub(crate) client: Client,
    pub(crate) store: StoreId,
    pub(crate) is_podman: bool,
    begun: i64,
    folder: TempDir,
    /// What the adapter learns of the engine, for the next one of this store.
    known: TempDir,
}

impl OnDocker {
    pub(crate) async fn new() -> Self {
        Self::at(engine::found().await).await
    }

    pub(crate) async fn at(found: Found) -> Self {
        let client = engine::client(&found).negotiate_version().await.unwrap();
        Self {
            found,
            client,
            store: StoreId(fresh()),
            is_podman: false,
            begun: Real.now().as_second() - 1,
            folder: tempfile::tempdir().unwrap(),
            known: tempfile::tempdir().unwrap(),
        }
    }

    /// As after the first task of a data directory, which is when it is known where the engine keeps things.
    pub(crate) async fn warm() -> Self {
        let bench = Self::new().await;
        let docker = bench.docker().await;
        let run = bench.run();
        let (exit, log) =
            tasks::run_to_end(&docker, &tasks::id(run, "first"), tasks::script("true")).await;
        assert_eq!(exit.code, 0, "{log}");
        tasks::tidy(docker, run, &["first"]).await;
        bench
    }

    pub(crate) async fn docker(&self) -> Docker {
        self.with(Options::default()).await
    }

    pub(crate) async fn with(&self, options: Options) -> Docker {
        let options = Options {
            machine: Some(self.known.path().join("engine.json")),
            ..options
        };
        Docker::connect(&self.found, self.store, Arc::new(Real), options)
            .await
            .unwrap()
    }

    /// What happened until now. An engine that is busy tells it late, so it is read up to something
    /// that happens now.
    async fn events(&self) -> Vec<EventMessage> {
        let last = format!("gofer-test-{}", fresh().simple());
        let volume = VolumeCreateRequest {
            name: Some(last.clone()),
            ..VolumeCreateRequest::default()
        };
        self.client.create_volume(volume).await.unwrap();
        let options = None::<RemoveVolumeOptions>;
        self.client.remove_volume(&last, options).await.unwrap();
        let is_last = |event: &EventMessage| {
            let Some(actor) = &event.actor else {
                return false;
            };
            let name = actor.attributes.as_ref().and_then(|all| all.get("name"));
            actor.id.as_ref() == Some(&last) || name == Some(&last)
        };
        // Podman has types that the client does not know.
        let types = ["container", "volume"].map(str::to_owned);
        let since = EventsOptionsBuilder::new()
            .since(&self.begun.to_string())
            .filters(&HashMap::from([("type", types.to_vec())]));
        loop {
            let mut events = pin!(self.client.events(Some(since.clone().build())));
            let mut heard = Vec::new();
            // Podman ends a stream when it begins its file of events anew.
            while let Some(Ok(event)) = events.next().await {
                if is_last(&event) {
                    return heard;
                }
                heard.push(event);
            }
        }
    }

    /// The engine's id of the attempt's container.
    pub(crate) async fn id_of(&self, id: &AttemptId) -> Option<String> {
        let item = id.item.map(|item| item.to_string()).unwrap_or_default();
        let labels = [
            format!("gofer.store={}", self.store),
            format!("gofer.run={}", id.run),
            format!("gofer.task={}", id.task),
            format!("gofer.item={item}"),
            format!("gofer.attempt={}", id.number),
            "gofer.role=attempt".to_owned(),
        ];
        let filters = HashMap::from([("label", labels.to_vec())]);
        let options = ListContainersOptionsBuilder::new()
            .all(true)
            .filters(&filters)
            .build();
        let found = self.client.list_containers(Some(options)).await.unwrap();
        found.into_iter().next().and_then(|container| container.id)
    }
}

/// A container of the test image.
pub(crate) fn container(exec: Exec) -> Container {
    Container {
        image: engine::IMAGE.to_owned(),
        pinned: false,
        exec,
        env: Vec::new(),
        files: Vec::new(),
        volumes: Vec::new(),
        limits: Limits::default(),
        user: None,
        working_dir: None,
        read_only: false,
        pull: Pull::Missing,
        registry: None,
        stop_grace: Duration::from_secs(10),
    }
}

pub(crate) fn argv(argv: &[&str]) -> Exec {
    let command = argv.iter().map(|word| (*word).to_owned()).collect();
    Exec::Argv {
        entrypoint: None,
        command: Some(command),
    }
}

#[async_trait]
impl Bench for OnDocker {
    async fn connect(&self) -> Arc<dyn Scheduler> {
        Arc::new(self.docker().await)
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(Real)
    }

    fn run(&self) -> RunId {
        RunId(fresh())
    }

    fn container(&self, _id: &AttemptId, job: &Job) -> Container {
        let mut made = container(Exec::Script(script(job)));
        match job.ending {
            Ending::NoImage => "localhost:1/gofer-test/nosuch:9".clone_into(&mut made.image),
            Ending::NoCommand => made.exec = argv(&["nosuchcommand", "--flag"]),
            Ending::NotExecutable => made.exec = argv(&["/etc/passwd"]),
            Ending::EatsMemory => made.limits.memory_bytes = Some(32 << 20),
            Ending::Code(_) | Ending::KillsItself => {}
        }
        made
    }

    async fn starts(&self, id: &AttemptId) -> usize {
        let labels = [
            ("gofer.store", self.store.to_string()),
            ("gofer.run", id.run.to_string()),
            ("gofer.task", id.task.to_string()),
            ("gofer.role", "attempt".to_owned()),
        ];
        let is_its_start = |event: &EventMessage| {
            let actor = event.actor.as_ref();
            let found = actor.and_then(|actor| actor.attributes.as_ref());
            event.action.as_deref() == Some("start")
                && found.is_some_and(|found| {
                    labels
                        .iter()
                        .all(|(key, value)| found.get(*key) == Some(value))
                })
        };
        let events = self.events().await;
        let starts = events.into_iter().filter(is_its_start);
        // Podman may tell one twice.
        let starts: BTreeSet<_> = starts.map(|event| event.time_nano).collect();
        starts.len()
    }

    async fn meddle(&self, id: &AttemptId, what: Meddling) {
        let id = self.id_of(id).await.unwrap();
        let signal = |signal| Some(KillContainerOptionsBuilder::new().signal(signal).build());
        match what {
            Meddling::Terminate => self.client.kill_container(&id, signal("SIGTERM")).await,
            Meddling::Kill => self.client.kill_container(&id, signal("SIGKILL")).await,
            Meddling::Pause => self.client.pause_container(&id).await,
            Meddling::Unpause => self.client.unpause_container(&id).await,
            Meddling::Remove => {
                let options = RemoveContainerOptionsBuilder::new()
                    .force(true)
                    .v(true)
                    .build();
                self.client.remove_container(&id, Some(options)).await
            }
        }
        .unwrap();
    }

    async fn plant(&self, like: &AttemptId) -> Vec<String> {
        let whole: HashMap<String, String> = [
            ("gofer.store", self.store.to_string()),
            ("gofer.run", like.run.to_string()),
            ("gofer.task", like.task.to_string()),
            ("gofer.item", String::new()),
            ("gofer.attempt", like.number.to_string()),
            ("gofer.epoch", "1".to_owned()),
            ("gofer.role", "attempt".to_owned()),
            ("gofer.pipeline", "default/conformance".to_owned()),
            ("gofer.number", "1".to_owned()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into();
        let mut kinds = vec![whole.clone()];
        kinds[0].insert("gofer.store".to_owned(), fresh().to_string());
        for key in whole.keys() {
            let mut less = whole.clone();
            less.remove(key);
            kinds.push(less);
        }
        let mut names = Vec::new();
        for labels in kinds {
            let name = format!("canary-{}", fresh().simple());
            let body = ContainerCreateBody {
                image: Some(engine::IMAGE.to_owned()),
                cmd: Some(vec!["true".to_owned()]),
                labels: Some(labels),
                ..ContainerCreateBody::default()
            };
            let options = CreateContainerOptionsBuilder::new().name(&name).build();
            self.client
                .create_container(Some(options), body)
                .await
                .unwrap();
            names.push(name);
        }
        names
    }

    async fn standing(&self, planted: &[String]) -> Vec<String> {
        let mut standing = Vec::new();
        for name in planted {
            if self.client.inspect_container(name, None).await.is_ok() {
                standing.push(name.clone());
                let _ = self.client.remove_container(name, None).await;
            }
        }
        standing
    }

    fn folder(&self) -> Option<PathBuf> {
        Some(self.folder.path().to_owned())
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            // Podman does not say that memory was the reason.
            memory: !self.is_podman,
            pause: true,
            exec: true,
            scripts: true,
        }
    }
}
