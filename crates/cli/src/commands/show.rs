use super::{artifacts, runs::INTERRUPTED};
use crate::{
    args::Show,
    failure::{Code, Failure, Result},
    marks,
    paint::{Hue, Paint},
    project,
    report::{self, Next},
    session::Session,
    table::{Cell, Table},
    text,
    text::Build as _,
    time,
    unit::{self, Unit},
};
use gofer_core::Timestamp;
use gofer_sdk::types::{Attempt, Run};

pub(crate) async fn show(session: &Session<'_>, args: &Show) -> Result<Code> {
    let (client, run, reference) = if let Some(named) = &args.run {
        let (client, run, reference) = project::part(session, named).await?;
        (client, run, Some(reference))
    } else {
        let (client, run) = project::newest(session).await?;
        (client, run, None)
    };
    if args.config {
        let document = client.config(run.id).await?;
        let text = serde_json::to_string_pretty(&document)
            .map_err(|error| Failure::new(error.to_string()))?;
        session.page(&format!("{text}\n"))?;
        return Ok(Code::Ok);
    }
    let part = reference.and_then(|reference| Some((reference.task?, reference.item)));
    let Some((task, index)) = part else {
        return whole(session, &run);
    };
    let units = project::units(&run, &task, index)?;
    match (session.is_json(), units.as_slice()) {
        (
            true,
            [
                Unit {
                    item: Some(item), ..
                },
            ],
        ) if index.is_some() => session.json(item)?,
        (true, [unit, ..]) => session.json(unit.task)?,
        _ => session.page(&attempts(&units, &look(session, &run)))?,
    }
    Ok(Code::Ok)
}

fn whole(session: &Session<'_>, run: &Run) -> Result<Code> {
    if session.is_json() {
        session.json(run)?;
    } else if session.common.quiet {
        session.print(format_args!("{}\n", run.id))?;
    } else {
        session.page(
            &(render(run, &look(session, run))
                + &artifacts::summary(session, run)
                + &kept(session, run)),
        )?;
    }
    Ok(Code::Ok)
}

/// Which tasks can be looked into, as commands.
fn kept(session: &Session<'_>, run: &Run) -> String {
    let units = unit::units(run).into_iter();
    let next: Vec<Next> = units
        .filter(|unit| unit.is_kept(run))
        .map(|unit| Next {
            why: format!("look into {}", unit.label()),
            command: session.command(
                &session.project(),
                &format!("shell {}", unit.reference(run)),
            ),
        })
        .collect();
    report::commands(&next)
}

/// How things are to look.
struct Look {
    now: Timestamp,
    /// When the run began, or its rerun.
    begun: Option<Timestamp>,
    utc: bool,
    columns: Option<usize>,
    paint: Paint,
}

fn look(session: &Session<'_>, run: &Run) -> Look {
    Look {
        now: session.now(),
        begun: run.started_at,
        utc: session.common.utc,
        columns: session.columns(),
        paint: session.paint(),
    }
}

fn render(run: &Run, look: &Look) -> String {
    let state = marks::run_word(run.state, look.paint);
    let more = match &run.message {
        _ if run.interrupted => format!(" ({INTERRUPTED})"),
        Some(message) => format!(": {}", text::safe(message.as_bytes())),
        None => String::new(),
    };
    let mut page = format!(
        "{}  {state}{more}\n",
        look.paint.colour(Hue::Strong, &run.reference())
    );
    let started = time::when(run.created_at, look.now, look.utc);
    let took = unit::run_took(run.started_at, run.ended_at, look.now).filter(|_| !run.interrupted);
    let took = took.map_or(String::new(), |took| {
        format!(", took {}", time::lasted(took))
    });
    page.line(format_args!(
        "started {started} by {}{took}, version {}",
        run.called_by.as_deref().unwrap_or(&run.trigger),
        run.version
    ));
    page.line(format_args!("id      {}", run.id));
    for (name, value) in &run.params {
        page.line(format_args!(
            "param   {name} = {}",
            text::cut(&text::safe(value.as_bytes()), 100)
        ));
    }
    page.push('\n');
    page + &tasks(run, look)
}

fn tasks(run: &Run, look: &Look) -> String {
    let mut table = Table::new(&[
        ("TASK", 9),
        ("STATE", 8),
        ("TOOK", 4),
        ("TRIES", 3),
        ("WHY", 7),
    ]);
    for task in &run.tasks {
        table.row(line(&Unit { task, item: None }, look, &task.name));
        let interesting = task
            .items
            .iter()
            .filter(|item| item.state.is_failure() || !item.state.is_over());
        for item in interesting {
            let unit = Unit {
                task,
                item: Some(item),
            };
            table.row(line(&unit, look, &format!("  {}", unit.label())));
        }
    }
    table.render(look.columns, look.paint)
}

