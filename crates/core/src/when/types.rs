//! What can be known to fail before anything runs.

use super::{
    Error, Name, show,
    tree::{Filter, Node, Op, What},
};
use crate::definition::Json;
use std::ops::Range;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Float,
    /// `true` or `false`.
    Boolean,
    /// A list.
    List,
    /// Not known before the run.
    Unknown,
}

impl Kind {
    fn of(value: &Json) -> Self {
        match value {
            Json::Bool(_) => Self::Boolean,
            Json::Number(number) if number.is_f64() => Self::Float,
            Json::Number(_) => Self::Integer,
            Json::String(_) => Self::Text,
            Json::Array(_) => Self::List,
            Json::Null | Json::Object(_) => Self::Unknown,
        }
    }

    const fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Float)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer | Self::Float => "a number",
            Self::Boolean => "true or false",
            Self::List => "a list",
            Self::Unknown => "unknown",
        }
    }

    fn equals(self, other: Self) -> bool {
        self == Self::Unknown
            || other == Self::Unknown
            || self == other
            || (self.is_number() && other.is_number())
    }

    fn is_ordered_with(self, other: Self) -> bool {
        self.equals(other)
            && !matches!(self, Self::Boolean | Self::List)
            && !matches!(other, Self::Boolean | Self::List)
    }
}

/// What a value may be: with a default of another kind there are two answers, and both must do.
#[derive(Clone, Copy)]
struct Kinds(Kind, Option<Kind>);

impl Kinds {
    const fn one(kind: Kind) -> Self {
        Self(kind, None)
    }

    fn each(self) -> impl Iterator<Item = Kind> + Clone {
        std::iter::once(self.0).chain(self.1)
    }
}

pub(super) fn check(
    text: &str,
    root: &Node,
    kind_of: &dyn Fn(&Name) -> Option<Kind>,
) -> Vec<Error> {
    let mut checker = Checker {
        text,
        kind_of,
        errors: Vec::new(),
    };
    checker.condition(root);
    checker.errors
}

struct Checker<'a> {
    text: &'a str,
    kind_of: &'a dyn Fn(&Name) -> Option<Kind>,
    errors: Vec<Error>,
}

