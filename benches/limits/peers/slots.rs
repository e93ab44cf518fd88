//! `raw-slots` and `raw-slots-on-lines`: fixed slots, without any care.

use std::marker::PhantomData;
use std::sync::Arc;

use pipefit::ground::{Bytes, Nanos};
use pipefit::link::{
    Caps, Link, LinkError, LinkSpec, Place, RecvError, Rx, SendError, Sent, Ticket, Timer,
    Transport, Tx,
};
use pipefit::memory::raw::{SlotEnd, Slots};
use pipefit::memory::{Mapped, Segment};

/// One slot right behind the other.
#[derive(Debug)]
pub(crate) struct Packed;

/// Each slot on cache lines of its own.
#[derive(Debug)]
pub(crate) struct Aligned;

/// Fixed slots, laid out somehow.
#[derive(Debug)]
pub(crate) struct Raw<H>(PhantomData<fn() -> H>);

pub(crate) trait How: 'static {
    const NAME: &'static str;
    const ON_LINES: bool;
}

impl How for Packed {
    const NAME: &'static str = "raw-slots";
    const ON_LINES: bool = false;
}

impl How for Aligned {
    const NAME: &'static str = "raw-slots-on-lines";
    const ON_LINES: bool = true;
}

#[derive(Debug)]
pub(crate) struct Side<H> {
    segment: Arc<Segment>,
    end: SlotEnd<Mapped>,
    how: PhantomData<fn() -> H>,
}

impl<H: How> Side<H> {
    fn slots(spec: &LinkSpec) -> Slots {
        Slots::new(spec.slots(), spec.frame.as_usize(), H::ON_LINES)
    }

    fn over(segment: Arc<Segment>, spec: &LinkSpec) -> Self {
        let end = SlotEnd::new(segment.region(), Self::slots(spec));
        Self { segment, end, how: PhantomData }
    }

    fn redeemed(ticket: Ticket, spec: &LinkSpec) -> Result<Self, LinkError> {
        let geometry = Self::slots(spec).geometry();
        Ok(Self::over(Segment::open_sealed(ticket.into_fd()?, &geometry)?, spec))
    }
}

impl<H: How> Transport for Raw<H> {
    type Tx = Side<H>;
    type Rx = Side<H>;
    const NAME: &'static str = H::NAME;

    fn caps() -> Caps {
        super::caps(Place::Process)
    }

    fn open(spec: &LinkSpec) -> Result<Link<Side<H>, Side<H>>, LinkError> {
        let segment = Segment::sealed(&Side::<H>::slots(spec).geometry())?;
        let granted = Some(Bytes(spec.slots() as u64 * spec.frame.0));
        Ok(Link {
            tx: Side::over(Arc::clone(&segment), spec),
            rx: Side::over(segment, spec),
            granted,
        })
    }

    fn tx_ticket(tx: Side<H>) -> Result<Ticket, LinkError> {
        super::ticket(&tx.segment)
    }

    fn rx_ticket(rx: Side<H>) -> Result<Ticket, LinkError> {
        super::ticket(&rx.segment)
    }

    fn tx_from(ticket: Ticket, spec: &LinkSpec) -> Result<Side<H>, LinkError> {
        Side::redeemed(ticket, spec)
    }

    fn rx_from(ticket: Ticket, spec: &LinkSpec) -> Result<Side<H>, LinkError> {
        Side::redeemed(ticket, spec)
    }
}

impl<H: How> Tx for Side<H> {
    #[inline]
    fn try_send(
        &mut self,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Option<Sent>, SendError> {
        Ok(self.end.send(len, fill).then_some(Sent::Delivered))
    }

    async fn send<C: Timer>(
        &mut self,
        _timer: &C,
        _until: Nanos,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Sent, SendError> {
        self.try_send(len, fill)?.ok_or(SendError::TimedOut)
    }

    async fn close<C: Timer>(&mut self, _timer: &C, _until: Nanos) -> Result<(), SendError> {
        Ok(())
    }
}

impl<H: How> Rx for Side<H> {
    #[inline]
    fn take_ready(&mut self, max: usize, mut read: impl FnMut(&[u8])) -> usize {
        let mut n = 0;
        while n < max && self.end.take(&mut read) {
            n += 1;
        }
        n
    }

    async fn recv<C: Timer, R>(
        &mut self,
        _timer: &C,
        _until: Nanos,
        _read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, RecvError> {
        Err(RecvError::Corrupt("slots are only asked, never waited for".into()))
    }

    async fn drain<C: Timer>(
        &mut self,
        _timer: &C,
        max: usize,
        read: impl FnMut(&[u8]),
    ) -> Result<usize, RecvError> {
        Ok(self.take_ready(max, read))
    }
}
