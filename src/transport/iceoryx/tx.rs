//! The sending half.

use super::end::End;
use crate::ground::Nanos;
use crate::link::{LinkError, LinkSpec, Policy, SendError, Sent, Ticket, Timer, Tx};
use crate::memory::Half;
use crate::memory::loan::Lender;
use crate::transport::shared::Found;

/// Writes frames where the reader will look at them.
#[derive(Debug)]
pub struct IceoryxTx {
    /// `None` once it has closed. It goes before the end, which tidies up.
    desk: Option<Lender>,
    end: End,
    max: usize,
    policy: Policy,
    /// Where the reader meets this half.
    seat: u64,
    used: bool,
}

impl IceoryxTx {
    pub(super) fn new(end: End, spec: &LinkSpec) -> Result<Self, LinkError> {
        let lender = end.ports()?.lender(spec)?;
        let seat = end.page.sit();
        let max = spec.frame.as_usize();
        Ok(Self { desk: Some(lender), end, max, policy: spec.policy, seat, used: false })
    }

    /// Makes it travel.
    pub(super) fn ticket(mut self) -> Result<Ticket, LinkError> {
        if self.used || self.desk.take().is_none() {
            return Err(super::stays());
        }
        self.end.ticket()
    }

    /// Sends one frame if there is room.
    #[inline]
    fn push(
        &mut self,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Option<Sent>, SendError> {
        let Some(lender) = &self.desk else { return Err(SendError::Closed) };
        if len > self.max {
            return Err(SendError::TooLarge { len, max: self.max });
        }
        if !self.end.page.is_read() {
            // It is on its way: what is sent now would not reach it.
            return Ok(None);
        }
        match lender.send(len, fill) {
            Ok(Some(0)) => Err(SendError::Closed),
            Ok(Some(_)) => {
                self.used = true;
                self.end.ring();
                Ok(Some(Sent::Delivered))
            }
            Ok(None) => Ok(None),
            Err(why) => Err(SendError::Corrupt(format!("iceoryx2 says {why:?}"))),
        }
    }

    /// Waits until there may be room.
    #[cold]
    fn await_room<C: Timer>(&self, timer: &C, until: Nanos) -> Result<(), SendError> {
        let Some(lender) = &self.desk else { return Err(SendError::Closed) };
        let ready = || self.end.page.is_read() && lender.has_room();
        match self.end.wait(timer, until, ready) {
            Found::Something if self.end.page.is_closed(Half::Rx) => Err(SendError::Closed),
            Found::Something => Ok(()),
            Found::Gone => Err(SendError::Closed),
            Found::Nothing => Err(SendError::TimedOut),
        }
    }
}

impl Tx for IceoryxTx {
    async fn send<C: Timer>(
        &mut self,
        timer: &C,
        until: Nanos,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Sent, SendError> {
        // Deadlines tell the time: reading a clock would cost as much as sending.
        if self.end.is_alone(until) {
            return Err(SendError::Closed);
        }
        let mut fill = Some(fill);
        loop {
            let write = |bytes: &mut [u8]| {
                if let Some(fill) = fill.take() {
                    fill(bytes);
                }
            };
            if let Some(sent) = self.push(len, write)? {
                return Ok(sent);
            }
            if self.end.page.is_closed(Half::Rx) {
                return Err(SendError::Closed);
            }
            if self.policy == Policy::DropNewest {
                return Ok(Sent::DroppedThis);
            }
            self.await_room(timer, until)?;
        }
    }

    #[inline]
    fn try_send(
        &mut self,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Option<Sent>, SendError> {
        self.push(len, fill)
    }

    /// Waits until the reader has met this half: a publisher that is gone by then would
    /// take its samples with it.
    async fn close<C: Timer>(&mut self, timer: &C, until: Nanos) -> Result<(), SendError> {
        if self.desk.is_some() {
            self.end.page.close(Half::Tx);
            self.end.ring();
            let (page, seat) = (&self.end.page, self.seat);
            if self.end.wait(timer, until, || page.has_met(seat)) == Found::Nothing {
                return Err(SendError::TimedOut);
            }
            self.desk = None;
        }
        Ok(())
    }
}
