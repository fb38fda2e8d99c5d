//! Whose log it is.

use crate::{ApiError, App};
use gofer_core::{
    id::RunId,
    run::{Attempt, Key, Task, Unit},
};
use gofer_store::{RunRow, StoredRun};

/// A task or an item, and one of its attempts.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) run: RunId,
    pub(crate) key: Key,
    /// Which attempt; once the log is open, the one that it is of.
    pub(crate) number: Option<u32>,
}

impl Target {
    /// The attempt's number; `None` while it has not begun.
    pub(crate) async fn attempt(&self, app: &App) -> Result<Option<u32>, ApiError> {
        let stored = app.store().load(self.run).await?;
        let task = self.task(&stored)?;
        let Some(unit) = self.unit(&stored.row, task)? else {
            return self.later(app, &stored.row).await;
        };
        let found = match self.number {
            Some(number) => unit
                .attempts
                .iter()
                .find(|attempt| attempt.number == number),
            None => unit.attempts.last(),
        };
        match found {
            Some(attempt) => Ok(Some(attempt.number)),
            None if unit.state.is_over() => Err(self.no_attempt(&stored.row, unit)),
            None => self.later(app, &stored.row).await,
        }
    }

    /// Whether a follower has to wait for nothing more. It is a problem if nobody will bring the
    /// attempt to its end.
    pub(crate) async fn is_over(&self, app: &App) -> Result<bool, ApiError> {
        let attempts = app.store().attempts(self.run, &self.key).await?;
        let mine = |attempt: &&Attempt| Some(attempt.number) == self.number;
        if attempts
            .iter()
            .find(mine)
            .is_some_and(|attempt| attempt.state.is_over())
        {
            return Ok(true);
        }
        let row = app.store().run(self.run).await?;
        if app.is_driven(&row).await? {
            Ok(false)
        } else {
            Err(ApiError::interrupted(&row))
        }
    }

    /// What to say when somebody who does not want to wait asks for an attempt that is not there.
    pub(crate) async fn not_yet(&self, app: &App) -> Result<ApiError, ApiError> {
        let row = app.store().run(self.run).await?;
        Ok(ApiError::NotFound(format!(
            "{} has not begun yet; -f waits for it",
            self.name(&row)
        )))
    }

    async fn later(&self, app: &App, row: &RunRow) -> Result<Option<u32>, ApiError> {
        if app.is_driven(row).await? {
            Ok(None)
        } else {
            Err(ApiError::interrupted(row))
        }
    }

    fn task<'a>(&self, stored: &'a StoredRun) -> Result<&'a Task, ApiError> {
        let position = stored.tasks.iter().position(|name| *name == self.key.task);
        position
            .and_then(|at| stored.run.tasks.get(at))
            .ok_or_else(|| {
                let names: Vec<_> = stored.tasks.iter().map(ToString::to_string).collect();
                let run = run_name(&stored.row);
                let task = &self.key.task;
                let names = names.join(", ");
                ApiError::NotFound(format!("{run} has no task {task}; its tasks are {names}"))
            })
    }

    /// The task itself or its item; `None` if the items are not known yet.
    fn unit<'a>(&self, row: &RunRow, task: &'a Task) -> Result<Option<&'a Unit>, ApiError> {
        let name = self.name(row);
        let Some(item) = self.key.item else {
            if task.items.is_empty() {
                return Ok(Some(&task.own));
            }
            let last = task.items.len() - 1;
            let message =
                format!("{name} is a fan-out: name one of its items, {name}/0 to {name}/{last}");
            return Err(ApiError::NotFound(message));
        };
        let found = usize::try_from(item)
            .ok()
            .and_then(|item| task.items.get(item));
        match found {
            None if task.own.expanded || task.own.state.is_over() => {
                let items = task.items.len();
                let message =
                    format!("there is no {name}: the task has {items} items, counted from 0");
                Err(ApiError::NotFound(message))
            }
            found => Ok(found),
        }
    }

    fn no_attempt(&self, row: &RunRow, unit: &Unit) -> ApiError {
        let name = self.name(row);
        ApiError::NotFound(match (self.number, unit.attempts.len()) {
            (Some(number), made) if made > 0 => {
                format!("{name} has no attempt {number}; there are {made}")
            }
            _ => {
                let why = unit.message.as_deref().unwrap_or(unit.state.as_str());
                format!("{name} never ran, so it has no log: {why}")
            }
        })
    }

    fn name(&self, row: &RunRow) -> String {
        let (run, Key { task, item }) = (run_name(row), &self.key);
        item.map_or_else(
            || format!("{run}/{task}"),
            |item| format!("{run}/{task}/{item}"),
        )
    }
}

fn run_name(row: &RunRow) -> String {
    format!("{}/{}", row.pipeline, row.number)
}
