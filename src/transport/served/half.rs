//! The two halves: whoever asks the server, and waits for what it answers.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::PollFlags;

use super::line::{HEAD, Head, Word, read_on, room, write_head, write_on, write_plain};
use crate::ground::Nanos;
use crate::link::{
    Carrier, Kept, LinkError, LinkSpec, Policy, RecvError, Rx, SendError, Sent, Ticket, Timer, Tx,
    Wait, wait_for,
};
use crate::transport::stream::park;

/// How long the server may be silent beyond what it was allowed to hold back. After
/// that, it is lost.
const PROMPT: Nanos = Nanos::from_secs(2);

/// What was being done when the server was lost.
const OP: &str = "ask the store's server";

/// Puts frames.
#[derive(Debug)]
pub struct ServedTx {
    /// `None` once the half has closed.
    asker: Option<Asker>,
    policy: Policy,
}

/// Takes frames.
#[derive(Debug)]
pub struct ServedRx {
    asker: Asker,
}

/// A half's end of the line.
#[derive(Debug)]
pub(super) struct Asker {
    /// Or how the server was lost.
    socket: Result<OwnedFd, io::ErrorKind>,
    /// A request, and then its answer.
    message: Vec<u8>,
    wait: Wait,
    frame: usize,
    /// The server's process, where this half is in the process that started it. Dropped
    /// after the socket, so that the server has heard that this half is gone.
    server: Option<Kept>,
}

impl Asker {
    pub(super) fn new(
        socket: OwnedFd,
        spec: &LinkSpec,
        server: Option<Kept>,
    ) -> Result<Self, LinkError> {
        rustix::io::ioctl_fionbio(&socket, true)
            .map_err(LinkError::os("make a socket non-blocking"))?;
        let frame = spec.frame.as_usize();
        Ok(Self { socket: Ok(socket), message: room(frame), wait: spec.wait, frame, server })
    }

    fn redeem(mut ticket: Ticket, spec: &LinkSpec) -> Result<Self, LinkError> {
        let server = ticket.kept.take();
        Self::new(ticket.into_fd()?, spec, server)
    }

    fn ticket(self) -> Result<Ticket, LinkError> {
        let gone = || LinkError::NotFound("the store's server".into());
        let carriers = vec![Carrier::Fd(self.socket.map_err(|_| gone())?)];
        Ok(Ticket { note: String::new(), carriers, kept: self.server })
    }

    /// Hears the server say that it is there.
    pub(super) fn greeted<C: Timer>(&mut self, timer: &C, within: Nanos) -> Result<(), LinkError> {
        let until = timer.now() + within;
        self.message.clear();
        match self.hear(timer, until) {
            Ok(Head { word: Word::Hello, .. }) => Ok(()),
            Err(e) if e.kind() == io::ErrorKind::TimedOut => {
                Err(LinkError::NotReady(Duration::from_nanos(within.0)))
            }
            _ => Err(LinkError::NotFound(
                "the store's server (a program calls pipefit::init() first in its main)".into(),
            )),
        }
    }

    /// Sends the request that stands in the message, and waits for the answer, which the
    /// server may hold back until `until`.
    fn ask<C: Timer>(&mut self, timer: &C, until: Nanos, word: Word) -> io::Result<Head> {
        let now = timer.now();
        let patience = u64::try_from(until.left(now).as_nanos()).unwrap_or(u64::MAX);
        write_head(&mut self.message, word, patience);
        let answer = self.say(timer).and_then(|()| {
            self.message.clear();
            self.hear(timer, until.max(now) + PROMPT)
        });
        if let Err(error) = &answer {
            // An answer that is not awaited any more must not be taken for the next one.
            self.socket = Err(error.kind());
        }
        answer
    }

    fn say<C: Timer>(&mut self, timer: &C) -> io::Result<()> {
        let (socket, mut written) = (self.socket.as_ref().map_err(lost)?, 0);
        loop {
            let before = written;
            let attempt = || {
                let from = written;
                let done = write_on(socket, &self.message, &mut written);
                // A large frame goes in parts, each of which shows that the server is there.
                done.or_else(|| (written > from).then_some(Ok(())))
            };
            let limit = timer.now() + PROMPT;
            let park = |left| park(socket, PollFlags::OUT, left);
            wait_for(self.wait, timer, limit, attempt, park).ok_or_else(silent)??;
            if written == self.message.len() {
                return Ok(());
            }
            debug_assert!(written > before);
        }
    }

