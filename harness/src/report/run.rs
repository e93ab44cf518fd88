//! What pages and plots are made from.

use std::collections::BTreeMap;

use pipefit::run::record::{Cell, RunRecord};

use super::Curves;
use crate::verdict::Verdicts;

/// Everything that is known of a run.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    /// The record.
    pub record: &'a RunRecord,
    /// The histograms behind its percentiles, and the course of its cells.
    pub curves: &'a Curves,
    /// What came of the budgets it was held to.
    pub verdicts: Option<&'a Verdicts>,
    hues: Hues<'a>,
}

impl<'a> Run<'a> {
    /// A record, with what lies beside it.
    #[must_use]
    pub fn new(record: &'a RunRecord, curves: &'a Curves, verdicts: Option<&'a Verdicts>) -> Self {
        Self { record, curves, verdicts, hues: Hues::of(record) }
    }

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
        self.hues.hue(subject)
    }
}

/// The places of transports among those of a record, in order of appearance.
#[derive(Clone, Debug)]
pub(super) struct Hues<'a>(BTreeMap<&'a str, usize>);

impl<'a> Hues<'a> {
    pub(super) fn of(record: &'a RunRecord) -> Self {
        let mut places = BTreeMap::new();
        for cell in &record.cells {
            let next = places.len();
            places.entry(cell.subject()).or_insert(next);
        }
        Self(places)
    }

    /// The place of one; behind all of them, where it is none of these.
    pub(super) fn hue(&self, subject: &str) -> usize {
        self.0.get(subject).copied().unwrap_or(self.0.len())
    }
}
