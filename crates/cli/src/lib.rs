//! The command line: what people type, and what they see.
//!
//! It talks to runs only through `gofer-sdk`, and to files only through `gofer-config`.

mod args;
mod ask;
mod commands;
mod failure;
mod family;
mod follow;
mod help;
mod host;
mod marks;
mod missing;
mod outline;
mod paint;
mod pipeline;
mod project;
mod report;
mod session;
mod table;
mod text;
mod time;
mod unit;
mod view;

pub use host::{Check, Host, Need, Refused, Terminal, Verdict};

use args::{Cli, Command};
use clap::{FromArgMatches, error::ErrorKind};
use failure::{Code, Failure};
use paint::Paint;
use session::Session;
use std::{ffi::OsString, io::Write, process::ExitCode};

/// Does what the arguments say. The first one is the program's name.
pub async fn run(host: &dyn Host, argv: Vec<OsString>) -> ExitCode {
    let matches = help::command().try_get_matches_from(argv);
    let cli = match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => return not_understood(host, &error).into(),
    };
    let code = match Session::new(host, cli.common) {
        Ok(session) => {
            let done = dispatch(&session, cli.command).await;
            host.close().await;
            done
        }
        Err(failure) => Err(failure),
    };
    code.unwrap_or_else(|failure| {
        report_failure(host, &failure);
        failure.code
    })
    .into()
}

async fn dispatch(session: &Session<'_>, command: Command) -> failure::Result<Code> {
    let given = session.common.given().next();
    if let Some(given) = given.filter(|_| !matches!(command, Command::Run(_))) {
        let message = format!("--output {given}: only `gofer run` takes outputs of tasks");
        return Err(Failure::usage(message).with_remedy("elsewhere it is text or json"));
    }
    match command {
        Command::Init(args) => commands::init(session, &args),
        Command::Validate(args) => commands::validate(session, &args),
        Command::Schema(args) => commands::schema(session, &args),
        Command::Run(args) => commands::run(session, &args).await,
        Command::Runs(args) => commands::runs(session, &args).await,
        Command::Show(args) => commands::show(session, &args).await,
        Command::Logs(args) => commands::logs(session, &args).await,
        Command::Shell(args) => commands::shell(session, &args).await,
        Command::Rerun(args) => commands::rerun(session, &args).await,
        Command::Artifacts(args) => commands::artifacts(session, &args).await,
        Command::Object(args) => commands::object(session, &args).await,
        Command::Explain(args) => commands::explain(session, &args).await,
        Command::Cancel(args) => commands::cancel(session, &args).await,
        Command::Clean(args) => commands::clean(session, &args).await,
        Command::Volume(args) => commands::volume(session, args.command.as_ref()).await,
        Command::Doctor => commands::doctor(session).await,
        Command::Completion(args) => commands::completion(session, &args),
        Command::Man(args) => commands::man(session, &args),
    }
}

fn report_failure(host: &dyn Host, failure: &Failure) {
    if failure.is_silent() {
        return;
    }
    let paint = Paint::choose(|name| host.var(name), host.terminal().stderr);
    let error = paint.colour(paint::Hue::Bad, "error:");
    let _ = writeln!(host.stderr(), "{error} {failure}");
}

/// Help and version are answers; everything else is a usage error.
fn not_understood(host: &dyn Host, error: &clap::Error) -> Code {
    let terminal = host.terminal();
    let is_answer = matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    let (mut stream, is_terminal, code) = if is_answer {
        (host.stdout(), terminal.stdout, Code::Ok)
    } else {
        (host.stderr(), terminal.stderr, Code::Usage)
    };
    if let Some(message) = help::unknown_command(error) {
        report_failure(
            host,
            &Failure::usage(message).with_remedy("`gofer --help` lists them"),
        );
        return Code::Usage;
    }
    let rendered = error.render();
    let text = if Paint::choose(|name| host.var(name), is_terminal).is_on() {
        rendered.ansi().to_string()
    } else {
        rendered.to_string()
    };
    let _ = stream
        .write_all(text.as_bytes())
        .and_then(|()| stream.flush());
    code
}
