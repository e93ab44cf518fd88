//! Two threads that do something together, neither of them for ever.

use std::thread;

use super::PATIENCE;
use crate::ground::host::pin_thread;
use crate::ground::{Clock, Monotonic};

/// Has two threads do something together: here the one that measures, and elsewhere.
pub(super) fn together<T: Send>(
    pins: &[usize],
    here: impl FnOnce() -> Option<T> + Send,
    there: impl FnOnce() -> Option<()> + Send,
) -> Option<T> {
    let pin = |i: usize| pins.get(i).is_none_or(|cpu| pin_thread(*cpu).is_ok());
    thread::scope(|scope| {
        let other = scope.spawn(|| if pin(1) { there() } else { None });
        // On a thread of its own, too: the caller stays where it may run.
        let found = scope.spawn(|| if pin(0) { here() } else { None }).join().ok()?;
        other.join().ok()??;
        found
    })
}

/// Asks again and again for at most [`PATIENCE`].
#[inline]
pub(super) fn spin<T>(mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    let mut until = None;
    loop {
        for _ in 0..1 << 12 {
            if let Some(value) = attempt() {
                return Some(value);
            }
            std::hint::spin_loop();
        }
        let now = Monotonic.now();
        if now >= *until.get_or_insert(now + PATIENCE) {
            return None;
        }
    }
}
