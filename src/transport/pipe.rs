//! `pipe`: frames on a child's standard output, each written with one write(2).
//!
//! A pipe is a stream of bytes: a read may end in the middle of a frame, so the
//! reader puts frames together again (see [`frame::scan`]). A frame over `PIPE_BUF`
//! (4,096 bytes) may be written in parts; that does no harm with one writer.
//! See pipe(7).

use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, fcntl_getpipe_size, fcntl_setpipe_size, pipe_with};

use crate::ground::frame::{self, Scan};
use crate::ground::{Bytes, Nanos};
use crate::link::{
    Caps, Carrier, Link, LinkError, LinkSpec, Place, Policy, RecvError, Rx, SendError, Sent, Tally,
    Ticket, Timer, Transport, Tx, Wait, wait_for,
};

/// See the module's documentation.
#[derive(Debug)]
pub struct Pipe;

/// How much is read at once, at least.
const CHUNK: usize = 64 << 10;

/// How much a batch gathers before it is written.
const GATHER: usize = 64 << 10;

/// The writing end.
#[derive(Debug)]
pub struct PipeTx {
    fd: Option<OwnedFd>,
    buffer: Vec<u8>,
    /// Frames are held back until so many bytes are together; 0: never.
    hold: usize,
    policy: Policy,
    wait: Wait,
    frame: usize,
}

/// The reading end.
#[derive(Debug)]
pub struct PipeRx {
    fd: OwnedFd,
    buffer: Vec<u8>,
    /// Bytes read and not yet handed out are at `head..tail`.
    head: usize,
    tail: usize,
    over: bool,
    wait: Wait,
    frame: usize,
}

pub(super) fn open(spec: &LinkSpec, hold: usize) -> Result<Link<PipeTx, PipeRx>, LinkError> {
    let (rx, tx) = pipe_with(PipeFlags::CLOEXEC).map_err(LinkError::os("create a pipe"))?;
    granted_size(&tx, spec.capacity.as_usize());
    let granted = fcntl_getpipe_size(&tx).ok().map(|n| Bytes(n as u64));
    Ok(Link { tx: tx_over(tx, spec, hold)?, rx: rx_over(rx, spec)?, granted })
}

/// Asks for `wanted` bytes; where the system's limit is lower, for half as much,
/// and so on. What was granted is asked afterwards.
fn granted_size(fd: &OwnedFd, wanted: usize) {
    let mut size = wanted.clamp(4096, 1 << 30);
    while size >= 4096 && fcntl_setpipe_size(fd, size).is_err() {
        size /= 2;
    }
}

pub(super) fn tx_over(fd: OwnedFd, spec: &LinkSpec, hold: usize) -> Result<PipeTx, LinkError> {
    rustix::io::ioctl_fionbio(&fd, true).map_err(LinkError::os("make a pipe non-blocking"))?;
    let frame = spec.frame.as_usize();
    Ok(PipeTx {
        fd: Some(fd),
        buffer: Vec::with_capacity(frame.max(hold)),
        hold,
        policy: spec.policy,
        wait: spec.wait,
        frame,
    })
}

pub(super) fn rx_over(fd: OwnedFd, spec: &LinkSpec) -> Result<PipeRx, LinkError> {
    rustix::io::ioctl_fionbio(&fd, true).map_err(LinkError::os("make a pipe non-blocking"))?;
    let frame = spec.frame.as_usize();
    Ok(PipeRx {
        fd,
        buffer: vec![0; CHUNK.max(2 * frame)],
        head: 0,
        tail: 0,
        over: false,
        wait: spec.wait,
        frame,
    })
}

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

impl Transport for Pipe {
    type Tx = PipeTx;
    type Rx = PipeRx;
    const NAME: &'static str = "pipe";

    fn caps() -> Caps {
        CAPS
    }

    fn open(spec: &LinkSpec) -> Result<Link<PipeTx, PipeRx>, LinkError> {
        open(spec, 0)
    }

    fn tx_ticket(tx: PipeTx) -> Result<Ticket, LinkError> {
        tx_ticket(tx)
    }

    fn rx_ticket(rx: PipeRx) -> Result<Ticket, LinkError> {
        Ok(Ticket::of(Carrier::Fd(rx.into_fd())))
    }

    fn tx_from(ticket: Ticket, spec: &LinkSpec) -> Result<PipeTx, LinkError> {
        tx_over(ticket.into_fd()?, spec, 0)
    }

    fn rx_from(ticket: Ticket, spec: &LinkSpec) -> Result<PipeRx, LinkError> {
        rx_over(ticket.into_fd()?, spec)
    }
}

pub(super) fn tx_ticket(mut tx: PipeTx) -> Result<Ticket, LinkError> {
    let fd = tx.fd.take().ok_or_else(|| LinkError::NotFound("the pipe's writing end".into()))?;
    Ok(Ticket::of(Carrier::Stdout(fd)))
}

/// Sleeps until the descriptor is ready, or for `left`.
fn park(fd: impl AsFd, events: PollFlags, left: Duration) {
    let timeout = Timespec::try_from(left).ok();
    // An interruption or error shows at the next attempt.
    let _ = poll(&mut [PollFd::new(&fd, events)], timeout.as_ref());
}

