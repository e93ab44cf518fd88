//! `ipc-channel-bytes`: the sending half in the child; there is no way back.

use ipc_channel::ipc::{
    IpcBytesReceiver, IpcBytesSender, IpcOneShotServer, IpcSender, bytes_channel,
};
use pipefit::ground::Nanos;
use pipefit::link::{
    Caps, Link, LinkError, LinkSpec, Place, RecvError, Rx, SendError, Sent, Ticket, Timer,
    Transport, Tx,
};

#[derive(Debug)]
pub(crate) struct Bytes;

pub(crate) struct BytesTx {
    /// Where the reading half waits, until this half is where it will send from.
    server: String,
    to: Option<IpcBytesSender>,
    buffer: Vec<u8>,
}

pub(crate) struct BytesRx {
    server: Option<IpcOneShotServer<IpcBytesReceiver>>,
    from: Option<IpcBytesReceiver>,
}

impl Transport for Bytes {
    type Tx = BytesTx;
    type Rx = BytesRx;
    const NAME: &'static str = "ipc-channel-bytes";

    fn caps() -> Caps {
        super::caps(Place::Process)
    }

    fn open(spec: &LinkSpec) -> Result<Link<BytesTx, BytesRx>, LinkError> {
        let (server, name) = IpcOneShotServer::new().map_err(super::odd("make a server"))?;
        let tx = BytesTx { server: name, to: None, buffer: vec![0; spec.frame.as_usize()] };
        Ok(Link { tx, rx: BytesRx { server: Some(server), from: None }, granted: None })
    }

    fn tx_ticket(tx: BytesTx) -> Result<Ticket, LinkError> {
        Ok(Ticket { note: tx.server, ..Ticket::default() })
    }

    fn tx_from(ticket: Ticket, spec: &LinkSpec) -> Result<BytesTx, LinkError> {
        let failed = super::odd("connect to a server");
        let to = IpcSender::connect(ticket.note.clone()).map_err(failed)?;
        let (tx, rx) = bytes_channel().map_err(super::odd("make a channel"))?;
        to.send(rx).map_err(|e| super::odd("send a half")(std::io::Error::other(e.to_string())))?;
        Ok(BytesTx { server: ticket.note, to: Some(tx), buffer: vec![0; spec.frame.as_usize()] })
    }
}

impl Tx for BytesTx {
    async fn send<C: Timer>(
        &mut self,
        _timer: &C,
        _until: Nanos,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Sent, SendError> {
        let bytes = &mut self.buffer[..len];
        fill(bytes);
        let sent = self.to.as_ref().ok_or(SendError::Closed)?.send(bytes);
        sent.map_err(|source| SendError::Os { op: "send bytes", source })?;
        Ok(Sent::Delivered)
    }

    async fn close<C: Timer>(&mut self, _timer: &C, _until: Nanos) -> Result<(), SendError> {
        Ok(())
    }
}

impl Rx for BytesRx {
    async fn recv<C: Timer, R>(
        &mut self,
        _timer: &C,
        _until: Nanos,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, RecvError> {
        if let Some(server) = self.server.take() {
            let (_, from) = server.accept().map_err(|_| RecvError::Closed)?;
            self.from = Some(from);
        }
        let bytes = self.from.as_ref().ok_or(RecvError::Closed)?.recv();
        bytes.map(|bytes| read(&bytes)).map_err(|_| RecvError::Closed)
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
