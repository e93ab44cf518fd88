//! `call`: the consumer resumes the producer, which hands it one sample, like a
//! generator. The floor under all others: one slot, no queue, no other thread.
//!
//! While nobody resumes the producer, it does not run: what falls due in the
//! meantime is late by that much, and shows as slip.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use crate::ground::{Bytes, Nanos};
use crate::link::driver::give_way;
use crate::link::{
    Caps, Link, LinkError, LinkSpec, Place, Policy, RecvError, Rx, SendError, Sent, Timer,
    Transport, Tx,
};

/// See the module's documentation.
#[derive(Debug)]
pub struct Call;

#[derive(Debug)]
struct Slot {
    bytes: Vec<u8>,
    /// Length of the frame in the slot, if one is there.
    full: Option<usize>,
    tx_gone: bool,
    rx_gone: bool,
    waiting: Option<Waker>,
}

impl Slot {
    fn wake_other(&mut self) {
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }
}

/// The producer's side of the slot.
#[derive(Debug)]
pub struct CallTx(Rc<RefCell<Slot>>);

/// The consumer's side of the slot.
#[derive(Debug)]
pub struct CallRx(Rc<RefCell<Slot>>);

impl Transport for Call {
    type Tx = CallTx;
    type Rx = CallRx;
    const NAME: &'static str = "call";

    fn caps() -> Caps {
        Caps {
            place: Place::Loop,
            policies: &[Policy::Block],
            waits: Caps::DRIVEN,
            zero_copy: true,
            batch: false,
            prompt: true,
            max_frame: Caps::LARGEST,
            excluded: None,
        }
    }

    fn open(spec: &LinkSpec) -> Result<Link<CallTx, CallRx>, LinkError> {
        let slot = Rc::new(RefCell::new(Slot {
            bytes: vec![0; spec.frame.as_usize()],
            full: None,
            tx_gone: false,
            rx_gone: false,
            waiting: None,
        }));
        let tx = CallTx(Rc::clone(&slot));
        Ok(Link { tx, rx: CallRx(slot), granted: Some(Bytes(spec.frame.0)) })
    }
}

impl Tx for CallTx {
    #[inline]
    async fn send<C: Timer>(
        &mut self,
        timer: &C,
        until: Nanos,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Sent, SendError> {
        let max = self.0.borrow().bytes.len();
        if len > max {
            return Err(SendError::TooLarge { len, max });
        }
        let room = poll_fn(|cx| {
            let mut slot = self.0.borrow_mut();
            if slot.rx_gone {
                Poll::Ready(Err(SendError::Closed))
            } else if slot.full.is_none() {
                Poll::Ready(Ok(()))
            } else {
                slot.waiting = Some(cx.waker().clone());
                Poll::Pending
            }
        });
        timer.timeout(until, room).await.unwrap_or(Err(SendError::TimedOut))?;
        let mut slot = self.0.borrow_mut();
        fill(&mut slot.bytes[..len]);
        slot.full = Some(len);
        slot.wake_other();
        Ok(Sent::Delivered)
    }

    async fn close<C: Timer>(&mut self, _timer: &C, _until: Nanos) -> Result<(), SendError> {
        let mut slot = self.0.borrow_mut();
        slot.tx_gone = true;
        slot.wake_other();
        Ok(())
    }
}

impl CallRx {
    /// Takes the frame in the slot, if there is one, and lets the producer go on.
    #[inline]
    fn take<R>(&self, read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let mut slot = self.0.borrow_mut();
        let len = slot.full.take()?;
        let out = read(&slot.bytes[..len]);
        slot.wake_other();
        Some(out)
    }
}

impl Rx for CallRx {
    #[inline]
    async fn recv<C: Timer, R>(
        &mut self,
        timer: &C,
        until: Nanos,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, RecvError> {
        let filled = poll_fn(|cx| {
            let mut slot = self.0.borrow_mut();
            if slot.full.is_some() || slot.tx_gone {
                Poll::Ready(())
            } else {
                slot.waiting = Some(cx.waker().clone());
                Poll::Pending
            }
        });
        timer.timeout(until, filled).await.ok_or(RecvError::TimedOut)?;
        self.take(read).ok_or(RecvError::Closed)
    }

    /// Resumes the producer until it has nothing more to give now.
    async fn drain<C: Timer>(
        &mut self,
        _timer: &C,
        max: usize,
        mut read: impl FnMut(&[u8]),
    ) -> Result<usize, RecvError> {
        let mut n = 0;
        while n < max {
            if self.take(&mut read).is_none() {
                give_way().await;
                if self.take(&mut read).is_none() {
                    break;
                }
            }
            n += 1;
        }
        let over = self.0.borrow().tx_gone && self.0.borrow().full.is_none();
        if n == 0 && max > 0 && over { Err(RecvError::Closed) } else { Ok(n) }
    }
}

impl Drop for CallTx {
    fn drop(&mut self) {
        let mut slot = self.0.borrow_mut();
        slot.tx_gone = true;
        slot.wake_other();
    }
}

impl Drop for CallRx {
    fn drop(&mut self) {
        let mut slot = self.0.borrow_mut();
        slot.rx_gone = true;
        slot.wake_other();
    }
}
