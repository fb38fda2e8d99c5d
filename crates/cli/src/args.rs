//! What can be typed.

mod examples;
mod output;

pub(crate) use output::Output;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use examples::{
    ARTIFACTS, CANCEL, CLEAN, COMPLETION, DOCTOR, EXPLAIN, INIT, LOGS, MAN, OBJECT, RERUN, RUN,
    RUNS, SCHEMA, SHELL, SHOW, VALIDATE, VOLUME,
};
use output::OutputParser;
use std::path::PathBuf;

/// Runs short-lived container jobs from a pipeline file, on the container engine you have.
#[derive(Debug, Parser)]
#[command(
    name = "gofer",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// How the answer is printed [default: text]
    #[arg(short, long, global = true, value_parser = OutputParser, value_name = "FORMAT")]
    pub(crate) output: Vec<Output>,
    /// Print bare names and ids, nothing else
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Print times in UTC instead of "3m ago"
    #[arg(long, global = true)]
    pub(crate) utc: bool,
    /// Work as if started in this folder
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
}

impl Common {
    pub(crate) fn format(&self) -> Format {
        let mut formats = self.output.iter().filter_map(|output| match output {
            Output::Format(format) => Some(*format),
            Output::Given(_) => None,
        });
        formats.next_back().unwrap_or_default()
    }

    /// Outputs of tasks that do not run.
    pub(crate) fn given(&self) -> impl Iterator<Item = &str> {
        self.output.iter().filter_map(|output| match output {
            Output::Format(_) => None,
            Output::Given(text) => Some(text.as_str()),
        })
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Text,
    /// The API's own document
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a commented pipeline file to start from
    #[command(after_help = INIT)]
    Init(Init),
    /// Check a pipeline file, offline, and say what it means
    #[command(after_help = VALIDATE)]
    Validate(Validate),
    /// Run a pipeline here, with the containers of this machine
    #[command(after_help = RUN)]
    Run(Run),
    /// List kept runs, newest first
    #[command(after_help = RUNS)]
    Runs(Runs),
    /// Show a run and its tasks
    #[command(after_help = SHOW)]
    Show(Show),
    /// Print what a task wrote, byte for byte
    #[command(after_help = LOGS)]
    Logs(Logs),
    /// Open a shell in a task that runs or failed, or run a command there
    #[command(after_help = SHELL)]
    Shell(Visit),
    /// Do a run again, or what failed of it; earlier attempts stay
    #[command(after_help = RERUN)]
    Rerun(Rerun),
    /// List or fetch the files that tasks left
    #[command(after_help = ARTIFACTS)]
    Artifacts(Artifacts),
    /// Small values that a pipeline keeps beyond its runs
    #[command(after_help = OBJECT)]
    Object(Object),
    /// Say why a run ended as it did, and what to type next
    #[command(after_help = EXPLAIN)]
    Explain(SomeRun),
    /// Stop a run; its finally tasks still run
    #[command(after_help = CANCEL)]
    Cancel(OneRun),
    /// Print the JSON Schema of the pipeline file, or explain one key
    #[command(after_help = SCHEMA)]
    Schema(Schema),
    /// Take away old runs, kept containers and what was left behind
    #[command(after_help = CLEAN)]
    Clean(Clean),
    /// List or delete the volumes that pipelines keep
    #[command(after_help = VOLUME)]
    Volume(Volume),
    /// Look at the container engine and say what would keep runs from working
    #[command(after_help = DOCTOR)]
    Doctor,
    /// Print the completion script of a shell
    #[command(after_help = COMPLETION)]
    Completion(Completion),
    /// Print the manual page, or write all of them into a folder
    #[command(after_help = MAN)]
    Man(Man),
}

/// The commands by what they are for. A test sees to it that none is missing.
pub(crate) const GROUPS: [(&str, &[&str]); 2] = [
    (
        "Local",
        &[
            "init",
            "validate",
            "run",
            "runs",
            "show",
            "logs",
            "shell",
            "rerun",
            "artifacts",
            "object",
            "explain",
            "cancel",
            "schema",
        ],
    ),
    (
        "Operate",
        &["clean", "volume", "doctor", "completion", "man"],
    ),
];

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Where to write it
    #[arg(default_value = ".", value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// Write gofer.yaml
    #[arg(long, conflicts_with = "json")]
    pub(crate) yaml: bool,
    /// Write gofer.json
    #[arg(long)]
    pub(crate) json: bool,
    /// Start from this example
    #[arg(long, value_name = "NAME", conflicts_with_all = ["yaml", "json"])]
    pub(crate) example: Option<String>,
    /// List the examples
    #[arg(long)]
    pub(crate) list: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// The pipeline file, or `-` for standard input; else the nearest one upward
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// A key, such as `tasks.retry`
    #[arg(value_name = "PATH")]
    pub(crate) path: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The pipeline file; else the nearest one upward from here
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Set a param; may be repeated
    #[arg(short, long = "param", value_name = "NAME=VALUE")]
    pub(crate) params: Vec<String>,
    #[command(flatten)]
    pub(crate) secrets: Secrets,
    /// Run this task alone; what it reads of others comes from the newest kept run that has it
    #[arg(long, value_name = "TASK", conflicts_with_all = ["until", "resume"])]
    pub(crate) task: Option<String>,
    /// Run this task and all that come before it
    #[arg(long, value_name = "TASK", conflicts_with = "resume")]
    pub(crate) until: Option<String>,
    /// Let every task see a folder or a file of this machine; may be repeated
    #[arg(long = "mount", value_name = "SRC:DST[:ro]", conflicts_with = "resume")]
    pub(crate) mounts: Vec<String>,
    /// Run again whenever the file is saved: what changed, and what depends on it; of that, with
    /// --task or --until, only what they name
    #[arg(long, conflicts_with_all = ["dry", "resume"])]
    pub(crate) watch: bool,
    /// Say what would run, and start nothing
    #[arg(long = "dry-run", conflicts_with = "resume")]
    pub(crate) dry: bool,
    /// Go on with the newest unfinished run instead of starting one
    #[arg(long)]
    pub(crate) resume: bool,
    #[command(flatten)]
    pub(crate) engine: Engine,
}

