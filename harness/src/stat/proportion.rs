//! Shares of trials, with exact intervals (Clopper and Pearson, Biometrika 26, 1934).

use statrs::function::beta::beta_reg;

/// So many of so many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exact {
    /// How often it happened.
    pub hits: u64,
    /// How often it was tried.
    pub trials: u64,
    /// The least share that fits, at 95 %.
    pub low: f64,
    /// The greatest.
    pub high: f64,
}

impl Exact {
    /// The share itself; nothing was tried, nothing is known: 0.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.trials == 0 { 0.0 } else { self.hits as f64 / self.trials as f64 }
    }
}

/// `hits` of `trials`, with the interval that covers the true share with a probability of
/// at least 95 %. Hits beyond the trials count as all of them.
#[must_use]
pub fn exact(hits: u64, trials: u64) -> Exact {
    let hits = hits.min(trials);
    let (k, n) = (hits as f64, trials as f64);
    const TAIL: f64 = 0.025;
    let low = if hits == 0 { 0.0 } else { share_where(|p| beta_reg(k, n - k + 1.0, p), TAIL) };
    let high =
        if hits == trials { 1.0 } else { share_where(|p| beta_reg(k + 1.0, n - k, p), 1.0 - TAIL) };
    Exact { hits, trials, low, high }
}

/// The share at which a probability that grows with it has come up to `level`.
fn share_where(of: impl Fn(f64) -> f64, level: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if of(middle) < level {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// scipy 1.17, `stats.binomtest(k, n).proportion_ci(0.95, "exact")`.
    #[test]
    fn intervals_are_those_of_clopper_and_pearson() {
        for (hits, trials, low, high) in [
            (0, 60, 0.0, 0.059_629_492_286_334_72),
            (1, 60, 0.000_421_874_452_464_187_4, 0.089_399_050_057_298_91),
            (0, 400, 0.0, 0.009_179_804_583_673_406),
            (2, 400, 0.000_606_097_809_315_731, 0.017_944_144_605_585_58),
            (57, 60, 0.860_756_753_278_9, 0.989_567_670_355_651_7),
            (60, 60, 0.940_370_507_713_665_3, 1.0),
            (176, 180, 0.944_082_302_918_223_8, 0.993_912_768_477_172_5),
            (5, 10, 0.187_086_028_447_404_5, 0.812_913_971_552_595_5),
        ] {
            let found = exact(hits, trials);
            assert!((found.low - low).abs() < 1e-9, "{found:?}");
            assert!((found.high - high).abs() < 1e-9, "{found:?}");
        }
    }

    #[test]
    fn nothing_tried_says_nothing() {
        let nothing = exact(0, 0);
        assert_eq!((nothing.low, nothing.high), (0.0, 1.0));
    }
}
