//! Secrets as their users see them.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod encodings;
mod file;
mod keyring;
mod masking;

use gofer_core::name::SecretName;
use gofer_secrets::{Masker, Patterns, SecretText, Stream};
use std::sync::Arc;

fn name(text: &str) -> SecretName {
    text.parse().unwrap()
}

fn secret(text: &str) -> SecretText {
    SecretText::new(text.to_owned())
}

fn patterns(values: &[&str]) -> Arc<Patterns> {
    let values: Vec<SecretText> = values.iter().map(|value| secret(value)).collect();
    let named: Vec<_> = values.iter().map(|value| (name("some"), value)).collect();
    let (patterns, too_short) = Masker::new(&named);
    assert_eq!(too_short, []);
    patterns
}

/// The chunks masked one after the other, and the sum of what was said to be decided.
fn masked<'a>(
    patterns: &Arc<Patterns>,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<u8>, usize) {
    let mut stream = Stream::new(Arc::clone(patterns));
    let mut out = Vec::new();
    let mut decided = 0;
    for chunk in chunks {
        decided += stream.push(chunk, &mut out);
    }
    decided += stream.finish(&mut out);
    (out, decided)
}

#[test]
fn a_secret_cannot_be_printed() {
    let value = secret("hunter2-and-more");
    let (patterns, _) = Masker::new(&[(name("password"), &value)]);
    let stream = Stream::new(Arc::clone(&patterns));
    let shown = format!("{value:?} {patterns:?} {stream:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.starts_with("[secret]"));
}
