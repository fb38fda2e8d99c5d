//! The world that the command line works in.

use crate::{
    clock::SystemClock,
    data_dir::{DataDir, Places},
    doctor,
    engine_link::Answering,
    server::Server,
};
use async_trait::async_trait;
use gofer_cli::{Check, Host, Need, Refused};
use gofer_core::{Clock, Timestamp};
use gofer_sdk::Client;
use std::{collections::BTreeMap, path::Path, sync::OnceLock};
use tokio::sync::Mutex;

/// This process: a server for each project that a command asks for.
pub(crate) struct Process {
    places: Places,
    clock: SystemClock,
    servers: Mutex<BTreeMap<DataDir, Running>>,
    /// What a person named, if anything.
    engine: OnceLock<String>,
}

struct Running {
    server: Server,
    /// It was asked to drive runs, so that it may have to leave some.
    drives: bool,
}

impl Running {
    /// A server that only looks.
    async fn reading(data: &DataDir) -> Result<Self, Refused> {
        let server = Server::look(data).await?;
        Ok(Self {
            server,
            drives: false,
        })
    }

    /// A server with an engine. The store is opened while the engine is reached.
    async fn driving(data: &DataDir, name: Option<&str>) -> Result<Self, Refused> {
        let (server, engine) = tokio::join!(Server::open(data), Answering::reach(name));
        let server = server?;
        match engine {
            Ok(engine) => server.link().take(engine),
            Err(error) => {
                server.close().await;
                return Err(error.into());
            }
        }
        server.sweep();
        Ok(Self {
            server,
            drives: true,
        })
    }

    /// Reaches the engine, if that was not asked for before.
    async fn widen(&mut self, name: Option<&str>) -> Result<(), Refused> {
        if let Some(name) = name {
            self.server.link().prefer(name);
        }
        self.server.link().connect().await?;
        self.server.sweep();
        self.drives = true;
        Ok(())
    }
}

impl Process {
    pub(crate) fn new() -> Self {
        Self {
            places: Places::of_process(),
            clock: SystemClock::new(),
            servers: Mutex::default(),
            engine: OnceLock::new(),
        }
    }
}

#[async_trait]
impl Host for Process {
    async fn client(&self, need: Need, project: &Path) -> Result<Client, Refused> {
        let data = self.places.of(project)?;
        let named = self.engine.get().map(String::as_str);
        let mut servers = self.servers.lock().await;
        let mut running = match (servers.remove(&data), need) {
            (Some(running), Need::Read) => running,
            (Some(running), Need::Drive) if !running.server.is_empty() => running,
            (None, Need::Read) => Running::reading(&data).await?,
            (empty, Need::Drive) => {
                if let Some(empty) = empty {
                    empty.server.close().await;
                }
                Running::driving(&data, named).await?
            }
        };
        let widened = match need {
            Need::Drive if !running.drives => running.widen(named).await,
            _ => Ok(()),
        };
        let client = running.server.client();
        servers.insert(data, running);
        widened.map(|()| client)
    }

    fn prefer_engine(&self, name: &str) {
        // One command line names one.
        let _ = self.engine.set(name.to_owned());
    }

    async fn projects(&self) -> Result<Vec<(String, Client)>, Refused> {
        let mut servers = self.servers.lock().await;
        let mut projects = Vec::new();
        for (name, data) in self.places.all()? {
            let running = match servers.remove(&data) {
                Some(running) => running,
                None => Running::reading(&data).await?,
            };
            projects.push((name, running.server.client()));
            servers.insert(data, running);
        }
        Ok(projects)
    }

    async fn close(&self) {
        let servers = std::mem::take(&mut *self.servers.lock().await);
        for (_, Running { server, drives }) in servers {
            if !drives {
                // Only a cancel of an interrupted run makes it drive one: see that through.
                server.settle().await;
            }
            server.close().await;
        }
    }

    async fn engine_facts(&self, project: &Path) -> Vec<Check> {
        doctor::examine(&self.places, project).await
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
