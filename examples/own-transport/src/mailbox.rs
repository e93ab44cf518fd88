//! `mailbox`: a queue behind a lock, between two threads, as people write it by hand.
//!
//! Frames are written and read in buffers that are allocated once and go round, and
//! never while the lock is held: it guards who owns which buffer, nothing else.
//! A full mailbox can do all three policies, and a half can wait in all four ways.
//!
//! Whoever sleeps says so under the lock, so that the other side need not call into
//! the kernel to wake nobody.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pipefit::ground::{Bytes, Nanos};
use pipefit::link::{
    Caps, Link, LinkError, LinkSpec, Place, Policy, RecvError, Rx, SendError, Sent, Timer,
    Transport, Tx, Wait, wait_for,
};

/// See the module's documentation.
#[derive(Debug)]
pub struct Mailbox;

/// What the lock guards. Every buffer is in `full`, in `empty`, or in the hands of
/// one side, which holds at most one.
#[derive(Debug)]
struct State {
    full: VecDeque<Vec<u8>>,
    empty: Vec<Vec<u8>>,
    /// How many frames `full` may hold.
    slots: usize,
    tx_gone: bool,
    rx_gone: bool,
    tx_sleeps: bool,
    rx_sleeps: bool,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// For the sender: there is room, or the reader has gone.
    room: Condvar,
    /// For the reader: there is a frame, or the sender has gone.
    news: Condvar,
}

/// The sender's side.
#[derive(Debug)]
pub struct MailboxTx {
    shared: Arc<Shared>,
    policy: Policy,
    wait: Wait,
    frame: usize,
}

/// The reader's side.
#[derive(Debug)]
pub struct MailboxRx {
    shared: Arc<Shared>,
    wait: Wait,
}

/// The other side is gone.
struct Gone;

impl Transport for Mailbox {
    type Tx = MailboxTx;
    type Rx = MailboxRx;
    const NAME: &'static str = "mailbox";

    fn caps() -> Caps {
        Caps {
            place: Place::Thread,
            policies: Policy::ALL,
            waits: Caps::ANY_WAIT,
            zero_copy: true,
            batch: false,
            prompt: true,
            max_frame: Caps::LARGEST,
            excluded: None,
        }
    }

    fn open(spec: &LinkSpec) -> Result<Link<MailboxTx, MailboxRx>, LinkError> {
        let (slots, frame) = (spec.slots(), spec.frame.as_usize());
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                full: VecDeque::with_capacity(slots),
                // One more than fit in, so that the sender finds one while the reader
                // still looks at the last it took.
                empty: vec![vec![0; frame]; slots + 1],
                slots,
                tx_gone: false,
                rx_gone: false,
                tx_sleeps: false,
                rx_sleeps: false,
            }),
            room: Condvar::new(),
            news: Condvar::new(),
        });
        Ok(Link {
            tx: MailboxTx {
                shared: Arc::clone(&shared),
                policy: spec.policy,
                wait: spec.wait,
                frame,
            },
            rx: MailboxRx { shared, wait: spec.wait },
            granted: Some(Bytes((slots * frame) as u64)),
        })
    }
}

impl State {
    fn is_full(&self) -> bool {
        self.full.len() == self.slots
    }

    /// A buffer to write into, if there is room for what will be written.
    fn take_empty(&mut self) -> Option<Result<Vec<u8>, Gone>> {
        if self.rx_gone || self.tx_gone {
            return Some(Err(Gone));
        }
        if self.is_full() { None } else { self.empty.pop().map(Ok) }
    }

