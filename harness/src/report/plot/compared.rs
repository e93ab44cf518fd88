//! Latency by percentile, in several runs: a colour for each transport, dashes for each
//! run.

use hdrhistogram::Histogram;
use pipefit::run::record::{Cell, Status};

use super::axis::Axis;
use super::group::counted;
use super::lines::{Beside, Line, Lines, Tone};
use super::percentiles::{metrics, points, reach, shown};
use super::theme::LOOKS;
use super::unit::Unit;
use super::{Drawing, PlotError, Series, Words};
use crate::report::compare::{Alike, Side, hue, subjects};
use crate::report::headline::Headline;
use crate::report::model::clean;

/// Limits of more runs than this would only be in the way.
const LIMITS: usize = 3;

/// A cell of a run, and the histogram behind it.
type Curve<'a> = (usize, &'a Cell, &'a Histogram<u64>);

/// Percentile curves of all runs: a plot for each metric.
pub(in crate::report) fn compared(
    sides: &[Side<'_>],
    alike: &Alike<'_>,
) -> Vec<Result<Drawing, PlotError>> {
    let plots = metrics(alike.scenario).iter().filter_map(|metric| plot(sides, alike, metric));
    plots.flat_map(Lines::apart).map(Lines::draw).collect()
}

fn plot(sides: &[Side<'_>], alike: &Alike<'_>, metric: &'static str) -> Option<Lines> {
    let all: Vec<Curve<'_>> = curves(sides, alike, metric);
    let (drawn, invalid): (Vec<Curve<'_>>, Vec<Curve<'_>>) =
        all.into_iter().partition(|(_, cell, _)| cell.status == Status::Valid);
    if drawn.is_empty() {
        return None;
    }
    let samples: Vec<u64> = drawn.iter().map(|(_, _, histogram)| histogram.len()).collect();
    let end = drawn.iter().map(|(_, _, histogram)| reach(histogram)).fold(2.0, f64::max);
    let lines: Vec<Line> = series(sides, &drawn)
        .into_iter()
        .zip(&drawn)
        .map(|(series, (_, _, histogram))| Line {
            series,
            points: points(histogram, end),
            dotted: false,
            breaks: Vec::new(),
        })
        .collect();
    let beside = beside(sides, &drawn, metric);
    let values = lines.iter().flat_map(|line| line.points.iter().map(|point| point.1));
    let words = metric.replace('_', " ");
    let (scenario, terms) = (clean(alike.scenario), &alike.terms);
    Some(Lines {
        x: Axis::percentiles(end),
        y: Axis::log(&words, Unit::Nanos, values.chain(beside.iter().map(|one| one.value))),
        words: Words {
            title: format!("{scenario}: {words} by percentile, {terms}"),
            terms: counted(&samples),
            note: "Lower is better. A colour is a transport, and its dashes are a run. A curve \
                   ends where fewer than ten samples are left above it."
                .to_owned(),
            left_out: invalid
                .iter()
                .map(|(at, cell, _)| format!("{} ({})", clean(cell.subject()), name(sides, *at)))
                .collect(),
        },
        lines,
        beside,
        places: Vec::new(),
    })
}

/// What there is to draw.
fn curves<'a>(sides: &[Side<'a>], alike: &Alike<'a>, metric: &str) -> Vec<Curve<'a>> {
    let find = |(at, cell): &(usize, &'a Cell)| {
        let histogram = sides.get(*at)?.curves.get(&cell.id, metric)?;
        (reach(histogram) >= 2.0).then_some((*at, *cell, histogram))
    };
    alike.cells.iter().filter_map(find).collect()
}

fn name(sides: &[Side<'_>], at: usize) -> String {
    sides.get(at).map_or_else(String::new, |side| clean(side.name))
}

/// A series for each: named by its transport, its run, and how it waits where that differs.
fn series(sides: &[Side<'_>], drawn: &[Curve<'_>]) -> Vec<Series> {
    let subjects = subjects(sides);
    let mut waits: Vec<String> = Vec::new();
    for (_, cell, _) in drawn {
        let wait = cell.wait.to_string();
        if !waits.contains(&wait) {
            waits.push(wait);
        }
    }
    // The runs of one way to wait stay in one plot, as far as they can.
    let stride = if sides.len() <= 2 { sides.len() } else { sides.len().next_multiple_of(LOOKS) };
    let of = |(at, cell, _): &Curve<'_>| {
        let wait = cell.wait.to_string();
        let place = waits.iter().position(|other| *other == wait).unwrap_or(0);
        let label = format!("{} ({})", clean(cell.subject()), name(sides, *at));
        Series {
            label: if waits.len() > 1 { format!("{label}, {wait}") } else { label },
            hue: hue(&subjects, cell),
            variant: at + stride * place,
        }
    };
    drawn.iter().map(of).collect()
}

/// The limits of the machines, where a scenario's main figure is drawn.
fn beside(sides: &[Side<'_>], drawn: &[Curve<'_>], metric: &str) -> Vec<Beside> {
    let cells: Vec<&Cell> = drawn.iter().map(|(_, cell, _)| *cell).collect();
    let headline = Headline::of(&cells).filter(|headline| headline.metric == metric);
    let Some(limit) = headline.and_then(|headline| headline.beside.as_ref()) else {
        return Vec::new();
    };
    let of = |side: &Side<'_>| {
        let value = limit.read(side.record.limits.as_ref()?)?;
        let label = format!("{} ({}): {}", limit.words, clean(side.name), shown(value));
        Some(Beside { value, between: None, label, tone: Tone::Limit })
    };
    if sides.len() > LIMITS { Vec::new() } else { sides.iter().filter_map(of).collect() }
}
