//! The reading half of a stream.

use std::os::fd::OwnedFd;

use rustix::event::PollFlags;
use rustix::io::Errno;

use super::{Framing, park};
use crate::ground::Nanos;
use crate::ground::frame::Scan;
use crate::link::{LinkError, LinkSpec, RecvError, Rx, Timer, Wait, wait_for};

/// How much is read at once, at least.
const CHUNK: usize = 64 << 10;

/// Puts frames together again that reads have cut.
#[derive(Debug)]
pub struct StreamRx<F> {
    framing: F,
    fd: OwnedFd,
    buffer: Vec<u8>,
    /// Bytes read and not yet handed out are at `head..tail`.
    head: usize,
    tail: usize,
    over: bool,
    wait: Wait,
    frame: usize,
}

impl<F: Framing> StreamRx<F> {
    /// Over a descriptor that can be read.
    pub(in crate::transport) fn over(fd: OwnedFd, spec: &LinkSpec) -> Result<Self, LinkError> {
        let frame = spec.frame.as_usize();
        Ok(Self {
            framing: F::default(),
            fd: super::without_blocking(fd)?,
            buffer: vec![0; CHUNK.max(2 * F::longest(frame))],
            head: 0,
            tail: 0,
            over: false,
            wait: spec.wait,
            frame,
        })
    }

    /// The descriptor, to make the half travel.
    pub(in crate::transport) fn into_fd(self) -> OwnedFd {
        self.fd
    }

    /// Makes room for `need` bytes from `head` on, and reads what there is.
    /// `None` where nothing is there now.
    fn fill(&mut self, need: usize) -> Option<Result<(), RecvError>> {
        if self.head == self.tail {
            (self.head, self.tail) = (0, 0);
        } else if self.head + need > self.buffer.len() || self.tail == self.buffer.len() {
            self.buffer.copy_within(self.head..self.tail, 0);
            (self.head, self.tail) = (0, self.tail - self.head);
        }
        match rustix::io::read(&self.fd, &mut self.buffer[self.tail..]) {
            Ok(0) => {
                self.over = true;
                Some(Ok(()))
            }
            Ok(n) => {
                self.tail += n;
                Some(Ok(()))
            }
            Err(Errno::AGAIN | Errno::INTR) => None,
            // The writer is gone, and took no notice of what it might have been told.
            Err(Errno::CONNRESET) => {
                self.over = true;
                Some(Ok(()))
            }
            Err(e) => Some(Err(RecvError::Os { op: "read from a stream", source: e.into() })),
        }
    }

    /// What is in the buffer: the length of a frame, or how many bytes it wants.
    fn parse(&mut self) -> Result<Scan, RecvError> {
        let bytes = &self.buffer[self.head..self.tail];
        let skipped = match F::scan(bytes, self.frame) {
            Scan::Skip(n) => n,
            Scan::Need(_) if self.over && bytes.is_empty() => return Err(RecvError::Closed),
            // The stream ended within a frame.
            Scan::Need(_) if self.over => bytes.len(),
            found => return Ok(found),
        };
        self.head += skipped;
        Err(RecvError::Torn { skipped })
    }

    /// Has `read` look at the frame of the next record, of `len` bytes, and goes on
    /// behind it. A record that holds no frame is left where it is.
    #[inline]
    fn hand_out<R>(&mut self, len: usize, read: impl FnOnce(&[u8]) -> R) -> Result<R, RecvError> {
        let record = &self.buffer[self.head..self.head + len];
        let out = self.framing.look(record, read).ok_or(RecvError::Torn { skipped: len })?;
        self.head += len;
        Ok(out)
    }
}

impl<F: Framing> Rx for StreamRx<F> {
    #[inline]
    async fn recv<C: Timer, R>(
        &mut self,
        timer: &C,
        until: Nanos,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, RecvError> {
        loop {
            match self.parse()? {
                Scan::Whole(len) => {
                    let out = self.hand_out(len, read);
                    if out.is_err() {
                        self.head += len;
                    }
                    return out;
                }
                Scan::Need(need) | Scan::Skip(need) => {
                    let how = self.wait;
                    let this = std::cell::RefCell::new(&mut *self);
                    let filled = wait_for(
                        how,
                        timer,
                        until,
                        || this.borrow_mut().fill(need),
                        |left| park(&this.borrow().fd, PollFlags::IN, left),
                    );
                    filled.ok_or(RecvError::TimedOut)??;
                }
            }
        }
    }

    #[inline]
    fn take_ready(&mut self, max: usize, mut read: impl FnMut(&[u8])) -> usize {
        let mut n = 0;
        while n < max
            && let Scan::Whole(len) = F::scan(&self.buffer[self.head..self.tail], self.frame)
        {
            if self.hand_out(len, &mut read).is_err() {
                break;
            }
            n += 1;
        }
        n
    }

    async fn drain<C: Timer>(
        &mut self,
        _timer: &C,
        max: usize,
        mut read: impl FnMut(&[u8]),
    ) -> Result<usize, RecvError> {
        let mut n = 0;
        while n < max {
            let before = self.head;
            match self.parse() {
                Ok(Scan::Whole(len)) => match self.hand_out(len, &mut read) {
                    Ok(()) => n += 1,
                    Err(torn) if n == 0 => {
                        self.head += len;
                        return Err(torn);
                    }
                    Err(_) => break,
                },
                Ok(Scan::Need(need) | Scan::Skip(need)) => match self.fill(need) {
                    Some(Ok(())) => {}
                    None => break,
                    Some(Err(e)) if n == 0 => return Err(e),
                    Some(Err(_)) => break,
                },
                Err(e) if n == 0 => return Err(e),
                // Met again at the next call.
                Err(_) => {
                    self.head = before;
                    break;
                }
            }
        }
        Ok(n)
    }
}
