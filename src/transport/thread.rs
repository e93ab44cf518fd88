//! `thread`: std's bounded channel between two threads.
//!
//! The buffers themselves are the capacity: as many as fit into it go round, full
//! ones over one channel and empty ones back over another. So nothing is allocated
//! per frame, and waiting for room is waiting for an empty buffer, which std can do
//! with a time limit (a blocking `send` it cannot).

use std::cell::Cell;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::time::Duration;

use crate::ground::{Bytes, Nanos};
use crate::link::{
    Caps, Link, LinkError, LinkSpec, Place, Policy, RecvError, Rx, SendError, Sent, Timer,
    Transport, Tx, Wait, wait_for,
};

/// See the module's documentation.
#[derive(Debug)]
pub struct Thread;

/// Fills empty buffers and sends them on.
#[derive(Debug)]
pub struct ThreadTx {
    full: Option<SyncSender<Vec<u8>>>,
    empty: Inlet,
    policy: Policy,
    frame: usize,
}

/// Reads full buffers and sends them back.
#[derive(Debug)]
pub struct ThreadRx {
    full: Inlet,
    empty: SyncSender<Vec<u8>>,
}

/// A receiver, and how to wait at it.
#[derive(Debug)]
struct Inlet {
    from: Receiver<Vec<u8>>,
    wait: Wait,
}

/// The other end is gone.
struct Gone;

impl Inlet {
    /// The next buffer; `None` if none came by `until`.
    #[inline]
    fn next<C: Timer>(&self, timer: &C, until: Nanos) -> Option<Result<Vec<u8>, Gone>> {
        let parked = Cell::new(None);
        let attempt = || {
            parked.take().or_else(|| match self.from.try_recv() {
                Ok(buffer) => Some(Ok(buffer)),
                Err(TryRecvError::Disconnected) => Some(Err(Gone)),
                Err(TryRecvError::Empty) => None,
            })
        };
        let park = |left: Duration| {
            parked.set(match self.from.recv_timeout(left) {
                Ok(buffer) => Some(Ok(buffer)),
                Err(RecvTimeoutError::Disconnected) => Some(Err(Gone)),
                Err(RecvTimeoutError::Timeout) => None,
            });
        };
        wait_for(self.wait, timer, until, attempt, park)
    }
}

impl Transport for Thread {
    type Tx = ThreadTx;
    type Rx = ThreadRx;
    const NAME: &'static str = "thread";

    fn caps() -> Caps {
        Caps {
            place: Place::Thread,
            policies: &[Policy::Block, Policy::DropNewest],
            waits: Caps::ANY_WAIT,
            zero_copy: true,
            batch: false,
            prompt: true,
            max_frame: Caps::LARGEST,
            excluded: None,
        }
    }

    fn open(spec: &LinkSpec) -> Result<Link<ThreadTx, ThreadRx>, LinkError> {
        let (slots, frame) = (spec.slots(), spec.frame.as_usize());
        let (full_tx, full_rx) = sync_channel(slots);
        let (empty_tx, empty_rx) = sync_channel(slots);
        for _ in 0..slots {
            // Cannot fail: both ends are here, and there is room for them all.
            let _ = empty_tx.try_send(vec![0; frame]);
        }
        let inlet = |from| Inlet { from, wait: spec.wait };
        Ok(Link {
            tx: ThreadTx {
                full: Some(full_tx),
                empty: inlet(empty_rx),
                policy: spec.policy,
                frame,
            },
            rx: ThreadRx { full: inlet(full_rx), empty: empty_tx },
            granted: Some(Bytes((slots * frame) as u64)),
        })
    }
}

impl ThreadTx {
    #[inline]
    fn check_len(&self, len: usize) -> Result<(), SendError> {
        if len > self.frame {
            return Err(SendError::TooLarge { len, max: self.frame });
        }
        Ok(())
    }

    #[inline]
    fn pass_on(
        &self,
        mut buffer: Vec<u8>,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Sent, SendError> {
        buffer.resize(len, 0);
        fill(&mut buffer);
        let full = self.full.as_ref().ok_or(SendError::Closed)?;
        full.try_send(buffer).map_err(|_| SendError::Closed)?;
        Ok(Sent::Delivered)
    }
}

impl Tx for ThreadTx {
    #[inline]
    async fn send<C: Timer>(
        &mut self,
        timer: &C,
        until: Nanos,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Sent, SendError> {
        self.check_len(len)?;
        let until = if self.policy == Policy::Block { until } else { Nanos(0) };
        match self.empty.next(timer, until) {
            Some(Ok(buffer)) => self.pass_on(buffer, len, fill),
            Some(Err(Gone)) => Err(SendError::Closed),
            None if self.policy == Policy::DropNewest => Ok(Sent::DroppedThis),
            None => Err(SendError::TimedOut),
        }
    }

    #[inline]
    fn try_send(
        &mut self,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Option<Sent>, SendError> {
        self.check_len(len)?;
        match self.empty.from.try_recv() {
            Ok(buffer) => self.pass_on(buffer, len, fill).map(Some),
            // What is to be done is up to `send`.
            Err(_) => Ok(None),
        }
    }

    async fn close<C: Timer>(&mut self, _timer: &C, _until: Nanos) -> Result<(), SendError> {
        self.full = None;
        Ok(())
    }
}

impl ThreadRx {
    #[inline]
    fn give_back(&self, buffer: Vec<u8>) {
        // The sender may be gone; then nobody needs it.
        let _ = self.empty.try_send(buffer);
    }
}

impl Rx for ThreadRx {
    #[inline]
    async fn recv<C: Timer, R>(
        &mut self,
        timer: &C,
        until: Nanos,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, RecvError> {
        match self.full.next(timer, until) {
            Some(Ok(buffer)) => {
                let out = read(&buffer);
                self.give_back(buffer);
                Ok(out)
            }
            Some(Err(Gone)) => Err(RecvError::Closed),
            None => Err(RecvError::TimedOut),
        }
    }

    async fn drain<C: Timer>(
        &mut self,
        _timer: &C,
        max: usize,
        mut read: impl FnMut(&[u8]),
    ) -> Result<usize, RecvError> {
        match self.full.from.try_recv() {
            Ok(buffer) if max > 0 => {
                read(&buffer);
                self.give_back(buffer);
                Ok(1 + self.take_ready(max - 1, read))
            }
            Err(TryRecvError::Disconnected) => Err(RecvError::Closed),
            _ => Ok(0),
        }
    }

    #[inline]
    fn take_ready(&mut self, max: usize, mut read: impl FnMut(&[u8])) -> usize {
        let mut n = 0;
        while n < max {
            let Ok(buffer) = self.full.from.try_recv() else { break };
            read(&buffer);
            self.give_back(buffer);
            n += 1;
        }
        n
    }
}
