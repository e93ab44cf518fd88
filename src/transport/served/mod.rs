//! A queue in a process of its own, and halves that ask for every frame: what `store`
//! is made of.
//!
//! The server is this same program, started again, as children are. It has one socket
//! for each half and nothing else: a half travels by its socket.
//!
//! The process that opened a link waits for its server when it lets go of the last half
//! that stayed with it. So no server is left, and none is a zombie; but a half elsewhere
//! that goes on for longer than [`EXIT`] after that loses its server.

mod half;
mod line;
mod server;

pub(super) use half::{ServedRx, ServedTx};
pub(crate) use server::become_server;

use std::env;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use self::half::Asker;
use self::server::SERVER_VAR;
use crate::ground::{Bytes, Nanos};
use crate::link::driver::ThreadTimer;
use crate::link::{Kept, Link, LinkError, LinkSpec};

/// How long the server may take to be there.
const READY: Nanos = Nanos::from_secs(10);

/// How long the server may take to exit once the last half of this process is gone. It
/// exits once both halves are, wherever they live.
const EXIT: Duration = Duration::from_secs(1);

/// Starts a server, and makes both halves.
pub(super) fn open(spec: &LinkSpec) -> Result<Link<ServedTx, ServedRx>, LinkError> {
    if env::var_os(SERVER_VAR).is_some() {
        // This is what was to be the server. It must not start one in turn.
        let why = "has no server: this program does not call pipefit::init() first in its main";
        return Err(LinkError::Unsupported { what: "store".into(), why: why.into() });
    }
    let pair = || UnixStream::pair().map_err(cannot("make a pair of sockets"));
    let ((puts, their_puts), (takes, their_takes)) = (pair()?, pair()?);
    let server = ServerProcess::start(spec, their_puts.into(), their_takes.into())?;
    let server: Kept = Arc::new(server);
    let mut puts = Asker::new(puts.into(), spec, Some(Arc::clone(&server)))?;
    let mut takes = Asker::new(takes.into(), spec, Some(server))?;
    // This one first: a program that is no server may print something there.
    takes.greeted(&ThreadTimer, READY)?;
    puts.greeted(&ThreadTimer, READY)?;
    Ok(Link {
        tx: ServedTx::new(puts, spec.policy),
        rx: ServedRx::new(takes),
        granted: Some(Bytes(spec.slots() as u64 * spec.frame.0)),
    })
}

fn cannot(op: &'static str) -> impl Fn(io::Error) -> LinkError {
    move |source| LinkError::Os { op, source }
}

/// The server's process. Dropping it waits until it has exited, and kills it if that
/// takes too long: it is always reaped.
#[derive(Debug)]
struct ServerProcess {
    process: Child,
    pidfd: Option<OwnedFd>,
}

impl ServerProcess {
    fn start(spec: &LinkSpec, puts: OwnedFd, takes: OwnedFd) -> Result<Self, LinkError> {
        let spec = serde_json::to_string(spec).map_err(io::Error::from);
        let spec = spec.map_err(cannot("write down what a store is to be"))?;
        // Not the path: the file may have been built anew while we ran.
        let process = Command::new("/proc/self/exe")
            .arg0("pipefit-store")
            .env_clear()
            .env(SERVER_VAR, spec)
            .stdin(puts)
            .stdout(takes)
            // Ctrl-C is for us; it hears of it by our going.
            .process_group(0)
            .spawn()
            .map_err(cannot("start a store's server"))?;
        let pid = Pid::from_child(&process);
        let mut server = Self { process, pidfd: None };
        let pidfd = pidfd_open(pid, PidfdFlags::empty());
        server.pidfd = Some(pidfd.map_err(LinkError::os("watch a store's server"))?);
        Ok(server)
    }

    /// Waits until it has exited, for at most `patience`. It is reaped then.
    fn has_exited(&mut self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let timeout = Timespec::try_from(left).ok();
            // A signal may end this early.
            if let Some(pidfd) = &self.pidfd {
                let _ = poll(&mut [PollFd::new(pidfd, PollFlags::IN)], timeout.as_ref());
            }
            if matches!(self.process.try_wait(), Ok(Some(_))) {
                return true;
            }
            if left.is_zero() || self.pidfd.is_none() {
                return false;
            }
        }
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        if !self.has_exited(EXIT) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}
