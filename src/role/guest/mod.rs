//! The books on a **guest**: a program that somebody else wrote, and of which no more is
//! known than what it writes to its standard output.
//!
//! What its records tell is measured: with `sent`, how old they are; with a counter,
//! which are missing. What they do not tell is not made up. Of a record without stamps
//! only its arrival is known: when it was read here, and how long after the one before.
//!
//! Records that cannot be read are counted, and the first one is kept in words.

mod dialect;
mod fields;
mod raw;
mod text;

pub use dialect::{Dialect, DialectError};

use dialect::Known;
use fields::{Fields, Reading};

use super::inbox::{Expected, Inbox, Intake, Sample, Taken};
use super::timeline::Latency;
use super::trail::Trail;
use crate::ground::frame::{Kind, pattern};
use crate::ground::{Meter, Nanos};
use crate::link::RecvError;

/// What was learnt of a guest, beside what any reader learns.
#[derive(Clone, Debug, Default)]
pub struct GuestSeen {
    /// Which fields its records have.
    pub fields: Fields,
    /// From the arrival of one measured record to that of the next.
    pub arrivals: Meter,
    /// The longest record, in bytes, without what ends a line.
    pub longest: usize,
    /// Records that could not be read.
    pub malformed: u64,
    /// The first of them, in words.
    pub first: Option<String>,
    /// The number that the first measured record has, or should have.
    pub base: u64,
}

/// The books on a guest.
#[derive(Clone, Debug)]
pub struct Guest {
    books: Inbox,
    dialect: Dialect,
    seen: GuestSeen,
    /// What comes before is warm-up.
    measured_from: Nanos,
    /// Whether it is asked to keep to a schedule.
    paced: bool,
    /// Whose frames are read, where they are frames: whoever sent the first one.
    author: Option<Author>,
    /// Records of any kind so far, those included that could not be read.
    records: u64,
    last: Option<Nanos>,
    /// The counter's latest value, made as wide as a word.
    counter: Option<u64>,
    based: bool,
}

/// Who sends frames, and whether their payloads are the pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Author {
    who: Expected,
    patterned: bool,
}

impl Guest {
    /// Empty books on a program that speaks `dialect`.
    #[must_use]
    pub fn new(dialect: Dialect, measured_from: Nanos) -> Self {
        let fields = dialect.fields();
        Self {
            // Nobody in particular is expected.
            books: Inbox::new(Expected { producer: 0, run: 0 }),
            seen: GuestSeen { fields, ..GuestSeen::default() },
            dialect,
            measured_from,
            paced: false,
            author: None,
            records: 0,
            last: None,
            counter: None,
            based: false,
        }
    }

    fn malformed(&mut self, why: &dyn std::fmt::Display) {
        self.seen.malformed += 1;
        if self.seen.first.is_none() {
            self.seen.first = Some(format!("{} {}: {why}", self.dialect.unit(), self.records));
        }
    }

    /// Takes a reading of something seen at `seen`.
    fn book(&mut self, reading: Reading, seen: Nanos) -> Taken {
        let sample = Sample { sent: reading.sent.unwrap_or(seen), value: reading.value };
        let seq = reading.seq.map(|seq| self.widen(seq));
        if reading.warmup || seen < self.measured_from {
            self.books.warmup += 1;
            if let (Some(seq), false) = (seq, reading.warmup) {
                (self.seen.base, self.based) = (seq + 1, true);
            }
            return Taken::Warmup(sample);
        }
        let number = match seq {
            Some(seq) => {
                if !self.based {
                    // The first frame is number 0; any other counter began who knows when.
                    self.seen.base = if self.author.is_some() { 0 } else { seq };
                    self.based = true;
                }
                seq.checked_sub(self.seen.base)
            }
            None => Some(self.books.flow.all),
        };
        if self.last.is_none() {
            self.open_trail(&reading);
        }
        if !self.books.arrived(number, Some(seen)) {
            return Taken::Nothing;
        }
        self.books.time(number.unwrap_or_default(), seen, reading.due, reading.sent);
        if let Some(last) = self.last.replace(seen) {
            self.seen.arrivals.record_span(last, seen);
        }
        Taken::Sample(sample)
    }

    /// The first record that is measured tells what there is to be kept of its course:
    /// without a stamp, nothing.
    fn open_trail(&mut self, reading: &Reading) {
        let latency = match (reading.due, reading.sent) {
            (Some(_), sent) if self.paced || sent.is_none() => Latency::Response,
            (_, Some(_)) => Latency::Transit,
            _ => return,
        };
        self.books.trail = Trail::new(self.measured_from, latency);
    }

    /// A counter that has fewer bits than a word begins again and again.
    fn widen(&mut self, seq: u64) -> u64 {
        let wide = match self.counter {
            Some(last) => self.seen.fields.widen(last, seq),
            None => seq,
        };
        self.counter = Some(self.counter.map_or(wide, |last| last.max(wide)));
        wide
    }

    fn frame(&mut self, header: &crate::ground::frame::Header, payload: &[u8]) -> Option<Reading> {
        let (producer, run, seq) = (header.producer, header.run, header.seq);
        let who = Expected { producer, run };
        let holds = || pattern::holds(producer, seq, payload);
        match self.author {
            Some(author) if author.who != who => {
                self.books.strangers += 1;
                return None;
            }
            Some(author) if author.patterned && !holds() => {
                self.malformed(&"its payload belongs to another frame");
                return None;
            }
            Some(_) => {}
            None => self.author = Some(Author { who, patterned: !payload.is_empty() && holds() }),
        }
        Some(Reading::of_frame(header, payload))
    }
}

impl Intake for Guest {
    fn begin(&mut self, from: Nanos, paced: bool) {
        (self.measured_from, self.paced) = (from, paced);
    }

    fn take(&mut self, bytes: &[u8], now: impl FnOnce() -> Nanos) -> Taken {
        let seen = now();
        self.records += 1;
        let known = match self.dialect.read(bytes) {
            Ok(known) => known,
            Err(why) => {
                self.malformed(&why);
                return Taken::Nothing;
            }
        };
        self.seen.longest = self.seen.longest.max(self.dialect.payload(bytes));
        let reading = match known {
            Known::Reading(reading) => Some(reading),
            Known::Frame(frame) => match frame.header.kind {
                Kind::Trailer => {
                    self.books.trailer = super::sensor::read_trailer(frame.payload);
                    return Taken::Trailer;
                }
                Kind::Data | Kind::Warmup => self.frame(&frame.header, frame.payload),
                Kind::Echo => {
                    self.books.strangers += 1;
                    None
                }
            },
        };
        reading.map_or(Taken::Nothing, |reading| self.book(reading, seen))
    }

    fn mishap(&mut self, error: RecvError) -> Result<(), RecvError> {
        match error {
            RecvError::Torn { skipped } => {
                self.records += 1;
                self.malformed(&self.dialect.torn(skipped));
                Ok(())
            }
            other => Err(other),
        }
    }

    fn books(&self) -> &Inbox {
        &self.books
    }

    fn trail(&mut self) -> &mut Trail {
        &mut self.books.trail
    }

    fn close(self) -> (Inbox, Option<GuestSeen>) {
        (self.books, Some(self.seen))
    }
}
