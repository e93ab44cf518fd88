//! `iceoryx2`: publish and subscribe on slices, by the library of that name.
//!
//! Frames are written and read in place, in samples that the publisher lends and the
//! subscriber gives back. There are as many of them as fit into the link's capacity, at
//! least two. A full link is one that has no sample left to lend.
//!
//! How a half waits decides how the library is used: by polling (spin, yield), or by its
//! events (block; adaptive, after a spin). An event is only sent to a half that has said,
//! on a page beside the link, that it sleeps: while both are awake none is. No event is
//! lost, as the [`doorbell`](crate::memory) shows; where one comes late all the same, a
//! half looks again every 50 ms, and asks the kernel whether the other is still there.
//!
//! Policy `overwrite-oldest` is not claimed. The library has it (safe overflow), but does
//! not tell the sender what was displaced, and here every loss is counted.
//!
//! # What it leaves
//! Each link has names, and a folder, of its own in /dev/shm: see
//! [`Lodging`](crate::memory::Lodging). The half that goes last removes them. If both are
//! killed, the next run does, or `pipefit doctor --fix`.
//!
//! # Not promised
//! The library panics where it finds its own memory corrupt, and it takes part in no
//! checks of what the other side wrote. It must be trusted, and so must the other side.

mod end;
mod ports;
mod rx;
mod tx;

use crate::ground::Bytes;
use crate::link::{Caps, Link, LinkError, LinkSpec, Place, Policy, Ticket, Transport};
use crate::memory::{Half, Lifeline, Lodging, Page};

use end::End;
use rx::IceoryxRx;
use tx::IceoryxTx;

/// See the module's documentation.
#[derive(Debug)]
pub struct Iceoryx2;

/// Samples of a link: enough to write one while another is read.
fn samples(spec: &LinkSpec) -> usize {
    spec.slots().max(2)
}

impl Transport for Iceoryx2 {
    type Tx = IceoryxTx;
    type Rx = IceoryxRx;
    const NAME: &'static str = "iceoryx2";

    fn caps() -> Caps {
        Caps {
            place: Place::Process,
            policies: &[Policy::Block, Policy::DropNewest],
            waits: Caps::ANY_WAIT,
            zero_copy: true,
            batch: false,
            prompt: true,
            max_frame: Caps::LARGEST,
            excluded: None,
        }
    }

    fn open(spec: &LinkSpec) -> Result<Link<IceoryxTx, IceoryxRx>, LinkError> {
        let granted = Bytes(samples(spec) as u64 * spec.frame.0);
        let lodging = Lodging::create(granted.0)?;
        let both = || {
            let page = Page::create()?;
            let (a, b) = Lifeline::pair().map_err(LinkError::os("make a lifeline"))?;
            let tx = End::new(Half::Tx, lodging.clone(), page.clone(), a, spec)?;
            let rx = End::new(Half::Rx, lodging.clone(), page, b, spec)?;
            // The sender first: the reader meets it at once.
            let tx = IceoryxTx::new(tx, spec)?;
            Ok(Link { tx, rx: IceoryxRx::new(rx, spec)?, granted: Some(granted) })
        };
        both().inspect_err(|_: &LinkError| {
            lodging.clear();
        })
    }

    fn tx_ticket(tx: IceoryxTx) -> Result<Ticket, LinkError> {
        tx.ticket()
    }

    fn rx_ticket(rx: IceoryxRx) -> Result<Ticket, LinkError> {
        rx.ticket()
    }

    fn tx_from(ticket: Ticket, spec: &LinkSpec) -> Result<IceoryxTx, LinkError> {
        IceoryxTx::new(End::redeem(ticket, Half::Tx, spec)?, spec)
    }

    fn rx_from(ticket: Ticket, spec: &LinkSpec) -> Result<IceoryxRx, LinkError> {
        IceoryxRx::new(End::redeem(ticket, Half::Rx, spec)?, spec)
    }
}

/// A half that has been used, or closed.
fn stays() -> LinkError {
    let why = "has been used or closed: it cannot travel any more".to_owned();
    LinkError::Unsupported { what: Iceoryx2::NAME.into(), why }
}
