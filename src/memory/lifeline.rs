//! Knowing that the other side is gone, from the kernel and not from its silence.
//!
//! Each half holds one end of a socket pair on which nothing is ever sent. However a
//! process ends, the kernel closes its end, and the other one sees it: no pid that may
//! have been used again, no heartbeat that a busy machine delays.

use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, Shutdown, SocketFlags, SocketType, shutdown, socketpair};

/// One end.
#[derive(Debug)]
pub struct Lifeline(OwnedFd);

impl Lifeline {
    /// Both ends.
    ///
    /// # Errors
    /// What the system said.
    pub fn pair() -> Result<(Self, Self), Errno> {
        let (a, b) =
            socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        Ok((Self(a), Self(b)))
    }

    /// Lets the other side know that this one is going, and says whether the other has
    /// gone before, or goes within that time. Of two that go at once, at least one is
    /// told so.
    #[must_use]
    pub fn let_go(&self, patience: Duration) -> bool {
        // What cannot be shut down is cut.
        let _ = shutdown(&self.0, Shutdown::Write);
        self.is_cut_within(patience)
    }

    /// Whether the other end is gone. Asks the kernel; does not wait.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.is_cut_within(Duration::ZERO)
    }

    /// Whether the other end goes within that time.
    #[must_use]
    pub fn is_cut_within(&self, patience: Duration) -> bool {
        let timeout = Timespec::try_from(patience).ok();
        let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
        // Whatever happens to it is the other end's going: nothing is ever sent.
        poll(&mut fds, timeout.as_ref()).is_ok_and(|n| n > 0)
    }
}

impl From<OwnedFd> for Lifeline {
    fn from(fd: OwnedFd) -> Self {
        Self(fd)
    }
}

impl From<Lifeline> for OwnedFd {
    fn from(end: Lifeline) -> Self {
        end.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_goes_last_is_told() {
        let (a, b) = Lifeline::pair().unwrap();
        assert!(!a.is_cut() && !b.is_cut());
        assert!(!a.let_go(Duration::ZERO));
        assert!(b.is_cut() && !a.is_cut());
        assert!(b.let_go(Duration::ZERO));
        assert!(a.is_cut());
    }
}