/// Where the values of secrets come from.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Secrets {
    /// Read secrets from this file of NAME=value lines; may be repeated, later files win
    #[arg(short = 's', long = "secrets", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Take secrets from the environment variables that begin with this
    #[arg(long = "secrets-from-env", value_name = "PREFIX")]
    pub(crate) from_env: Option<String>,
}

/// Where containers run.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Engine {
    /// Use this engine instead of the one that is found: docker, podman, or an address
    #[arg(long, value_name = "ENGINE")]
    pub(crate) scheduler: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Rerun {
    /// etl/42, etl/latest, etl/-1 or an id
    #[arg(value_name = "RUN", allow_hyphen_values = true)]
    pub(crate) run: String,
    /// Only what failed or was cancelled, and what depends on it
    #[arg(long, conflicts_with = "from")]
    pub(crate) failed: bool,
    /// Only this task or item, and what depends on it; may be repeated
    #[arg(long, value_name = "TASK[/INDEX]")]
    pub(crate) from: Vec<String>,
    /// Make a new run with this param set; may be repeated
    #[arg(short, long = "param", value_name = "NAME=VALUE", conflicts_with_all = ["failed", "from"])]
    pub(crate) params: Vec<String>,
    /// Make a new run of this version
    #[arg(long, value_name = "N", conflicts_with_all = ["failed", "from"])]
    pub(crate) version: Option<u32>,
    /// Make a new run of this file as it is now
    #[arg(long, value_name = "FILE", conflicts_with_all = ["failed", "from", "version"])]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) secrets: Secrets,
    #[command(flatten)]
    pub(crate) engine: Engine,
}