impl PipeTx {
    /// Writes out what is in the buffer. Under `DropNewest`, a frame whose first
    /// byte finds no room is dropped; one that has begun is finished, or the
    /// stream would be torn.
    fn write_out<C: Timer>(&mut self, timer: &C, until: Nanos) -> Result<Sent, SendError> {
        let fd = self.fd.as_ref().ok_or(SendError::Closed)?;
        let mut at = 0;
        while at < self.buffer.len() {
            let rest = &self.buffer[at..];
            let may_wait = self.policy != Policy::DropNewest || at > 0;
            let deadline = if may_wait { until } else { Nanos(0) };
            let attempt = || match rustix::io::write(fd, rest) {
                Ok(n) => Some(Ok(n)),
                Err(Errno::AGAIN | Errno::INTR) => None,
                Err(Errno::PIPE) => Some(Err(SendError::Closed)),
                Err(e) => Some(Err(SendError::Os { op: "write to a pipe", source: e.into() })),
            };
            let written = wait_for(self.wait, timer, deadline, attempt, |left| {
                park(fd, PollFlags::OUT, left);
            });
            match written {
                Some(Ok(n)) => at += n,
                Some(Err(e)) => return Err(e),
                None if !may_wait => {
                    self.buffer.clear();
                    return Ok(Sent::DroppedThis);
                }
                None => {
                    self.buffer.drain(..at);
                    return Err(SendError::TimedOut);
                }
            }
        }
        self.buffer.clear();
        Ok(Sent::Delivered)
    }

    fn check_len(&self, len: usize) -> Result<(), SendError> {
        if len > self.frame {
            return Err(SendError::TooLarge { len, max: self.frame });
        }
        Ok(())
    }

    fn append(&mut self, len: usize, fill: impl FnOnce(&mut [u8])) {
        let at = self.buffer.len();
        self.buffer.resize(at + len, 0);
        fill(&mut self.buffer[at..]);
    }
}

impl Tx for PipeTx {
    #[inline]
    async fn send<C: Timer>(
        &mut self,
        timer: &C,
        until: Nanos,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Sent, SendError> {
        self.check_len(len)?;
        if !self.buffer.is_empty() && self.buffer.len() + len > self.hold {
            self.write_out(timer, until)?;
        }
        self.append(len, fill);
        if self.buffer.len() >= self.hold {
            return self.write_out(timer, until);
        }
        Ok(Sent::Delivered)
    }

    async fn send_batch<C: Timer>(
        &mut self,
        timer: &C,
        until: Nanos,
        count: usize,
        len: usize,
        mut fill: impl FnMut(usize, &mut [u8]),
    ) -> Result<Tally, SendError> {
        let mut tally = Tally::default();
        if self.policy != Policy::Block || self.hold > 0 {
            for i in 0..count {
                tally.book(self.send(timer, until, len, |bytes| fill(i, bytes)).await?);
            }
            return Ok(tally);
        }
        self.check_len(len)?;
        for i in 0..count {
            self.append(len, |bytes| fill(i, bytes));
            if self.buffer.len() >= GATHER || i + 1 == count {
                self.write_out(timer, until)?;
            }
            tally.book(Sent::Delivered);
        }
        Ok(tally)
    }

    async fn close<C: Timer>(&mut self, timer: &C, until: Nanos) -> Result<(), SendError> {
        self.policy = Policy::Block;
        let flushed =
            if self.buffer.is_empty() { Ok(()) } else { self.write_out(timer, until).map(|_| ()) };
        self.fd = None;
        flushed
    }
}

impl PipeRx {
    pub(super) fn into_fd(self) -> OwnedFd {
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
            Err(e) => Some(Err(RecvError::Os { op: "read from a pipe", source: e.into() })),
        }
    }

    /// What is in the buffer: the length of a frame, or how many bytes it wants.
    fn parse(&mut self) -> Result<Scan, RecvError> {
        let bytes = &self.buffer[self.head..self.tail];
        let skipped = match frame::scan(bytes, self.frame) {
            Scan::Skip(n) => n,
            Scan::Need(_) if self.over && bytes.is_empty() => return Err(RecvError::Closed),
            // The stream ended within a frame.
            Scan::Need(_) if self.over => bytes.len(),
            found => return Ok(found),
        };
        self.head += skipped;
        Err(RecvError::Torn { skipped })
    }

    fn hand_out<R>(&mut self, len: usize, read: impl FnOnce(&[u8]) -> R) -> R {
        let from = self.head;
        self.head += len;
        read(&self.buffer[from..from + len])
    }
}

impl Rx for PipeRx {
    #[inline]
    async fn recv<C: Timer, R>(
        &mut self,
        timer: &C,
        until: Nanos,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, RecvError> {
        loop {
            match self.parse()? {
                Scan::Whole(len) => return Ok(self.hand_out(len, read)),
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
            && let Scan::Whole(len) = frame::scan(&self.buffer[self.head..self.tail], self.frame)
        {
            self.hand_out(len, &mut read);
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
                Ok(Scan::Whole(len)) => {
                    self.hand_out(len, &mut read);
                    n += 1;
                }
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
