//! How the main figure of each transport grows with the size of a frame.

use pipefit::ground::Bytes;
use pipefit::run::record::{Cell, Status};

use super::axis::Axis;
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
    let cells: Vec<&Cell> =
        run.cells(scenario).into_iter().filter(|c| c.status == Status::Valid).collect();
    for cell in &cells {
        let of_cell = asked(cell);
        if !terms.contains(&of_cell) {
            terms.push(of_cell);
        }
    }
    let plot = |terms: &String| {
        let same: Vec<&Cell> = cells.iter().copied().filter(|c| asked(c) == *terms).collect();
        plot(run, &same, terms)
    };
    terms.iter().filter_map(plot).map(Lines::draw).collect()
}

/// What cells were asked for beside their sizes.
fn asked(cell: &Cell) -> String {
    format!("{}, policy {}, wait {}", rate(cell), policy(cell), cell.wait)
}

fn plot(run: &Run<'_>, cells: &[&Cell], terms: &str) -> Option<Lines> {
    let headline = Headline::of(cells)?;
    let (metric, stat) = (headline.metric()?, headline.stat(cells)?);
    let mut lines: Vec<Line> = Vec::new();
    for cell in cells {
        let Some(value) = metric.read(cell, stat).filter(|value| *value > 0.0) else { continue };
        let label = clean(cell.subject());
        let point = (cell.size_bytes as f64, value);
        match lines.iter_mut().find(|line| line.series.label == label) {
            Some(line) => line.points.push(point),
            None => {
                let series = Series { label, hue: run.hue(cell.subject()), variant: 0 };
                lines.push(Line { series, points: vec![point], dotted: true });
            }
        }
    }
    for line in &mut lines {
        line.points.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    let mut sizes: Vec<u64> = cells.iter().map(|cell| cell.size_bytes).collect();
    sizes.sort_unstable();
    sizes.dedup();
    if sizes.len() < 2 || lines.is_empty() {
        return None;
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
            terms: format!("{terms}; {}; n stands in the table", listed.join(", ")),
            note: format!("{better} is better. Both axes are logarithmic."),
            left_out: Vec::new(),
        },
        x: Axis::steps("size", Unit::Bytes, &all),
        y: Axis::log(&name, unit, values),
        lines,
        beside: Vec::new(),
        places: Vec::new(),
    })
}
