//! The books on a sensor whose stamps are by another host's clock.
//!
//! Frames stay as they came, so that their check sums hold: it is the reader's own time
//! that is translated, into the sensor's. A translation is only as good as what is known
//! of that clock, so a stamp may come to lie in the future. Such spans are not clamped and
//! not among the figures; how many there were, and by how much, is kept, for whoever knows
//! how sure the translation is.

use std::cell::Cell;

use super::guest::GuestSeen;
use super::inbox::{Inbox, Intake, Sample, Taken};
use super::trail::Trail;
use crate::ground::{Nanos, frame};
use crate::link::RecvError;

/// Stamps that lay in the future when their frame was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backwards {
    /// Frames that had one.
    pub frames: u64,
    /// The furthest, in ns.
    pub furthest: u64,
}

impl Backwards {
    fn note(&mut self, by: u64) {
        self.frames += 1;
        self.furthest = self.furthest.max(by);
    }
}

/// Whose clock stamps are by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamps {
    /// A clock that shows so much more than ours, in ns.
    Ahead(i64),
    /// Nobody knows: they are of no use, and a sample counts from when it was read.
    Unknown,
}

/// Books that translate.
#[derive(Debug)]
pub struct Abroad<'a> {
    inbox: Inbox,
    stamps: Stamps,
    backwards: &'a Cell<Backwards>,
}

impl<'a> Abroad<'a> {
    /// Over the usual books; what lies in the future is noted in `backwards`.
    #[must_use]
    pub const fn new(inbox: Inbox, stamps: Stamps, backwards: &'a Cell<Backwards>) -> Self {
        Self { inbox, stamps, backwards }
    }
}

impl Intake for Abroad<'_> {
    fn begin(&mut self, from: Nanos, paced: bool) {
        // Without a clock, no course is kept: its spans would be guesses.
        if let Stamps::Ahead(offset) = self.stamps {
            self.inbox.begin(Nanos(from.0.saturating_add_signed(offset)), paced);
        }
    }

    #[inline]
    fn take(&mut self, bytes: &[u8], now: impl FnOnce() -> Nanos) -> Taken {
        let seen = if frame::is_stamped(bytes) { now() } else { Nanos(0) };
        let Stamps::Ahead(offset) = self.stamps else {
            return match self.inbox.take(bytes, || seen) {
                Taken::Sample(sample) => Taken::Sample(Sample { sent: seen, ..sample }),
                Taken::Warmup(sample) => Taken::Warmup(Sample { sent: seen, ..sample }),
                other => other,
            };
        };
        let theirs = Nanos(seen.0.saturating_add_signed(offset));
        let ours = |mut sample: Sample| {
            // Not stamped, or from the future.
            if let (true, Some(by)) =
                (seen > Nanos(0), sample.sent.since(theirs).filter(|n| *n > 0))
            {
                let mut backwards = self.backwards.get();
                backwards.note(by);
                self.backwards.set(backwards);
            }
            sample.sent = Nanos(sample.sent.0.saturating_add_signed(offset.saturating_neg()));
            sample
        };
        match self.inbox.take(bytes, || theirs) {
            Taken::Sample(sample) => Taken::Sample(ours(sample)),
            Taken::Warmup(sample) => Taken::Warmup(ours(sample)),
            other => other,
        }
    }

    fn mishap(&mut self, error: RecvError) -> Result<(), RecvError> {
        self.inbox.mishap(error)
    }

    fn books(&self) -> &Inbox {
        &self.inbox
    }

    fn trail(&mut self) -> &mut Trail {
        self.inbox.trail()
    }

    fn close(self) -> (Inbox, Option<GuestSeen>) {
        self.inbox.close()
    }
}

#[cfg(test)]
mod tests {
    use super::super::inbox::Expected;
    use super::*;
    use crate::ground::frame::{Header, Kind, encode, wire_len};

    const AHEAD: i64 = 1_000_000;

    fn taken(stamps: Stamps, due: u64, sent: u64, seen: u64) -> (Taken, Inbox, Backwards) {
        let mut bytes = vec![0; wire_len(64)];
        encode(&Header { kind: Kind::Data, producer: 7, seq: 0, due, sent, run: 1 }, &mut bytes);
        let backwards = Cell::default();
        let inbox = Inbox::new(Expected { producer: 7, run: 1 });
        let mut books = Abroad::new(inbox, stamps, &backwards);
        let taken = books.take(&bytes, || Nanos(seen));
        (taken, books.close().0, backwards.get())
    }

    fn sent(taken: Taken) -> Nanos {
        match taken {
            Taken::Sample(sample) => sample.sent,
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn spans_are_by_one_clock() {
        let (sample, inbox, backwards) = taken(Stamps::Ahead(AHEAD), 1_000_010, 1_000_020, 50);
        assert_eq!((inbox.response.max(), inbox.transit.max()), (Some(40), Some(30)));
        assert_eq!(sent(sample), Nanos(20), "in our time");
        assert_eq!(backwards, Backwards::default());
        let (sample, inbox, _) = taken(Stamps::Ahead(-AHEAD), 10, 20, 1_000_050);
        assert_eq!((inbox.response.max(), inbox.transit.max()), (Some(40), Some(30)));
        assert_eq!(sent(sample), Nanos(1_000_020));
    }

    #[test]
    fn a_stamp_from_the_future_is_noted_and_not_clamped() {
        let (_, inbox, backwards) = taken(Stamps::Ahead(AHEAD), 1_000_010, 1_000_070, 50);
        assert_eq!(backwards, Backwards { frames: 1, furthest: 20 });
        assert_eq!((inbox.transit.negative(), inbox.transit.count()), (1, 0));
    }

    #[test]
    fn its_course_is_in_our_time_and_only_where_the_clock_is_known() {
        let course = |stamps: Stamps| {
            let mut bytes = vec![0; wire_len(64)];
            let (due, sent) = (1_000_010, 1_000_020);
            let header = Header { kind: Kind::Data, producer: 7, seq: 0, due, sent, run: 1 };
            encode(&header, &mut bytes);
            let backwards = Cell::default();
            let inbox = Inbox::new(Expected { producer: 7, run: 1 });
            let mut books = Abroad::new(inbox, stamps, &backwards);
            books.begin(Nanos(5), true);
            books.take(&bytes, || Nanos(50));
            books.close().0.trail.finish(100)
        };
        let known = course(Stamps::Ahead(AHEAD)).unwrap();
        let flight = known.flights[0];
        assert_eq!((flight.due_ns, flight.sent_ns, flight.seen_ns), (Some(5), 15, 45));
        assert_eq!(known.stretches[0].high_ns, 40);
        assert_eq!(course(Stamps::Unknown), None);
    }

    #[test]
    fn without_a_clock_a_sample_counts_from_its_arrival() {
        let (sample, _, backwards) = taken(Stamps::Unknown, 1_000_010, 1_000_070, 50);
        assert_eq!((sent(sample), backwards), (Nanos(50), Backwards::default()));
    }
}
