//! How a blocking half waits, the same for all of them.

use std::hint::spin_loop;
use std::thread::yield_now;
use std::time::Duration;

use super::{Timer, Wait};
use crate::ground::Nanos;

/// How long [`Wait::Adaptive`] spins before it sleeps.
const ADAPTIVE_SPIN: Nanos = Nanos::from_micros(50);

/// Repeats `attempt` until it gives something or `until` has come.
///
/// Between attempts it spins, yields, or calls `park` with the time left, as `how`
/// says; `park` sleeps until something may have changed, or for that long. The
/// clock is read only after a first attempt has failed.
#[inline]
pub fn wait_for<T, C: Timer>(
    how: Wait,
    timer: &C,
    until: Nanos,
    mut attempt: impl FnMut() -> Option<T>,
    park: impl FnMut(Duration),
) -> Option<T> {
    match attempt() {
        Some(value) => Some(value),
        None => wait_on(how, timer, until, attempt, park),
    }
}

#[inline(never)]
fn wait_on<T, C: Timer>(
    how: Wait,
    timer: &C,
    until: Nanos,
    mut attempt: impl FnMut() -> Option<T>,
    mut park: impl FnMut(Duration),
) -> Option<T> {
    let spin_end = timer.now() + ADAPTIVE_SPIN;
    loop {
        if let Some(value) = attempt() {
            return Some(value);
        }
        let now = timer.now();
        if now >= until {
            return None;
        }
        match how {
            Wait::Spin => spin_loop(),
            Wait::Adaptive if now < spin_end => spin_loop(),
            Wait::Yield => yield_now(),
            Wait::Block | Wait::Adaptive => park(until.left(now)),
        }
    }
}
