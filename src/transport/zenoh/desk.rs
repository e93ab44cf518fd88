//! What a half at work has of the engine: a key it speaks on, a key it hears, and word of
//! whether anybody listens.

use std::sync::Arc;
use std::time::Duration;

use ::zenoh::Wait as _;
use ::zenoh::matching::MatchingListener;
use ::zenoh::pubsub::{Publisher, Subscriber};
use ::zenoh::qos::CongestionControl;
use ::zenoh::sample::Sample;
use crossbeam_channel::Sender;
use serde::{Deserialize, Serialize};

use super::node::Node;
use crate::ground::Nanos;
use crate::link::{LinkError, Ticket};

/// Where the other half is.
#[derive(Clone, Debug)]
pub(super) enum Access {
    /// Behind an endpoint on this host, with a session for each half.
    Own(String),
    /// Behind a session that others use, too.
    Shared(Arc<Node>),
}

/// How a half finds the other one.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) access: Access,
    pub(super) key: String,
    /// How long the other half may be away.
    pub(super) grace: Nanos,
}

/// What travels of a way.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    endpoint: String,
    key: String,
}

impl Way {
    /// On this host. Whoever is away here is gone.
    pub(super) fn own(endpoint: String, key: String) -> Self {
        Self { access: Access::Own(endpoint), key, grace: Nanos(0) }
    }

    /// Makes a half travel that has not been used.
    pub(super) fn ticket(self) -> Result<Ticket, LinkError> {
        let Access::Own(endpoint) = self.access else {
            return Err(LinkError::stays_local("a half over a session that others use"));
        };
        let note = serde_json::to_string(&Note { endpoint, key: self.key });
        let note = note.map_err(|e| LinkError::LayoutMismatch(e.to_string()))?;
        Ok(Ticket { note, ..Ticket::default() })
    }

    /// What a ticket is for.
    pub(super) fn redeem(ticket: &Ticket) -> Result<Self, LinkError> {
        let note: Note = serde_json::from_str(&ticket.note)
            .map_err(|e| LinkError::LayoutMismatch(format!("no ticket to zenoh: {e}")))?;
        Ok(Self::own(note.endpoint, note.key))
    }

    /// The session, where it is a shared one, or one that has joined the other half.
    pub(super) fn join(&self, patience: Duration) -> Result<Arc<Node>, LinkError> {
        match &self.access {
            Access::Own(endpoint) => Ok(Arc::new(Node::join(endpoint, patience)?)),
            Access::Shared(node) => Ok(Arc::clone(node)),
        }
    }
}

/// A half's place. What it hears arrives on a thread of the engine, which must not wait.
#[derive(Debug)]
pub(super) struct Desk {
    // Fields are dropped from the first to the last: the session is closed at the end.
    _matching: MatchingListener<()>,
    _heard: Subscriber<()>,
    publisher: Arc<Publisher<'static>>,
    _node: Arc<Node>,
}

impl Desk {
    /// Sits down to speak on one key and hear another. `hear` has the publisher, so that it
    /// can answer; `present` is told who listens, now and whenever that changes.
    pub(super) fn new<M: Send + 'static>(
        node: Arc<Node>,
        speak: String,
        hear: String,
        present: (Sender<M>, fn(bool) -> M),
        heard: impl Fn(&Publisher<'static>, Sample) + Send + Sync + 'static,
    ) -> Result<Self, LinkError> {
        let failed = |what: &'static str| {
            move |why: ::zenoh::Error| LinkError::NotFound(format!("zenoh's {what} ({why})"))
        };
        let session = &node.session;
        let publisher = session
            .declare_publisher(speak)
            .congestion_control(CongestionControl::Block)
            .wait()
            .map_err(failed("publisher"))?;
        let publisher = Arc::new(publisher);
        let (to, message) = present;
        let first = to.clone();
        let matching = publisher
            .matching_listener()
            .callback(move |status| {
                // Whoever does not hear it any more need not know.
                let _ = to.try_send(message(status.matching()));
            })
            .wait()
            .map_err(failed("view of the other half"))?;
        let answers = Arc::clone(&publisher);
        let heard = session
            .declare_subscriber(hear)
            .callback(move |sample| heard(&answers, sample))
            .wait()
            .map_err(failed("subscriber"))?;
        let now = publisher.matching_status().wait().map_err(failed("view of the other half"))?;
        if now.matching() {
            let _ = first.try_send(message(true));
        }
        Ok(Self { _matching: matching, _heard: heard, publisher, _node: node })
    }

    /// Says something.
    pub(super) fn say(&self, what: impl Into<::zenoh::bytes::ZBytes>) -> std::io::Result<()> {
        self.publisher.put(what).wait().map_err(|why| std::io::Error::other(why.to_string()))
    }
}
