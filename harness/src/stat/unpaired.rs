//! Two samples as a stopwatch has them: one after the other, unpaired. This is how the
//! statistics of `criterion` decide, and it is here to be compared with: a t-test by
//! bootstrap at 5 %, and a change of means whose interval of 95 % lies beyond 1 %.

use super::resample::Random;

/// What the rule says of `b` against `a`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Slower, or faster.
    Different,
    /// Neither, or too little.
    None,
}

const RESAMPLES: usize = 1_000;
const SIGNIFICANCE: f64 = 0.05;
const THRESHOLD: f64 = 0.01;

/// Whether the rule calls `b` different from `a`; `None` for fewer than two values each.
#[must_use]
pub fn unpaired(a: &[f64], b: &[f64]) -> Option<Change> {
    if a.len() < 2 || b.len() < 2 {
        return None;
    }
    let mut random = Random::new(0x5EED);
    let observed = welch(a, b).abs();
    let pooled: Vec<f64> = a.iter().chain(b).copied().collect();
    let (mut left, mut right) = (vec![0.0; a.len()], vec![0.0; b.len()]);
    let mut beyond = 0usize;
    for _ in 0..RESAMPLES {
        left.fill_with(|| pooled[random.below(pooled.len())]);
        right.fill_with(|| pooled[random.below(pooled.len())]);
        beyond += usize::from(welch(&left, &right).abs() >= observed);
    }
    if beyond as f64 / RESAMPLES as f64 > SIGNIFICANCE {
        return Some(Change::None);
    }
    let mut changes: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            left.fill_with(|| a[random.below(a.len())]);
            right.fill_with(|| b[random.below(b.len())]);
            mean(&right) / mean(&left) - 1.0
        })
        .collect();
    changes.sort_unstable_by(f64::total_cmp);
    let edge = RESAMPLES / 40;
    let (low, high) = (changes[edge], changes[RESAMPLES - 1 - edge]);
    let differs = low > THRESHOLD || high < -THRESHOLD;
    Some(if differs { Change::Different } else { Change::None })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The t of two samples whose spreads may differ (Welch, Biometrika 34, 1947).
fn welch(a: &[f64], b: &[f64]) -> f64 {
    let share = |values: &[f64]| {
        let (mean, n) = (mean(values), values.len() as f64);
        values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0) / n
    };
    let error = (share(a) + share(b)).sqrt();
    let apart = mean(a) - mean(b);
    if error > 0.0 { apart / error } else { apart * f64::INFINITY }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_a_large_change_from_none() {
        let a: Vec<f64> = (0..20).map(|i| 100.0 + f64::from(i % 5)).collect();
        let slower: Vec<f64> = a.iter().map(|x| x * 1.1).collect();
        assert_eq!(unpaired(&a, &slower), Some(Change::Different));
        assert_eq!(unpaired(&a, &a), Some(Change::None));
        assert_eq!(
            unpaired(&a, &a.iter().map(|x| x * 1.002).collect::<Vec<_>>()),
            Some(Change::None)
        );
        assert_eq!(unpaired(&a, &[1.0]), None);
    }

    /// scipy 1.17: `ttest_ind([1, 2, 3, 4], [2, 4, 6, 8], equal_var=False)`.
    #[test]
    fn its_t_is_that_of_welch() {
        let t = welch(&[1.0, 2.0, 3.0, 4.0], &[2.0, 4.0, 6.0, 8.0]);
        assert!((t + 1.732_050_807_568_877_2).abs() < 1e-12, "{t}");
    }

    /// The reason for pairs: what drifts slowly is a difference to whoever measures one
    /// after the other.
    #[test]
    fn drift_fools_it() {
        let before: Vec<f64> = (0..20).map(|i| 100.0 + 0.2 * f64::from(i)).collect();
        let after: Vec<f64> = (20..40).map(|i| 100.0 + 0.2 * f64::from(i)).collect();
        assert_eq!(unpaired(&before, &after), Some(Change::Different));
    }
}
