//! What two sides tell each other beside a queue that is another library's: who has
//! closed, who dozes, and whether the reader has met the sender it now has.

use std::os::fd::{BorrowedFd, OwnedFd};

use super::layout::{BODY, Geometry, Kind, RX_BELL, RX_CLOSED, TX_BELL, TX_CLOSED};
use super::region::Mapped;
use super::sync::{AtomicU32, Ordering, Region, Word};
use super::{Half, Segment, SegmentError};

/// How many senders there have been: the half may have travelled. Written by the sender.
const SEAT: usize = BODY;

/// Whether a half has travelled. Written by whoever sent it off.
const TRAVELLED: usize = BODY + 8;

/// The last sender that the reader has met. Written by the reader.
const MET: usize = BODY + 128;

/// Whether there is a reader: it may be on its way. Written by the reader.
const READ: usize = BODY + 136;

const GEOMETRY: Geometry =
    Geometry { kind: Kind::Page, frame: 0, capacity: 0, total: BODY as u64 + 256 };

/// A sealed page that both sides map.
#[derive(Clone, Debug)]
pub struct Page(Mapped);

impl Page {
    /// A new one.
    ///
    /// # Errors
    /// [`SegmentError`].
    pub fn create() -> Result<Self, SegmentError> {
        Ok(Self(Segment::sealed(&GEOMETRY)?.region()))
    }

    /// The one behind a descriptor.
    ///
    /// # Errors
    /// [`SegmentError`], where it is not one.
    pub fn open(fd: OwnedFd) -> Result<Self, SegmentError> {
        Ok(Self(Segment::open_sealed(fd, &GEOMETRY)?.region()))
    }

    /// Its descriptor, to be handed on.
    #[must_use]
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.0.segment().fd()
    }

    /// Says that `half` does nothing more.
    pub fn close(&self, half: Half) {
        // SYNC: page closed, with `is_closed`.
        self.0.word(closed(half)).store(1, Ordering::Release);
    }

    /// Whether `half` does nothing more. What it did before is there by then.
    #[inline]
    #[must_use]
    pub fn is_closed(&self, half: Half) -> bool {
        // SYNC: page closed, with `close`.
        Word::load(self.0.word(closed(half)), Ordering::Acquire) != 0
    }

    /// Where `half` dozes.
    #[inline]
    #[must_use]
    pub fn bell(&self, half: Half) -> &AtomicU32 {
        self.0.bell(match half {
            Half::Tx => TX_BELL,
            Half::Rx => RX_BELL,
        })
    }

    /// Says whether there is a reader.
    pub fn set_read(&self, is_read: bool) {
        // SYNC: page read, with `is_read`.
        self.0.word(READ).store(is_read.into(), Ordering::Release);
    }

    /// Whether there is.
    #[inline]
    #[must_use]
    pub fn is_read(&self) -> bool {
        // SYNC: page read, with `set_read`.
        Word::load(self.0.word(READ), Ordering::Acquire) != 0
    }

    /// Says that a half travels.
    pub fn travel(&self) {
        self.0.word(TRAVELLED).store(1, Ordering::Relaxed);
    }

    /// Whether one has travelled.
    #[must_use]
    pub fn has_travelled(&self) -> bool {
        Word::load(self.0.word(TRAVELLED), Ordering::Relaxed) != 0
    }

    /// Gives a sender that can be met the next seat.
    #[must_use]
    pub fn sit(&self) -> u64 {
        let seat = self.seat().wrapping_add(1);
        // SYNC: page seat, with `seat`.
        self.0.word(SEAT).store(seat, Ordering::Release);
        seat
    }

    /// The seat of the last sender; 0 where there has been none.
    #[inline]
    #[must_use]
    pub fn seat(&self) -> u64 {
        // SYNC: page seat, with `sit`.
        Word::load(self.0.word(SEAT), Ordering::Acquire)
    }

    /// Says that the reader has met the sender on `seat`.
    pub fn meet(&self, seat: u64) {
        // SYNC: page met, with `has_met`.
        self.0.word(MET).store(seat, Ordering::Release);
    }

    /// Whether it has.
    #[must_use]
    pub fn has_met(&self, seat: u64) -> bool {
        // SYNC: page met, with `meet`.
        Word::load(self.0.word(MET), Ordering::Acquire) == seat
    }
}

const fn closed(half: Half) -> usize {
    match half {
        Half::Tx => TX_CLOSED,
        Half::Rx => RX_CLOSED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_side_says_the_other_hears() {
        let ours = Page::create().unwrap();
        let theirs = Page::open(ours.fd().unwrap().try_clone_to_owned().unwrap()).unwrap();
        assert!(!theirs.is_closed(Half::Tx) && theirs.seat() == 0);
        let seat = ours.sit();
        assert_eq!(theirs.seat(), seat);
        assert!(!ours.has_met(seat));
        theirs.meet(seat);
        assert!(ours.has_met(seat));
        ours.close(Half::Tx);
        assert!(theirs.is_closed(Half::Tx) && !theirs.is_closed(Half::Rx));
    }
}
