//! The first help page: commands grouped by what they are for.

use crate::args::{Cli, GROUPS};
use clap::{Command, CommandFactory, builder::StyledStr};
use std::fmt::Write;

/// The command line with its grouped help.
pub(crate) fn command() -> Command {
    let command = Cli::command().arg_required_else_help(true);
    let groups = groups(&command);
    command.help_template(StyledStr::from(format!(
        "{{about}}\n\n{{usage-heading}} gofer COMMAND [OPTIONS]\n\n{groups}Options:\n{{options}}\n\n\
         `gofer COMMAND --help` says more, with examples. To begin: gofer init && gofer run\n"
    )))
}

fn groups(command: &Command) -> String {
    let mut text = String::new();
    for (title, names) in GROUPS {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{title}:");
        for name in names {
            let about = command.find_subcommand(name).and_then(Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(text, "  {name:12}{about}");
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_exactly_one_group() {
        let command = Cli::command();
        let mut there: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        let mut grouped: Vec<&str> = GROUPS
            .iter()
            .flat_map(|(_, names)| names.iter().copied())
            .collect();
        there.sort_unstable();
        grouped.sort_unstable();
        assert_eq!(there, grouped);
    }

    #[test]
    fn the_definition_holds_together() {
        command().debug_assert();
    }

    #[test]
    fn the_first_page_says_what_there_is() {
        insta::assert_snapshot!(command().render_help().to_string(), @"");
    }
}
