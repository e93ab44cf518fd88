//! `rtrb`: a ring without locks for one sender and one reader, between two threads
//! (the crate `rtrb`).
//!
//! The buffers go round as they do in `thread` (see the module `rounds`), over two such
//! rings. They can be asked, but not waited at, so waiting is done at a doorbell of ours
//! (`memory::doorbell`). No ring of it is missed: whoever puts a buffer in does so first
//! and looks then whether somebody dozes; whoever wants to doze says so first and looks
//! then at the queue once more. A fence stands between the two steps on both sides, so at
//! least one of them sees the other. That an end is gone is told in the same way: it goes
//! first, and rings then. Halves that spin or yield need no bell, and pay for none.

use std::sync::Arc;
use std::time::Duration;

use rtrb::{Consumer, Producer, RingBuffer};

use super::rounds::{self, Entry, Exit, Gone, RoundRx, RoundTx};
use crate::link::{Caps, Link, LinkError, LinkSpec, Policy, Transport, Wait};
use crate::memory::doorbell;
use crate::memory::sync::{AtomicU32, Bell};

/// See the module's documentation.
#[derive(Debug)]
pub struct Rtrb;

/// Where buffers go in.
#[derive(Debug)]
pub struct In {
    ring: Producer<Vec<u8>>,
    /// Dropped after the ring, so that whoever is woken finds it abandoned.
    ringer: Ringer,
}

/// Rings for whoever dozes at the other end, if that is how it waits; for the last time
/// when dropped.
#[derive(Debug)]
struct Ringer {
    bell: Arc<AtomicU32>,
    awaited: bool,
}

/// Where buffers come out.
#[derive(Debug)]
pub struct Out {
    ring: Consumer<Vec<u8>>,
    bell: Arc<AtomicU32>,
}

fn queue(slots: usize, awaited: bool) -> (In, Out) {
    let (to, from) = RingBuffer::new(slots);
    let bell = Arc::new(AtomicU32::new(0));
    let ringer = Ringer { bell: Arc::clone(&bell), awaited };
    (In { ring: to, ringer }, Out { ring: from, bell })
}

impl Ringer {
    #[inline]
    fn ring(&self) {
        if self.awaited {
            doorbell::ring(&*self.bell);
        }
    }
}

impl Drop for Ringer {
    fn drop(&mut self) {
        self.ring();
    }
}

impl Entry for In {
    #[inline]
    fn give(&mut self, buffer: Vec<u8>) -> Result<(), Gone> {
        if self.ring.is_abandoned() {
            return Err(Gone);
        }
        self.ring.push(buffer).map_err(|_| Gone)?;
        self.ringer.ring();
        Ok(())
    }
}

impl Exit for Out {
    #[inline]
    fn try_take(&mut self) -> Result<Option<Vec<u8>>, Gone> {
        match self.ring.pop() {
            Ok(buffer) => Ok(Some(buffer)),
            Err(_) if !self.ring.is_abandoned() => Ok(None),
            Err(_) => {
                // What the other end put in before it left is there after this: asking
                // whether it left does not order anything by itself.
                self.bell.fence();
                self.ring.pop().map(Some).map_err(|_| Gone)
            }
        }
    }

    fn take_within(&mut self, left: Duration) -> Result<Option<Vec<u8>>, Gone> {
        doorbell::doze(&*self.bell, left, || !self.ring.is_empty() || self.ring.is_abandoned());
        self.try_take()
    }
}

impl Transport for Rtrb {
    type Tx = RoundTx<In, Out>;
    type Rx = RoundRx<In, Out>;
    const NAME: &'static str = "rtrb";

    fn caps() -> Caps {
        rounds::caps(&[Policy::Block, Policy::DropNewest])
    }

    fn open(spec: &LinkSpec) -> Result<Link<Self::Tx, Self::Rx>, LinkError> {
        let awaited = matches!(spec.wait, Wait::Block | Wait::Adaptive);
        Ok(rounds::open(spec, |slots| queue(slots, awaited)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::{Bytes, Nanos};
    use crate::link::driver::{ThreadTimer, on_thread};
    use crate::link::{Rx, Timer, Tx};

    /// With one buffer each side dozes again and again, and only the other's ring wakes it:
    /// one that is missed ends in a time-out.
    #[test]
    fn no_ring_is_missed() {
        const FRAMES: u64 = 20_000;
        let spec = LinkSpec {
            capacity: Bytes(64),
            frame: Bytes(64),
            policy: Policy::Block,
            wait: Wait::Block,
        };
        let Link { mut tx, mut rx, .. } = Rtrb::open(&spec).unwrap();
        let soon = || ThreadTimer.now() + Nanos::from_secs(10);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for n in 0..FRAMES {
                    let fill = |bytes: &mut [u8]| bytes.copy_from_slice(&n.to_le_bytes());
                    on_thread(tx.send(&ThreadTimer, soon(), 8, fill)).unwrap();
                }
            });
            for n in 0..FRAMES {
                let read = |bytes: &[u8]| assert_eq!(bytes, n.to_le_bytes());
                on_thread(rx.recv(&ThreadTimer, soon(), read)).unwrap();
            }
            let end = on_thread(rx.recv(&ThreadTimer, soon(), |_| ()));
            assert!(matches!(end, Err(crate::link::RecvError::Closed)), "{end:?}");
        });
    }
}
