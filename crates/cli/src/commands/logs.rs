use crate::{
    args::Logs,
    failure::{Code, Failure, Result},
    project,
    session::Session,
    text,
    unit::{self, Key, Unit},
};
use futures_util::StreamExt;
use gofer_sdk::{
    Client, LogQuery,
    types::{LogOptions, Run},
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
                return follow_all(session, &client, run, &reference.task, args).await;
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
    let mut pieces = client.logs(run.id, &query(unit.key(), args, args.follow));
    while let Some(piece) = pieces.next().await {
        out.write_all(&piece?)?;
        if args.follow {
            out.flush()?;
        }
    }
    out.flush()?;
    Ok(Code::Ok)
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
        let mut pieces = client.logs(run.id, &query(unit.key(), args, false));
        while let Some(piece) = pieces.next().await {
            lines.write(&mut out, &piece?)?;
        }
        lines.end(&mut out)?;
    }
    out.flush()?;
    Ok(Code::Ok)
}

/// Several logs at once, as they are written. Tasks that begin later are joined.
async fn follow_all(
    session: &Session<'_>,
    client: &Client,
    mut run: Run,
    task: &Option<String>,
    args: &Logs,
) -> Result<Code> {
    let mut out = session.host.stdout();
    let mut streams = futures_util::stream::SelectAll::new();
    let mut known: Vec<(Key, u32)> = Vec::new();
    let mut lines: std::collections::BTreeMap<Key, Prefixed> = std::collections::BTreeMap::new();
    loop {
        let wanted = |unit: &Unit<'_>| task.as_ref().is_none_or(|task| unit.task.name == *task);
        let units: Vec<Unit<'_>> = unit::units(&run).into_iter().filter(wanted).collect();
        let widest = units
            .iter()
            .map(|unit| text::width(&unit.label()))
            .max()
            .unwrap_or(0);
        for unit in &units {
            let Some(attempt) = unit.newest() else {
                continue;
            };
            let id = (unit.key(), attempt.number);
            if known.contains(&id) {
                continue;
            }
            known.push(id.clone());
            lines
                .entry(unit.key())
                .or_insert_with(|| Prefixed::new(&unit.label(), widest));
            let mut query = query(unit.key(), args, true);
            query.options.attempt = Some(attempt.number);
            let key = unit.key();
            streams.push(
                client
                    .logs(run.id, &query)
                    .map(move |piece| (key.clone(), piece))
                    .boxed(),
            );
        }
        let over = run.state.is_over();
        let look_again = tokio::time::sleep(PAUSE);
        tokio::pin!(look_again);
        loop {
            tokio::select! {
                biased;
                next = streams.next(), if !streams.is_empty() => {
                    let Some((key, piece)) = next else { continue };
                    if let Some(lines) = lines.get_mut(&key) {
                        lines.write(&mut out, &piece?)?;
                        out.flush()?;
                    }
                }
                () = &mut look_again, if !over => break,
                else => break,
            }
        }
        if over {
            break;
        }
        run = client.run(&gofer_sdk::RunRef::Id(run.id)).await?;
    }
    for lines in lines.values_mut() {
        lines.end(&mut out)?;
    }
    Ok(Code::Ok)
}

/// A line longer than this is written in pieces, so that it need not be kept.
const MOST_PENDING: usize = 64 * 1024;

/// Puts a task's name in front of each line, whatever the pieces are cut like. Only whole lines
/// are written, so that those of several tasks do not mix.
struct Prefixed {
    prefix: String,
    pending: Vec<u8>,
    is_open: bool,
}

impl Prefixed {
    fn new(label: &str, widest: usize) -> Self {
        Self {
            prefix: format!("{} | ", text::fit(label, widest)),
            pending: Vec::new(),
            is_open: false,
        }
    }

    fn write(&mut self, out: &mut impl Write, piece: &[u8]) -> std::io::Result<()> {
        for line in piece.split_inclusive(|byte| *byte == b'\n') {
            self.pending.extend_from_slice(line);
            if line.ends_with(b"\n") || self.pending.len() > MOST_PENDING {
                self.flush(out)?;
            }
        }
        Ok(())
    }

    fn flush(&mut self, out: &mut impl Write) -> std::io::Result<()> {
        if !self.is_open {
            out.write_all(self.prefix.as_bytes())?;
        }
        out.write_all(&self.pending)?;
        self.is_open = !self.pending.ends_with(b"\n");
        self.pending.clear();
        Ok(())
    }

    fn end(&mut self, out: &mut impl Write) -> std::io::Result<()> {
        if !self.pending.is_empty() {
            self.flush(out)?;
        }
        if std::mem::take(&mut self.is_open) {
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_cut_into_pieces_has_one_prefix() {
        let mut out = Vec::new();
        let mut lines = Prefixed::new("load[3]", 8);
        for piece in ["one\ntw", "o\n", "three"] {
            lines.write(&mut out, piece.as_bytes()).unwrap();
        }
        lines.end(&mut out).unwrap();
        lines.end(&mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "load[3]  | one\nload[3]  | two\nload[3]  | three\n"
        );
    }
}
