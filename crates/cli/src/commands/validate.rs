use crate::{
    args::Validate,
    failure::{Code, Result},
    family::{CalledDocument, Family},
    outline::Outline,
    paint::Hue,
    pipeline,
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    called: Vec<CalledDocument<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outline: Option<Outline>,
}

pub(crate) fn validate(session: &Session<'_>, args: &Validate) -> Result<Code> {
    let family = Family::gather(session, pipeline::read(session, args.file.as_deref())?)?;
    let read = &family.root;
    let outline = family.plans().map(|(plan, _)| Outline::new(plan));
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
            called: family.called(),
            outline,
        })?;
        return Ok(code);
    }
    family.tell(session, false);
    match outline {
        Some(_) if session.common.quiet => {}
        Some(outline) => good(session, &family, &outline)?,
        None => {}
    }
    Ok(code)
}

fn good(session: &Session<'_>, family: &Family, outline: &Outline) -> Result<()> {
    let paint = session.paint();
    let tick = paint.colour(Hue::Good, "✓");
    let tasks = text::count(outline.size(), "task");
    let head = format!(
        "{tick} {} is good: the pipeline {} with {tasks}\n\n",
        family.root.source.name, outline.pipeline
    );
    session.print(head + &outline.render(session.columns(), paint))?;
    for called in family.called() {
        let CalledDocument { pipeline, file, .. } = called;
        session.print(format_args!("  {:14}{pipeline}, in {file}\n", "calls"))?;
    }
    Ok(())
}
