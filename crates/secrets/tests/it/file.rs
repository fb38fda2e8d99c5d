use crate::name;
use gofer_secrets::{from_env_prefix, parse_file};

fn read(text: &str) -> Vec<(String, String)> {
    let secrets = parse_file(text).unwrap();
    secrets
        .iter()
        .map(|(name, value)| (name.to_string(), value.expose().to_owned()))
        .collect()
}

fn errors(text: &str) -> Vec<String> {
    parse_file(text)
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn a_value_reaches_to_the_end_of_its_line() {
    let text = "\u{feff}# comment\n\n  \t\n  # another\nA=b # c=d\nTOKEN-1= x \nEMPTY=\n\
        _u=a<<b\nurl=postgres://u:p@h/d?a=b";
    let expected = [
        pair("A", "b # c=d"),
        pair("TOKEN-1", " x "),
        pair("EMPTY", ""),
        pair("_u", "a<<b"),
        pair("url", "postgres://u:p@h/d?a=b"),
    ];
    assert_eq!(read(text), expected);
}

#[test]
fn one_pair_of_outer_quotes_is_taken_off() {
    let text = "a=\"x y\"\nb='x'\nc=\"\"x\"\"\nd=\"x'\ne=\"\nf=''\ng=x\"y\"";
    let expected = [
        pair("a", "x y"),
        pair("b", "x"),
        pair("c", "\"x\""),
        pair("d", "\"x'"),
        pair("e", "\""),
        pair("f", ""),
        pair("g", "x\"y\""),
    ];
    assert_eq!(read(text), expected);
}

#[test]
fn a_value_of_several_lines_ends_with_its_word() {
    let text = "KEY<<END\n# not a comment\n a=b\n\nENDE\nEND\nz=1\nnone<<E\nE\nnl<<E\nx\n\nE\n";
    let expected = [
        pair("KEY", "# not a comment\n a=b\n\nENDE"),
        pair("z", "1"),
        pair("none", ""),
        pair("nl", "x\n"),
    ];
    assert_eq!(read(text), expected);
    assert_eq!(read(&text.replace('\n', "\r\n")), expected);
}

#[test]
fn every_bad_line_is_named_and_no_value_is_shown() {
    let text = "good=hush-hush\nhush-hush\n=hush-hush\nbad name=hush-hush\n9=hush-hush\n\
        good=hush-hush\nword<<two words\nx y<<E\nhush-hush\nE\nlast<<E\nhush-hush\n";
    let errors = errors(text);
    assert_eq!(errors.len(), 8, "{errors:#?}");
    assert!(
        errors.iter().all(|error| !error.contains("hush")),
        "{errors:#?}"
    );
    let lines = [2, 3, 4, 5, 6, 7, 8, 11];
    for (error, line) in errors.iter().zip(lines) {
        assert!(error.starts_with(&format!("line {line}: ")), "{error}");
    }
    assert_eq!(
        errors[4],
        "line 6: good is already set in line 1; remove one of the two"
    );
    assert_eq!(
        errors[7],
        "line 11: last<< has no end: a line with the word alone is missing"
    );
}

#[test]
fn the_environment_gives_what_has_the_prefix() {
    let variables = [
        ("CI_token", "t"),
        ("PATH", "/bin"),
        ("CI_", "x"),
        ("CI_9", "hush"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let found = from_env_prefix(variables[..2].to_vec(), "CI_").unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].0, found[0].1.expose()), (&name("token"), "t"));
    let errors = from_env_prefix(variables.to_vec(), "CI_").unwrap_err();
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors.len(), 2);
    assert!(
        errors[1].contains("\"CI_9\"") && !errors[1].contains("hush"),
        "{errors:?}"
    );
}
