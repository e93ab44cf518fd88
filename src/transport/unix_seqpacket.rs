//! `unix-seqpacket`: frames on a socket that keeps them apart.
//!
//! A pair of connected sockets (socketpair(2)) of type `SOCK_SEQPACKET`: in order and
//! reliable like a stream, but each frame is one message, and nothing has to be put
//! together again. A message lies in the kernel in one piece, so its size is limited
//! by the socket's buffer. See unix(7).

use std::os::fd::OwnedFd;

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, SocketType, recv, send, sockopt};

use super::stream::{self, park};
use super::unix_stream::pair;
use crate::ground::{Bytes, Nanos};
use crate::link::{
    Caps, Carrier, Link, LinkError, LinkSpec, Policy, RecvError, Rx, SendError, Sent, Ticket,
    Timer, Transport, Tx, Wait, wait_for,
};

/// See the module's documentation.
#[derive(Debug)]
pub struct UnixSeqpacket;

/// What Linux lets a socket's buffer hold unless its limit was changed
/// (`net.core.wmem_max`), less what it keeps for itself.
const LARGEST: Bytes = Bytes(128 << 10);

/// What the kernel wants to have left beside a message.
const BESIDE: usize = 32;

/// The sending end.
#[derive(Debug)]
pub struct SeqpacketTx {
    fd: Option<OwnedFd>,
    buffer: Vec<u8>,
    policy: Policy,
    wait: Wait,
}

/// The receiving end.
#[derive(Debug)]
pub struct SeqpacketRx {
    fd: OwnedFd,
    buffer: Vec<u8>,
    wait: Wait,
    /// Met while draining, for the next call.
    fault: Option<RecvError>,
}

impl SeqpacketTx {
    fn over(fd: OwnedFd, spec: &LinkSpec) -> Self {
        let buffer = vec![0; spec.frame.as_usize()];
        Self { fd: Some(fd), buffer, policy: spec.policy, wait: spec.wait }
    }
}

impl SeqpacketRx {
    fn over(fd: OwnedFd, spec: &LinkSpec) -> Self {
        // One byte more, so that a message that is too long shows.
        Self { fd, buffer: vec![0; spec.frame.as_usize() + 1], wait: spec.wait, fault: None }
    }

    /// One message, if there is one: its length.
    fn take(&mut self) -> Option<Result<usize, RecvError>> {
        if let Some(fault) = self.fault.take() {
            return Some(Err(fault));
        }
        match recv(&self.fd, &mut self.buffer[..], RecvFlags::DONTWAIT) {
            // No frame is empty: nobody can send any more.
            Ok((0, _)) | Err(Errno::CONNRESET) => Some(Err(RecvError::Closed)),
            Ok((n, _)) if n == self.buffer.len() => Some(Err(RecvError::Torn { skipped: n })),
            Ok((n, _)) => Some(Ok(n)),
            Err(Errno::AGAIN | Errno::INTR) => None,
            Err(e) => Some(Err(RecvError::Os { op: "receive a message", source: e.into() })),
        }
    }
}

impl Transport for UnixSeqpacket {
    type Tx = SeqpacketTx;
    type Rx = SeqpacketRx;
    const NAME: &'static str = "unix-seqpacket";

    fn caps() -> Caps {
        Caps { batch: false, max_frame: LARGEST, ..stream::CAPS }
    }

    fn open(spec: &LinkSpec) -> Result<Link<SeqpacketTx, SeqpacketRx>, LinkError> {
        let (tx, rx, granted) = pair(SocketType::SEQPACKET, spec)?;
        let room = sockopt::socket_send_buffer_size(&tx)
            .map_err(LinkError::os("ask for the size of a socket's buffer"))?;
        if room < spec.frame.as_usize() + BESIDE {
            let why = format!(
                "cannot take a message of {} on this machine: sockets hold {room} B \
                 (raise net.core.wmem_max, or --capacity)",
                spec.frame
            );
            return Err(LinkError::Unsupported { what: Self::NAME.into(), why });
        }
        Ok(Link { tx: SeqpacketTx::over(tx, spec), rx: SeqpacketRx::over(rx, spec), granted })
    }

    fn tx_ticket(tx: SeqpacketTx) -> Result<Ticket, LinkError> {
        let fd = tx.fd.ok_or_else(|| LinkError::NotFound("a socket's sending end".into()))?;
        Ok(Ticket::of(Carrier::Fd(fd)))
    }

    fn rx_ticket(rx: SeqpacketRx) -> Result<Ticket, LinkError> {
        Ok(Ticket::of(Carrier::Fd(rx.fd)))
    }

    fn tx_from(ticket: Ticket, spec: &LinkSpec) -> Result<SeqpacketTx, LinkError> {
        Ok(SeqpacketTx::over(ticket.into_fd()?, spec))
    }

    fn rx_from(ticket: Ticket, spec: &LinkSpec) -> Result<SeqpacketRx, LinkError> {
        Ok(SeqpacketRx::over(ticket.into_fd()?, spec))
    }
}

impl Tx for SeqpacketTx {
    async fn send<C: Timer>(
        &mut self,
        timer: &C,
        until: Nanos,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Sent, SendError> {
        let max = self.buffer.len();
        let message = self.buffer.get_mut(..len).ok_or(SendError::TooLarge { len, max })?;
        fill(message);
        let fd = self.fd.as_ref().ok_or(SendError::Closed)?;
        let until = if self.policy == Policy::Block { until } else { Nanos(0) };
        let attempt = || match send(fd, message, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
            Ok(_) => Some(Ok(Sent::Delivered)),
            Err(Errno::AGAIN | Errno::INTR) => None,
            Err(Errno::PIPE | Errno::CONNRESET) => Some(Err(SendError::Closed)),
            Err(Errno::MSGSIZE) => Some(Err(SendError::TooLarge { len, max })),
            Err(e) => Some(Err(SendError::Os { op: "send a message", source: e.into() })),
        };
        let sent = wait_for(self.wait, timer, until, attempt, |left| {
            park(fd, PollFlags::OUT, left);
        });
        match sent {
            Some(sent) => sent,
            None if self.policy == Policy::DropNewest => Ok(Sent::DroppedThis),
            None => Err(SendError::TimedOut),
        }
    }

    async fn close<C: Timer>(&mut self, _timer: &C, _until: Nanos) -> Result<(), SendError> {
        self.fd = None;
        Ok(())
    }
}

impl Rx for SeqpacketRx {
    async fn recv<C: Timer, R>(
        &mut self,
        timer: &C,
        until: Nanos,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, RecvError> {
        let how = self.wait;
        let this = std::cell::RefCell::new(&mut *self);
        let took = wait_for(
            how,
            timer,
            until,
            || this.borrow_mut().take(),
            |left| park(&this.borrow().fd, PollFlags::IN, left),
        );
        let len = took.ok_or(RecvError::TimedOut)??;
        Ok(read(&self.buffer[..len]))
    }

    async fn drain<C: Timer>(
        &mut self,
        _timer: &C,
        max: usize,
        mut read: impl FnMut(&[u8]),
    ) -> Result<usize, RecvError> {
        let mut n = 0;
        while n < max {
            match self.take() {
                Some(Ok(len)) => {
                    read(&self.buffer[..len]);
                    n += 1;
                }
                Some(Err(e)) if n == 0 => return Err(e),
                None => break,
                Some(Err(e)) => {
                    self.fault = Some(e);
                    break;
                }
            }
        }
        Ok(n)
    }
}
