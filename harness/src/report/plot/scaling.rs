//! How the main figure of each transport grows with the size of a frame.

use pipefit::ground::Bytes;
use pipefit::run::record::{Cell, Status};

use super::axis::Axis;
use super::group::counted;
use super::lines::{Line, Lines};
use super::unit::Unit;
use super::{Drawing, PlotError, Series, Words};
use crate::metric;
use crate::report::Run;
use crate::report::headline::Headline;
use crate::report::model::{clean, policy, rate};

/// Lines over sizes, where a transport was measured with several of them.
pub(super) fn scaling(run: &Run<'_>, scenario: &str) -> Vec<Result<Drawing, PlotError>> {
    let mut terms: Vec<String> = Vec::new();
    let cells = run.cells(scenario);
    for cell in cells.iter().filter(|cell| cell.status == Status::Valid) {
        let of_cell = asked(cell);
        if !terms.contains(&of_cell) {
            terms.push(of_cell);
        }
    }
    let plot = |terms: &String| {
        let same = cells.iter().copied().filter(|c| asked(c) == *terms);
        let (valid, others): (Vec<&Cell>, Vec<&Cell>) =
            same.partition(|cell| cell.status == Status::Valid);
        let invalid = others.iter().filter(|cell| cell.status == Status::Invalid);
        let named =
            |cell: &&Cell| format!("{} ({})", clean(cell.subject()), Bytes(cell.size_bytes));
        plot(run, &valid, terms, invalid.map(named).collect())
    };
    terms.iter().filter_map(plot).map(Lines::draw).collect()
}

/// What cells were asked for beside their sizes.
fn asked(cell: &Cell) -> String {
    format!("{}, policy {}, wait {}", rate(cell), policy(cell), cell.wait)
}

/// How many samples stand behind a cell's figure.
fn samples(metric: &metric::Metric, stat: Option<&str>, cell: &Cell) -> Option<u64> {
    if stat.is_none() {
        return cell.ledger.map(|ledger| ledger.shown);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
    let count = metric.read(cell, Some("count"))? as u64;
    Some(count)
}

/// Points before which a size is missing.
fn breaks(points: &[(f64, f64)], sizes: &[u64]) -> Vec<usize> {
    let place = |point: &(f64, f64)| sizes.iter().position(|s| (*s as f64 - point.0).abs() < 0.5);
    let missing = |pair: &[(f64, f64)]| {
        let places = place(&pair[0]).zip(place(&pair[1]));
        places.is_some_and(|(before, after)| after > before + 1)
    };
    let pairs = points.windows(2).enumerate();
    pairs.filter(|(_, pair)| missing(pair)).map(|(i, _)| i + 1).collect()
}

fn plot(run: &Run<'_>, cells: &[&Cell], terms: &str, left_out: Vec<String>) -> Option<Lines> {
    let headline = Headline::of(cells)?;
    let (metric, stat) = (headline.metric()?, headline.stat(cells)?);
    let mut lines: Vec<Line> = Vec::new();
    let mut counts: Vec<u64> = Vec::new();
    for cell in cells {
        let Some(value) = metric.read(cell, stat).filter(|value| *value > 0.0) else { continue };
        counts.extend(samples(metric, stat, cell));
        let label = clean(cell.subject());
        let point = (cell.size_bytes as f64, value);
        match lines.iter_mut().find(|line| line.series.label == label) {
            Some(line) => line.points.push(point),
            None => {
                let series = Series { label, hue: run.hue(cell.subject()), variant: 0 };
                let points = vec![point];
                lines.push(Line { series, points, dotted: true, breaks: Vec::new() });
            }
        }
    }
    let mut sizes: Vec<u64> = cells.iter().map(|cell| cell.size_bytes).collect();
    sizes.sort_unstable();
    sizes.dedup();
    if sizes.len() < 2 || lines.is_empty() {
        return None;
    }
    for line in &mut lines {
        line.points.sort_by(|a, b| a.0.total_cmp(&b.0));
        line.breaks = breaks(&line.points, &sizes);
    }
    let unit = match metric.unit {
        metric::Unit::Nanos => Unit::Nanos,
        metric::Unit::BytesPerSecond => Unit::BytesPerSecond,
        _ => Unit::Count,
    };
    let name = headline.written(stat).replace(['_', '.'], " ");
    let values: Vec<f64> = lines.iter().flat_map(|l| l.points.iter().map(|p| p.1)).collect();
    let all: Vec<f64> = sizes.iter().map(|size| *size as f64).collect();
    let listed: Vec<String> = sizes.iter().map(|size| Bytes(*size).to_string()).collect();
    let better = if unit == Unit::Nanos { "Lower" } else { "Higher" };
    let scenario = cells.first().map(|cell| clean(&cell.scenario)).unwrap_or_default();
    Some(Lines {
        words: Words {
            title: format!("{scenario}: {name} by size"),
            terms: format!("{terms}; {}; {}", listed.join(", "), counted(&counts)),
            note: format!(
                "{better} is better. Both axes are logarithmic. A line is broken where a \
                 transport lacks a size."
            ),
            left_out,
        },
        x: Axis::steps("size", Unit::Bytes, &all),
        y: Axis::log(&name, unit, values),
        lines,
        beside: Vec::new(),
        places: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_broken_where_a_size_is_missing() {
        let sizes = [64, 1_024, 4_096, 65_536];
        let points =
            |of: &[u64]| -> Vec<(f64, f64)> { of.iter().map(|size| (*size as f64, 1.0)).collect() };
        assert_eq!(breaks(&points(&[64, 1_024, 65_536]), &sizes), [2]);
        assert_eq!(breaks(&points(&[64, 4_096, 65_536]), &sizes), [1]);
        assert!(breaks(&points(&sizes), &sizes).is_empty(), "the control");
        assert!(breaks(&points(&[1_024, 4_096]), &sizes).is_empty(), "nothing between");
    }
}
