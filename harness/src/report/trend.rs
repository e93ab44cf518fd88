//! How the main figures of cells went over time: kept runs of one class of machine, beside
//! each other.
//!
//! A figure is shown as a ratio to what the machine could do at best in the same minutes:
//! the machine itself changes from day to day, and most of that leaves a ratio alone. The
//! age of a screen is what a person feels, and stays in milliseconds. A ratio is there to
//! be looked at. Nothing here says which one is good.

use std::fmt::Write as _;

use pipefit::run::record::{Cell, RunRecord, Status};
use serde::Serialize;

use super::figure::amount;
use super::headline::Headline;
use super::model::clean;

/// So many runs stand beside each other in a table; the newest ones.
const COLUMNS: usize = 8;

/// A run as it is listed.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a> {
    /// What it is called; `None` is the latest run, which nobody has named.
    pub name: Option<&'a str>,
    /// Its record.
    pub record: &'a RunRecord,
}

/// Kept runs of one class of machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trends {
    /// The class.
    pub class: String,
    /// Whether it is that of the machine that asks.
    pub this_machine: bool,
    /// The runs, newest first.
    pub runs: Vec<Run>,
    /// The cells that several of them have.
    pub cells: Vec<Trend>,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// What the baseline is called; `null` of the latest run, where it is none.
    pub name: Option<String>,
    /// Its id.
    pub run: String,
    /// When it began, in RFC 3339.
    pub started: String,
    /// What pipefit was built from, where the build knew it.
    pub commit: Option<String>,
    /// How many of its cells are valid.
    pub valid: usize,
}

/// One figure of a cell, over time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trend {
    /// The cell.
    pub cell: String,
    /// The figure.
    pub figure: String,
    /// Its unit, by its symbol.
    pub unit: &'static str,
    /// The limit that it is shown as a ratio to.
    pub relative_to: Option<&'static str>,
    /// For each of the runs, in their order; `null` where a run has no such cell that is
    /// valid.
    pub points: Vec<Option<Value>>,
}

/// What one run says. What it does not have is `null`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Value {
    /// The figure.
    pub value: Option<f64>,
    /// The limit, in the same unit.
    pub limit: Option<f64>,
    /// The one over the other.
    pub ratio: Option<f64>,
}

