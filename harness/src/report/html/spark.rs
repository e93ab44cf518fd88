//! A line as small as a word: how a figure went.

use std::fmt::Write as _;

use maud::{Markup, html};

use crate::report::history::{Point, Series, thin};

const WIDTH: f64 = 180.0;
const HEIGHT: f64 = 36.0;

/// Room around the line, for the marks.
const EDGE: f64 = 4.0;

/// Points of a line.
const POINTS: usize = 200;

/// The line of a series among so many runs, with a mark where it changed. Equal ratios are
/// equally high.
pub(super) fn spark(series: &Series, runs: usize) -> Markup {
    let scale = Scale::of(&series.points, runs);
    let points: Vec<(f64, f64)> =
        series.points.iter().map(|point| scale.place(point.at, point.value)).collect();
    let mut line = String::new();
    for (x, y) in thin(&points, POINTS) {
        // Writing to a string cannot fail.
        let _ = write!(line, "{x:.1},{y:.1} ");
    }
    let last = points.last().copied();
    let label = label(series);
    html! {
        svg.spark role="img" aria-label=(label) viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } {
            @for turn in &series.turns {
                @let (x, _) = scale.place(turn.at, turn.after);
                line.turn x1=(short(x)) x2=(short(x)) y1="0" y2=(HEIGHT) {}
            }
            polyline points=(line.trim_end()) {}
            @if let Some((x, y)) = last { circle cx=(short(x)) cy=(short(y)) r="2.5" {} }
        }
    }
}

fn label(series: &Series) -> String {
    let mut label = format!("{}: {} runs", series.cell, series.points.len());
    let ends = series.points.first().zip(series.points.last());
    if let Some((first, last)) = ends {
        let (first, last) = (series.shown(first.value), series.shown(last.value));
        let _ = write!(label, ", from {first} to {last}");
    }
    match series.turns.len() {
        0 => {}
        1 => label += ", 1 change that stayed",
        n => {
            let _ = write!(label, ", {n} changes that stayed");
        }
    }
    label
}

fn short(value: f64) -> String {
    format!("{value:.1}")
}

/// From runs and figures to places.
struct Scale {
    /// The last run.
    end: f64,
    low: f64,
    high: f64,
}

impl Scale {
    fn of(points: &[Point], runs: usize) -> Self {
        let logs = points.iter().map(|point| point.value.ln());
        let (low, high) = logs
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        let (low, high) = if low <= high { (low, high) } else { (0.0, 0.0) };
        // At least a tenth, so that what hardly differs does not look as if it did.
        let spare = (0.1 - (high - low)).max(0.0) / 2.0;
        let end = runs.saturating_sub(1).max(1) as f64;
        Self { end, low: low - spare, high: high + spare }
    }

    fn place(&self, at: usize, value: f64) -> (f64, f64) {
        let x = at as f64 / self.end;
        let y = (self.high - value.ln()) / (self.high - self.low);
        (EDGE + x * (WIDTH - 2.0 * EDGE), EDGE + y * (HEIGHT - 2.0 * EDGE))
    }
}
