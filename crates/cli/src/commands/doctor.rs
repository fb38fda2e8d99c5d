use crate::{
    failure::{Code, Result},
    host::{Check, Verdict},
    paint::{Hue, Paint},
    session::Session,
    text,
    text::Build as _,
};
use serde::Serialize;

#[derive(Serialize)]
struct Diagnosis<'a> {
    ok: bool,
    checks: &'a [Check],
}

pub(crate) async fn doctor(session: &Session<'_>) -> Result<Code> {
    let checks = session.host.engine_facts(&session.project()).await;
    let problems = checks
        .iter()
        .filter(|check| check.verdict == Verdict::Problem)
        .count();
    if session.is_json() {
        session.json(&Diagnosis {
            ok: problems == 0,
            checks: &checks,
        })?;
    } else {
        session.print(render(&checks, session.paint()))?;
    }
    Ok(if problems == 0 { Code::Ok } else { Code::Error })
}

fn render(checks: &[Check], paint: Paint) -> String {
    let widest = checks
        .iter()
        .map(|check| text::width(&check.name))
        .max()
        .unwrap_or(0);
    let mut page = String::new();
    for check in checks {
        let (symbol, hue) = match check.verdict {
            Verdict::Fine => ("✓", Hue::Good),
            Verdict::Note => ("●", Hue::Warn),
            Verdict::Problem => ("✗", Hue::Bad),
        };
        let name = text::fit(&check.name, widest);
        page.line(format_args!(
            "{} {name}  {}",
            paint.colour(hue, symbol),
            check.message
        ));
        for line in check.remedy.iter().flat_map(|remedy| remedy.lines()) {
            page.line(format_args!("  {}  → {line}", " ".repeat(widest)));
        }
    }
    let problems = checks
        .iter()
        .filter(|check| check.verdict == Verdict::Problem)
        .count();
    page + &match problems {
        0 => "\nruns will work here\n".to_owned(),
        n => format!(
            "\n{} to solve before runs work here\n",
            text::count(n, "problem")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_problem_stands_with_its_remedy() {
        let check = |name: &str, verdict, message: &str, remedy: Option<&str>| Check {
            name: name.into(),
            verdict,
            message: message.into(),
            remedy: remedy.map(Into::into),
        };
        let checks = [
            check(
                "engine",
                Verdict::Fine,
                "Docker 29.1 at unix:///run/docker.sock, from the context \"default\"",
                None,
            ),
            check(
                "rights",
                Verdict::Problem,
                "no right to /run/docker.sock",
                Some("sudo usermod -aG docker $USER"),
            ),
        ];
        insta::assert_snapshot!(render(&checks, Paint::PLAIN), @r##"
        ✓ engine  Docker 29.1 at unix:///run/docker.sock, from the context "default"
        ✗ rights  no right to /run/docker.sock
                  → sudo usermod -aG docker $USER

        1 problem to solve before runs work here
        "##);
    }
}
