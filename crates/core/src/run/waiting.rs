//! What something waits for, in a sentence. Derived when asked, never stored.

use super::{Key, Run, RunState, TaskState};
use crate::plan::{Kind, Plan};

/// What a task or an item waits for; `None` if it does not wait.
pub fn waits_for(plan: &Plan, run: &Run, key: &Key) -> Option<String> {
    let at = plan.position(key.task.as_str())?;
    let (said, task) = (plan.tasks.get(at)?, run.tasks.get(at)?);
    let unit = match key.item {
        None => &task.own,
        Some(item) => task.items.get(item as usize)?,
    };
    match unit.state {
        TaskState::Retrying if unit.ready.is_none() => {
            let due = unit.due?;
            Some(format!("waits until {due:.0} to be tried again"))
        }
        TaskState::AwaitingApproval => Some("waits for a person to approve it".to_owned()),
        TaskState::Waiting | TaskState::Retrying if unit.ready.is_some() => {
            Some(waits_for_a_place(plan, run, at))
        }
        TaskState::Waiting if run.head.state == RunState::Queued => {
            Some("waits for its run to begin".to_owned())
        }
        TaskState::Waiting => {
            let names: Vec<&str> = said
                .parents
                .iter()
                .filter(|(parent, _)| {
                    run.tasks
                        .get(*parent)
                        .is_some_and(|task| !task.own.state.is_over())
                })
                .filter_map(|(parent, _)| plan.tasks.get(*parent))
                .map(|parent| parent.name.as_str())
                .collect();
            Some(if names.is_empty() {
                "waits for all ordinary tasks to end".to_owned()
            } else {
                format!("waits for {}", names.join(", "))
            })
        }
        _ => None,
    }
}

/// The limit that holds a ready task back.
fn waits_for_a_place(plan: &Plan, run: &Run, at: usize) -> String {
    let Some(said) = plan.tasks.get(at) else {
        return String::new();
    };
    let is_call = |said: &crate::plan::Task| matches!(said.kind, Kind::Call(_));
    let all: usize = (run.tasks.iter().zip(&plan.tasks))
        .filter(|(_, said)| !is_call(said))
        .map(|(task, _)| live(task))
        .sum();
    if let Some(most) = plan.pipeline.max_parallel
        && all >= most as usize
        && !is_call(said)
    {
        return format!("waits for a free place: the run's max_parallel is {most}");
    }
    let here = run.tasks.get(at).map_or(0, live);
    if let Some(most) = said.max_parallel
        && here >= most as usize
    {
        return format!("waits for a free place: its max_parallel is {most}");
    }
    let held: Vec<String> = said
        .pools
        .iter()
        .filter_map(|pool| {
            let mut others = run.tasks.iter().zip(&plan.tasks);
            let (_, holder) =
                others.find(|(task, said)| live(task) > 0 && said.pools.contains(pool))?;
            Some(format!("{pool}, which {} holds", holder.name))
        })
        .collect();
    if held.is_empty() {
        return "waits for its turn".to_owned();
    }
    format!("waits for a slot of {}", held.join(" and of "))
}

/// Attempts of a task that hold something.
fn live(task: &super::Task) -> usize {
    let items = task
        .items
        .iter()
        .filter(|item| item.state.is_live())
        .count();
    items + usize::from(task.items.is_empty() && task.own.state.is_live())
}
