//! Images: pulling them with progress, and what exactly was run.

use crate::{
    engine::{Engine, lock},
    remedy,
};
use bollard::{
    auth::DockerCredentials, models::CreateImageInfo, query_parameters::CreateImageOptionsBuilder,
};
use futures_util::StreamExt;
use gofer_core::clock::Moment;
use gofer_scheduler::{Fact, StartError};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::mpsc::UnboundedSender;

/// People read no faster.
const BETWEEN: Duration = Duration::from_millis(100);

/// Pulls an image and tells how far it has come.
pub(crate) async fn pull(
    engine: &Engine,
    image: &str,
    credentials: Option<DockerCredentials>,
    facts: &UnboundedSender<Fact>,
) -> Result<(), StartError> {
    let (name, tag) = halves(image);
    let options = CreateImageOptionsBuilder::new()
        .from_image(name)
        .tag(tag)
        .build();
    let mut steps = std::pin::pin!(engine.docker.create_image(Some(options), None, credentials));
    let mut progress = Progress::default();
    let mut told: Option<Moment> = None;
    let tell = |done, total| {
        // The driver may have ended; the image is useful all the same.
        let _ = facts.send(Fact::Pulling {
            image: image.to_owned(),
            done,
            total,
        });
    };
    tell(0, 0);
    while let Some(step) = steps.next().await {
        progress.take(step.map_err(|error| remedy::of_pull(error, image))?);
        let now = engine.clock.moment();
        if told.is_none_or(|told| now.0.saturating_sub(told.0) >= BETWEEN) {
            told = Some(now);
            let (done, total) = progress.sum();
            tell(done, total);
        }
    }
    let _ = facts.send(Fact::Pulled);
    Ok(())
}

/// The API pulls *all* tags if it is given none.
fn halves(image: &str) -> (&str, &str) {
    if image.contains('@') {
        return (image, "");
    }
    let after_host = image.rfind('/').map_or(0, |slash| slash + 1);
    let colon = image.get(after_host..).and_then(|last| last.find(':'));
    match colon.and_then(|colon| image.split_at_checked(after_host + colon)) {
        Some((name, tag)) => (name, tag.trim_start_matches(':')),
        None => (image, "latest"),
    }
}

#[derive(Default)]
struct Progress {
    layers: BTreeMap<String, (u64, u64)>,
}

impl Progress {
    fn take(&mut self, step: CreateImageInfo) {
        let (Some(id), Some(detail)) = (step.id, step.progress_detail) else {
            return;
        };
        if step.status.as_deref() != Some("Downloading") {
            // Unpacking counts the same bytes again; by then all have come.
            if let Some((done, total)) = self.layers.get_mut(&id) {
                *done = *total;
            }
            return;
        }
        let number = |count: Option<i64>| count.and_then(|count| u64::try_from(count).ok());
        let (done, total) = (number(detail.current), number(detail.total));
        self.layers
            .insert(id, (done.unwrap_or(0), total.unwrap_or(0)));
    }

    fn sum(&self) -> (u64, u64) {
        let add = |sum: (u64, u64), layer: &(u64, u64)| (sum.0 + layer.0, sum.1 + layer.1);
        self.layers.values().fold((0, 0), add)
    }
}

/// What an attempt depends on of its image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) id: String,
    /// What to record of it: the repository's digest, else the local id as such.
    pub(crate) digest: String,
    pub(crate) user: Option<String>,
    pub(crate) has_entrypoint: bool,
}

/// Images whose names can never mean another one.
#[derive(Default)]
pub(crate) struct Known(Mutex<BTreeMap<String, Arc<Facts>>>);

/// So many are remembered.
const MOST_KNOWN: usize = 1000;

/// Looks at an image that is there. `asked`: as the request says it.
pub(crate) async fn look(engine: &Engine, asked: &str) -> Option<Arc<Facts>> {
    if let Some(known) = lock(&engine.images.0).get(asked) {
        return Some(known.clone());
    }
    let facts =
        Arc::new(inspect(engine, asked, asked.strip_prefix("local:").unwrap_or(asked)).await?);
    if is_fixed(asked) {
        let mut known = lock(&engine.images.0);
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(asked.to_owned(), facts.clone());
    }
    Some(facts)
}

