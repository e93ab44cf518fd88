//! The reading half.

use super::{End, Found, Shape};
use crate::ground::Nanos;
use crate::link::{LinkError, LinkSpec, RecvError, Rx, Ticket, Timer};
use crate::memory::exchange::ExchangeRx;
use crate::memory::ring::RingRx;
use crate::memory::{Fault, Half, Mapped};

/// Looks at frames where the sender has written them.
#[derive(Debug)]
pub struct SharedRx {
    way: Way,
    /// `None` once the half has travelled on.
    end: Option<End>,
}

#[derive(Debug)]
enum Way {
    Ring(RingRx<Mapped>),
    Exchange(ExchangeRx<Mapped>),
}

impl SharedRx {
    pub(super) fn new(end: End, shape: Shape, at: u64) -> Self {
        let region = end.segment.region();
        let way = match shape {
            Shape::Ring(shape) => Way::Ring(RingRx::new(region, shape, at)),
            Shape::Exchange(shape) => Way::Exchange(ExchangeRx::new(region, shape, at)),
        };
        Self { way, end: Some(end) }
    }

    /// Makes it travel.
    pub(in crate::transport) fn ticket(mut self) -> Result<Ticket, LinkError> {
        let at = match &mut self.way {
            Way::Ring(ring) => {
                ring.settle();
                ring.read()
            }
            Way::Exchange(exchange) => exchange.is_fresh().then_some(0),
        };
        End::ticket(self.end.take(), at)
    }

    /// Turns a ticket back into what it was for.
    pub(in crate::transport) fn redeem(
        ticket: Ticket,
        shape: Shape,
        spec: &LinkSpec,
    ) -> Result<Self, LinkError> {
        let (end, at) = End::redeem(ticket, Half::Rx, &shape, spec)?;
        Ok(Self::new(end, shape, at))
    }

    #[inline]
    fn take(&mut self, max: usize, read: impl FnMut(&[u8])) -> Result<usize, Fault> {
        match &mut self.way {
            Way::Ring(ring) => ring.take(max, read),
            Way::Exchange(exchange) => exchange.take(max, read),
        }
    }

    #[inline]
    fn has_news(&self) -> bool {
        match &self.way {
            Way::Ring(ring) => ring.has_news(),
            Way::Exchange(exchange) => exchange.has_news(),
        }
    }

    #[inline]
    fn is_over(&self) -> bool {
        match &self.way {
            Way::Ring(ring) => ring.is_over(),
            Way::Exchange(exchange) => exchange.is_over(),
        }
    }

    fn doze(&self, at_most: std::time::Duration) {
        match &self.way {
            Way::Ring(ring) => ring.doze(at_most),
            Way::Exchange(exchange) => exchange.doze(at_most),
        }
    }

    /// Waits until there may be something to read.
    #[cold]
    fn await_news<C: Timer>(&self, timer: &C, until: Nanos) -> Result<(), RecvError> {
        let end = self.end.as_ref().ok_or(RecvError::Closed)?;
        let (ready, over) = (|| self.has_news(), || self.is_over());
        match end.vigil.wait(timer, until, ready, over, |left| self.doze(left)) {
            Found::Something => Ok(()),
            Found::Gone => Err(RecvError::Closed),
            Found::Nothing => Err(RecvError::TimedOut),
        }
    }
}

impl Rx for SharedRx {
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
        let gone =
            self.is_over() || self.end.as_mut().is_none_or(|end| end.vigil.is_alone(timer.now()));
        match self.take(max, read)? {
            0 if gone => Err(RecvError::Closed),
            n => Ok(n),
        }
    }

    fn passed_over(&self) -> u64 {
        match &self.way {
            Way::Ring(_) => 0,
            Way::Exchange(exchange) => exchange.passed_over(),
        }
    }
}

impl Drop for SharedRx {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            match &self.way {
                Way::Ring(ring) => ring.close(),
                Way::Exchange(exchange) => exchange.close(),
            }
            end.segment.give_back(end.half);
        }
    }
}
