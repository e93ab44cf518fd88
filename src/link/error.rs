//! The accidents of real life, one enum per operation.

use std::io;

use crate::ground::Bytes;
use crate::memory::{Fault, SegmentError};

/// A link could not be opened, or a half could not travel.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The transport's capabilities exclude it.
    #[error("{what} {why}")]
    Unsupported {
        /// Who cannot.
        what: String,
        /// What, and why.
        why: String,
    },
    /// Something of that name is there already.
    #[error("{0} exists already; another run may be using it")]
    AlreadyExists(String),
    /// Nothing of that name is there.
    #[error("{0} is not there (any more)")]
    NotFound(String),
    /// The other side speaks another version, or this is not its link.
    #[error("the other side of the link is laid out differently: {0}")]
    LayoutMismatch(String),
    /// The other side was not ready in time.
    #[error("the other side was not ready within {0:?}")]
    NotReady(std::time::Duration),
    /// The half is in use already.
    #[error("{half} is taken by process {pid}")]
    PeerTaken {
        /// Which half.
        half: &'static str,
        /// Who has it.
        pid: u64,
    },
    /// There is not as much memory.
    #[error(
        "{} of shared memory do not fit into {place}: {source} (free some, or ask for less with --capacity or --size)",
        .wanted.about()
    )]
    NoSpace {
        /// Bytes asked for.
        wanted: Bytes,
        /// Where.
        place: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The operating system refused.
    #[error("{op}: {source}")]
    Os {
        /// What was being done.
        op: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl From<SegmentError> for LinkError {
    fn from(error: SegmentError) -> Self {
        match error {
            SegmentError::AlreadyExists(name) => Self::AlreadyExists(name),
            SegmentError::NotFound(name) => Self::NotFound(name),
            SegmentError::LayoutMismatch(how) => Self::LayoutMismatch(how),
            SegmentError::Taken { half, pid } => Self::PeerTaken { half, pid },
            SegmentError::NoSpace { wanted, place, source } => {
                Self::NoSpace { wanted, place, source }
            }
            SegmentError::Os { op, source } => Self::Os { op, source },
        }
    }
}

impl LinkError {
    /// A half that cannot leave its process.
    #[must_use]
    pub fn stays_local(name: &str) -> Self {
        Self::Unsupported { what: name.into(), why: "keeps both halves in one process".into() }
    }

    /// The operating system's refusal of `op`.
    pub fn os(op: &'static str) -> impl FnOnce(rustix::io::Errno) -> Self {
        move |errno| Self::Os { op, source: errno.into() }
    }
}

/// A frame could not be sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Nobody will read it.
    #[error("the reader has gone")]
    Closed,
    /// No room came in time.
    #[error("no room came in time: the reader has stopped reading")]
    TimedOut,
    /// It is larger than the link was opened for.
    #[error("a frame of {len} bytes is larger than the link's {max}")]
    TooLarge {
        /// Bytes of the frame.
        len: usize,
        /// Bytes there is room for.
        max: usize,
    },
    /// The link itself holds impossible values; nothing more is sent.
    #[error("the link is corrupt: {0}")]
    Corrupt(String),
    /// The operating system refused.
    #[error("{op}: {source}")]
    Os {
        /// What was being done.
        op: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl From<Fault> for SendError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::TooLarge { len, max } => Self::TooLarge { len, max },
            Fault::Corrupt(what) => Self::Corrupt(what.into()),
        }
    }
}

impl From<Fault> for RecvError {
    fn from(fault: Fault) -> Self {
        Self::Corrupt(fault.to_string())
    }
}

/// A frame could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RecvError {
    /// Nothing is there now.
    #[error("nothing to read now")]
    Empty,
    /// Nothing came in time.
    #[error("nothing came in time")]
    TimedOut,
    /// The sender has gone and everything it sent was read.
    #[error("the sender has closed the link")]
    Closed,
    /// Bytes were skipped to find the next frame.
    #[error("{skipped} bytes belonged to no frame and were skipped")]
    Torn {
        /// Bytes skipped.
        skipped: usize,
    },
    /// The link itself holds impossible values; it is not read any further.
    #[error("the link is corrupt: {0}")]
    Corrupt(String),
    /// The operating system refused.
    #[error("{op}: {source}")]
    Os {
        /// What was being done.
        op: &'static str,
        /// What the system said.
        source: io::Error,
    },
}
