//! In a copy of what a failed attempt left. The copy is an image that holds the environment, secrets
//! and all, so it goes with the session, and is known by its marks if a process dies before.

use super::{
    raw,
    wires::{self, Ends, Wires},
};
use crate::{
    collect,
    engine::Engine,
    labels,
    remedy::{self, Kind},
    removal, services, spec, supplies,
};
use bollard::{
    models::{ContainerConfig, ContainerCreateBody, ContainerInspectResponse, HostConfig},
    query_parameters::{
        AttachContainerOptionsBuilder, CommitContainerOptionsBuilder,
        CreateContainerOptionsBuilder, ListContainersOptionsBuilder, ListImagesOptionsBuilder,
        RemoveImageOptionsBuilder, ResizeContainerTTYOptionsBuilder,
    },
};
use futures_util::StreamExt;
use gofer_core::id::AttemptId;
use gofer_scheduler::{Error, Ours, Role, Session, Shell, Size};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::oneshot;

/// What of a failed attempt is not needed for a look goes; its stopped container and its volume
/// stay.
pub(crate) async fn keep(engine: &Engine, id: &AttemptId) -> Result<bool, Error> {
    if !has_ended(engine, id).await? {
        return removal::remove(engine, id).await.map(|()| false);
    }
    if let Some(made) = engine.made.find(id) {
        // They stay when the run gives back what it holds.
        if let Some(volume) = &made.volume {
            engine.supplies.gone(id.run, volume);
        }
        engine.made.forget(id);
    }
    engine.over(id);
    services::remove(engine, id).await.map(|()| true)
}

/// Looks this often whether the engine has noted an end that it told.
const LOOKS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(50);

/// False: it is not there, or the engine has not noted its end, as one whose disk is full cannot:
/// what is kept there would keep the disk full. A look at the one container does not tell, the list
/// does.
async fn has_ended(engine: &Engine, id: &AttemptId) -> Result<bool, Error> {
    let name = labels::attempt_name(engine.store, id);
    // It answers this when it has let go of the container.
    let _ = collect::stat(engine, &name, spec::PLACE).await;
    let filters = HashMap::from([("name", vec![format!("^/?{name}$")])]);
    let options = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&filters)
        .build();
    for _ in 0..LOOKS {
        let listed = removal::listed(engine, options.clone()).await?;
        let Some(listed) = listed.first() else {
            return Ok(false);
        };
        let ours = removal::container_of(engine, listed);
        if ours.is_some_and(|ours| ours.attempt.as_ref() == Some(id) && !ours.running) {
            return Ok(true);
        }
        engine.clock.sleep(PAUSE).await;
    }
    Ok(false)
}

pub(super) async fn open(
    engine: &Arc<Engine>,
    id: &AttemptId,
    kept: &ContainerInspectResponse,
    argv: Vec<String>,
    shell: &Shell,
) -> Result<Session, Error> {
    let (ready, opened) = oneshot::channel();
    let copy = Replica {
        engine: engine.clone(),
        id: id.clone(),
        kept: kept.clone(),
        shell: shell.clone(),
        argv,
    };
    // To its end whoever asked for it: nothing of it may stay.
    engine.tasks.spawn(copy.serve(ready));
    match opened.await {
        Ok(opened) => opened,
        Err(_) => Err(Error::Away("the engine is being left".to_owned())),
    }
}

struct Replica {
    engine: Arc<Engine>,
    id: AttemptId,
    kept: ContainerInspectResponse,
    shell: Shell,
    argv: Vec<String>,
}

/// What an image's id begins with.
const IMAGE: &str = "sha256:";

type Ready = oneshot::Sender<Result<Session, Error>>;

impl Replica {
    async fn serve(self, ready: Ready) {
        let image = match self.commit().await {
            Ok(image) => image,
            Err(error) => {
                let _ = ready.send(Err(error));
                return;
            }
        };
        let name = self.name();
        match self.start(&image, &name).await {
            Ok(wires) => {
                let (session, ends) = wires::session(self.shell.terminal);
                if ready.send(Ok(session)).is_err() {
                    self.clean(&image, &name).await;
                } else {
                    self.see_through(wires, ends, (&image, &name)).await;
                }
            }
            Err(error) => {
                self.clean(&image, &name).await;
                let _ = ready.send(Err(error));
            }
        }
    }

