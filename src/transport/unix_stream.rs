//! `unix-stream`: frames on a stream socket between two processes of one host.
//!
//! A pair of connected sockets (socketpair(2)), each frame written with one write(2).
//! The kernel charges each frame's overhead to the same buffer, so less fits in than
//! was granted. See unix(7).

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair, sockopt};

use std::os::fd::OwnedFd;

use super::stream::{self, Bare, StreamRx, StreamTx};
use crate::ground::Bytes;
use crate::link::{Caps, Carrier, Link, LinkError, LinkSpec, Ticket, Transport};

/// See the module's documentation.
#[derive(Debug)]
pub struct UnixStream;

/// Two sockets, what the first sends the second receives; and how many bytes of frames
/// may be between them.
pub(super) fn pair(
    kind: SocketType,
    spec: &LinkSpec,
) -> Result<(OwnedFd, OwnedFd, Option<Bytes>), LinkError> {
    let (tx, rx) = socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)
        .map_err(LinkError::os("create a pair of sockets"))?;
    // The system's limit is applied without a word; what was granted is asked.
    sockopt::set_socket_send_buffer_size(&tx, spec.capacity.as_usize().clamp(4096, 1 << 30))
        .map_err(LinkError::os("set the size of a socket's buffer"))?;
    // The kernel doubles what it is asked for, to have room for its own records.
    let granted = sockopt::socket_send_buffer_size(&tx).ok().map(|n| Bytes(n as u64 / 2));
    Ok((tx, rx, granted))
}

impl Transport for UnixStream {
    type Tx = StreamTx<Bare>;
    type Rx = StreamRx<Bare>;
    const NAME: &'static str = "unix-stream";

    fn caps() -> Caps {
        stream::CAPS
    }

    fn open(spec: &LinkSpec) -> Result<Link<Self::Tx, Self::Rx>, LinkError> {
        let (tx, rx, granted) = pair(SocketType::STREAM, spec)?;
        Ok(Link { tx: StreamTx::over(tx, spec)?, rx: StreamRx::over(rx, spec)?, granted })
    }

    fn tx_ticket(tx: Self::Tx) -> Result<Ticket, LinkError> {
        Ok(Ticket::of(Carrier::Fd(tx.into_fd()?)))
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
