use crate::{
    args::Validate,
    failure::{Code, Result},
    outline::Outline,
    paint::Hue,
    pipeline::{self, Read},
    session::Session,
    text,
};
use serde::Serialize;

/// `gofer validate -o json`
#[derive(Serialize)]
struct Verdict<'a> {
    ok: bool,
    file: &'a str,
    findings: Vec<pipeline::FindingDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outline: Option<Outline>,
}

pub(crate) fn validate(session: &Session<'_>, args: &Validate) -> Result<Code> {
    let read = pipeline::read(session, args.file.as_deref())?;
    let outline = read.plan.as_ref().map(Outline::new);
    let code = if outline.is_some() {
        Code::Ok
    } else {
        Code::Error
    };
    if session.is_json() {
        let findings = read.documents();
        session.json(&Verdict {
            ok: outline.is_some(),
            file: &read.source.name,
            findings,
            outline,
        })?;
        return Ok(code);
    }
    read.tell(session, false);
    match outline {
        Some(_) if session.common.quiet => {}
        Some(outline) => good(session, &read, &outline)?,
        None => {}
    }
    Ok(code)
}

fn good(session: &Session<'_>, read: &Read, outline: &Outline) -> Result<()> {
    let paint = session.paint();
    let tick = paint.colour(Hue::Good, "✓");
    let tasks = text::count(outline.size(), "task");
    let head = format!(
        "{tick} {} is good: the pipeline {} with {tasks}\n\n",
        read.source.name, outline.pipeline
    );
    session.print(head + &outline.render(session.columns(), paint))
}
