//! Text into tokens, with what is not part of the language refused by name.

use super::Error;
use std::ops::Range;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Text(String),
    Integer(i64),
    Float(f64),
    Word(String),
    /// An operator or a bracket.
    Mark(&'static str),
}

pub(super) type Spanned = (Token, Range<usize>);

const MARKS: [&str; 16] = [
    "==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", ",", ".", "|", "-", ":", "=",
];

const REFUSED: [(&str, &str); 15] = [
    ("{{", "write the expression alone, without `{{` and `}}`"),
    ("{%", "write the expression alone, without `{%` and `%}`"),
    ("{#", "an expression has no comments"),
    ("#", "an expression has no comments"),
    ("&&", "write `and` instead of `&&`"),
    ("||", "write `or` instead of `||`"),
    ("**", NO_ARITHMETIC),
    ("//", NO_ARITHMETIC),
    ("+", NO_ARITHMETIC),
    ("*", NO_ARITHMETIC),
    ("/", NO_ARITHMETIC),
    ("%", NO_ARITHMETIC),
    ("~", "texts cannot be joined; compare each on its own"),
    ("{", "an expression has no records"),
    ("!", "write `not` instead of `!`"),
];

pub(super) const NO_ARITHMETIC: &str = "there is no arithmetic; compute it in a task's script";

pub(super) fn tokens(text: &str) -> Result<Vec<Spanned>, Error> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.chars().next().unwrap_or_default();
        let (token, length) = match first {
            ' ' | '\t' | '\r' | '\n' => {
                at += 1;
                continue;
            }
            '"' | '\'' => quoted(rest, first, at)?,
            '0'..='9' => number(rest, at)?,
            'a'..='z' | 'A'..='Z' | '_' => {
                let length = rest.bytes().take_while(|b| is_word(*b)).count();
                (
                    Token::Word(rest.get(..length).unwrap_or_default().to_owned()),
                    length,
                )
            }
            _ => mark(rest, first, at)?,
        };
        found.push((token, at..at + length));
        at += length;
    }
    Ok(found)
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn mark(rest: &str, first: char, at: usize) -> Result<(Token, usize), Error> {
    let refused = || REFUSED.iter().find(|(mark, _)| rest.starts_with(mark));
    if let Some((mark, why)) = refused().filter(|_| !rest.starts_with("!=")) {
        return Err(Error::new(at..at + mark.len(), *why));
    }
    if let Some(mark) = MARKS.into_iter().find(|mark| rest.starts_with(mark)) {
        return Ok((Token::Mark(mark), mark.len()));
    }
    let message = match first {
        '“' | '”' | '„' | '‘' | '’' => {
            format!("{first} is not a quote here: write \" or '")
        }
        '$' => "write `params.NAME`, `outputs.TASK.KEY` or `item`, without `$`".to_owned(),
        _ => format!("{first:?} has no meaning here"),
    };
    Err(Error::new(at..at + first.len_utf8(), message))
}

fn number(rest: &str, at: usize) -> Result<(Token, usize), Error> {
    let digits = |from: usize| {
        rest.bytes()
            .skip(from)
            .take_while(u8::is_ascii_digit)
            .count()
    };
    let whole = digits(0);
    let mut length = whole;
    if rest.as_bytes().get(whole) == Some(&b'.') {
        length += 1 + digits(whole + 1);
    }
    let text = rest.get(..length).unwrap_or_default();
    let tail = rest
        .bytes()
        .skip(length)
        .take_while(|b| is_word(*b))
        .count();
    let wrong = |why: &str| Error::new(at..at + length + tail, why);
    if tail > 0 || text.ends_with('.') {
        return Err(wrong("a number is written 12 or -1.5"));
    }
    let token = if length == whole {
        let large = |_| wrong("the number is too large: at most 9223372036854775807");
        Token::Integer(text.parse().map_err(large)?)
    } else {
        let value: f64 = text
            .parse()
            .map_err(|_| wrong("a number is written 12 or -1.5"))?;
        if !value.is_finite() {
            return Err(wrong("the number is too large"));
        }
        Token::Float(value)
    };
    Ok((token, length))
}

fn quoted(rest: &str, quote: char, at: usize) -> Result<(Token, usize), Error> {
    let mut text = String::new();
    let mut escaped = false;
    for (offset, c) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
            text.push(match c {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                '\\' | '"' | '\'' => c,
                _ => {
                    let place = at + offset - 1..at + offset + c.len_utf8();
                    let message = "only \\\\ \\\" \\' \\n \\r \\t have a meaning after a backslash";
                    return Err(Error::new(place, message));
                }
            });
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return Ok((Token::Text(text), offset + 1));
        } else {
            text.push(c);
        }
    }
    Err(Error::new(
        at..at + rest.len(),
        format!("the text that begins here has no closing {quote}"),
    ))
}
