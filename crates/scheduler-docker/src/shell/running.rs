//! Beside the process of a running attempt.

use super::{
    raw,
    wires::{self, Ends, Passed, Wires},
};
use crate::{engine::Engine, remedy};
use bollard::{
    exec::{CreateExecOptions, StartExecOptions, StartExecResults},
    query_parameters::ResizeExecOptionsBuilder,
};
use gofer_scheduler::{Error, Session, Shell, Size};
use std::{sync::Arc, time::Duration};

/// By this variable its processes are known again, which the engine itself cannot end.
const MARK: &str = "GOFER_SHELL";
/// The engine notes an exit a moment after the output has ended.
const LOOKS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(20);

pub(super) async fn open(
    engine: &Arc<Engine>,
    name: &str,
    argv: Vec<String>,
    shell: &Shell,
) -> Result<Session, Error> {
    let is_terminal = shell.terminal.is_some();
    let now = engine.clock.now().as_nanosecond();
    let mark = format!("{MARK}={}.{now}", shell.owner);
    let options = CreateExecOptions {
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(is_terminal),
        env: Some(vec![mark.clone()]),
        cmd: Some(argv),
        ..CreateExecOptions::default()
    };
    let created = engine.docker.create_exec(name, options).await;
    let exec = created.map_err(remedy::plain)?.id;
    let wires = start(engine, &exec, is_terminal).await?;
    let (session, ends) = wires::session(shell.terminal);
    let beside = Beside {
        engine: engine.clone(),
        container: name.to_owned(),
        exec,
        mark,
    };
    let first = shell.terminal;
    engine.tasks.spawn(beside.serve(wires, ends, first));
    Ok(session)
}

async fn start(engine: &Engine, exec: &str, is_terminal: bool) -> Result<Wires, Error> {
    if is_terminal {
        let path = format!("/exec/{exec}/start");
        let body = r#"{"Detach":false,"Tty":true}"#;
        let wires = raw::terminal(engine, &path, body).await;
        if let Some(wires) = wires.map_err(remedy::plain)? {
            return Ok(wires);
        }
    }
    let options = StartExecOptions {
        tty: is_terminal,
        ..StartExecOptions::default()
    };
    let started = engine.docker.start_exec(exec, Some(options)).await;
    match started.map_err(remedy::plain)? {
        StartExecResults::Attached { output, input } => Ok(Wires {
            output,
            input,
            is_terminal,
        }),
        StartExecResults::Detached => Err(Error::Failed("the engine did not attach".to_owned())),
    }
}

struct Beside {
    engine: Arc<Engine>,
    container: String,
    exec: String,
    mark: String,
}

impl Beside {
    async fn serve(self, mut wires: Wires, mut ends: Ends, first: Option<Size>) {
        if let Some(size) = first {
            self.resize(size).await;
        }
        let passed = ends
            .pass(&self.engine, &mut wires, |size| self.resize(size))
            .await;
        if passed == Passed::Left {
            return self.kill().await;
        }
        let code = self.code().await;
        ends.end(code).await;
    }

    async fn resize(&self, size: Size) {
        let options = ResizeExecOptionsBuilder::new()
            .w(i32::from(size.columns))
            .h(i32::from(size.rows))
            .build();
        // Right after the start the engine may not know it yet.
        for _ in 0..LOOKS {
            match self
                .engine
                .docker
                .resize_exec(&self.exec, options.clone())
                .await
            {
                Ok(()) => return,
                Err(_) => self.engine.clock.sleep(PAUSE).await,
            }
            if !self.is_running().await {
                return;
            }
        }
    }

    async fn is_running(&self) -> bool {
        let looked = self.engine.docker.inspect_exec(&self.exec).await;
        looked.is_ok_and(|exec| exec.exit_code.is_none())
    }

    async fn code(&self) -> Result<i32, Error> {
        for _ in 0..LOOKS {
            let looked = self.engine.docker.inspect_exec(&self.exec).await;
            let exec = looked.map_err(remedy::plain)?;
            if let (false, Some(code)) = (exec.running.unwrap_or(false), exec.exit_code) {
                return Ok(i32::try_from(code).unwrap_or(i32::MAX));
            }
            self.engine.clock.sleep(PAUSE).await;
        }
        // What it left in the background holds its streams no longer, and the engine has no word
        // on it: so nobody has.
        Err(Error::Failed("the command has no exit code".to_owned()))
    }

    /// Ends what goes on in the container though nobody looks at it: an engine cannot, so a shell
    /// of the image has to find it by its mark.
    async fn kill(&self) {
        let script = format!(
            "for at in /proc/[0-9]*; do grep -qs '{}' \"$at/environ\" && kill -9 \"${{at#/proc/}}\"; done; true",
            self.mark
        );
        let options = CreateExecOptions {
            cmd: Some(["/bin/sh", "-c", &script].map(str::to_owned).into()),
            ..CreateExecOptions::default()
        };
        let Ok(exec) = self
            .engine
            .docker
            .create_exec(&self.container, options)
            .await
        else {
            // The container has ended, and everything in it.
            return;
        };
        let detached = StartExecOptions {
            detach: true,
            ..StartExecOptions::default()
        };
        let started = self
            .engine
            .docker
            .start_exec(&exec.id, Some(detached))
            .await;
        if let Err(error) = started {
            tracing::debug!(error = %remedy::chain(&error), "what a shell began goes on");
        }
    }
}