    /// The oldest frame.
    fn take_full(&mut self) -> Option<Result<Vec<u8>, Gone>> {
        match self.full.pop_front() {
            Some(buffer) => Some(Ok(buffer)),
            None => self.tx_gone.then_some(Err(Gone)),
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock can leave it half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something and wakes the reader if it sleeps.
    fn tell_reader(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        let asleep = state.rx_sleeps;
        drop(state);
        if asleep {
            self.news.notify_one();
        }
    }

    /// Changes something and wakes the sender if it sleeps.
    fn tell_sender(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        let asleep = state.tx_sleeps;
        drop(state);
        if asleep {
            self.room.notify_one();
        }
    }

    fn sleep_for_room(&self, left: Duration) {
        let mut state = self.lock();
        state.tx_sleeps = true;
        let waited = self.room.wait_timeout_while(state, left, |s| s.is_full() && !s.rx_gone);
        waited.unwrap_or_else(PoisonError::into_inner).0.tx_sleeps = false;
    }

    fn sleep_for_news(&self, left: Duration) {
        let mut state = self.lock();
        state.rx_sleeps = true;
        let waited = self.news.wait_timeout_while(state, left, |s| s.full.is_empty() && !s.tx_gone);
        waited.unwrap_or_else(PoisonError::into_inner).0.rx_sleeps = false;
    }
}

impl MailboxTx {
    /// A buffer to write into, and how many frames gave it up; `None` where the
    /// frame is to be dropped.
    fn make_room<C: Timer>(
        &self,
        timer: &C,
        until: Nanos,
    ) -> Result<Option<(Vec<u8>, u64)>, SendError> {
        let shared = &*self.shared;
        let taken = match self.policy {
            Policy::Block => {
                let attempt = || shared.lock().take_empty();
                let park = |left| shared.sleep_for_room(left);
                let waited = wait_for(self.wait, timer, until, attempt, park);
                Some((waited.ok_or(SendError::TimedOut)?, 0))
            }
            Policy::DropNewest => shared.lock().take_empty().map(|taken| (taken, 0)),
            Policy::OverwriteOldest => {
                let mut state = shared.lock();
                let fresh = state.take_empty().map(|taken| (taken, 0));
                fresh.or_else(|| state.take_full().map(|oldest| (oldest, 1)))
            }
        };
        taken
            .map(|(taken, displaced)| Ok((taken.map_err(|Gone| SendError::Closed)?, displaced)))
            .transpose()
    }
}

impl Tx for MailboxTx {
    async fn send<C: Timer>(
        &mut self,
        timer: &C,
        until: Nanos,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Sent, SendError> {
        if len > self.frame {
            return Err(SendError::TooLarge { len, max: self.frame });
        }
        let Some((mut buffer, displaced)) = self.make_room(timer, until)? else {
            return Ok(Sent::DroppedThis);
        };
        // Never longer than it was made: nothing is allocated.
        buffer.resize(len, 0);
        fill(&mut buffer);
        self.shared.tell_reader(|state| state.full.push_back(buffer));
        Ok(if displaced == 0 { Sent::Delivered } else { Sent::Displaced(displaced) })
    }

    async fn close<C: Timer>(&mut self, _timer: &C, _until: Nanos) -> Result<(), SendError> {
        self.shared.tell_reader(|state| state.tx_gone = true);
        Ok(())
    }
}

impl MailboxRx {
    fn look<R>(&self, buffer: Vec<u8>, read: impl FnOnce(&[u8]) -> R) -> R {
        let out = read(&buffer);
        self.shared.tell_sender(|state| state.empty.push(buffer));
        out
    }
}

impl Rx for MailboxRx {
    async fn recv<C: Timer, R>(
        &mut self,
        timer: &C,
        until: Nanos,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, RecvError> {
        let shared = &*self.shared;
        let attempt = || shared.lock().take_full();
        let park = |left| shared.sleep_for_news(left);
        match wait_for(self.wait, timer, until, attempt, park) {
            Some(Ok(buffer)) => Ok(self.look(buffer, read)),
            Some(Err(Gone)) => Err(RecvError::Closed),
            None => Err(RecvError::TimedOut),
        }
    }

    async fn drain<C: Timer>(
        &mut self,
        _timer: &C,
        max: usize,
        mut read: impl FnMut(&[u8]),
    ) -> Result<usize, RecvError> {
        for n in 0..max {
            let taken = self.shared.lock().take_full();
            match taken {
                Some(Ok(buffer)) => self.look(buffer, &mut read),
                Some(Err(Gone)) if n == 0 => return Err(RecvError::Closed),
                _ => return Ok(n),
            }
        }
        Ok(max)
    }
}

impl Drop for MailboxTx {
    fn drop(&mut self) {
        self.shared.tell_reader(|state| state.tx_gone = true);
    }
}

impl Drop for MailboxRx {
    fn drop(&mut self) {
        self.shared.tell_sender(|state| state.rx_gone = true);
    }
}
