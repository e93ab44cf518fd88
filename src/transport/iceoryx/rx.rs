//! The reading half.

use std::cell::Cell;

use super::end::End;
use super::samples;
use crate::ground::Nanos;
use crate::link::{LinkError, LinkSpec, RecvError, Rx, Ticket, Timer};
use crate::memory::Half;
use crate::memory::loan::Borrower;
use crate::transport::shared::Found;

/// A sender that waits for room is told of it once so much of the link is free.
const TELL: usize = 4;

/// Looks at frames where the sender has written them.
#[derive(Debug)]
pub struct IceoryxRx {
    /// It goes before the end, which tidies up.
    desk: Borrower,
    end: End,
    /// The sender that this half has met.
    met: Cell<u64>,
    /// Frames read since the sender was told, and of how many it is told.
    untold: usize,
    tell: usize,
    used: bool,
}

impl IceoryxRx {
    pub(super) fn new(end: End, spec: &LinkSpec) -> Result<Self, LinkError> {
        let desk = end.ports()?.borrower(spec)?;
        let tell = samples(spec).div_ceil(TELL);
        let rx = Self { desk, end, met: Cell::new(0), untold: 0, tell, used: false };
        rx.has_news();
        rx.end.page.set_read(true);
        rx.end.ring();
        Ok(rx)
    }

    /// Makes it travel.
    pub(super) fn ticket(self) -> Result<Ticket, LinkError> {
        if self.used {
            return Err(super::stays());
        }
        self.end.page.set_read(false);
        drop(self.desk);
        self.end.ticket()
    }

    #[inline]
    fn take(&mut self, max: usize, read: impl FnMut(&[u8])) -> Result<usize, RecvError> {
        let taken = self.desk.take(max, read);
        let n = taken.map_err(|why| RecvError::Corrupt(format!("iceoryx2 says {why:?}")))?;
        self.untold += n;
        if n > 0 {
            self.used = true;
        } else if self.end.page.seat() != self.met.get() {
            self.has_news();
        }
        if self.untold >= self.tell || (n == 0 && self.untold > 0) {
            self.untold = 0;
            self.end.ring();
        }
        Ok(n)
    }

    /// Whether there may be something to read. Meets a sender that is new.
    #[inline]
    fn has_news(&self) -> bool {
        let seat = self.end.page.seat();
        let news = self.desk.has_news();
        if seat != self.met.get() {
            self.met.set(seat);
            self.end.page.meet(seat);
            self.end.ring();
        }
        news
    }

    /// Waits until there may be something to read.
    #[cold]
    fn await_news<C: Timer>(&self, timer: &C, until: Nanos) -> Result<(), RecvError> {
        match self.end.wait(timer, until, || self.has_news()) {
            Found::Something => Ok(()),
            Found::Gone => Err(RecvError::Closed),
            Found::Nothing => Err(RecvError::TimedOut),
        }
    }
}

impl Rx for IceoryxRx {
    #[inline]
    async fn recv<C: Timer, R>(
        &mut self,
        timer: &C,
        until: Nanos,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, RecvError> {
        let (mut read, mut out) = (Some(read), None);
        loop {
            self.take(1, |bytes| out = read.take().map(|read| read(bytes)))?;
            if let Some(out) = out {
                return Ok(out);
            }
            self.await_news(timer, until)?;
        }
    }

    #[inline]
    fn take_ready(&mut self, max: usize, read: impl FnMut(&[u8])) -> usize {
        // An error is met again by `recv`.
        self.take(max, read).unwrap_or(0)
    }

    async fn drain<C: Timer>(
        &mut self,
        timer: &C,
        max: usize,
        mut read: impl FnMut(&[u8]),
    ) -> Result<usize, RecvError> {
        let n = self.take(max, &mut read)?;
        if n > 0 || max == 0 {
            return Ok(n);
        }
        // What the sender did before it left is there by the time it is seen to be gone.
        let gone = self.end.page.is_closed(Half::Tx) || self.end.is_alone(timer.now());
        if !self.has_news() && gone {
            return Err(RecvError::Closed);
        }
        self.take(max, read)
    }
}
