//! `raw-line`: a number on a cache line of its own.

use std::sync::Arc;

use pipefit::ground::Nanos;
use pipefit::link::{
    Caps, Link, LinkError, LinkSpec, Place, RecvError, Rx, SendError, Sent, Ticket, Timer,
    Transport, Tx,
};
use pipefit::memory::{Mapped, Segment, raw};

#[derive(Debug)]
pub(crate) struct Line;

/// One side: the sender writes its word, the reader watches it.
#[derive(Debug)]
pub(crate) struct Side {
    segment: Arc<Segment>,
    line: raw::Line<Mapped>,
    last: u64,
}

fn side(segment: Arc<Segment>, first: bool) -> Side {
    Side { line: raw::Line::new(segment.region(), first, 2), segment, last: 0 }
}

fn redeemed(ticket: Ticket, first: bool) -> Result<Side, LinkError> {
    let geometry = raw::Line::<Mapped>::geometry();
    Ok(side(Segment::open_sealed(ticket.into_fd()?, &geometry)?, first))
}

impl Transport for Line {
    type Tx = Side;
    type Rx = Side;
    const NAME: &'static str = "raw-line";

    fn caps() -> Caps {
        super::caps(Place::Process)
    }

    fn open(_spec: &LinkSpec) -> Result<Link<Side, Side>, LinkError> {
        let segment = Segment::sealed(&raw::Line::<Mapped>::geometry())?;
        Ok(Link { tx: side(Arc::clone(&segment), true), rx: side(segment, false), granted: None })
    }

    fn tx_ticket(tx: Side) -> Result<Ticket, LinkError> {
        super::ticket(&tx.segment)
    }

    fn rx_ticket(rx: Side) -> Result<Ticket, LinkError> {
        super::ticket(&rx.segment)
    }

    fn tx_from(ticket: Ticket, _spec: &LinkSpec) -> Result<Side, LinkError> {
        redeemed(ticket, true)
    }

    fn rx_from(ticket: Ticket, _spec: &LinkSpec) -> Result<Side, LinkError> {
        redeemed(ticket, false)
    }
}

impl Tx for Side {
    #[inline]
    fn try_send(
        &mut self,
        _len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Option<Sent>, SendError> {
        let mut bytes = [0; 8];
        fill(&mut bytes);
        // Not what stood there before: the first number is 0.
        self.line.say(u64::from_le_bytes(bytes).wrapping_add(1));
        Ok(Some(Sent::Delivered))
    }

    async fn send<C: Timer>(
        &mut self,
        _timer: &C,
        _until: Nanos,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Sent, SendError> {
        self.try_send(len, fill).map(|_| Sent::Delivered)
    }

    async fn close<C: Timer>(&mut self, _timer: &C, _until: Nanos) -> Result<(), SendError> {
        Ok(())
    }
}

impl Rx for Side {
    #[inline]
    fn take_ready(&mut self, _max: usize, mut read: impl FnMut(&[u8])) -> usize {
        let heard = self.line.heard();
        if heard == self.last {
            return 0;
        }
        self.last = heard;
        read(&heard.wrapping_sub(1).to_le_bytes());
        1
    }

    async fn recv<C: Timer, R>(
        &mut self,
        _timer: &C,
        _until: Nanos,
        _read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, RecvError> {
        Err(RecvError::Corrupt("a line is only asked, never waited for".into()))
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
