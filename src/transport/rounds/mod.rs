//! Buffers that go round between two threads: what `thread`, `crossbeam` and `rtrb` have
//! in common. They differ in the queue alone.
//!
//! The buffers themselves are the capacity: as many as fit into it go round, full ones
//! over one queue and empty ones back over another. So nothing is allocated per frame,
//! and waiting for room is waiting for an empty buffer. A queue takes every buffer there
//! is, so putting one in never waits.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use crate::ground::{Bytes, Nanos};
use crate::link::{
    Caps, Link, LinkSpec, Place, Policy, RecvError, Rx, SendError, Sent, Timer, Tx, Wait, wait_for,
};

/// The other end of a queue is gone.
#[derive(Debug)]
pub struct Gone;

/// Where buffers go into a queue.
pub trait Entry {
    /// Puts a buffer in. There is room for all that go round.
    fn give(&mut self, buffer: Vec<u8>) -> Result<(), Gone>;
}

/// Where buffers come out of a queue.
pub trait Exit: Sized {
    /// The next buffer, if one is there now. The other end is gone only once everything
    /// that it put in was taken.
    fn try_take(&mut self) -> Result<Option<Vec<u8>>, Gone>;

    /// The next buffer, if one is there within `left`. May come back early.
    fn take_within(&mut self, left: Duration) -> Result<Option<Vec<u8>>, Gone>;

    /// Another exit of the same queue; `None` where it can have one only.
    fn another(&self) -> Option<Self> {
        None
    }
}

/// Fills empty buffers and sends them on.
#[derive(Debug)]
pub struct RoundTx<I, O> {
    full: Option<I>,
    empty: O,
    /// Where the oldest full buffer can be had back, if the policy is to take it.
    oldest: Option<O>,
    policy: Policy,
    wait: Wait,
    frame: usize,
}

/// Reads full buffers and sends them back.
#[derive(Debug)]
pub struct RoundRx<I, O> {
    full: O,
    empty: I,
    wait: Wait,
}

/// What such a transport can do.
pub(super) const fn caps(policies: &'static [Policy]) -> Caps {
    Caps {
        place: Place::Thread,
        policies,
        waits: Caps::ANY_WAIT,
        zero_copy: true,
        batch: false,
        prompt: true,
        max_frame: Caps::LARGEST,
        excluded: None,
    }
}

/// Makes both queues, with `queue` for so many buffers each, and the buffers.
pub(super) fn open<I: Entry, O: Exit>(
    spec: &LinkSpec,
    queue: impl Fn(usize) -> (I, O),
) -> Link<RoundTx<I, O>, RoundRx<I, O>> {
    let overwrites = spec.policy == Policy::OverwriteOldest;
    // The reader may hold one; whoever overwrites needs another one that it does not.
    let slots = spec.slots().max(if overwrites { 2 } else { 1 });
    let (frame, wait) = (spec.frame.as_usize(), spec.wait);
    let (full_in, full_out) = queue(slots);
    let (mut empty_in, empty_out) = queue(slots);
    for _ in 0..slots {
        // Cannot fail: both ends are here, and there is room for them all.
        let _ = empty_in.give(vec![0; frame]);
    }
    let oldest = if overwrites { full_out.another() } else { None };
    Link {
        tx: RoundTx {
            full: Some(full_in),
            empty: empty_out,
            oldest,
            policy: spec.policy,
            wait,
            frame,
        },
        rx: RoundRx { full: full_out, empty: empty_in, wait },
        granted: Some(Bytes((slots * frame) as u64)),
    }
}

/// The next buffer; `None` if none came by `until`.
#[inline]
fn next<O: Exit, C: Timer>(
    from: &mut O,
    wait: Wait,
    timer: &C,
    until: Nanos,
) -> Option<Result<Vec<u8>, Gone>> {
    if let Some(found) = from.try_take().transpose() {
        return Some(found);
    }
    let (from, parked) = (RefCell::new(from), Cell::new(None));
    let attempt = || parked.take().or_else(|| from.borrow_mut().try_take().transpose());
    let park = |left| parked.set(from.borrow_mut().take_within(left).transpose());
    wait_for(wait, timer, until, attempt, park)
}

