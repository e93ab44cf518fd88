//! Floor 6: what figures are held to, and what comes of it.

pub mod assertion;
pub mod budget;
pub mod gated;
pub mod judge;
pub mod record;
pub mod rule;

use std::fmt;

pub use assertion::{Assertion, Bound, Figure, Op, Yardstick};
pub use budget::{Budget, Budgets, Complaint};
pub use judge::{Finding, Judged};
pub use record::{AssertRecord, BudgetRecord, Verdicts};

/// What comes of a question that figures were asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// The figures do not say; why not.
    Inconclusive(String),
    /// There are no figures that may be used; why not.
    Invalid(String),
}

impl Verdict {
    /// One word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive(_) => "inconclusive",
            Self::Invalid(_) => "invalid",
        }
    }

    /// Why it is neither the one nor the other.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Inconclusive(why) | Self::Invalid(why) => Some(why),
            Self::Pass | Self::Fail => None,
        }
    }

    /// Of several that must all hold: what cannot be used comes first, then what fails,
    /// then what is not known.
    #[must_use]
    pub fn all<'a>(verdicts: impl IntoIterator<Item = &'a Self>) -> Self {
        let rank = |verdict: &Self| match verdict {
            Self::Pass => 0,
            Self::Inconclusive(_) => 1,
            Self::Fail => 2,
            Self::Invalid(_) => 3,
        };
        // The first of the worst.
        let mut worst = &Self::Pass;
        for verdict in verdicts {
            if rank(verdict) > rank(worst) {
                worst = verdict;
            }
        }
        worst.clone()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why() {
            Some(why) => write!(f, "{} ({why})", self.word()),
            None => f.write_str(self.word()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_decides() {
        let unsure = Verdict::Inconclusive("noise".into());
        let invalid = Verdict::Invalid("died".into());
        assert_eq!(Verdict::all([]), Verdict::Pass);
        assert_eq!(Verdict::all([&Verdict::Pass, &unsure]), unsure);
        assert_eq!(Verdict::all([&unsure, &Verdict::Fail, &Verdict::Pass]), Verdict::Fail);
        assert_eq!(Verdict::all([&Verdict::Fail, &invalid]), invalid);
        assert_eq!(unsure.to_string(), "inconclusive (noise)");
    }
}
