//! Cells that can be compared at a glance: they were asked for the same.

use pipefit::ground::Bytes;
use pipefit::run::record::{Cell, Status};

use super::Series;
use crate::report::Run;
use crate::report::figure::grouped;
use crate::report::model::{clean, policy, rate};

/// Cells of a scenario that were asked for the same size, rate and policy.
pub(super) struct Group<'a> {
    pub(super) scenario: String,
    /// What they were asked for.
    pub(super) terms: String,
    pub(super) cells: Vec<&'a Cell>,
}

/// The groups of a scenario, in order of appearance.
pub(super) fn groups<'a>(run: &Run<'a>, scenario: &str) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for cell in run.cells(scenario) {
        let terms = format!("{}, {}, policy {}", Bytes(cell.size_bytes), rate(cell), policy(cell));
        match groups.iter_mut().find(|group| group.terms == terms) {
            Some(group) => group.cells.push(cell),
            None => groups.push(Group { scenario: clean(scenario), terms, cells: vec![cell] }),
        }
    }
    groups
}

impl<'a> Group<'a> {
    /// Cells that can be drawn, each with what is drawn of it.
    pub(super) fn drawn<T>(&self, find: impl Fn(&'a Cell) -> Option<T>) -> Vec<(&'a Cell, T)> {
        let valid = self.cells.iter().copied().filter(|cell| cell.status == Status::Valid);
        valid.filter_map(|cell| Some((cell, find(cell)?))).collect()
    }

    /// Cells that have something to draw, and are invalid.
    pub(super) fn left_out<T>(&self, find: impl Fn(&'a Cell) -> Option<T>) -> Vec<String> {
        let invalid = self.cells.iter().copied().filter(|cell| cell.status == Status::Invalid);
        invalid.filter(|cell| find(cell).is_some()).map(|cell| clean(cell.subject())).collect()
    }

    /// What all of these were asked for, and how many samples each of them has.
    pub(super) fn terms(&self, cells: &[&Cell], samples: &[u64]) -> String {
        let wait = cells.first().filter(|_| one_wait(cells));
        let wait = wait.map(|cell| format!(", wait {}", cell.wait));
        format!("{}{}; {}", self.terms, wait.unwrap_or_default(), counted(samples))
    }
}

fn one_wait(cells: &[&Cell]) -> bool {
    cells.windows(2).all(|pair| pair[0].wait == pair[1].wait)
}

/// `n = 20,000`, or from where to where.
pub(super) fn counted(samples: &[u64]) -> String {
    let low = samples.iter().copied().min().unwrap_or(0);
    let high = samples.iter().copied().max().unwrap_or(0);
    if low == high {
        format!("n = {}", grouped(low))
    } else {
        format!("n = {} to {}", grouped(low), grouped(high))
    }
}

/// A series for each cell: named by its transport, and by what the others do not share.
pub(super) fn series(run: &Run<'_>, cells: &[&Cell]) -> Vec<Series> {
    let one_wait = one_wait(cells);
    let mut seen: Vec<usize> = Vec::new();
    let of = |cell: &&Cell| {
        let hue = run.hue(cell.subject());
        let variant = seen.iter().filter(|h| **h == hue).count();
        seen.push(hue);
        let name = clean(cell.subject());
        let label = if one_wait { name } else { format!("{name}, {}", cell.wait) };
        Series { label, hue, variant }
    };
    cells.iter().map(of).collect()
}
