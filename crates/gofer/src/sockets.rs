//! Where an instance's private socket is, and how another one wakes it.
//!
//! A socket's path must fit into about 100 bytes, which a data directory may not leave room for.
//! So there are up to three folders, the same for every process of this user, and an instance
//! takes the first that will do; whoever looks for it tries them all.

use crate::data_dir::short_hash;
use gofer_core::id::InstanceId;
use std::{
    fs::DirBuilder,
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};
use tokio::net::{UnixDatagram, UnixListener};

/// The kernel's limit is 108 with the closing NUL.
const LONGEST: usize = 100;

/// The folders for the sockets of one data directory.
#[derive(Clone, Debug)]
pub(crate) struct Sockets {
    folders: Vec<PathBuf>,
}

/// What an instance listens on.
pub(crate) struct Bound {
    /// For the API.
    pub(crate) api: UnixListener,
    /// For others who left a request.
    pub(crate) knocks: UnixDatagram,
    /// The API's path.
    pub(crate) path: PathBuf,
    /// Both files.
    pub(crate) files: Files,
}

/// Files of an instance, which go when it does.
pub(crate) struct Files(Vec<PathBuf>);

impl Drop for Files {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Sockets {
    /// For this data directory, this runtime directory (`XDG_RUNTIME_DIR`) and this user.
    pub(crate) fn new(data: &Path, runtime: Option<&Path>, uid: u32) -> Self {
        let short = short_hash(data);
        let runtime = runtime.filter(|path| path.is_absolute());
        let mut folders = vec![data.join("s")];
        folders.extend(runtime.map(|path| path.join("gofer").join(&short)));
        folders.push(Path::new("/tmp").join(format!("gofer-{uid}")).join(&short));
        Self { folders }
    }

    /// The same without the data directory, for who is not to make one.
    pub(crate) fn elsewhere(&self) -> Self {
        Self {
            folders: self.folders.iter().skip(1).cloned().collect(),
        }
    }

    /// Listens for the instance in the first folder that will do.
    pub(crate) fn bind(&self, instance: InstanceId, uid: u32) -> io::Result<Bound> {
        let mut last = io::Error::other("every path for a socket is too long");
        for folder in &self.folders {
            let path = api_path(folder, instance);
            if path.as_os_str().len() > LONGEST {
                continue;
            }
            match prepare(folder, uid).and_then(|()| bind(folder, instance)) {
                Ok(bound) => return Ok(bound),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Wakes an instance of another process. It would look within a second anyway, so one that
    /// cannot be reached is no error.
    pub(crate) fn knock(&self, instance: InstanceId) {
        let Ok(socket) = std::os::unix::net::UnixDatagram::unbound() else {
            return;
        };
        if socket.set_nonblocking(true).is_err() {
            return;
        }
        for folder in &self.folders {
            let path = knock_path(folder, instance);
            if path.as_os_str().len() <= LONGEST && socket.send_to(b"k", path).is_ok() {
                return;
            }
        }
    }
}

fn bind(folder: &Path, instance: InstanceId) -> io::Result<Bound> {
    let (path, knock) = (api_path(folder, instance), knock_path(folder, instance));
    let files = Files(vec![path.clone(), knock.clone()]);
    Ok(Bound {
        api: UnixListener::bind(&path)?,
        knocks: UnixDatagram::bind(knock)?,
        path,
        files,
    })
}

fn api_path(folder: &Path, instance: InstanceId) -> PathBuf {
    folder.join(instance.0.simple().to_string())
}

fn knock_path(folder: &Path, instance: InstanceId) -> PathBuf {
    folder.join(format!("{}.k", instance.0.simple()))
}

/// Makes the folder and the one above it. Both must be ours alone: `/tmp` belongs to everybody.
fn prepare(folder: &Path, uid: u32) -> io::Result<()> {
    for path in folder.parent().into_iter().chain([folder]) {
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let found = std::fs::symlink_metadata(path)?;
        if !found.is_dir() || found.uid() != uid || found.mode() & 0o022 != 0 {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!("{} is not a folder of this user alone", path.display()),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn uid() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    fn instance(number: u128) -> InstanceId {
        InstanceId(uuid::Uuid::from_u128(number))
    }

    #[tokio::test]
    async fn a_knock_reaches_the_instance_that_it_is_for() {
        let folder = tempfile::tempdir().unwrap();
        let sockets = Sockets::new(folder.path(), None, uid());
        let bound = sockets.bind(instance(1), uid()).unwrap();
        let other = sockets.bind(instance(2), uid()).unwrap();
        sockets.knock(instance(1));
        sockets.knock(instance(3));
        let mut buffer = [0; 8];
        assert_eq!(bound.knocks.recv(&mut buffer).await.unwrap(), 1);
        assert!(other.knocks.try_recv(&mut buffer).is_err());
    }

    #[tokio::test]
    async fn a_data_directory_with_a_long_path_has_its_sockets_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let long = folder.path().join("x".repeat(90));
        let sockets = Sockets::new(&long, Some(folder.path()), uid());
        let bound = sockets.bind(instance(1), uid()).unwrap();
        assert!(
            bound.path.starts_with(folder.path().join("gofer")),
            "{}",
            bound.path.display()
        );
        sockets.knock(instance(1));
        assert_eq!(bound.knocks.recv(&mut [0; 8]).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn sockets_are_gone_when_their_instance_is() {
        let folder = tempfile::tempdir().unwrap();
        let bound = Sockets::new(folder.path(), None, uid())
            .bind(instance(1), uid())
            .unwrap();
        assert!(bound.path.exists());
        drop(bound);
        assert_eq!(
            std::fs::read_dir(folder.path().join("s")).unwrap().count(),
            0
        );
    }

    #[test]
    fn a_folder_that_others_may_write_to_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let shared = folder.path().join("shared");
        std::fs::create_dir(&shared).unwrap();
        std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(prepare(&shared.join("s"), uid()).is_err());
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path(), &link).unwrap();
        assert!(prepare(&link, uid()).is_err());
        assert!(prepare(&folder.path().join("mine"), uid() + 1).is_err());
        assert!(prepare(&folder.path().join("mine"), uid()).is_ok());
    }
}