impl<I: Entry, O: Exit> RoundTx<I, O> {
    #[inline]
    fn check_len(&self, len: usize) -> Result<(), SendError> {
        if len > self.frame {
            return Err(SendError::TooLarge { len, max: self.frame });
        }
        Ok(())
    }

    #[inline]
    fn pass_on(
        &mut self,
        mut buffer: Vec<u8>,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<(), SendError> {
        buffer.resize(len, 0);
        fill(&mut buffer);
        let full = self.full.as_mut().ok_or(SendError::Closed)?;
        full.give(buffer).map_err(|Gone| SendError::Closed)
    }

    /// An empty buffer, or else the oldest full one, and whether it was full. There are
    /// two at least, of which the reader holds one, so that one can be had at once; but
    /// the reader may be moving it on while it is looked for, so it is looked for again.
    fn displace<C: Timer>(
        &mut self,
        timer: &C,
        until: Nanos,
    ) -> Option<Result<(Vec<u8>, Sent), Gone>> {
        let (empty, oldest) = (&mut self.empty, &mut self.oldest);
        let attempt = || match empty.try_take() {
            Ok(Some(buffer)) => Some(Ok((buffer, Sent::Delivered))),
            Err(Gone) => Some(Err(Gone)),
            Ok(None) => {
                let old = oldest.as_mut().and_then(|o| o.try_take().transpose());
                old.map(|old| old.map(|buffer| (buffer, Sent::Displaced(1))))
            }
        };
        wait_for(Wait::Spin, timer, until, attempt, |_| {})
    }
}

impl<I: Entry, O: Exit> Tx for RoundTx<I, O> {
    #[inline]
    async fn send<C: Timer>(
        &mut self,
        timer: &C,
        until: Nanos,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Sent, SendError> {
        self.check_len(len)?;
        let found = match self.policy {
            Policy::Block => next(&mut self.empty, self.wait, timer, until)
                .map(|found| found.map(|buffer| (buffer, Sent::Delivered))),
            Policy::DropNewest => match self.empty.try_take() {
                Ok(None) => return Ok(Sent::DroppedThis),
                Ok(Some(buffer)) => Some(Ok((buffer, Sent::Delivered))),
                Err(Gone) => Some(Err(Gone)),
            },
            Policy::OverwriteOldest => self.displace(timer, until),
        };
        match found {
            Some(Ok((buffer, sent))) => self.pass_on(buffer, len, fill).map(|()| sent),
            Some(Err(Gone)) => Err(SendError::Closed),
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
        match self.empty.try_take() {
            Ok(Some(buffer)) => self.pass_on(buffer, len, fill).map(|()| Some(Sent::Delivered)),
            // What is to be done is up to `send`.
            Ok(None) | Err(Gone) => Ok(None),
        }
    }

    async fn close<C: Timer>(&mut self, _timer: &C, _until: Nanos) -> Result<(), SendError> {
        self.full = None;
        Ok(())
    }
}

impl<I: Entry, O: Exit> RoundRx<I, O> {
    #[inline]
    fn give_back(&mut self, buffer: Vec<u8>) {
        // The sender may be gone; then nobody needs it.
        let _ = self.empty.give(buffer);
    }
}

impl<I: Entry, O: Exit> Rx for RoundRx<I, O> {
    #[inline]
    async fn recv<C: Timer, R>(
        &mut self,
        timer: &C,
        until: Nanos,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, RecvError> {
        match next(&mut self.full, self.wait, timer, until) {
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
        if max == 0 {
            return Ok(0);
        }
        match self.full.try_take() {
            Ok(Some(buffer)) => {
                read(&buffer);
                self.give_back(buffer);
                Ok(1 + self.take_ready(max - 1, read))
            }
            Ok(None) => Ok(0),
            Err(Gone) => Err(RecvError::Closed),
        }
    }

    #[inline]
    fn take_ready(&mut self, max: usize, mut read: impl FnMut(&[u8])) -> usize {
        let mut n = 0;
        while n < max {
            let Ok(Some(buffer)) = self.full.try_take() else { break };
            read(&buffer);
            self.give_back(buffer);
            n += 1;
        }
        n
    }
}
