//! What something waits for, in a sentence. Derived when asked, never stored.

use super::{Key, Run, RunState, TaskState};
use crate::plan::Plan;

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

fn waits_for_a_place(plan: &Plan, run: &Run, at: usize) -> String {
    let live = |task: &super::Task| {
        let items = task
            .items
            .iter()
            .filter(|item| item.state.is_live())
            .count();
        items + usize::from(task.items.is_empty() && task.own.state.is_live())
    };
    let all: usize = run.tasks.iter().map(live).sum();
    if let Some(most) = plan.pipeline.max_parallel
        && all >= most as usize
    {
        return format!("waits for a free place: the run's max_parallel is {most}");
    }
    let here = run.tasks.get(at).map_or(0, live);
    let said = plan.tasks.get(at);
    if let Some(most) = said.and_then(|said| said.max_parallel)
        && here >= most as usize
    {
        return format!("waits for a free place: its max_parallel is {most}");
    }
    let pools: Vec<&str> = said
        .map(|said| {
            said.pools
                .iter()
                .map(crate::name::PoolName::as_str)
                .collect()
        })
        .unwrap_or_default();
    format!("waits for a slot of {}", pools.join(", "))
}
