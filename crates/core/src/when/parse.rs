//! Tokens into a tree, by recursive descent.

mod names;

use super::{
    Error, MOST_CHARACTERS,
    lex::{self, NO_ARITHMETIC, Spanned, Token},
    tree::{Filter, Node, Op, What},
};
use crate::{definition::Json, suggest};
use std::ops::Range;

/// How deep brackets and `not` may nest: the stack is not the user's.
const DEEPEST: usize = 50;

const FILTERS: [&str; 7] = [
    "int", "float", "length", "lower", "trim", "split", "default",
];
const TESTS: [&str; 2] = ["startingwith", "endingwith"];

pub(super) fn expression(text: &str) -> Result<Node, Error> {
    let length = text.chars().count();
    if length > MOST_CHARACTERS {
        let message = format!("at most {MOST_CHARACTERS} characters, this one has {length}");
        return Err(Error::new(0..text.len(), message));
    }
    let tokens = lex::tokens(text)?;
    let mut parser = Parser {
        tokens: &tokens,
        next: 0,
        end: text.len(),
        depth: 0,
    };
    let node = parser.any_of()?;
    match parser.peek() {
        None => Ok(node),
        Some(_) => Err(parser.unexpected_after_value()),
    }
}

struct Parser<'a> {
    tokens: &'a [Spanned],
    next: usize,
    end: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(token, _)| token)
    }

    fn peek_at(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.next + ahead).map(|(token, _)| token)
    }

    /// The bytes of the next token, or the end.
    fn here(&self) -> Range<usize> {
        self.tokens
            .get(self.next)
            .map_or(self.end..self.end, |(_, at)| at.clone())
    }

    /// Where the last token that was taken ends.
    fn last_end(&self) -> usize {
        let last = self
            .next
            .checked_sub(1)
            .and_then(|last| self.tokens.get(last));
        last.map_or(0, |(_, at)| at.end)
    }

    fn is_mark(&self, mark: &str) -> bool {
        matches!(self.peek(), Some(Token::Mark(found)) if *found == mark)
    }

    fn is_word(&self, word: &str) -> bool {
        is_word(self.peek(), word)
    }

    fn take_mark(&mut self, mark: &str) -> bool {
        let found = self.is_mark(mark);
        self.next += usize::from(found);
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.next += usize::from(found);
        found
    }

    fn error<T>(&self, message: impl Into<String>) -> Result<T, Error> {
        Err(Error::new(self.here(), message))
    }

    fn expect_mark(&mut self, mark: &str, what: &str) -> Result<(), Error> {
        if self.take_mark(mark) {
            Ok(())
        } else {
            self.error(format!("`{mark}` is expected {what}"))
        }
    }

    fn any_of(&mut self) -> Result<Node, Error> {
        self.joined("or", Self::all_of, What::Or)
    }

    fn all_of(&mut self) -> Result<Node, Error> {
        self.joined("and", Self::not, What::And)
    }

    fn joined(
        &mut self,
        word: &str,
        side: fn(&mut Self) -> Result<Node, Error>,
        what: fn(Vec<Node>) -> What,
    ) -> Result<Node, Error> {
        let first = side(self)?;
        if !self.is_word(word) {
            return Ok(first);
        }
        let start = first.at.start;
        let mut sides = vec![first];
        while self.take_word(word) {
            sides.push(side(self)?);
        }
        Ok(Node {
            what: what(sides),
            at: start..self.last_end(),
        })
    }

    fn deeper<T>(&mut self, part: fn(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth == DEEPEST {
            return self.error(format!("nested more than {DEEPEST} deep"));
        }
        self.depth += 1;
        let result = part(self);
        self.depth -= 1;
        result
    }

    fn not(&mut self) -> Result<Node, Error> {
        let start = self.here().start;
        if !self.take_word("not") {
            return self.test();
        }
        let side = self.deeper(Self::not)?;
        Ok(Node {
            at: start..side.at.end,
            what: What::Not(Box::new(side)),
        })
    }

    fn test(&mut self) -> Result<Node, Error> {
        let value = self.value()?;
        if self.take_word("is") {
            return self.affix(value);
        }
        let Some(op) = self.operator() else {
            return Ok(value);
        };
        let right = self.value()?;
        self.no_chain()?;
        Ok(Node {
            at: value.at.start..right.at.end,
            what: What::Compare {
                op,
                left: Box::new(value),
                right: Box::new(right),
            },
        })
    }

    fn no_chain(&mut self) -> Result<(), Error> {
        let at = self.here();
        if self.operator().is_some() || self.is_word("is") {
            let message = "comparisons do not chain: join two with `and`, as in `1 < x and x < 5`";
            return Err(Error::new(at, message));
        }
        Ok(())
    }

    fn operator(&mut self) -> Option<Op> {
        let op = match self.peek()? {
            Token::Mark("==") => Op::Equal,
            Token::Mark("!=") => Op::NotEqual,
            Token::Mark("<") => Op::Less,
            Token::Mark("<=") => Op::AtMost,
            Token::Mark(">") => Op::Greater,
            Token::Mark(">=") => Op::AtLeast,
            Token::Word(word) if word == "in" => Op::In,
            Token::Word(word) if word == "not" && is_word(self.peek_at(1), "in") => {
                self.next += 1;
                Op::NotIn
            }
            _ => return None,
        };
        self.next += 1;
        Some(op)
    }

    fn affix(&mut self, value: Node) -> Result<Node, Error> {
        let negated = self.take_word("not");
        let end = match self.peek() {
            Some(Token::Word(word)) if word == "startingwith" => false,
            Some(Token::Word(word)) if word == "endingwith" => true,
            Some(Token::Word(word)) if word == "defined" || word == "undefined" => {
                return self.error("write `| default(…)` instead, and compare with that");
            }
            Some(Token::Word(word)) => {
                let meant = suggest::or_list(word, TESTS);
                return self.error(format!("unknown test `{word}`{meant}"));
            }
            _ => return self.error("`startingwith(…)` or `endingwith(…)` is expected after `is`"),
        };
        self.next += 1;
        let affix = self.text_argument(TESTS[usize::from(end)])?;
        self.no_chain()?;
        let at = value.at.start..self.last_end();
        Ok(Node {
            what: What::Affix {
                value: Box::new(value),
                negated,
                end,
                affix,
            },
            at,
        })
    }

    fn text_argument(&mut self, of: &str) -> Result<String, Error> {
        let at = self.here();
        match self.argument(of)? {
            Json::String(text) => Ok(text),
            _ => Err(Error::new(
                at.start..self.last_end(),
                format!("`{of}` takes a text"),
            )),
        }
    }

    fn argument(&mut self, of: &str) -> Result<Json, Error> {
        self.expect_mark("(", &format!("after `{of}`"))?;
        let Some(literal) = self.literal()? else {
            return self.error(format!("`{of}` takes one text, number, true or false"));
        };
        self.expect_mark(")", "here")?;
        Ok(literal)
    }

    fn value(&mut self) -> Result<Node, Error> {
        let base = self.atom()?;
        let mut filters = Vec::new();
        while self.take_mark("|") {
            let start = self.here().start;
            let filter = self.filter()?;
            filters.push((filter, start..self.last_end()));
        }
        if filters.is_empty() {
            return Ok(base);
        }
        let at = base.at.start..self.last_end();
        Ok(Node {
            what: What::Filtered {
                base: Box::new(base),
                filters,
            },
            at,
        })
    }

    fn filter(&mut self) -> Result<Filter, Error> {
        let Some(Token::Word(word)) = self.peek() else {
            return self.error(format!(
                "a filter is expected after `|`: {}",
                FILTERS.join(", ")
            ));
        };
        let word = word.clone();
        let plain = match word.as_str() {
            "int" => Some(Filter::Int),
            "float" => Some(Filter::Float),
            "length" => Some(Filter::Length),
            "lower" => Some(Filter::Lower),
            "trim" => Some(Filter::Trim),
            "split" | "default" => None,
            _ => {
                let meant = suggest::or_list(&word, FILTERS);
                return self.error(format!("unknown filter `{word}`{meant}"));
            }
        };
        self.next += 1;
        match plain {
            Some(_) if self.is_mark("(") => {
                self.error(format!("`{word}` takes nothing in brackets"))
            }
            Some(filter) => Ok(filter),
            None if word == "default" => Ok(Filter::Default(self.argument(&word)?)),
            None => {
                let at = self.here();
                let by = self.text_argument(&word)?;
                if by.is_empty() {
                    return Err(Error::new(
                        at.start..self.last_end(),
                        "`split` needs a text that is not empty",
                    ));
                }
                Ok(Filter::Split(by))
            }
        }
    }

    fn atom(&mut self) -> Result<Node, Error> {
        let start = self.here().start;
        if self.take_mark("(") {
            let inner = self.deeper(Self::any_of)?;
            if !self.take_mark(")") {
                return Err(match self.peek() {
                    None => Error::new(start..start + 1, "this bracket is not closed"),
                    Some(_) => self.unexpected_after_value(),
                });
            }
            return Ok(Node {
                what: inner.what,
                at: start..self.last_end(),
            });
        }
        let what = if self.take_mark("[") {
            What::Literal(Json::Array(self.list(start)?))
        } else if let Some(literal) = self.literal()? {
            What::Literal(literal)
        } else {
            What::Name(self.name()?)
        };
        Ok(Node {
            what,
            at: start..self.last_end(),
        })
    }

    fn list(&mut self, start: usize) -> Result<Vec<Json>, Error> {
        let mut items = Vec::new();
        while !self.take_mark("]") {
            if !items.is_empty() {
                match self.peek() {
                    None => return Err(Error::new(start..start + 1, "this list is not closed")),
                    Some(_) => self.expect_mark(",", "between the values of a list")?,
                }
            }
            match self.literal()? {
                Some(literal) => items.push(literal),
                None if self.peek().is_none() => {
                    return Err(Error::new(start..start + 1, "this list is not closed"));
                }
                None => return self.error("a list holds texts, numbers, true and false only"),
            }
        }
        Ok(items)
    }

    /// Takes a literal, if one is next.
    fn literal(&mut self) -> Result<Option<Json>, Error> {
        let negative = self.is_mark("-");
        let literal = match self.peek_at(usize::from(negative)) {
            Some(Token::Integer(value)) => Json::from(if negative { -value } else { *value }),
            Some(Token::Float(value)) => Json::from(if negative { -value } else { *value }),
            _ if negative => return self.error(NO_ARITHMETIC),
            Some(Token::Text(text)) => Json::from(text.as_str()),
            Some(Token::Word(word)) if word == "true" => Json::from(true),
            Some(Token::Word(word)) if word == "false" => Json::from(false),
            _ => return Ok(None),
        };
        self.next += 1 + usize::from(negative);
        Ok(Some(literal))
    }

    /// What to say of a token that cannot follow a complete value.
    fn unexpected_after_value(&self) -> Error {
        let before = self
            .next
            .checked_sub(1)
            .and_then(|last| self.tokens.get(last));
        let message = match (before.map(|(token, _)| token), self.peek()) {
            (Some(Token::Text(_)), Some(Token::Text(_))) => {
                "two texts side by side are not joined; write one text".to_owned()
            }
            (_, Some(Token::Mark("="))) => "write `==` to compare".to_owned(),
            (_, Some(Token::Mark("-"))) => NO_ARITHMETIC.to_owned(),
            (_, Some(Token::Mark("("))) => "nothing can be called here".to_owned(),
            (_, Some(Token::Mark("[" | "."))) => "only a name has parts".to_owned(),
            (_, Some(Token::Mark(")" | "]"))) => "this bracket closes nothing".to_owned(),
            (_, Some(Token::Word(word))) if word == "if" || word == "else" => {
                "there is no `if`; join conditions with `and`, `or` and `not`".to_owned()
            }
            (_, Some(Token::Word(word)))
                if matches!(word.as_str(), "AND" | "OR" | "NOT" | "IN") =>
            {
                format!("write `{}`", word.to_lowercase())
            }
            _ => "`and`, `or` or a comparison is expected here".to_owned(),
        };
        Error::new(self.here(), message)
    }
}

fn is_word(token: Option<&Token>, expected: &str) -> bool {
    matches!(token, Some(Token::Word(word)) if word == expected)
}
