//! A transport that pipefit does not know, and all that is needed to have the whole
//! tool around it: the transport itself, in [`mailbox`], and one line in [`enrol`].

pub mod mailbox;

pub use mailbox::Mailbox;

use pipefit::link::Roll;

/// Calls out the transports of this crate: to the tool's registry, to the
/// conformance suite, to whatever else collects transports.
pub fn enrol(roll: &mut impl Roll) {
    roll.on_threads::<Mailbox>();
}
