//! Whoever watches a reader that blocks, and wakes it in time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ipc_channel::TryRecvError;
use ipc_channel::ipc::IpcReceiver;

use super::Form;

/// How often it looks.
const LOOK: Duration = Duration::from_millis(20);

/// What wakes a reader. No frame is as short.
pub(super) const WAKE: [u8; 1] = [0];

#[derive(Debug, Default)]
struct State {
    /// When the reader wants to be woken.
    until: Option<Instant>,
    /// The sender is gone.
    gone: bool,
    /// The reader is gone.
    over: bool,
}

/// A thread beside a reader.
#[derive(Debug)]
pub(super) struct Watch {
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watch {
    pub(super) fn new<F: Form>(life: IpcReceiver<()>, wake: F::Out) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let seen = Arc::clone(&state);
        let thread = thread::spawn(move || {
            loop {
                let gone = !matches!(life.try_recv_timeout(LOOK), Err(TryRecvError::Empty));
                let mut state = lock(&seen);
                let late = state.until.is_some_and(|until| Instant::now() >= until);
                if state.over {
                    return;
                }
                state.gone |= gone;
                if late || (gone && state.until.is_some()) {
                    state.until = None;
                    drop(state);
                    // It waits, so its queue is empty, and this does not block for long.
                    let _ = F::send(&wake, &WAKE);
                }
                if gone {
                    return;
                }
            }
        });
        Self { state, thread: Some(thread) }
    }

    /// Whether the sender is gone. What it sent is there by then.
    pub(super) fn is_gone(&self) -> bool {
        lock(&self.state).gone
    }

    /// Has `blocking` run, and sees to it that it is woken: after `at_most`, or once the
    /// sender is gone. `None` where that has been seen already.
    pub(super) fn during<R>(&self, at_most: Duration, blocking: impl FnOnce() -> R) -> Option<R> {
        {
            let mut state = lock(&self.state);
            if state.gone {
                return None;
            }
            state.until = Instant::now().checked_add(at_most);
        }
        let out = blocking();
        lock(&self.state).until = None;
        Some(out)
    }

    /// Ends it. Whatever it may be sending to must be gone by then.
    pub(super) fn end(&mut self) {
        lock(&self.state).over = true;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
