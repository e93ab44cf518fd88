//! `ipc-channel`, `ipc-channel-typed` and `ipc-channel-shm`: three ways to use the crate
//! of that name.
//!
//! Slices of bytes as they are; `Vec<u8>` as a serialised value; and the bytes in shared
//! memory made for each frame, of which only the descriptor is sent.
//!
//! # What is added to it
//! The crate's sends and its receiving of bytes block for as long as they like, and so
//! does its one-shot server. Here every wait has an end:
//!
//! - A sender never begins a send that could block. It counts what is on its way, and
//!   the reader tells it, over a channel of its own, what has been read ([`toll`]).
//! - A reader that blocks is watched by a thread, which sends it a byte when its time is
//!   up, or when a third channel says that the sender is gone ([`watch`]).
//! - A thread waits at the one-shot server for a half that travelled. If none comes, its
//!   own process connects there to end it ([`meeting`]).
//!
//! A message must fit into one packet of the socket below: the crate cuts larger ones
//! up, and then a send does block until they are read.

mod form;
mod meeting;
mod rx;
mod toll;
mod tx;
mod watch;

use std::marker::PhantomData;

use ipc_channel::ipc::{self, IpcReceiver, IpcSender};
use serde::{Deserialize, Serialize};

use form::Form;
pub use form::{Memory, Slices, Values};
use rx::ChannelRx;
use toll::{Fare, Toll};
use tx::ChannelTx;

use crate::link::{Caps, Link, LinkError, LinkSpec, Place, Policy, Ticket, Transport};

/// See the module's documentation.
#[derive(Debug)]
pub struct IpcChannel<F>(PhantomData<fn() -> F>);

/// What a sender needs.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "")]
struct TxKit<F: Form> {
    to: F::Out,
    /// Never used: that it is there says that the sender is.
    life: IpcSender<()>,
    read: IpcReceiver<Toll>,
}

/// What a reader needs.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "")]
struct RxKit<F: Form> {
    from: F::In,
    /// To the same reader, for whoever must wake it.
    wake: F::Out,
    life: IpcReceiver<()>,
    read: IpcSender<Toll>,
}

fn kits<F: Form>() -> Result<(TxKit<F>, RxKit<F>), LinkError> {
    let failed = |source| LinkError::Os { op: "make an ipc-channel", source };
    let (to, from) = F::channel().map_err(failed)?;
    let (alive, life) = ipc::channel().map_err(failed)?;
    let (tell, told) = ipc::channel().map_err(failed)?;
    let rx = RxKit { from, wake: to.clone(), life, read: tell };
    Ok((TxKit { to, life: alive, read: told }, rx))
}

impl<F: Form> Transport for IpcChannel<F> {
    type Tx = ChannelTx<F>;
    type Rx = ChannelRx<F>;
    const NAME: &'static str = F::NAME;

    fn caps() -> Caps {
        Caps {
            place: Place::Process,
            policies: &[Policy::Block, Policy::DropNewest],
            waits: Caps::ANY_WAIT,
            zero_copy: false,
            batch: false,
            prompt: true,
            max_frame: F::LARGEST,
            excluded: None,
        }
    }

    fn open(spec: &LinkSpec) -> Result<Link<ChannelTx<F>, ChannelRx<F>>, LinkError> {
        let fare = Fare::of::<F>(spec)?;
        let (tx, rx) = kits()?;
        Ok(Link {
            tx: ChannelTx::new(tx, fare, spec),
            rx: ChannelRx::new(rx, fare, spec),
            granted: Some(fare.capacity()),
        })
    }

    fn tx_ticket(tx: ChannelTx<F>) -> Result<Ticket, LinkError> {
        meeting::ticket(tx.into_kit()?)
    }

    fn rx_ticket(rx: ChannelRx<F>) -> Result<Ticket, LinkError> {
        meeting::ticket(rx.into_kit()?)
    }

    fn tx_from(ticket: Ticket, spec: &LinkSpec) -> Result<ChannelTx<F>, LinkError> {
        Ok(ChannelTx::new(meeting::redeem(&ticket)?, Fare::of::<F>(spec)?, spec))
    }

    fn rx_from(ticket: Ticket, spec: &LinkSpec) -> Result<ChannelRx<F>, LinkError> {
        Ok(ChannelRx::new(meeting::redeem(&ticket)?, Fare::of::<F>(spec)?, spec))
    }
}

/// A half that has been used, or closed.
fn stays<F: Form>() -> LinkError {
    let why = "has been used or closed: it cannot travel any more".to_owned();
    LinkError::Unsupported { what: F::NAME.into(), why }
}
