//! Secrets out of a stream of bytes, whatever their encoding and wherever a chunk ends.
//!
//! All forms of all secrets are one automaton. Its state says where the earliest match that is
//! still possible would begin; what lies before that is decided and goes out, the rest is held.
//! Since no match reaches across a decided position, masking may start again at one: a new
//! [`Stream`] fed from there gives what the old one would have given.

mod automaton;
mod filter;
mod forms;
mod stream;

pub use stream::{Stream, mask_text};

use crate::SecretText;
use automaton::Automaton;
use filter::Filter;
use gofer_core::name::SecretName;
use std::{collections::BTreeSet, fmt, sync::Arc};
use zeroize::Zeroize;

/// What stands where a secret stood.
pub const MASK: &[u8] = b"***";

/// Shorter secrets are not masked: they would blot out half the log.
pub const LEAST_BYTES: usize = 6;

/// Every form of every secret of a run, ready to be looked for.
pub struct Patterns {
    automaton: Automaton,
    filter: Filter,
}

/// The entrance: `Masker::new(secrets)`.
pub type Masker = Patterns;

impl Patterns {
    /// Also says which secrets are too short to be masked.
    pub fn new(secrets: &[(SecretName, &SecretText)]) -> (Arc<Self>, Vec<SecretName>) {
        let mut forms: BTreeSet<Vec<u8>> = BTreeSet::new();
        let mut too_short = Vec::new();
        for (name, secret) in secrets {
            if secret.expose().trim().len() < LEAST_BYTES {
                too_short.push(name.clone());
                continue;
            }
            forms.extend(forms::all(secret.expose()));
        }
        let automaton = Automaton::new(forms.iter().map(Vec::as_slice));
        let filter = Filter::new(forms.iter().map(Vec::as_slice));
        for mut form in forms {
            form.zeroize();
        }
        (Arc::new(Self { automaton, filter }), too_short)
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.automaton.is_empty()
    }
}

impl fmt::Debug for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[patterns of secrets]")
    }
}
