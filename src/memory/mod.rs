//! Floor 1: memory that several threads or processes share.
//!
//! The only floor where `unsafe` may stand, and the only door to atomics ([`sync`]).
//! A [`Segment`] is mapped by two sides; a [`ring`] moves frames through it in order, an
//! [`exchange`] lets the newest ones displace the oldest; a side that has nothing to do
//! dozes at a doorbell; a [`Lifeline`] tells it when the other side is gone.
//!
//! Nothing that is read from a segment is trusted: the peer is another process. What a
//! reader can rely on is said in [`ring`] and [`exchange`].

#![expect(unsafe_code, reason = "no compiler can see what another process does with a mapping")]

pub(crate) mod doorbell;
pub mod exchange;
mod fault;
pub mod layout;
mod lifeline;
#[cfg(feature = "iceoryx2")]
pub mod loan;
mod lodging;
#[cfg(feature = "iceoryx2")]
mod page;
pub mod raw;
mod region;
pub mod ring;
mod segment;
pub mod sync;

pub use fault::Fault;
pub use lifeline::Lifeline;
pub use lodging::Lodging;
#[cfg(feature = "iceoryx2")]
pub use page::Page;
pub use region::Mapped;
pub use segment::{Half, Segment, SegmentError, Stale};

/// Everything in /dev/shm that is a link's and whose maker is gone. What comes from
/// another container, or does not tell its maker, is left alone.
#[must_use]
pub fn stale() -> Vec<Stale> {
    [segment::stale(), lodging::stale()].concat()
}

/// Removes it; gives what is gone now.
pub fn sweep() -> Vec<Stale> {
    [segment::sweep(), lodging::sweep()].concat()
}
