//! JSON (RFC 8259), with places. Nothing is added to it: no comments, no trailing commas.

use super::{Fault, Key, MOST_DEPTH, Node, Value};
use std::ops::Range;

pub(super) fn parse(text: &str) -> (Option<Node>, Vec<Fault>) {
    let mut reader = Reader {
        text,
        at: 0,
        doubled: Vec::new(),
    };
    if text.starts_with('\u{feff}') {
        reader.at = '\u{feff}'.len_utf8();
    }
    let read = reader.value(0).and_then(|node| {
        reader.space();
        match reader.peek() {
            None => Ok(node),
            Some(_) => Err(reader.wrong("one value is expected, here a second one begins")),
        }
    });
    match read {
        Ok(node) => (Some(node), reader.doubled),
        Err(fault) => (None, reader.doubled.into_iter().chain([fault]).collect()),
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    doubled: Vec<Fault>,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, expected: char) -> bool {
        let is_there = self.peek() == Some(expected);
        if is_there {
            self.at += expected.len_utf8();
        }
        is_there
    }

    fn space(&mut self) {
        self.at += self
            .rest()
            .bytes()
            .take_while(|byte| b" \t\r\n".contains(byte))
            .count();
    }

    fn wrong(&self, what: &str) -> Fault {
        let length = self.peek().map_or(0, char::len_utf8);
        Fault::new(self.at..self.at + length, format!("not JSON: {what}"))
    }

    fn value(&mut self, depth: usize) -> Result<Node, Fault> {
        if depth > MOST_DEPTH {
            return Err(self.wrong(&format!("more than {MOST_DEPTH} levels")));
        }
        self.space();
        let start = self.at;
        let value = match self.peek() {
            Some('{') => self.table(depth)?,
            Some('[') => self.list(depth)?,
            Some('"') => Value::Text(self.string()?),
            Some('-' | '0'..='9') => self.number()?,
            Some('a'..='z') => self.word()?,
            Some(_) => return Err(self.wrong("a value is expected")),
            None => return Err(self.wrong("a value is expected, the text ends here")),
        };
        Ok(Node {
            span: start..self.at,
            value,
        })
    }

    fn word(&mut self) -> Result<Value, Fault> {
        let length = self
            .rest()
            .bytes()
            .take_while(u8::is_ascii_alphanumeric)
            .count();
        let span: Range<usize> = self.at..self.at + length;
        let value = match self.text.get(span.clone()) {
            Some("true") => Value::Bool(true),
            Some("false") => Value::Bool(false),
            Some("null") => Value::Null,
            _ => {
                return Err(Fault::new(
                    span,
                    "not JSON: a value is expected; text stands in double quotes",
                ));
            }
        };
        self.at = span.end;
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, Fault> {
        let length = self
            .rest()
            .bytes()
            .take_while(|b| b.is_ascii_digit() || b"+-.eE".contains(b))
            .count();
        let spelling = self
            .text
            .get(self.at..self.at + length)
            .unwrap_or_default()
            .to_owned();
        // serde_json knows the grammar of a number exactly.
        if serde_json::from_str::<serde_json::Number>(&spelling).is_err() {
            return Err(Fault::new(
                self.at..self.at + length,
                "not JSON: this is not a number",
            ));
        }
        self.at += length;
        Ok(match spelling.parse::<i64>() {
            Ok(whole) => Value::Int(whole),
            Err(_) => Value::Float(spelling.parse().unwrap_or(f64::NAN), spelling),
        })
    }

    fn string(&mut self) -> Result<String, Fault> {
        let start = self.at;
        let mut is_escaped = false;
        for (offset, found) in self.rest().char_indices().skip(1) {
            match found {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                '"' => {
                    let span = start..start + offset + 1;
                    self.at = span.end;
                    let quoted = self.text.get(span.clone()).unwrap_or_default();
                    return serde_json::from_str(quoted).map_err(|_| {
                        Fault::new(span, "not JSON: an escape in this text is not one")
                    });
                }
                '\u{0}'..'\u{20}' => {
                    let at = start + offset;
                    return Err(Fault::new(
                        at..at + 1,
                        "not JSON: a control character in text is written \\n, \\t or \\u0000",
                    ));
                }
                _ => {}
            }
        }
        Err(Fault::new(
            start..start + 1,
            "not JSON: this text has no closing quote",
        ))
    }

    fn list(&mut self, depth: usize) -> Result<Value, Fault> {
        self.take('[');
        let mut items = Vec::new();
        self.space();
        if self.take(']') {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            match self.peek() {
                Some(',') => self.at += 1,
                Some(']') => break self.at += 1,
                _ => return Err(self.wrong("`,` or `]` is expected")),
            }
        }
        Ok(Value::List(items))
    }

    fn table(&mut self, depth: usize) -> Result<Value, Fault> {
        self.take('{');
        let mut entries = super::Entries::default();
        self.space();
        if self.take('}') {
            return Ok(Value::Table(Vec::new()));
        }
        loop {
            self.space();
            if self.peek() != Some('"') {
                return Err(self.wrong("a key in double quotes is expected"));
            }
            let start = self.at;
            let key = Key {
                name: self.string()?,
                span: start..self.at,
            };
            self.space();
            if !self.take(':') {
                return Err(self.wrong("`:` is expected"));
            }
            let node = self.value(depth + 1)?;
            self.doubled.extend(entries.add(key, node));
            self.space();
            match self.peek() {
                Some(',') => self.at += 1,
                Some('}') => break self.at += 1,
                _ => return Err(self.wrong("`,` or `}` is expected")),
            }
        }
        Ok(Value::Table(entries.into_vec()))
    }
}
