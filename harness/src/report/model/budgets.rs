//! Budgets in words: what was asked, what was found, what comes of it.

use crate::report::figure::{Figure, amount};
use crate::verdict::{AssertRecord, BudgetRecord, Verdicts};

use super::clean;

/// A file of budgets in words.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetsView {
    /// How they came out, in one sentence.
    pub sentence: String,
    /// The file.
    pub file: String,
    /// One for each.
    pub rows: Vec<BudgetRow>,
}

/// A budget in words.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetRow {
    /// What it is called.
    pub name: String,
    /// Why somebody cares.
    pub why: String,
    /// The cell.
    pub cell: String,
    /// Whether it is a control.
    pub is_control: bool,
    /// What comes of it.
    pub stamp: Stamp,
    /// What else there is to say: why it is not decided, and how often it was measured.
    pub note: String,
    /// What was asserted.
    pub asserts: Vec<AssertRow>,
}

/// An assertion in words.
#[derive(Clone, Debug, PartialEq)]
pub struct AssertRow {
    /// As it was written.
    pub text: String,
    /// What was found.
    pub figure: String,
    /// Between which values it lies.
    pub interval: String,
    /// What it was held to.
    pub limit: String,
    /// What comes of it.
    pub stamp: Stamp,
    /// Why it is not decided.
    pub reason: String,
}

/// A verdict, as a glyph and a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// To be seen.
    pub glyph: &'static str,
    /// To be read.
    pub word: &'static str,
}

impl Stamp {
    const ALL: [Self; 4] = [
        Self { glyph: "✓", word: "pass" },
        Self { glyph: "✗", word: "fail" },
        Self { glyph: "?", word: "inconclusive" },
        Self { glyph: "!", word: "invalid" },
    ];

    /// A verdict that is not known is none that passes.
    pub(in crate::report) fn of(word: &str) -> Self {
        Self::ALL.into_iter().find(|s| s.word == word).unwrap_or(Self::ALL[3])
    }
}

impl BudgetsView {
    /// Verdicts in words.
    #[must_use]
    pub fn new(verdicts: &Verdicts) -> Self {
        Self {
            sentence: sentence(verdicts),
            file: clean(&verdicts.file),
            rows: verdicts.budgets.iter().map(row).collect(),
        }
    }
}

fn sentence(verdicts: &Verdicts) -> String {
    let counts: Vec<String> = Stamp::ALL
        .iter()
        .map(|stamp| (verdicts.budgets.iter().filter(|b| b.verdict == stamp.word).count(), stamp))
        .filter(|(n, _)| *n > 0)
        .map(|(n, stamp)| format!("{n} {}", stamp.word))
        .collect();
    let n = verdicts.budgets.len();
    if n == 0 {
        return format!("No budget was judged, profile {}.", clean(&verdicts.profile));
    }
    let budgets = if n == 1 { "1 budget".to_owned() } else { format!("{n} budgets") };
    format!(
        "{budgets}, profile {}: {}. A verdict was reached in {:.0} %.",
        clean(&verdicts.profile),
        counts.join(", "),
        100.0 * verdicts.decided.clamp(0.0, 1.0)
    )
}

fn row(budget: &BudgetRecord) -> BudgetRow {
    let mut note = match budget.trials {
        1 => "1 trial".to_owned(),
        n => format!("{n} trials"),
    };
    if budget.dropped > 0 {
        note += &format!(", {} set aside: the machine changed or was busy", budget.dropped);
    }
    for more in budget.reason.iter().chain(&budget.noise) {
        note += &format!("; {}", clean(more));
    }
    BudgetRow {
        name: clean(&budget.name),
        why: clean(&budget.why),
        cell: clean(&budget.cell),
        is_control: budget.must_fail,
        stamp: Stamp::of(&budget.verdict),
        note,
        asserts: budget.asserts.iter().map(assert_row).collect(),
    }
}

fn assert_row(assert: &AssertRecord) -> AssertRow {
    let show = |value: Option<f64>| match amount(value, &assert.unit) {
        Figure::Value { text, .. } => text,
        Figure::TooFew | Figure::Absent => "—".to_owned(),
    };
    let interval = match (assert.low, assert.high) {
        (Some(low), Some(high)) if low < high => {
            format!("{} – {}", show(Some(low)), show(Some(high)))
        }
        _ => String::new(),
    };
    AssertRow {
        text: clean(&assert.text),
        figure: show(assert.figure),
        interval,
        limit: show(assert.limit),
        stamp: Stamp::of(&assert.verdict),
        reason: assert.reason.as_deref().map(clean).unwrap_or_default(),
    }
}
