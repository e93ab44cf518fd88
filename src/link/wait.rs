//! How a blocking half waits, the same for all of them.

use std::hint::spin_loop;
use std::thread::yield_now;
use std::time::Duration;

use super::{LinkSpec, Timer, Wait};
use crate::ground::Nanos;

/// How long [`Wait::Adaptive`] spins before it sleeps, beside what a frame takes.
const ADAPTIVE_SPIN: Nanos = Nanos::from_micros(50);

/// How many bytes a nanosecond a slow machine copies: what an adaptive half assumes of
/// the other side, which it should not fall asleep on while it writes a large frame.
const COPIED_PER_NANO: u64 = 2;

/// Attempts between two looks at the clock, which cost as much as several of them.
const ATTEMPTS: u32 = 16;

/// A way to wait, and how long to spin before it is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    how: Wait,
    spin: Nanos,
}

impl From<Wait> for Waiting {
    fn from(how: Wait) -> Self {
        let spin = match how {
            Wait::Spin => Nanos::NEVER,
            Wait::Adaptive => ADAPTIVE_SPIN,
            Wait::Yield | Wait::Block => Nanos(0),
        };
        Self { how, spin }
    }
}

impl Waiting {
    /// As a link is asked to. An adaptive half spins for as long as the other side may
    /// need to copy the largest frame, too.
    #[must_use]
    pub fn of(spec: &LinkSpec) -> Self {
        let mut waiting = Self::from(spec.wait);
        if spec.wait == Wait::Adaptive {
            waiting.spin = waiting.spin + spec.frame.0 / COPIED_PER_NANO;
        }
        waiting
    }

    /// The same, but where it would sleep at once it spins for `span` before.
    #[must_use]
    pub fn after_spinning(mut self, span: Nanos) -> Self {
        if self.how == Wait::Block {
            self.spin = span;
        }
        self
    }
}

/// Repeats `attempt` until it gives something or `until` has come.
///
/// Between attempts it spins, yields, or calls `park` with the time left, as `how`
/// says; `park` sleeps until something may have changed, or for that long. The
/// clock is read only after a first attempt has failed.
#[inline]
pub fn wait_for<T, C: Timer>(
    how: impl Into<Waiting>,
    timer: &C,
    until: Nanos,
    mut attempt: impl FnMut() -> Option<T>,
    park: impl FnMut(Duration),
) -> Option<T> {
    match attempt() {
        Some(value) => Some(value),
        None => wait_on(how.into(), timer, until, attempt, park),
    }
}

#[inline(never)]
fn wait_on<T, C: Timer>(
    Waiting { how, spin }: Waiting,
    timer: &C,
    until: Nanos,
    mut attempt: impl FnMut() -> Option<T>,
    mut park: impl FnMut(Duration),
) -> Option<T> {
    let spin_end = timer.now() + spin;
    let mut spinning = spin > Nanos(0);
    loop {
        if spinning {
            for _ in 0..ATTEMPTS {
                spin_loop();
                if let Some(value) = attempt() {
                    return Some(value);
                }
            }
        }
        let now = timer.now();
        if now >= until {
            return None;
        }
        spinning = now < spin_end;
        if !spinning {
            if how == Wait::Yield {
                yield_now()
            } else {
                park(until.left(now))
            }
            if let Some(value) = attempt() {
                return Some(value);
            }
        }
    }
}
