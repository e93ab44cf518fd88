//! Time: integer nanoseconds of one clock that every process on a host shares.
//!
//! The real clock is `CLOCK_MONOTONIC` (see clock_gettime(2)): it is the same
//! in every process since boot, so a stamp taken by a sensor in one process may
//! be subtracted from a stamp taken by a viewer in another. [`FakeClock`] moves
//! only when told to, so that the whole way of a sample can be run in virtual
//! time, exactly.

use std::cell::Cell;
use std::fmt;
use std::ops::Add;
use std::rc::Rc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A point in time, or a span of it, in nanoseconds.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(transparent)]
pub struct Nanos(pub u64);

impl Nanos {
    /// The far end of time: a deadline that never comes.
    pub const NEVER: Self = Self(u64::MAX);

    /// `n` microseconds.
    #[must_use]
    pub const fn from_micros(n: u64) -> Self {
        Self(n * 1_000)
    }

    /// `n` milliseconds.
    #[must_use]
    pub const fn from_millis(n: u64) -> Self {
        Self(n * 1_000_000)
    }

    /// `n` seconds.
    #[must_use]
    pub const fn from_secs(n: u64) -> Self {
        Self(n * 1_000_000_000)
    }

    /// How long after `earlier` this is, or `None` if it is before it: a
    /// negative span is a fault to be reported, never one to be clamped.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Option<u64> {
        self.0.checked_sub(earlier.0)
    }

    /// The span from now until this point, zero if it has passed.
    #[must_use]
    pub const fn left(self, now: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(now.0))
    }

    /// In seconds.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Add<u64> for Nanos {
    type Output = Self;

    fn add(self, nanos: u64) -> Self {
        Self(self.0.saturating_add(nanos))
    }
}

impl Add for Nanos {
    type Output = Self;

    fn add(self, span: Self) -> Self {
        self + span.0
    }
}

impl From<Duration> for Nanos {
    fn from(d: Duration) -> Self {
        Self(u64::try_from(d.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for Nanos {
    /// Three significant digits in the unit that fits: `812ns`, `14.2µs`, `1.50s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, unit) = match self.0 {
            n if n < 1_000 => return f.pad(&format!("{n}ns")),
            n if n < 999_500 => (n as f64 / 1e3, "µs"),
            n if n < 999_500_000 => (n as f64 / 1e6, "ms"),
            n => (n as f64 / 1e9, "s"),
        };
        let digits = if value >= 99.95 {
            0
        } else if value >= 9.995 {
            1
        } else {
            2
        };
        f.pad(&format!("{value:.digits$}{unit}"))
    }
}

/// Something that tells the time.
pub trait Clock: Clone {
    /// The time now. Never goes back.
    fn now(&self) -> Nanos;

    /// Comes back at `at` or later: for a real clock by waiting, for a fake one
    /// by moving the clock.
    fn advance_to(&self, at: Nanos);

    /// Keeps the processor busy for `span`, as drawing does.
    fn burn(&self, span: Nanos);
}

/// `CLOCK_MONOTONIC`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Monotonic;

impl Clock for Monotonic {
    #[inline]
    fn now(&self) -> Nanos {
        let t = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        #[expect(clippy::cast_sign_loss, reason = "a monotonic time is never negative")]
        Nanos(t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64)
    }

    fn advance_to(&self, at: Nanos) {
        super::pace::wait_until(at);
    }

    fn burn(&self, span: Nanos) {
        let end = self.now() + span;
        while self.now() < end {
            std::hint::spin_loop();
        }
    }
}

/// CPU time of the calling thread.
#[must_use]
pub fn thread_cpu() -> Nanos {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    #[expect(clippy::cast_sign_loss, reason = "CPU time is never negative")]
    Nanos(t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64)
}

/// What the clock can tell apart, and what asking it costs, both measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resolution {
    /// The smallest step above zero seen between two readings, in ns.
    pub step_ns: u64,
    /// The median cost of one reading, in ns.
    pub cost_ns: u64,
}

/// Measures the monotonic clock: 2,000 neighbouring readings for the smallest
/// step, 15 batches of 200 for the cost. Takes about a quarter of a millisecond.
#[must_use]
pub fn measure_resolution() -> Resolution {
    let clock = Monotonic;
    let mut step = u64::MAX;
    for _ in 0..2_000 {
        let a = clock.now();
        let b = clock.now();
        match b.0 - a.0 {
            0 => {}
            d => step = step.min(d),
        }
    }
    let mut costs: Vec<u64> = (0..15)
        .map(|_| {
            let a = clock.now();
            for _ in 0..199 {
                std::hint::black_box(clock.now());
            }
            (clock.now().0 - a.0) / 200
        })
        .collect();
    costs.sort_unstable();
    Resolution { step_ns: step, cost_ns: costs[costs.len() / 2] }
}

/// A clock that stands still until it is moved.
#[derive(Clone, Debug, Default)]
pub struct FakeClock {
    now: Rc<Cell<Nanos>>,
}

impl FakeClock {
    /// A clock that shows `start`.
    #[must_use]
    pub fn at(start: Nanos) -> Self {
        Self { now: Rc::new(Cell::new(start)) }
    }

    /// Lets `span` pass.
    pub fn pass(&self, span: Nanos) {
        self.now.set(self.now.get() + span);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Nanos {
        self.now.get()
    }

    fn advance_to(&self, at: Nanos) {
        if at > self.now.get() {
            self.now.set(at);
        }
    }

    fn burn(&self, span: Nanos) {
        self.pass(span);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_real_clock_moves_and_resolves() {
        let r = measure_resolution();
        assert!(r.step_ns > 0 && r.step_ns < 1_000_000, "{r:?}");
        assert!(r.cost_ns < 100_000, "{r:?}");
    }

    #[test]
    fn a_negative_span_is_none_not_zero() {
        assert_eq!(Nanos(5).since(Nanos(7)), None);
        assert_eq!(Nanos(7).since(Nanos(5)), Some(2));
    }

    #[test]
    fn spans_print_with_three_digits() {
        for (n, s) in [
            (7, "7ns"),
            (999, "999ns"),
            (1_000, "1.00µs"),
            (14_230, "14.2µs"),
            (999_499, "999µs"),
            (999_500, "1.00ms"),
            (1_500_000_000, "1.50s"),
        ] {
            assert_eq!(Nanos(n).to_string(), s);
        }
    }

    #[test]
    fn a_fake_clock_moves_only_when_told() {
        let clock = FakeClock::at(Nanos(10));
        assert_eq!(clock.now(), Nanos(10));
        clock.advance_to(Nanos(5));
        assert_eq!(clock.now(), Nanos(10));
        clock.clone().advance_to(Nanos(25));
        clock.pass(Nanos(1));
        assert_eq!(clock.now(), Nanos(26));
    }
}
