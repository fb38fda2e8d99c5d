//! Findings as people read them.

use crate::{Finding, Source};
use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet, renderer::DecorStyle};
use gofer_core::problem::Severity;
use std::{fmt::Write, ops::Range};

/// More than this nobody reads at once.
const MOST_SHOWN: usize = 100;
/// A line longer than this is pointed to, but not shown.
const LONGEST_LINE: usize = 1000;

/// Every finding with its line and a caret, as compilers show them.
pub fn render(source: &Source, findings: &[Finding], colour: bool) -> String {
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut text = String::new();
    for finding in findings.iter().take(MOST_SHOWN) {
        text.push_str(&report(&renderer, source, finding));
        text.push_str("\n\n");
    }
    text + &rest(findings)
}

/// Every finding on a line of its own: place, path, sentence.
pub fn one_line(source: &Source, findings: &[Finding]) -> String {
    let shown = findings.iter().take(MOST_SHOWN);
    let rows: Vec<_> = shown
        .map(|finding| {
            let place = format!("{}:{}:{}", source.name, finding.line, finding.column);
            let kind = match finding.severity {
                Severity::Error => "",
                Severity::Warning => "warning: ",
                Severity::Note => "note: ",
            };
            (place, path(finding), format!("{kind}{}", finding.message))
        })
        .collect();
    let width = |part: fn(&(String, String, String)) -> &str| {
        rows.iter()
            .map(|row| part(row).chars().count())
            .max()
            .unwrap_or(0)
    };
    let (places, paths) = (width(|row| &row.0), width(|row| &row.1));
    let mut text = String::new();
    for (place, path, message) in &rows {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{place:places$}  {path:paths$}  {message}");
    }
    text + &rest(findings)
}

fn rest(findings: &[Finding]) -> String {
    match findings.len().checked_sub(MOST_SHOWN) {
        None | Some(0) => String::new(),
        Some(more) => format!("and {more} more\n"),
    }
}

fn path(finding: &Finding) -> String {
    plain(&finding.path.to_string())
}

/// Text of the user's that cannot move the cursor or turn the direction of reading.
pub(crate) fn plain(text: &str) -> String {
    let is_unsafe = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .fold(String::with_capacity(text.len()), |mut safe, c| {
            if is_unsafe(c) {
                safe.extend(c.escape_default());
            } else {
                safe.push(c);
            }
            safe
        })
}

fn report(renderer: &Renderer, source: &Source, finding: &Finding) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let path = path(finding);
    let Some((line, span)) = line(&source.text, &finding.span) else {
        let origin = Origin::path(source.name.as_str())
            .line(finding.line)
            .char_column(finding.column);
        return renderer.render(&[level
            .primary_title(finding.message.as_str())
            .element(origin)]);
    };
    let snippet = Snippet::source(line)
        .path(source.name.as_str())
        .line_start(finding.line)
        .annotation(AnnotationKind::Primary.span(span).label(path.as_str()));
    renderer.render(&[level
        .primary_title(finding.message.as_str())
        .element(snippet)])
}

/// The line that a span starts in, and the span in it; nothing if there is nothing to see.
fn line<'t>(text: &'t str, span: &Range<usize>) -> Option<(&'t str, Range<usize>)> {
    let start = text.get(..span.start)?.rfind('\n').map_or(0, |at| at + 1);
    let end = text
        .get(span.start..)?
        .find('\n')
        .map_or(text.len(), |at| span.start + at);
    let line = text.get(start..end)?;
    if line.len() > LONGEST_LINE || line.trim().is_empty() {
        return None;
    }
    let stop = span.end.clamp(span.start, end);
    let stop = if text.is_char_boundary(stop) {
        stop
    } else {
        end
    };
    Some((line, span.start - start..stop - start))
}
