//! Envelopes: a key of its own for each secret, sealed by a key of the key file.

use crate::{
    SecretText,
    key_file::{self, Key, KeyFileError, KeyId},
};
use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use gofer_core::name::SecretName;
use std::{fmt, path::Path};
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const NONCE: usize = 24;
const SEALED_KEY: usize = 32 + 16;

/// The secret cannot be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret is too long to be sealed")]
pub struct SealError;

/// Why a sealed secret stays shut.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Its key is not in the key file.
    #[error(
        "the secret {name:?} was sealed with a key that is not in the key file; put the old key file back, or set the secret again"
    )]
    UnknownKey {
        /// The secret.
        name: String,
    },
    /// Altered, cut, or sealed for another name or scope.
    #[error("the sealed secret {name:?} is damaged or was sealed for something else; set it again")]
    Damaged {
        /// The secret.
        name: String,
    },
}

/// A secret as it lies on disk: opaque, and safe to copy anywhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// What the store gave back.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// For the store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// For the store.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[sealed, {} bytes]", self.0.len())
    }
}

/// The keys of one key file.
pub struct Keyring {
    current: Key,
    older: Vec<Key>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} keys]", self.older.len() + 1)
    }
}

impl Keyring {
    /// Reads the key file, and makes it, with one new key, if there is none. Its folder exists.
    pub fn open_or_create(
        path: &Path,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Self, KeyFileError> {
        let mut older = if let Some(keys) = key_file::read(path)? {
            keys
        } else {
            key_file::create(path, random)?;
            // Read back, since another process may have been faster.
            key_file::read(path)?.unwrap_or_default()
        };
        let current = older.pop().ok_or_else(|| KeyFileError::Empty {
            path: path.to_owned(),
        })?;
        Ok(Self { current, older })
    }

    /// Seals a value for this scope and this name.
    pub fn seal(
        &self,
        scope: &str,
        name: &SecretName,
        value: &SecretText,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Sealed, SealError> {
        let mut key = Zeroizing::new([0; 32]);
        let mut outer = [0; NONCE];
        let mut inner = [0; NONCE];
        random(&mut *key);
        random(&mut outer);
        random(&mut inner);
        let context = context(self.current.id, scope, name);
        let sealed_key = encrypt(&self.current.bytes, &outer, &*key, &context)?;
        let body = encrypt(&key, &inner, value.expose().as_bytes(), &context)?;
        let parts = [
            &[VERSION],
            &self.current.id[..],
            &outer,
            &sealed_key,
            &inner,
            &body,
        ];
        Ok(Sealed(parts.concat()))
    }

    /// Opens what was sealed for this scope and this name.
    pub fn open(
        &self,
        scope: &str,
        name: &SecretName,
        sealed: &Sealed,
    ) -> Result<SecretText, OpenError> {
        let damaged = || OpenError::Damaged {
            name: name.to_string(),
        };
        let parts = parts(&sealed.0).ok_or_else(damaged)?;
        let key = std::iter::once(&self.current)
            .chain(&self.older)
            .find(|key| key.id == parts.id)
            .ok_or_else(|| OpenError::UnknownKey {
                name: name.to_string(),
            })?;
        let context = context(parts.id, scope, name);
        let opened =
            decrypt(&key.bytes, &parts.outer, parts.sealed_key, &context).ok_or_else(damaged)?;
        let mut data_key = Zeroizing::new([0; 32]);
        if opened.len() != data_key.len() {
            return Err(damaged());
        }
        data_key.copy_from_slice(&opened);
        let mut value =
            decrypt(&data_key, &parts.inner, parts.body, &context).ok_or_else(damaged)?;
        let text = String::from_utf8(std::mem::take(&mut *value)).map_err(|_| damaged())?;
        Ok(SecretText::new(text))
    }
}

struct Parts<'a> {
    id: KeyId,
    outer: [u8; NONCE],
    sealed_key: &'a [u8],
    inner: [u8; NONCE],
    body: &'a [u8],
}

fn parts(bytes: &[u8]) -> Option<Parts<'_>> {
    let rest = bytes.strip_prefix(&[VERSION])?;
    let (id, rest) = rest.split_first_chunk()?;
    let (outer, rest) = rest.split_first_chunk()?;
    let (sealed_key, rest) = rest.split_at_checked(SEALED_KEY)?;
    let (inner, body) = rest.split_first_chunk()?;
    Some(Parts {
        id: *id,
        outer: *outer,
        sealed_key,
        inner: *inner,
        body,
    })
}

/// What a sealed secret is bound to: moved to another name or scope, it does not open.
fn context(id: KeyId, scope: &str, name: &SecretName) -> Vec<u8> {
    let scope_length = (scope.len() as u64).to_le_bytes();
    [
        &[VERSION],
        &id[..],
        &scope_length,
        scope.as_bytes(),
        name.as_str().as_bytes(),
    ]
    .concat()
}

fn encrypt(
    key: &[u8; 32],
    nonce: &[u8; NONCE],
    msg: &[u8],
    aad: &[u8],
) -> Result<Vec<u8>, SealError> {
    XChaCha20Poly1305::new(key.into())
        .encrypt(&XNonce::from(*nonce), Payload { msg, aad })
        .map_err(|_| SealError)
}

fn decrypt(
    key: &[u8; 32],
    nonce: &[u8; NONCE],
    msg: &[u8],
    aad: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    XChaCha20Poly1305::new(key.into())
        .decrypt(&XNonce::from(*nonce), Payload { msg, aad })
        .ok()
        .map(Zeroizing::new)
}
