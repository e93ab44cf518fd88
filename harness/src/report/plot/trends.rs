//! How the main figure of a cell went over all runs, with the places where it changed.

use super::axis::Axis;
use super::lines::{Line, Lines, Place, Tone};
use super::unit::Unit;
use super::{Drawing, PlotError, Words};
use crate::report::history::{Series, thin};

/// Points of a line.
const POINTS: usize = 200;

/// A cell over time. `class` is that of the machine.
///
/// # Errors
/// [`PlotError`] where the drawing library refuses.
pub fn trend(series: &Series, class: &str) -> Result<Drawing, PlotError> {
    let points: Vec<(f64, f64)> =
        series.points.iter().map(|point| (point.at as f64 + 1.0, point.value)).collect();
    let count = points.len();
    let points = thin(&points, POINTS);
    let turns = series.turns.iter();
    let places: Vec<Place> = turns
        .map(|turn| Place { at: (turn.at as f64 + 1.0, turn.after), tone: Tone::Doubt })
        .collect();
    let unit = match series.unit {
        _ if series.is_ratio => Unit::Times,
        "ns" => Unit::Nanos,
        "B/s" => Unit::BytesPerSecond,
        _ => Unit::Count,
    };
    let (first, last) = points.first().zip(points.last()).map_or((1.0, 2.0), |(a, b)| (a.0, b.0));
    let heights = points.iter().map(|point| point.1).chain(places.iter().map(|place| place.at.1));
    let name = if series.is_ratio { "over the limit" } else { "figure" };
    let plot = Lines {
        words: Words {
            title: format!("{} over time, {class}", series.cell),
            terms: format!("{}; {count} runs", series.figure),
            note: "Runs from the oldest to the newest. A ring is where the figure changed and \
                   stayed so."
                .to_owned(),
            left_out: Vec::new(),
        },
        x: Axis::linear("run", Unit::Count, first, last),
        y: Axis::log(name, unit, heights),
        lines: vec![Line {
            series: super::Series { label: series.cell.clone(), hue: series.hue, variant: 0 },
            points: points.clone(),
            dotted: count <= 40,
            breaks: Vec::new(),
        }],
        beside: Vec::new(),
        places,
    };
    plot.draw()
}
