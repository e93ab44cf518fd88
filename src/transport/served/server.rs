//! The server: one thread that keeps the frames, and answers both halves.
//!
//! It holds an answer back where a half said that it may: a put until there is room, a
//! take until there is a frame. Apart from that it waits for requests alone. It leaves
//! when both halves have; each half's socket closes however its process ends, so the
//! server needs no other sign, and outlives nobody.

use std::collections::VecDeque;
use std::env;
use std::io;
use std::mem;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::line::{Head, Word, read_on, room, write_head, write_on, write_plain};
use crate::link::{LinkSpec, Policy};

/// The environment variable that makes a program a server: the link's spec, as JSON.
pub(super) const SERVER_VAR: &str = "PIPEFIT_STORE";

/// A server that was started by hand.
const EXIT_NOT_MINE: i32 = 64;

/// A server that could not go on.
const EXIT_FAILED: i32 = 70;

/// Serves a link if this process was started for that, and gives the exit code; `None`
/// in any other.
#[expect(clippy::print_stderr, reason = "nobody else can be told")]
pub(crate) fn become_server() -> Option<i32> {
    let spec = env::var_os(SERVER_VAR)?;
    let Ok(spec) = serde_json::from_str(&spec.to_string_lossy()) else {
        eprintln!("{SERVER_VAR} is set by hand; unset it");
        return Some(EXIT_NOT_MINE);
    };
    let served = take_over_stdio().and_then(|sides| Server::new(&spec, sides).serve());
    Some(served.map_or_else(
        |error| {
            eprintln!("the store's server: {error}");
            EXIT_FAILED
        },
        |()| 0,
    ))
}

/// The sending half's socket from standard input, the reading half's from standard
/// output. What is printed from here on goes to standard error.
fn take_over_stdio() -> io::Result<(OwnedFd, OwnedFd)> {
    let puts = io::stdin().as_fd().try_clone_to_owned()?;
    let takes = io::stdout().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    rustix::io::ioctl_fionbio(&puts, true)?;
    rustix::io::ioctl_fionbio(&takes, true)?;
    Ok((puts, takes))
}

/// How far the talk with a half has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Its next request is awaited.
    Silent,
    /// It waits for an answer, until then.
    Waiting(Option<Instant>),
    /// Its answer is on its way; so many bytes are written.
    Answered(usize),
}

/// One half, as the server sees it.
#[derive(Debug)]
struct Side {
    /// `None` once the half is gone.
    socket: Option<OwnedFd>,
    asks: Word,
    phase: Phase,
    request: Vec<u8>,
    answer: Vec<u8>,
    /// The longest body of a request.
    largest: usize,
}

impl Side {
    /// A half whose requests are so large at most, and whose answers are.
    fn new(socket: OwnedFd, asks: Word, (largest, answer): (usize, usize)) -> Self {
        let (request, answer) = (room(largest), room(answer));
        let mut new =
            Self { socket: Some(socket), asks, phase: Phase::Silent, request, answer, largest };
        new.say(Word::Hello, 0);
        new
    }

    const fn is_gone(&self) -> bool {
        self.socket.is_none()
    }

    const fn is_waiting(&self) -> bool {
        matches!(self.phase, Phase::Waiting(_))
    }

    fn is_late(&self, now: Instant) -> bool {
        matches!(self.phase, Phase::Waiting(Some(until)) if now >= until)
    }

    const fn awaits(&self) -> PollFlags {
        match self.phase {
            Phase::Answered(_) => PollFlags::OUT,
            Phase::Silent | Phase::Waiting(_) => PollFlags::IN,
        }
    }

    fn leave(&mut self) {
        self.socket = None;
        self.phase = Phase::Silent;
    }

    /// Answers without a body.
    fn say(&mut self, word: Word, number: u64) {
        write_plain(&mut self.answer, word, number);
        self.phase = Phase::Answered(0);
        self.go_on();
    }