impl Checker<'_> {
    fn error(&mut self, at: &Range<usize>, message: String) {
        self.errors.push(Error::new(at.clone(), message));
    }

    fn source(&self, node: &Node) -> String {
        show::source(self.text, &node.at).into_owned()
    }

    /// `node` must be true or false.
    fn condition(&mut self, node: &Node) {
        let kinds = self.kinds(node);
        let is_boolean = |kind| matches!(kind, Kind::Boolean | Kind::Unknown);
        if let Some(kind) = kinds.each().find(|kind| !is_boolean(*kind)) {
            let source = self.source(node);
            let fix = match kind {
                Kind::Text => format!("compare it, as in `{source} == \"true\"`"),
                Kind::List => format!("compare it, as in `{source} | length > 0`"),
                _ => format!("compare it, as in `{source} > 0`"),
            };
            let is = kind.as_str();
            self.error(
                &node.at,
                format!("`{source}` is {is}, not true or false: {fix}"),
            );
        }
    }

    fn kinds(&mut self, node: &Node) -> Kinds {
        match &node.what {
            What::Or(sides) | What::And(sides) => {
                for side in sides {
                    self.condition(side);
                }
                Kinds::one(Kind::Boolean)
            }
            What::Not(side) => {
                self.condition(side);
                Kinds::one(Kind::Boolean)
            }
            What::Compare { op, left, right } => {
                self.comparison(*op, left, right, &node.at);
                Kinds::one(Kind::Boolean)
            }
            What::Affix { value, end, .. } => {
                let test = if *end { "endingwith" } else { "startingwith" };
                self.only_text(value, test);
                Kinds::one(Kind::Boolean)
            }
            What::Filtered { base, filters } => {
                let mut kinds = self.kinds(base);
                for (filter, at) in filters {
                    kinds = self.filtered(kinds, filter, at);
                }
                kinds
            }
            What::Literal(value) => Kinds::one(Kind::of(value)),
            What::Name(name) => Kinds::one((self.kind_of)(name).unwrap_or(Kind::Unknown)),
        }
    }

    fn only_text(&mut self, value: &Node, test: &str) {
        let kinds = self.kinds(value);
        if let Some(kind) = kinds.each().find(|kind| !kind.equals(Kind::Text)) {
            let (source, is) = (self.source(value), kind.as_str());
            self.error(
                &value.at,
                format!("`{test}` asks a text; `{source}` is {is}"),
            );
        }
    }

    fn filtered(&mut self, kinds: Kinds, filter: &Filter, at: &Range<usize>) -> Kinds {
        let takes: fn(Kind) -> bool = match filter {
            Filter::Int | Filter::Float => |kind| kind == Kind::Text || kind.is_number(),
            Filter::Length => |kind| matches!(kind, Kind::Text | Kind::List),
            Filter::Lower | Filter::Trim | Filter::Split(_) => |kind| kind == Kind::Text,
            Filter::Default(_) => |_| true,
        };
        let unfit = |kind: &Kind| *kind != Kind::Unknown && !takes(*kind);
        if let Some(kind) = kinds.each().find(unfit) {
            let message = format!("`{}` cannot be asked of {}", filter.as_str(), kind.as_str());
            self.error(at, message);
        }
        match filter {
            Filter::Int | Filter::Length => Kinds::one(Kind::Integer),
            Filter::Float => Kinds::one(Kind::Float),
            Filter::Lower | Filter::Trim => Kinds::one(Kind::Text),
            Filter::Split(_) => Kinds::one(Kind::List),
            Filter::Default(literal) => {
                let other = Kind::of(literal);
                let same = kinds.0 == other || kinds.0 == Kind::Unknown;
                Kinds(kinds.0, (!same).then_some(other))
            }
        }
    }

    fn comparison(&mut self, op: Op, left: &Node, right: &Node, at: &Range<usize>) {
        let (a, b) = (self.kinds(left), self.kinds(right));
        if matches!(op, Op::In | Op::NotIn) {
            self.membership(left, a, right, b, at);
            return;
        }
        let fits: fn(Kind, Kind) -> bool = match op {
            Op::Equal | Op::NotEqual => Kind::equals,
            _ => Kind::is_ordered_with,
        };
        let pairs = a.each().flat_map(|a| b.each().map(move |b| (a, b)));
        if let Some((a, b)) = pairs.into_iter().find(|(a, b)| !fits(*a, *b)) {
            let message = self.mismatch(op, (left, a), (right, b));
            self.error(at, message);
        }
    }

    fn mismatch(&self, op: Op, (left, a): (&Node, Kind), (right, b): (&Node, Kind)) -> String {
        let (x, y) = (self.source(left), self.source(right));
        if a.equals(b) {
            return format!(
                "`{}` orders two numbers or two texts, not {}",
                op.as_str(),
                a.as_str()
            );
        }
        let said = format!("`{x}` is {} and `{y}` is {}", a.as_str(), b.as_str());
        let (node, source, number) = match (a, b) {
            (Kind::Text, number) if number.is_number() => (left, &x, number),
            (number, Kind::Text) if number.is_number() => (right, &y, number),
            (Kind::Text, Kind::Boolean) if !is_literal(left) => {
                return format!("{said}: compare with the text \"{y}\"");
            }
            (Kind::Boolean, Kind::Text) if !is_literal(right) => {
                return format!("{said}: compare with the text \"{x}\"");
            }
            _ => return format!("{said}: they can never be compared"),
        };
        if is_literal(node) {
            return format!("{said}: write the number without quotes");
        }
        let filter = if number == Kind::Float {
            "float"
        } else {
            "int"
        };
        format!("{said}: write `| {filter}`, as in `{source} | {filter}`")
    }

    fn membership(&mut self, left: &Node, a: Kinds, right: &Node, b: Kinds, at: &Range<usize>) {
        let (x, y) = (self.source(left), self.source(right));
        for b in b.each() {
            match b {
                Kind::Text => {
                    if let Some(kind) = a.each().find(|kind| !kind.equals(Kind::Text)) {
                        let is = kind.as_str();
                        let message =
                            format!("`{x}` is {is}: only text can be `in` the text `{y}`");
                        self.error(at, message);
                    }
                }
                Kind::List | Kind::Unknown => {}
                _ => {
                    let is = b.as_str();
                    self.error(
                        &right.at,
                        format!("`in` needs a list or a text; `{y}` is {is}"),
                    );
                }
            }
        }
        if let What::Literal(Json::Array(items)) = &right.what {
            let never = |kind: &Kind| {
                !items.is_empty() && !items.iter().any(|item| kind.equals(Kind::of(item)))
            };
            if let Some(kind) = a.each().find(never) {
                let is = kind.as_str();
                let fix = match (kind, items.first().map(Kind::of)) {
                    (Kind::Text, Some(number)) if number.is_number() => ": write `| int`",
                    _ => "",
                };
                self.error(at, format!("`{x}` is {is}, and `{y}` holds none{fix}"));
            }
        }
    }
}

fn is_literal(node: &Node) -> bool {
    matches!(node.what, What::Literal(_))
}
