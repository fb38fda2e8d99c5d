//! Secrets: how they come in, how they lie on disk, and how they stay out of logs.
//!
//! Only this crate and the specification of a container hold a secret in clear. The type of one
//! cannot be printed or serialised; randomness comes in as an argument.
#![warn(missing_docs)]

mod file;
mod key_file;
mod keyring;
mod mask;
mod text;

pub use file::{FileError, FileProblem, VariableError, from_env_prefix, parse_file};
pub use key_file::KeyFileError;
pub use keyring::{Keyring, OpenError, SealError, Sealed};
pub use mask::{LEAST_BYTES, MASK, Masker, Patterns, Stream, mask_text};
pub use text::SecretText;