fn line(unit: &Unit<'_>, look: &Look, name: &str) -> Vec<Cell> {
    let (symbol, hue) = marks::of_task(unit.state(), unit.task.allow_failure);
    let done = unit
        .task
        .items
        .iter()
        .filter(|item| item.state.is_over())
        .count();
    let name = match unit.task.items.len() {
        0 => name.to_owned(),
        _ if unit.item.is_some() => name.to_owned(),
        all => format!("{name} {done}/{all}"),
    };
    let tries = match unit.attempts().len() {
        0 => String::new(),
        tries => tries.to_string(),
    };
    vec![
        name.into(),
        Cell(format!("{symbol} {}", unit.state()), hue),
        unit.took(look.begun, look.now)
            .map_or(String::new(), time::lasted)
            .into(),
        tries.into(),
        why(unit).into(),
    ]
}

/// The called run, unless the sentence names it.
fn why(unit: &Unit<'_>) -> String {
    let why = text::safe(unit.why().as_bytes());
    match unit.child().filter(|child| !why.contains(child)) {
        Some(child) => format!("→ {child} {why}").trim_end().to_owned(),
        None => why,
    }
}

/// What is known of a task or an item beside its attempts.
fn beside(unit: &Unit<'_>) -> String {
    let mut page = String::new();
    for line in unit.quoted() {
        page.line(format_args!("  │ {}", text::safe(line.as_bytes())));
    }
    if !unit.task.services.is_empty() {
        page.line(format_args!("  services {}", unit.task.services.join(", ")));
    }
    if let Some(left) = unit.artifacts() {
        let files = text::count(left.files as usize, "artifact");
        page.line(format_args!("  {files}, {}", text::bytes(left.bytes)));
    }
    let outputs = unit.item.map_or(&unit.task.outputs, |item| &item.outputs);
    for (key, value) in outputs {
        page.line(format_args!(
            "  output {key} = {}",
            text::cut(&text::safe(value.as_bytes()), 100)
        ));
    }
    page
}

fn attempts(units: &[Unit<'_>], look: &Look) -> String {
    let mut page = String::new();
    for unit in units {
        let state = marks::task_word(unit.state(), unit.task.allow_failure, look.paint);
        let why = Some(unit.why()).filter(|why| !why.is_empty());
        let why = why.map_or(String::new(), |why| {
            format!(": {}", text::safe(why.as_bytes()))
        });
        page.line(format_args!(
            "{}  {state}{why}",
            look.paint.colour(Hue::Strong, &unit.label())
        ));
        page += &beside(unit);
        let mut table = Table::new(&[
            ("  ATTEMPT", 9),
            ("STATE", 8),
            ("STARTED", 6),
            ("TOOK", 4),
            ("EXIT", 7),
            ("IMAGE", 1),
            ("WHY", 7),
        ]);
        for attempt in unit.attempts() {
            let (symbol, hue) = marks::of_task(attempt.state, unit.task.allow_failure);
            let started = attempt.started_at;
            let took =
                started.map(|from| time::between(from, attempt.ended_at.unwrap_or(look.now)));
            table.row(vec![
                format!("  {}", attempt.number).into(),
                Cell(format!("{symbol} {}", attempt.state), hue),
                started
                    .map_or(String::new(), |at| time::when(at, look.now, look.utc))
                    .into(),
                took.map_or(String::new(), time::lasted).into(),
                attempt
                    .exit_code
                    .map_or(String::new(), |code| code.to_string())
                    .into(),
                match (&attempt.child, &attempt.image_digest) {
                    (Some(child), _) => format!("→ {child}"),
                    (None, digest) => digest.as_deref().map_or(String::new(), short),
                }
                .into(),
                text::safe(sentence(attempt).as_bytes()).into(),
            ]);
        }
        if !unit.attempts().is_empty() {
            page += &table.render(look.columns, look.paint);
        }
    }
    page
}

/// Without what it quotes.
fn sentence(attempt: &Attempt) -> &str {
    let message = attempt.message.as_deref().unwrap_or_default();
    message.lines().next().unwrap_or_default()
}

/// A digest as people compare it: by its first twelve digits.
fn short(digest: &str) -> String {
    match digest.split_once("sha256:") {
        Some((name, digits)) => format!("{name}sha256:{}", digits.get(..12).unwrap_or(digits)),
        None => digest.to_owned(),
    }
}
