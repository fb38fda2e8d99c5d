use super::{MOST_BYTES, parse};
use proptest::prelude::*;

fn read(file: &str) -> Vec<(String, String)> {
    let outputs = parse(file.as_bytes()).unwrap();
    outputs
        .into_iter()
        .map(|(key, value)| (key.to_string(), value))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn both_forms_are_read_and_the_last_of_equal_keys_wins() {
    for (file, expected) in [
        ("", &[][..]),
        ("a=1\n", &[("a", "1")]),
        ("a=1", &[("a", "1")]),
        ("a=\n", &[("a", "")]),
        ("a=x=y\n", &[("a", "x=y")]),
        ("a= b \n", &[("a", " b ")]),
        ("a=1\nb=2\na=3\n", &[("a", "3"), ("b", "2")]),
        ("a=x<<END\n", &[("a", "x<<END")]),
        (
            "a<<END\none\n\ntwo=3\nEND\nb=1\n",
            &[("a", "one\n\ntwo=3"), ("b", "1")],
        ),
        ("a<<END\nEND\n", &[("a", "")]),
        ("a<<END\n\nEND", &[("a", "")]),
        ("a<<E=F\nx\nE=F\n", &[("a", "x")]),
        ("a<<END\n END\nEND\n", &[("a", " END")]),
    ] {
        assert_eq!(read(file), pairs(expected), "{file:?}");
    }
}

#[test]
fn anything_else_is_a_sentence_with_the_line() {
    for (file, part) in [
        (
            "a=1\nnonsense\n",
            "line 2 of $GOFER_OUTPUT is neither KEY=VALUE nor KEY<<WORD",
        ),
        ("a=1\n\nb=2\n", "line 2"),
        (
            "1a=2\n",
            "an output's key starts with a letter or '_', not '1'",
        ),
        ("a b=2\n", "' ' at position 1"),
        ("=2\n", "has 1 to 63 characters"),
        ("a<<\n", "neither"),
        ("a<<END\none\nEND \n", "no line is just \"END\""),
    ] {
        let error = parse(file.as_bytes()).unwrap_err();
        assert!(error.contains(part), "{file:?}: {error}");
    }
    assert!(parse(b"a=\xff").unwrap_err().contains("byte 2"));
    let full = format!("a={}", "x".repeat(MOST_BYTES - 2));
    assert!(parse(full.as_bytes()).is_ok());
    assert!(
        parse(format!("{full}x").as_bytes())
            .unwrap_err()
            .contains("65536")
    );
}

proptest! {
    #[test]
    fn what_is_written_comes_back(values in prop::collection::btree_map("[A-Za-z_][A-Za-z0-9_]{0,8}", "[^\r]{0,40}", 0..8)) {
        let word = "a-word-that-no-value-holds";
        let file: String = values
            .iter()
            .map(|(key, value)| {
                if value.contains('\n') {
                    format!("{key}<<{word}\n{value}\n{word}\n")
                } else {
                    format!("{key}={value}\n")
                }
            })
            .collect();
        let expected: Vec<_> = values.into_iter().collect();
        prop_assert_eq!(read(&file), expected);
    }

    #[test]
    fn no_file_makes_it_panic(file in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&file);
    }

    #[test]
    fn a_key_is_never_longer_than_what_was_written(file in "([a-z=<\n]{0,30}\n){0,6}") {
        if let Ok(outputs) = parse(file.as_bytes()) {
            for (key, value) in outputs {
                prop_assert!(file.contains(key.as_str()) && file.contains(&value));
            }
        }
    }
}
