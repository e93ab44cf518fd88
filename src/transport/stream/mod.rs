//! What the transports over a stream of bytes have in common.
//!
//! A read may end in the middle of a frame, so the reader puts frames together again.
//! A long frame may be written in parts; that does no harm with one writer. Both
//! descriptors do not block: waiting is poll(2), with a limit.

mod rx;
mod tx;

pub use rx::StreamRx;
pub(super) use tx::StreamTx;

use std::fmt::Debug;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::ground::frame::{self, Scan};
use crate::link::{Caps, LinkError, Place, Policy};

/// What any transport over a stream can do.
pub(super) const CAPS: Caps = Caps {
    place: Place::Process,
    policies: &[Policy::Block, Policy::DropNewest],
    waits: Caps::ANY_WAIT,
    zero_copy: false,
    batch: true,
    prompt: true,
    max_frame: Caps::LARGEST,
    excluded: None,
};

/// How frames lie in a stream, one record each.
pub trait Framing: Debug + Default + Send + 'static {
    /// Bytes that the record of a frame of `len` bytes may take up.
    fn longest(len: usize) -> usize;

    /// Appends the record of a frame that `fill` writes.
    fn append(&mut self, out: &mut Vec<u8>, len: usize, fill: impl FnOnce(&mut [u8]));

    /// What `bytes` begin with, where no frame is over `max`.
    fn scan(bytes: &[u8], max: usize) -> Scan;

    /// Has `read` look at the frame of a whole record; `None` where there is none in it.
    fn look<R>(&mut self, record: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R>;
}

/// Frames as they are, one behind the other.
#[derive(Debug, Default)]
pub struct Bare;

impl Framing for Bare {
    fn longest(len: usize) -> usize {
        len
    }

    #[inline]
    fn append(&mut self, out: &mut Vec<u8>, len: usize, fill: impl FnOnce(&mut [u8])) {
        let at = out.len();
        out.resize(at + len, 0);
        fill(&mut out[at..]);
    }

    #[inline]
    fn scan(bytes: &[u8], max: usize) -> Scan {
        frame::scan(bytes, max)
    }

    #[inline]
    fn look<R>(&mut self, record: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        Some(read(record))
    }
}

fn without_blocking(fd: OwnedFd) -> Result<OwnedFd, LinkError> {
    rustix::io::ioctl_fionbio(&fd, true).map_err(LinkError::os("make a stream non-blocking"))?;
    Ok(fd)
}

/// Sleeps until the descriptor is ready, or for `left`.
pub(super) fn park(fd: impl AsFd, events: PollFlags, left: Duration) {
    let timeout = Timespec::try_from(left).ok();
    // An interruption or error shows at the next attempt.
    let _ = poll(&mut [PollFd::new(&fd, events)], timeout.as_ref());
}
