//! What a pipeline means, in words: the answer of `validate` and of `run --dry-run`.

mod tasks;
mod triggers;

pub(crate) use tasks::{Place, Task, goes_on, order, secrets, waits};

use crate::{
    paint::{Hue, Paint},
    text,
};
use gofer_core::{
    definition::{Json, Param, Pipeline},
    plan::Plan,
};
use serde::Serialize;

/// A pipeline, understood.
#[derive(Debug, Serialize)]
pub(crate) struct Outline {
    pub(crate) pipeline: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    /// Tasks that may run side by side, level by level.
    pub(crate) levels: Vec<Vec<Task>>,
    /// The same of those that run at the end.
    pub(crate) finally: Vec<Vec<Task>>,
    pub(crate) params: Vec<ParamLine>,
    /// Names of the secrets that it needs.
    pub(crate) secrets: Vec<String>,
    pub(crate) triggers: Vec<triggers::Trigger>,
    /// Defaults that apply because the file says nothing.
    pub(crate) defaults: Vec<String>,
    /// What a server acts on and `gofer run` does not.
    pub(crate) for_a_server: Vec<String>,
}

/// A param, in words.
#[derive(Debug, Serialize)]
pub(crate) struct ParamLine {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
}

impl Outline {
    /// Leaves out the tasks that are not about to run.
    pub(crate) fn keep(&mut self, runs: impl Fn(&str) -> bool) {
        for levels in [&mut self.levels, &mut self.finally] {
            for level in levels.iter_mut() {
                level.retain(|task| runs(&task.name));
            }
            levels.retain(|level| !level.is_empty());
        }
    }

    pub(crate) fn new(plan: &Plan) -> Self {
        let pipeline = &plan.pipeline;
        let (levels, finally) = tasks::levels(plan);
        Self {
            pipeline: pipeline.name.to_string(),
            description: pipeline.description.clone(),
            levels,
            finally,
            params: pipeline
                .params
                .iter()
                .map(|(name, param)| param_line(name.as_str(), param))
                .collect(),
            secrets: tasks::secrets(plan, None),
            triggers: pipeline
                .triggers
                .iter()
                .map(|(name, trigger)| triggers::Trigger::new(name, trigger))
                .collect(),
            defaults: defaults(plan),
            for_a_server: for_a_server(pipeline),
        }
    }

    fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.levels.iter().chain(&self.finally).flatten()
    }

    pub(crate) fn size(&self) -> usize {
        self.tasks().count()
    }

    /// All of it for a terminal of this width.
    pub(crate) fn render(&self, columns: Option<usize>, paint: Paint) -> String {
        let widest = self
            .tasks()
            .map(|task| text::width(&task.name))
            .max()
            .unwrap_or(0);
        let mut page = String::new();
        for (levels, first) in [(&self.levels, ""), (&self.finally, "at the end")] {
            for (nth, level) in levels.iter().enumerate() {
                let head = match (first, nth) {
                    ("", 0) => "first".to_owned(),
                    ("", _) => "then".to_owned(),
                    (first, 0) => first.to_owned(),
                    (_, _) => "then".to_owned(),
                };
                for (place, task) in level.iter().enumerate() {
                    let head = if place == 0 { head.as_str() } else { "" };
                    let name = paint.colour(Hue::Strong, &text::fit(&task.name, widest));
                    page += &row(
                        head,
                        &format!("{name}  "),
                        widest + 2,
                        &task.words(),
                        columns,
                        paint,
                    );
                }
            }
        }
        page.push('\n');
        for (head, lines) in self.facts() {
            for (place, line) in lines.iter().enumerate() {
                page += &row(
                    if place == 0 { head } else { "" },
                    "",
                    0,
                    line,
                    columns,
                    paint,
                );
            }
        }
        page
    }

    fn facts(&self) -> Vec<(&'static str, Vec<String>)> {
        let params = self.params.iter().map(ParamLine::words).collect();
        let triggers = self
            .triggers
            .iter()
            .map(|trigger| format!("{}: {}", trigger.name, trigger.words))
            .collect();
        let one = |list: &[String]| {
            if list.is_empty() {
                vec![]
            } else {
                vec![text::list(list)]
            }
        };
        let server = match self.for_a_server.as_slice() {
            [] => vec![],
            list => vec![format!(
                "{}; `gofer run` does not act on {}",
                text::list(list),
                if list.len() == 1 { "it" } else { "them" }
            )],
        };
        vec![
            ("params", params),
            ("secrets", one(&self.secrets)),
            ("triggers", triggers),
            ("for a server", server),
            ("defaults", self.defaults.clone()),
        ]
    }
}

