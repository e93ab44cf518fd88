//! Meters: HDR histograms that say what they could not hold.
//!
//! A value out of range is counted beside the histogram, never pressed into its
//! top bucket: a saturated maximum looks like a measurement and is none.

use hdrhistogram::Histogram;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::time::Nanos;

/// The largest value held: one hour.
pub const CEILING: Nanos = Nanos::from_secs(3_600);

/// Significant decimal digits kept: values are within 0.1 %.
pub const DIGITS: u8 = 3;

/// A histogram of spans in nanoseconds, from 1 ns to one hour, to three digits.
#[derive(Clone, Debug)]
pub struct Meter {
    spans: Histogram<u64>,
    /// The greatest value held, exactly: the histogram knows it to three digits.
    max: u64,
    beyond: u64,
    negative: u64,
}

impl Default for Meter {
    fn default() -> Self {
        Self::new()
    }
}

impl Meter {
    /// An empty meter. Holds about a quarter of a megabyte, allocated here, so
    /// that recording never allocates.
    #[must_use]
    pub fn new() -> Self {
        #[expect(clippy::expect_used, reason = "constant bounds, tested below")]
        let spans = Histogram::new_with_bounds(1, CEILING.0, DIGITS).expect("constant bounds");
        Self { spans, max: 0, beyond: 0, negative: 0 }
    }

    /// Books a span in ns; one over [`CEILING`] is counted as out of range.
    #[inline]
    pub fn record(&mut self, nanos: u64) {
        if self.spans.record(nanos).is_ok() {
            self.max = self.max.max(nanos);
        } else {
            self.beyond += 1;
        }
    }

    /// Books the span from `from` to `to`; a negative one is counted as such,
    /// never clamped, and makes the run invalid.
    #[inline]
    pub fn record_span(&mut self, from: Nanos, to: Nanos) {
        match to.since(from) {
            Some(nanos) => self.record(nanos),
            None => self.negative += 1,
        }
    }

    /// Adds another meter's values to this one's.
    pub fn merge(&mut self, other: &Self) {
        // Both were made with the same bounds, so that adding cannot fail.
        let _ = self.spans.add(&other.spans);
        self.max = self.max.max(other.max);
        self.beyond += other.beyond;
        self.negative += other.negative;
    }

    /// The greatest value held, in ns.
    #[must_use]
    pub fn max(&self) -> Option<u64> {
        (self.count() > 0).then_some(self.max)
    }

    /// Values held.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.spans.len()
    }

    /// Values over [`CEILING`].
    #[must_use]
    pub const fn beyond(&self) -> u64 {
        self.beyond
    }

    /// Spans that ended before they began.
    #[must_use]
    pub const fn negative(&self) -> u64 {
        self.negative
    }

    /// The value below which the share `q` of values lies, in ns, or `None`
    /// where fewer than `10 / (1 − q)` values stand behind it.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<u64> {
        let needed = 10.0 / (1.0 - q);
        ((self.count() as f64) + 1e-6 >= needed)
            .then(|| self.spans.value_at_quantile(q).min(self.max))
    }

    /// The histogram itself, to be drawn or exported.
    #[must_use]
    pub const fn histogram(&self) -> &Histogram<u64> {
        &self.spans
    }
}

/// A meter as it is sent from a child: the buckets that hold something.
#[derive(Serialize, Deserialize)]
struct Sparse {
    counts: Vec<(u64, u64)>,
    max: u64,
    beyond: u64,
    negative: u64,
}

impl Serialize for Meter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let counts = self
            .spans
            .iter_recorded()
            .map(|v| (v.value_iterated_to(), v.count_at_value()))
            .collect();
        Sparse { counts, max: self.max, beyond: self.beyond, negative: self.negative }
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Meter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let sparse = Sparse::deserialize(deserializer)?;
        let mut meter = Self::new();
        for (value, count) in sparse.counts {
            meter.spans.record_n(value, count).map_err(serde::de::Error::custom)?;
        }
        meter.max = sparse.max;
        meter.beyond = sparse.beyond;
        meter.negative = sparse.negative;
        Ok(meter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn out_of_range_is_counted_beside_not_in_the_top_bucket() {
        let mut m = Meter::new();
        m.record(5);
        m.record(CEILING.0 * 3);
        assert_eq!((m.count(), m.beyond(), m.max()), (1, 1, Some(5)));
    }

    #[test]
    fn a_negative_span_is_never_a_value() {
        let mut m = Meter::new();
        m.record_span(Nanos(10), Nanos(9));
        assert_eq!((m.count(), m.negative()), (0, 1));
    }

    #[test]
    fn a_quantile_needs_its_samples() {
        let mut m = Meter::new();
        for i in 0..999 {
            m.record(i);
        }
        assert_eq!(m.quantile(0.99), None);
        m.record(1_000);
        assert!(m.quantile(0.99).is_some());
        assert!(m.quantile(0.999).is_none());
        assert!(m.quantile(0.5).is_some());
    }

    #[test]
    fn a_meter_survives_the_way_home() {
        let mut m = Meter::new();
        for v in [0, 1, 999, 1_000_003, 59_000_000_017] {
            m.record(v);
        }
        m.record(u64::MAX);
        let text = serde_json::to_string(&m).unwrap();
        let back: Meter = serde_json::from_str(&text).unwrap();
        assert_eq!(back.histogram(), m.histogram());
        assert_eq!((back.beyond(), back.max()), (1, m.max()));
    }

    #[test]
    fn merging_is_by_counts_not_by_percentiles() {
        let (mut a, mut b) = (Meter::new(), Meter::new());
        (0..900).for_each(|_| a.record(10));
        (0..100).for_each(|_| b.record(1_000_000));
        a.merge(&b);
        assert_eq!(a.quantile(0.5), Some(10));
        assert!(a.quantile(0.95).unwrap() > 999_000);
    }
}
