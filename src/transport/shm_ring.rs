//! `shm-ring`: a ring in shared memory under a name (the `shared_memory` crate).
//!
//! Frames are written and read in place; see [`ring`](crate::memory::ring) for the
//! layout, and [`exchange`](crate::memory::exchange) for the one that serves policy
//! `overwrite-oldest`.
//!
//! Not withstood: a peer that makes the segment smaller while it is in use. The crate
//! gives no descriptor to seal, and the kernel ends with SIGBUS whoever touches what is
//! no longer there. `memfd-ring` withstands it.

use super::shared::{self, Shape, SharedRx, SharedTx, Source};
use crate::link::{Caps, Link, LinkError, LinkSpec, Policy, Ticket, Transport};

/// See the module's documentation.
#[derive(Debug)]
pub struct ShmRing;

impl Transport for ShmRing {
    type Tx = SharedTx;
    type Rx = SharedRx;
    const NAME: &'static str = "shm-ring";

    fn caps() -> Caps {
        shared::caps(Policy::ALL)
    }

    fn open(spec: &LinkSpec) -> Result<Link<SharedTx, SharedRx>, LinkError> {
        shared::open(Source::Named, Shape::queue(spec), spec)
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
