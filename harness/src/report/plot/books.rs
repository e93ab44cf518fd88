//! What became of the frames of each cell, as parts of all that were offered.

use pipefit::ground::ledger::Balance;
use pipefit::run::record::{Cell, Status};

use super::bars::{Bar, Bars, NUMBER};
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
        let (whole, others): (Vec<&Cell>, Vec<&Cell>) =
            cells.iter().copied().partition(|cell| is_whole(cell));
        let mut bars: Vec<Bar> = others.into_iter().filter_map(bar).collect();
        let parts = taken(&mut bars);
        let whole = whole.iter().filter(|cell| cell.status == Status::Valid).count();
        let whole = match whole {
            0 => String::new(),
            1 => " Of 1 other every frame was shown by itself.".to_owned(),
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
            parts,
            bars,
            columns: vec!["cell", "offered", "shown", "merged", "dropped", "lost", "in_flight"],
        })
    };
    let groups = groups(run, scenario);
    let plots = groups.iter().filter_map(|g| plot(&g.cells, &g.terms, &g.scenario));
    plots.map(Bars::draw).collect()
}

/// The parts that are seen in any bar; bars keep the shares of no others.
fn taken(bars: &mut [Bar]) -> Vec<Series> {
    let seen = [0, 1, 2, 3, 4].map(|part| bars.iter().any(|bar| bar.shares[part] > 0.0));
    for bar in bars {
        let mut seen = seen.iter();
        bar.shares.retain(|_| seen.next() == Some(&true));
    }
    let part = |(label, hue): (&str, usize)| Series {
        label: label.to_owned(),
        hue: FIRST + hue,
        variant: 0,
    };
    let all = PARTS.into_iter().zip(HUES).zip(seen);
    all.filter(|(_, seen)| *seen).map(|(named, _)| part(named)).collect()
}

/// Whether every frame that was offered was shown by itself.
fn is_whole(cell: &Cell) -> bool {
    cell.ledger.is_some_and(|books| books.offered > 0 && books.shown == books.offered)
}

/// What became of frames that were not shown, the worst first, as far as there is room.
fn about(books: &Balance) -> String {
    let gone = [(books.lost, "lost"), (books.dropped, "dropped"), (books.in_flight, "in flight")];
    let gone: Vec<String> = gone
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{} {what}", grouped(*n)))
        .collect();
    let Some(first) = gone.first() else { return format!("of {}", grouped(books.offered)) };
    let all = gone.join(", ");
    [format!("{all} of {}", grouped(books.offered)), all]
        .into_iter()
        .find(|text| text.chars().count() <= NUMBER)
        .unwrap_or_else(|| format!("{first} and more"))
}

fn bar(cell: &Cell) -> Option<Bar> {
    let books = cell.ledger.filter(|l| l.offered > 0)?;
    let numbers = [books.shown, books.merged, books.dropped, books.lost, books.in_flight];
    let shares = numbers.map(|n| n as f64 / books.offered as f64).to_vec();
    let status = if cell.status == Status::Invalid { " (invalid)" } else { "" };
    Some(Bar {
        name: format!("{}, {}, {}{status}", clean(cell.subject()), cell.wait, policy(cell)),
        shares,
        about: about(&books),
        row: std::iter::once(books.offered).chain(numbers).map(|n| n.to_string()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_no_bar_has_is_not_explained() {
        let bar = |shares: [f64; 5]| Bar {
            name: String::new(),
            shares: shares.to_vec(),
            about: String::new(),
            row: Vec::new(),
        };
        let mut bars = [bar([0.5, 0.5, 0.0, 0.0, 0.0]), bar([0.9, 0.0, 0.0, 0.1, 0.0])];
        let parts = taken(&mut bars);
        let labels: Vec<&str> = parts.iter().map(|part| &part.label[..]).collect();
        assert_eq!(labels, ["shown", "merged", "lost"]);
        assert_eq!(
            (&bars[0].shares[..], &bars[1].shares[..]),
            (&[0.5, 0.5, 0.0][..], &[0.9, 0.0, 0.1][..])
        );
    }

    #[test]
    fn what_was_lost_is_said_first() {
        let books = Balance { offered: 20_000, lost: 3, dropped: 9, ..Balance::default() };
        assert_eq!(about(&books), "3 lost, 9 dropped of 20,000");
        let many = Balance { dropped: 19_000, in_flight: 7, ..books };
        assert_eq!(about(&many), "3 lost and more", "no more than there is room for");
        let none = Balance { lost: 0, dropped: 0, ..books };
        assert_eq!(about(&none), "of 20,000", "the control");
    }
}
