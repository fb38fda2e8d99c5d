//! Who asks.

use crate::{ApiError, App};
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::request::Parts,
};
use tokio::net::UnixStream;

/// Who may ask, and how they show who they are.
#[derive(Clone, Debug)]
pub enum Authority {
    /// Processes of this user on this machine: the kernel says who is at the other end.
    PeerUid {
        /// The user.
        uid: u32,
        /// What the user is called, for those who read what was done.
        name: String,
    },
}

/// The other end of a Unix socket, as the kernel knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its user; `None` if the kernel does not say.
    pub uid: Option<u32>,
}

impl Peer {
    pub(crate) fn of(stream: &UnixStream) -> Self {
        Self {
            uid: stream.peer_cred().ok().map(|cred| cred.uid()),
        }
    }
}

/// Somebody who may ask: holding one is proof that it was checked.
#[derive(Clone, Debug)]
pub struct Caller {
    name: String,
}

impl Caller {
    /// For the history of what was done.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let peer = parts
            .extensions
            .get::<ConnectInfo<Peer>>()
            .and_then(|info| info.0.uid);
        match &*app.authority {
            Authority::PeerUid { uid, name } if peer == Some(*uid) => {
                Ok(Self { name: name.clone() })
            }
            Authority::PeerUid { .. } => Err(ApiError::Forbidden),
        }
    }
}
