//! The median, and how far it may be off.

/// An estimate and the interval that covers it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The estimate.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// How often values are drawn again.
const RESAMPLES: usize = 2_000;

/// The middle value; of an even number, the mean of the two in the middle.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    median_of(&mut sorted)
}

fn median_of(values: &mut [f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let (lower, upper) = ((values.len() - 1) / 2, values.len() / 2);
    let (left, high, _) = values.select_nth_unstable_by(upper, f64::total_cmp);
    let high = *high;
    let low = if lower == upper { high } else { left.iter().copied().fold(f64::MIN, f64::max) };
    Some((low + high) / 2.0)
}

/// The median, and the interval that holds 95 % of the medians of as many values drawn
/// again from these (the percentile bootstrap; Efron 1979). The same values give the
/// same interval.
///
/// It presumes that the values are independent: pairs of fresh processes are, rounds
/// of one process are not.
#[must_use]
pub fn median_interval(values: &[f64]) -> Option<Interval> {
    let value = median(values)?;
    let mut random = Random(0x5EED);
    let mut drawn = vec![0.0; values.len()];
    let mut medians: Vec<f64> = (0..RESAMPLES)
        .filter_map(|_| {
            drawn.fill_with(|| values[random.below(values.len())]);
            median_of(&mut drawn)
        })
        .collect();
    medians.sort_unstable_by(f64::total_cmp);
    let edge = RESAMPLES / 40;
    Some(Interval { value, low: *medians.get(edge)?, high: *medians.get(RESAMPLES - 1 - edge)? })
}

/// A sequence that looks random and is the same each time (splitmix64; Steele et al.,
/// 2014).
#[derive(Clone, Copy, Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence that belongs to a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from 0 to below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^= x >> 31;
        #[expect(clippy::cast_possible_truncation, reason = "less than n, which is a usize")]
        let at = ((u128::from(x) * n as u128) >> 64) as usize;
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
    }

    #[test]
    fn an_interval_covers_the_truth_about_as_often_as_it_says() {
        let mut random = Random(7);
        let trials = 400;
        let covered = (0..trials)
            .filter(|_| {
                // The sum of twelve: nearly normal, with median 6.
                let mut draw = || (0..12).map(|_| random.below(1000) as f64 / 1000.0).sum::<f64>();
                let values: Vec<f64> = (0..25).map(|_| draw()).collect();
                let interval = median_interval(&values).unwrap();
                interval.low <= 5.994 && 5.994 <= interval.high
            })
            .count();
        assert!((360..400).contains(&covered), "{covered} of {trials}");
    }

    #[test]
    fn a_wider_spread_gives_a_wider_interval() {
        let narrow: Vec<f64> = (0..21).map(|i| 100.0 + f64::from(i) / 10.0).collect();
        let wide: Vec<f64> = (0..21).map(|i| 80.0 + f64::from(i) * 2.0).collect();
        let width = |values: &[f64]| {
            let i = median_interval(values).unwrap();
            i.high - i.low
        };
        assert!(width(&wide) > 10.0 * width(&narrow));
    }
}
