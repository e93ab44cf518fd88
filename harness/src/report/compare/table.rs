//! Runs beside each other, for a terminal and in Markdown.

use std::fmt::Write as _;

use pipefit::run::record::Status;

use super::{Comparison, Difference, Group, INTERVALS, Line, NOTE};
use crate::report::figure::times;
use crate::report::markdown::text;
use crate::report::model::{Heading, clean};
use crate::report::terminal::{WIDTH, wrap};

/// Spaces before a line; before a further one, twice as many.
const INDENT: usize = 2;

/// Spaces between columns.
const GAP: usize = 2;

/// A table: its rows, headings first, and from which column on they are figures.
struct Laid {
    rows: Vec<Vec<String>>,
    right: usize,
}

/// As a person reads it on a terminal.
#[must_use]
pub fn table(comparison: &Comparison) -> String {
    let mut out = format!("{}\n", wrap(&comparison.title, "  "));
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{}\n", wrap(&comparison.sentence, ""));
    lay_out(&mut out, &runs(comparison));
    out.push('\n');
    for apart in &comparison.apart {
        let _ = writeln!(out, "{}", wrap(&format!("warning: {}", apart.line()), "  "));
    }
    if !comparison.apart.is_empty() {
        out.push('\n');
    }
    for group in &comparison.groups {
        let heading = format!("{} · {}", group.scenario, group.terms);
        let _ = writeln!(out, "{}", wrap(&heading, "  "));
        lay_out(&mut out, &rows_of(group));
        out.push('\n');
    }
    if comparison.groups.iter().any(|group| group.rows.iter().any(|line| line.row.best)) {
        out += "* the best valid figure among all of them\n\n";
    }
    if !comparison.differences.is_empty() {
        lay_out(&mut out, &differences(&comparison.differences));
        let _ = writeln!(out, "{}\n", wrap(INTERVALS, ""));
    }
    for left in &comparison.left_out {
        let _ = writeln!(out, "{}", wrap(&format!("{}: {}", left.cell, left.why), "  "));
    }
    let _ = writeln!(out, "{}", wrap(NOTE, ""));
    out
}

/// Where the lines of a table begin, by column: more columns than a line has room for stand
/// on further ones.
fn lines(widths: &[usize]) -> Vec<usize> {
    let (mut starts, mut used) = (vec![0], INDENT);
    for (i, width) in widths.iter().enumerate() {
        if used > INDENT && used + width > WIDTH {
            starts.push(i);
            used = 2 * INDENT;
        }
        used += width + GAP;
    }
    starts
}

