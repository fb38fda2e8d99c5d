//! What is at `/gofer`, where an attempt finds its files and leaves what it made.
//!
//! Where the engine's folders are within our reach it is a folder of the container's own, or a volume without a
//! name, which we furnish. Elsewhere, where root writes, two of them are enough: the engine makes them with the
//! container and removes them with it. Anybody else needs a folder whose mode is 1777, which only a
//! container of our own image brings about.

use crate::{
    engine::Brand,
    image::Facts,
    spec::{self, ARTIFACTS, PLACE},
};
use bollard::models::{Mount, MountType, MountVolumeOptions};
use gofer_core::container::Exec;
use gofer_scheduler::{Attempt, Container};
use std::collections::HashMap;

/// Programs that run others as another user.
const AS_ANOTHER: [&str; 10] = [
    "su",
    "sudo",
    "gosu",
    "su-exec",
    "runuser",
    "setpriv",
    "setuidgid",
    "chpst",
    "doas",
    "chroot",
];

type Labels = HashMap<String, String>;

/// What an attempt's own files are kept in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A folder among the container's own files. It is furnished by hand, for anybody.
    Own,
    /// A volume that comes and goes with the container, marked with these labels. It is furnished by
    /// hand, for anybody.
    Bare(Labels),
    /// Two volumes that come and go with the container, marked with these labels. Root's.
    Plain(Labels),
    /// A volume of this name, in which anybody may write.
    Open(String),
}

impl Place {
    pub(crate) fn mounts(&self) -> Vec<Mount> {
        match self {
            Self::Own => Vec::new(),
            Self::Bare(labels) => vec![mount(PLACE, None, Some(labels.clone()))],
            Self::Plain(labels) => [PLACE, ARTIFACTS]
                .map(|target| mount(target, None, Some(labels.clone())))
                .into(),
            Self::Open(name) => vec![mount(PLACE, Some(name.clone()), None)],
        }
    }

    /// The volume that does not go with the container.
    pub(crate) fn volume(&self) -> Option<&str> {
        match self {
            Self::Own | Self::Bare(_) | Self::Plain(_) => None,
            Self::Open(name) => Some(name),
        }
    }

    /// Nobody but us furnishes it.
    pub(crate) fn is_bare(&self) -> bool {
        matches!(self, Self::Own | Self::Bare(_))
    }
}

fn mount(target: &str, source: Option<String>, labels: Option<Labels>) -> Mount {
    Mount {
        target: Some(target.to_owned()),
        source,
        typ: Some(MountType::VOLUME),
        volume_options: Some(MountVolumeOptions {
            // What the image has there is not ours to hand on.
            no_copy: Some(true),
            labels,
            ..MountVolumeOptions::default()
        }),
        ..Mount::default()
    }
}

/// Whether the container's own files are written by nobody but us before it starts, and then by itself: while
/// the engine puts something there, it has them mounted.
pub(crate) fn brings_nothing(attempt: &Attempt, has_inputs: bool) -> bool {
    let main = &attempt.main;
    let has_files = !main.files.is_empty() || spec::script(&main.exec).is_some();
    !main.read_only && !has_inputs && !has_files && main.volumes.is_empty()
}

/// Whether root alone writes there, as far as can be seen, and nothing has to lie there before.
pub(crate) fn is_roots(brand: Brand, attempt: &Attempt, has_inputs: bool, image: &Facts) -> bool {
    let Container { exec, user, .. } = &attempt.main;
    let user = user.as_deref().or(image.user.as_deref());
    brand == Brand::Docker && !has_inputs && is_root(user) && stays_itself(exec, image)
}

fn is_root(user: Option<&str>) -> bool {
    let user = user.unwrap_or_default();
    let name = user.split_once(':').map_or(user, |(name, _)| name);
    matches!(name, "" | "0" | "root")
}

/// An image's own entrypoint often goes on as somebody else; a script names the program that does.
fn stays_itself(exec: &Exec, image: &Facts) -> bool {
    let stays = |word: &str| {
        let program = word.rsplit('/').next().unwrap_or(word);
        !AS_ANOTHER.contains(&program)
    };
    match exec {
        Exec::Script(script) => {
            let ends = |c: char| c.is_whitespace() || ";&|(){}`\"'".contains(c);
            !script.starts_with("#!") && script.split(ends).all(stays)
        }
        Exec::Argv {
            entrypoint,
            command,
        } => {
            let is_imposed = entrypoint.as_ref().is_some_and(|words| !words.is_empty());
            let words = entrypoint.iter().chain(command).flatten();
            (is_imposed || !image.has_entrypoint)
                && words
                    .into_iter()
                    .all(|word| word.split_whitespace().all(stays))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(user: &str, has_entrypoint: bool) -> Facts {
        Facts {
            id: "sha256:0".to_owned(),
            digest: "local:sha256:0".to_owned(),
            user: Some(user.to_owned()),
            has_entrypoint,
        }
    }

    #[test]
    fn root_has_many_names() {
        for user in ["", "0", "root", "0:0", "root:wheel"] {
            assert!(is_root(Some(user)), "{user}");
        }
        for user in ["1", "rootless", "nobody:0", "00x"] {
            assert!(!is_root(Some(user)), "{user}");
        }
    }

    #[test]
    fn whoever_may_go_on_as_somebody_else_gets_a_folder_for_everybody() {
        let script = |text: &str| Exec::Script(text.to_owned());
        let image = image("", true);
        assert!(stays_itself(
            &script("make test > /gofer/artifacts/summary"),
            &image
        ));
        for text in [
            "su app -c 'make'",
            "exec gosu app make",
            "a;/usr/bin/sudo -u app b",
            "#!/bin/x",
        ] {
            assert!(!stays_itself(&script(text), &image), "{text}");
        }
        let argv = |entrypoint: Option<&str>| Exec::Argv {
            entrypoint: entrypoint.map(|word| vec![word.to_owned()]),
            command: Some(vec!["serve".to_owned()]),
        };
        assert!(
            !stays_itself(&argv(None), &image),
            "the image's entrypoint may"
        );
        assert!(stays_itself(&argv(Some("/bin/serve")), &image));
        assert!(!stays_itself(&argv(Some("gosu")), &image));
    }

    #[test]
    fn volumes_without_a_name_go_with_the_container() {
        for (place, volumes) in [
            (Place::Own, 0),
            (Place::Bare(HashMap::new()), 1),
            (Place::Plain(HashMap::new()), 2),
        ] {
            let mounts = place.mounts();
            assert!(mounts.iter().all(|mount| mount.source.is_none()));
            assert_eq!((place.volume(), mounts.len()), (None, volumes));
        }
        let open = Place::Open("v".to_owned());
        assert_eq!(open.mounts()[0].source.as_deref(), Some("v"));
    }
}
