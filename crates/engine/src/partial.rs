//! Runs of some of the tasks: where what the others gave is taken from.

use crate::{Engine, Error};
use gofer_core::{
    definition::{Json, Reference},
    name::{NamespaceName, TaskName},
    plan::Plan,
    run::{Given, Need, Partial, needs},
    suggest,
};
use gofer_store::{Filter, StoredRun};
use std::collections::{BTreeMap, BTreeSet};

/// Runs that are looked through for what is needed, the newest first.
const MOST_RUNS: usize = 200;
const PAGE: u32 = 20;

/// Which tasks a run is to be about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Their names.
    pub tasks: Vec<String>,
    /// All that comes before them too.
    pub with_ancestors: bool,
    /// Outputs of the others by `TASK.KEY`; they win over those of earlier runs.
    pub outputs: BTreeMap<String, String>,
}

impl Wanted {
    /// The same tasks again. What was taken from a run is looked for anew.
    pub(crate) fn like(partial: &Partial) -> Self {
        let by_hand = partial
            .given
            .iter()
            .filter(|(_, given)| given.run.is_none());
        let outputs = by_hand.flat_map(|(task, given)| {
            let output =
                move |(key, value): (&String, &String)| (format!("{task}.{key}"), value.clone());
            given.outputs.iter().map(output)
        });
        Self {
            tasks: partial.only.iter().map(ToString::to_string).collect(),
            with_ancestors: false,
            outputs: outputs.collect(),
        }
    }
}

/// The search for what the tasks that do not run gave.
struct Search<'a> {
    plan: &'a Plan,
    needs: BTreeMap<TaskName, Need>,
    partial: Partial,
    /// Without artifacts, although those are wanted; taken if no run has any.
    spare: BTreeMap<TaskName, Given>,
    problems: Vec<String>,
}

