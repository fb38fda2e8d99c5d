//! Names, parsed once. Holding one is proof that it was checked.

use serde::{Deserialize, Serialize};
use std::{borrow::Borrow, fmt, str::FromStr};

/// Why a text is not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Empty, or longer than the limit.
    #[error("{what} has 1 to {most} characters, this one has {found}")]
    Length {
        /// What kind of name it was to be.
        what: &'static str,
        /// The most characters allowed.
        most: usize,
        /// How many there are.
        found: usize,
    },
    /// A first character that the kind does not allow.
    #[error("{what} starts with {start}, not {found:?}")]
    FirstCharacter {
        /// What kind of name it was to be.
        what: &'static str,
        /// What it may start with.
        start: &'static str,
        /// What it starts with.
        found: char,
    },
    /// A later character that the kind does not allow.
    #[error("{what} is made of {rest}; {found:?} at position {at} is none of them")]
    Character {
        /// What kind of name it was to be.
        what: &'static str,
        /// What it may be made of.
        rest: &'static str,
        /// The character.
        found: char,
        /// Its byte position.
        at: usize,
    },
}

struct Rule {
    what: &'static str,
    most: usize,
    start: &'static str,
    is_start: fn(char) -> bool,
    rest: &'static str,
    is_rest: fn(char) -> bool,
}

fn check(rule: &Rule, text: &str) -> Result<(), InvalidName> {
    let found = text.chars().count();
    if found == 0 || found > rule.most {
        return Err(InvalidName::Length {
            what: rule.what,
            most: rule.most,
            found,
        });
    }
    for (at, found) in text.char_indices() {
        if at == 0 && !(rule.is_start)(found) {
            return Err(InvalidName::FirstCharacter {
                what: rule.what,
                start: rule.start,
                found,
            });
        }
        if at > 0 && !(rule.is_rest)(found) {
            return Err(InvalidName::Character {
                what: rule.what,
                rest: rule.rest,
                found,
                at,
            });
        }
    }
    Ok(())
}

fn lower(c: char) -> bool {
    c.is_ascii_lowercase()
}

fn lower_rest(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-'
}

fn param_rest(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'
}

fn word(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

fn word_rest(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn secret_rest(c: char) -> bool {
    word_rest(c) || c == '-'
}

fn object_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | '-')
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident: $what:literal, $most:literal, $start:literal $is_start:ident, $rest:literal $is_rest:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                check(&Rule {
                    what: $what, most: $most, start: $start, is_start: $is_start,
                    rest: $rest, is_rest: $is_rest,
                }, text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    )*};
}

names! {
    /// The name of a namespace.
    NamespaceName: "a namespace's name", 63, "a letter from a to z" lower, "a-z, 0-9, '-' and '_'" lower_rest;
    /// The name of a pipeline.
    PipelineName: "a pipeline's name", 63, "a letter from a to z" lower, "a-z, 0-9, '-' and '_'" lower_rest;
    /// The name of a task, unique in its pipeline.
    TaskName: "a task's name", 63, "a letter from a to z" lower, "a-z, 0-9, '-' and '_'" lower_rest;
    /// The name of a trigger; its identity over all versions.
    TriggerName: "a trigger's name", 63, "a letter from a to z" lower, "a-z, 0-9, '-' and '_'" lower_rest;
    /// The name of a service; also its host name.
    ServiceName: "a service's name", 63, "a letter from a to z" lower, "a-z, 0-9, '-' and '_'" lower_rest;
    /// The name of a pool.
    PoolName: "a pool's name", 63, "a letter from a to z" lower, "a-z, 0-9, '-' and '_'" lower_rest;
    /// The name of a scratch or persistent volume.
    VolumeName: "a volume's name", 63, "a letter from a to z" lower, "a-z, 0-9, '-' and '_'" lower_rest;
    /// The name of an extension.
    ExtensionName: "an extension's name", 63, "a letter from a to z" lower, "a-z, 0-9, '-' and '_'" lower_rest;
    /// The name of a param.
    ParamName: "a param's name", 63, "a letter from a to z" lower, "a-z, 0-9 and '_'" param_rest;
    /// The key of an output.
    OutputKey: "an output's key", 63, "a letter or '_'" word, "letters, digits and '_'" word_rest;
    /// The name of an environment variable.
    EnvName: "a variable's name", 63, "a letter or '_'" word, "letters, digits and '_'" word_rest;
    /// The name of a secret.
    SecretName: "a secret's name", 63, "a letter or '_'" word, "letters, digits, '_' and '-'" secret_rest;
    /// The key of an object.
    ObjectKey: "an object's key", 256, "a letter, a digit, '.', '_', '/' or '-'" object_char, "letters, digits, '.', '_', '/' and '-'" object_char;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_is_wrong_with_it() {
        let message = |text: &str| text.parse::<PipelineName>().unwrap_err().to_string();
        assert_eq!(
            message(""),
            "a pipeline's name has 1 to 63 characters, this one has 0"
        );
        assert_eq!(
            message("Etl"),
            "a pipeline's name starts with a letter from a to z, not 'E'"
        );
        assert_eq!(
            message("a b"),
            "a pipeline's name is made of a-z, 0-9, '-' and '_'; ' ' at position 1 is none of them"
        );
        assert!(message(&"a".repeat(64)).contains("this one has 64"));
        assert!("a".repeat(63).parse::<PipelineName>().is_ok());
    }

    #[test]
    fn names_that_could_climb_out_of_a_folder_are_refused() {
        for text in ["..", "a/b", "a\0", "-a", ".a", "a\u{202e}"] {
            assert!(text.parse::<TaskName>().is_err(), "{text:?}");
        }
    }
}
