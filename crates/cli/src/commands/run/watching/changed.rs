//! Which tasks mean something else than before.

use gofer_core::{
    definition::{Json, Pipeline},
    name::TaskName,
    plan::{self, Kind, Plan},
    when::Name,
};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Tasks as they were meant at some time.
#[derive(Clone, Debug, Default)]
pub(super) struct Meant(BTreeMap<TaskName, Json>);

impl Meant {
    /// What each task is made of: its own keys, what it has from `defaults`, the params that it
    /// reads, and the pipelines that it may call.
    pub(super) fn of(plan: &Plan, called: &[&Plan]) -> Self {
        let called: Vec<&Pipeline> = called.iter().map(|plan| &plan.pipeline).collect();
        let meaning = |task: &plan::Task| {
            let own = plan.pipeline.tasks.get(&task.name);
            let (container, called) = match &task.kind {
                Kind::Container(container) => (Some(container), None),
                Kind::Call(_) => (None, Some(&called)),
                Kind::Approval(_) => (None, None),
            };
            let mut document = json!({
                "own": own, "container": container, "called": called, "labels": task.labels,
                "pools": task.pools, "timeout": task.timeout,
            });
            let read = params(task, &document);
            let read = read
                .iter()
                .map(|name| (name, plan.pipeline.params.get(name.as_str())));
            document["params"] = json!(read.collect::<BTreeMap<_, _>>());
            (task.name.clone(), document)
        };
        Self(plan.tasks.iter().map(meaning).collect())
    }

    /// Tasks that are new or not as they were.
    pub(super) fn changed_since(&self, before: &Self) -> BTreeSet<TaskName> {
        let is_new = |(name, now): &(&TaskName, &Json)| before.0.get(*name) != Some(*now);
        let changed = self.0.iter().filter(is_new);
        changed.map(|(name, _)| name.clone()).collect()
    }
}

/// Names of the params that a task reads.
fn params(task: &plan::Task, document: &Json) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    collect(document, &mut names);
    for (name, ..) in task.when.iter().flat_map(gofer_core::when::Expr::names) {
        if let Name::Param(name) = name {
            names.insert(name.clone());
        }
    }
    names
}

/// `{ param = "n" }`, wherever it stands.
fn collect(value: &Json, names: &mut BTreeSet<String>) {
    match value {
        Json::Object(fields) => {
            names.extend(
                fields
                    .get("param")
                    .and_then(Json::as_str)
                    .map(str::to_owned),
            );
            fields.values().for_each(|value| collect(value, names));
        }
        Json::Array(values) => values.iter().for_each(|value| collect(value, names)),
        _ => {}
    }
}

/// These tasks, what depends on them, whoever shares a scratch volume with one of them, and the
/// finally tasks; nothing if there are none.
pub(super) fn with_dependants(plan: &Plan, tasks: &BTreeSet<TaskName>) -> BTreeSet<TaskName> {
    let mut todo: Vec<usize> = tasks
        .iter()
        .filter_map(|name| plan.position(name.as_str()))
        .collect();
    if todo.is_empty() {
        return BTreeSet::new();
    }
    let all = || plan.tasks.iter().enumerate();
    todo.extend(all().filter(|(_, task)| task.finally).map(|(at, _)| at));
    let mut found: BTreeSet<usize> = todo.iter().copied().collect();
    while let Some(at) = todo.pop() {
        let Some(task) = plan.tasks.get(at) else {
            continue;
        };
        let volumes = scratch(task);
        let shares = |other: &plan::Task| scratch(other).iter().any(|it| volumes.contains(it));
        let sharing = all().filter(|(_, other)| shares(other)).map(|(at, _)| at);
        for next in sharing.chain(task.children.iter().copied()) {
            if found.insert(next) {
                todo.push(next);
            }
        }
    }
    let named = found.into_iter().filter_map(|at| plan.tasks.get(at));
    named.map(|task| task.name.clone()).collect()
}

