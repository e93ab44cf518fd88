//! `memfd-ring`: the same ring in a sealed memfd, handed on as a descriptor (Linux).
//!
//! It has no name, so nothing can be left behind, and it cannot be made smaller, so no
//! peer can take the memory away from under a reader.

use super::shared::{self, Shape, SharedRx, SharedTx, Source};
use crate::link::{Caps, Link, LinkError, LinkSpec, Policy, Ticket, Transport};

/// See the module's documentation.
#[derive(Debug)]
pub struct MemfdRing;

impl Transport for MemfdRing {
    type Tx = SharedTx;
    type Rx = SharedRx;
    const NAME: &'static str = "memfd-ring";

    fn caps() -> Caps {
        shared::caps(Policy::ALL)
    }

    fn open(spec: &LinkSpec) -> Result<Link<SharedTx, SharedRx>, LinkError> {
        shared::open(Source::Sealed, Shape::queue(spec), spec)
    }

    fn tx_ticket(tx: SharedTx) -> Result<Ticket, LinkError> {
        tx.ticket()
    }

    fn rx_ticket(rx: SharedRx) -> Result<Ticket, LinkError> {
        rx.ticket()
    }

    fn tx_from(ticket: Ticket, spec: &LinkSpec) -> Result<SharedTx, LinkError> {
        SharedTx::redeem(ticket, Shape::queue(spec), spec)
    }

    fn rx_from(ticket: Ticket, spec: &LinkSpec) -> Result<SharedRx, LinkError> {
        SharedRx::redeem(ticket, Shape::queue(spec), spec)
    }
}
