//! `pipe-buffered`: a pipe whose writer does not flush. A known-bad control.
//!
//! It does what a program does that prints to a pipe without flushing: up to 8 KiB
//! are held back before anything is written, so what is on the screen is old by
//! `8 KiB ÷ (rate × frame)`, and a tail is lost if the program is killed. It is
//! kept so that everyone can see what that looks like, and to prove that the
//! metrics see it.

use super::pipe::{self, PipeRx, PipeTx};
use crate::link::{Caps, Carrier, Link, LinkError, LinkSpec, Policy, Ticket, Transport};

/// See the module's documentation.
#[derive(Debug)]
pub struct PipeBuffered;

/// What stdio and Python hold back when their output is not a terminal.
const HOLD: usize = 8 << 10;

impl Transport for PipeBuffered {
    type Tx = PipeTx;
    type Rx = PipeRx;
    const NAME: &'static str = "pipe-buffered";

    fn caps() -> Caps {
        Caps { policies: &[Policy::Block], prompt: false, ..pipe::CAPS }
    }

    fn open(spec: &LinkSpec) -> Result<Link<PipeTx, PipeRx>, LinkError> {
        pipe::open(spec, HOLD)
    }

    fn tx_ticket(tx: PipeTx) -> Result<Ticket, LinkError> {
        pipe::tx_ticket(tx)
    }

    fn rx_ticket(rx: PipeRx) -> Result<Ticket, LinkError> {
        Ok(Ticket::of(Carrier::Fd(rx.into_fd())))
    }

    fn tx_from(ticket: Ticket, spec: &LinkSpec) -> Result<PipeTx, LinkError> {
        pipe::tx_over(ticket.into_fd()?, spec, HOLD)
    }

    fn rx_from(ticket: Ticket, spec: &LinkSpec) -> Result<PipeRx, LinkError> {
        pipe::rx_over(ticket.into_fd()?, spec)
    }
}
