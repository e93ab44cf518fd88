//! The reading half.

use std::cell::Cell;
use std::time::Duration;

use ipc_channel::{IpcError, TryRecvError};

use super::toll::{Fare, Toll};
use super::watch::{WAKE, Watch};
use super::{Form, RxKit, stays};
use crate::ground::Nanos;
use crate::link::{LinkError, LinkSpec, RecvError, Rx, Timer, Wait, wait_for};

/// Reads each message, and tells the sender.
#[derive(Debug)]
pub struct ChannelRx<F: Form> {
    seat: Seat<F>,
    fare: Fare,
    wait: Wait,
    /// Met while draining, for the next call.
    fault: Option<RecvError>,
}

/// Where a reader is. It is watched only once it reads: a watch cannot travel.
#[derive(Debug)]
enum Seat<F: Form> {
    Idle(RxKit<F>),
    AtWork(Desk<F>),
    Empty,
}

/// A reader at work.
#[derive(Debug)]
struct Desk<F: Form> {
    /// `None` once it is over.
    from: Option<F::In>,
    tell: ipc_channel::ipc::IpcSender<Toll>,
    watch: Watch,
    read: Toll,
}

/// What came.
enum Came<M> {
    Frame(M),
    /// Something that is not for the caller.
    Wake,
}

impl<F: Form> Desk<F> {
    fn new(kit: RxKit<F>) -> Self {
        let watch = Watch::new::<F>(kit.life, kit.wake);
        Self { from: Some(kit.from), tell: kit.read, watch, read: Toll::default() }
    }

    /// The next message if there is one.
    fn take(&self) -> Option<Result<F::Message, RecvError>> {
        let Some(from) = &self.from else { return Some(Err(RecvError::Closed)) };
        loop {
            // Asked first: what a sender sent before it left is there by then.
            let gone = self.watch.is_gone();
            match F::try_recv(from) {
                Ok(message) => match sorted::<F>(message) {
                    Came::Frame(frame) => return Some(Ok(frame)),
                    Came::Wake => {}
                },
                Err(TryRecvError::Empty) if gone => return Some(Err(RecvError::Closed)),
                Err(TryRecvError::Empty) => return None,
                Err(TryRecvError::IpcError(error)) => return Some(Err(fault(error))),
            }
        }
    }

    /// Blocks for the next one, for `left` at most.
    fn park(&self, left: Duration) -> Option<Result<F::Message, RecvError>> {
        let from = self.from.as_ref()?;
        match self.watch.during(left, || F::recv(from))? {
            Ok(message) => match sorted::<F>(message) {
                Came::Frame(frame) => Some(Ok(frame)),
                Came::Wake => None,
            },
            Err(error) => Some(Err(fault(error))),
        }
    }

    /// Books a frame that was read; tells the sender now and then.
    fn book(&mut self, fare: &Fare, len: usize) {
        self.read.add(fare.toll(len));
        if fare.is_much(&self.read) {
            self.tell();
        }
    }

    fn tell(&mut self) {
        if !self.read.is_nothing() {
            // A sender that is gone need not know.
            let _ = self.tell.send(self.read);
            self.read = Toll::default();
        }
    }
}

fn sorted<F: Form>(message: F::Message) -> Came<F::Message> {
    if *message == WAKE { Came::Wake } else { Came::Frame(message) }
}

fn fault(error: IpcError) -> RecvError {
    match error {
        IpcError::Disconnected => RecvError::Closed,
        IpcError::Io(source) => RecvError::Os { op: "receive from an ipc-channel", source },
        IpcError::SerializationError(why) => RecvError::Corrupt(why.to_string()),
    }
}

impl<F: Form> Drop for Desk<F> {
    fn drop(&mut self) {
        self.from = None;
        self.watch.end();
    }
}

impl<F: Form> ChannelRx<F> {
    pub(super) fn new(kit: RxKit<F>, fare: Fare, spec: &LinkSpec) -> Self {
        Self { seat: Seat::Idle(kit), fare, wait: spec.wait, fault: None }
    }

    /// What makes it travel.
    pub(super) fn into_kit(self) -> Result<RxKit<F>, LinkError> {
        match self.seat {
            Seat::Idle(kit) => Ok(kit),
            Seat::AtWork(_) | Seat::Empty => Err(stays::<F>()),
        }
    }
}

impl<F: Form> Seat<F> {
    /// Sits down to read, if it has not yet.
    fn desk(&mut self) -> Result<&mut Desk<F>, RecvError> {
        if matches!(self, Self::Idle(_))
            && let Self::Idle(kit) = std::mem::replace(self, Self::Empty)
        {
            *self = Self::AtWork(Desk::new(kit));
        }
        if let Self::AtWork(desk) = self { Ok(desk) } else { Err(RecvError::Closed) }
    }
}

impl<F: Form> Rx for ChannelRx<F> {
    async fn recv<C: Timer, R>(
        &mut self,
        timer: &C,
        until: Nanos,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, RecvError> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let (wait, fare) = (self.wait, self.fare);
        let desk = self.seat.desk()?;
        let mut first = desk.take();
        if first.is_none() {
            // Whoever is about to wait owes nothing: the sender may wait, too.
            desk.tell();
            let parked = Cell::new(None);
            let (attempt, park) =
                (|| parked.take().or_else(|| desk.take()), |left| parked.set(desk.park(left)));
            first = wait_for(wait, timer, until, attempt, park);
        }
        let message = first.ok_or(RecvError::TimedOut)??;
        let out = read(&message);
        desk.book(&fare, message.len());
        Ok(out)
    }

    async fn drain<C: Timer>(
        &mut self,
        _timer: &C,
        max: usize,
        mut read: impl FnMut(&[u8]),
    ) -> Result<usize, RecvError> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let fare = self.fare;
        let desk = self.seat.desk()?;
        let mut n = 0;
        while n < max {
            match desk.take() {
                Some(Ok(message)) => {
                    read(&message);
                    desk.book(&fare, message.len());
                    n += 1;
                }
                None => {
                    desk.tell();
                    break;
                }
                Some(Err(fault)) if n == 0 => return Err(fault),
                Some(Err(fault)) => {
                    self.fault = Some(fault);
                    break;
                }
            }
        }
        Ok(n)
    }
}
