//! What pages and plots are made from.

use pipefit::run::record::{Cell, RunRecord};

use super::Curves;
use crate::verdict::Verdicts;

/// Everything that is known of a run.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The record.
    pub record: &'a RunRecord,
    /// The histograms behind its percentiles, and the course of its cells.
    pub curves: &'a Curves,
    /// What came of the budgets it was held to.
    pub verdicts: Option<&'a Verdicts>,
}

impl<'a> Run<'a> {
    /// Its scenarios, in order of appearance.
    #[must_use]
    pub fn scenarios(&self) -> Vec<&'a str> {
        let mut all: Vec<&str> = Vec::new();
        for cell in &self.record.cells {
            if !all.contains(&cell.scenario.as_str()) {
                all.push(&cell.scenario);
            }
        }
        all
    }

    /// The cells of a scenario.
    #[must_use]
    pub fn cells(&self, scenario: &str) -> Vec<&'a Cell> {
        self.record.cells.iter().filter(|cell| cell.scenario == scenario).collect()
    }

    /// The hue of a transport in every plot.
    #[must_use]
    pub fn hue(&self, subject: &str) -> usize {
        hue(self.record, subject)
    }
}

/// The place of a transport among those of the record.
pub(super) fn hue(record: &RunRecord, subject: &str) -> usize {
    let mut seen: Vec<&str> = Vec::new();
    for cell in &record.cells {
        if cell.subject() == subject {
            break;
        }
        if !seen.contains(&cell.subject()) {
            seen.push(cell.subject());
        }
    }
    seen.len()
}
