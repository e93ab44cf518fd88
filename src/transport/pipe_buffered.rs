//! `pipe-buffered`: a pipe whose writer does not flush. A known-bad control.
//!
//! It does what a program does that prints to a pipe without flushing: up to 8 KiB
//! are held back before anything is written, so what is on the screen is old by
//! `8 KiB ÷ (rate × frame)`, and a tail is lost if the program is killed. It is
//! kept so that everyone can see what that looks like, and to prove that the
//! metrics see it.

use super::pipe;
use super::stream::{self, Bare, StreamRx, StreamTx};
use crate::link::{Caps, Carrier, Link, LinkError, LinkSpec, Policy, Ticket, Transport};

/// See the module's documentation.
#[derive(Debug)]
pub struct PipeBuffered;

/// What stdio and Python hold back when their output is not a terminal.
const HOLD: usize = 8 << 10;

impl Transport for PipeBuffered {
    type Tx = StreamTx<Bare>;
    type Rx = StreamRx<Bare>;
    const NAME: &'static str = "pipe-buffered";

    fn caps() -> Caps {
        Caps { policies: &[Policy::Block], prompt: false, ..stream::CAPS }
    }

    fn open(spec: &LinkSpec) -> Result<Link<Self::Tx, Self::Rx>, LinkError> {
        let Link { tx, rx, granted } = pipe::open(spec)?;
        Ok(Link { tx: StreamTx::holding(tx, HOLD), rx, granted })
    }

    fn tx_ticket(tx: Self::Tx) -> Result<Ticket, LinkError> {
        pipe::tx_ticket(tx)
    }

    fn rx_ticket(rx: Self::Rx) -> Result<Ticket, LinkError> {
        Ok(Ticket::of(Carrier::Fd(rx.into_fd())))
    }

    fn tx_from(ticket: Ticket, spec: &LinkSpec) -> Result<Self::Tx, LinkError> {
        Ok(StreamTx::over(ticket.into_fd()?, spec)?.holding(HOLD))
    }

    fn rx_from(ticket: Ticket, spec: &LinkSpec) -> Result<Self::Rx, LinkError> {
        StreamRx::over(ticket.into_fd()?, spec)
    }
}
