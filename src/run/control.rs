//! What parent and child say to each other beside the link: one JSON object a line,
//! over a Unix socket that is the child's standard input. The job comes with the
//! descriptors that the child's halves need (SCM_RIGHTS, see unix(7)).

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::launch::{Far, FarReport};
use crate::ground::Nanos;
use crate::link::{Carrier, LinkError, LinkSpec, Ticket};

/// Changes when a parent of one version could not talk to a child of another.
pub(crate) const PROTOCOL: u32 = 1;

/// The environment variable that makes a program a child: protocol, then parent's pid.
pub(crate) const CHILD_VAR: &str = "PIPEFIT_CHILD";

/// Descriptors one job may carry.
const MAX_FDS: usize = 8;

/// What a child is to do.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) transport: String,
    pub(crate) link: LinkSpec,
    pub(crate) far: Far,
    pub(crate) pin: Option<usize>,
    pub(crate) tx: crate::link::TicketStub,
    pub(crate) rx: Option<crate::link::TicketStub>,
}

/// What a parent says later.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Order {
    /// The schedule begins then.
    Go(Nanos),
    /// End early.
    Stop,
}

/// What a child says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Word {
    /// It holds its halves and waits for [`Order::Go`].
    Ready,
    /// It has done its work; the most memory it held, in bytes.
    Done(Box<FarReport>, Option<u64>),
    /// It cannot.
    Failed(String),
}

/// Writes one line.
pub(crate) fn say(mut to: &UnixStream, what: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    to.write_all(&line)
}

/// Writes the job and sends the descriptors along with its first byte.
pub(crate) fn send_job(to: &UnixStream, job: &Job, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut line = serde_json::to_vec(job)?;
    line.push(b'\n');
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(io::Error::other("too many descriptors for one job"));
    }
    let sent = sendmsg(to, &[IoSlice::new(&line)], &mut ancillary, SendFlags::NOSIGNAL)?;
    let mut to = to;
    to.write_all(&line[sent..])
}

/// Reads one line byte by byte, so that nothing behind it is taken, and whatever
/// descriptors come with it.
pub(crate) fn receive_job(from: &UnixStream) -> io::Result<(Job, Vec<OwnedFd>)> {
    let (mut line, mut fds) = (Vec::new(), Vec::new());
    loop {
        let mut byte = [0];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let got = recvmsg(
            from.as_fd(),
            &mut [IoSliceMut::new(&mut byte)],
            &mut ancillary,
            RecvFlags::CMSG_CLOEXEC,
        )?;
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(received) = message {
                fds.extend(received);
            }
        }
        match (got.bytes, byte[0]) {
            (0, _) => return Err(io::ErrorKind::UnexpectedEof.into()),
            (_, b'\n') => return Ok((serde_json::from_slice(&line)?, fds)),
            (_, b) => line.push(b),
        }
    }
}

/// Reads lines until the other side closes; calls `heard` for each.
pub(crate) fn listen<M: DeserializeOwned>(
    from: UnixStream,
    mut heard: impl FnMut(M),
) -> io::Result<()> {
    let mut text = Vec::new();
    let mut chunk = [0; 4096];
    let mut from = from;
    loop {
        let n = match from.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        text.extend_from_slice(&chunk[..n]);
        while let Some(end) = text.iter().position(|b| *b == b'\n') {
            let rest = text.split_off(end + 1);
            heard(serde_json::from_slice(&text[..end])?);
            text = rest;
        }
    }
}

/// Puts a ticket together again from its stub, the child's standard output and the
/// descriptors that came, which are taken in order.
pub(crate) fn rebuild(
    stub: crate::link::TicketStub,
    stdout: &mut Option<OwnedFd>,
    fds: &mut impl Iterator<Item = OwnedFd>,
) -> Result<Ticket, LinkError> {
    let missing = || LinkError::LayoutMismatch("a ticket without its descriptor".into());
    let (note, kinds) = stub.into_parts();
    let carriers = kinds
        .into_iter()
        .map(|on_stdout| {
            if on_stdout { stdout.take().map(Carrier::Stdout) } else { fds.next().map(Carrier::Fd) }
                .ok_or_else(missing)
        })
        .collect::<Result<_, _>>()?;
    Ok(Ticket { note, carriers, kept: None })
}
