use crate::{
    args::Runs,
    failure::{Code, Result},
    marks,
    paint::{Hue, Paint},
    session::Session,
    table::{Cell, Table},
    text, time, unit,
};
use gofer_core::Timestamp;
use gofer_sdk::{
    Client,
    types::{Page, RunState, RunSummary, RunsQuery},
};

/// What an unfinished run without a living process is called.
pub(crate) const INTERRUPTED: &str = "interrupted: gofer run --resume continues it";

const PAGE: u32 = 200;

pub(crate) async fn runs(session: &Session<'_>, args: &Runs) -> Result<Code> {
    let client = session.reader().await?;
    let page = list(&client, args).await?;
    if session.is_json() {
        session.json(&page)?;
    } else if session.common.quiet {
        let names = page
            .items
            .iter()
            .map(|run| format!("{}/{}", run.pipeline, run.number));
        session.print(text::lines(names))?;
    } else if page.items.is_empty() {
        let whose = args
            .pipeline
            .as_ref()
            .map_or(String::new(), |name| format!(" of {name}"));
        session.note(format_args!(
            "no run{whose} is kept here yet; `gofer run` starts one"
        ));
    } else {
        session.page(&render(
            &page.items,
            session.now(),
            session.common.utc,
            session.columns(),
            session.paint(),
        ))?;
        if page.next.is_some() {
            session.note("\nthere are older ones: gofer runs --all");
        }
    }
    Ok(Code::Ok)
}

async fn list(client: &Client, args: &Runs) -> Result<Page<RunSummary>> {
    let mut left = if args.all { u32::MAX } else { args.limit };
    let mut all = Page {
        items: Vec::new(),
        next: None,
    };
    while left > 0 {
        let query = RunsQuery {
            pipeline: args.pipeline.clone(),
            limit: Some(left.min(PAGE)),
            after: all.next.take(),
            ..RunsQuery::default()
        };
        let page = client.runs(&query).await?;
        left = left.saturating_sub(u32::try_from(page.items.len()).unwrap_or(u32::MAX));
        all.items.extend(page.items);
        all.next = page.next;
        if all.next.is_none() {
            break;
        }
    }
    Ok(all)
}

fn render(
    runs: &[RunSummary],
    now: Timestamp,
    utc: bool,
    columns: Option<usize>,
    paint: Paint,
) -> String {
    let mut table = Table::new(&[
        ("RUN", 9),
        ("STATE", 8),
        ("STARTED", 6),
        ("TOOK", 4),
        ("TRIGGER", 1),
        ("WHY", 7),
    ]);
    for run in runs {
        let (symbol, hue) = marks::of_run(run.state);
        // What succeeded has nothing to say, unless something of it was allowed to fail.
        let is_forgiven = run.state == RunState::Succeeded && run.message.is_some();
        let hue = if is_forgiven { Hue::Warn } else { hue };
        let took = unit::run_took(run.started_at, run.ended_at, now).filter(|_| !run.interrupted);
        table.row(vec![
            format!("{}/{}", run.pipeline, run.number).into(),
            Cell(format!("{symbol} {}", run.state), hue),
            Cell(time::when(run.created_at, now, utc), Hue::Faint),
            took.map_or(String::new(), time::lasted).into(),
            Cell(run.trigger.clone(), Hue::Faint),
            why(run).into(),
        ]);
    }
    table.render(columns, paint)
}

fn why(run: &RunSummary) -> String {
    if run.interrupted {
        return format!("({INTERRUPTED})");
    }
    text::safe(
        run.message
            .as_deref()
            .or(run.reason.as_deref())
            .unwrap_or_default()
            .as_bytes(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(number: u64, state: RunState, message: Option<&str>) -> RunSummary {
        RunSummary {
            id: uuid::Uuid::nil(),
            namespace: "default".into(),
            pipeline: "etl".into(),
            number,
            version: 1,
            state,
            reason: None,
            message: message.map(Into::into),
            interrupted: state == RunState::Running,
            trigger: "manual".into(),
            called_by: None,
            params: std::collections::BTreeMap::new(),
            created_at: "2026-11-24T11:57:00Z".parse().unwrap(),
            started_at: Some("2026-11-24T11:57:00Z".parse().unwrap()),
            ended_at: state
                .is_over()
                .then(|| "2026-11-24T11:57:12.5Z".parse().unwrap()),
        }
    }

    #[test]
    fn an_interrupted_run_says_how_it_goes_on() {
        let runs = [
            summary(43, RunState::Running, None),
            summary(42, RunState::Failed, Some("load failed: exit code 1")),
            summary(41, RunState::Succeeded, None),
        ];
        let now = "2026-11-24T12:00:00Z".parse().unwrap();
        insta::assert_snapshot!(render(&runs, now, false, None, Paint::PLAIN), @"
        RUN     STATE        STARTED  TOOK  TRIGGER  WHY
        etl/43  ● running    3m ago         manual   (interrupted: gofer run --resume continues it)
        etl/42  ✗ failed     3m ago   12s   manual   load failed: exit code 1
        etl/41  ✓ succeeded  3m ago   12s   manual
        ");
        insta::assert_snapshot!(render(&runs, now, true, Some(60), Paint::PLAIN), @"
        RUN     STATE        WHY
        etl/43  ● running    (interrupted: gofer run --resume conti…
        etl/42  ✗ failed     load failed: exit code 1
        etl/41  ✓ succeeded
        ");
    }
}
