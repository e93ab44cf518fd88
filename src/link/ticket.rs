//! What turns a half into something that can travel to another process.

use std::fmt::Debug;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A half on its way to another process: a note in the transport's own words, and
/// whatever file descriptors it needs.
#[derive(Debug, Default)]
pub struct Ticket {
    /// A name, a size: whatever the transport wants to tell its other self.
    pub note: String,
    /// The descriptors that travel with it.
    pub carriers: Vec<Carrier>,
    /// What must stay until the ticket has been redeemed. It does not travel.
    pub kept: Option<Kept>,
}

/// Something that need only be there.
pub type Kept = Arc<dyn Debug + Send + Sync>;

/// How a descriptor reaches the child.
#[derive(Debug)]
pub enum Carrier {
    /// As the child's standard output. At most one ticket of a child can have it.
    Stdout(OwnedFd),
    /// Over the child's control socket.
    Fd(OwnedFd),
}

/// A ticket without its descriptors: what is written down of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TicketStub {
    note: String,
    /// For each carrier, whether it is the child's standard output.
    stdout: Vec<bool>,
}

impl TicketStub {
    /// The note, and for each carrier whether it is the child's standard output.
    pub(crate) fn into_parts(self) -> (String, Vec<bool>) {
        (self.note, self.stdout)
    }
}

impl Ticket {
    /// A ticket that is one descriptor and nothing else.
    #[must_use]
    pub fn of(carrier: Carrier) -> Self {
        Self { carriers: vec![carrier], ..Self::default() }
    }

    /// The single descriptor of a ticket made with [`Ticket::of`].
    ///
    /// # Errors
    /// [`LinkError::LayoutMismatch`](super::LinkError::LayoutMismatch) where there
    /// is none, or more than one.
    pub fn into_fd(self) -> Result<OwnedFd, super::LinkError> {
        let n = self.carriers.len();
        match self.carriers.into_iter().next() {
            Some(Carrier::Stdout(fd) | Carrier::Fd(fd)) if n == 1 => Ok(fd),
            _ => Err(super::LinkError::LayoutMismatch(format!(
                "a ticket with {n} descriptors where one was expected"
            ))),
        }
    }

    pub(crate) fn stub(&self) -> TicketStub {
        TicketStub {
            note: self.note.clone(),
            stdout: self.carriers.iter().map(|c| matches!(c, Carrier::Stdout(_))).collect(),
        }
    }
}
