//! The reading half.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use ::zenoh::bytes::ZBytes;
use crossbeam_channel::{Receiver, bounded};

use super::credit::{Back, HEAD, Kind, Room, read_head};
use super::desk::{Access, Desk, Way};
use super::node::Node;
use super::presence::Presence;
use crate::ground::Nanos;
use crate::link::{LinkError, LinkSpec, RecvError, Rx, Ticket, Timer, Wait, wait_for};

/// Whoever waits looks up this often, to see whether the other half is away for good.
const LOOK_UP: Duration = Duration::from_millis(20);

/// Reads each message, and tells the sender.
#[derive(Debug)]
pub struct ZenohRx {
    way: Way,
    work: Work,
    wait: Wait,
    frame: usize,
    /// Met while draining, for the next call.
    fault: Option<RecvError>,
}

/// What is heard of the sender.
#[derive(Debug)]
enum Heard {
    Frame { behind: u64, bytes: ZBytes },
    Probe(u64),
    Bye,
    There(bool),
}

#[derive(Debug)]
struct Work {
    desk: Desk,
    heard: Receiver<Heard>,
    presence: Presence,
    room: Room,
    /// Read up to here, and told so.
    read: u64,
    told: u64,
    over: bool,
}

/// A frame, and what stands before it.
#[derive(Debug)]
struct Message {
    behind: u64,
    bytes: ZBytes,
}

impl Message {
    fn len(&self) -> usize {
        self.bytes.len() - HEAD
    }

    fn look<R>(&self, read: impl FnOnce(&[u8]) -> R) -> R {
        read(&self.bytes.to_bytes()[HEAD..])
    }
}

impl Work {
    fn new(node: Arc<Node>, way: &Way, room: Room) -> Result<Self, LinkError> {
        // A sender keeps to its credit, so that this is never full; what a bad one sends
        // beyond it is lost, rather than kept without bound.
        let (to, heard) = bounded(room.messages());
        let frames = to.clone();
        let (speak, hear) = (format!("{}/back", way.key), format!("{}/data", way.key));
        let desk = Desk::new(node, speak, hear, (to, Heard::There), move |back, sample| {
            let bytes = sample.payload();
            let Some((kind, position)) = read_head(&head_of(bytes)) else { return };
            let heard = match kind {
                Kind::Frame => Heard::Frame { behind: position, bytes: bytes.clone() },
                Kind::Probe => Heard::Probe(position),
                Kind::Bye => {
                    answer(back, Back { arrived: position, ..Back::default() });
                    Heard::Bye
                }
            };
            let _ = frames.try_send(heard);
        })?;
        let presence = Presence::awaited(way.grace);
        Ok(Self { desk, heard, presence, room, read: 0, told: 0, over: false })
    }

    /// The next frame if there is one; `parked` comes first.
    fn take(&mut self, parked: Option<Heard>, now: Nanos) -> Option<Result<Message, RecvError>> {
        let mut next = parked.or_else(|| self.heard.try_recv().ok());
        while let Some(heard) = next {
            match heard {
                Heard::Frame { behind, bytes } => return Some(Ok(Message { behind, bytes })),
                Heard::Probe(position) => {
                    self.read = self.read.max(position);
                    self.tell();
                }
                Heard::Bye => self.over = true,
                Heard::There(there) => self.presence.seen(there, now),
            }
            next = self.heard.try_recv().ok();
        }
        (self.over || self.presence.is_over(now)).then_some(Err(RecvError::Closed))
    }

    /// Books a frame that was read; tells the sender now and then.
    fn book(&mut self, message: &Message) {
        self.read = self.read.max(message.behind);
        if self.room.is_much(self.read - self.told, message.len()) {
            self.tell();
        }
    }

    fn tell(&mut self) {
        // A sender that is gone need not know.
        let back = Back { read: self.read, arrived: self.read, gone: false };
        let _ = self.desk.say(&back.to_bytes()[..]);
        self.told = self.read;
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let back = Back { read: self.read, arrived: 0, gone: true };
        let _ = self.desk.say(&back.to_bytes()[..]);
    }
}

fn head_of(bytes: &ZBytes) -> Vec<u8> {
    let mut head = Vec::with_capacity(HEAD);
    for slice in bytes.slices() {
        head.extend(slice.iter().take(HEAD - head.len()));
    }
    head
}

fn answer(publisher: &::zenoh::pubsub::Publisher<'static>, back: Back) {
    use ::zenoh::Wait as _;
    let _ = publisher.put(&back.to_bytes()[..]).wait();
}

impl ZenohRx {
    pub(super) fn new(node: Arc<Node>, way: Way, spec: &LinkSpec) -> Result<Self, LinkError> {
        let work = Work::new(node, &way, Room::of(spec))?;
        Ok(Self { way, work, wait: spec.wait, frame: spec.frame.as_usize(), fault: None })
    }

    /// In the process it travelled to: listens where the half did that it was.
    pub(super) fn redeem(ticket: &Ticket, spec: &LinkSpec) -> Result<Self, LinkError> {
        let way = Way::redeem(ticket)?;
        let node = match &way.access {
            Access::Own(endpoint) => Arc::new(Node::listen(endpoint)?),
            Access::Shared(node) => Arc::clone(node),
        };
        Self::new(node, way, spec)
    }

    /// Gives up its place, so that it can be taken elsewhere.
    pub(super) fn ticket(self) -> Result<Ticket, LinkError> {
        if self.work.read > 0 || self.work.over {
            return Err(super::stays());
        }
        self.way.ticket()
    }

    fn check(&self, message: &Message) -> Result<(), RecvError> {
        if message.len() > self.frame {
            return Err(RecvError::Torn { skipped: message.len() });
        }
        Ok(())
    }
}

impl Rx for ZenohRx {
    async fn recv<C: Timer, R>(
        &mut self,
        timer: &C,
        until: Nanos,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, RecvError> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let heard = self.work.heard.clone();
        let message = {
            let (work, parked) = (RefCell::new(&mut self.work), Cell::new(None));
            let attempt = || work.borrow_mut().take(parked.take(), timer.now());
            let park = |left: Duration| parked.set(heard.recv_timeout(left.min(LOOK_UP)).ok());
            wait_for(self.wait, timer, until, attempt, park).ok_or(RecvError::TimedOut)??
        };
        self.work.book(&message);
        self.check(&message)?;
        Ok(message.look(read))
    }

    async fn drain<C: Timer>(
        &mut self,
        timer: &C,
        max: usize,
        mut read: impl FnMut(&[u8]),
    ) -> Result<usize, RecvError> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let mut n = 0;
        while n < max {
            let taken = match self.work.take(None, timer.now()) {
                Some(taken) => taken,
                None => break,
            };
            let looked = taken.and_then(|message| {
                self.work.book(&message);
                self.check(&message)?;
                message.look(&mut read);
                Ok(())
            });
            match looked {
                Ok(()) => n += 1,
                Err(fault) if n == 0 => return Err(fault),
                Err(fault) => {
                    self.fault = Some(fault);
                    break;
                }
            }
        }
        Ok(n)
    }
}
