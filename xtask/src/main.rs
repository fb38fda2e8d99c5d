//! Every repeated chore of the project, so that the next person needs no lore.

mod checks;
mod ci;
mod demo;
mod deps;
mod docs;
mod engine;
mod image;
mod shell;
mod sizes;
mod test;

use anyhow::{Result, bail};
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask COMMAND

  demo            build gofer, find or install an engine, make the demo image, run examples/etl
  test [ARGS]     install and start what the tests need, run them all (ARGS go to cargo nextest)
  ci              every check but the tests: fmt, clippy, deps, sizes, bans, advisories, docs
  deps            compare the crates' directions with the table
  sizes           files and their lengths; fails over 500 lines
  docs [--check]  write the generated documents (reference of every key, OpenAPI, JSON Schema)
  image           make the demo image for the engine that answers
  engine          find an engine, or install and start one
  sim [ARGS]      the simulator: --seeds N --seed S, --sweep, --planted, --trace SEED
  bench run       measurements on real Docker: floor, reference, ours
";

fn main() -> ExitCode {
    match chore() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
            shell::say(&format!("xtask: {}", causes.join(": ")));
            ExitCode::FAILURE
        }
    }
}

fn chore() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    std::env::set_current_dir(shell::root())?;
    match command.as_str() {
        "demo" => demo::run(&rest),
        "test" => test::run(&rest),
        "ci" => ci::run(),
        "deps" => deps::check(),
        "sizes" => sizes::check(),
        "docs" => docs::run(rest.iter().any(|arg| arg == "--check")),
        "image" => engine::ensure().and_then(|()| image::demo()),
        "engine" => engine::ensure(),
        "sim" => test::sim(&rest),
        "bench" => test::bench(&rest),
        "" | "help" | "--help" | "-h" => {
            shell::say(HELP);
            Ok(())
        }
        other => bail!("there is no `{other}`\n\n{HELP}"),
    }
}
