//! `when`: its grammar, its names, and what can be known of its types.

use super::{Scope, Subject, values::item};
use crate::{
    Problem, params,
    problem::{Path, Step},
    when::{Expr, Kind, Name},
};
use std::ops::Range;

impl Scope<'_> {
    pub(super) fn when(&mut self, subject: &Subject<'_>) {
        let Some(text) = &subject.task.when else {
            return;
        };
        let path = subject.path.at("when");
        let Some(expr) = self.parsed(&path, text) else {
            return;
        };
        let mut wrong: Vec<Range<usize>> = Vec::new();
        for (name, at, has_default) in expr.names() {
            if let Err(message) = self.name(subject, name, has_default) {
                wrong.push(at.clone());
                self.inside(&path, at, message);
            }
        }
        self.types(&path, &expr, &wrong);
    }

    /// A trigger's `when` sees the event alone.
    pub(super) fn trigger_when(&mut self, path: &Path, text: &str) {
        let Some(expr) = self.parsed(path, text) else {
            return;
        };
        for (name, at, _) in expr.names() {
            if !matches!(name, Name::Event(_)) {
                let message = format!("a trigger's `when` sees only `event`, not `{name}`");
                self.inside(path, at, message);
            }
        }
        self.types(path, &expr, &[]);
    }

    fn parsed(&mut self, path: &Path, text: &str) -> Option<Expr> {
        match Expr::parse(text) {
            Ok(expr) => Some(expr),
            Err(error) => {
                self.inside(path, error.at, error.message);
                None
            }
        }
    }

    fn inside(&mut self, path: &Path, at: Range<usize>, message: String) {
        let problem = Problem {
            within: Some(at),
            ..Problem::error(path.clone(), message)
        };
        self.report.problems.push(problem);
    }

    /// What a wrong name leads to is not said besides.
    fn types(&mut self, path: &Path, expr: &Expr, wrong: &[Range<usize>]) {
        for error in expr.check_types(&|name| Some(self.kind_of(name))) {
            let follows = |at: &Range<usize>| error.at.start <= at.start && at.end <= error.at.end;
            if !wrong.iter().any(follows) {
                self.inside(path, error.at, error.message);
            }
        }
    }

    fn kind_of(&self, name: &Name) -> Kind {
        match name {
            Name::Param(name) => {
                let param = self.pipeline.params.get(name.as_str());
                param.map_or(Kind::Unknown, |param| {
                    params::kind_in_when(param.kind.unwrap_or_default())
                })
            }
            Name::Output { task, .. } if self.is_fan_out(task) => Kind::List,
            Name::Output { .. } => Kind::Text,
            Name::Task { .. } | Name::RunTrigger | Name::RunState => Kind::Text,
            Name::Item(_) | Name::Event(_) => Kind::Unknown,
        }
    }

    fn name(&self, subject: &Subject<'_>, name: &Name, has_default: bool) -> Result<(), String> {
        match name {
            Name::Param(name) => self.declared(name),
            Name::Output { task, key } => {
                self.output(subject, task, key)?;
                // The length of "" is that of an empty list.
                let stand_in = if self.is_fan_out(task) { "" } else { "0" };
                let fix = format!("{name} | default(\"{stand_in}\")");
                self.certain(subject, (task, key), has_default, &fix)
            }
            Name::Task { task, .. } => self.upstream(subject, task).map(drop),
            Name::Item(steps) => match steps.first() {
                Some(Step::Key(field)) => item(subject, Some(field)),
                _ => item(subject, None),
            },
            Name::RunTrigger => Ok(()),
            Name::RunState if subject.finally => Ok(()),
            Name::RunState => {
                Err("`run.state` is known only to finally tasks: write finally = true".to_owned())
            }
            Name::Event(_) => Err(
                "a task does not see the event, only params: set one in `triggers.NAME.params`"
                    .to_owned(),
            ),
        }
    }
}
