//! `coroutine`: two coroutines and a bounded queue in one cooperative loop of our
//! own, polled by hand.
//!
//! Frames are written and read in place, in slots that are allocated once.

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
pub struct Coroutine;

#[derive(Debug)]
struct Queue {
    slots: Vec<(usize, Vec<u8>)>,
    frame: usize,
    head: usize,
    len: usize,
    policy: Policy,
    tx_gone: bool,
    rx_gone: bool,
    tx_waiting: Option<Waker>,
    rx_waiting: Option<Waker>,
}

impl Queue {
    const fn is_full(&self) -> bool {
        self.len == self.slots.len()
    }

    /// Forgets the oldest frame.
    fn pop(&mut self) {
        self.head = (self.head + 1) % self.slots.len();
        self.len -= 1;
    }

    fn push(&mut self, len: usize, fill: impl FnOnce(&mut [u8])) {
        let at = (self.head + self.len) % self.slots.len();
        let (stored, bytes) = &mut self.slots[at];
        *stored = len;
        fill(&mut bytes[..len]);
        self.len += 1;
        wake(&mut self.rx_waiting);
    }

    #[inline]
    fn take<R>(&mut self, read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        if self.len == 0 {
            return None;
        }
        let (len, bytes) = &self.slots[self.head];
        let out = read(&bytes[..*len]);
        self.pop();
        wake(&mut self.tx_waiting);
        Some(out)
    }
}

fn wake(waiting: &mut Option<Waker>) {
    if let Some(waker) = waiting.take() {
        waker.wake();
    }
}

/// The producing coroutine's side of the queue.
#[derive(Debug)]
pub struct CoroutineTx(Rc<RefCell<Queue>>);

/// The consuming coroutine's side of the queue.
#[derive(Debug)]
pub struct CoroutineRx(Rc<RefCell<Queue>>);

impl Transport for Coroutine {
    type Tx = CoroutineTx;
    type Rx = CoroutineRx;
    const NAME: &'static str = "coroutine";

    fn caps() -> Caps {
        Caps {
            place: Place::Loop,
            policies: Policy::ALL,
            waits: Caps::DRIVEN,
            zero_copy: true,
            batch: false,
            prompt: true,
            max_frame: Caps::LARGEST,
            excluded: None,
        }
    }

    fn open(spec: &LinkSpec) -> Result<Link<CoroutineTx, CoroutineRx>, LinkError> {
        let frame = spec.frame.as_usize();
        let slots = spec.slots();
        let queue = Rc::new(RefCell::new(Queue {
            slots: vec![(0, vec![0; frame]); slots],
            frame,
            head: 0,
            len: 0,
            policy: spec.policy,
            tx_gone: false,
            rx_gone: false,
            tx_waiting: None,
            rx_waiting: None,
        }));
        let tx = CoroutineTx(Rc::clone(&queue));
        Ok(Link { tx, rx: CoroutineRx(queue), granted: Some(Bytes((frame * slots) as u64)) })
    }
}

impl CoroutineTx {
    #[inline]
    fn has_room(&self, len: usize) -> Result<bool, SendError> {
        let queue = self.0.borrow();
        if len > queue.frame {
            return Err(SendError::TooLarge { len, max: queue.frame });
        }
        if queue.rx_gone {
            return Err(SendError::Closed);
        }
        Ok(!queue.is_full())
    }
}

impl Tx for CoroutineTx {
    #[inline]
    async fn send<C: Timer>(
        &mut self,
        timer: &C,
        until: Nanos,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Sent, SendError> {
        if self.has_room(len)? {
            self.0.borrow_mut().push(len, fill);
            return Ok(Sent::Delivered);
        }
        let policy = self.0.borrow().policy;
        match policy {
            Policy::Block => {
                let room = poll_fn(|cx| {
                    let mut queue = self.0.borrow_mut();
                    if queue.rx_gone || !queue.is_full() {
                        return Poll::Ready(());
                    }
                    queue.tx_waiting = Some(cx.waker().clone());
                    Poll::Pending
                });
                timer.timeout(until, room).await.ok_or(SendError::TimedOut)?;
                let mut queue = self.0.borrow_mut();
                if queue.rx_gone {
                    return Err(SendError::Closed);
                }
                queue.push(len, fill);
                Ok(Sent::Delivered)
            }
            // A sender that never waits would never let the reader run.
            Policy::DropNewest => {
                give_way().await;
                Ok(Sent::DroppedThis)
            }
            Policy::OverwriteOldest => {
                {
                    let mut queue = self.0.borrow_mut();
                    queue.pop();
                    queue.push(len, fill);
                }
                give_way().await;
                Ok(Sent::Displaced(1))
            }
        }
    }

    #[inline]
    fn try_send(
        &mut self,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Option<Sent>, SendError> {
        if !self.has_room(len)? {
            return Ok(None);
        }
        self.0.borrow_mut().push(len, fill);
        Ok(Some(Sent::Delivered))
    }

    async fn close<C: Timer>(&mut self, _timer: &C, _until: Nanos) -> Result<(), SendError> {
        let mut queue = self.0.borrow_mut();
        queue.tx_gone = true;
        wake(&mut queue.rx_waiting);
        Ok(())
    }
}

impl Rx for CoroutineRx {
    #[inline]
    async fn recv<C: Timer, R>(
        &mut self,
        timer: &C,
        until: Nanos,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, RecvError> {
        let waiting = self.0.borrow().len == 0;
        if waiting {
            let filled = poll_fn(|cx| {
                let mut queue = self.0.borrow_mut();
                if queue.len > 0 || queue.tx_gone {
                    return Poll::Ready(());
                }
                queue.rx_waiting = Some(cx.waker().clone());
                Poll::Pending
            });
            timer.timeout(until, filled).await.ok_or(RecvError::TimedOut)?;
        }
        self.0.borrow_mut().take(read).ok_or(RecvError::Closed)
    }

    async fn drain<C: Timer>(
        &mut self,
        _timer: &C,
        max: usize,
        read: impl FnMut(&[u8]),
    ) -> Result<usize, RecvError> {
        let n = self.take_ready(max, read);
        if n == 0 && max > 0 && self.0.borrow().tx_gone { Err(RecvError::Closed) } else { Ok(n) }
    }

    #[inline]
    fn take_ready(&mut self, max: usize, mut read: impl FnMut(&[u8])) -> usize {
        let mut queue = self.0.borrow_mut();
        let mut n = 0;
        while n < max && queue.take(&mut read).is_some() {
            n += 1;
        }
        n
    }
}

impl Drop for CoroutineTx {
    fn drop(&mut self) {
        let mut queue = self.0.borrow_mut();
        queue.tx_gone = true;
        wake(&mut queue.rx_waiting);
    }
}

impl Drop for CoroutineRx {
    fn drop(&mut self) {
        let mut queue = self.0.borrow_mut();
        queue.rx_gone = true;
        wake(&mut queue.tx_waiting);
    }
}
