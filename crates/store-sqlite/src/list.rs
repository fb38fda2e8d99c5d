//! Pages of runs.

use crate::{failure::Failure, read::View, rows, statements as sql};
use gofer_core::{
    id::RunId,
    name::{NamespaceName, PipelineName},
    run::RunState,
};
use gofer_store::{Filter, Page};
use rusqlite::params;

impl View {
    pub(crate) fn runs(
        &mut self,
        filter: &Filter,
        after: Option<RunId>,
        most: u32,
    ) -> Result<Page, Failure> {
        let states = bits(&filter.states);
        let take = i64::from(most) + 1;
        let open = !filter.states.is_empty() && !filter.states.iter().any(|state| state.is_over());
        let one = match (&filter.namespace, &filter.pipeline) {
            (Some(namespace), Some(pipeline)) => {
                let names = params![namespace.as_str(), pipeline.as_str()];
                match rows::first::<i64>(&self.db, sql::PIPELINE, names)? {
                    Some(pipeline) => Some(pipeline),
                    None => {
                        return Ok(Page {
                            rows: Vec::new(),
                            next: None,
                        });
                    }
                }
            }
            _ => None,
        };
        let found = if let Some(pipeline) = one {
            let statement = match (filter.claimed, open) {
                (true, _) => sql::PAGE_OF_ONE_CLAIMED,
                (false, true) => sql::PAGE_OF_ONE_OPEN,
                (false, false) => sql::PAGE_OF_ONE,
            };
            let bound = self.number(after, pipeline)?;
            let which = params![bound, states, take, pipeline];
            rows::all(&self.db, statement, which, rows::run_row)?
        } else {
            let statement = match (filter.claimed, open) {
                (true, _) => sql::PAGE_OF_SOME_CLAIMED,
                (false, true) => sql::PAGE_OF_SOME_OPEN,
                (false, false) => sql::PAGE_OF_SOME,
            };
            let namespace = filter.namespace.as_ref().map(NamespaceName::as_str);
            let pipeline = filter.pipeline.as_ref().map(PipelineName::as_str);
            let which = params![self.seq(after)?, states, take, namespace, pipeline];
            rows::all(&self.db, statement, which, rows::run_row)?
        };
        let most = most as usize;
        let next = found
            .get(most)
            .and(most.checked_sub(1))
            .and_then(|last| found.get(last));
        let next = next.map(|found| found.row.id);
        Ok(Page {
            rows: found
                .into_iter()
                .take(most)
                .map(|found| found.row)
                .collect(),
            next,
        })
    }

    /// The page has runs with a smaller one than this.
    fn seq(&self, after: Option<RunId>) -> Result<i64, Failure> {
        let Some(after) = after else {
            return Ok(i64::MAX);
        };
        let id = [after.0.as_bytes()];
        match rows::first(&self.db, sql::PLACE, id)? {
            Some(seq) => Ok(seq),
            None => Ok(rows::first(&self.db, sql::PLACE_BEFORE, id)?.unwrap_or(0)),
        }
    }

    /// The same by number, within a pipeline.
    fn number(&self, after: Option<RunId>, pipeline: i64) -> Result<i64, Failure> {
        let Some(after) = after else {
            return Ok(i64::MAX);
        };
        let which = params![after.0.as_bytes(), pipeline];
        match rows::first(&self.db, sql::NUMBER, which)? {
            Some(number) => Ok(number),
            None => Ok(rows::first(&self.db, sql::NUMBER_BEFORE, which)?.unwrap_or(0)),
        }
    }
}

/// A bit for each state; all of them for no filter.
fn bits(states: &[RunState]) -> i64 {
    if states.is_empty() {
        return i64::MAX;
    }
    states
        .iter()
        .fold(0, |bits, state| bits | 1 << state.code())
}
