//! Floor 3: ways to move frames, one file each. This file is their registry.
//!
//! A transport knows the contract and nothing else: no role, no scenario.

mod call;
mod coroutine;
mod crossbeam;
pub mod exec;
#[cfg(feature = "iceoryx2")]
mod iceoryx;
mod ipc_channel;
mod memfd_ring;
mod null;
mod pipe;
mod pipe_buffered;
mod pipe_text;
mod rounds;
mod rtrb;
pub mod scripted;
mod served;
mod shared;
mod shm_latest;
mod shm_ring;
mod store;
mod stream;
mod task;
mod thread;
mod unix_seqpacket;
mod unix_stream;
#[cfg(feature = "zenoh")]
pub mod zenoh;

pub use call::Call;
pub use coroutine::Coroutine;
pub use crossbeam::Crossbeam;
#[cfg(feature = "iceoryx2")]
pub use iceoryx::Iceoryx2;
pub use ipc_channel::{IpcChannel, Memory, Slices, Values};
pub use memfd_ring::MemfdRing;
pub use null::Null;
pub use pipe::Pipe;
pub use pipe_buffered::PipeBuffered;
pub use pipe_text::PipeText;
// The crate has the same name as the module.
pub use self::rtrb::Rtrb;
#[cfg(feature = "zenoh")]
pub use self::zenoh::Zenoh;
pub use scripted::Scripted;
pub use shm_latest::ShmLatest;
pub use shm_ring::ShmRing;
pub use store::Store;
pub use task::Task;
pub use thread::Thread;
pub use unix_seqpacket::UnixSeqpacket;
pub use unix_stream::UnixStream;

pub(crate) use served::become_server;

use crate::link::Roll;

/// Calls out every built-in transport, in the order in which reports show them.
pub fn enrol(roll: &mut impl Roll) {
    roll.unmounted::<Null>();
    roll.unmounted::<Scripted>();
    roll.on_loop::<Call>();
    roll.on_loop::<Coroutine>();
    roll.on_tokio::<Task>();
    roll.on_threads::<Thread>();
    roll.on_threads::<Crossbeam>();
    roll.on_threads::<Rtrb>();
    roll.on_processes::<Pipe>();
    roll.on_processes::<PipeText>();
    roll.on_processes::<PipeBuffered>();
    roll.on_processes::<UnixStream>();
    roll.on_processes::<UnixSeqpacket>();
    roll.on_processes::<IpcChannel<Slices>>();
    roll.on_processes::<IpcChannel<Values>>();
    roll.on_processes::<IpcChannel<Memory>>();
    roll.on_processes::<ShmRing>();
    roll.on_processes::<MemfdRing>();
    roll.on_processes::<ShmLatest>();
    roll.on_processes::<Store>();
    #[cfg(feature = "iceoryx2")]
    roll.on_processes::<Iceoryx2>();
    #[cfg(feature = "zenoh")]
    roll.on_processes::<Zenoh>();
}
