//! What the transports over shared memory have in common: which layout serves which
//! policy, how halves travel, and how a half waits and learns that the other is gone.

mod rx;
mod tx;
mod vigil;

pub(super) use rx::SharedRx;
pub(super) use tx::SharedTx;
pub(super) use vigil::{Found, Vigil};

use std::os::fd::OwnedFd;
use std::sync::Arc;

use crate::ground::{Bytes, Nanos};
use crate::link::{Caps, Carrier, Link, LinkError, LinkSpec, Place, Policy, Ticket, Wait, Waiting};
use crate::memory::layout::Geometry;
use crate::memory::{Half, Lifeline, Segment, exchange, ring};

/// A blocking half spins for so long before it asks the kernel to wake it: with what
/// one round of attempts takes, at most a microsecond.
pub(super) const SHORT_SPIN: Nanos = Nanos(800);

/// What any transport over shared memory can do, policies apart.
pub(super) const fn caps(policies: &'static [Policy]) -> Caps {
    Caps {
        place: Place::Process,
        policies,
        waits: Caps::ANY_WAIT,
        zero_copy: true,
        batch: true,
        prompt: true,
        max_frame: Caps::LARGEST,
        excluded: None,
    }
}

/// Where segments come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The `shared_memory` crate, under a name.
    Named,
    /// A sealed memfd.
    Sealed,
}

/// What a segment is laid out as.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    Ring(ring::Shape),
    Exchange(exchange::Shape),
}

impl Shape {
    /// A queue as in `spec`.
    pub(super) fn queue(spec: &LinkSpec) -> Self {
        let (frame, bells) = (spec.frame.as_usize(), has_bells(spec));
        match spec.policy {
            Policy::OverwriteOldest => {
                Self::Exchange(exchange::Shape::new(spec.slots(), frame, bells))
            }
            Policy::Block | Policy::DropNewest => {
                Self::Ring(ring::Shape::new(spec.capacity.as_usize(), frame, bells))
            }
        }
    }

    /// A place for one frame.
    pub(super) fn latest(spec: &LinkSpec) -> Self {
        Self::Exchange(exchange::Shape::new(1, spec.frame.as_usize(), has_bells(spec)))
    }

    const fn geometry(&self) -> Geometry {
        match self {
            Self::Ring(shape) => shape.geometry(),
            Self::Exchange(shape) => shape.geometry(),
        }
    }

    const fn granted(&self) -> Bytes {
        Bytes(match self {
            Self::Ring(shape) => shape.capacity() as u64,
            Self::Exchange(shape) => shape.capacity() as u64,
        })
    }
}

/// Whether a half may sleep, and has to be woken.
pub(super) const fn has_bells(spec: &LinkSpec) -> bool {
    matches!(spec.wait, Wait::Block | Wait::Adaptive)
}

/// Makes a segment and both its halves.
pub(super) fn open(
    source: Source,
    shape: Shape,
    spec: &LinkSpec,
) -> Result<Link<SharedTx, SharedRx>, LinkError> {
    let geometry = shape.geometry();
    let segment = match source {
        Source::Named => Segment::named(&geometry)?,
        Source::Sealed => Segment::sealed(&geometry)?,
    };
    if let Shape::Exchange(shape) = &shape {
        exchange::prepare(&segment.region(), shape, 0);
    }
    let (a, b) = Lifeline::pair().map_err(LinkError::os("make a lifeline"))?;
    let tx = End::take(Arc::clone(&segment), Half::Tx, a, spec)?;
    let rx = End::take(segment, Half::Rx, b, spec)?;
    Ok(Link {
        tx: SharedTx::new(tx, shape, 0, spec.policy),
        rx: SharedRx::new(rx, shape, 0),
        granted: Some(shape.granted()),
    })
}

/// One half's hold on a segment, and on the other half.
#[derive(Debug)]
struct End {
    segment: Arc<Segment>,
    half: Half,
    vigil: Vigil,
}

impl End {
    fn take(
        segment: Arc<Segment>,
        half: Half,
        lifeline: Lifeline,
        spec: &LinkSpec,
    ) -> Result<Self, LinkError> {
        segment.take(half)?;
        let waiting = Waiting::of(spec).after_spinning(SHORT_SPIN);
        Ok(Self { segment, half, vigil: Vigil::new(lifeline, waiting) })
    }

    /// A ticket to a half that has come as far as `at`; `None` where it cannot travel
    /// any more.
    fn ticket(end: Option<Self>, at: Option<u64>) -> Result<Ticket, LinkError> {
        let (Some(end), Some(at)) = (end, at) else {
            let why = "has been used or closed: it cannot travel any more".to_owned();
            return Err(LinkError::Unsupported { what: "this half".into(), why });
        };
        end.segment.give_back(end.half);
        let mut carriers = vec![Carrier::Fd(end.vigil.into())];
        if let Some(fd) = end.segment.fd() {
            let copy = fd.try_clone_to_owned();
            let failed = |source| LinkError::Os { op: "copy a segment's descriptor", source };
            carriers.push(Carrier::Fd(copy.map_err(failed)?));
        }
        let name = end.segment.name().unwrap_or_default();
        Ok(Ticket { note: format!("{at} {name}"), carriers, kept: Some(end.segment) })
    }

    /// What a ticket is for, and how far that half has come.
    fn redeem(
        ticket: Ticket,
        half: Half,
        shape: &Shape,
        spec: &LinkSpec,
    ) -> Result<(Self, u64), LinkError> {
        let odd = || LinkError::LayoutMismatch(format!("a ticket that says '{}'", ticket.note));
        let (at, name) = ticket.note.split_once(' ').ok_or_else(odd)?;
        let at = at.parse().ok().filter(|at| at % 8 == 0).ok_or_else(odd)?;
        let mut fds = ticket.carriers.into_iter().map(|c| match c {
            Carrier::Fd(fd) | Carrier::Stdout(fd) => fd,
        });
        let missing = || LinkError::LayoutMismatch("a ticket without its descriptors".into());
        let lifeline: OwnedFd = fds.next().ok_or_else(missing)?;
        let geometry = shape.geometry();
        let segment = if name.is_empty() {
            Segment::open_sealed(fds.next().ok_or_else(missing)?, &geometry)?
        } else {
            Segment::open_named(name, &geometry)?
        };
        let end = Self::take(segment, half, lifeline.into(), spec)?;
        if end.segment.is_complete() {
            end.segment.forget_name();
        }
        Ok((end, at))
    }
}
