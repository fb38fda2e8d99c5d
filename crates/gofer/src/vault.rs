//! Seals the secrets of runs with the keys of the data directory.

use gofer_core::{id::RunId, name::SecretName};
use gofer_engine::Vault;
use gofer_secrets::{Keyring, Sealed, SecretText};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

/// Reads its key file when the first secret comes, and makes it if there is none.
pub(crate) struct KeyFile {
    path: PathBuf,
    keys: Mutex<Option<Arc<Keyring>>>,
}

impl KeyFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            keys: Mutex::new(None),
        }
    }

    fn keys(&self) -> Result<Arc<Keyring>, String> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = &*keys {
            return Ok(Arc::clone(keys));
        }
        let read = Keyring::open_or_create(&self.path, &mut random);
        let read = Arc::new(read.map_err(|error| error.to_string())?);
        Ok(Arc::clone(keys.insert(read)))
    }
}

impl Vault for KeyFile {
    fn seal(&self, run: RunId, name: &SecretName, value: &SecretText) -> Result<Vec<u8>, String> {
        let sealed = self
            .keys()?
            .seal(&run.to_string(), name, value, &mut random);
        sealed
            .map(Sealed::into_bytes)
            .map_err(|error| error.to_string())
    }

    fn open(&self, run: RunId, name: &SecretName, sealed: &[u8]) -> Result<SecretText, String> {
        let sealed = Sealed::from_bytes(sealed.to_vec());
        self.keys()?
            .open(&run.to_string(), name, &sealed)
            .map_err(|error| error.to_string())
    }
}

fn random(bytes: &mut [u8]) {
    rand::fill(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_sealed_secret_opens_for_its_run_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let (run, other) = (
            RunId(uuid::Uuid::from_u128(1)),
            RunId(uuid::Uuid::from_u128(2)),
        );
        let name: SecretName = "token".parse().unwrap();
        let sealed = KeyFile::new(path.clone())
            .seal(run, &name, &SecretText::new("s3cret".into()))
            .unwrap();
        assert!(!sealed.windows(6).any(|bytes| bytes == b"s3cret"));

        let again = KeyFile::new(path.clone());
        assert_eq!(again.open(run, &name, &sealed).unwrap().expose(), "s3cret");
        assert!(again.open(other, &name, &sealed).is_err());
        assert_eq!(
            std::fs::metadata(path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[test]
    fn no_key_file_is_made_before_there_is_a_secret() {
        let folder = tempfile::tempdir().unwrap();
        let _vault = KeyFile::new(folder.path().join("keys"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
