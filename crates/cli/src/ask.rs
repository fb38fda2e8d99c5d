//! A question that wants a yes.

use crate::{
    failure::{Failure, Result},
    session::Session,
};
use std::io::{self, BufRead, BufReader, IsTerminal, Write};

/// `yes` was said already, or is said now. Where nobody can be asked it is an error.
pub(crate) fn is_sure(session: &Session<'_>, question: &str, yes: bool) -> Result<bool> {
    if yes {
        return Ok(true);
    }
    if !(session.host.terminal().stderr && io::stdin().is_terminal()) {
        let message = "there is no terminal, so nobody can be asked";
        return Err(Failure::usage(message).with_remedy("say --yes to go on without"));
    }
    let mut err = session.host.stderr();
    write!(err, "{question} [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    BufReader::new(session.host.stdin()).read_line(&mut answer)?;
    Ok(matches!(
        answer.trim().to_ascii_lowercase().as_str(),
        "y" | "yes"
    ))
}
