//! The world that the command line works in.

use crate::{
    clock::SystemClock,
    data_dir::{DataDir, Places},
    doctor,
    server::Server,
};
use async_trait::async_trait;
use gofer_cli::{Check, Host, Need, Refused};
use gofer_core::{Clock, Timestamp};
use gofer_sdk::Client;
use std::{collections::BTreeMap, path::Path};
use tokio::sync::Mutex;

/// This process: a server for each project that a command asks for.
pub(crate) struct Process {
    places: Places,
    clock: SystemClock,
    servers: Mutex<BTreeMap<DataDir, Running>>,
}

struct Running {
    server: Server,
    /// It was asked to drive runs, so that it may have to leave some.
    drives: bool,
}

impl Running {
    async fn begin(need: Need, data: &DataDir) -> Result<Self, Refused> {
        let server = match need {
            Need::Read => Server::look(data).await?,
            Need::Drive => Server::open(data).await?,
        };
        Ok(Self {
            server,
            drives: false,
        })
    }

    async fn reach(&mut self, need: Need) -> Result<(), Refused> {
        if need == Need::Drive && !self.drives {
            self.server.link().connect().await?;
            self.server.sweep();
            self.drives = true;
        }
        Ok(())
    }
}

impl Process {
    pub(crate) fn new() -> Self {
        Self {
            places: Places::of_process(),
            clock: SystemClock::new(),
            servers: Mutex::default(),
        }
    }
}

#[async_trait]
impl Host for Process {
    async fn client(&self, need: Need, project: &Path) -> Result<Client, Refused> {
        let data = self.places.of(project)?;
        let mut servers = self.servers.lock().await;
        let mut running = match servers.remove(&data) {
            Some(running) if need == Need::Read || !running.server.is_empty() => running,
            empty => {
                if let Some(empty) = empty {
                    empty.server.close().await;
                }
                Running::begin(need, &data).await?
            }
        };
        let reached = running.reach(need).await;
        let client = running.server.client();
        servers.insert(data, running);
        reached.map(|()| client)
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
