//! Messages beside the links, both ways: what two hosts have to say to each other.
//!
//! What is on its way when a connection breaks is lost: whoever asks, asks again.

use std::sync::Arc;
use std::time::Duration;

use ::zenoh::Wait as _;
use crossbeam_channel::{Receiver, bounded};

use super::desk::Desk;
use super::node::Node;
use crate::link::LinkError;

/// Messages that wait to be heard. Who asks waits for the answer, so they are few.
const WAITING: usize = 1024;

/// Messages between two that listen to each other.
#[derive(Debug)]
pub struct Talk {
    desk: Desk,
    heard: Receiver<Said>,
}

/// What is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A message.
    Message(Vec<u8>),
    /// The other side listens, or does not any more.
    There(bool),
}

impl Talk {
    /// Speaks on one key, hears another. What `at_once` answers is answered on the engine's
    /// thread, and not heard here.
    ///
    /// # Errors
    /// Where the session is closed.
    pub fn new(
        node: &Arc<Node>,
        speak: &str,
        hear: &str,
        at_once: impl Fn(&[u8]) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> Result<Self, LinkError> {
        let (to, heard) = bounded(WAITING);
        let messages = to.clone();
        let present = (to, Said::There as fn(bool) -> Said);
        let listen = move |back: &::zenoh::pubsub::Publisher<'static>,
                           sample: ::zenoh::sample::Sample| {
            let bytes = sample.payload().to_bytes();
            match at_once(&bytes) {
                Some(answer) => {
                    let _ = back.put(answer).wait();
                }
                None => {
                    let _ = messages.try_send(Said::Message(bytes.into_owned()));
                }
            }
        };
        let desk = Desk::new(Arc::clone(node), speak.into(), hear.into(), present, listen)?;
        Ok(Self { desk, heard })
    }

    /// Says something; whether it arrives is not known.
    ///
    /// # Errors
    /// Where the session is closed.
    pub fn say(&self, what: Vec<u8>) -> std::io::Result<()> {
        self.desk.say(what)
    }

    /// Waits for the next message.
    #[must_use]
    pub fn hear(&self, patience: Duration) -> Option<Said> {
        self.heard.recv_timeout(patience).ok()
    }
}
