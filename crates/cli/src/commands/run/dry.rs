//! What would run.

use super::inputs::Inputs;
use crate::{
    failure::{Code, Result},
    outline::Outline,
    paint::Hue,
    session::Session,
    text,
};
use gofer_core::{name::TaskName, plan::Plan};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Serialize)]
struct Document<'a> {
    ok: bool,
    problems: &'a [String],
    values: BTreeMap<String, &'a str>,
    secrets_given: Vec<&'a str>,
    outline: &'a Outline,
}

pub(super) fn show(
    session: &Session<'_>,
    plan: &Plan,
    only: Option<&BTreeSet<TaskName>>,
    inputs: &Inputs,
) -> Result<Code> {
    let mut outline = Outline::new(plan);
    if let Some(only) = only {
        outline.keep(|task| only.contains(task));
    }
    let problems = inputs.problems();
    let code = if problems.is_empty() {
        Code::Ok
    } else {
        Code::Error
    };
    if session.is_json() {
        session.json(&Document {
            ok: problems.is_empty(),
            problems,
            values: inputs
                .values
                .iter()
                .map(|(name, value)| (name.to_string(), value.as_str()))
                .collect(),
            secrets_given: inputs.secrets.keys().map(String::as_str).collect(),
            outline: &outline,
        })?;
        return Ok(code);
    }
    let paint = session.paint();
    let head = format!(
        "{} would run {}\n\n",
        paint.colour(Hue::Strong, &outline.pipeline),
        text::count(outline.size(), "task")
    );
    session.print(head + &outline.render(session.columns(), paint))?;
    let mut head = "this run";
    for (name, value) in &inputs.values {
        let value = text::cut(&text::safe(value.as_bytes()), 80);
        session.print(format_args!("  {head:14}{name} = {value}\n"))?;
        head = "";
    }
    inputs.refuse_if_incomplete()?;
    Ok(code)
}
