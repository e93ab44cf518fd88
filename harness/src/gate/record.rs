//! From what came of a cell to what is written of it.

use super::suite::Outcome;
pub use crate::verdict::gated::{CellRecord, GateRecord, SCHEMA};

/// A logarithm of a ratio as a change in percent.
pub(crate) fn change_pct(log_ratio: f64) -> f64 {
    100.0 * log_ratio.exp_m1()
}

impl From<&Outcome> for CellRecord {
    fn from(outcome: &Outcome) -> Self {
        let look = outcome.look();
        Self {
            cell: outcome.cell.id(),
            verdict: outcome.verdict.word().to_owned(),
            reason: outcome.verdict.why().map(str::to_owned),
            change_pct: look.map(|l| change_pct(l.change.value)),
            low_pct: look.map(|l| change_pct(l.change.low)),
            high_pct: look.map(|l| change_pct(l.change.high)),
            least_seen_pct: look.map(|l| change_pct(l.least_seen)),
            took_ns: outcome.took.0,
            pairs: outcome.first.pairs.clone(),
            again: outcome.again.as_ref().map(|d| d.pairs.clone()).unwrap_or_default(),
            null: outcome.null.as_ref().map(|d| d.pairs.clone()).unwrap_or_default(),
        }
    }
}
