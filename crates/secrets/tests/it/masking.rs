use crate::{masked, name, patterns, secret};
use gofer_secrets::{Masker, Stream, mask_text};
use proptest::prelude::*;
use std::sync::Arc;

/// The plainest means: every occurrence, those that overlap as one.
fn model(secrets: &[String], text: &[u8]) -> Vec<u8> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for start in 0..text.len() {
        let longest = secrets
            .iter()
            .filter(|secret| text[start..].starts_with(secret.as_bytes()))
            .map(String::len)
            .max();
        let Some(length) = longest else { continue };
        match found.last_mut() {
            Some(last) if last.1 > start => last.1 = last.1.max(start + length),
            _ => found.push((start, start + length)),
        }
    }
    let mut out = Vec::new();
    let mut at = 0;
    for (start, end) in found {
        out.extend_from_slice(&text[at..start]);
        out.extend_from_slice(b"***");
        at = end;
    }
    out.extend_from_slice(&text[at..]);
    out
}

fn chunks<'a>(text: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = text;
    let mut chunks = Vec::new();
    for &size in sizes {
        let (chunk, more) = rest.split_at(size.min(rest.len()));
        chunks.push(chunk);
        rest = more;
    }
    chunks.push(rest);
    chunks
}

/// Texts made of pieces of the secrets, so that they overlap, break off and follow each other.
fn secrets_and_text() -> impl Strategy<Value = (Vec<String>, String)> {
    let secrets = proptest::collection::vec("[ab]{6,14}", 1..5);
    let cuts = proptest::collection::vec((0..5usize, 0..4usize, 0..4usize, "[abc]{0,3}"), 0..9);
    (secrets, cuts).prop_map(|(secrets, cuts)| {
        let mut text = String::new();
        for (number, front, back, between) in cuts {
            let secret = &secrets[number % secrets.len()];
            text.push_str(&secret[front..]);
            text.push_str(&secret[..secret.len() - back]);
            text.push_str(&between);
        }
        (secrets, text)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn secrets_that_overlap_and_repeat_are_masked_whole(
        (secrets, text) in secrets_and_text(),
        sizes in proptest::collection::vec(0..30usize, 0..10),
    ) {
        let values: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let patterns = patterns(&values);
        let expected = model(&secrets, text.as_bytes());
        let (out, decided) = masked(&patterns, chunks(text.as_bytes(), &sizes));
        prop_assert_eq!(String::from_utf8(out), String::from_utf8(expected));
        prop_assert_eq!(decided, text.len());
    }

    #[test]
    fn masking_begun_again_at_a_decided_byte_gives_the_same(
        (secrets, text) in secrets_and_text(),
        sizes in proptest::collection::vec(0..30usize, 1..10),
    ) {
        let values: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let patterns = patterns(&values);
        let (whole, _) = masked(&patterns, [text.as_bytes()]);
        let mut stream = Stream::new(Arc::clone(&patterns));
        let mut out = Vec::new();
        let mut decided = 0;
        for chunk in chunks(text.as_bytes(), &sizes) {
            decided += stream.push(chunk, &mut out);
            let (rest, _) = masked(&patterns, [&text.as_bytes()[decided..]]);
            prop_assert_eq!(&[out.as_slice(), &rest].concat(), &whole);
        }
    }

    #[test]
    fn without_a_copy_comes_the_same(
        (secrets, text) in secrets_and_text(),
        sizes in proptest::collection::vec(0..30usize, 1..10),
    ) {
        let values: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let patterns = patterns(&values);
        let [mut copied, mut lent] = [(); 2].map(|()| Stream::new(Arc::clone(&patterns)));
        let mut scratch = Vec::new();
        for chunk in chunks(text.as_bytes(), &sizes) {
            let mut out = Vec::new();
            let decided = copied.push(chunk, &mut out);
            prop_assert_eq!(lent.mask(chunk, &mut scratch), (out.as_slice(), decided));
        }
    }
}

const ORDINARY: &str = include_str!("../../../../Cargo.lock");

#[test]
fn ordinary_text_is_left_as_it_is_and_not_even_copied() {
    let patterns = patterns(&[
        "ghp_9aKd02mQx81LpZsTq",
        "correct horse battery staple",
        "{\n  \"private_key\": \"abc+/def\"\n}",
        "AKIAIOSFODNN7EXAMPLE",
    ]);
    let mut stream = Stream::new(patterns);
    let mut scratch = Vec::new();
    let mut passed = 0;
    for line in ORDINARY.split_inclusive('\n') {
        let (out, decided) = stream.mask(line.as_bytes(), &mut scratch);
        assert_eq!(
            (out.as_ptr(), out.len(), decided),
            (line.as_ptr(), line.len(), line.len())
        );
        passed += line.len();
    }
    assert_eq!(passed, ORDINARY.len());
    assert!(passed > 50_000);
}

#[test]
fn only_what_may_begin_a_secret_is_held() {
    let patterns = patterns(&["swordfish-1234"]);
    let mut stream = Stream::new(patterns);
    let mut out = Vec::new();
    assert_eq!(stream.push(b"a prompt> sword", &mut out), 10);
    assert_eq!(out, b"a prompt> ");
    assert_eq!(stream.push(b"s", &mut out), 5);
    assert_eq!(out, b"a prompt> sword");
    assert_eq!(stream.push(b"wordfish-1234", &mut out), 14);
    assert_eq!(out, b"a prompt> sword***");
    assert_eq!(stream.push(b"swordfish", &mut out), 0);
    assert_eq!(stream.finish(&mut out), 9);
    assert_eq!(out, b"a prompt> sword***swordfish");
}

#[test]
fn a_secret_that_never_stops_costs_no_memory() {
    let patterns = patterns(&["aaaaaaaa"]);
    let mut stream = Stream::new(patterns);
    let mut out = Vec::new();
    let chunk = vec![b'a'; 64 * 1024];
    for _ in 0..100 {
        assert_eq!(stream.push(&chunk, &mut out), 0);
    }
    assert!(out.is_empty());
    assert_eq!(stream.push(b".", &mut out), 6_553_601);
    assert_eq!(out, b"***.");
}

#[test]
fn a_secret_too_short_to_be_masked_is_named() {
    let [long, short, blank, empty] = ["long enough", "12345", "  a \n\n\n ", ""].map(secret);
    let (patterns, too_short) = Masker::new(&[
        (name("long"), &long),
        (name("short"), &short),
        (name("blank"), &blank),
        (name("empty"), &empty),
    ]);
    assert_eq!(too_short, [name("short"), name("blank"), name("empty")]);
    assert_eq!(mask_text(&patterns, "12345 long enough"), "12345 ***");
}

#[test]
fn without_secrets_all_goes_through_at_once() {
    let (patterns, _) = Masker::new(&[]);
    assert!(patterns.is_empty());
    let mut stream = Stream::new(Arc::clone(&patterns));
    let mut scratch = Vec::new();
    let text = b"anything".as_slice();
    let (out, decided) = stream.mask(text, &mut scratch);
    assert_eq!((out.as_ptr(), decided), (text.as_ptr(), 8));
    assert_eq!(stream.finish(&mut scratch), 0);
    assert_eq!(mask_text(&patterns, "schlüssel"), "schlüssel");
}
