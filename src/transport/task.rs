//! `task`: tokio's bounded channel between two tasks of one worker.
//!
//! As in `thread`, the buffers are the capacity and go round, so that nothing is
//! allocated per frame.

use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::ground::{Bytes, Nanos};
use crate::link::{
    Caps, Link, LinkError, LinkSpec, Place, Policy, RecvError, Rx, SendError, Sent, Timer,
    Transport, Tx,
};

/// See the module's documentation.
#[derive(Debug)]
pub struct Task;

/// Fills empty buffers and sends them on.
#[derive(Debug)]
pub struct TaskTx {
    full: Option<Sender<Vec<u8>>>,
    empty: Receiver<Vec<u8>>,
    policy: Policy,
    frame: usize,
}

/// Reads full buffers and sends them back.
#[derive(Debug)]
pub struct TaskRx {
    full: Receiver<Vec<u8>>,
    empty: Sender<Vec<u8>>,
}

impl Transport for Task {
    type Tx = TaskTx;
    type Rx = TaskRx;
    const NAME: &'static str = "task";

    fn caps() -> Caps {
        Caps {
            place: Place::Task,
            policies: &[Policy::Block, Policy::DropNewest],
            waits: Caps::DRIVEN,
            zero_copy: true,
            batch: false,
            prompt: true,
            max_frame: Caps::LARGEST,
            excluded: None,
        }
    }

    fn open(spec: &LinkSpec) -> Result<Link<TaskTx, TaskRx>, LinkError> {
        let (slots, frame) = (spec.slots(), spec.frame.as_usize());
        let (full_tx, full_rx) = channel(slots);
        let (empty_tx, empty_rx) = channel(slots);
        for _ in 0..slots {
            // Cannot fail: both ends are here, and there is room for them all.
            let _ = empty_tx.try_send(vec![0; frame]);
        }
        Ok(Link {
            tx: TaskTx { full: Some(full_tx), empty: empty_rx, policy: spec.policy, frame },
            rx: TaskRx { full: full_rx, empty: empty_tx },
            granted: Some(Bytes((slots * frame) as u64)),
        })
    }
}

impl TaskTx {
    async fn next_empty<C: Timer>(
        &mut self,
        timer: &C,
        until: Nanos,
    ) -> Result<Option<Vec<u8>>, SendError> {
        match self.empty.try_recv() {
            Ok(buffer) => return Ok(Some(buffer)),
            Err(TryRecvError::Disconnected) => return Err(SendError::Closed),
            Err(TryRecvError::Empty) => {}
        }
        if self.policy == Policy::DropNewest {
            // A sender that never waits would never let the reader run.
            tokio::task::yield_now().await;
            return Ok(None);
        }
        let waited = timer.timeout(until, self.empty.recv()).await;
        waited.ok_or(SendError::TimedOut)?.ok_or(SendError::Closed).map(Some)
    }
}

impl Tx for TaskTx {
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
        let Some(mut buffer) = self.next_empty(timer, until).await? else {
            return Ok(Sent::DroppedThis);
        };
        buffer.resize(len, 0);
        fill(&mut buffer);
        let full = self.full.as_ref().ok_or(SendError::Closed)?;
        full.try_send(buffer).map_err(|_| SendError::Closed)?;
        Ok(Sent::Delivered)
    }

    async fn close<C: Timer>(&mut self, _timer: &C, _until: Nanos) -> Result<(), SendError> {
        self.full = None;
        Ok(())
    }
}

impl TaskRx {
    fn give_back(&self, buffer: Vec<u8>) {
        // The sender may be gone; then nobody needs it.
        let _ = self.empty.try_send(buffer);
    }
}

impl Rx for TaskRx {
    async fn recv<C: Timer, R>(
        &mut self,
        timer: &C,
        until: Nanos,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, RecvError> {
        let buffer = match self.full.try_recv() {
            Ok(buffer) => buffer,
            Err(TryRecvError::Disconnected) => return Err(RecvError::Closed),
            Err(TryRecvError::Empty) => {
                let waited = timer.timeout(until, self.full.recv()).await;
                waited.ok_or(RecvError::TimedOut)?.ok_or(RecvError::Closed)?
            }
        };
        let out = read(&buffer);
        self.give_back(buffer);
        Ok(out)
    }

    async fn drain<C: Timer>(
        &mut self,
        _timer: &C,
        max: usize,
        mut read: impl FnMut(&[u8]),
    ) -> Result<usize, RecvError> {
        match self.full.try_recv() {
            Ok(buffer) if max > 0 => {
                read(&buffer);
                self.give_back(buffer);
                Ok(1 + self.take_ready(max - 1, read))
            }
            Err(TryRecvError::Disconnected) => Err(RecvError::Closed),
            _ => Ok(0),
        }
    }

    fn take_ready(&mut self, max: usize, mut read: impl FnMut(&[u8])) -> usize {
        let mut n = 0;
        while n < max {
            let Ok(buffer) = self.full.try_recv() else { break };
            read(&buffer);
            self.give_back(buffer);
            n += 1;
        }
        n
    }
}
