//! `--output`, which is a format everywhere and for `run` also a value.

use super::Format;
use clap::{
    ValueEnum,
    builder::{EnumValueParser, PossibleValue, TypedValueParser},
};
use std::ffi::OsStr;

/// `--output` is a format everywhere, and for `run` also an output of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    Format(Format),
    /// `TASK.KEY=VALUE`
    Given(String),
}

#[derive(Clone)]
pub(super) struct OutputParser;

impl TypedValueParser for OutputParser {
    type Value = Output;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Output, clap::Error> {
        match value.to_str() {
            Some(text) if text.contains(['=', '.']) => Ok(Output::Given(text.to_owned())),
            _ => EnumValueParser::<Format>::new()
                .parse_ref(command, arg, value)
                .map(Output::Format),
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let all = Format::value_variants().iter();
        Some(Box::new(all.filter_map(ValueEnum::to_possible_value)))
    }
}
