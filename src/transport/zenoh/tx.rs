//! The sending half.

use std::cell::{Cell, RefCell};
use std::io;
use std::time::Duration;

use crossbeam_channel::{Receiver, unbounded};

use super::credit::{Back, HEAD, Kind, Room, toll, write_head};
use super::desk::{Desk, Way};
use super::presence::Presence;
use crate::ground::Nanos;
use crate::link::{
    LinkError, LinkSpec, Policy, SendError, Sent, Ticket, Timer, Tx, Wait, wait_for,
};

/// How long the reader may take to be there.
const ARRIVAL: Nanos = Nanos::from_secs(5);

/// How long one attempt to join it may take.
const JOIN: Duration = Duration::from_millis(500);

/// Whoever waits looks up this often, to see whether the other half is away for good.
const LOOK_UP: Duration = Duration::from_millis(20);

/// Sends each frame as a message.
#[derive(Debug)]
pub struct ZenohTx {
    way: Way,
    seat: Seat,
    room: Room,
    frame: usize,
    policy: Policy,
    wait: Wait,
}

#[derive(Debug)]
enum Seat {
    Idle,
    AtWork(Box<Work>),
    Over,
}

/// What is heard of the reader.
#[derive(Debug)]
enum Heard {
    Back(Back),
    There(bool),
}

#[derive(Debug)]
struct Work {
    desk: Desk,
    heard: Receiver<Heard>,
    presence: Presence,
    /// Behind the last frame that was sent.
    position: u64,
    read: u64,
    arrived: u64,
}

impl Work {
    fn new(way: &Way) -> Result<Self, LinkError> {
        let node = way.join(JOIN)?;
        let (to, heard) = unbounded();
        let backs = to.clone();
        let (speak, hear) = (format!("{}/data", way.key), format!("{}/back", way.key));
        let desk = Desk::new(node, speak, hear, (to, Heard::There), move |_, sample| {
            if let Some(back) = Back::from_bytes(&sample.payload().to_bytes()) {
                let _ = backs.send(Heard::Back(back));
            }
        })?;
        let presence = Presence::awaited(way.grace);
        Ok(Self { desk, heard, presence, position: 0, read: 0, arrived: 0 })
    }

    /// Takes in what was heard, first of all `parked`.
    fn listen(&mut self, parked: Option<Heard>, now: Nanos) {
        let mut next = parked.or_else(|| self.heard.try_recv().ok());
        while let Some(heard) = next {
            match heard {
                Heard::Back(back) => {
                    // A reader is believed no further than what was sent.
                    self.read = self.read.max(back.read.min(self.position));
                    self.arrived = self.arrived.max(back.arrived.min(self.position));
                    if back.gone {
                        self.presence.gone();
                    }
                }
                Heard::There(there) => {
                    self.presence.seen(there, now);
                    if there && self.position > self.read {
                        // What was on its way when it went has come by now, or never will.
                        let _ = self.desk.say(&write_head(Kind::Probe, self.position)[..]);
                    }
                }
            }
            next = self.heard.try_recv().ok();
        }
    }

    /// Waits until `done` gives something, or the reader will not come back.
    fn wait<C: Timer, T>(
        &mut self,
        (how, timer, until): (Wait, &C, Nanos),
        done: impl Fn(&Self) -> Option<T>,
    ) -> Option<Result<T, SendError>> {
        let heard = self.heard.clone();
        let (this, parked) = (RefCell::new(self), Cell::new(None));
        let attempt = || {
            let mut this = this.borrow_mut();
            let now = timer.now();
            this.listen(parked.take(), now);
            if this.presence.is_over(now) {
                return Some(Err(SendError::Closed));
            }
            done(&this).map(Ok)
        };
        let park = |left: Duration| parked.set(heard.recv_timeout(left.min(LOOK_UP)).ok());
        wait_for(how, timer, until, attempt, park)
    }
}

