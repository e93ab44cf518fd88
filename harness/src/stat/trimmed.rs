//! The trimmed mean: a tenth of the values is set aside at each end, so that one pair
//! that the host disturbed moves nothing. Its interval rests on the winsorised spread
//! (Tukey and `McLaughlin`, Sankhyā A 25, 1963; Yuen, Biometrika 61, 1974).

use super::resample::Interval;
use super::student;

/// The share that is set aside at each end.
pub const SHARE: f64 = 0.1;

/// A trimmed mean, and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trimmed {
    /// The mean of what is left.
    pub mean: f64,
    /// Its standard error.
    pub error: f64,
    /// Degrees of freedom.
    pub freedom: f64,
    /// Values, those set aside included.
    pub n: usize,
}

impl Trimmed {
    /// The trimmed mean; `None` for fewer than three values, or where one is not finite.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let n = values.len();
        if n < 3 || values.iter().any(|x| !x.is_finite()) {
            return None;
        }
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below n")]
        let aside = (SHARE * n as f64) as usize;
        let kept = &sorted[aside..n - aside];
        let mean = kept.iter().sum::<f64>() / kept.len() as f64;
        // What was set aside counts as the outermost that was kept.
        let (low, high) = (*kept.first()?, *kept.last()?);
        let winsorised: Vec<f64> = sorted.iter().map(|x| x.clamp(low, high)).collect();
        let centre = winsorised.iter().sum::<f64>() / n as f64;
        let squares = winsorised.iter().map(|x| (x - centre).powi(2)).sum::<f64>();
        // Yuen's form: by what was kept, h (h − 1).
        let h = kept.len() as f64;
        let error = (squares / (h * (h - 1.0))).sqrt();
        Some(Self { mean, error, freedom: h - 1.0, n })
    }

    /// The interval that covers the true mean with probability `level`.
    #[must_use]
    pub fn interval(&self, level: f64) -> Interval {
        let t = student::quantile(f64::midpoint(1.0, level), self.freedom);
        let reach = t.unwrap_or(f64::INFINITY) * self.error;
        Interval { value: self.mean, low: self.mean - reach, high: self.mean + reach }
    }

    /// How probable a mean as far from 0 as this is where there is no difference.
    #[must_use]
    pub fn p_value(&self) -> f64 {
        if self.error == 0.0 {
            return if self.mean == 0.0 { 1.0 } else { 0.0 };
        }
        student::two_sided(self.mean / self.error, self.freedom).unwrap_or(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: [f64; 23] = [
        -0.031, 0.012, 0.044, -0.007, 0.150, 0.021, -0.012, 0.033, 0.008, 0.017, -0.290, 0.026,
        0.019, 0.003, 0.041, 0.011, -0.005, 0.029, 0.036, 0.015, 0.022, 0.009, 0.5,
    ];

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-8, "{found} against {expected}");
    }

    /// scipy 1.17: `stats.ttest_ind(values, zeros, equal_var=False, trim=0.1)`, which is
    /// Yuen's test of two samples; one that does not scatter leaves that of the other.
    #[test]
    fn a_trimmed_mean_is_as_published() {
        let trimmed = Trimmed::of(&VALUES).unwrap();
        near(trimmed.mean, 0.016_947_368_421_052_63);
        near(trimmed.error, 0.004_725_788_725_122_807);
        near(trimmed.freedom, 18.0);
        near(trimmed.p_value(), 0.002_111_265_074_830_606_7);
        for (level, low, high) in [
            (0.95, 0.007_018_854_73, 0.026_875_882_11),
            (0.98, 0.004_885_361_54, 0.029_009_375_30),
            (0.998, -0.000_115_020_34, 0.034_009_757_18),
            (0.999, -0.001_585_501_20, 0.035_480_238_05),
        ] {
            let interval = trimmed.interval(level);
            near(interval.low, low);
            near(interval.high, high);
        }
    }

    #[test]
    fn one_wild_value_moves_nothing() {
        let mut wild = VALUES;
        wild[22] = 1e6;
        assert_eq!(Trimmed::of(&wild), Trimmed::of(&VALUES));
    }

    #[test]
    fn what_says_nothing_gives_nothing() {
        assert_eq!(Trimmed::of(&[1.0, 2.0]), None);
        assert_eq!(Trimmed::of(&[1.0, f64::NAN, 2.0]), None);
        let still = Trimmed::of(&[0.0; 20]).unwrap();
        near(still.p_value(), 1.0);
        near(Trimmed::of(&[0.1; 20]).unwrap().interval(0.98).low, 0.1);
    }
}
