//! The clock of another host, as seen from here: an offset, and how sure it is.
//!
//! Two hosts' monotonic clocks have nothing in common, and do not even run at quite the
//! same pace. A question and its answer with four stamps, as in NTP (RFC 5905, section 8),
//! tell what the other clock shows: the way there and back took so long in all, and if
//! each took half of that, the offset is known. How the time was really shared out is not
//! known, so half of it is the uncertainty. Of many exchanges, the one that took the least
//! is kept, before and after what is measured; what lies between the two is uncertainty,
//! too.
//!
//! It is no promise where the ways there and back differ by more than the whole round
//! trip's slack, which cannot be: neither takes less than no time.

use serde::{Deserialize, Serialize};

use crate::ground::Nanos;

/// Exchanges of which the shortest is kept.
pub const EXCHANGES: usize = 32;

/// Fewer than this, and nothing is said of the clock.
pub const FEWEST: usize = 16;

/// A question and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Asked, by our clock.
    pub asked: Nanos,
    /// Heard there, by the other clock.
    pub heard: Nanos,
    /// Answered there, by the other clock.
    pub answered: Nanos,
    /// The answer came, by our clock.
    pub came: Nanos,
}

/// What the other clock shows beyond ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// To be added to our time to get theirs, in ns.
    pub offset: i64,
    /// By how much that may be wrong, either way, in ns.
    pub uncertainty: u64,
}

impl Exchange {
    /// How long it was on its way, there and back; `None` where its stamps cannot be.
    fn on_its_way(&self) -> Option<u64> {
        self.came.since(self.asked)?.checked_sub(self.answered.since(self.heard)?)
    }

    fn estimate(&self) -> Option<Estimate> {
        let way = self.on_its_way()?;
        let ahead = |theirs: Nanos, ours: Nanos| i128::from(theirs.0) - i128::from(ours.0);
        let offset = (ahead(self.heard, self.asked) + ahead(self.answered, self.came)) / 2;
        let offset = i64::try_from(offset).ok()?;
        Some(Estimate { offset, uncertainty: way.div_ceil(2) })
    }
}

impl Estimate {
    /// From the exchange that took the least.
    ///
    /// # Errors
    /// Why nothing can be said: too few exchanges.
    pub fn of(exchanges: &[Exchange]) -> Result<Self, String> {
        let good: Vec<Self> = exchanges.iter().filter_map(Exchange::estimate).collect();
        match good.iter().min_by_key(|estimate| estimate.uncertainty) {
            Some(best) if good.len() >= FEWEST => Ok(*best),
            _ => Err(format!(
                "only {} of {EXCHANGES} questions for the other host's time were answered",
                good.len()
            )),
        }
    }

    /// The same offset, as unsure as it is in the light of a later estimate.
    #[must_use]
    pub fn with(self, later: Self) -> Self {
        let drift = self.offset.abs_diff(later.offset);
        Self { uncertainty: self.uncertainty.max(later.uncertainty).saturating_add(drift), ..self }
    }

    /// Our time in theirs.
    #[must_use]
    pub const fn to_theirs(self, ours: Nanos) -> Nanos {
        Nanos(ours.0.saturating_add_signed(self.offset))
    }
}

/// What is known of the clock on whose time a sensor's stamps are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FarClock {
    /// How it stands to ours, or why that is not known.
    pub estimate: Result<Estimate, String>,
    /// Stamps that lay in the future by it.
    pub backwards: crate::role::abroad::Backwards,
}

impl FarClock {
    /// Whether stamps that lay in the future are explained by what is not known of it.
    #[must_use]
    pub fn explains_backwards(&self) -> bool {
        self.estimate.as_ref().is_ok_and(|e| self.backwards.furthest <= e.uncertainty)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An exchange with a clock that is `ahead`, on ways that take so long each.
    fn exchange(asked: u64, ahead: i64, there: u64, thought: u64, back: u64) -> Exchange {
        let theirs = |ours: u64| Nanos(ours.saturating_add_signed(ahead));
        Exchange {
            asked: Nanos(asked),
            heard: theirs(asked + there),
            answered: theirs(asked + there + thought),
            came: Nanos(asked + there + thought + back),
        }
    }

    proptest! {
        #[test]
        fn the_true_offset_is_never_further_away_than_the_uncertainty(
            ahead in -1_000_000_000_000i64..1_000_000_000_000,
            ways in prop::collection::vec((0u64..10_000_000, 0u64..10_000_000), FEWEST..40),
        ) {
            let asked = 2_000_000_000_000;
            let all: Vec<_> =
                ways.iter().map(|(there, back)| exchange(asked, ahead, *there, 500, *back)).collect();
            let estimate = Estimate::of(&all).unwrap();
            prop_assert!(estimate.offset.abs_diff(ahead) <= estimate.uncertainty);
            let least = ways.iter().map(|(there, back)| there + back).min().unwrap();
            prop_assert_eq!(estimate.uncertainty, least.div_ceil(2));
        }
    }

    #[test]
    fn few_or_impossible_exchanges_say_nothing() {
        let good = exchange(1_000, 50, 10, 1, 10);
        assert!(Estimate::of(&[good; FEWEST - 1]).is_err());
        assert!(Estimate::of(&[good; FEWEST]).is_ok());
        let odd = Exchange { came: Nanos(999), ..good };
        assert!(Estimate::of(&[odd; EXCHANGES]).unwrap_err().contains("only 0"));
    }

    #[test]
    fn drift_is_uncertainty() {
        let before = Estimate { offset: 1_000, uncertainty: 10 };
        let after = Estimate { offset: 970, uncertainty: 20 };
        assert_eq!(before.with(after), Estimate { offset: 1_000, uncertainty: 50 });
        assert_eq!(before.to_theirs(Nanos(5)), Nanos(1_005));
    }
}
