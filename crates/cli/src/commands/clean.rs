use crate::{
    args::Clean,
    ask,
    failure::{Code, Failure, Result},
    session::Session,
    table::Table,
    text,
};
use gofer_sdk::{
    Client,
    types::{self, Cleaned, Spare},
};
use serde::Serialize;

/// What is to be cleaned, with what people call it if it is not this project.
struct Place {
    name: Option<String>,
    client: Client,
}

/// `gofer clean --all-projects -o json`
#[derive(Serialize)]
struct Report {
    project: Option<String>,
    #[serde(flatten)]
    cleaned: Cleaned,
}

pub(crate) async fn clean(session: &Session<'_>, args: &Clean) -> Result<Code> {
    let places = places(session, args.all_projects).await?;
    let found = all(&places, true).await?;
    for report in &found {
        if let Some(why) = &report.cleaned.engine {
            session.note(format_args!(
                "what is on the container engine is not known: {why}"
            ));
        }
    }
    let is_nothing = found.iter().all(|report| report.cleaned.things.is_empty());
    let look_only = args.dry || is_nothing;
    if session.is_json() && look_only {
        return json(session, args, &found);
    }
    if is_nothing {
        session.note("nothing to clean");
        return Ok(Code::Ok);
    }
    if !session.is_json() {
        session.print(table(session, &found))?;
    }
    if args.dry {
        session.note(format_args!("{} would go", sum(&found)));
        return Ok(Code::Ok);
    }
    if !ask::is_sure(session, "Remove all of it?", args.yes)? {
        session.note("nothing was removed");
        return Ok(Code::Cancelled);
    }
    let done = all(&places, false).await?;
    let failures = report_failures(session, &done);
    if session.is_json() {
        json(session, args, &done)?;
    } else {
        session.note(format_args!("removed {}", sum(&done)));
    }
    Ok(if failures { Code::Error } else { Code::Ok })
}

async fn places(session: &Session<'_>, all: bool) -> Result<Vec<Place>> {
    if !all {
        let client = session.reader().await?;
        return Ok(vec![Place { name: None, client }]);
    }
    let projects = session.host.projects().await?;
    let named = projects.into_iter().map(|(name, client)| Place {
        name: Some(name),
        client,
    });
    Ok(named.collect())
}

async fn all(places: &[Place], dry_run: bool) -> Result<Vec<Report>> {
    let mut found = Vec::with_capacity(places.len());
    for place in places {
        let cleaned = place.client.clean(types::Clean { dry_run }).await?;
        found.push(Report {
            project: place.name.clone(),
            cleaned,
        });
    }
    Ok(found)
}

fn json(session: &Session<'_>, args: &Clean, found: &[Report]) -> Result<Code> {
    match found {
        [one] if !args.all_projects => session.json(&one.cleaned)?,
        _ => session.json(&found)?,
    }
    Ok(Code::Ok)
}

fn table(session: &Session<'_>, found: &[Report]) -> String {
    let mut table = Table::new(&[
        ("PROJECT", 5),
        ("WHAT", 9),
        ("NAME", 8),
        ("SIZE", 7),
        ("WHY", 6),
    ]);
    for Report { project, cleaned } in found {
        for spare in &cleaned.things {
            table.row(vec![
                project.clone().unwrap_or_default().into(),
                spare.kind.as_str().into(),
                text::safe(spare.name.as_bytes()).into(),
                spare.bytes.map_or(String::new(), text::bytes).into(),
                text::safe(spare.why.as_bytes()).into(),
            ]);
        }
    }
    table.render(session.columns(), session.paint())
}

/// `12 things, 3.4 MB`
fn sum(found: &[Report]) -> String {
    let gone = |spare: &&Spare| spare.failure.is_none();
    let things: Vec<&Spare> = found
        .iter()
        .flat_map(|report| &report.cleaned.things)
        .filter(gone)
        .collect();
    let bytes: u64 = things.iter().filter_map(|spare| spare.bytes).sum();
    let count = text::count(things.len(), "thing");
    if bytes == 0 {
        count
    } else {
        format!("{count}, {}", text::bytes(bytes))
    }
}

fn report_failures(session: &Session<'_>, done: &[Report]) -> bool {
    let things = done.iter().flat_map(|report| &report.cleaned.things);
    let mut any = false;
    for spare in things {
        if let Some(why) = &spare.failure {
            any = true;
            let name = text::safe(spare.name.as_bytes());
            let why = text::safe(why.as_bytes());
            session.note(Failure::new(format!(
                "{} {name} stays: {why}",
                spare.kind.as_str()
            )));
        }
    }
    any
}
