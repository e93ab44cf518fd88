//! What every reader does with a frame before anything else: stamp it, check it,
//! and book it. Shared by the viewer that only reads and the one that draws.

use super::guest::GuestSeen;
use super::sensor::read_trailer;
use super::timeline::Latency;
use super::trail::Trail;
use crate::ground::frame::{self, Frame, FrameError, Header, Kind, pattern};
use crate::ground::ledger::{self, Arrival};
use crate::ground::{Ledger, Meter, Nanos};
use crate::link::RecvError;

/// Whoever takes what comes out of a link, and keeps books.
pub trait Intake {
    /// Measuring begins at `from`, by the reader's clock. `paced`: frames are due on a
    /// schedule, and were not sent flat out.
    fn begin(&mut self, from: Nanos, paced: bool);

    /// Takes the bytes of one frame. `now` is asked for the time before anything
    /// else is done with them, for every frame that carries a stamp.
    fn take(&mut self, bytes: &[u8], now: impl FnOnce() -> Nanos) -> Taken;

    /// Books what the link itself found. Gives back what is not about a frame.
    ///
    /// # Errors
    /// Everything but a tear, unchanged.
    fn mishap(&mut self, error: RecvError) -> Result<(), RecvError>;

    /// The books so far.
    fn books(&self) -> &Inbox;

    /// The course of what was taken.
    fn trail(&mut self) -> &mut Trail;

    /// The books, and what was learnt of a guest.
    fn close(self) -> (Inbox, Option<GuestSeen>);
}

/// Whose frames are expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The producer's name.
    pub producer: u32,
    /// The run's tag.
    pub run: u32,
}

/// The frames between the first and the last stamped one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// When the first stamped frame was seen.
    pub first: Nanos,
    /// When the last stamped frame was seen.
    pub last: Nanos,
    /// Frames seen after the first, up to and with the last stamped one.
    pub frames: u64,
    /// Frames seen in all.
    pub all: u64,
}

impl Flow {
    #[inline]
    fn pass(&mut self, seen: Option<Nanos>) {
        self.all += 1;
        if let Some(seen) = seen {
            if self.first == Nanos(0) {
                self.first = seen;
            }
            self.last = seen;
            self.frames = self.all - 1;
        }
    }

    /// Frames a second at the receiver, from the first frame to the last.
    #[must_use]
    pub fn per_second(&self) -> Option<f64> {
        let nanos = self.last.since(self.first).filter(|n| *n > 0 && self.frames > 0)?;
        Some(self.frames as f64 * 1e9 / nanos as f64)
    }
}

/// What some bytes turned out to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Taken {
    /// A sample that is measured.
    Sample(Sample),
    /// A sample from before measuring began: shown, but not counted.
    Warmup(Sample),
    /// The producer's last word.
    Trailer,
    /// Damaged, twice, or somebody else's: it is booked, and of no use.
    Nothing,
}

/// What is plotted of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When it was written.
    pub sent: Nanos,
    /// The value.
    pub value: f32,
}

/// The reader's books.
#[derive(Clone, Debug)]
pub struct Inbox {
    expected: Expected,
    /// Sequence numbers and damage.
    pub ledger: Ledger,
    /// `seen − due`.
    pub response: Meter,
    /// `seen − sent`.
    pub transit: Meter,
    /// `sent − due`.
    pub slip: Meter,
    /// Frames over time, at this end.
    pub flow: Flow,
    /// Latency over time, once measuring has begun.
    pub trail: Trail,
    /// Frames of another run or producer.
    pub strangers: u64,
    /// Frames of the warm-up.
    pub warmup: u64,
    /// The producer's own counts, once its trailer has come.
    pub trailer: Option<ledger::Sent>,
}

impl Inbox {
    /// Empty books.
    #[must_use]
    pub fn new(expected: Expected) -> Self {
        Self {
            expected,
            ledger: Ledger::default(),
            response: Meter::new(),
            transit: Meter::new(),
            slip: Meter::new(),
            flow: Flow::default(),
            trail: Trail::off(),
            strangers: 0,
            warmup: 0,
            trailer: None,
        }
    }

    #[inline]
    fn is_ours(&self, frame: Frame<'_>) -> bool {
        let Header { producer, seq, run, .. } = frame.header;
        (Expected { producer, run }) == self.expected
            && pattern::holds(producer, seq, frame.payload)
    }

    #[inline]
    fn book(&mut self, frame: Frame<'_>, seen: Option<Nanos>) -> Taken {
        if self.flow.all == 0 && frame.header.seq == 0 {
            // Links keep the order: what was damaged before this one was warm-up.
            self.ledger.forget_damage();
        }
        let Header { seq, due, sent, .. } = frame.header;
        if !self.arrived(Some(seq), seen) {
            return Taken::Nothing;
        }
        if let Some(seen) = seen {
            self.time(seq, seen, Some(Nanos(due)), Some(Nanos(sent)));
        }
        Taken::Sample(sample(frame))
    }

    /// Books the arrival of a measured frame; says whether it is the first of its number.
    /// One from before all numbers counts as seen.
    #[inline]
    pub(super) fn arrived(&mut self, number: Option<u64>, seen: Option<Nanos>) -> bool {
        let Some(number) = number else {
            self.ledger.duplicate();
            return false;
        };
        let is_new = self.ledger.arrive(number) != Arrival::Duplicate;
        if is_new {
            self.flow.pass(seen);
        }
        is_new
    }

