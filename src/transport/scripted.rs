//! `scripted`: a link in virtual time that does to each frame what a script says.
//! For tests only.
//!
//! It runs under a [`FakeClock`](crate::ground::FakeClock) and drives the whole way
//! of a sample, from schedule to page, without waiting for anything. What it
//! injects (delays, tears, duplicates, …) the roles cannot see but by the frames
//! that come out at the other end.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use crate::ground::{Bytes, Nanos};
use crate::link::{
    Caps, Link, LinkError, LinkSpec, Place, Policy, RecvError, Rx, SendError, Sent, Timer,
    Transport, Tx,
};

/// See the module's documentation.
#[derive(Debug)]
pub struct Scripted;

/// What happens to one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Arrives after so long.
    After(Nanos),
    /// Is never seen again.
    Vanish,
    /// Arrives twice.
    Twice,
    /// Arrives behind the frame that follows it.
    BehindNext,
    /// Arrives with one bit of its last byte changed.
    Spoilt,
    /// Arrives with its end missing: only so many bytes.
    Cut(usize),
    /// The sender is held for so long before it may write.
    HeldBack(Nanos),
}

/// The transit time of a frame that nothing happens to.
pub const TRANSIT: Nanos = Nanos::from_micros(10);

struct State {
    script: Box<dyn FnMut(u64) -> Fate>,
    sent: u64,
    queue: VecDeque<(Nanos, Vec<u8>)>,
    behind: Option<Vec<u8>>,
    frame: usize,
    tx_gone: bool,
    rx_gone: bool,
    rx_waiting: Option<Waker>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("sent", &self.sent).finish_non_exhaustive()
    }
}

/// The sending half.
#[derive(Debug)]
pub struct ScriptedTx(Rc<RefCell<State>>);

/// The reading half.
#[derive(Debug)]
pub struct ScriptedRx(Rc<RefCell<State>>);

/// Opens a link on which the n-th frame sent (from 0, of whatever kind) meets the
/// fate `script(n)`.
pub fn link(
    frame: Bytes,
    script: impl FnMut(u64) -> Fate + 'static,
) -> Link<ScriptedTx, ScriptedRx> {
    let state = Rc::new(RefCell::new(State {
        script: Box::new(script),
        sent: 0,
        queue: VecDeque::new(),
        behind: None,
        frame: frame.as_usize(),
        tx_gone: false,
        rx_gone: false,
        rx_waiting: None,
    }));
    Link { tx: ScriptedTx(Rc::clone(&state)), rx: ScriptedRx(state), granted: None }
}

impl Transport for Scripted {
    type Tx = ScriptedTx;
    type Rx = ScriptedRx;
    const NAME: &'static str = "scripted";

    fn caps() -> Caps {
        Caps {
            place: Place::Nowhere,
            policies: &[Policy::Block],
            waits: Caps::DRIVEN,
            zero_copy: false,
            batch: false,
            prompt: true,
            max_frame: Caps::LARGEST,
            excluded: Some("runs in virtual time, for tests only"),
        }
    }

    fn open(spec: &LinkSpec) -> Result<Link<ScriptedTx, ScriptedRx>, LinkError> {
        Ok(link(spec.frame, |_| Fate::After(TRANSIT)))
    }
}

impl State {
    /// Puts a frame on its way, to arrive at `at` but not before those ahead of it.
    fn post(&mut self, at: Nanos, bytes: Vec<u8>) {
        let at = self.queue.back().map_or(at, |(last, _)| at.max(*last));
        self.queue.push_back((at, bytes));
    }

