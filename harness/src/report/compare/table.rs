//! Runs beside each other, for a terminal and in Markdown.

use std::fmt::Write as _;

use pipefit::run::record::Status;

use super::{Comparison, Difference, Group, INTERVALS, Line, NOTE};
use crate::report::figure::times;
use crate::report::markdown::text;
use crate::report::model::Heading;
use crate::report::trend::lay_out;

/// A table: its rows, headings first, and from which column on they are figures.
struct Laid {
    rows: Vec<Vec<String>>,
    right: usize,
}

/// As a person reads it on a terminal.
#[must_use]
pub fn table(comparison: &Comparison) -> String {
    let mut out = format!("{}\n", comparison.title);
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{}\n", comparison.sentence);
    let runs = runs(comparison);
    lay_out(&mut out, &runs.rows, runs.right);
    out.push('\n');
    for apart in &comparison.apart {
        let _ = writeln!(out, "warning: {}", apart.line());
    }
    if !comparison.apart.is_empty() {
        out.push('\n');
    }
    for group in &comparison.groups {
        let _ = writeln!(out, "{} · {}", group.scenario, group.terms);
        let laid = rows_of(group);
        lay_out(&mut out, &laid.rows, laid.right);
        out.push('\n');
    }
    if comparison.groups.iter().any(|group| group.rows.iter().any(|line| line.row.best)) {
        out += "* the best valid figure among all of them\n\n";
    }
    if !comparison.differences.is_empty() {
        let laid = differences(&comparison.differences);
        lay_out(&mut out, &laid.rows, laid.right);
        let _ = writeln!(out, "{INTERVALS}\n");
    }
    for left in &comparison.left_out {
        let _ = writeln!(out, "{}: {}", left.cell, left.why);
    }
    let _ = writeln!(out, "{NOTE}");
    out
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
