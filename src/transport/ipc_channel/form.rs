//! The three forms a frame can have on an ipc-channel.

use std::fmt::Debug;
use std::io;
use std::ops::Deref;

use ipc_channel::ipc::{
    self, IpcBytesReceiver, IpcBytesSender, IpcReceiver, IpcSender, IpcSharedMemory,
};
use ipc_channel::{IpcError, TryRecvError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ground::Bytes;
use crate::link::Caps;

/// What a socket's buffer holds unless its limit was changed, less what is kept beside.
const PACKET: Bytes = Bytes(128 << 10);

/// How frames are sent.
pub trait Form: Debug + Sized + 'static {
    /// The name of the transport.
    const NAME: &'static str;
    /// The largest frame.
    const LARGEST: Bytes;
    /// Where frames go in.
    type Out: Clone + Debug + Send + Serialize + DeserializeOwned + 'static;
    /// Where they come out.
    type In: Debug + Send + Serialize + DeserializeOwned + 'static;
    /// One frame, received.
    type Message: Deref<Target = [u8]>;

    /// A channel.
    ///
    /// # Errors
    /// What the system says.
    fn channel() -> io::Result<(Self::Out, Self::In)>;

    /// Bytes of the packet in which a frame of `len` bytes is sent.
    fn packet(len: usize) -> usize;

    /// Sends.
    ///
    /// # Errors
    /// What the system says.
    fn send(out: &Self::Out, bytes: &[u8]) -> Result<(), IpcError>;

    /// Waits for the next.
    ///
    /// # Errors
    /// Where all senders are gone, or the system says so.
    fn recv(from: &Self::In) -> Result<Self::Message, IpcError>;

    /// The next if it is there.
    ///
    /// # Errors
    /// As [`Form::recv`], or that nothing is there.
    fn try_recv(from: &Self::In) -> Result<Self::Message, TryRecvError>;
}

/// What stands around a frame in its packet, at most.
const AROUND: usize = 64;

/// Slices of bytes.
#[derive(Debug)]
pub struct Slices;

impl Form for Slices {
    const NAME: &'static str = "ipc-channel";
    const LARGEST: Bytes = PACKET;
    type Out = IpcBytesSender;
    type In = IpcBytesReceiver;
    type Message = Vec<u8>;

    fn channel() -> io::Result<(Self::Out, Self::In)> {
        ipc::bytes_channel()
    }

    fn packet(len: usize) -> usize {
        len + AROUND
    }

    fn send(out: &Self::Out, bytes: &[u8]) -> Result<(), IpcError> {
        out.send(bytes).map_err(IpcError::Io)
    }

    fn recv(from: &Self::In) -> Result<Vec<u8>, IpcError> {
        from.recv()
    }

    fn try_recv(from: &Self::In) -> Result<Vec<u8>, TryRecvError> {
        from.try_recv()
    }
}

/// Values of a type, serialised.
#[derive(Debug)]
pub struct Values;

impl Form for Values {
    const NAME: &'static str = "ipc-channel-typed";
    const LARGEST: Bytes = PACKET;
    type Out = IpcSender<Vec<u8>>;
    type In = IpcReceiver<Vec<u8>>;
    type Message = Vec<u8>;

    fn channel() -> io::Result<(Self::Out, Self::In)> {
        ipc::channel()
    }

    fn packet(len: usize) -> usize {
        len + AROUND
    }

    fn send(out: &Self::Out, bytes: &[u8]) -> Result<(), IpcError> {
        out.send(bytes.to_vec())
    }

    fn recv(from: &Self::In) -> Result<Vec<u8>, IpcError> {
        from.recv()
    }

    fn try_recv(from: &Self::In) -> Result<Vec<u8>, TryRecvError> {
        from.try_recv()
    }
}

/// Shared memory, made for each frame.
#[derive(Debug)]
pub struct Memory;

impl Form for Memory {
    const NAME: &'static str = "ipc-channel-shm";
    const LARGEST: Bytes = Caps::LARGEST;
    type Out = IpcSender<IpcSharedMemory>;
    type In = IpcReceiver<IpcSharedMemory>;
    type Message = IpcSharedMemory;

    fn channel() -> io::Result<(Self::Out, Self::In)> {
        ipc::channel()
    }

    fn packet(_len: usize) -> usize {
        AROUND
    }

    fn send(out: &Self::Out, bytes: &[u8]) -> Result<(), IpcError> {
        out.send(IpcSharedMemory::from_bytes(bytes))
    }

    fn recv(from: &Self::In) -> Result<IpcSharedMemory, IpcError> {
        from.recv()
    }

    fn try_recv(from: &Self::In) -> Result<IpcSharedMemory, TryRecvError> {
        from.try_recv()
    }
}
