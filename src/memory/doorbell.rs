//! Dozing until the other side has done something, without a call to the kernel by
//! whoever rings while nobody dozes, and without a ring that is missed.
//!
//! The one who wants to doze says so, and then looks once more; the one who has done
//! something does it, and then looks whether anybody dozes. A fence stands between
//! the two steps on both sides, so at least one of them sees the other (Dekker's
//! pattern). What is seen has to be published by its own release store: the bell
//! carries no data.

use std::time::Duration;

use super::sync::Bell;

const AWAKE: u32 = 0;
const DOZING: u32 = 1;

/// Dozes for at most `at_most`, unless `ready` after having said so.
#[cold]
pub(crate) fn doze<B: Bell>(bell: &B, at_most: Duration, ready: impl FnOnce() -> bool) {
    bell.store(DOZING);
    // SYNC: doorbell, with `ring`.
    bell.fence();
    if !ready() {
        bell.doze(DOZING, at_most);
    }
    bell.store(AWAKE);
}

/// Whether somebody dozes, or will look once more before dozing. To be asked after
/// what they wait for has been published.
#[inline]
pub(super) fn is_awaited<B: Bell>(bell: &B) -> bool {
    // SYNC: doorbell, with `doze`.
    bell.fence();
    bell.load() == DOZING
}

/// Wakes whoever dozes.
#[cold]
pub(super) fn wake<B: Bell>(bell: &B) {
    // Of several rings, the first one calls the kernel.
    if bell.swap(AWAKE) == DOZING {
        bell.wake();
    }
}

/// Wakes whoever dozes, before what they wait for has been published: waking takes time,
/// too. Nothing depends on it; whoever comes too early dozes again.
#[inline]
pub(super) fn rouse<B: Bell>(bell: &B) {
    if bell.load() == DOZING {
        wake(bell);
    }
}

/// Wakes whoever dozes, after what they wait for has been published.
#[inline]
pub(crate) fn ring<B: Bell>(bell: &B) {
    if is_awaited(bell) {
        wake(bell);
    }
}