    /// Reads or writes what can be read or written now. A half that says what it must
    /// not, or anything at all while it waits, is as good as gone.
    fn go_on(&mut self) {
        let Some(socket) = &self.socket else { return };
        let went_on = match self.phase {
            Phase::Silent | Phase::Waiting(_) => {
                match read_on(socket, &mut self.request, self.largest) {
                    None => Ok(self.phase),
                    Some(Ok(Head { word, number, .. })) if word == self.asks => {
                        Ok(Phase::Waiting(Instant::now().checked_add(Duration::from_nanos(number))))
                    }
                    Some(other) => Err(other.err()),
                }
            }
            Phase::Answered(mut written) => match write_on(socket, &self.answer, &mut written) {
                None => Ok(Phase::Answered(written)),
                Some(Ok(())) => {
                    self.request.clear();
                    Ok(Phase::Silent)
                }
                Some(Err(error)) => Err(Some(error)),
            },
        };
        match went_on {
            Ok(phase) => self.phase = phase,
            Err(_) => self.leave(),
        }
    }
}

/// The frames, and both halves.
#[derive(Debug)]
struct Server {
    puts: Side,
    takes: Side,
    /// Requests as they came, each with its frame: they become the answers.
    kept: VecDeque<Vec<u8>>,
    /// Buffers to be used again.
    spare: Vec<Vec<u8>>,
    slots: usize,
    policy: Policy,
}

impl Server {
    fn new(spec: &LinkSpec, (puts, takes): (OwnedFd, OwnedFd)) -> Self {
        let frame = spec.frame.as_usize();
        Self {
            puts: Side::new(puts, Word::Put, (frame, 0)),
            takes: Side::new(takes, Word::Take, (0, frame)),
            kept: VecDeque::new(),
            spare: Vec::new(),
            slots: spec.slots(),
            policy: spec.policy,
        }
    }

    fn serve(&mut self) -> io::Result<()> {
        while !(self.puts.is_gone() && self.takes.is_gone()) {
            let [puts, takes] = self.await_news()?;
            if puts {
                self.puts.go_on();
            }
            if takes {
                self.takes.go_on();
            }
            let now = Instant::now();
            // A take may make room for a put, and a put is what the next take waits for.
            self.answer_take(now);
            self.answer_put(now);
            self.answer_take(now);
        }
        Ok(())
    }

    /// Waits until a half says something, or one has to be told that it is too late; for
    /// each, whether there is news.
    fn await_news(&self) -> io::Result<[bool; 2]> {
        let sides = [&self.puts, &self.takes];
        let late = sides.iter().filter_map(|side| match side.phase {
            Phase::Waiting(until) => until,
            Phase::Silent | Phase::Answered(_) => None,
        });
        let left = late.min().map(|at| at.saturating_duration_since(Instant::now()));
        let timeout = left.and_then(|left| Timespec::try_from(left).ok());
        let sockets = sides.iter().filter_map(|s| Some((s.socket.as_ref()?, s.awaits())));
        let mut fds: Vec<PollFd<'_>> =
            sockets.map(|(socket, awaits)| PollFd::new(socket, awaits)).collect();
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
        let mut news = fds.iter().map(|fd| !fd.revents().is_empty());
        Ok(sides.map(|side| !side.is_gone() && news.next().unwrap_or(false)))
    }

    fn answer_take(&mut self, now: Instant) {
        if !self.takes.is_waiting() {
            return;
        }
        if let Some(mut frame) = self.kept.pop_front() {
            write_head(&mut frame, Word::Done, 0);
            self.spare.push(mem::replace(&mut self.takes.answer, frame));
            self.takes.phase = Phase::Answered(0);
            self.takes.go_on();
        } else if self.puts.is_gone() {
            self.takes.say(Word::Gone, 0);
        } else if self.takes.is_late(now) {
            self.takes.say(Word::Late, 0);
        }
    }

    fn answer_put(&mut self, now: Instant) {
        if !self.puts.is_waiting() {
            return;
        }
        if self.takes.is_gone() {
            return self.puts.say(Word::Gone, 0);
        }
        let mut displaced = 0;
        if self.kept.len() >= self.slots {
            match self.policy {
                Policy::DropNewest => return self.puts.say(Word::Dropped, 0),
                Policy::Block if self.puts.is_late(now) => return self.puts.say(Word::Late, 0),
                Policy::Block => return,
                Policy::OverwriteOldest => {
                    self.spare.extend(self.kept.pop_front());
                    displaced = 1;
                }
            }
        }
        let mut empty = self.spare.pop().unwrap_or_else(|| room(self.puts.largest));
        empty.clear();
        self.kept.push_back(mem::replace(&mut self.puts.request, empty));
        self.puts.say(Word::Done, displaced);
    }
}
