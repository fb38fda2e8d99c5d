//! When to kill, and what was going on when it happened.

use crate::harness::{Events, Live, Project, Stage, wait_for};
use std::time::Duration;

/// What Gofer was busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Create,
    Start,
    Running,
    Exit,
    Collect,
    Remove,
}

impl Class {
    pub(super) const ALL: [Self; 6] = [
        Self::Create,
        Self::Start,
        Self::Running,
        Self::Exit,
        Self::Collect,
        Self::Remove,
    ];
}

#[derive(Debug)]
pub(super) struct Aim {
    pub(super) class: Class,
    /// `TASK/ITEM/ATTEMPT`.
    pub(super) unit: &'static str,
    /// From 0 to 1: how far into the stage.
    pub(super) delay: f64,
}

impl Aim {
    /// Where Gofer reads itself what a task left, there is no time to hit it at that.
    pub(super) fn asks_engine(&self) -> bool {
        self.class == Class::Collect || self.delay < 0.5
    }

    /// Waits for the moment. If the run is over before, there is none.
    pub(super) fn wait(&self, project: &Project, events: &Events, live: &mut Live) {
        let records = project.records();
        let before = records.runs_of("kills").0;
        let stored = |least: Stage| {
            let rows = records.attempts_since("kills");
            let is_new = records.runs_of("kills").0 > before;
            let is_it =
                |row: &crate::harness::AttemptRow| row.unit == self.unit && row.stage >= least;
            is_new && rows.iter().any(is_it)
        };
        let (longest, come): (u64, Box<dyn Fn() -> bool + '_>) = match self.class {
            Class::Create => (4, Box::new(|| stored(Stage::Creating))),
            Class::Start => (60, Box::new(|| events.count("create", self.unit) > 0)),
            Class::Running => (300, Box::new(|| events.count("start", self.unit) > 0)),
            Class::Exit => (8, Box::new(|| events.count("die", self.unit) > 0)),
            Class::Collect => (40, Box::new(|| is_collecting(events, self.unit))),
            Class::Remove => (15, Box::new(|| stored(Stage::Ended))),
        };
        let is_over = wait_for("the moment", Duration::from_mins(3), || {
            if come() {
                return Some(false);
            }
            (!live.is_going()).then_some(true)
        });
        if !is_over {
            #[expect(clippy::cast_precision_loss, reason = "a few milliseconds")]
            let delay = self.delay * longest as f64;
            std::thread::sleep(Duration::from_secs_f64(delay / 1000.0));
        }
    }

    /// By what is stored and what the engine holds. Nothing if the run was over.
    pub(super) fn what_was_hit(&self, project: &Project, events: &Events) -> Option<Class> {
        let records = project.records();
        if records.runs_of("kills").1 == 0 {
            return None;
        }
        let rows = records.attempts_since("kills");
        let row = rows.iter().find(|row| row.unit == self.unit)?;
        match row.stage {
            Stage::Creating => Some(Class::Create),
            Stage::Starting => Some(Class::Start),
            Stage::Started if is_collecting(events, self.unit) => Some(Class::Collect),
            Stage::Started if events.count("die", self.unit) > 0 => Some(Class::Exit),
            Stage::Started => Some(Class::Running),
            Stage::Ended | Stage::Removed => Some(Class::Remove),
        }
    }
}

/// Its volumes are mounted when it starts, and once more for each look into them when it has ended.
fn is_collecting(events: &Events, unit: &str) -> bool {
    let of_it: Vec<_> = events
        .all()
        .into_iter()
        .filter(|event| event.unit == unit)
        .collect();
    let after = of_it.iter().skip_while(|event| event.action != "die");
    after
        .into_iter()
        .any(|event| event.action == "volume mount")
}
