//! The shape of an expression that was read.

use super::Name;
use crate::definition::Json;
use std::ops::Range;

/// One part of an expression, and the bytes it was read from.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) what: What,
    pub(super) at: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    Or(Vec<Node>),
    And(Vec<Node>),
    Not(Box<Node>),
    Compare {
        op: Op,
        left: Box<Node>,
        right: Box<Node>,
    },
    Affix {
        value: Box<Node>,
        negated: bool,
        end: bool,
        affix: String,
    },
    Filtered {
        base: Box<Node>,
        filters: Vec<(Filter, Range<usize>)>,
    },
    /// A text, a number, a boolean or a list of them.
    Literal(Json),
    Name(Name),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
    In,
    NotIn,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Filter {
    Int,
    Float,
    Length,
    Lower,
    Trim,
    Split(String),
    Default(Json),
}

impl Op {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
            Self::In => "in",
            Self::NotIn => "not in",
        }
    }
}

impl Filter {
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Float => "float",
            Self::Length => "length",
            Self::Lower => "lower",
            Self::Trim => "trim",
            Self::Split(_) => "split",
            Self::Default(_) => "default",
        }
    }
}

impl Node {
    pub(super) fn visit_names<'a>(
        &'a self,
        has_default: bool,
        visit: &mut dyn FnMut(&'a Name, Range<usize>, bool),
    ) {
        match &self.what {
            What::Or(sides) | What::And(sides) => {
                for side in sides {
                    side.visit_names(false, visit);
                }
            }
            What::Not(side) | What::Affix { value: side, .. } => side.visit_names(false, visit),
            What::Compare { left, right, .. } => {
                left.visit_names(false, visit);
                right.visit_names(false, visit);
            }
            What::Filtered { base, filters } => {
                let first = filters.first().map(|(filter, _)| filter);
                base.visit_names(matches!(first, Some(Filter::Default(_))), visit);
            }
            What::Literal(_) => {}
            What::Name(name) => visit(name, self.at.clone(), has_default),
        }
    }
}
