//! Which number a user has: names mean what the image's own list of users says, never the machine's.

use crate::{
    engine::{Engine, lock},
    remedy,
};
use bollard::query_parameters::DownloadFromContainerOptionsBuilder;
use futures_util::StreamExt;
use gofer_core::run::Reason;
use gofer_scheduler::{Container, StartError};
use std::{
    collections::BTreeMap,
    io::{self, Read},
    sync::{Arc, Mutex},
};
use tokio::sync::OnceCell;

const PASSWD: &str = "/etc/passwd";
/// No list of users is longer.
const MOST: usize = 1 << 20;

type Known = Arc<BTreeMap<String, u32>>;

/// The users of images, by the image's id.
#[derive(Default)]
pub(crate) struct Users(Mutex<BTreeMap<String, Arc<OnceCell<Known>>>>);

/// The number of the user that a container which was created will run as.
pub(super) async fn uid(
    engine: &Engine,
    name: &str,
    container: &Container,
) -> Result<u32, StartError> {
    if let Some(number) = container.user.as_deref().and_then(number) {
        return Ok(number);
    }
    let inspected = engine.docker.inspect_container(name, None).await;
    let inspected = inspected.map_err(|error| remedy::of_upload(error, &container.image))?;
    let user = inspected.config.and_then(|config| config.user);
    let user = user.unwrap_or_default();
    if let Some(number) = number(&user) {
        return Ok(number);
    }
    let image = inspected.image.unwrap_or_default();
    let cell = lock(&engine.users.0).entry(image).or_default().clone();
    let reading = || async { read(engine, name).await.map(Arc::new) };
    let known = cell.get_or_try_init(reading).await.map_err(|words| {
        let text = format!(
            "a secret file belongs to the container's user, and who {user:?} is cannot be read \
             from the image's {PASSWD}: {words}; set `user` to a number"
        );
        remedy::failed(Reason::StartFailed, text)
    })?;
    let said = user.split(':').next().unwrap_or_default();
    known.get(said).copied().ok_or_else(|| {
        let text = format!("{} ({said:?})", remedy::NO_SUCH_USER);
        remedy::failed(Reason::StartFailed, text)
    })
}

/// `None`: it has to be looked up.
fn number(user: &str) -> Option<u32> {
    match user.split(':').next().unwrap_or_default() {
        "" | "root" => Some(0),
        said => said.parse().ok(),
    }
}

async fn read(engine: &Engine, name: &str) -> Result<BTreeMap<String, u32>, String> {
    let options = DownloadFromContainerOptionsBuilder::new()
        .path(PASSWD)
        .build();
    let download = engine.docker.download_from_container(name, Some(options));
    let mut chunks = std::pin::pin!(download);
    let mut archive = Vec::new();
    while let Some(chunk) = chunks.next().await {
        archive.extend_from_slice(&chunk.map_err(|error| remedy::chain(&error))?);
        if archive.len() > MOST {
            return Err("it is longer than 1 MiB".to_owned());
        }
    }
    let list = first_file(&archive).map_err(|error| error.to_string())?;
    Ok(users(&list))
}

fn first_file(archive: &[u8]) -> io::Result<String> {
    let mut tar = tar::Archive::new(archive);
    let first = tar.entries()?.next().transpose()?;
    let mut file = first
        .filter(|entry| entry.header().entry_type().is_file())
        .ok_or_else(|| io::Error::other("it is not a file"))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn users(list: &str) -> BTreeMap<String, u32> {
    let mut users = BTreeMap::new();
    for line in list.lines() {
        let mut fields = line.split(':');
        let (name, number) = (fields.next(), fields.nth(1));
        if let (Some(name), Some(Ok(number))) = (name, number.map(str::parse)) {
            // Whoever comes first, as for the engine.
            users.entry(name.to_owned()).or_insert(number);
        }
    }
    users
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_needs_no_list_and_a_name_is_looked_up_in_the_images() {
        assert_eq!(number(""), Some(0));
        assert_eq!(number("root:staff"), Some(0));
        assert_eq!(number("4711:1"), Some(4711));
        assert_eq!(number("worker:staff"), None);
        let list = "root:x:0:0::/:\n\nbroken\nworker:x:1000:1::/tmp:/bin/sh\nworker:x:7:::\n";
        let users = users(list);
        assert_eq!(users.get("worker"), Some(&1000));
        assert_eq!(users.len(), 2);
    }
}
