//! Several logs at once, as they are written. Tasks that begin later are joined.

use super::{PAUSE, Prefixed, query, tell};
use crate::{
    args::Logs,
    failure::{Code, Result},
    session::Session,
    text,
    unit::{self, Key, Unit},
};
use futures_util::{
    StreamExt,
    stream::{BoxStream, SelectAll},
};
use gofer_sdk::{Client, Error, LogPiece, RunRef, types::Run};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
};

type Piece = (Key, std::result::Result<LogPiece, Error>);

struct Following<'a> {
    session: &'a Session<'a>,
    /// How the run is called.
    of: String,
    client: &'a Client,
    args: &'a Logs,
    /// Only this task's.
    task: Option<&'a str>,
    out: Box<dyn Write + Send>,
    pieces: SelectAll<BoxStream<'static, Piece>>,
    known: BTreeSet<(Key, u32)>,
    lines: BTreeMap<Key, Prefixed>,
}

pub(super) async fn follow_all(
    session: &Session<'_>,
    client: &Client,
    mut run: Run,
    task: Option<&str>,
    args: &Logs,
) -> Result<Code> {
    let mut following = Following {
        session,
        of: run.reference(),
        client,
        args,
        task,
        out: session.host.stdout(),
        pieces: SelectAll::new(),
        known: BTreeSet::new(),
        lines: BTreeMap::new(),
    };
    loop {
        following.join(&run);
        if run.state.is_over() {
            return following.finish().await;
        }
        // Every now and then the run is looked at for tasks that began.
        if let Ok(failed) = tokio::time::timeout(PAUSE, following.read()).await {
            failed?;
            tokio::time::sleep(PAUSE).await;
        }
        run = client.run(&RunRef::Id(run.id)).await?;
    }
}

impl Following<'_> {
    fn join(&mut self, run: &Run) {
        let wanted = |unit: &Unit<'_>| self.task.is_none_or(|task| unit.task.name == task);
        let units: Vec<Unit<'_>> = unit::units(run).into_iter().filter(wanted).collect();
        let widths = units.iter().map(|unit| text::width(&unit.label()));
        let widest = widths.max().unwrap_or(0);
        for unit in &units {
            let Some(attempt) = unit.newest() else {
                continue;
            };
            let key = unit.key();
            if !self.known.insert((key.clone(), attempt.number)) {
                continue;
            }
            let label = unit.label();
            self.lines
                .entry(key.clone())
                .or_insert_with(|| Prefixed::new(&label, widest));
            let mut query = query(key.clone(), self.args, true);
            query.options.attempt = Some(attempt.number);
            let pieces = self.client.log_pieces(run.id, &query);
            self.pieces
                .push(pieces.map(move |piece| (key.clone(), piece)).boxed());
        }
    }

    /// Until there is nothing more to read.
    async fn read(&mut self) -> Result<()> {
        while let Some((key, piece)) = self.pieces.next().await {
            let Some(lines) = self.lines.get_mut(&key) else {
                continue;
            };
            match piece? {
                LogPiece::Bytes(bytes) => lines.write(&mut self.out, &bytes)?,
                LogPiece::Missing(mark) => {
                    lines.end(&mut self.out)?;
                    let of = format!("{}/{}", self.of, unit::path(&key));
                    tell(self.session, &of, &mark, false);
                }
            }
            self.out.flush()?;
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<Code> {
        self.read().await?;
        for lines in self.lines.values_mut() {
            lines.end(&mut self.out)?;
        }
        self.out.flush()?;
        Ok(Code::Ok)
    }
}
