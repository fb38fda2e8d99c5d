//! The images of earlier versions.

use super::{REPOSITORY, name_for};
use crate::{engine::Engine, remedy};
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, RemoveImageOptionsBuilder,
};
use gofer_scheduler::Error;
use std::collections::{BTreeSet, HashMap};

/// Those that nothing uses, whoever's it would be, with their bytes.
pub(crate) async fn old(engine: &Engine) -> Result<Vec<(String, u64)>, Error> {
    let machine = engine.machine().await.map_err(remedy::plain)?;
    let current = name_for(&machine.architecture).map_err(|error| remedy::plain(error.into()))?;
    let named = HashMap::from([("reference", vec![REPOSITORY.to_owned()])]);
    let images = ListImagesOptionsBuilder::new().filters(&named).build();
    let containers = ListContainersOptionsBuilder::new().all(true).build();
    let (images, containers) = tokio::join!(
        engine.docker.list_images(Some(images)),
        engine.docker.list_containers(Some(containers))
    );
    let containers = containers.map_err(remedy::plain)?;
    let used: BTreeSet<&str> = containers
        .iter()
        .filter_map(|container| container.image_id.as_deref())
        .collect();
    let mut old = Vec::new();
    for image in images.map_err(remedy::plain)? {
        if used.contains(image.id.as_str()) {
            continue;
        }
        let bytes = u64::try_from(image.size).unwrap_or_default();
        let names = image.repo_tags.into_iter();
        let names = names.filter(|name| is_ours(name) && *name != current);
        old.extend(names.map(|name| (name, bytes)));
    }
    Ok(old)
}

fn is_ours(name: &str) -> bool {
    name.strip_prefix(REPOSITORY)
        .is_some_and(|rest| rest.starts_with(':'))
}

/// Not by force: the engine refuses what has been taken into use meanwhile.
pub(crate) async fn remove_old(engine: &Engine, name: &str) -> Result<(), Error> {
    if !is_ours(name) {
        return Err(Error::Failed(format!("{name} is not Gofer's: it stays")));
    }
    let options = RemoveImageOptionsBuilder::new().noprune(true).build();
    let removed = engine.docker.remove_image(name, Some(options), None).await;
    remedy::found(removed).map(drop).map_err(remedy::plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_name_is_ours() {
        assert!(is_ours("gofer/holder:0123"));
        assert!(!is_ours("gofer/holders:0123"));
        assert!(!is_ours("other/gofer/holder:0123"));
    }
}
