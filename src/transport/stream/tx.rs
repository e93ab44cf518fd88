//! The writing half of a stream.

use std::os::fd::OwnedFd;

use rustix::event::PollFlags;
use rustix::io::Errno;

use super::{Framing, park};
use crate::ground::Nanos;
use crate::link::{LinkError, LinkSpec, Policy, SendError, Sent, Tally, Timer, Tx, Wait, wait_for};

/// How much a batch gathers before it is written.
const GATHER: usize = 64 << 10;

/// Writes each frame with one write(2), or holds frames back until there are enough.
#[derive(Debug)]
pub struct StreamTx<F> {
    framing: F,
    fd: Option<OwnedFd>,
    buffer: Vec<u8>,
    /// Frames are held back until so many bytes are together; 0: never.
    hold: usize,
    policy: Policy,
    wait: Wait,
    frame: usize,
}

impl<F: Framing> StreamTx<F> {
    /// Over a descriptor that can be written.
    pub(in crate::transport) fn over(fd: OwnedFd, spec: &LinkSpec) -> Result<Self, LinkError> {
        let frame = spec.frame.as_usize();
        Ok(Self {
            framing: F::default(),
            fd: Some(super::without_blocking(fd)?),
            buffer: Vec::with_capacity(F::longest(frame)),
            hold: 0,
            policy: spec.policy,
            wait: spec.wait,
            frame,
        })
    }

    /// The same, but nothing is written before so many bytes are together.
    pub(in crate::transport) fn holding(mut self, bytes: usize) -> Self {
        self.hold = bytes;
        self
    }

    /// The descriptor, to make the half travel.
    pub(in crate::transport) fn into_fd(mut self) -> Result<OwnedFd, LinkError> {
        self.fd.take().ok_or_else(|| LinkError::NotFound("a stream's writing end".into()))
    }

    /// Writes out what is in the buffer. Under `DropNewest`, a frame whose first
    /// byte finds no room is dropped; one that has begun is finished, or the
    /// stream would be torn.
    fn write_out<C: Timer>(&mut self, timer: &C, until: Nanos) -> Result<Sent, SendError> {
        let fd = self.fd.as_ref().ok_or(SendError::Closed)?;
        let mut at = 0;
        while at < self.buffer.len() {
            let rest = &self.buffer[at..];
            let may_wait = self.policy != Policy::DropNewest || at > 0;
            let deadline = if may_wait { until } else { Nanos(0) };
            let attempt = || match rustix::io::write(fd, rest) {
                Ok(n) => Some(Ok(n)),
                Err(Errno::AGAIN | Errno::INTR) => None,
                Err(Errno::PIPE | Errno::CONNRESET) => Some(Err(SendError::Closed)),
                Err(e) => Some(Err(SendError::Os { op: "write to a stream", source: e.into() })),
            };
            let written = wait_for(self.wait, timer, deadline, attempt, |left| {
                park(fd, PollFlags::OUT, left);
            });
            match written {
                Some(Ok(n)) => at += n,
                Some(Err(e)) => return Err(e),
                None if !may_wait => {
                    self.buffer.clear();
                    return Ok(Sent::DroppedThis);
                }
                None => {
                    self.buffer.drain(..at);
                    return Err(SendError::TimedOut);
                }
            }
        }
        self.buffer.clear();
        Ok(Sent::Delivered)
    }

    fn check_len(&self, len: usize) -> Result<(), SendError> {
        if len > self.frame {
            return Err(SendError::TooLarge { len, max: self.frame });
        }
        Ok(())
    }
}

impl<F: Framing> Tx for StreamTx<F> {
    #[inline]
    async fn send<C: Timer>(
        &mut self,
        timer: &C,
        until: Nanos,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Sent, SendError> {
        self.check_len(len)?;
        if !self.buffer.is_empty() && self.buffer.len() + len > self.hold {
            self.write_out(timer, until)?;
        }
        self.framing.append(&mut self.buffer, len, fill);
        if self.buffer.len() >= self.hold {
            return self.write_out(timer, until);
        }
        Ok(Sent::Delivered)
    }

    async fn send_batch<C: Timer>(
        &mut self,
        timer: &C,
        until: Nanos,
        count: usize,
        len: usize,
        mut fill: impl FnMut(usize, &mut [u8]),
    ) -> Result<Tally, SendError> {
        let mut tally = Tally::default();
        if self.policy != Policy::Block || self.hold > 0 {
            for i in 0..count {
                tally.book(self.send(timer, until, len, |bytes| fill(i, bytes)).await?);
            }
            return Ok(tally);
        }
        self.check_len(len)?;
        for i in 0..count {
            self.framing.append(&mut self.buffer, len, |bytes| fill(i, bytes));
            if self.buffer.len() >= GATHER || i + 1 == count {
                self.write_out(timer, until)?;
            }
            tally.book(Sent::Delivered);
        }
        Ok(tally)
    }

    async fn close<C: Timer>(&mut self, timer: &C, until: Nanos) -> Result<(), SendError> {
        self.policy = Policy::Block;
        let flushed =
            if self.buffer.is_empty() { Ok(()) } else { self.write_out(timer, until).map(|_| ()) };
        self.fd = None;
        flushed
    }
}
