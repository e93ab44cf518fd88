//! What is written of verdicts beside a run: `verdicts.json`, schema `pipefit-verdicts/1`.

use serde::{Deserialize, Serialize};

/// The name and number of the schema.
pub const SCHEMA: &str = "pipefit-verdicts/1";

/// What came of a file of budgets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdicts {
    /// [`SCHEMA`].
    pub schema: String,
    /// The file, as it was named.
    pub file: String,
    /// The profile.
    pub profile: String,
    /// The share of budgets of which something could be said.
    pub decided: f64,
    /// One for each, in the order of the file.
    pub budgets: Vec<BudgetRecord>,
}

/// What came of a budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BudgetRecord {
    /// What it is called.
    pub name: String,
    /// Why somebody cares.
    pub why: String,
    /// Its line in the file, from 1.
    pub line: usize,
    /// The cell that was measured.
    pub cell: String,
    /// Whether it is a control, which must fail.
    pub must_fail: bool,
    /// `pass`, `fail`, `inconclusive` or `invalid`; of a control, `pass` says that it
    /// failed as it must.
    pub verdict: String,
    /// Why it is neither pass nor fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Trials that it was judged by.
    pub trials: usize,
    /// Trials that were set aside, because the machine changed meanwhile.
    pub dropped: usize,
    /// What others did to the machine meanwhile, if they did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<String>,
    /// How long it took, in ns.
    pub took_ns: u64,
    /// What was asserted.
    pub asserts: Vec<AssertRecord>,
}

/// What came of an assertion. Figures are in the unit that is named.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssertRecord {
    /// As it was written.
    pub text: String,
    /// Its line in the file, from 1.
    pub line: usize,
    /// `ns`, `Hz`, `B`, `B/s`, `1` (a share) or `count`.
    pub unit: String,
    /// The figure over all trials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<f64>,
    /// Lower end of its interval: 95 %, or of a count the least that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// What it was held to; of a ratio, the factor times what the yardstick showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// `pass`, `fail`, `inconclusive` or `invalid`, whether it is a control or not.
    pub verdict: String,
    /// Why it is neither pass nor fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
