//! How a half waits for the other one, and learns that it is gone.

use std::os::fd::OwnedFd;
use std::time::Duration;

use crate::ground::Nanos;
use crate::link::{Timer, Waiting, wait_for};
use crate::memory::Lifeline;

/// A half that waits asks so often whether the other is still there.
const LOOK: Nanos = Nanos::from_millis(50);

/// What a half that has been waiting found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transport) enum Found {
    /// What it waited for, perhaps: it is to try again.
    Something,
    /// The other half is gone.
    Gone,
    /// Nothing in time.
    Nothing,
}

/// One half's watch over the other.
#[derive(Debug)]
pub(in crate::transport) struct Vigil {
    lifeline: Lifeline,
    waiting: Waiting,
    /// When to ask again whether the other half is there.
    next_look: Nanos,
}

impl From<Vigil> for OwnedFd {
    fn from(vigil: Vigil) -> Self {
        vigil.lifeline.into()
    }
}

impl Vigil {
    pub(in crate::transport) const fn new(lifeline: Lifeline, waiting: Waiting) -> Self {
        Self { lifeline, waiting, next_look: Nanos(0) }
    }

    /// Whether the other half's process, or at least the half, is gone. Asks the kernel
    /// now and then only, by whatever clock `now` is from.
    #[inline]
    pub(in crate::transport) fn is_alone(&mut self, now: Nanos) -> bool {
        if now < self.next_look {
            return false;
        }
        self.next_look = now + LOOK;
        self.lifeline.is_cut()
    }

    /// Lets go of the other half; says whether it has gone, or goes within that time.
    #[cfg(feature = "iceoryx2")]
    pub(in crate::transport) fn end(&self, patience: Duration) -> bool {
        self.lifeline.let_go(patience)
    }

    /// Waits until `ready` or `deserted`, as this link waits; asks the kernel now and
    /// then whether the other half is still there. `doze` may come back early.
    #[cold]
    pub(in crate::transport) fn wait<C: Timer>(
        &self,
        timer: &C,
        until: Nanos,
        ready: impl Fn() -> bool,
        deserted: impl Fn() -> bool,
        doze: impl Fn(Duration),
    ) -> Found {
        let attempt = || {
            if ready() {
                return Some(Found::Something);
            }
            // What the other half did before it left is there by now.
            deserted().then(|| if ready() { Found::Something } else { Found::Gone })
        };
        loop {
            let slice = until.min(timer.now() + LOOK);
            if let Some(found) = wait_for(self.waiting, timer, slice, attempt, &doze) {
                return found;
            }
            if self.lifeline.is_cut() {
                return if ready() { Found::Something } else { Found::Gone };
            }
            if timer.now() >= until {
                return Found::Nothing;
            }
        }
    }
}
