//! When two builds differ: a rule over the log-ratios of pairs.
//!
//! A pair is two fresh processes, one of each build, measured by turns; its value is the
//! logarithm of head's time over base's. Rounds of one process depend on each other,
//! pairs hardly do: pairs are what is counted. After so many of them there is a look, and
//! each look may end it. Looking often finds something by chance, so a look that calls
//! something a regression asks for an interval of 99.9 %.

use crate::stat::{Interval, Trimmed, holm};

/// After so many pairs there is a look.
pub const LOOKS: [usize; 5] = [20, 40, 80, 160, 320];

/// A change is called one where this much probability lies on its side, at each look.
const LEVEL: f64 = 0.999;

/// Less than this is no change that anybody is told of: 3 %.
pub const LEAST: f64 = 0.029_558_802_241_544_4; // ln 1.03

/// More than this is not called unchanged: 5 %.
pub const MARGIN: f64 = 0.048_790_164_169_432; // ln 1.05

/// The interval of that probability must lie within the margin, to be unchanged.
const UNCHANGED: f64 = 0.98;

/// How probable one false alarm may be in a whole suite of cells.
pub const FAMILY: f64 = 0.01;

/// What a look says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Head is slower.
    Regressed,
    /// Head is faster.
    Improved,
    /// Neither, as far as anybody is to be told.
    Unchanged,
    /// Not yet.
    Open,
}

impl Call {
    /// One word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Regressed => "regressed",
            Self::Improved => "improved",
            Self::Unchanged => "unchanged",
            Self::Open => "inconclusive",
        }
    }

    /// Whether a difference is claimed.
    #[must_use]
    pub const fn is_change(self) -> bool {
        matches!(self, Self::Regressed | Self::Improved)
    }
}

/// What some pairs say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// What comes of it.
    pub call: Call,
    /// The log-ratio, with its interval of 98 %.
    pub change: Interval,
    /// How probable a change like this is where there is none; all looks considered.
    pub p: f64,
    /// The smallest change that would most likely have been found: with a probability of
    /// 80 %, as a log-ratio.
    pub least_seen: f64,
    /// Pairs.
    pub pairs: usize,
}

/// Looks at the pairs there are; `None` where they say nothing at all.
#[must_use]
pub fn look(pairs: &[f64]) -> Option<Look> {
    let trimmed = Trimmed::of(pairs)?;
    let (strict, wide) = (trimmed.interval(LEVEL), trimmed.interval(UNCHANGED));
    let call = if strict.low > 0.0 && trimmed.mean >= LEAST {
        Call::Regressed
    } else if strict.high < 0.0 && trimmed.mean <= -LEAST {
        Call::Improved
    } else if wide.high < MARGIN && wide.low > -MARGIN {
        Call::Unchanged
    } else {
        Call::Open
    };
    // One-sided 80 %: 0.84 standard errors beyond the interval's reach.
    let reach = (strict.high - strict.low) / 2.0 + 0.841_621 * trimmed.error;
    Some(Look {
        call,
        change: wide,
        // One more look there is where time ran out between two of them.
        p: (trimmed.p_value() * (LOOKS.len() + 1) as f64).min(1.0),
        least_seen: reach.max(LEAST),
        pairs: pairs.len(),
    })
}

/// Which of many looks call a change that does not hold among all of them: there, the most
/// telling of many chances may be no more than that.
#[must_use]
pub fn doubtful(looks: &[Option<Look>]) -> Vec<bool> {
    let p_values: Vec<f64> = looks.iter().map(|l| l.map_or(1.0, |look| look.p)).collect();
    let is_change = |look: &Option<Look>| look.is_some_and(|look| look.call.is_change());
    looks.iter().zip(holm(&p_values)).map(|(look, p)| is_change(look) && p > FAMILY).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values that scatter like this around a centre, without chance: the quantiles of a
    /// uniform distribution, shuffled by a step that visits all of them.
    fn scattered(n: usize, centre: f64, width: f64) -> Vec<f64> {
        (0..n)
            .map(|i| ((i * 7) % n) as f64 / (n - 1) as f64)
            .map(|u| centre + width * (u - 0.5))
            .collect()
    }

    #[test]
    fn a_change_is_called_by_its_side_and_its_size() {
        let call = |centre, width| look(&scattered(20, centre, width)).unwrap().call;
        assert_eq!(call(0.10, 0.05), Call::Regressed);
        assert_eq!(call(-0.10, 0.05), Call::Improved, "swapped arms");
        assert_eq!(call(0.0, 0.05), Call::Unchanged);
        assert_eq!(call(0.02, 0.005), Call::Unchanged, "sure, and too small to matter");
        assert_eq!(call(0.0, 0.6), Call::Open, "too much scatter to say");
        assert_eq!(call(0.04, 0.20), Call::Open, "neither clear of nothing nor of the margin");
    }

    #[test]
    fn more_pairs_settle_what_few_leave_open() {
        let few = look(&scattered(20, 0.0, 0.4)).unwrap();
        let many = look(&scattered(320, 0.0, 0.4)).unwrap();
        assert_eq!((few.call, many.call), (Call::Open, Call::Unchanged));
        assert!(many.least_seen < few.least_seen);
        assert_eq!(look(&[0.1, 0.1]), None);
    }

    #[test]
    fn the_margins_are_what_they_say() {
        assert!((LEAST.exp() - 1.03).abs() < 1e-12);
        assert!((MARGIN.exp() - 1.05).abs() < 1e-12);
    }

    #[test]
    fn what_is_telling_alone_may_be_chance_among_many() {
        let look = |call, p| Some(Look { call, p, ..look(&scattered(20, 0.0, 0.1)).unwrap() });
        let one = look(Call::Regressed, 0.004);
        assert_eq!(doubtful(&[one]), [false]);
        let mut many = vec![look(Call::Unchanged, 0.5); 9];
        many.push(one);
        assert!(doubtful(&many)[9], "ten times 0.004 is 4 %");
        many[9] = look(Call::Regressed, 0.0004);
        assert!(!doubtful(&many)[9]);
        many[0] = None;
        assert_eq!(doubtful(&many).iter().filter(|d| **d).count(), 0);
    }
}
