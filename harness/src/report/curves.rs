//! What stands behind a record's percentiles.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use pipefit::role::Timeline;
use pipefit::run::record::Measured;

/// The curves of a record's cells, by the cell's id.
#[derive(Clone, Debug, Default)]
pub struct Curves {
    /// Histograms in nanoseconds, by metric (`response`, `transit`, `slip`, `rtt`, `send`,
    /// `frame_interval`). What is empty is not held.
    pub histograms: BTreeMap<String, BTreeMap<String, Histogram<u64>>>,
    /// The course of one trial, where stamps tell of it.
    pub timelines: BTreeMap<String, Timeline>,
}

impl Curves {
    /// The curves of cells just measured.
    #[must_use]
    pub fn from_measured(measured: &[Measured]) -> Self {
        let mut curves = Self::default();
        for one in measured {
            for (metric, meter) in &one.meters {
                curves.insert(&one.cell.id, metric, meter.histogram().clone());
            }
            if let Some(timeline) = &one.timeline {
                curves.timelines.insert(one.cell.id.clone(), timeline.clone());
            }
        }
        curves
    }

    /// Adds the histogram of one metric of one cell, unless it is empty.
    pub fn insert(&mut self, cell: &str, metric: &str, histogram: Histogram<u64>) {
        if !histogram.is_empty() {
            let of_cell = self.histograms.entry(cell.to_owned()).or_default();
            of_cell.insert(metric.to_owned(), histogram);
        }
    }

    /// The histogram of one metric of one cell.
    #[must_use]
    pub fn get(&self, cell: &str, metric: &str) -> Option<&Histogram<u64>> {
        self.histograms.get(cell)?.get(metric)
    }

    /// The course of one trial of a cell.
    #[must_use]
    pub fn timeline(&self, cell: &str) -> Option<&Timeline> {
        self.timelines.get(cell)
    }
}

impl From<&[Measured]> for Curves {
    fn from(measured: &[Measured]) -> Self {
        Self::from_measured(measured)
    }
}
