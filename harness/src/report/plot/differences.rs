//! How far the same cells of several runs lie apart, with intervals.

use super::axis::Axis;
use super::intervals::{Dot, Intervals, data};
use super::lines::Tone;
use super::unit::Unit;
use super::{Drawing, PlotError, Words};
use crate::report::compare::{Comparison, Difference, INTERVALS};

/// Changes beyond this stand at the end of the axis, in percent.
const FAR: f64 = 100.0;

/// More than so many are not drawn: the greatest are.
const MOST: usize = 60;

/// Changes of times, and changes of rates: what is better lies on the other side.
#[must_use]
pub fn differences(comparison: &Comparison) -> Vec<Result<Drawing, PlotError>> {
    let plots = [false, true].into_iter().filter_map(|rates| plot(comparison, rates));
    plots.map(Intervals::draw).collect()
}

fn plot(comparison: &Comparison, rates: bool) -> Option<Intervals> {
    let mut all: Vec<&Difference> =
        comparison.differences.iter().filter(|one| one.is_rate == rates).collect();
    let count = all.len();
    if count == 0 {
        return None;
    }
    if count > MOST {
        all.sort_by(|a, b| b.change.pct.abs().total_cmp(&a.change.pct.abs()));
        all.truncate(MOST);
    }
    let ends = all.iter().flat_map(|one| {
        let (low, high) = one.change.between.unwrap_or((one.change.pct, one.change.pct));
        [low, high, one.change.pct].map(|pct| pct.clamp(-FAR, FAR))
    });
    let (low, high) = ends.fold((-5.0f64, 5.0f64), |(l, h), pct| (l.min(pct), h.max(pct)));
    let (kind, side) = if rates { ("rates", "higher") } else { ("times", "longer") };
    let drawn = match count {
        1 => "1 difference".to_owned(),
        n if n > MOST => format!("the {MOST} greatest of {n} differences"),
        n => format!("{n} differences"),
    };
    Some(Intervals {
        words: Words {
            title: format!("Differences of {kind}, each run against the first that has the cell"),
            terms: format!("{drawn}; intervals of 95 % by repeats, where there are any"),
            note: format!(
                "To the right of 0 they are {side} than in the first run. {INTERVALS} A ring \
                 stands for a difference beyond the axis."
            ),
            left_out: Vec::new(),
        },
        x: Axis::linear("difference", Unit::Percent, low - 1.0, high + 1.0),
        dots: all.into_iter().map(dot).collect(),
        beside: vec![(0.0, Tone::Limit)],
        columns: vec!["cell", "change_pct", "low_pct", "high_pct", "run", "against", "figure"],
    })
}

fn dot(one: &Difference) -> Dot {
    let change = one.change;
    let mut row = data(change.pct, change.between);
    row.extend([one.run.clone(), one.base.clone(), one.figure.clone()]);
    let without = if change.between.is_some() { "" } else { ", no interval" };
    Dot {
        name: one.cell.clone(),
        about: format!("{}, {} against {}", one.figure, one.run, one.base),
        value: change.pct,
        between: change.between,
        figure: format!("{}{without}", change.shown()),
        tone: None,
        row,
    }
}