fn scratch(task: &plan::Task) -> Vec<&str> {
    let Kind::Container(container) = &task.kind else {
        return Vec::new();
    };
    let volumes = container.volumes.values();
    let scratch = volumes.filter_map(|volume| match &volume.source {
        gofer_core::definition::VolumeSource::Scratch(name) => Some(name.as_str()),
        _ => None,
    });
    scratch.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(document: Json) -> Plan {
        Plan::new(serde_json::from_value(document).unwrap()).unwrap()
    }

    fn etl() -> Json {
        json!({
            "name": "etl",
            "params": { "day": { "default": "x" }, "n": { "default": 1 } },
            "defaults": { "image": "i:1", "env": { "A": "1" } },
            "tasks": {
                "a": { "env": { "DAY": { "param": "day" } } },
                "b": { "depends_on": { "a": "success" }, "image": "j:1" },
                "c": { "depends_on": { "b": "any" }, "when": "params.n == 1" },
                "d": {}, "z": { "finally": true },
            },
        })
    }

    fn changed(edit: impl FnOnce(&mut Json)) -> Vec<String> {
        let mut after = etl();
        edit(&mut after);
        let (before, after) = (plan(etl()), plan(after));
        let changed = Meant::of(&after, &[]).changed_since(&Meant::of(&before, &[]));
        changed.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_task_changed_if_anything_that_it_is_made_of_did() {
        assert!(changed(|_| {}).is_empty());
        assert!(changed(|it| it["description"] = json!("x")).is_empty());
        assert_eq!(
            changed(|it| it["tasks"]["d"]["timeout"] = json!("1m")),
            ["d"]
        );
        assert_eq!(changed(|it| it["tasks"]["e"] = json!({})), ["e"]);
        assert_eq!(
            changed(|it| it["params"]["day"]["default"] = json!("y")),
            ["a"]
        );
        assert_eq!(changed(|it| it["params"]["n"]["default"] = json!(2)), ["c"]);
        assert_eq!(
            changed(|it| it["defaults"]["image"] = json!("i:2")),
            ["a", "c", "d", "z"]
        );
        assert_eq!(changed(|it| it["labels"] = json!({ "x": "y" })).len(), 5);
    }

    #[test]
    fn a_called_pipeline_counts_for_whoever_calls() {
        let caller = plan(json!({
            "name": "p", "tasks": { "own": { "image": "i" }, "other": { "pipeline": { "name": "q" } } },
        }));
        let child =
            |image: &str| plan(json!({ "name": "q", "tasks": { "t": { "image": image } } }));
        let (old, new) = (child("i:1"), child("i:2"));
        let before = Meant::of(&caller, &[&old]);
        let changed = Meant::of(&caller, &[&new]).changed_since(&before);
        assert_eq!(
            changed.iter().map(TaskName::as_str).collect::<Vec<_>>(),
            ["other"]
        );
        assert!(
            Meant::of(&caller, &[&old])
                .changed_since(&before)
                .is_empty()
        );
    }

    #[test]
    fn what_depends_on_a_task_runs_with_it_and_so_do_the_finally_tasks() {
        let plan = plan(etl());
        let of = |names: &[&str]| {
            let names = names.iter().map(|name| name.parse().unwrap()).collect();
            let found = with_dependants(&plan, &names);
            found.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(of(&["b"]), ["b", "c", "z"]);
        assert_eq!(of(&["d"]), ["d", "z"]);
        assert!(of(&[]).is_empty());
    }

    #[test]
    fn whoever_shares_a_scratch_volume_runs_too() {
        let volumes = json!({ "/w": { "scratch": "w" } });
        let plan = plan(
            json!({ "name": "p", "defaults": { "image": "i" }, "tasks": {
                "w": { "volumes": volumes }, "r": { "volumes": volumes }, "x": {},
            }}),
        );
        let found = with_dependants(&plan, &["r".parse().unwrap()].into());
        assert_eq!(
            found.iter().map(TaskName::as_str).collect::<Vec<_>>(),
            ["r", "w"]
        );
    }
}
