//! `shm-latest`: a place in shared memory for the newest frame only.
//!
//! A triple buffer: neither side ever waits for the other or tries twice, and a reader
//! gets the newest frame there is, whole. What nobody read is displaced, and counted.
//! See [`exchange`](crate::memory::exchange).

use super::shared::{self, Shape, SharedRx, SharedTx, Source};
use crate::link::{Caps, Link, LinkError, LinkSpec, Policy, Ticket, Transport};

/// See the module's documentation.
#[derive(Debug)]
pub struct ShmLatest;

impl Transport for ShmLatest {
    type Tx = SharedTx;
    type Rx = SharedRx;
    const NAME: &'static str = "shm-latest";

    fn caps() -> Caps {
        shared::caps(&[Policy::OverwriteOldest])
    }

    fn open(spec: &LinkSpec) -> Result<Link<SharedTx, SharedRx>, LinkError> {
        shared::open(Source::Named, Shape::latest(spec), spec)
    }

    fn tx_ticket(tx: SharedTx) -> Result<Ticket, LinkError> {
        tx.ticket()
    }

    fn rx_ticket(rx: SharedRx) -> Result<Ticket, LinkError> {
        rx.ticket()
    }

    fn tx_from(ticket: Ticket, spec: &LinkSpec) -> Result<SharedTx, LinkError> {
        SharedTx::redeem(ticket, Shape::latest(spec), spec)
    }

    fn rx_from(ticket: Ticket, spec: &LinkSpec) -> Result<SharedRx, LinkError> {
        SharedRx::redeem(ticket, Shape::latest(spec), spec)
    }
}