/// Looks at the image that a container was made of. `asked`: as the request says it.
pub(crate) async fn look_at(engine: &Engine, asked: &str, id: &str) -> Option<Arc<Facts>> {
    if is_fixed(asked) {
        return look(engine, asked).await;
    }
    inspect(engine, asked, id).await.map(Arc::new)
}

/// What to record of the image with this id, which a container was made of.
pub(crate) async fn digest(engine: &Engine, asked: &str, id: &str) -> Option<String> {
    if is_fixed(asked) {
        return Some(asked.to_owned());
    }
    Some(inspect(engine, asked, id).await?.digest)
}

fn is_fixed(asked: &str) -> bool {
    asked.contains("@sha256:") || asked.starts_with("local:")
}

async fn inspect(engine: &Engine, asked: &str, name: &str) -> Option<Facts> {
    let found = engine.docker.inspect_image(name).await.ok()?;
    let config = found.config.unwrap_or_default();
    let id = with_algorithm(&found.id?);
    let digest = if is_fixed(asked) {
        asked.to_owned()
    } else {
        let digests = found.repo_digests.unwrap_or_default();
        recorded(asked, &digests).unwrap_or_else(|| format!("local:{id}"))
    };
    Some(Facts {
        id,
        digest,
        user: config.user,
        has_entrypoint: config.entrypoint.is_some_and(|words| !words.is_empty()),
    })
}

fn recorded(asked: &str, digests: &[String]) -> Option<String> {
    let (name, _) = halves(asked);
    let same = |digest: &&String| {
        digest
            .split_once('@')
            .is_some_and(|(of, _)| same_name(of, name))
    };
    digests.iter().find(same).or(digests.first()).cloned()
}

/// Podman leaves the algorithm away.
fn with_algorithm(id: &str) -> String {
    if id.contains(':') {
        id.to_owned()
    } else {
        format!("sha256:{id}")
    }
}

fn same_name(a: &str, b: &str) -> bool {
    let short = |name: &str| {
        let name = name.strip_prefix("docker.io/").unwrap_or(name);
        name.strip_prefix("library/").unwrap_or(name).to_owned()
    };
    short(a) == short(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard::models::ProgressDetail;

    #[test]
    fn a_name_without_a_tag_means_latest_and_a_port_is_no_tag() {
        assert_eq!(halves("alpine"), ("alpine", "latest"));
        assert_eq!(halves("alpine:3.20"), ("alpine", "3.20"));
        assert_eq!(
            halves("localhost:5000/a/b"),
            ("localhost:5000/a/b", "latest")
        );
        assert_eq!(halves("localhost:5000/a/b:1"), ("localhost:5000/a/b", "1"));
        assert_eq!(halves("a@sha256:0f"), ("a@sha256:0f", ""));
    }

    #[test]
    fn progress_is_the_sum_of_the_layers_and_unpacking_is_not_counted_again() {
        let step = |id: &str, status: &str, current, total| CreateImageInfo {
            id: Some(id.to_owned()),
            status: Some(status.to_owned()),
            progress_detail: Some(ProgressDetail {
                current: Some(current),
                total: Some(total),
            }),
            ..CreateImageInfo::default()
        };
        let mut progress = Progress::default();
        progress.take(step("a", "Downloading", 10, 100));
        progress.take(step("b", "Downloading", 5, 50));
        assert_eq!(progress.sum(), (15, 150));
        progress.take(step("a", "Extracting", 1, 100));
        assert_eq!(progress.sum(), (105, 150));
    }

    #[test]
    fn the_hub_has_three_names_for_one_image() {
        assert!(same_name("docker.io/library/alpine", "alpine"));
        assert!(!same_name("ghcr.io/library/alpine", "alpine"));
    }
}
