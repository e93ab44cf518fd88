//! Student's t distribution (Student, 1908), and the mean's interval by it.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::resample::Interval;

/// The value that t stays below with probability `p`; `None` where there are no degrees
/// of freedom, or `p` is no probability between 0 and 1.
#[must_use]
pub fn quantile(p: f64, freedom: f64) -> Option<f64> {
    if !(p > 0.0 && p < 1.0) {
        return None;
    }
    let t = StudentsT::new(0.0, 1.0, freedom).ok()?;
    // The distribution is symmetric, and the lower tail is the one computed exactly.
    let (tail, sign) = if p < 0.5 { (p, -1.0) } else { (1.0 - p, 1.0) };
    Some(sign * beyond(tail, |x| t.cdf(-x)))
}

/// How probable it is that t is as far from 0 as this, or further.
#[must_use]
pub fn two_sided(t: f64, freedom: f64) -> Option<f64> {
    let distribution = StudentsT::new(0.0, 1.0, freedom).ok()?;
    t.is_finite().then(|| (2.0 * distribution.cdf(-t.abs())).min(1.0))
}

/// Where a tail that shrinks from 1/2 at 0 has come down to `tail`.
fn beyond(tail: f64, of: impl Fn(f64) -> f64) -> f64 {
    let mut high = 1.0;
    while of(high) > tail && high < 1e12 {
        high *= 2.0;
    }
    let mut low = 0.0;
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if of(middle) > tail {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The mean, and the interval that covers the true one with probability `level`, where
/// values are independent and nearly normal. `None` for fewer than two of them.
#[must_use]
pub fn mean_interval(values: &[f64], level: f64) -> Option<Interval> {
    let n = values.len() as f64;
    if values.len() < 2 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let reach = quantile(f64::midpoint(1.0, level), n - 1.0)? * (variance / n).sqrt();
    reach.is_finite().then_some(Interval { value: mean, low: mean - reach, high: mean + reach })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Option<f64>, expected: f64) {
        let found = found.unwrap();
        assert!((found / expected - 1.0).abs() < 1e-6, "{found} against {expected}");
    }

    /// Expected values: scipy 1.17, `stats.t.ppf`; the first three stand in every table.
    #[test]
    fn quantiles_are_those_of_the_tables() {
        near(quantile(0.975, 1.0), 12.706_204_736_174_694);
        near(quantile(0.975, 2.0), 4.302_652_729_749_462);
        near(quantile(0.975, 18.0), 2.100_922_040_241_038_2);
        near(quantile(0.9995, 15.0), 4.072_765_195_903_846);
        near(quantile(0.99, 255.0), 2.341_060_063_388_562_5);
        near(quantile(0.9995, 3.0), 12.923_978_636_687_961);
        near(quantile(0.025, 18.0), -2.100_922_040_241_038_2);
        assert_eq!(quantile(1.0, 3.0), None);
        assert_eq!(quantile(0.9, 0.0), None);
    }

    /// scipy 1.17, `2 * stats.t.sf`.
    #[test]
    fn tails_are_exact_far_out() {
        near(two_sided(2.0, 10.0), 0.073_388_034_770_740_37);
        near(two_sided(-5.0, 18.0), 9.284_142_553_766_81e-5);
        near(two_sided(12.0, 15.0), 4.322_734_113_447_168e-9);
        near(two_sided(0.5, 3.0), 0.651_447_964_848_151);
        assert_eq!(two_sided(f64::NAN, 3.0), None);
    }

    /// scipy 1.17, `stats.t.interval`.
    #[test]
    fn the_mean_has_its_interval() {
        let interval = mean_interval(&[0.1, 0.2, 0.15, 0.3], 0.95).unwrap();
        near(Some(interval.low), 0.051_623_455_810_199_254);
        near(Some(interval.high), 0.323_376_544_189_800_8);
        assert_eq!(mean_interval(&[1.0], 0.95), None);
    }
}