    fn name(&self) -> String {
        let nonce = format!(
            "{}.{}",
            self.shell.owner,
            self.engine.clock.now().as_nanosecond()
        );
        labels::run_name(self.engine.store, self.id.run, Role::Shell, &nonce, 0)
    }

    async fn commit(&self) -> Result<String, Error> {
        // A line for each: Podman takes all of one line for one label.
        let marks = format!(
            "LABEL {}={}\nLABEL {}={}",
            labels::ROLE,
            labels::word(Role::Shell),
            labels::OWNER,
            self.shell.owner
        );
        let options = CommitContainerOptionsBuilder::new()
            .container(self.kept.id.as_deref().unwrap_or_default())
            .changes(&marks)
            .pause(false)
            .build();
        let committed = self
            .engine
            .patient
            .commit_container(options, ContainerConfig::default())
            .await;
        let id = committed.map_err(remedy::plain)?.id;
        // Podman says it without the word in front, by which it is told from a container's name.
        Ok(match id.strip_prefix(IMAGE) {
            Some(_) => id,
            None => format!("{IMAGE}{id}"),
        })
    }

    /// As the task's own container, but for its command and its network.
    fn body(&self, image: &str) -> ContainerCreateBody {
        let config = self.kept.config.clone().unwrap_or_default();
        let host = self.kept.host_config.clone().unwrap_or_default();
        let mut marks = config.labels.unwrap_or_default();
        marks.insert(
            labels::ROLE.to_owned(),
            labels::word(Role::Shell).to_owned(),
        );
        marks.insert(labels::OWNER.to_owned(), self.shell.owner.to_string());
        let network = host
            .network_mode
            .filter(|mode| !mode.starts_with("container:"));
        let (entrypoint, cmd) = self.argv.split_at(self.argv.len().min(1));
        ContainerCreateBody {
            image: Some(image.to_owned()),
            entrypoint: Some(entrypoint.to_vec()),
            cmd: Some(cmd.to_vec()),
            env: config.env,
            user: config.user,
            working_dir: config.working_dir,
            tty: Some(self.shell.terminal.is_some()),
            open_stdin: Some(true),
            stdin_once: Some(true),
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            labels: Some(marks),
            host_config: Some(HostConfig {
                network_mode: network,
                volumes_from: self.kept.id.clone().map(|id| vec![id]),
                memory: host.memory,
                nano_cpus: host.nano_cpus,
                pids_limit: host.pids_limit,
                shm_size: host.shm_size,
                tmpfs: host.tmpfs,
                init: host.init,
                cap_add: host.cap_add,
                cap_drop: host.cap_drop,
                security_opt: host.security_opt,
                readonly_rootfs: host.readonly_rootfs,
                log_config: Some(supplies::no_log()),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        }
    }

    async fn start(&self, image: &str, name: &str) -> Result<Wires, Error> {
        let docker = &self.engine.docker;
        let options = CreateContainerOptionsBuilder::new().name(name).build();
        let created = docker.create_container(Some(options), self.body(image));
        created.await.map_err(remedy::plain)?;
        let wires = self.attach(name).await.map_err(remedy::plain)?;
        docker
            .start_container(name, None)
            .await
            .map_err(|error| self.not_started(error))?;
        if let Some(size) = self.shell.terminal {
            self.resize(name, size).await;
        }
        Ok(wires)
    }

    async fn attach(&self, name: &str) -> Result<Wires, bollard::errors::Error> {
        let is_terminal = self.shell.terminal.is_some();
        let path = format!("/containers/{name}/attach?stdin=1&stdout=1&stderr=1&stream=1");
        if is_terminal && let Some(wires) = raw::terminal(&self.engine, &path, "").await? {
            return Ok(wires);
        }
        let options = AttachContainerOptionsBuilder::new()
            .stdin(true)
            .stdout(true)
            .stderr(true)
            .stream(true)
            .build();
        let attached = self.engine.docker.attach_container(name, Some(options));
        let attached = attached.await?;
        Ok(Wires {
            output: attached.output,
            input: attached.input,
            is_terminal,
        })
    }

    fn not_started(&self, error: bollard::errors::Error) -> Error {
        match remedy::kind(error) {
            Kind::Away(words) => Error::Away(remedy::away(&words)),
            Kind::Said(_, words) if words.contains("executable file not found") => {
                let command = self.argv.first().map_or("", String::as_str);
                Error::Failed(format!("there is no `{command}` in its image"))
            }
            Kind::Said(_, words) => Error::Failed(words),
        }
    }

    async fn resize(&self, name: &str, size: Size) {
        let options = ResizeContainerTTYOptionsBuilder::new()
            .w(i32::from(size.columns))
            .h(i32::from(size.rows))
            .build();
        let resized = self.engine.docker.resize_container_tty(name, options).await;
        if let Err(error) = resized {
            tracing::debug!(error = %remedy::chain(&error), "the terminal keeps its size");
        }
    }

    async fn see_through(&self, mut wires: Wires, mut ends: Ends, (image, name): (&str, &str)) {
        let passed = ends
            .pass(&self.engine, &mut wires, |size| self.resize(name, size))
            .await;
        let code = match passed {
            wires::Passed::All => self.code(name).await,
            wires::Passed::Left => Err(Error::Failed("nobody waits for it".to_owned())),
        };
        // Before the last word: whoever hears it finds nothing left.
        self.clean(image, name).await;
        ends.end(code).await;
    }

    async fn code(&self, name: &str) -> Result<i32, Error> {
        use bollard::errors::Error::DockerContainerWaitError;
        let mut waiting = self.engine.patient.wait_container(name, None).boxed();
        let code = match waiting.next().await {
            Some(Ok(answer)) => answer.status_code,
            Some(Err(DockerContainerWaitError { code, .. })) => code,
            Some(Err(error)) => return Err(remedy::plain(error)),
            None => return Err(Error::Failed("the command has no exit code".to_owned())),
        };
        Ok(i32::try_from(code).unwrap_or(i32::MAX))
    }

    async fn clean(&self, image: &str, name: &str) {
        for thing in [name, image] {
            if let Err(error) = end(&self.engine, thing).await {
                tracing::warn!(thing, %error, "something of a shell stays until the next sweep");
            }
        }
    }
}

/// Removes a shell's container, by its name, or its image, by its id, after a look at its labels.
pub(crate) async fn end(engine: &Engine, name: &str) -> Result<(), Error> {
    if !name.starts_with(IMAGE) {
        let is_it = |ours: &Ours| ours.role == Role::Shell;
        return removal::remove_container(engine, name, is_it)
            .await
            .map(drop);
    }
    let Some(image) =
        remedy::found(engine.docker.inspect_image(name).await).map_err(remedy::plain)?
    else {
        return Ok(());
    };
    let marks = image.config.and_then(|config| config.labels);
    let ours = marks.and_then(|marks| labels::read(&marks, engine.store, name, false));
    if ours.is_none_or(|ours| ours.role != Role::Shell) {
        let words = format!("the image {name} is not Gofer's: it stays");
        return Err(Error::Failed(words));
    }
    let options = RemoveImageOptionsBuilder::new()
        .force(true)
        // What it was made on is somebody else's, even if it has no name.
        .noprune(true)
        .build();
    let removed = engine.docker.remove_image(name, Some(options), None).await;
    remedy::found(removed).map(drop).map_err(remedy::plain)
}

/// Images of shells of this store.
pub(crate) async fn left(engine: &Engine) -> Result<Vec<Ours>, Error> {
    let wanted = [
        format!("{}={}", labels::STORE, engine.store),
        format!("{}={}", labels::ROLE, labels::word(Role::Shell)),
    ];
    let filters = HashMap::from([("label", wanted.to_vec())]);
    let options = ListImagesOptionsBuilder::new().filters(&filters).build();
    let images = engine.docker.list_images(Some(options)).await;
    let images = images.map_err(remedy::plain)?;
    let ours = |image: &bollard::models::ImageSummary| {
        labels::read(&image.labels, engine.store, &image.id, false)
    };
    Ok(images.iter().filter_map(ours).collect())
}
