//! What became of the frames of each cell, as parts of all that were offered.

use pipefit::run::record::{Cell, Status};

use super::bars::{Bar, Bars};
use super::group::groups;
use super::{Drawing, PlotError, Series, Words};
use crate::report::Run;
use crate::report::figure::grouped;
use crate::report::model::{clean, policy};

/// The parts that make up what was offered.
const PARTS: [&str; 5] = ["shown", "merged", "dropped", "lost", "in flight"];

/// Hues of parts: as far from each other as those of transports are.
const HUES: [usize; 5] = [2, 0, 3, 7, 4];

/// Parts are told apart by these: they are no transports, and have numbers of their own,
/// from 4,096 on. Those from here on have no dashes.
const FIRST: usize = 4_104;

/// Bars of what was offered. Where everything was shown one by one, there is nothing to see.
pub(super) fn books(run: &Run<'_>, scenario: &str) -> Vec<Result<Drawing, PlotError>> {
    let plot = |cells: &[&Cell], terms: &str, name: &str| {
        let all: Vec<Bar> = cells.iter().filter_map(|cell| bar(cell)).collect();
        let count = all.len();
        let bars: Vec<Bar> = all.into_iter().filter(|bar| bar.shares[0] < 1.0).collect();
        let whole = match count - bars.len() {
            0 => String::new(),
            n => format!(" Of {n} others every frame was shown by itself."),
        };
        (!bars.is_empty()).then(|| Bars {
            words: Words {
                title: format!("{name}: what became of the frames"),
                terms: format!("{terms}; of all that were offered, all repeats"),
                note: format!(
                    "Merged: reached the reader and was folded into a column of the picture \
                     with others. A part too small to be seen is drawn as a line.{whole}"
                ),
                left_out: Vec::new(),
            },
            parts: parts(),
            bars,
            columns: vec!["cell", "offered", "shown", "merged", "dropped", "lost", "in_flight"],
        })
    };
    let groups = groups(run, scenario);
    let plots = groups.iter().filter_map(|g| plot(&g.cells, &g.terms, &g.scenario));
    plots.map(Bars::draw).collect()
}

fn parts() -> Vec<Series> {
    let part = |(label, hue): (&str, usize)| Series {
        label: label.to_owned(),
        hue: FIRST + hue,
        variant: 0,
    };
    PARTS.into_iter().zip(HUES).map(part).collect()
}

fn bar(cell: &Cell) -> Option<Bar> {
    let books = cell.ledger.filter(|l| l.offered > 0)?;
    let numbers = [books.shown, books.merged, books.dropped, books.lost, books.in_flight];
    let shares = numbers.map(|n| n as f64 / books.offered as f64).to_vec();
    let gone = [(books.dropped, "dropped"), (books.lost, "lost"), (books.in_flight, "in flight")];
    let about = gone.into_iter().find(|(n, _)| *n > 0).map_or_else(
        || format!("of {}", grouped(books.offered)),
        |(n, what)| format!("{} of {} {what}", grouped(n), grouped(books.offered)),
    );
    let status = if cell.status == Status::Invalid { " (invalid)" } else { "" };
    Some(Bar {
        name: format!("{}, {}, {}{status}", clean(cell.subject()), cell.wait, policy(cell)),
        shares,
        about,
        row: std::iter::once(books.offered).chain(numbers).map(|n| n.to_string()).collect(),
    })
}
