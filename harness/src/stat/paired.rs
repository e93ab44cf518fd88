//! Ratios of figures that were measured side by side.
//!
//! A machine changes under us: another guest, another clock speed, a processor further
//! away. So a subject is measured between two measurements of its reference, and where
//! those two disagree, nothing is said about the subject.

use super::resample::{Interval, median_interval};

/// References that differ by more than this say that the machine changed.
pub const AGREE: f64 = 1.2;

/// Fewer pairs than this say nothing.
pub const LEAST: usize = 5;

/// A subject between two measurements of its reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bracket {
    /// The reference, before.
    pub before: f64,
    /// The subject.
    pub subject: f64,
    /// The reference, after.
    pub after: f64,
}

impl Bracket {
    /// Subject over reference; `None` where the references disagree, or something is
    /// not a figure.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        let Self { before, subject, after } = *self;
        let usable = [before, subject, after].iter().all(|x| x.is_finite() && *x > 0.0);
        let agree = before / after <= AGREE && after / before <= AGREE;
        (usable && agree).then(|| subject / (before * after).sqrt())
    }
}

/// What brackets say together.
#[derive(Clone, Debug, PartialEq)]
pub struct Paired {
    /// The median ratio, with its interval; `None` where too few brackets are left.
    pub ratio: Option<Interval>,
    /// Brackets that were used.
    pub n: usize,
    /// Brackets whose references disagreed.
    pub dropped: usize,
}

impl Paired {
    /// Puts brackets together.
    #[must_use]
    pub fn of(brackets: &[Bracket]) -> Self {
        let ratios: Vec<f64> = brackets.iter().filter_map(Bracket::ratio).collect();
        let ratio = if ratios.len() < LEAST { None } else { median_interval(&ratios) };
        Self { ratio, n: ratios.len(), dropped: brackets.len() - ratios.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn bracket(before: f64, subject: f64, after: f64) -> Bracket {
        Bracket { before, subject, after }
    }

    #[test]
    fn drift_cancels_and_a_jump_is_dropped() {
        assert_eq!(bracket(100.0, 220.0, 121.0).ratio(), None, "over 20 %");
        let ratio = bracket(100.0, 220.0, 110.0).ratio().unwrap();
        assert!((ratio - 2.0977).abs() < 1e-4, "{ratio}");
        assert_eq!(bracket(0.0, 1.0, 1.0).ratio(), None);
        assert_eq!(bracket(f64::NAN, 1.0, 1.0).ratio(), None);
    }

    #[test]
    fn a_machine_that_changes_by_half_changes_no_ratio() {
        let brackets: Vec<Bracket> = (0..20)
            .map(|i| {
                let speed = if i % 2 == 0 { 1.0 } else { 1.5 };
                bracket(speed, 2.0 * speed, speed)
            })
            .collect();
        let ratio = Paired::of(&brackets).ratio.unwrap();
        assert_eq!((ratio.low, ratio.value, ratio.high), (2.0, 2.0, 2.0));
    }

    #[test]
    fn too_few_pairs_say_nothing() {
        let mut brackets = vec![bracket(1.0, 2.0, 1.0); LEAST - 1];
        brackets.extend([bracket(1.0, 2.0, 3.0); 9]);
        let paired = Paired::of(&brackets);
        assert_eq!((paired.ratio, paired.n, paired.dropped), (None, LEAST - 1, 9));
    }
}
