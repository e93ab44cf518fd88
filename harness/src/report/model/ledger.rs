//! The books of a cell, in words.

use pipefit::run::record::{Cell, Residue};

use super::clean;
use crate::report::figure::grouped;

/// The ledger of one cell, and what the cell left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Books {
    /// The cell's id.
    pub cell: String,
    /// A number for each of [`Books::HEADINGS`].
    pub numbers: [String; 10],
    /// Whether everything offered is accounted for.
    pub balanced: bool,
    /// Whether anything was lost.
    pub losses: bool,
    /// What was left behind; `None` where nobody looked.
    pub residue: Option<String>,
}

impl Books {
    /// What the numbers are, in frames.
    pub const HEADINGS: [&'static str; 10] = [
        "offered",
        "shown",
        "merged",
        "dropped",
        "lost",
        "in flight",
        "duplicate",
        "reordered",
        "corrupt",
        "torn",
    ];

    /// Of a cell that kept books.
    pub(super) fn of(cell: &Cell) -> Option<Self> {
        let l = cell.ledger?;
        let numbers = [
            l.offered,
            l.shown,
            l.merged,
            l.dropped,
            l.lost,
            l.in_flight,
            l.duplicate,
            l.reordered,
            l.corrupt,
            l.torn,
        ];
        Some(Self {
            cell: clean(&cell.id),
            numbers: numbers.map(grouped),
            balanced: l.check().is_ok(),
            losses: l.lost > 0,
            residue: cell.residue.as_ref().map(left_behind),
        })
    }

    /// Whether the books close, by a glyph and words.
    #[must_use]
    pub const fn balance(&self) -> &'static str {
        if self.balanced { "✓ balances" } else { "✗ does not balance" }
    }
}

fn left_behind(residue: &Residue) -> String {
    let kinds = [
        (residue.zombies, "zombies"),
        (residue.orphans, "orphans"),
        (residue.shm_names, "names in /dev/shm"),
        (residue.fds, "descriptors"),
        (residue.threads, "threads"),
    ];
    let left: Vec<String> =
        kinds.iter().filter(|(n, _)| *n != 0).map(|(n, what)| format!("{n:+} {what}")).collect();
    if left.is_empty() { "nothing".to_owned() } else { left.join(", ") }
}
