//! What is written of a gate: `gate.json`, schema `pipefit-gate/1`.

use serde::{Deserialize, Serialize};

/// Two fresh processes, measured by turns: nanoseconds for one trip or frame, the geometric
/// mean of each one's rounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "[f64; 2]", from = "[f64; 2]")]
pub struct Pair {
    /// Base's.
    pub base: f64,
    /// Head's.
    pub head: f64,
}

impl From<Pair> for [f64; 2] {
    fn from(pair: Pair) -> Self {
        // A hundredth of a nanosecond is more than a clock shows.
        [pair.base, pair.head].map(|nanos| (100.0 * nanos).round() / 100.0)
    }
}

impl From<[f64; 2]> for Pair {
    fn from([base, head]: [f64; 2]) -> Self {
        Self { base, head }
    }
}

impl Pair {
    /// Above 0 where head is slower.
    #[must_use]
    pub fn log_ratio(&self) -> f64 {
        (self.head / self.base).ln()
    }
}

/// The log-ratios of some pairs.
#[must_use]
pub fn log_ratios(pairs: &[Pair]) -> Vec<f64> {
    pairs.iter().map(Pair::log_ratio).collect()
}

/// The name and number of the schema.
pub const SCHEMA: &str = "pipefit-gate/1";

/// Two builds, and what came of their cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateRecord {
    /// [`SCHEMA`].
    pub schema: String,
    /// When it began, in RFC 3339.
    pub started: String,
    /// What it was held against: a commit or a program.
    pub base: String,
    /// What was judged.
    pub head: String,
    /// CPUs that were asked for: consumer first, then producer.
    pub pins: Vec<usize>,
    /// What chance began with.
    pub seed: u64,
    /// Whether head was linked in another order for the second measurement.
    pub relinked: bool,
    /// Whether it was interrupted.
    #[serde(default, skip_serializing_if = "is_not")]
    pub partial: bool,
    /// Whether the two programs are the same, byte for byte: then there are no cells.
    #[serde(default, skip_serializing_if = "is_not")]
    pub identical: bool,
    /// One for each cell.
    pub cells: Vec<CellRecord>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_not(flag: &bool) -> bool {
    !*flag
}

/// What came of a cell. Changes are of head against base, in percent; above 0 is slower.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellRecord {
    /// `scenario/transport/size/wait`.
    pub cell: String,
    /// `regressed`, `improved`, `unchanged`, `inconclusive`, `environment invalid`, `n/a` or
    /// `broken`.
    pub verdict: String,
    /// Why nothing can be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The change, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_pct: Option<f64>,
    /// Lower end of its interval of 98 %.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_pct: Option<f64>,
    /// Upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high_pct: Option<f64>,
    /// The smallest change that would most likely have been found, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_seen_pct: Option<f64>,
    /// Time spent on it, in ns.
    pub took_ns: u64,
    /// Nanoseconds for one trip or frame, base's and head's, pair by pair.
    pub pairs: Vec<Pair>,
    /// Those of the second measurement, where the first called a change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub again: Vec<Pair>,
    /// The base against itself, beside the second.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub null: Vec<Pair>,
}

impl CellRecord {
    /// Pairs of all measurements.
    #[must_use]
    pub fn all_pairs(&self) -> usize {
        self.pairs.len() + self.again.len() + self.null.len()
    }
}
