//! `raw-pipe` and `raw-unix`: a byte stream with blocking reads and writes, as plain as
//! it can be written. All frames have one size, so no framing is needed.

use std::io::{Read, Write};
use std::marker::PhantomData;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use pipefit::ground::Nanos;
use pipefit::link::{
    Caps, Carrier, Link, LinkError, LinkSpec, Place, RecvError, Rx, SendError, Sent, Ticket, Timer,
    Transport, Tx,
};

#[derive(Debug)]
pub(crate) struct Stream<W>(PhantomData<fn() -> W>);

/// pipe(2), as large as the capacity asked for.
#[derive(Debug)]
pub(crate) enum PipeWay {}

/// socketpair(2).
#[derive(Debug)]
pub(crate) enum UnixWay {}

pub(crate) type Pipe = Stream<PipeWay>;
pub(crate) type Unix = Stream<UnixWay>;

pub(crate) trait Way: 'static {
    const NAME: &'static str;
    fn pair(spec: &LinkSpec) -> std::io::Result<(OwnedFd, OwnedFd)>;
}

impl Way for PipeWay {
    const NAME: &'static str = "raw-pipe";

    fn pair(spec: &LinkSpec) -> std::io::Result<(OwnedFd, OwnedFd)> {
        let (rx, tx) = std::io::pipe()?;
        let tx = OwnedFd::from(tx);
        rustix::pipe::fcntl_setpipe_size(&tx, spec.capacity.as_usize())?;
        Ok((tx, rx.into()))
    }
}

impl Way for UnixWay {
    const NAME: &'static str = "raw-unix";

    fn pair(_spec: &LinkSpec) -> std::io::Result<(OwnedFd, OwnedFd)> {
        let (a, b) = UnixStream::pair()?;
        Ok((a.into(), b.into()))
    }
}

#[derive(Debug)]
pub(crate) struct Side {
    file: std::fs::File,
    buffer: Vec<u8>,
}

fn side(fd: OwnedFd, spec: &LinkSpec) -> Side {
    Side { file: fd.into(), buffer: vec![0; spec.frame.as_usize()] }
}

impl<W: Way> Transport for Stream<W> {
    type Tx = Side;
    type Rx = Side;
    const NAME: &'static str = W::NAME;

    fn caps() -> Caps {
        super::caps(Place::Process)
    }

    fn open(spec: &LinkSpec) -> Result<Link<Side, Side>, LinkError> {
        let (tx, rx) = W::pair(spec).map_err(super::odd("make a stream"))?;
        Ok(Link { tx: side(tx, spec), rx: side(rx, spec), granted: None })
    }

    fn tx_ticket(tx: Side) -> Result<Ticket, LinkError> {
        Ok(Ticket::of(Carrier::Fd(tx.file.into())))
    }

    fn rx_ticket(rx: Side) -> Result<Ticket, LinkError> {
        Ok(Ticket::of(Carrier::Fd(rx.file.into())))
    }

    fn tx_from(ticket: Ticket, spec: &LinkSpec) -> Result<Side, LinkError> {
        Ok(side(ticket.into_fd()?, spec))
    }

    fn rx_from(ticket: Ticket, spec: &LinkSpec) -> Result<Side, LinkError> {
        Ok(side(ticket.into_fd()?, spec))
    }
}

impl Tx for Side {
    async fn send<C: Timer>(
        &mut self,
        _timer: &C,
        _until: Nanos,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Sent, SendError> {
        let bytes = &mut self.buffer[..len];
        fill(bytes);
        let sent = self.file.write_all(bytes);
        sent.map_err(|source| SendError::Os { op: "write to a stream", source })?;
        Ok(Sent::Delivered)
    }

    async fn close<C: Timer>(&mut self, _timer: &C, _until: Nanos) -> Result<(), SendError> {
        Ok(())
    }
}

impl Rx for Side {
    async fn recv<C: Timer, R>(
        &mut self,
        _timer: &C,
        _until: Nanos,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, RecvError> {
        match self.file.read_exact(&mut self.buffer) {
            Ok(()) => Ok(read(&self.buffer)),
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Err(RecvError::Closed),
            Err(source) => Err(RecvError::Os { op: "read from a stream", source }),
        }
    }

    async fn drain<C: Timer>(
        &mut self,
        _timer: &C,
        _max: usize,
        _read: impl FnMut(&[u8]),
    ) -> Result<usize, RecvError> {
        Ok(0)
    }
}
