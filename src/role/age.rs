//! Age: how old the newest sample on the screen is, over time.
//!
//! `A(t) = t − sent(newest sample shown)` is a saw-tooth: it grows with time, and
//! falls each time a newer sample is shown. Its percentiles are shares of **time**,
//! in closed form from the teeth; a percentile over frames would hide a freeze,
//! which is one frame however long it lasts.

use serde::{Deserialize, Serialize};

use crate::ground::Nanos;

/// A quantile needs this much time above it to be given.
const TIME_ABOVE: Nanos = Nanos::from_millis(100);

/// One tooth: the age grew from `low` to `high`, at one nanosecond per nanosecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Tooth {
    low: u64,
    high: u64,
}

/// The saw-tooth of a run, or of several put together.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Age {
    teeth: Vec<Tooth>,
    /// Samples shown that had been sent after they were shown: never clamped.
    pub negative: u64,
    #[serde(skip)]
    current: Option<(Nanos, Nanos)>,
}

impl Age {
    /// At `at`, a frame was finished whose newest sample had been sent at `sent`.
    pub fn shown(&mut self, at: Nanos, sent: Nanos) {
        let newest = match self.current {
            // An older sample never replaces a newer one on the screen.
            Some((_, before)) => before.max(sent),
            None => sent,
        };
        self.close_tooth(at);
        self.current = Some((at, newest));
    }

    /// The observation ends at `at`.
    pub fn finish(&mut self, at: Nanos) {
        self.close_tooth(at);
        self.current = None;
    }

    fn close_tooth(&mut self, at: Nanos) {
        let Some((from, sent)) = self.current else {
            return;
        };
        match (from.since(sent), at.since(from)) {
            (Some(low), Some(span)) if span > 0 => {
                self.teeth.push(Tooth { low, high: low + span });
            }
            (None, _) => self.negative += 1,
            _ => {}
        }
    }

    /// Adds another run's teeth.
    pub fn merge(&mut self, other: &Self) {
        self.teeth.extend_from_slice(&other.teeth);
        self.negative += other.negative;
    }

    /// Time observed, in ns.
    #[must_use]
    pub fn observed(&self) -> u64 {
        self.teeth.iter().map(|t| t.high - t.low).sum()
    }

    /// Teeth observed: stretches between one frame shown and the next.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.teeth.len()
    }

    /// The age that is exceeded for the share `1 − q` of the time, in ns, or `None`
    /// where that share is less than 100 ms.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<u64> {
        let observed = self.observed() as f64;
        if (1.0 - q) * observed < TIME_ABOVE.0 as f64 * (1.0 - 1e-9) {
            return None;
        }
        let below = q * observed;
        let (mut low, mut high) = (0, self.max()?);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.time_up_to(middle) as f64 >= below {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Some(low)
    }

    /// For how long the age was at most `age`.
    fn time_up_to(&self, age: u64) -> u64 {
        self.teeth.iter().map(|t| age.clamp(t.low, t.high) - t.low).sum()
    }

    /// The greatest age.
    #[must_use]
    pub fn max(&self) -> Option<u64> {
        self.teeth.iter().map(|t| t.high).max()
    }

    /// The mean age over time.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        let area: f64 = self
            .teeth
            .iter()
            .map(|t| (t.low as f64 + t.high as f64) / 2.0 * (t.high - t.low) as f64)
            .sum();
        (!self.teeth.is_empty()).then(|| area / self.observed() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    /// Frames every 10 ms for 1 s, each showing a sample 2 ms old.
    fn steady() -> Age {
        let mut age = Age::default();
        for k in 0..=100 {
            let at = Nanos(1_000 * MS + k * 10 * MS);
            age.shown(at, Nanos(at.0 - 2 * MS));
        }
        age.finish(Nanos(2_000 * MS));
        age
    }

    #[test]
    fn a_steady_screen_is_between_two_and_twelve_milliseconds_old() {
        let age = steady();
        assert_eq!(age.observed(), 1_000 * MS);
        assert_eq!(age.max(), Some(12 * MS));
        assert_eq!(age.mean(), Some(7.0 * MS as f64));
        assert_eq!(age.quantile(0.5), Some(7 * MS));
        assert_eq!(age.quantile(0.9), Some(11 * MS));
        assert_eq!(age.quantile(0.95), None, "50 ms of time above are not enough");
    }

    #[test]
    fn a_freeze_counts_for_as_long_as_it_lasts() {
        let mut age = steady();
        let mut frozen = Age::default();
        frozen.shown(Nanos(0), Nanos(0));
        frozen.finish(Nanos(250 * MS));
        age.merge(&frozen);
        // One frame in 101, but a fifth of the time.
        assert!(age.quantile(0.9).unwrap() > 100 * MS, "{:?}", age.quantile(0.9));
    }

    #[test]
    fn an_older_sample_does_not_replace_a_newer_one() {
        let mut age = Age::default();
        age.shown(Nanos(100), Nanos(90));
        age.shown(Nanos(200), Nanos(50));
        age.finish(Nanos(300));
        assert_eq!(age.max(), Some(210));
    }

    #[test]
    fn a_sample_from_the_future_is_counted_not_clamped() {
        let mut age = Age::default();
        age.shown(Nanos(100), Nanos(150));
        age.finish(Nanos(200));
        assert_eq!((age.negative, age.count()), (1, 0));
    }
}
