//! Single values, and the sentences about those that are not what they should be.

use super::{
    walk::{At, Walk},
    words,
};
use crate::{
    document::{Node, Value},
    keys::{Name, Word},
};
use gofer_core::{Span, definition::Json};

/// A value as a sentence names it.
pub(super) fn shown(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(boolean) => boolean.to_string(),
        Value::Int(whole) => whole.to_string(),
        Value::Float(_, spelling) => spelling.clone(),
        Value::Text(text) => quoted(text),
        Value::List(_) => "a list".to_owned(),
        Value::Table(_) => "a table".to_owned(),
    }
}

fn quoted(text: &str) -> String {
    let mut start: String = text.chars().take(40).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    format!("{start:?}")
}

impl Walk {
    /// Says that a value is not what is expected.
    pub(super) fn wrong<T>(&mut self, at: At<'_>, expected: &str) -> Option<T> {
        self.say(
            &at.node.span,
            format!("{} is not {expected}", shown(at.node)),
        );
        None
    }

    pub(super) fn text<'a>(&mut self, at: At<'a>, least: usize, most: usize) -> Option<&'a str> {
        let text = match &at.node.value {
            Value::Text(text) => text,
            Value::List(_) | Value::Table(_) | Value::Null => return self.wrong(at, "text"),
            _ => {
                let fix = shown(at.node);
                return self.wrong(at, &format!("text: write \"{fix}\""));
            }
        };
        self.is_right_text(at, text, least, most, false)
            .then_some(text)
    }

    pub(super) fn characters<'a>(
        &mut self,
        at: At<'a>,
        least: usize,
        most: usize,
    ) -> Option<&'a str> {
        let text = self.text(at, least, usize::MAX)?;
        let found = text.chars().count();
        if found > most {
            self.say(
                &at.node.span,
                format!("{} has {found} characters; at most {most}", at.label),
            );
            return None;
        }
        Some(text)
    }

    fn is_right_text(
        &mut self,
        at: At<'_>,
        text: &str,
        least: usize,
        most: usize,
        nul: bool,
    ) -> bool {
        let (span, label) = (&at.node.span, at.label);
        if least > 0 && text.trim().is_empty() {
            self.say(span, format!("{label} is empty"));
        } else if text.len() > most {
            let remedy = if label.starts_with("env.") {
                " fit into a variable. Use `files`"
            } else {
                ""
            };
            self.say(
                span,
                format!("{label} has {} bytes; at most {most}{remedy}", text.len()),
            );
        } else if !nul && text.contains('\0') {
            self.say(
                span,
                format!("{label} holds a NUL, which cannot be passed on"),
            );
        } else {
            return true;
        }
        false
    }

    pub(super) fn name<'a>(&mut self, at: At<'a>, name: &Name) -> Option<&'a str> {
        let text = self.text(at, 0, usize::MAX)?;
        self.is_name(at, text, name).then_some(text)
    }

    fn is_name(&mut self, at: At<'_>, text: &str, name: &Name) -> bool {
        let checked = (name.check)(text);
        if let Err(message) = &checked {
            self.say(&at.node.span, message.as_str());
        }
        checked.is_ok()
    }

    pub(super) fn absolute<'a>(&mut self, at: At<'a>) -> Option<&'a str> {
        self.name(at, &crate::keys::PATH)
    }

    pub(super) fn boolean(&mut self, at: At<'_>) -> Option<bool> {
        let guess = match &at.node.value {
            Value::Bool(boolean) => return Some(*boolean),
            Value::Text(text) => text.to_ascii_lowercase(),
            _ => String::new(),
        };
        match guess.as_str() {
            "true" | "yes" | "on" => self.wrong(at, "a boolean: write true"),
            "false" | "no" | "off" => self.wrong(at, "a boolean: write false"),
            _ => self.wrong(at, "a boolean: true or false"),
        }
    }

    pub(super) fn int(&mut self, at: At<'_>, least: i64, most: i64) -> Option<i64> {
        let whole = match &at.node.value {
            Value::Int(whole) => *whole,
            Value::Text(text) if text.parse::<i64>().is_ok() => {
                return self.wrong(at, &format!("a whole number: write {text}"));
            }
            _ => return self.wrong(at, "a whole number"),
        };
        let bound = if whole < least {
            format!("at least {least}")
        } else if whole > most {
            format!("at most {most}")
        } else {
            return Some(whole);
        };
        self.say(&at.node.span, format!("{} is {whole}; {bound}", at.label));
        None
    }

    pub(super) fn duration(&mut self, at: At<'_>, least: &str, most: &str) -> Option<String> {
        let Value::Text(text) = &at.node.value else {
            return self.wrong(
                at,
                "a duration: text with a unit, such as \"90s\" or \"1h30m\"",
            );
        };
        let span: Span = match text.parse() {
            Ok(span) => span,
            Err(_) => return self.wrong(at, "a duration: a number with a unit (ms, s, m, h, d), largest first, such as \"90s\" or \"1h30m\""),
        };
        let bound = |text: &str| text.parse::<Span>().ok();
        let said = if bound(least).is_some_and(|least| span < least) {
            format!("at least {least}")
        } else if bound(most).is_some_and(|most| span > most) {
            format!("at most {most}")
        } else {
            return Some(span.to_string());
        };
        self.say(&at.node.span, format!("{} is {text}; {said}", at.label));
        None
    }

    pub(super) fn word(&mut self, at: At<'_>, words: &'static [Word]) -> Option<&'static str> {
        let text = match &at.node.value {
            Value::Text(text) => text.as_str(),
            _ => "",
        };
        let all = words.iter().map(|known| known.word);
        if let Some(word) = all.clone().find(|word| *word == text) {
            return Some(word);
        }
        let meant =
            words::closest(text, all.clone()).map(|word| format!(", did you mean \"{word}\"?"));
        let list = all
            .map(|word| format!("\"{word}\""))
            .collect::<Vec<_>>()
            .join(", ");
        let list = if words.len() == 1 {
            list
        } else {
            format!("one of {list}")
        };
        self.wrong(at, &format!("{list}{}", meant.unwrap_or_default()))
    }

    pub(super) fn literal(&mut self, at: At<'_>, most: usize, nul: bool) -> Option<Json> {
        match &at.node.value {
            Value::Bool(boolean) => Some(Json::from(*boolean)),
            Value::Int(whole) => Some(Json::from(*whole)),
            Value::Text(text) => self
                .is_right_text(at, text, 0, most, nul)
                .then(|| Json::from(text.as_str())),
            Value::Float(_, spelling) => {
                let message = format!(
                    "{spelling} is a number that could be written in other ways; quote it: \"{spelling}\""
                );
                self.say(&at.node.span, message);
                None
            }
            _ => self.wrong(at, "text, a whole number or a boolean"),
        }
    }
}