impl Engine {
    /// What a run of some tasks is about, and everything that speaks against it.
    pub(crate) async fn borrow(
        &self,
        namespace: &NamespaceName,
        plan: &Plan,
        wanted: &Wanted,
    ) -> Result<(Partial, Vec<String>), Error> {
        let mut search = Search::new(plan, wanted);
        search.take_given(&wanted.outputs);
        let filter = Filter {
            namespace: Some(namespace.clone()),
            pipeline: Some(plan.pipeline.name.clone()),
            ..Filter::default()
        };
        let (mut after, mut seen) = (None, 0);
        while !search.is_done() && seen < MOST_RUNS {
            let page = self.store().runs(&filter, after, PAGE).await?;
            seen += page.rows.len();
            for row in page.rows {
                if !search.is_done() {
                    search.look_into(&self.store().load(row.id).await?);
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(search.end())
    }
}

impl<'a> Search<'a> {
    fn new(plan: &'a Plan, wanted: &Wanted) -> Self {
        let (mut tasks, mut problems) = (Vec::new(), Vec::new());
        for name in &wanted.tasks {
            match name.parse::<TaskName>() {
                Ok(task) if plan.position(name).is_some() => tasks.push(task),
                _ => {
                    let known = plan.tasks.iter().map(|task| task.name.as_str());
                    let (of, meant) = (&plan.pipeline.name, suggest::or_list(name, known));
                    problems.push(format!("{of} has no task `{name}`{meant}"));
                }
            }
        }
        let only = Partial::select(plan, &tasks, wanted.with_ancestors);
        Self {
            plan,
            needs: needs(plan, &only),
            partial: Partial {
                only,
                given: BTreeMap::new(),
            },
            spare: BTreeMap::new(),
            problems,
        }
    }

    /// Takes in what was said by hand: nobody has to look for it.
    fn take_given(&mut self, outputs: &BTreeMap<String, String>) {
        for (name, value) in outputs {
            match self.check_given(name, value) {
                Ok((task, key)) => {
                    if let Some(need) = self.needs.get_mut(&task) {
                        need.required.remove(&key);
                        need.outputs.remove(&key);
                    }
                    let given = self.partial.given.entry(task).or_default();
                    given.outputs.insert(key, value.clone());
                }
                Err(problem) => self.problems.push(format!("--output {name}: {problem}")),
            }
        }
        let is_open = |need: &Need| need.artifacts || !need.outputs.is_empty();
        let given = &self.partial.given;
        self.needs
            .retain(|task, need| is_open(need) || !given.contains_key(task));
    }

    fn check_given(&self, name: &str, value: &str) -> Result<(TaskName, String), String> {
        let Ok(Reference::Output { task, key, .. }) = Reference::output(name, None) else {
            return Err("TASK.KEY is expected".to_owned());
        };
        let known = self.plan.tasks.iter().map(|task| task.name.as_str());
        let at = self.plan.position(task.as_str());
        let said = at.and_then(|at| self.plan.tasks.get(at));
        let said = said.ok_or_else(|| {
            format!(
                "there is no task `{task}`{}",
                suggest::or_list(task.as_str(), known)
            )
        })?;
        if self.partial.only.contains(&task) {
            return Err(format!("{task} runs, so its outputs are its own"));
        }
        let read = self.needs.get(&task).map(|need| &need.outputs);
        if !read.is_some_and(|read| read.contains(&key)) {
            let read = read.into_iter().flatten().map(String::as_str);
            let meant = suggest::or_list(&key, read);
            return Err(format!("nothing that runs reads it{meant}"));
        }
        if said.fan_out.is_some() && !matches!(serde_json::from_str(value), Ok(Json::Array(_))) {
            return Err(format!(
                "{task} is a fan-out, so this is a JSON list of what its items wrote"
            ));
        }
        Ok((task, key))
    }

    fn is_done(&self) -> bool {
        self.needs.is_empty()
    }

    /// Takes from a run what is still needed and what it has.
    fn look_into(&mut self, stored: &StoredRun) {
        let names: BTreeMap<&TaskName, usize> = stored.tasks.iter().zip(0..).collect();
        let of = (stored.row.id, stored.row.number);
        let mut met = BTreeSet::new();
        for (name, need) in &self.needs {
            let said = self.plan.position(name.as_str());
            let said = said.and_then(|at| self.plan.tasks.get(at));
            let task = names.get(name).and_then(|at| stored.run.tasks.get(*at));
            let (Some(said), Some(task)) = (said, task) else {
                continue;
            };
            let Some(given) = need.met_by(said, task, of) else {
                continue;
            };
            if need.artifacts && given.artifacts.is_empty() {
                self.spare.entry(name.clone()).or_insert(given);
                continue;
            }
            merge(&mut self.partial, name, given);
            met.insert(name.clone());
        }
        self.needs.retain(|name, _| !met.contains(name));
    }

    /// What is left may do without, or is missing.
    fn end(mut self) -> (Partial, Vec<String>) {
        for (task, need) in std::mem::take(&mut self.needs) {
            if let Some(given) = self.spare.remove(&task) {
                merge(&mut self.partial, &task, given);
                continue;
            }
            let pipeline = &self.plan.pipeline.name;
            for key in &need.required {
                self.problems.push(format!(
                    "output {task}.{key} is read, and no kept run of {pipeline} has it: pass \
                     --output {task}.{key}=VALUE, or run {task} too"
                ));
            }
            if need.artifacts {
                self.problems.push(format!(
                    "artifacts of {task} are read, and it succeeded in no kept run of {pipeline}: \
                     run {task} too"
                ));
            }
        }
        (self.partial, self.problems)
    }
}

/// What was said by hand wins.
fn merge(partial: &mut Partial, task: &TaskName, found: Given) {
    let by_hand = partial.given.remove(task).unwrap_or_default();
    let mut given = found;
    given.outputs.extend(by_hand.outputs);
    partial.given.insert(task.clone(), given);
}
