//! The first help page: commands grouped by what they are for.

use crate::args::{Cli, GROUPS};
use clap::{
    Command, CommandFactory,
    builder::StyledStr,
    error::{ContextKind, ContextValue, ErrorKind},
};
use gofer_core::suggest;
use std::fmt::Write;

/// The command line with its grouped help.
pub(crate) fn command() -> Command {
    // Whatever the file is called that was started.
    let command = Cli::command()
        .bin_name("gofer")
        .arg_required_else_help(true);
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

/// That there is no such command, and which one was meant.
pub(crate) fn unknown_command(error: &clap::Error) -> Option<String> {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return None;
    }
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand) else {
        return None;
    };
    let known = GROUPS.iter().flat_map(|(_, names)| names.iter().copied());
    let meant = suggest::did_you_mean(typed, known);
    Some(format!("there is no command `{typed}`{meant}"))
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
        insta::assert_snapshot!(command().render_help().to_string(), @r##"
        Runs short-lived container jobs from a pipeline file, on the container engine you have

        Usage: gofer COMMAND [OPTIONS]

        Local:
          init        Write a commented pipeline file to start from
          validate    Check a pipeline file, offline, and say what it means
          run         Run a pipeline here, with the containers of this machine
          runs        List kept runs, newest first
          show        Show a run and its tasks
          logs        Print what a task wrote, byte for byte
          shell       Open a shell in a task that runs or failed, or run a command there
          rerun       Do a run again, or what failed of it; earlier attempts stay
          artifacts   List or fetch the files that tasks left
          object      Small values that a pipeline keeps beyond its runs
          explain     Say why a run ended as it did, and what to type next
          cancel      Stop a run; its finally tasks still run
          schema      Print the JSON Schema of the pipeline file, or explain one key

        Operate:
          clean       Take away old runs, kept containers and what was left behind
          volume      List or delete the volumes that pipelines keep
          doctor      Look at the container engine and say what would keep runs from working
          completion  Print the completion script of a shell
          man         Print the manual page, or write all of them into a folder

        Options:
          -o, --output <FORMAT>  How the answer is printed [default: text] [possible values: text, json]
          -q, --quiet            Print bare names and ids, nothing else
              --utc              Print times in UTC instead of "3m ago"
          -C, --directory <DIR>  Work as if started in this folder
          -h, --help             Print help (see more with '--help')
          -V, --version          Print version

        `gofer COMMAND --help` says more, with examples. To begin: gofer init && gofer run
        "##);
    }
}
