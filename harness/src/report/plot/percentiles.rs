//! Latency by percentile, on the axis that HdrHistogram made usual: 1/(1−p) on a
//! log scale, so that each further nine takes as much room as the one before.
//!
//! A curve ends where fewer than ten samples are left above it: what lies beyond is
//! an accident of this run, not a property of the transport.

use hdrhistogram::Histogram;
use pipefit::ground::Nanos;
use pipefit::run::record::Cell;

use super::axis::Axis;
use super::group::{Group, groups, series};
use super::held::held;
use super::lines::{Beside, Line, Lines, Tone};
use super::unit::Unit;
use super::{Drawing, PlotError, Words};
use crate::report::Run;
use crate::report::headline::Headline;

/// Samples that must lie above a percentile for it to be drawn.
const ABOVE: f64 = 10.0;

/// Points along the longest curve.
const POINTS: u32 = 36;

/// Which metrics a scenario is drawn for.
pub(super) fn metrics(scenario: &str) -> &'static [&'static str] {
    match scenario {
        "stream" => &["response"],
        "rtt" => &["rtt"],
        "gui60" => &["frame_interval"],
        "max" => &[],
        _ => &["response", "rtt"],
    }
}

/// Percentile curves: a plot for each metric, and each set of terms.
pub(super) fn percentiles(run: &Run<'_>, scenario: &str) -> Vec<Result<Drawing, PlotError>> {
    let mut all = Vec::new();
    for group in groups(run, scenario) {
        for metric in metrics(scenario) {
            let plot = plot(run, &group, metric);
            all.extend(plot.into_iter().flat_map(Lines::apart).map(Lines::draw));
        }
    }
    all
}

fn plot(run: &Run<'_>, group: &Group<'_>, metric: &'static str) -> Option<Lines> {
    let find = |cell: &Cell| run.curves.get(&cell.id, metric).filter(|h| reach(h) >= 2.0);
    let drawn = group.drawn(find);
    if drawn.is_empty() {
        return None;
    }
    let cells: Vec<&Cell> = drawn.iter().map(|(cell, _)| *cell).collect();
    let samples: Vec<u64> = drawn.iter().map(|(_, h)| h.len()).collect();
    let end = drawn.iter().map(|(_, h)| reach(h)).fold(2.0, f64::max);
    let lines: Vec<Line> = series(run, &cells)
        .into_iter()
        .zip(&drawn)
        .map(|(series, (_, h))| Line {
            series,
            points: points(h, end),
            dotted: false,
            breaks: Vec::new(),
        })
        .collect();
    let beside = beside(run, &cells, metric);
    let values = lines.iter().flat_map(|line| line.points.iter().map(|p| p.1));
    let words = metric.replace('_', " ");
    let title = if group.scenario == metric {
        format!("{words} by percentile")
    } else {
        format!("{}: {words} by percentile", group.scenario)
    };
    Some(Lines {
        x: Axis::percentiles(end),
        y: Axis::log(&words, Unit::Nanos, values.chain(beside.iter().map(|b| b.value))),
        words: Words {
            title,
            terms: format!("{}, all repeats", group.terms(&cells, &samples)),
            note: note(metric),
            left_out: group.left_out(find),
        },
        lines,
        beside,
        places: Vec::new(),
    })
}

/// The limit of the machine all along, and budgets where their percentile is.
fn beside(run: &Run<'_>, cells: &[&Cell], metric: &str) -> Vec<Beside> {
    let headline = Headline::of(cells).filter(|headline| headline.metric == metric);
    let limit = headline.and_then(|headline| {
        let limit = headline.beside.as_ref()?;
        let value = limit.read(run.record.limits.as_ref()?)?;
        let label = format!("{}: {}", limit.words, shown(value));
        Some(Beside { value, between: None, label, tone: Tone::Limit })
    });
    let budgets = held(run, cells, metric).into_iter().map(|held| Beside {
        value: held.limit,
        between: Some(around(held.percentile())),
        label: held.label(),
        tone: held.tone(),
    });
    limit.into_iter().chain(budgets).collect()
}

/// How the curves of a metric are read.
fn note(metric: &str) -> String {
    let best = match metric {
        "frame_interval" => "Level at 16.7 ms is best: a frame in each sixtieth of a second.",
        _ => "Lower is better.",
    };
    format!("{best} A curve ends where fewer than ten samples are left above it.")
}

/// A stretch of the axis with a percentile in its middle.
fn around(percentile: f64) -> (f64, f64) {
    let nines = -(1.0 - percentile / 100.0).log10();
    let back = |nines: f64| 100.0 * (1.0 - 10f64.powf(-nines.max(0.0)));
    (back(nines - 0.25), back(nines + 0.25))
}

pub(super) fn shown(nanos: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a span")]
    let nanos = Nanos(nanos.round() as u64);
    nanos.to_string()
}

/// The greatest 1/(1−p) that has [`ABOVE`] samples above it.
pub(super) fn reach(histogram: &Histogram<u64>) -> f64 {
    histogram.len() as f64 / ABOVE
}

/// A curve, in percent and nanoseconds, up to its [`reach`].
pub(super) fn points(histogram: &Histogram<u64>, end: f64) -> Vec<(f64, f64)> {
    let (own, end) = (reach(histogram).log10(), end.log10());
    let mut line: Vec<(f64, f64)> = Vec::new();
    let steps = (0..).map(|i| f64::from(i) * end / f64::from(POINTS));
    for x in steps.take_while(|x| *x < own).chain([own]) {
        let share = 1.0 - 10f64.powf(-x);
        let nanos = histogram.value_at_quantile(share).max(1) as f64;
        // Within a level stretch only its two ends are needed.
        if let [.., before, last] = line[..]
            && before.1.total_cmp(&nanos).is_eq()
            && last.1.total_cmp(&nanos).is_eq()
        {
            line.pop();
        }
        line.push((100.0 * share, nanos));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_ends_where_ten_samples_are_left() {
        let mut h = Histogram::<u64>::new(3).unwrap();
        (1..=1_000).for_each(|n| h.record(n * 1_000).unwrap());
        let line = points(&h, 1e4);
        let (x, y) = *line.last().unwrap();
        assert!((x - 99.0).abs() < 1e-9, "the 99th percentile, not {x}");
        assert!((y - 990_000.0).abs() < 1_000.0, "{y}");
    }

    #[test]
    fn a_level_stretch_takes_two_points() {
        let mut h = Histogram::<u64>::new(3).unwrap();
        h.record_n(7, 1_000).unwrap();
        assert_eq!(points(&h, 100.0).len(), 2);
    }

    #[test]
    fn a_budget_has_a_stretch_around_its_percentile() {
        let (from, to) = around(99.0);
        assert!(from > 98.0 && from < 99.0 && to > 99.0 && to < 99.9, "{from} {to}");
    }
}