impl Trends {
    /// Lays runs beside each other; they come newest first.
    #[must_use]
    pub fn new(class: &str, this_machine: bool, points: &[Point<'_>]) -> Self {
        let mut ids: Vec<&str> = Vec::new();
        for id in points.iter().flat_map(|p| valid(p.record)).map(|cell| &cell.id[..]) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Self {
            class: class.to_owned(),
            this_machine,
            runs: points.iter().map(Run::of).collect(),
            cells: ids.into_iter().filter_map(|id| Trend::of(id, points)).collect(),
        }
    }
}

fn valid(record: &RunRecord) -> impl Iterator<Item = &Cell> {
    record.cells.iter().filter(|cell| cell.status == Status::Valid)
}

impl Run {
    fn of(point: &Point<'_>) -> Self {
        let record = point.record;
        Self {
            name: point.name.map(str::to_owned),
            run: record.id.clone(),
            started: record.started.clone(),
            commit: record.build.commit.clone(),
            valid: valid(record).count(),
        }
    }
}

impl Trend {
    /// One run alone is no trend.
    fn of(id: &str, points: &[Point<'_>]) -> Option<Self> {
        let found: Vec<_> =
            points.iter().map(|point| valid(point.record).find(|cell| cell.id == id)).collect();
        let cells: Vec<&Cell> = found.iter().flatten().copied().collect();
        if cells.len() < 2 {
            return None;
        }
        let main = Headline::of(&cells)?;
        let (metric, stat) = (main.metric()?, main.stat(&cells)?);
        let point = |(point, cell): (&Point<'_>, &Option<&Cell>)| {
            let value = metric.read((*cell)?, stat);
            let limits = point.record.limits.as_ref();
            let limit = main.beside.as_ref().zip(limits).and_then(|(b, limits)| b.read(limits));
            Some(Value { value, limit, ratio: value.zip(limit).map(|(v, l)| v / l) })
        };
        Some(Self {
            cell: id.to_owned(),
            figure: main.written(stat),
            unit: metric.unit.symbol(),
            relative_to: main.beside.as_ref().map(|beside| beside.written),
            points: points.iter().zip(&found).map(point).collect(),
        })
    }

    fn heading(&self) -> String {
        match self.relative_to {
            Some(limit) => format!("{} / {limit}", self.figure),
            None => format!("{}, in ms", self.figure),
        }
    }

    fn shown(&self, point: Option<&Value>) -> String {
        let Some(value) = point else { return "–".to_owned() };
        let number = match self.relative_to {
            Some(_) => value.ratio,
            None => value.value.map(|ns| ns / 1e6),
        };
        number.map_or_else(|| "n/a".to_owned(), significant)
    }
}

/// Three digits that say something.
fn significant(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let digits = (2.0 - value.abs().log10().floor()).clamp(0.0, 6.0) as usize;
    format!("{value:.digits$}")
}

/// As a person reads it.
#[must_use]
pub fn table(trends: &Trends) -> String {
    let here = if trends.this_machine { " (this machine)" } else { "" };
    let mut out = format!("{}{here}\n", clean(&trends.class));
    let numbers = numbers(&trends.runs);
    list_runs(&mut out, trends, &numbers);

    let mut headings: Vec<String> = Vec::new();
    for heading in trends.cells.iter().map(Trend::heading) {
        if !headings.contains(&heading) {
            headings.push(heading);
        }
    }
    for heading in headings {
        let these: Vec<_> = trends.cells.iter().filter(|t| t.heading() == heading).collect();
        let numbers = numbers.iter().take(COLUMNS).cloned();
        let mut rows = vec![std::iter::once(heading).chain(numbers).collect::<Vec<_>>()];
        rows.extend(limits_of(&these));
        for trend in these {
            let points = trend.points.iter().take(COLUMNS);
            let shown = points.map(|point| trend.shown(point.as_ref()));
            rows.push(std::iter::once(trend.cell.clone()).chain(shown).collect());
        }
        out.push('\n');
        lay_out(&mut out, &rows, 1);
    }
    if trends.cells.is_empty() && trends.runs.len() > 1 {
        out += "\nNo two of them have a valid cell in common.\n";
    } else if trends.runs.len() > COLUMNS && !trends.cells.is_empty() {
        let _ = writeln!(out, "\nThe {COLUMNS} newest are shown; --json has all of them.");
    }
    out
}

/// What the columns are called: names are too long for that.
fn numbers(runs: &[Run]) -> Vec<String> {
    let mut number = 0;
    let called = |run: &Run| {
        number += u32::from(run.name.is_some());
        run.name.as_ref().map_or_else(|| "latest".to_owned(), |_| number.to_string())
    };
    runs.iter().map(called).collect()
}

fn list_runs(out: &mut String, trends: &Trends, numbers: &[String]) {
    let text = |text: &str| text.to_owned();
    let mut rows = vec![["", "name", "started", "commit", "valid cells"].map(text).to_vec()];
    for (run, number) in trends.runs.iter().zip(numbers) {
        let name = run.name.as_ref().map_or_else(|| format!("({})", run.run), Clone::clone);
        let commit: String = run.commit.as_deref().unwrap_or("unknown").chars().take(10).collect();
        rows.push(vec![number.clone(), name, run.started.clone(), commit, run.valid.to_string()]);
    }
    lay_out(out, &rows, usize::MAX);
}

/// The limits themselves: where all ratios of a run jump at once, it is for the limit.
fn limits_of(trends: &[&Trend]) -> Option<Vec<String>> {
    let first = trends.first()?;
    first.relative_to?;
    let limit = |i: usize| {
        let points = trends.iter().filter_map(|trend| *trend.points.get(i)?);
        let limit = points.filter_map(|value| value.limit).next();
        limit.map_or_else(|| "n/a".to_owned(), |limit| amount(Some(limit), first.unit).to_string())
    };
    let limits = (0..first.points.len().min(COLUMNS)).map(limit);
    Some(std::iter::once("(the limit itself)".to_owned()).chain(limits).collect())
}

/// Rows as columns; those from `right` on are figures, and stand at the right.
fn lay_out(out: &mut String, rows: &[Vec<String>], right: usize) {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|text| clean(text)).collect()).collect();
    let width = |i: usize| {
        rows.iter().filter_map(|row| row.get(i)).map(|text| text.chars().count()).max().unwrap_or(0)
    };
    for row in &rows {
        let texts = row.iter().enumerate().map(|(i, text)| {
            let width = width(i);
            if i >= right { format!("{text:>width$}") } else { format!("{text:<width$}") }
        });
        let line = texts.collect::<Vec<_>>().join("  ");
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {}", line.trim_end());
    }
}

#[cfg(test)]
mod tests;
