//! The histograms behind a record's percentiles.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use pipefit::run::record::Measured;

/// Histograms in nanoseconds, by the id of the cell and then by metric (`response`,
/// `transit`, `slip`, `rtt`, `send`, `frame_interval`). What is empty is not held.
#[derive(Clone, Debug, Default)]
pub struct Curves(pub BTreeMap<String, BTreeMap<String, Histogram<u64>>>);

impl Curves {
    /// The histograms of cells just measured.
    #[must_use]
    pub fn from_measured(measured: &[Measured]) -> Self {
        let mut curves = Self::default();
        for one in measured {
            for (metric, meter) in &one.meters {
                curves.insert(&one.cell.id, metric, meter.histogram().clone());
            }
        }
        curves
    }

    /// Adds the histogram of one metric of one cell, unless it is empty.
    pub fn insert(&mut self, cell: &str, metric: &str, histogram: Histogram<u64>) {
        if !histogram.is_empty() {
            self.0.entry(cell.to_owned()).or_default().insert(metric.to_owned(), histogram);
        }
    }

    /// The histogram of one metric of one cell.
    #[must_use]
    pub fn get(&self, cell: &str, metric: &str) -> Option<&Histogram<u64>> {
        self.0.get(cell)?.get(metric)
    }
}

impl From<&[Measured]> for Curves {
    fn from(measured: &[Measured]) -> Self {
        Self::from_measured(measured)
    }
}