#[derive(Debug, Args)]
pub(crate) struct Runs {
    /// Only runs of this pipeline
    #[arg(value_name = "PIPELINE")]
    pub(crate) pipeline: Option<String>,
    /// Print all of them
    #[arg(short, long, conflicts_with = "limit")]
    pub(crate) all: bool,
    /// Print at most so many
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// etl/42, etl/latest, etl/-1 or an id; or with a task: etl/42/load, etl/42/load/3; the newest of
    /// all unless said
    #[arg(value_name = "RUN", allow_hyphen_values = true)]
    pub(crate) run: Option<String>,
    /// Print the pipeline document that the run is pinned to
    #[arg(long)]
    pub(crate) config: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SomeRun {
    /// etl/42, etl/latest, etl/-1 or an id; the newest of all unless said
    #[arg(value_name = "RUN", allow_hyphen_values = true)]
    pub(crate) run: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct OneRun {
    /// etl/42, etl/latest, etl/-1 or an id
    #[arg(value_name = "RUN", allow_hyphen_values = true)]
    pub(crate) run: String,
}

#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// etl/42/load for a task, etl/42/load/3 for an item, etl/42 for all tasks with prefixes
    #[arg(value_name = "RUN/TASK", allow_hyphen_values = true)]
    pub(crate) of: String,
    /// Go on as it writes, until it is over
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Begin with the last N lines
    #[arg(short = 'n', long, value_name = "N")]
    pub(crate) tail: Option<u64>,
    /// Put the time in front of each line
    #[arg(short, long)]
    pub(crate) timestamps: bool,
    /// Which attempt; the newest unless said
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) attempt: Option<u32>,
    /// Of this service beside the task, instead of the task's own
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Visit {
    /// etl/42/load for a task, etl/42/load/3 for an item
    #[arg(value_name = "RUN/TASK", allow_hyphen_values = true)]
    pub(crate) task: String,
    /// Which attempt; the newest unless said
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) attempt: Option<u32>,
    /// A command instead of a shell
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Artifacts {
    /// etl/42 for all tasks, etl/42/load for one, etl/42/load/3 for an item
    #[arg(value_name = "RUN[/TASK]", allow_hyphen_values = true)]
    pub(crate) of: String,
    /// Print this file, byte for byte
    #[arg(value_name = "PATH")]
    pub(crate) path: Option<String>,
    /// Which attempt; the newest unless said
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) attempt: Option<u32>,
    /// Fetch all of them into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) to: Option<PathBuf>,
    /// Replace files that are there already
    #[arg(long, requires = "to")]
    pub(crate) overwrite: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Object {
    #[command(subcommand)]
    pub(crate) command: ObjectCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ObjectCommand {
    /// List a pipeline's objects
    List {
        /// Of which pipeline
        #[arg(value_name = "PIPELINE")]
        pipeline: String,
    },
    /// Print an object, byte for byte
    Get {
        /// Of which pipeline
        #[arg(value_name = "PIPELINE")]
        pipeline: String,
        /// Which object
        #[arg(value_name = "KEY")]
        key: String,
    },
    /// Give an object a value
    Put {
        /// Of which pipeline
        #[arg(value_name = "PIPELINE")]
        pipeline: String,
        /// Which object
        #[arg(value_name = "KEY")]
        key: String,
        /// Its value, or `-` for standard input
        #[arg(value_name = "VALUE", allow_hyphen_values = true)]
        value: String,
    },
    /// Forget an object
    Delete {
        /// Of which pipeline
        #[arg(value_name = "PIPELINE")]
        pipeline: String,
        /// Which object
        #[arg(value_name = "KEY")]
        key: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Clean {
    /// Say what would go, and remove nothing
    #[arg(long = "dry-run")]
    pub(crate) dry: bool,
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Of every project of this user
    #[arg(long)]
    pub(crate) all_projects: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Volume {
    #[command(subcommand)]
    pub(crate) command: Option<VolumeCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum VolumeCommand {
    /// List them
    List,
    /// Delete one, with all that is in it
    Delete(VolumeDelete),
}

#[derive(Debug, Args)]
pub(crate) struct VolumeDelete {
    /// etl/cache, or cache if only one pipeline has one
    #[arg(value_name = "VOLUME")]
    pub(crate) name: String,
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Completion {
    /// Which shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Where to write one page for each command
    #[arg(value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}
