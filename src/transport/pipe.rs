//! `pipe`: frames on a child's standard output, each written with one write(2).
//!
//! A frame over `PIPE_BUF` (4,096 bytes) may be written in parts; that does no harm
//! with one writer. See pipe(7).

use std::os::fd::OwnedFd;

use rustix::pipe::{PipeFlags, fcntl_getpipe_size, fcntl_setpipe_size, pipe_with};

use super::stream::{self, Bare, Framing, StreamRx, StreamTx};
use crate::ground::Bytes;
use crate::link::{Caps, Carrier, Link, LinkError, LinkSpec, Ticket, Transport};

/// See the module's documentation.
#[derive(Debug)]
pub struct Pipe;

/// A pipe with a stream's halves at its ends.
pub(super) fn open<F: Framing>(
    spec: &LinkSpec,
) -> Result<Link<StreamTx<F>, StreamRx<F>>, LinkError> {
    let (rx, tx) = pipe_with(PipeFlags::CLOEXEC).map_err(LinkError::os("create a pipe"))?;
    ask_for_size(&tx, spec.capacity.as_usize());
    let granted = fcntl_getpipe_size(&tx).ok().map(|n| Bytes(n as u64));
    Ok(Link { tx: StreamTx::over(tx, spec)?, rx: StreamRx::over(rx, spec)?, granted })
}

/// Asks for `wanted` bytes; where the system's limit is lower, for half as much,
/// and so on. What was granted is asked afterwards.
pub(super) fn ask_for_size(fd: &OwnedFd, wanted: usize) {
    let mut size = wanted.clamp(4096, 1 << 30);
    while size >= 4096 && fcntl_setpipe_size(fd, size).is_err() {
        size /= 2;
    }
}

/// A pipe's writing end travels as the child's standard output.
pub(super) fn tx_ticket<F: Framing>(tx: StreamTx<F>) -> Result<Ticket, LinkError> {
    Ok(Ticket::of(Carrier::Stdout(tx.into_fd()?)))
}

impl Transport for Pipe {
    type Tx = StreamTx<Bare>;
    type Rx = StreamRx<Bare>;
    const NAME: &'static str = "pipe";

    fn caps() -> Caps {
        stream::CAPS
    }

    fn open(spec: &LinkSpec) -> Result<Link<Self::Tx, Self::Rx>, LinkError> {
        open(spec)
    }

    fn tx_ticket(tx: Self::Tx) -> Result<Ticket, LinkError> {
        tx_ticket(tx)
    }

    fn rx_ticket(rx: Self::Rx) -> Result<Ticket, LinkError> {
        Ok(Ticket::of(Carrier::Fd(rx.into_fd())))
    }

    fn tx_from(ticket: Ticket, spec: &LinkSpec) -> Result<Self::Tx, LinkError> {
        StreamTx::over(ticket.into_fd()?, spec)
    }

    fn rx_from(ticket: Ticket, spec: &LinkSpec) -> Result<Self::Rx, LinkError> {
        StreamRx::over(ticket.into_fd()?, spec)
    }
}
