//! What is executed: `script`, `command`, `entrypoint`.

use super::Scope;
use crate::{definition::Container, problem::Path};

impl Scope<'_> {
    /// `said` are the keys that stand together in one table.
    pub(super) fn exec(&mut self, path: &Path, said: &Container) {
        let Some(script) = &said.script else { return };
        for (key, is_there) in [
            ("command", said.command.is_some()),
            ("entrypoint", said.entrypoint.is_some()),
        ] {
            if is_there {
                let message = format!("`script` and `{key}` exclude each other: write one of them");
                self.report.error(path.at(key), message);
            }
        }
        if !script.starts_with("#!") && !script.contains("pipefail") && has_pipe(script) {
            let message = "of a pipe only the last command decides where /bin/sh does not know \
                           pipefail (Debian's dash does not): use a file in between, or begin with \
                           #!/bin/bash and `set -eo pipefail`";
            self.report.warning(path.at("script"), message);
        }
    }
}

/// Whether some line pipes one command into another. Quoted text, comments, `||`, `>|` and the
/// patterns of a `case` are no pipes.
fn has_pipe(script: &str) -> bool {
    let mut quote = None;
    let mut before = ' ';
    let mut letters = script.chars().peekable();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (None | Some('"'), '\\') => drop(letters.next()),
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(letter),
            (None, '#') if before.is_whitespace() => {
                while letters.peek().is_some_and(|letter| *letter != '\n') {
                    letters.next();
                }
            }
            (None, '|') if letters.peek() == Some(&'|') => drop(letters.next()),
            (None, '|') if before != '>' => match case_pattern(letters.clone()) {
                Some(length) => drop(letters.nth(length)),
                None => return true,
            },
            _ => {}
        }
        before = letter;
    }
    false
}

/// How many letters `b` has in `a|b) …`: a closing bracket comes before the word ends.
fn case_pattern(rest: impl Iterator<Item = char>) -> Option<usize> {
    let mut has_word = false;
    for (nth, letter) in rest.enumerate() {
        match letter {
            ')' => return Some(nth),
            '(' | ';' | '$' => return None,
            _ if letter.is_whitespace() && (has_word || letter != ' ') => return None,
            _ => has_word |= letter != ' ',
        }
    }
    None
}
