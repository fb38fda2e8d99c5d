use crate::{
    args::{Completion, Man},
    failure::{Code, Failure, Result},
    help,
    session::Session,
};
use clap::Command;
use std::fs;

/// The completion script of a shell.
pub(crate) fn completion(session: &Session<'_>, args: &Completion) -> Result<Code> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut help::command(), "gofer", &mut script);
    session.print(String::from_utf8_lossy(&script))?;
    Ok(Code::Ok)
}

/// The manual: one page to standard output, or all of them into a folder.
pub(crate) fn man(session: &Session<'_>, args: &Man) -> Result<Code> {
    let mut command = help::command().name("gofer");
    command.build();
    let Some(folder) = &args.folder else {
        let page = clap_mangen::Man::new(command).title("gofer");
        let mut text = Vec::new();
        page.render(&mut text)?;
        session.print(String::from_utf8_lossy(&text))?;
        return Ok(Code::Ok);
    };
    let folder = session.here.join(folder);
    let failed = |error: std::io::Error| {
        Failure::new(format!("{} cannot be written: {error}", folder.display()))
    };
    fs::create_dir_all(&folder).map_err(failed)?;
    let pages =
        std::iter::once(command.clone()).chain(command.get_subcommands().cloned().map(page_of));
    for page in pages {
        clap_mangen::Man::new(page)
            .generate_to(&folder)
            .map_err(failed)?;
    }
    session.note(format_args!("wrote the pages into {}", folder.display()));
    Ok(Code::Ok)
}

/// The page of `gofer run` is `gofer-run`.
fn page_of(command: Command) -> Command {
    let name = format!("gofer-{}", command.get_name());
    command.display_name(name)
}
