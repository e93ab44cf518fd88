//! `zenoh`: frames as messages of a distributed engine, over TCP.
//!
//! On one host, the reading half listens at a port of its own on the loopback, and the
//! sending half connects to exactly that one. Between hosts ([`Node`]), one session on
//! each side carries all links of a run, and a connection that breaks is made anew.
//! Nobody is looked for: no multicast, no gossip. What is used of the engine is reliable
//! publication between two peers; see <https://zenoh.io/docs/> for the engine itself.
//!
//! # What is added to it
//! A publication of the engine's blocks when its batches are taken, and after a while
//! closes the connection. So a sender never begins one that could: the reader tells it what
//! has been read (`credit.rs`), and no more is on its way than the batches hold.
//!
//! # What it does not promise
//! Frames that were on their way when a connection broke are lost, and counted as such.
//! The engine allocates for every message, and its threads share the processors with the
//! halves. What is sent is neither encrypted nor authenticated.

mod credit;
mod desk;
mod node;
mod presence;
mod rx;
mod talk;
mod tx;

use std::process;
use std::sync::Arc;

pub use node::Node;
pub use rx::ZenohRx;
pub use talk::{Said, Talk};
pub use tx::ZenohTx;

use credit::Room;
use desk::{Access, Way};

use crate::ground::Nanos;
use crate::link::{Caps, Link, LinkError, LinkSpec, Place, Policy, Ticket, Transport};

/// See the module's documentation.
#[derive(Debug)]
pub struct Zenoh;

impl Transport for Zenoh {
    type Tx = ZenohTx;
    type Rx = ZenohRx;
    const NAME: &'static str = "zenoh";

    fn caps() -> Caps {
        Caps {
            place: Place::Process,
            policies: &[Policy::Block, Policy::DropNewest],
            waits: Caps::ANY_WAIT,
            zero_copy: false,
            batch: false,
            prompt: true,
            max_frame: credit::LARGEST,
            excluded: None,
        }
    }

    fn open(spec: &LinkSpec) -> Result<Link<ZenohTx, ZenohRx>, LinkError> {
        let (node, endpoint) = Node::listen_here()?;
        let way = Way::own(endpoint, format!("pipefit/{}", process::id()));
        let tx = ZenohTx::new(way.clone(), spec);
        let rx = ZenohRx::new(Arc::new(node), way, spec)?;
        Ok(Link { tx, rx, granted: Some(granted(spec)) })
    }

    fn tx_ticket(tx: ZenohTx) -> Result<Ticket, LinkError> {
        tx.ticket()
    }

    fn rx_ticket(rx: ZenohRx) -> Result<Ticket, LinkError> {
        rx.ticket()
    }

    fn tx_from(ticket: Ticket, spec: &LinkSpec) -> Result<ZenohTx, LinkError> {
        ZenohTx::redeem(&ticket, spec)
    }

    fn rx_from(ticket: Ticket, spec: &LinkSpec) -> Result<ZenohRx, LinkError> {
        ZenohRx::redeem(&ticket, spec)
    }
}

/// What is granted of a queue's capacity.
#[must_use]
pub fn granted(spec: &LinkSpec) -> crate::ground::Bytes {
    Room::of(spec).bytes()
}

fn shared(node: &Arc<Node>, key: &str, grace: Nanos) -> Way {
    Way { access: Access::Shared(Arc::clone(node)), key: key.into(), grace }
}

/// A sending half over a session that both hosts have; the other half has the same key,
/// and may be away for `grace`.
#[must_use]
pub fn tx_over(node: &Arc<Node>, key: &str, grace: Nanos, spec: &LinkSpec) -> ZenohTx {
    let mut tx = ZenohTx::new(shared(node, key, grace), spec);
    tx.settle();
    tx
}

/// The reading half of [`tx_over`].
///
/// # Errors
/// Where the session is closed.
pub fn rx_over(
    node: &Arc<Node>,
    key: &str,
    grace: Nanos,
    spec: &LinkSpec,
) -> Result<ZenohRx, LinkError> {
    ZenohRx::new(Arc::clone(node), shared(node, key, grace), spec)
}

/// A half that has been used, or closed.
fn stays() -> LinkError {
    let why = "has been used or closed: it cannot travel any more".to_owned();
    LinkError::Unsupported { what: Zenoh::NAME.into(), why }
}
