//! When things are due, and how to wait for it.
//!
//! A [`Schedule`] is pure: the n-th event is due at `start + n / rate`, whatever
//! happened to the events before it. Nothing that runs late ever moves it, so a
//! stall shows in every event it delayed (the fault called coordinated omission
//! is to let it move; Gil Tene's wrk2 is the well-known cure).
//!
//! [`wait_until`] sleeps coarsely and spins the last stretch, because a sleep
//! overshoots by tens of microseconds on most machines. It is, beside the
//! drivers, the only place of the house that sleeps.

use super::quantity::Hertz;
use super::time::{Clock, Monotonic, Nanos};

/// How long before a due time sleeping ends and spinning begins.
pub const SPIN_STRETCH: Nanos = Nanos::from_micros(90);

/// A thousand seconds in nanoseconds: `Hertz` counts per thousand seconds.
const KILO_SECOND: u64 = 1_000_000_000_000;

/// An absolute schedule: `burst` events are due together, at `rate` on average.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    start: Nanos,
    rate: Hertz,
    burst: u64,
}

impl Schedule {
    /// Events due from `start` on, `rate` a second, in groups of `burst`
    /// (at least 1) that are due at the same moment.
    #[must_use]
    pub fn new(start: Nanos, rate: Hertz, burst: u64) -> Self {
        Self { start, rate, burst: burst.max(1) }
    }

    /// When event `n` is due, in closed form.
    #[must_use]
    pub fn due(&self, n: u64) -> Nanos {
        let first_of_burst = n - n % self.burst;
        let offset = u128::from(first_of_burst) * u128::from(KILO_SECOND)
            / u128::from(self.rate.millis().max(1));
        self.start + u64::try_from(offset).unwrap_or(u64::MAX)
    }

    /// The due times from event `from` on, without a division for each.
    #[must_use]
    pub fn dues(&self, from: u64) -> Dues {
        let rate = self.rate.millis().max(1);
        let step = u128::from(KILO_SECOND) * u128::from(self.burst);
        let first_of_burst = from - from % self.burst;
        let passed = u128::from(first_of_burst) * u128::from(KILO_SECOND);
        Dues {
            next: self.due(from),
            whole: u64::try_from(step / u128::from(rate)).unwrap_or(u64::MAX),
            part: (step % u128::from(rate)) as u64,
            carry: (passed % u128::from(rate)) as u64,
            rate,
            burst: self.burst,
            left: self.burst - from % self.burst,
        }
    }
}

/// Iterates over due times; agrees with [`Schedule::due`] to the nanosecond.
#[derive(Clone, Debug)]
pub struct Dues {
    next: Nanos,
    whole: u64,
    part: u64,
    carry: u64,
    rate: u64,
    burst: u64,
    left: u64,
}

impl Iterator for Dues {
    type Item = Nanos;

    #[inline]
    fn next(&mut self) -> Option<Nanos> {
        let due = self.next;
        self.left -= 1;
        if self.left == 0 {
            self.left = self.burst;
            self.carry += self.part;
            let extra = u64::from(self.carry >= self.rate);
            self.carry -= extra * self.rate;
            self.next = self.next + (self.whole + extra);
        }
        Some(due)
    }
}

/// Waits on the real clock until `at` has come: sleeps while there is more than
/// [`SPIN_STRETCH`] to go, then spins. Returns the time it woke.
pub fn wait_until(at: Nanos) -> Nanos {
    let clock = Monotonic;
    loop {
        let now = clock.now();
        if now >= at {
            return now;
        }
        let left = at.0 - now.0;
        if left > SPIN_STRETCH.0 {
            std::thread::sleep(std::time::Duration::from_nanos(left - SPIN_STRETCH.0));
        } else {
            std::hint::spin_loop();
        }
    }
}

/// Asks the kernel not to round this thread's sleeps up (the default slack is
/// 50 µs). Best effort: without it, waits spin no longer but sleep less well.
pub fn sharpen_sleep() {
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_late_event_does_not_move_the_next() {
        let s = Schedule::new(Nanos(1_000), Hertz::new(10_000), 1);
        assert_eq!(s.due(0), Nanos(1_000));
        assert_eq!(s.due(1), Nanos(101_000));
        assert_eq!(s.due(10_000), Nanos(1_000_001_000));
    }

    #[test]
    fn bursts_are_due_together_at_the_same_mean_rate() {
        let s = Schedule::new(Nanos(0), Hertz::new(1_000), 4);
        let dues: Vec<u64> = s.dues(0).take(9).map(|n| n.0).collect();
        assert_eq!(dues, [0, 0, 0, 0, 4_000_000, 4_000_000, 4_000_000, 4_000_000, 8_000_000]);
    }

    #[test]
    fn a_wait_ends_at_its_time_or_after() {
        let at = Monotonic.now() + Nanos::from_micros(300);
        assert!(wait_until(at) >= at);
    }

    proptest! {
        #[test]
        fn the_iterator_agrees_with_the_closed_form(
            millis in 1u64..2_000_000_000_000,
            burst in 1u64..50,
            from in 0u64..100_000,
        ) {
            let s = Schedule::new(Nanos(7), Hertz::from_millis(millis), burst);
            for (i, due) in s.dues(from).take(200).enumerate() {
                prop_assert_eq!(due, s.due(from + i as u64));
            }
        }

        #[test]
        fn dues_never_go_back_and_keep_the_rate(hz in 1u64..1_000_000, n in 1u64..1_000_000) {
            let s = Schedule::new(Nanos(0), Hertz::new(hz), 1);
            prop_assert!(s.due(n) > s.due(n - 1) || hz >= 1_000_000_000);
            let ideal = n as f64 * 1e9 / hz as f64;
            prop_assert!((s.due(n).0 as f64 - ideal).abs() <= 1.0 + ideal * 1e-9);
        }
    }
}
