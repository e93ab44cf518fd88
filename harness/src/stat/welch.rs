//! The difference of two means whose spreads may differ: Welch's t (Biometrika 34, 1947),
//! with the degrees of freedom by Satterthwaite (Biometrics Bulletin 2, 1946).
//!
//! Of logarithms it is the ratio of two geometric means. It presumes that the values are
//! independent of each other: repeats are, the samples within one are not.

use super::resample::Interval;
use super::student;

/// Fewer values than this on a side have no interval: the spread of two says little.
pub const LEAST: usize = 3;

/// The mean of `b` less that of `a`, and the interval that covers the true difference with
/// probability `level`. `None` for fewer than [`LEAST`] values on a side, where one is not
/// finite, and where none of them scatter: then nothing is known of how they would.
#[must_use]
pub fn difference(a: &[f64], b: &[f64], level: f64) -> Option<Interval> {
    let (a, b) = (Part::of(a)?, Part::of(b)?);
    let square = a.square + b.square;
    if square <= 0.0 {
        return None;
    }
    let freedom = square.powi(2) / (a.square.powi(2) / a.freedom + b.square.powi(2) / b.freedom);
    let reach = student::quantile(f64::midpoint(1.0, level), freedom)? * square.sqrt();
    let value = b.mean - a.mean;
    reach.is_finite().then_some(Interval { value, low: value - reach, high: value + reach })
}

/// How many times the geometric mean of `a` that of `b` is, with its interval; `None` as
/// for [`difference`], and where a value is not above 0.
#[must_use]
pub fn ratio(a: &[f64], b: &[f64], level: f64) -> Option<Interval> {
    let Interval { value, low, high } = difference(&logs(a)?, &logs(b)?, level)?;
    Some(Interval { value: value.exp(), low: low.exp(), high: high.exp() })
}

fn logs(values: &[f64]) -> Option<Vec<f64>> {
    values.iter().map(|value| (*value > 0.0).then(|| value.ln())).collect()
}

/// One of the two samples.
struct Part {
    mean: f64,
    /// The square of the mean's standard error.
    square: f64,
    freedom: f64,
}

impl Part {
    fn of(values: &[f64]) -> Option<Self> {
        if values.len() < LEAST || values.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        Some(Self { mean, square: squares / (n - 1.0) / n, freedom: n - 1.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Interval, value: f64, low: f64, high: f64) {
        for (found, expected) in [(found.value, value), (found.low, low), (found.high, high)] {
            assert!((found - expected).abs() < 1e-6, "{found} against {expected}");
        }
    }

    /// scipy 1.17: `ttest_ind(b, a, equal_var=False).confidence_interval(level)`.
    #[test]
    fn an_interval_is_as_published() {
        let (a, b) = ([1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 8.0]);
        let found = difference(&a, &b, 0.95).unwrap();
        near(found, 2.5, -1.364_167_215_486, 6.364_167_215_486);
        let (a, b) = ([10.0, 11.0, 12.0], [10.5, 14.0, 13.0, 12.5, 13.5]);
        let found = difference(&a, &b, 0.95).unwrap();
        near(found, 1.7, -0.391_944_692_733, 3.791_944_692_733);
        let found = difference(&a, &b, 0.99).unwrap();
        near(found, 1.7, -1.520_460_550_416, 4.920_460_550_416);
    }

    /// scipy 1.17: the same of `numpy.log`, and `numpy.exp` of what comes of it.
    #[test]
    fn a_ratio_is_that_of_geometric_means() {
        let (a, b) = ([100.0, 110.0, 105.0], [121.0, 130.0, 118.0, 125.0]);
        let found = ratio(&a, &b, 0.95).unwrap();
        near(found, 1.176_303_865_906, 1.069_370_096_708, 1.293_930_687_987);
        let back = ratio(&b, &a, 0.95).unwrap();
        near(back, 1.0 / found.value, 1.0 / found.high, 1.0 / found.low);
    }

    #[test]
    fn a_sample_against_itself_does_not_differ() {
        let same = ratio(&[3.0, 4.0, 5.0], &[3.0, 4.0, 5.0], 0.95).unwrap();
        assert!((same.value - 1.0).abs() < 1e-12 && same.low < 1.0 && same.high > 1.0, "{same:?}");
    }

    #[test]
    fn what_says_nothing_gives_nothing() {
        assert_eq!(difference(&[1.0, 2.0], &[1.0, 2.0, 3.0], 0.95), None, "two values");
        assert_eq!(difference(&[1.0; 3], &[2.0; 3], 0.95), None, "no scatter");
        assert_eq!(difference(&[1.0, f64::NAN, 2.0], &[1.0, 2.0, 3.0], 0.95), None);
        assert_eq!(ratio(&[0.0, 1.0, 2.0], &[1.0, 2.0, 3.0], 0.95), None, "no logarithm");
    }
}