/// Rows as columns that keep within the width of a terminal; a single text that is longer
/// stays whole.
fn lay_out(out: &mut String, laid: &Laid) {
    let rows: Vec<Vec<String>> =
        laid.rows.iter().map(|row| row.iter().map(|text| clean(text)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |i: usize| {
        rows.iter().filter_map(|row| row.get(i)).map(|text| text.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let starts = lines(&widths);
    for row in &rows {
        let texts = row.iter().zip(&widths).enumerate().map(|(i, (text, &width))| {
            if i >= laid.right { format!("{text:>width$}") } else { format!("{text:<width$}") }
        });
        let texts: Vec<String> = texts.collect();
        for (nth, start) in starts.iter().enumerate() {
            let end = starts.get(nth + 1).copied().unwrap_or(columns);
            let some = texts.iter().take(end).skip(*start).map(String::as_str);
            let line = some.collect::<Vec<_>>().join("  ");
            let indent = if nth == 0 { INDENT } else { 2 * INDENT };
            let _ = writeln!(out, "{:indent$}{}", "", line.trim_end());
        }
    }
}

/// As a Markdown document.
#[must_use]
pub fn markdown(comparison: &Comparison) -> String {
    let title = text(&comparison.title);
    let mut out = format!("# {title}\n\n{}\n\n", text(&comparison.sentence));
    lay_out_markdown(&mut out, &runs(comparison));
    for apart in &comparison.apart {
        let _ = writeln!(out, "- **{}**", text(&apart.line()));
    }
    if !comparison.apart.is_empty() {
        out.push('\n');
    }
    if !comparison.differences.is_empty() {
        out += "## Differences\n\n";
        lay_out_markdown(&mut out, &differences(&comparison.differences));
        let _ = writeln!(out, "{}\n", text(INTERVALS));
    }
    for group in &comparison.groups {
        let _ = writeln!(out, "## {}: {}\n", text(&group.scenario), text(&group.terms));
        lay_out_markdown(&mut out, &rows_of(group));
    }
    if !comparison.left_out.is_empty() {
        out += "## Cells with something missing\n\n";
        for left in &comparison.left_out {
            let _ = writeln!(out, "- {}: {}", text(&left.cell), text(&left.why));
        }
        out.push('\n');
    }
    let _ = writeln!(out, "{}", text(NOTE));
    out
}

fn lay_out_markdown(out: &mut String, laid: &Laid) {
    for (i, row) in laid.rows.iter().enumerate() {
        let cells: Vec<String> = row.iter().map(|cell| text(cell)).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
        if i == 0 {
            let rules = (0..row.len()).map(|at| if at < laid.right { "---|" } else { "--:|" });
            let _ = writeln!(out, "|{}", rules.collect::<String>());
        }
    }
    out.push('\n');
}

fn strings<const N: usize>(texts: [&str; N]) -> Vec<String> {
    Vec::from(texts.map(str::to_owned))
}

fn runs(comparison: &Comparison) -> Laid {
    let mut rows = vec![strings(["run", "id", "started", "commit", "machine", "cells"])];
    for run in &comparison.runs {
        let commit: String = run.commit.chars().take(10).collect();
        let partial = if run.partial { " (partial)" } else { "" };
        rows.push(vec![
            run.name.clone(),
            format!("{}{partial}", run.id),
            run.started.clone(),
            commit,
            run.host.clone(),
            run.cells.clone(),
        ]);
    }
    Laid { rows, right: usize::MAX }
}

/// The main figure of each; all of them stand on the page.
fn rows_of(group: &Group) -> Laid {
    let main = group.main.and_then(|at| group.headings.get(at)).map(Heading::line);
    let mut head = strings(["transport", "wait", "run", "status"]);
    head.extend([main.unwrap_or_else(|| "figure".to_owned()), "over the limit".to_owned()]);
    let row = |line: &Line| {
        let (row, mark) = (&line.row, line.row.mark());
        let figure = group.main.and_then(|at| row.figures.get(at)).map(ToString::to_string);
        let figure = figure.filter(|_| row.status != Status::NotApplicable);
        let star = if row.best { "*" } else { "" };
        vec![
            row.transport.clone(),
            row.wait.clone(),
            line.run.clone(),
            format!("{} {}", mark.glyph, mark.word),
            figure.map_or_else(|| "—".to_owned(), |figure| format!("{figure}{star}")),
            line.ratio.map_or_else(|| "—".to_owned(), times),
        ]
    };
    let rows = std::iter::once(head).chain(group.rows.iter().map(row)).collect();
    Laid { rows, right: 4 }
}

fn differences(all: &[Difference]) -> Laid {
    let head = strings([
        "cell",
        "figure",
        "runs",
        "about",
        "from",
        "to",
        "change",
        "interval",
        "over the limit",
    ]);
    let row = |one: &Difference| {
        vec![
            one.cell.clone(),
            one.figure.clone(),
            format!("{} against {}", one.run, one.base),
            one.about.clone(),
            one.from.to_string(),
            one.to.to_string(),
            one.change.shown(),
            one.change.interval(),
            one.to_limit.map_or_else(|| "—".to_owned(), |change| change.shown()),
        ]
    };
    let rows = std::iter::once(head).chain(all.iter().map(row)).collect();
    Laid { rows, right: 4 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_is_too_wide_goes_on_below() {
        let texts = |n: usize| -> Vec<String> { vec!["x".repeat(30); n] };
        let mut out = String::new();
        lay_out(&mut out, &Laid { rows: vec![texts(5), texts(5)], right: 9 });
        assert_eq!(out.lines().count(), 4, "{out}");
        assert!(out.lines().all(|line| line.len() <= WIDTH), "{out}");
        assert!(out.lines().nth(1).is_some_and(|line| line.starts_with("    x")), "{out}");
        assert_eq!(lines(&[30, 30, 30]), [0], "the control: it fits");
        assert_eq!(lines(&[300, 5]), [0, 1], "one text alone is not broken");
    }
}
