//! `store`: a queue in a server process, which both halves ask for every frame. A
//! known-slow control.
//!
//! It does what a list of Python's `multiprocessing.Manager` does: a third process keeps
//! the frames, and whoever wants to add one or to have one sends a request over a socket
//! and waits for the answer (see the Python manual, `multiprocessing`, "Server process").
//! A frame is copied four times and wakes the server twice. The server holds an answer
//! back until there is room, or a frame, or the time is up; a reader that drains asks
//! once per frame, and once more to hear that none is left.
//!
//! A half waits for the *server* as it is told to; the server itself always sleeps until
//! it is asked. It runs on whatever processor is free: it is not pinned. What memory and
//! processor time it takes is not in the figures.
//!
//! Not withstood: the server's death. What it kept is lost, and both halves say so.

use super::served::{self, ServedRx, ServedTx};
use crate::link::{Caps, Link, LinkError, LinkSpec, Place, Policy, Ticket, Transport};

/// See the module's documentation.
#[derive(Debug)]
pub struct Store;

impl Transport for Store {
    type Tx = ServedTx;
    type Rx = ServedRx;
    const NAME: &'static str = "store";

    fn caps() -> Caps {
        Caps {
            place: Place::Process,
            policies: Policy::ALL,
            waits: Caps::ANY_WAIT,
            zero_copy: false,
            batch: false,
            prompt: true,
            max_frame: Caps::LARGEST,
            excluded: None,
        }
    }

    fn open(spec: &LinkSpec) -> Result<Link<ServedTx, ServedRx>, LinkError> {
        served::open(spec)
    }

    fn tx_ticket(tx: ServedTx) -> Result<Ticket, LinkError> {
        tx.ticket()
    }

    fn rx_ticket(rx: ServedRx) -> Result<Ticket, LinkError> {
        rx.ticket()
    }

    fn tx_from(ticket: Ticket, spec: &LinkSpec) -> Result<ServedTx, LinkError> {
        ServedTx::redeem(ticket, spec)
    }

    fn rx_from(ticket: Ticket, spec: &LinkSpec) -> Result<ServedRx, LinkError> {
        ServedRx::redeem(ticket, spec)
    }
}
