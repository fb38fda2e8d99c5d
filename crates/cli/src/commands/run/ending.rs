//! The last words about a run, and its exit code.

use crate::{
    failure::{Code, Result},
    report::{self, Next},
    session::Session,
    text::Build as _,
};
use gofer_sdk::{
    Client,
    types::{Run, RunState},
};
use std::path::Path;

pub(super) async fn over(
    session: &Session<'_>,
    client: &Client,
    project: &Path,
    run: &Run,
) -> Result<Code> {
    let code = match run.state {
        RunState::Succeeded | RunState::Skipped => Code::Ok,
        RunState::Cancelled => Code::Cancelled,
        _ => Code::RunFailed,
    };
    let paint = if session.is_json() {
        session.paint_err()
    } else {
        session.paint()
    };
    let mut page = String::new();
    if run.state == RunState::Failed {
        page += &report::causes(client, run, session.columns(), paint).await;
        let mut next = report::next(session, project, run);
        next.retain(|next| next.why != "every attempt");
        let command = session.command(project, &format!("explain {}", run.reference()));
        next.push(Next {
            why: "what it led to".to_owned(),
            command,
        });
        let command = session.command(project, &format!("rerun {} --failed", run.reference()));
        next.push(Next {
            why: "what failed, again".to_owned(),
            command,
        });
        page += &report::commands(&next);
        page.push('\n');
    }
    if !session.common.quiet || run.state == RunState::Failed {
        // Why stands above already, where a task failed.
        let last = if run.reason.as_deref() == Some("task_failed") {
            report::verdict(run, session.now(), paint)
        } else {
            report::headline(run, session.now(), paint)
        };
        page.line(format_args!("{} ({})", last.trim_end(), report::tally(run)));
    }
    if session.is_json() {
        if !session.common.quiet {
            session.note(page.trim_end());
        }
        session.json(run)?;
    } else if session.common.quiet {
        if !page.is_empty() {
            session.note(page.trim_end());
        }
    } else {
        // A reader that has gone changes nothing about how the run ended.
        let _ = session.print(page);
    }
    Ok(code)
}

/// The user left before the end.
pub(super) fn left(session: &Session<'_>, project: &Path, run: &Run) -> Result<Code> {
    let back = session.command(project, "run --resume");
    session.note(format_args!(
        "left {}; its containers go on\n  go back to it  {back}",
        run.reference()
    ));
    if session.is_json() {
        session.json(run)?;
    }
    Ok(Code::Cancelled)
}
