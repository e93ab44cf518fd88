//! Asking a run to end early.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::memory::sync::{AtomicU8, Ordering};

/// Why a run is to end before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Somebody pressed Ctrl-C.
    Interrupted,
    /// The process was asked to terminate.
    Terminated,
    /// The process at the other end is gone: what it sent may still be read.
    PeerGone,
}

type Hook = Box<dyn FnOnce(Why) + Send>;

#[derive(Default)]
struct Shared {
    /// 0, or the reason. Only this flag is shared through it, nothing is published,
    /// so relaxed ordering is enough.
    why: AtomicU8,
    hooks: Mutex<Vec<(u64, Hook)>>,
}

/// Keeps a hook in its place; dropping it takes the hook away.
#[must_use]
pub struct Hooked {
    stop: Stop,
    id: u64,
}

impl Drop for Hooked {
    fn drop(&mut self) {
        self.stop.hooks().retain(|(id, _)| *id != self.id);
    }
}

impl fmt::Debug for Hooked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hooked").field(&self.id).finish()
    }
}

/// A flag that everyone in a run can see. Cloning it gives another view of it.
#[derive(Clone, Default)]
pub struct Stop(Arc<Shared>);

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stop").field(&self.asked()).finish()
    }
}

impl Stop {
    /// Asks everyone to end. The first reason stays.
    pub fn ask(&self, why: Why) {
        let code = match why {
            Why::Interrupted => 1,
            Why::Terminated => 2,
            Why::PeerGone => 3,
        };
        let first = self.0.why.compare_exchange(0, code, Ordering::Relaxed, Ordering::Relaxed);
        if first.is_ok() {
            let hooks = std::mem::take(&mut *self.hooks());
            hooks.into_iter().for_each(|(_, hook)| hook(why));
        }
    }

    /// Whether to end now, and why.
    #[inline]
    #[must_use]
    pub fn asked(&self) -> Option<Why> {
        match self.0.why.load(Ordering::Relaxed) {
            0 => None,
            1 => Some(Why::Interrupted),
            2 => Some(Why::Terminated),
            _ => Some(Why::PeerGone),
        }
    }

    /// Has `hook` called when somebody asks, or at once if somebody has: to pass the
    /// word on to where the flag cannot be seen.
    /// It is forgotten when what is given back is dropped.
    pub fn on_ask(&self, hook: impl FnOnce(Why) + Send + 'static) -> Hooked {
        let mut hooks = self.hooks();
        let id = hooks.last().map_or(0, |(id, _)| id + 1);
        match self.asked() {
            Some(why) => {
                drop(hooks);
                hook(why);
            }
            None => hooks.push((id, Box::new(hook))),
        }
        Hooked { stop: self.clone(), id }
    }

    /// A flag of its own that this one also raises: for one run among many.
    pub fn narrower(&self) -> (Self, Hooked) {
        let own = Self::default();
        let raised = own.clone();
        (own, self.on_ask(move |why| raised.ask(why)))
    }

    fn hooks(&self) -> std::sync::MutexGuard<'_, Vec<(u64, Hook)>> {
        self.0.hooks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn the_first_reason_stays_and_everyone_hears_it() {
        let stop = Stop::default();
        let (tx, rx) = channel();
        let early = tx.clone();
        let _hooked = stop.on_ask(move |why| early.send(why).unwrap());
        let gone = tx.clone();
        drop(stop.on_ask(move |why| gone.send(why).unwrap()));
        assert_eq!(stop.asked(), None);
        stop.clone().ask(Why::PeerGone);
        stop.ask(Why::Interrupted);
        let _late = stop.on_ask(move |why| tx.send(why).unwrap());
        assert_eq!(rx.iter().collect::<Vec<_>>(), [Why::PeerGone, Why::PeerGone]);
    }
}
