//! Whose log it is.

use crate::{ApiError, App};
use gofer_core::{
    id::RunId,
    name::ServiceName,
    plan,
    run::{Attempt, Key, Stage, Task, Unit},
};
use gofer_store::{RunRow, StoredRun};

/// A task or an item, and one of its attempts.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) run: RunId,
    pub(crate) key: Key,
    /// Which attempt; once the log is open, the one that it is of.
    pub(crate) number: Option<u32>,
    /// Of this service beside it, instead of its own.
    pub(crate) service: Option<ServiceName>,
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
        // A service has its grace after the attempt, and is removed when its log is closed.
        let is_closed = |attempt: &Attempt| {
            attempt.state.is_over() && (self.service.is_none() || attempt.stage > Stage::Ended)
        };
        if attempts.iter().find(mine).is_some_and(is_closed) {
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

    /// The same for one who wants to look into it.
    pub(crate) async fn nothing_to_look_into(&self, app: &App) -> Result<ApiError, ApiError> {
        let row = app.store().run(self.run).await?;
        let why = format!(
            "{} has not begun yet: try again when it runs",
            self.name(&row)
        );
        Ok(ApiError::Conflict("no_shell", why))
    }

    /// The service with this name beside the task.
    pub(crate) async fn with_service(mut self, app: &App, name: &str) -> Result<Self, ApiError> {
        let row = app.store().run(self.run).await?;
        let plan = app.plan_of(&row).await?;
        let at = plan.position(self.key.task.as_str());
        let task = at.and_then(|at| plan.tasks.get(at));
        let names = task.map(services).unwrap_or_default();
        self.service = names.iter().find(|known| known.as_str() == name).cloned();
        if self.service.is_some() {
            return Ok(self);
        }
        let known: Vec<&str> = names.iter().map(ServiceName::as_str).collect();
        let known = match known.as_slice() {
            [] => "it has none".to_owned(),
            known => format!("its services are {}", known.join(", ")),
        };
        let name = text(name);
        let message = format!("{} has no service {name}: {known}", self.name(&row));
        Err(ApiError::NotFound(message))
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

/// A name that may be anything.
fn text(name: &str) -> String {
    let mut short: String = name.chars().take(64).collect();
    short.retain(|c| !c.is_control());
    format!("{short:?}")
}

/// Those beside each of a task's containers.
pub(crate) fn services(task: &plan::Task) -> Vec<ServiceName> {
    match &task.kind {
        plan::Kind::Container(said) => said.services.keys().cloned().collect(),
        plan::Kind::Approval(_) | plan::Kind::Call(_) => Vec::new(),
    }
}

fn run_name(row: &RunRow) -> String {
    format!("{}/{}", row.pipeline, row.number)
}
