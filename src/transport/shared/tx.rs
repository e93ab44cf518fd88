//! The sending half.

use super::{End, Found, Shape};
use crate::ground::Nanos;
use crate::link::{LinkError, LinkSpec, Policy, SendError, Sent, Tally, Ticket, Timer, Tx};
use crate::memory::exchange::ExchangeTx;
use crate::memory::ring::RingTx;
use crate::memory::{Half, Mapped};

/// An exchange always has room. So that a sender in a rush learns of its reader's death
/// all the same, it is sent to [`Tx::send`] once in so many bytes: a few milliseconds.
const RUSH: usize = 4 << 20;

/// Writes frames where the reader will look at them.
#[derive(Debug)]
pub struct SharedTx {
    way: Way,
    policy: Policy,
    /// Bytes that [`Tx::try_send`] moved since it last declined.
    unlooked: usize,
    /// `None` once the half has travelled on, or closed.
    end: Option<End>,
}

#[derive(Debug)]
enum Way {
    Ring(RingTx<Mapped>),
    Exchange(ExchangeTx<Mapped>),
}

impl SharedTx {
    pub(super) fn new(end: End, shape: Shape, at: u64, policy: Policy) -> Self {
        let region = end.segment.region();
        let way = match shape {
            Shape::Ring(shape) => Way::Ring(RingTx::new(region, shape, at)),
            Shape::Exchange(shape) => Way::Exchange(ExchangeTx::new(region, shape, at)),
        };
        Self { way, policy, unlooked: 0, end: Some(end) }
    }

    /// Makes it travel.
    pub(in crate::transport) fn ticket(mut self) -> Result<Ticket, LinkError> {
        let at = match &self.way {
            Way::Ring(ring) => Some(ring.sent()),
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
        let (end, at) = End::redeem(ticket, Half::Tx, &shape, spec)?;
        Ok(Self::new(end, shape, at, spec.policy))
    }

    /// Whether nobody will read what is sent. Deadlines tell the time: reading a clock
    /// would cost as much as sending.
    #[inline]
    fn is_deserted(&mut self, until: Nanos) -> bool {
        let closed = match &self.way {
            Way::Ring(ring) => ring.is_deserted(),
            Way::Exchange(exchange) => exchange.is_deserted(),
        };
        closed || self.end.as_mut().is_none_or(|end| end.vigil.is_alone(until))
    }

    /// Waits until there may be room for a frame of `len` bytes.
    #[cold]
    fn await_room<C: Timer>(&self, timer: &C, until: Nanos, len: usize) -> Result<(), SendError> {
        let (Way::Ring(ring), Some(end)) = (&self.way, &self.end) else {
            return Err(SendError::Closed);
        };
        let found = end.vigil.wait(
            timer,
            until,
            || ring.has_room(len),
            || ring.is_deserted(),
            |left| ring.doze(len, left),
        );
        match found {
            Found::Something if ring.is_deserted() => Err(SendError::Closed),
            Found::Something => Ok(()),
            Found::Gone => Err(SendError::Closed),
            Found::Nothing => Err(SendError::TimedOut),
        }
    }

    /// Sends one frame if there is room.
    #[inline]
    fn push(
        &mut self,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Option<Sent>, SendError> {
        match &mut self.way {
            Way::Ring(ring) => Ok(ring.send(len, fill)?.then_some(Sent::Delivered)),
            Way::Exchange(exchange) => Ok(Some(displaced(exchange.send(len, fill)?))),
        }
    }

    fn shut(&mut self) {
        if let Some(end) = self.end.take() {
            match &self.way {
                Way::Ring(ring) => ring.close(),
                Way::Exchange(exchange) => exchange.close(),
            }
            end.segment.give_back(end.half);
        }
    }
}

impl Tx for SharedTx {
    #[inline]
    async fn send<C: Timer>(
        &mut self,
        timer: &C,
        until: Nanos,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Sent, SendError> {
        if self.is_deserted(until) {
            return Err(SendError::Closed);
        }
        while let Way::Ring(ring) = &mut self.way
            && !ring.is_ready(len)?
        {
            if self.policy == Policy::DropNewest {
                return Ok(Sent::DroppedThis);
            }
            self.await_room(timer, until, len)?;
        }
        self.push(len, fill)?.ok_or(SendError::TimedOut)
    }

    #[inline]
    fn try_send(
        &mut self,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Option<Sent>, SendError> {
        if matches!(self.way, Way::Exchange(_)) {
            self.unlooked += size_of::<u64>() + len;
            if self.unlooked > RUSH {
                self.unlooked = 0;
                return Ok(None);
            }
        }
        self.push(len, fill)
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
        let mut done = 0;
        if self.is_deserted(until) {
            return Err(SendError::Closed);
        }
        while done < count {
            match &mut self.way {
                Way::Ring(ring) => {
                    let sent = ring.send_batch(done, count - done, len, &mut fill)?;
                    tally.delivered += sent as u64;
                    done += sent;
                }
                Way::Exchange(exchange) => {
                    tally.book(displaced(exchange.send(len, |bytes| fill(done, bytes))?));
                    done += 1;
                }
            }
            if done < count && matches!(self.way, Way::Ring(_)) {
                if self.policy == Policy::DropNewest {
                    tally.dropped += (count - done) as u64;
                    break;
                }
                self.await_room(timer, until, len)?;
            }
        }
        Ok(tally)
    }

    async fn close<C: Timer>(&mut self, _timer: &C, _until: Nanos) -> Result<(), SendError> {
        self.shut();
        Ok(())
    }
}

impl Drop for SharedTx {
    fn drop(&mut self) {
        self.shut();
    }
}

const fn displaced(n: u64) -> Sent {
    if n == 0 { Sent::Delivered } else { Sent::Displaced(n) }
}
