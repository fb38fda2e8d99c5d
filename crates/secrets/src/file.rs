//! `NAME=value` files, and the environment.

use crate::SecretText;
use gofer_core::name::SecretName;
use std::{collections::HashMap, iter::Enumerate, str::Lines};

/// A line that cannot be read. It never holds a value, nor a piece of one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct FileError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: FileProblem,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    /// Neither `=` nor `<<`.
    #[error("expected NAME=value or NAME<<WORD; a comment starts with '#'")]
    NoValue,
    /// What stands before the sign is no name.
    #[error(
        "what stands before the value is not a secret's name: 1 to 63 letters, digits, '_' and '-', the first a letter or '_'"
    )]
    Name,
    /// `<<` without a word, or with several.
    #[error("expected one word of letters, digits and '_' after {name}<<")]
    Word {
        /// The secret.
        name: SecretName,
    },
    /// The word never comes again.
    #[error("{name}<< has no end: a line with the word alone is missing")]
    Unclosed {
        /// The secret.
        name: SecretName,
    },
    /// The name was there before.
    #[error("{name} is already set in line {first}; remove one of the two")]
    Twice {
        /// The secret.
        name: SecretName,
        /// Where it was set first.
        first: usize,
    },
}

/// A variable of the environment whose rest is not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the variable {variable:?} gives no secret's name after {prefix:?}: 1 to 63 letters, digits, '_' and '-', the first a letter or '_'"
)]
pub struct VariableError {
    /// The variable's name.
    pub variable: String,
    /// The prefix that it has.
    pub prefix: String,
}

/// Reads a file of secrets, and all its errors at once.
///
/// A value reaches to the end of its line, and one pair of outer quotes is taken off.
/// `NAME<<WORD` takes the lines up to the one that is `WORD`, joined by line feeds.
pub fn parse_file(text: &str) -> Result<Vec<(SecretName, SecretText)>, Vec<FileError>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines().enumerate();
    let mut seen: HashMap<SecretName, usize> = HashMap::new();
    let mut secrets = Vec::new();
    let mut errors = Vec::new();
    while let Some((index, line)) = lines.next() {
        let number = index + 1;
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        match entry(line, &mut lines) {
            Ok((name, value)) => {
                if let Some(&first) = seen.get(&name) {
                    let problem = FileProblem::Twice { name, first };
                    errors.push(FileError {
                        line: number,
                        problem,
                    });
                } else {
                    seen.insert(name.clone(), number);
                    secrets.push((name, value));
                }
            }
            Err(problem) => errors.push(FileError {
                line: number,
                problem,
            }),
        }
    }
    if errors.is_empty() {
        Ok(secrets)
    } else {
        Err(errors)
    }
}

fn entry(
    line: &str,
    rest: &mut Enumerate<Lines<'_>>,
) -> Result<(SecretName, SecretText), FileProblem> {
    let (name, value) = match (line.find('='), line.find("<<")) {
        (Some(sign), several) if several.is_none_or(|at| sign < at) => {
            let (name, value) = line.split_at(sign);
            (name, value.strip_prefix('=').unwrap_or(value))
        }
        (_, Some(several)) => {
            let (name, word) = line.split_at(several);
            return several_lines(name, word.strip_prefix("<<").unwrap_or(word), rest);
        }
        _ => return Err(FileProblem::NoValue),
    };
    let name = name.parse().map_err(|_| FileProblem::Name)?;
    Ok((name, SecretText::new(unquoted(value).to_owned())))
}

fn several_lines(
    name: &str,
    word: &str,
    rest: &mut Enumerate<Lines<'_>>,
) -> Result<(SecretName, SecretText), FileProblem> {
    let word = word.trim();
    let name = name.parse::<SecretName>();
    let is_word = !word.is_empty()
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let name = match (name, is_word) {
        (Ok(name), true) => name,
        (Ok(name), false) => return Err(FileProblem::Word { name }),
        (Err(_), false) => return Err(FileProblem::Name),
        (Err(_), true) => {
            // The lines belong to the bad name: read as lines of their own they would only
            // cause more errors.
            rest.by_ref().find(|(_, line)| *line == word);
            return Err(FileProblem::Name);
        }
    };
    let mut value = String::new();
    let mut is_first = true;
    for (_, line) in rest {
        if line == word {
            return Ok((name, SecretText::new(value)));
        }
        if !is_first {
            value.push('\n');
        }
        is_first = false;
        value.push_str(line);
    }
    Err(FileProblem::Unclosed { name })
}

fn unquoted(value: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value)
}

/// The secrets in the variables that begin with `prefix`, named by the rest of their names.
pub fn from_env_prefix(
    variables: impl IntoIterator<Item = (String, String)>,
    prefix: &str,
) -> Result<Vec<(SecretName, SecretText)>, Vec<VariableError>> {
    let mut secrets = Vec::new();
    let mut errors = Vec::new();
    for (variable, value) in variables {
        let value = SecretText::new(value);
        let Some(rest) = variable.strip_prefix(prefix) else {
            continue;
        };
        match rest.parse() {
            Ok(name) => secrets.push((name, value)),
            Err(_) => errors.push(VariableError {
                variable,
                prefix: prefix.to_owned(),
            }),
        }
    }
    if errors.is_empty() {
        Ok(secrets)
    } else {
        Err(errors)
    }
}
