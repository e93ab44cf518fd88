//! What subjects are held against: yardsticks and peers, each as the smallest transport
//! that can be. They only ever carry frames of one size, they trust the other side, and
//! they leave out what the bench does not ask for: good enough to be measured, not to
//! be used.

mod line;
mod rtrb;
mod slots;
mod stream;

use pipefit::link::{Caps, Carrier, LinkError, Place, Policy, Roll, Ticket};
use pipefit::memory::Segment;

/// What they all can do.
pub(crate) const fn caps(place: Place) -> Caps {
    Caps {
        place,
        policies: &[Policy::Block],
        waits: Caps::ANY_WAIT,
        zero_copy: false,
        batch: false,
        prompt: true,
        max_frame: Caps::LARGEST,
        excluded: None,
    }
}

/// An error of somebody else's library.
pub(crate) fn odd(op: &'static str) -> impl FnOnce(std::io::Error) -> LinkError {
    move |source| LinkError::Os { op, source }
}

/// A ticket to either half over a sealed segment.
pub(crate) fn ticket(segment: &Segment) -> Result<Ticket, LinkError> {
    let fd = segment.fd().ok_or_else(|| LinkError::NotFound("the memfd".into()))?;
    let copy = fd.try_clone_to_owned().map_err(odd("copy a descriptor"))?;
    Ok(Ticket::of(Carrier::Fd(copy)))
}

/// Calls them all out.
pub(crate) fn enrol(roll: &mut impl Roll) {
    roll.on_processes::<line::Line>();
    roll.on_processes::<slots::Raw<slots::Packed>>();
    roll.on_processes::<slots::Raw<slots::Aligned>>();
    roll.on_threads::<rtrb::Items<8>>();
    roll.on_threads::<rtrb::Items<64>>();
    roll.on_threads::<rtrb::Chunks<8>>();
    roll.on_threads::<rtrb::Chunks<64>>();
    roll.on_processes::<stream::Pipe>();
    roll.on_processes::<stream::Unix>();
}