impl ZenohTx {
    pub(super) fn new(way: Way, spec: &LinkSpec) -> Self {
        let (room, frame) = (Room::of(spec), spec.frame.as_usize());
        Self { way, seat: Seat::Idle, room, frame, policy: spec.policy, wait: spec.wait }
    }

    /// In the process it travelled to. A reader that is not there yet is joined later.
    pub(super) fn redeem(ticket: &Ticket, spec: &LinkSpec) -> Result<Self, LinkError> {
        let mut tx = Self::new(Way::redeem(ticket)?, spec);
        tx.settle();
        Ok(tx)
    }

    /// Joins the reader, if it is there.
    pub(super) fn settle(&mut self) {
        if let Ok(work) = Work::new(&self.way) {
            self.seat = Seat::AtWork(Box::new(work));
        }
    }

    pub(super) fn ticket(self) -> Result<Ticket, LinkError> {
        match self.seat {
            Seat::Idle => self.way.ticket(),
            Seat::AtWork(_) | Seat::Over => Err(super::stays()),
        }
    }

    /// The reader's side of it, once the reader is there.
    fn work<C: Timer>(&mut self, timer: &C, until: Nanos) -> Result<&mut Work, SendError> {
        if matches!(self.seat, Seat::Idle) {
            self.settle();
        }
        let wait = self.wait;
        let work = match &mut self.seat {
            Seat::AtWork(work) => work,
            // Nobody listens at the endpoint: the reader has gone.
            Seat::Idle | Seat::Over => return Err(SendError::Closed),
        };
        if work.position == 0 && !work.presence.is_there() {
            let until = until.min(timer.now() + ARRIVAL);
            let there = |work: &Work| work.presence.is_there().then_some(());
            work.wait((wait, timer, until), there).unwrap_or(Err(SendError::TimedOut))?;
        }
        Ok(work)
    }
}

fn lost(source: io::Error) -> SendError {
    SendError::Os { op: "send over zenoh", source }
}

impl Tx for ZenohTx {
    async fn send<C: Timer>(
        &mut self,
        timer: &C,
        until: Nanos,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Sent, SendError> {
        if len > self.frame {
            return Err(SendError::TooLarge { len, max: self.frame });
        }
        let (room, how, patient) = (self.room, self.wait, self.policy == Policy::Block);
        let work = self.work(timer, until)?;
        let until = if patient { until } else { Nanos(0) };
        let has_room = |work: &Work| {
            let free = room.has(work.position - work.read, len);
            (free && work.presence.is_there()).then_some(())
        };
        match work.wait((how, timer, until), has_room) {
            Some(room) => room?,
            None if patient => return Err(SendError::TimedOut),
            None => return Ok(Sent::DroppedThis),
        }
        let position = work.position + toll(len);
        // The engine keeps what it is given: each frame has memory of its own.
        let mut message = vec![0; HEAD + len];
        message[..HEAD].copy_from_slice(&write_head(Kind::Frame, position));
        fill(&mut message[HEAD..]);
        work.desk.say(message).map_err(lost)?;
        work.position = position;
        Ok(Sent::Delivered)
    }

    /// Waits until everything has arrived in the reader's process.
    async fn close<C: Timer>(&mut self, timer: &C, until: Nanos) -> Result<(), SendError> {
        let how = self.wait;
        let closed = match self.work(timer, until) {
            Ok(work) => {
                let said = work.desk.say(&write_head(Kind::Bye, work.position + 1)[..]);
                work.position += 1;
                let all = |work: &Work| (work.arrived == work.position).then_some(());
                let arrived = work.wait((how, timer, until), all);
                said.map_err(lost).and(arrived.unwrap_or(Err(SendError::TimedOut)))
            }
            Err(error) => Err(error),
        };
        self.seat = Seat::Over;
        match closed {
            // Nobody is there to be told.
            Err(SendError::Closed) => Ok(()),
            other => other,
        }
    }
}