    fn hear<C: Timer>(&mut self, timer: &C, until: Nanos) -> io::Result<Head> {
        let socket = self.socket.as_ref().map_err(lost)?;
        let mut limit = until;
        loop {
            let before = self.message.len();
            let attempt = || {
                let from = self.message.len();
                let heard = read_on(socket, &mut self.message, self.frame);
                heard
                    .map(|head| head.map(Some))
                    .or_else(|| (self.message.len() > from).then_some(Ok(None)))
            };
            let park = |left| park(socket, PollFlags::IN, left);
            if let Some(head) =
                wait_for(self.wait, timer, limit, attempt, park).ok_or_else(silent)??
            {
                return Ok(head);
            }
            debug_assert!(self.message.len() > before);
            limit = timer.now() + PROMPT;
        }
    }

    /// Asks for a frame, which the server may wait for until `until`.
    fn take<C: Timer>(&mut self, timer: &C, until: Nanos) -> Result<Option<&[u8]>, RecvError> {
        write_plain(&mut self.message, Word::Take, 0);
        match self.ask(timer, until, Word::Take) {
            Ok(Head { word: Word::Done, .. }) => Ok(Some(&self.message[HEAD..])),
            Ok(Head { word: Word::Late, .. }) => Ok(None),
            Ok(Head { word: Word::Gone, .. }) => Err(RecvError::Closed),
            Ok(odd) => Err(RecvError::Corrupt(format!("a take is answered by {odd:?}"))),
            Err(source) => Err(RecvError::Os { op: OP, source }),
        }
    }
}

fn lost(how: &io::ErrorKind) -> io::Error {
    (*how).into()
}

fn silent() -> io::Error {
    io::ErrorKind::TimedOut.into()
}

impl ServedTx {
    pub(super) const fn new(asker: Asker, policy: Policy) -> Self {
        Self { asker: Some(asker), policy }
    }

    /// Makes it travel.
    pub(in crate::transport) fn ticket(self) -> Result<Ticket, LinkError> {
        self.asker.ok_or_else(|| LinkError::NotFound("a half that is closed".into()))?.ticket()
    }

    /// Turns a ticket back into what it was for.
    pub(in crate::transport) fn redeem(ticket: Ticket, spec: &LinkSpec) -> Result<Self, LinkError> {
        Ok(Self::new(Asker::redeem(ticket, spec)?, spec.policy))
    }
}

impl Tx for ServedTx {
    async fn send<C: Timer>(
        &mut self,
        timer: &C,
        until: Nanos,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Sent, SendError> {
        let asker = self.asker.as_mut().ok_or(SendError::Closed)?;
        if len > asker.frame {
            return Err(SendError::TooLarge { len, max: asker.frame });
        }
        asker.message.resize(HEAD + len, 0);
        fill(&mut asker.message[HEAD..]);
        let until = if self.policy == Policy::Block { until } else { Nanos(0) };
        match asker.ask(timer, until, Word::Put) {
            Ok(Head { word: Word::Done, number: 0, .. }) => Ok(Sent::Delivered),
            Ok(Head { word: Word::Done, number, .. }) => Ok(Sent::Displaced(number)),
            Ok(Head { word: Word::Dropped, .. }) => Ok(Sent::DroppedThis),
            Ok(Head { word: Word::Late, .. }) => Err(SendError::TimedOut),
            Ok(Head { word: Word::Gone, .. }) => Err(SendError::Closed),
            Ok(odd) => Err(SendError::Corrupt(format!("a put is answered by {odd:?}"))),
            Err(source) => Err(SendError::Os { op: OP, source }),
        }
    }

    /// The server has every frame already, and hears that the socket closes.
    async fn close<C: Timer>(&mut self, _timer: &C, _until: Nanos) -> Result<(), SendError> {
        self.asker = None;
        Ok(())
    }
}

impl ServedRx {
    pub(super) const fn new(asker: Asker) -> Self {
        Self { asker }
    }

    /// Makes it travel.
    pub(in crate::transport) fn ticket(self) -> Result<Ticket, LinkError> {
        self.asker.ticket()
    }

    /// Turns a ticket back into what it was for.
    pub(in crate::transport) fn redeem(ticket: Ticket, spec: &LinkSpec) -> Result<Self, LinkError> {
        Ok(Self::new(Asker::redeem(ticket, spec)?))
    }
}

impl Rx for ServedRx {
    async fn recv<C: Timer, R>(
        &mut self,
        timer: &C,
        until: Nanos,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, RecvError> {
        self.asker.take(timer, until)?.map(read).ok_or(RecvError::TimedOut)
    }

    async fn drain<C: Timer>(
        &mut self,
        timer: &C,
        max: usize,
        mut read: impl FnMut(&[u8]),
    ) -> Result<usize, RecvError> {
        let mut n = 0;
        while n < max {
            match self.asker.take(timer, Nanos(0)) {
                Ok(Some(frame)) => read(frame),
                Ok(None) => break,
                // Met again at the next call.
                Err(_) if n > 0 => break,
                Err(error) => return Err(error),
            }
            n += 1;
        }
        Ok(n)
    }
}