/// Columns of what stands on the left.
const HEAD: usize = 14;

/// A head, a name, and words that go on below themselves.
fn row(
    head: &str,
    name: &str,
    name_width: usize,
    words: &str,
    columns: Option<usize>,
    paint: Paint,
) -> String {
    let left = 2 + HEAD + name_width;
    let room = columns.unwrap_or(usize::MAX).saturating_sub(left).max(20);
    let mut row = format!(
        "  {}{name}",
        paint.colour(Hue::Faint, &text::fit(head, HEAD))
    );
    for (nth, line) in text::wrap(words, room).iter().enumerate() {
        if nth > 0 {
            row += &" ".repeat(left);
        }
        row.push_str(line);
        row.push('\n');
    }
    row
}

impl ParamLine {
    fn words(&self) -> String {
        let value = match &self.default {
            Some(Json::String(text)) => format!("default {text}"),
            Some(value) => format!("default {value}"),
            None => "required".to_owned(),
        };
        let about = self
            .description
            .as_ref()
            .map_or(String::new(), |about| format!(": {about}"));
        format!("{} ({}, {value}){about}", self.name, self.kind)
    }
}

fn param_line(name: &str, param: &Param) -> ParamLine {
    let kind = serde_json::to_value(param.kind.unwrap_or_default());
    let kind = kind
        .ok()
        .and_then(|kind| kind.as_str().map(str::to_owned))
        .unwrap_or_default();
    ParamLine {
        name: name.to_owned(),
        kind: if param.values.is_empty() {
            kind
        } else {
            format!("one of {}", param.values.join(", "))
        },
        required: param.default.is_none(),
        default: param.default.clone(),
        description: param.description.clone(),
    }
}

fn defaults(plan: &Plan) -> Vec<String> {
    let pipeline = &plan.pipeline;
    let said = |task: &gofer_core::definition::Task| {
        task.timeout.is_some() || task.approval.is_some() || task.pipeline.is_some()
    };
    let mut lines = Vec::new();
    let has_default = pipeline
        .defaults
        .as_ref()
        .is_some_and(|defaults| defaults.timeout.is_some());
    if !has_default && !pipeline.tasks.values().all(said) {
        lines.push("a container is stopped after 24h where no `timeout` is set".to_owned());
    }
    if pipeline.tasks.values().any(|task| {
        task.retry
            .as_ref()
            .is_some_and(|retry| retry.delay.is_none())
    }) {
        lines.push("a retry waits 5s, then twice as long each time, at most 5m".to_owned());
    }
    lines
}

/// The parts of the file that need a server.
pub(crate) fn for_a_server(pipeline: &Pipeline) -> Vec<String> {
    let triggers: Vec<&str> = pipeline
        .triggers
        .keys()
        .map(gofer_core::name::TriggerName::as_str)
        .collect();
    let triggers = match triggers.len() {
        0 => None,
        1 => Some(format!("the trigger {}", triggers.concat())),
        _ => Some(format!("the triggers {}", triggers.join(", "))),
    };
    let present = [
        (pipeline.concurrency.is_some(), "concurrency"),
        (pipeline.priority.is_some(), "priority"),
        (!pipeline.notify.is_empty(), "notify"),
        (pipeline.expect.is_some(), "expect"),
    ];
    let present = present
        .into_iter()
        .filter(|(there, _)| *there)
        .map(|(_, what)| what.to_owned());
    triggers.into_iter().chain(present).collect()
}