    fn meet(&mut self, fate: Fate, now: Nanos, mut bytes: Vec<u8>) {
        let usual = now + TRANSIT;
        match fate {
            Fate::After(span) => self.post(now + span, bytes),
            Fate::HeldBack(_) => self.post(usual, bytes),
            Fate::Vanish => {}
            Fate::Twice => {
                self.post(usual, bytes.clone());
                self.post(usual, bytes);
            }
            Fate::BehindNext => {
                self.behind = Some(bytes);
                return;
            }
            Fate::Spoilt => {
                if let Some(last) = bytes.last_mut() {
                    *last ^= 1;
                }
                self.post(usual, bytes);
            }
            Fate::Cut(keep) => {
                bytes.truncate(keep);
                self.post(usual, bytes);
            }
        }
        if let Some(late) = self.behind.take() {
            self.post(usual, late);
        }
    }

    fn wake_reader(&mut self) {
        if let Some(waker) = self.rx_waiting.take() {
            waker.wake();
        }
    }
}

impl Tx for ScriptedTx {
    async fn send<C: Timer>(
        &mut self,
        timer: &C,
        until: Nanos,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Sent, SendError> {
        let fate = {
            let mut state = self.0.borrow_mut();
            if len > state.frame {
                return Err(SendError::TooLarge { len, max: state.frame });
            }
            if state.rx_gone {
                return Err(SendError::Closed);
            }
            let n = state.sent;
            state.sent += 1;
            (state.script)(n)
        };
        if let Fate::HeldBack(span) = fate {
            let free = timer.now() + span;
            timer.sleep_until(free.min(until)).await;
            if free > until {
                return Err(SendError::TimedOut);
            }
        }
        let mut bytes = vec![0; len];
        fill(&mut bytes);
        let mut state = self.0.borrow_mut();
        state.meet(fate, timer.now(), bytes);
        state.wake_reader();
        Ok(Sent::Delivered)
    }

    async fn close<C: Timer>(&mut self, _timer: &C, _until: Nanos) -> Result<(), SendError> {
        let mut state = self.0.borrow_mut();
        state.tx_gone = true;
        state.wake_reader();
        Ok(())
    }
}

impl ScriptedRx {
    /// The oldest frame, if it has arrived; otherwise when it will.
    fn take(&self, now: Nanos) -> Result<Vec<u8>, Option<Nanos>> {
        let mut state = self.0.borrow_mut();
        match state.queue.front() {
            Some((at, _)) if *at > now => Err(Some(*at)),
            _ => state.queue.pop_front().map(|(_, bytes)| bytes).ok_or(None),
        }
    }
}

impl Rx for ScriptedRx {
    async fn recv<C: Timer, R>(
        &mut self,
        timer: &C,
        until: Nanos,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, RecvError> {
        loop {
            let now = timer.now();
            let arrives = match self.take(now) {
                Ok(bytes) => return Ok(read(&bytes)),
                Err(arrives) => arrives,
            };
            if arrives.is_none() && self.0.borrow().tx_gone {
                return Err(RecvError::Closed);
            }
            if now >= until {
                return Err(RecvError::TimedOut);
            }
            let before = self.0.borrow().queue.len();
            let news = poll_fn(|cx| {
                let mut state = self.0.borrow_mut();
                if state.queue.len() != before || state.tx_gone && arrives.is_none() {
                    return Poll::Ready(());
                }
                state.rx_waiting = Some(cx.waker().clone());
                Poll::Pending
            });
            let _ = timer.timeout(arrives.unwrap_or(until).min(until), news).await;
        }
    }

    async fn drain<C: Timer>(
        &mut self,
        timer: &C,
        max: usize,
        mut read: impl FnMut(&[u8]),
    ) -> Result<usize, RecvError> {
        let mut n = 0;
        while n < max {
            match self.take(timer.now()) {
                Ok(bytes) => read(&bytes),
                Err(None) if n == 0 && self.0.borrow().tx_gone => return Err(RecvError::Closed),
                Err(_) => break,
            }
            n += 1;
        }
        Ok(n)
    }
}

impl Drop for ScriptedTx {
    fn drop(&mut self) {
        let mut state = self.0.borrow_mut();
        state.tx_gone = true;
        state.wake_reader();
    }
}

impl Drop for ScriptedRx {
    fn drop(&mut self) {
        self.0.borrow_mut().rx_gone = true;
    }
}
