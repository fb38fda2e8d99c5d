//! Programs that keep credentials for clients of registries.

use bollard::auth::DockerCredentials;
use serde::Deserialize;
use std::{io, process::Stdio, time::Duration};
use tokio::{io::AsyncWriteExt, process::Command, time::timeout};

/// They may have to unlock something, but there is nobody whom they could ask.
const PATIENCE: Duration = Duration::from_secs(10);
/// Instead of a user's name: the secret is a token.
const TOKEN: &str = "<token>";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    username: String,
    #[serde(default)]
    secret: String,
}

/// Asks one for a registry. It says on its output what it knows, errors too: nothing of that is
/// shown.
pub(super) async fn ask(name: &str, server: &str) -> Result<Option<DockerCredentials>, String> {
    let program = format!("docker-credential-{name}");
    if name.contains('/') {
        return Err(format!("{program:?} is not the name of a program"));
    }
    ask_program(&program, server).await
}

pub(super) async fn ask_program(
    program: &str,
    server: &str,
) -> Result<Option<DockerCredentials>, String> {
    let asked = timeout(PATIENCE, run(program, server)).await;
    let output = asked
        .map_err(|_| format!("{program} did not answer within {} s", PATIENCE.as_secs()))?
        .map_err(|error| format!("{program} cannot be run: {error}"))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).to_ascii_lowercase();
        // Its way to say that there are none.
        return if said.contains("credentials not found") {
            Ok(None)
        } else {
            Err(format!("{program} failed ({})", output.status))
        };
    }
    let answer: Answer = serde_json::from_slice(&output.stdout)
        .map_err(|_| format!("{program} did not answer as such programs do"))?;
    Ok(credentials(answer, server))
}

async fn run(program: &str, server: &str) -> io::Result<std::process::Output> {
    let mut child = Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // One that does not read it has answered already, or failed.
        let _ = input.write_all(server.as_bytes()).await;
    }
    child.wait_with_output().await
}

fn credentials(answer: Answer, server: &str) -> Option<DockerCredentials> {
    let Answer { username, secret } = answer;
    let mut credentials = DockerCredentials {
        serveraddress: Some(server.to_owned()),
        ..DockerCredentials::default()
    };
    match username.as_str() {
        "" => return None,
        TOKEN => credentials.identitytoken = Some(secret),
        _ => (credentials.username, credentials.password) = (Some(username), Some(secret)),
    }
    Some(credentials)
}
