//! Names in an expression: `outputs.list.files`, `tasks["load-it"].state`.

use super::{NO_ARITHMETIC, Parser, Token};
use crate::when::{Error, Name, Step};

impl Parser<'_> {
    pub(super) fn name(&mut self) -> Result<Name, Error> {
        let start = self.here().start;
        let root = match self.peek() {
            Some(Token::Word(word)) => word.clone(),
            None => return self.error("a value is expected here, and the expression ends"),
            Some(Token::Mark(mark)) => {
                return self.error(format!("a value is expected, not `{mark}`"));
            }
            Some(_) => return self.error("a name is expected"),
        };
        if let Some(message) = not_a_name(&root) {
            return self.error(message);
        }
        self.next += 1;
        let mut steps = Vec::new();
        loop {
            if self.take_mark(".") {
                steps.push(self.key_after_dot()?);
            } else if self.take_mark("[") {
                steps.push(self.step_in_brackets()?);
            } else {
                break;
            }
        }
        if self.is_mark("(") {
            return self.error("nothing can be called here");
        }
        let at = start..self.last_end();
        if self.is_mark("-") {
            return self.error(after_hyphen(&root));
        }
        Name::read(&root, steps, &at)
    }

    fn key_after_dot(&mut self) -> Result<Step, Error> {
        let Some(Token::Word(key)) = self.peek() else {
            return self.error("a key is expected after `.`; others are written [\"key\"] or [0]");
        };
        let key = Step::Key(key.clone());
        self.next += 1;
        Ok(key)
    }

    fn step_in_brackets(&mut self) -> Result<Step, Error> {
        let step = match self.peek() {
            Some(Token::Text(key)) => Step::Key(key.clone()),
            Some(Token::Integer(index)) => match usize::try_from(*index) {
                Ok(index) => Step::Index(index),
                Err(_) => return self.error("the position is too large"),
            },
            Some(Token::Mark("-")) => return self.error("positions count from 0, from the front"),
            Some(Token::Mark(":")) => return self.error("there are no slices"),
            _ => {
                return self.error("a key in quotes or a position is expected: [\"load-it\"], [0]");
            }
        };
        self.next += 1;
        if self.is_mark(":") {
            return self.error("there are no slices");
        }
        self.expect_mark("]", "here")?;
        Ok(step)
    }
}

fn after_hyphen(root: &str) -> String {
    let example = match root {
        "outputs" => "outputs[\"load-it\"].rows",
        "tasks" => "tasks[\"load-it\"].state",
        "event" => "event[\"head-commit\"]",
        _ => "item[\"zone-id\"]",
    };
    format!("{NO_ARITHMETIC}; a name with a hyphen is written {example}")
}

/// Why a word can never be a name.
fn not_a_name(word: &str) -> Option<String> {
    Some(match word {
        "True" | "TRUE" => "write `true`".to_owned(),
        "False" | "FALSE" => "write `false`".to_owned(),
        "none" | "None" | "null" | "nil" => {
            format!("there is no `{word}`; write `| default(…)` and compare with that")
        }
        "if" | "else" => "there is no `if`; join conditions with `and`, `or` and `not`".to_owned(),
        "and" | "or" | "in" | "is" | "not" => format!("a value is expected before `{word}`"),
        _ => return None,
    })
}