    /// Books the times of a frame that has arrived, as far as they are known.
    #[inline]
    pub(super) fn time(
        &mut self,
        number: u64,
        seen: Nanos,
        due: Option<Nanos>,
        sent: Option<Nanos>,
    ) {
        self.trail.saw(number, self.ledger.missing(), seen, due, sent);
        if let Some(due) = due {
            self.response.record_span(due, seen);
        }
        if let Some(sent) = sent {
            self.transit.record_span(sent, seen);
        }
        if let (Some(due), Some(sent)) = (due, sent) {
            self.slip.record_span(due, sent);
        }
    }

    /// Whatever is no sample of ours to be measured.
    #[cold]
    fn take_other(&mut self, frame: Frame<'_>) -> Taken {
        let Header { kind, producer, run, .. } = frame.header;
        let from_ours = (Expected { producer, run }) == self.expected;
        match kind {
            Kind::Trailer if from_ours => {
                self.trailer = read_trailer(frame.payload);
                return Taken::Trailer;
            }
            Kind::Data | Kind::Warmup if from_ours && !self.is_ours(frame) => self.ledger.corrupt(),
            Kind::Warmup if from_ours => {
                self.warmup += 1;
                return Taken::Warmup(sample(frame));
            }
            _ => self.strangers += 1,
        }
        Taken::Nothing
    }

    #[cold]
    fn damaged(&mut self, damage: FrameError) -> Taken {
        match damage {
            FrameError::Torn { .. } => self.ledger.torn(),
            FrameError::Corrupt(_) => self.ledger.corrupt(),
        }
        Taken::Nothing
    }
}

impl Intake for Inbox {
    fn begin(&mut self, from: Nanos, paced: bool) {
        self.trail = Trail::new(from, if paced { Latency::Response } else { Latency::Transit });
    }

    #[inline]
    fn take(&mut self, bytes: &[u8], now: impl FnOnce() -> Nanos) -> Taken {
        let seen = frame::is_stamped(bytes).then(now);
        match frame::decode(bytes) {
            Ok(frame) if frame.header.kind == Kind::Data && self.is_ours(frame) => {
                self.book(frame, seen)
            }
            Ok(frame) => self.take_other(frame),
            Err(damage) => self.damaged(damage),
        }
    }

    fn mishap(&mut self, error: RecvError) -> Result<(), RecvError> {
        match error {
            RecvError::Torn { .. } => {
                self.ledger.torn();
                Ok(())
            }
            other => Err(other),
        }
    }

    fn books(&self) -> &Inbox {
        self
    }

    fn trail(&mut self) -> &mut Trail {
        &mut self.trail
    }

    fn close(self) -> (Inbox, Option<GuestSeen>) {
        (self, None)
    }
}

#[inline]
fn sample(frame: Frame<'_>) -> Sample {
    Sample { sent: Nanos(frame.header.sent), value: value_of(frame.payload) }
}

/// The number a sample stands for: the first four bytes, between 0 and 1.
#[inline]
pub(super) fn value_of(payload: &[u8]) -> f32 {
    payload.first_chunk::<4>().map_or(0.0, |b| u32::from_le_bytes(*b) as f32 / u32::MAX as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::frame::{encode, wire_len};

    const ME: Expected = Expected { producer: 7, run: 1 };

    fn bytes(run: u32, seq: u64, due: u64, sent: u64) -> Vec<u8> {
        let mut out = vec![0; wire_len(64)];
        encode(&Header { kind: Kind::Data, producer: 7, seq, due, sent, run }, &mut out);
        out
    }

    #[test]
    fn a_frame_of_another_run_is_a_stranger() {
        let mut inbox = Inbox::new(ME);
        assert_eq!(inbox.take(&bytes(2, 0, 5, 6), || Nanos(7)), Taken::Nothing);
        assert!(matches!(inbox.take(&bytes(1, 0, 5, 6), || Nanos(7)), Taken::Sample(_)));
        assert_eq!(inbox.strangers, 1);
    }

    #[test]
    fn seen_before_sent_is_negative_not_zero() {
        let mut inbox = Inbox::new(ME);
        inbox.take(&bytes(1, 0, 5, 60), || Nanos(59));
        assert_eq!((inbox.transit.negative(), inbox.transit.count()), (1, 0));
        assert_eq!(inbox.response.count(), 1);
    }

    #[test]
    fn throughput_counts_from_the_first_frame_to_the_last() {
        let mut inbox = Inbox::new(ME);
        for (seq, at) in [(0, 1_000), (1, 2_000), (2, 3_000)] {
            inbox.take(&bytes(1, seq, 1, 1), || Nanos(at));
        }
        assert_eq!(inbox.flow.per_second(), Some(1e6));
    }

    #[test]
    fn unstamped_frames_between_stamps_count_those_behind_do_not() {
        let mut inbox = Inbox::new(ME);
        inbox.take(&bytes(1, 0, 1, 1), || Nanos(1_000));
        inbox.take(&bytes(1, 1, 0, 0), || unreachable!("not stamped"));
        inbox.take(&bytes(1, 2, 1, 1), || Nanos(3_000));
        inbox.take(&bytes(1, 3, 0, 0), || unreachable!("not stamped"));
        assert_eq!(inbox.flow.per_second(), Some(1e6));
        assert_eq!(inbox.flow.all, 4);
    }
}
