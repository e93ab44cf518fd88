//! `null`: discards every frame. What is left is what the loops themselves cost.
//!
//! The frame is still written in full, into a scratch buffer. Nothing arrives, so
//! it cannot be measured as a transport; `cargo bench --bench overhead` uses it.

use crate::ground::{Bytes, Nanos};
use crate::link::{
    Caps, Link, LinkError, LinkSpec, Place, Policy, RecvError, Rx, SendError, Sent, Timer,
    Transport, Tx,
};

/// See the module's documentation.
#[derive(Debug)]
pub struct Null;

/// Writes frames into a scratch buffer.
#[derive(Debug)]
pub struct NullTx {
    scratch: Vec<u8>,
}

/// Reads nothing, ever.
#[derive(Debug)]
pub struct NullRx;

impl Transport for Null {
    type Tx = NullTx;
    type Rx = NullRx;
    const NAME: &'static str = "null";

    fn caps() -> Caps {
        Caps {
            place: Place::Nowhere,
            policies: &[Policy::Block],
            waits: Caps::DRIVEN,
            zero_copy: false,
            batch: false,
            prompt: false,
            max_frame: Caps::LARGEST,
            excluded: Some("discards every frame; it serves to measure the loops' own cost"),
        }
    }

    fn open(spec: &LinkSpec) -> Result<Link<NullTx, NullRx>, LinkError> {
        let scratch = vec![0; spec.frame.as_usize()];
        Ok(Link { tx: NullTx { scratch }, rx: NullRx, granted: Some(Bytes(0)) })
    }
}

impl NullTx {
    #[inline]
    fn discard(&mut self, len: usize, fill: impl FnOnce(&mut [u8])) -> Result<Sent, SendError> {
        let max = self.scratch.len();
        fill(self.scratch.get_mut(..len).ok_or(SendError::TooLarge { len, max })?);
        Ok(Sent::Delivered)
    }
}

impl Tx for NullTx {
    #[inline]
    async fn send<C: Timer>(
        &mut self,
        _timer: &C,
        _until: Nanos,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Sent, SendError> {
        self.discard(len, fill)
    }

    #[inline]
    fn try_send(
        &mut self,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Option<Sent>, SendError> {
        self.discard(len, fill).map(Some)
    }

    async fn close<C: Timer>(&mut self, _timer: &C, _until: Nanos) -> Result<(), SendError> {
        Ok(())
    }
}

impl Rx for NullRx {
    async fn recv<C: Timer, R>(
        &mut self,
        _timer: &C,
        _until: Nanos,
        _read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, RecvError> {
        Err(RecvError::Closed)
    }

    async fn drain<C: Timer>(
        &mut self,
        _timer: &C,
        _max: usize,
        _read: impl FnMut(&[u8]),
    ) -> Result<usize, RecvError> {
        Err(RecvError::Closed)
    }
}
