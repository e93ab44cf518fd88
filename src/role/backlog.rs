//! Backlog: frames sent and not yet seen, at the moment the consumer wakes and
//! **before** it drains.
//!
//! It is computed from the stamps alone: at wake-up `w`, the frames with
//! `sent ≤ w < seen`. No queue is asked for its length, which would measure the
//! question.

use serde::{Deserialize, Serialize};

use crate::ground::Nanos;

/// Wake-ups are put together into so many stretches for the slope: neighbouring
/// ones are not independent, stretches nearly are.
const STRETCHES: usize = 10;

/// Student's t for a two-sided 95 % interval at `STRETCHES − 2` = 8 degrees of freedom.
const T_95_8: f64 = 2.306;

/// The backlog at every wake-up of a run.
#[derive(Clone, Debug, Default)]
pub struct Backlog {
    wakes: Vec<Nanos>,
    /// Difference of the backlog at each wake-up to the one before; one more than there
    /// are wake-ups, for the one to come.
    steps: Vec<i64>,
}

/// What a run's backlog came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BacklogSummary {
    /// The most frames waiting at any wake-up.
    pub max: u64,
    /// Frames waiting at the last wake-up.
    pub end: u64,
    /// Growth in frames per second, with a 95 % interval; `None` with fewer than
    /// 20 wake-ups.
    pub slope: Option<Slope>,
}

/// A slope and its 95 % interval, per second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slope {
    /// The estimate.
    pub value: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

impl Backlog {
    /// The consumer woke at `at`; what it sees from now on was waiting then, if it
    /// had been sent.
    pub fn wake(&mut self, at: Nanos) {
        self.wakes.push(at);
        self.steps.resize(self.wakes.len() + 1, 0);
    }

    /// A frame sent at `sent` was seen in the drain after the latest wake-up.
    pub fn saw(&mut self, sent: Nanos) {
        let Some(latest) = self.wakes.len().checked_sub(1) else {
            return;
        };
        // Usually sent after the wake-up before this one: look from the end.
        let first = self.wakes.iter().rposition(|w| *w < sent).map_or(0, |i| i + 1);
        if first <= latest {
            self.steps[first] += 1;
            self.steps[latest + 1] -= 1;
        }
    }

    fn depths(&self) -> Vec<u64> {
        let mut depth = 0;
        let run = self.steps.iter().take(self.wakes.len()).map(|step| {
            depth += step;
            u64::try_from(depth).unwrap_or(0)
        });
        run.collect()
    }

    /// Closes the books: so many frames that had been sent were never seen.
    #[must_use]
    pub fn summary(&self, never_seen: u64) -> BacklogSummary {
        let depths = self.depths();
        BacklogSummary {
            max: depths.iter().copied().max().unwrap_or(0).max(never_seen),
            end: depths.last().copied().unwrap_or(0) + never_seen,
            slope: slope(&self.wakes, &depths),
        }
    }
}

/// Least squares over the means of [`STRETCHES`] stretches.
fn slope(wakes: &[Nanos], depths: &[u64]) -> Option<Slope> {
    if wakes.len() < 2 * STRETCHES {
        return None;
    }
    let origin = wakes.first()?.0;
    let edge = |i: usize| i * wakes.len() / STRETCHES;
    let points: Vec<(f64, f64)> = (0..STRETCHES)
        .map(|i| {
            let range = edge(i)..edge(i + 1);
            let n = range.len() as f64;
            let t = wakes[range.clone()].iter().map(|w| (w.0 - origin) as f64 / 1e9).sum::<f64>();
            let d = depths[range].iter().map(|d| *d as f64).sum::<f64>();
            (t / n, d / n)
        })
        .collect();
    let n = STRETCHES as f64;
    let (mt, md) =
        (points.iter().map(|p| p.0).sum::<f64>() / n, points.iter().map(|p| p.1).sum::<f64>() / n);
    let stt: f64 = points.iter().map(|p| (p.0 - mt).powi(2)).sum();
    if stt <= 0.0 {
        return None;
    }
    let value = points.iter().map(|p| (p.0 - mt) * (p.1 - md)).sum::<f64>() / stt;
    let rest: f64 = points.iter().map(|p| (p.1 - md - value * (p.0 - mt)).powi(2)).sum();
    let margin = T_95_8 * (rest / (n - 2.0) / stt).sqrt();
    Some(Slope { value, low: value - margin, high: value + margin })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_before_the_wake_up_and_seen_after_it_was_waiting() {
        let mut b = Backlog::default();
        b.wake(Nanos(100));
        b.saw(Nanos(50));
        b.saw(Nanos(100));
        b.saw(Nanos(101)); // sent while draining: was not waiting
        b.wake(Nanos(200));
        b.saw(Nanos(60)); // waited at both
        b.saw(Nanos(150));
        assert_eq!(b.depths(), [3, 2]);
        assert_eq!(b.summary(0).max, 3);
    }

    #[test]
    fn frames_that_were_never_seen_wait_at_the_end() {
        let mut b = Backlog::default();
        b.wake(Nanos(100));
        assert_eq!(b.summary(4), BacklogSummary { max: 4, end: 4, slope: None });
    }

    #[test]
    fn a_queue_that_grows_by_ten_a_second_has_that_slope() {
        let mut b = Backlog::default();
        // Wakes every 100 ms; at wake k, k frames wait, all of them seen at the end.
        for k in 0..100u64 {
            b.wake(Nanos(k * 100_000_000));
        }
        for k in 0..100u64 {
            b.saw(Nanos(k * 100_000_000));
        }
        let slope = b.summary(0).slope.unwrap();
        assert!((slope.value - 10.0).abs() < 0.01, "{slope:?}");
        assert!(slope.low <= 10.0 && slope.high >= 10.0);
        let mut flat = Backlog::default();
        for k in 0..100u64 {
            flat.wake(Nanos(k * 100_000_000));
            flat.saw(Nanos(k * 100_000_000 - 5.min(k)));
        }
        let slope = flat.summary(0).slope.unwrap();
        assert!(slope.low <= 1e-9 && slope.high >= -1e-9, "{slope:?}");
    }
}
