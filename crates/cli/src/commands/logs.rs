mod all;
mod prefixed;

use all::follow_all;
use prefixed::Prefixed;

use crate::{
    args::Logs,
    failure::{Code, Failure, Result},
    missing, project,
    session::Session,
    text,
    unit::{self, Key, Unit},
};
use futures_util::StreamExt;
use gofer_sdk::{
    Client, LogPiece, LogQuery,
    types::{LogFrame, LogOptions, Run},
};
use std::{io::Write, time::Duration};

/// How often a task that has not begun is looked at again.
const PAUSE: Duration = Duration::from_millis(300);

pub(crate) async fn logs(session: &Session<'_>, args: &Logs) -> Result<Code> {
    let (client, mut run, reference) = project::part(session, &args.of).await?;
    loop {
        let units = match &reference.task {
            Some(task) => project::units(&run, task, reference.item)?,
            None => in_order(&run),
        };
        let one = reference.task.is_some() && units.len() == 1;
        match units.as_slice() {
            [unit] if one && !unit.attempts().is_empty() => {
                unit.refuse_if_it_calls(&run, "logs")?;
                return raw(session, &client, &run, unit, args).await;
            }
            [unit] if one && unit.state().is_over() => {
                let message = format!("{} has no log: it never started", unit.reference(&run));
                let why = unit.why();
                return Err(if why.is_empty() {
                    Failure::new(message)
                } else {
                    Failure::new(format!("{message} ({})", text::safe(why.as_bytes())))
                });
            }
            units if !one && (!args.follow || run.state.is_over()) => {
                return prefixed(session, &client, &run, units, args).await;
            }
            units if !one && units.iter().any(|unit| !unit.attempts().is_empty()) => {
                return follow_all(session, &client, run, reference.task.as_deref(), args).await;
            }
            _ if args.follow && !run.interrupted => {}
            _ => {
                return Err(Failure::new(format!("{} has written nothing yet", args.of))
                    .with_remedy("`-f` waits for it"));
            }
        }
        tokio::time::sleep(PAUSE).await;
        run = client.run(&gofer_sdk::RunRef::Id(run.id)).await?;
    }
}

fn query(key: Key, args: &Logs, follow: bool) -> LogQuery {
    let options = LogOptions {
        attempt: args.attempt,
        service: args.service.clone(),
        follow,
        tail: args.tail,
        timestamps: args.timestamps,
    };
    LogQuery {
        task: key.0,
        item: key.1,
        options,
    }
}

/// One attempt's bytes, and nothing else.
async fn raw(
    session: &Session<'_>,
    client: &Client,
    run: &Run,
    unit: &Unit<'_>,
    args: &Logs,
) -> Result<Code> {
    if let Some(wanted) = args.attempt
        && !unit
            .attempts()
            .iter()
            .any(|attempt| attempt.number == wanted)
    {
        let there = text::count(unit.attempts().len(), "attempt");
        return Err(Failure::usage(format!(
            "{} has {there}: there is no {wanted}",
            unit.reference(run)
        )));
    }
    let mut out = session.host.stdout();
    let mut is_within = false;
    let mut pieces = client.log_pieces(run.id, &query(unit.key(), args, args.follow));
    while let Some(piece) = pieces.next().await {
        match piece? {
            LogPiece::Bytes(bytes) => {
                out.write_all(&bytes)?;
                is_within = !bytes.ends_with(b"\n");
                if args.follow {
                    out.flush()?;
                }
            }
            LogPiece::Missing(mark) => {
                out.flush()?;
                tell(session, &unit.reference(run), &mark, is_within);
            }
        }
    }
    out.flush()?;
    Ok(Code::Ok)
}

/// Says beside the log where bytes of it are missing. Where both are seen, not within a line.
fn tell(session: &Session<'_>, of: &str, mark: &LogFrame, is_within: bool) {
    let terminal = session.host.terminal();
    let first = if is_within && terminal.stdout && terminal.stderr {
        "\n"
    } else {
        ""
    };
    session.note(format_args!("{first}note: {of}: {}", missing::words(mark)));
}

/// Those with a log, by the time at which they started.
fn in_order(run: &Run) -> Vec<Unit<'_>> {
    let mut units = unit::units(run);
    units.sort_by_key(|unit| {
        let started = unit
            .attempts()
            .iter()
            .find_map(|attempt| attempt.started_at);
        (started.is_none(), started)
    });
    units
}

/// Several logs one after the other, each line with its task in front.
async fn prefixed(
    session: &Session<'_>,
    client: &Client,
    run: &Run,
    units: &[Unit<'_>],
    args: &Logs,
) -> Result<Code> {
    let with_log = || units.iter().filter(|unit| !unit.attempts().is_empty());
    let widest = with_log()
        .map(|unit| text::width(&unit.label()))
        .max()
        .unwrap_or(0);
    let mut out = std::io::BufWriter::new(session.host.stdout());
    for unit in with_log() {
        let mut lines = Prefixed::new(&unit.label(), widest);
        let mut pieces = client.log_pieces(run.id, &query(unit.key(), args, false));
        while let Some(piece) = pieces.next().await {
            match piece? {
                LogPiece::Bytes(bytes) => lines.write(&mut out, &bytes)?,
                LogPiece::Missing(mark) => {
                    lines.end(&mut out)?;
                    out.flush()?;
                    tell(session, &unit.reference(run), &mark, false);
                }
            }
        }
        lines.end(&mut out)?;
    }
    out.flush()?;
    Ok(Code::Ok)
}
