//! `thread`: std's bounded channel between two threads.
//!
//! The buffers go round, full ones over one channel and empty ones back over another (see
//! the module `rounds`): std can wait for an empty buffer with a time limit, which a
//! blocking `send` cannot.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::time::Duration;

use super::rounds::{self, Entry, Exit, Gone, RoundRx, RoundTx};
use crate::link::{Caps, Link, LinkError, LinkSpec, Policy, Transport};

/// See the module's documentation.
#[derive(Debug)]
pub struct Thread;

type In = SyncSender<Vec<u8>>;
type Out = Receiver<Vec<u8>>;

impl Entry for In {
    #[inline]
    fn give(&mut self, buffer: Vec<u8>) -> Result<(), Gone> {
        self.try_send(buffer).map_err(|_| Gone)
    }
}

impl Exit for Out {
    #[inline]
    fn try_take(&mut self) -> Result<Option<Vec<u8>>, Gone> {
        match self.try_recv() {
            Ok(buffer) => Ok(Some(buffer)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(Gone),
        }
    }

    fn take_within(&mut self, left: Duration) -> Result<Option<Vec<u8>>, Gone> {
        match self.recv_timeout(left) {
            Ok(buffer) => Ok(Some(buffer)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(Gone),
        }
    }
}

impl Transport for Thread {
    type Tx = RoundTx<In, Out>;
    type Rx = RoundRx<In, Out>;
    const NAME: &'static str = "thread";

    fn caps() -> Caps {
        rounds::caps(&[Policy::Block, Policy::DropNewest])
    }

    fn open(spec: &LinkSpec) -> Result<Link<Self::Tx, Self::Rx>, LinkError> {
        Ok(rounds::open(spec, sync_channel))
    }
}
