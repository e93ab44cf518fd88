//! What a gate saw: the change of each cell, with its interval.

use super::axis::Axis;
use super::group::counted;
use super::intervals::{Dot, Intervals, data};
use super::lines::Tone;
use super::unit::Unit;
use super::{Drawing, PlotError, Words};
use crate::report::figure::percent;
use crate::report::model::clean;
use crate::verdict::gated::{CellRecord, GateRecord};

/// Less than this is no change that anybody is told of, in percent.
const LEAST: f64 = 3.0;

/// Changes beyond this stand at the end of the axis, in percent.
const FAR: f64 = 60.0;

/// The changes of all cells that could be measured.
#[must_use]
pub fn gated(record: &GateRecord) -> Option<Result<Drawing, PlotError>> {
    let dots: Vec<Dot> = record.cells.iter().filter_map(dot).collect();
    if dots.is_empty() {
        return None;
    }
    let pairs: Vec<u64> = record.cells.iter().map(|cell| cell.all_pairs() as u64).collect();
    let ends = dots.iter().flat_map(|dot| {
        let (low, high) = dot.between.unwrap_or((dot.value, dot.value));
        [low, high, dot.value].map(|value| value.clamp(-FAR, FAR))
    });
    let (low, high) = ends.fold((-5.0f64, 5.0f64), |(l, h), v| (l.min(v), h.max(v)));
    let plot = Intervals {
        words: Words {
            title: "Change of each cell, head against base".to_owned(),
            terms: format!("pairs of fresh processes, {}; intervals of 98 %", counted(&pairs)),
            note: "To the right of 0 head is slower. The thin lines are 3 %: less than that is \
                   no change that anybody is told of. A ring stands for a change beyond the \
                   axis."
                .to_owned(),
            left_out: Vec::new(),
        },
        x: Axis::linear("change", Unit::Percent, low - 1.0, high + 1.0),
        dots,
        beside: vec![(0.0, Tone::Limit), (-LEAST, Tone::Doubt), (LEAST, Tone::Doubt)],
        columns: vec!["cell", "change_pct", "low_pct", "high_pct", "pairs", "verdict"],
    };
    Some(plot.draw())
}

fn dot(cell: &CellRecord) -> Option<Dot> {
    let value = cell.change_pct?;
    let between = cell.low_pct.zip(cell.high_pct);
    let tone = match &cell.verdict[..] {
        "regressed" | "broken" => Some(Tone::Bad),
        "improved" => Some(Tone::Good),
        "unchanged" => None,
        _ => Some(Tone::Doubt),
    };
    let mut row = data(value, between);
    row.extend([cell.all_pairs().to_string(), clean(&cell.verdict)]);
    Some(Dot {
        name: clean(&cell.cell),
        about: String::new(),
        value,
        between,
        figure: format!("{} {}", percent(value), clean(&cell.verdict)),
        tone,
        row,
    })
}
