//! Bad files, and the sentence each gets.
//!
//! A case is a title, the file, and after `---->` what is said of it.

use crate::{read, source};
use gofer_config::Format::{self, Json, Toml, Yaml};

const CASES: [(Format, &str); 3] = [
    (Toml, include_str!("bad/toml.txt")),
    (Yaml, include_str!("bad/yaml.txt")),
    (Json, include_str!("bad/json.txt")),
];

struct Case<'t> {
    format: Format,
    title: &'t str,
    text: &'t str,
    said: &'t str,
}

fn cases() -> impl Iterator<Item = Case<'static>> {
    CASES.into_iter().flat_map(|(format, file)| {
        file.split("=== ").skip(1).map(move |case| {
            let (title, rest) = case.split_once('\n').unwrap();
            let (text, said) = rest.split_once("---->\n").unwrap();
            Case {
                format,
                title,
                text,
                said,
            }
        })
    })
}

#[test]
fn each_bad_file_gets_its_sentences() {
    for Case {
        format,
        title,
        text,
        said,
    } in cases()
    {
        let reading = read(format, text);
        let found = gofer_config::one_line(&source(format, text), &reading.findings);
        let found: String = found
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n")
            .collect();
        assert_eq!(found, said, "{format:?}: {title}");
        assert!(reading.pipeline.is_none(), "{format:?}: {title}");
    }
}

#[test]
fn there_are_many_bad_files() {
    assert!(cases().count() >= 60);
}

#[test]
fn a_caret_stands_under_each_finding() {
    for Case {
        format,
        title,
        text,
        said,
    } in cases()
    {
        let reading = read(format, text);
        let shown = gofer_config::render(&source(format, text), &reading.findings, false);
        assert_eq!(
            shown.matches("--> ").count(),
            said.lines().count(),
            "{format:?}: {title}\n{shown}"
        );
    }
}
