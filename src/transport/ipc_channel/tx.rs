//! The sending half.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use ipc_channel::TryRecvError;

use super::toll::{Fare, Toll};
use super::{Form, TxKit, stays};
use crate::ground::Nanos;
use crate::link::{LinkError, LinkSpec, Policy, SendError, Sent, Timer, Tx, Wait, wait_for};

/// Sends each frame as a message.
#[derive(Debug)]
pub struct ChannelTx<F: Form> {
    /// `None` once it is closed.
    kit: Option<TxKit<F>>,
    buffer: Vec<u8>,
    on_its_way: Toll,
    fare: Fare,
    policy: Policy,
    wait: Wait,
}

impl<F: Form> ChannelTx<F> {
    pub(super) fn new(kit: TxKit<F>, fare: Fare, spec: &LinkSpec) -> Self {
        Self {
            kit: Some(kit),
            buffer: vec![0; spec.frame.as_usize()],
            on_its_way: Toll::default(),
            fare,
            policy: spec.policy,
            wait: spec.wait,
        }
    }

    /// What makes it travel.
    pub(super) fn into_kit(self) -> Result<TxKit<F>, LinkError> {
        self.kit.filter(|_| self.on_its_way.is_nothing()).ok_or_else(stays::<F>)
    }
}

impl<F: Form> Tx for ChannelTx<F> {
    async fn send<C: Timer>(
        &mut self,
        timer: &C,
        until: Nanos,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Sent, SendError> {
        let max = self.buffer.len();
        let frame = self.buffer.get_mut(..len).ok_or(SendError::TooLarge { len, max })?;
        let kit = self.kit.as_ref().ok_or(SendError::Closed)?;
        let (fare, toll) = (self.fare, self.fare.toll(len));
        if !fare.has_room(&self.on_its_way, &toll) {
            let patient = self.policy == Policy::Block;
            let until = if patient { until } else { Nanos(0) };
            let on_its_way = RefCell::new(&mut self.on_its_way);
            let parked = Cell::new(None);
            let attempt = || {
                loop {
                    match parked.take().unwrap_or_else(|| kit.read.try_recv()) {
                        Ok(read) => on_its_way.borrow_mut().repay(read),
                        Err(TryRecvError::Empty) => break,
                        Err(TryRecvError::IpcError(_)) => return Some(Err(SendError::Closed)),
                    }
                }
                fare.has_room(&on_its_way.borrow(), &toll).then_some(Ok(()))
            };
            let park = |left: Duration| parked.set(Some(kit.read.try_recv_timeout(left)));
            match wait_for(self.wait, timer, until, attempt, park) {
                Some(room) => room?,
                None if patient => return Err(SendError::TimedOut),
                None => return Ok(Sent::DroppedThis),
            }
        }
        fill(frame);
        F::send(&kit.to, frame).map_err(|_| SendError::Closed)?;
        self.on_its_way.add(toll);
        Ok(Sent::Delivered)
    }

    async fn close<C: Timer>(&mut self, _timer: &C, _until: Nanos) -> Result<(), SendError> {
        self.kit = None;
        Ok(())
    }
}
