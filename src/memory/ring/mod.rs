//! A ring of records between one sender and one reader: frames of any size, written
//! and read where they lie.
//!
//! A record is one word and the bytes behind it, rounded up to whole words. Its word
//! says how long it is, and is what publishes it: the sender writes the bytes, clears
//! the word of the *next* record, and then stores this one's word with release. A
//! reader waits for a word that is not zero, so a frame crosses with the very cache
//! lines it lies on; no index travels beside it. (Publishing in band is known from
//! FastForward: Giacomoni et al., PPoPP 2008.)
//!
//! Frames of one length that are sent together share a record, a *bundle*: one word,
//! then the frames one behind the other. So a batch moves no more bytes than an array
//! of the frames would.
//!
//! Room goes back as a counter that the reader publishes now and then, and that the
//! sender looks at only where what it knew is used up. Counters count bytes from the
//! beginning of time and may wrap; a place is a counter modulo the capacity, a power
//! of two. A record that begins near the end runs on into a margin behind it, so that
//! every frame lies in one piece, and nothing has to be skipped.
//!
//! # What is promised against the other side
//! The reader copies a record's word once and checks the copy: length, number and
//! place. It never reads outside the region and never loops without reading something
//! new; nonsense is [`Fault::Corrupt`](super::Fault), now and ever after. The sender
//! checks the reader's counter likewise.
//!
//! The bytes of a frame are lent where they lie. A peer that keeps to the protocol does
//! not touch them meanwhile; a hostile one can, and then two looks at the same byte may
//! differ. Whoever must not be fooled copies first and checks the copy.

mod rx;
mod tx;

pub use rx::RingRx;
pub use tx::RingTx;

use super::layout::{BODY, Geometry, Kind, TAIL, WORD, padded};
use super::sync::{Ordering, Region, Word};

/// Bytes a bundle of small frames may have: a page, so that the reader is not kept
/// waiting for long.
const BUNDLE: usize = 4096;

/// Part of the capacity that the reader may use up before it says so.
const PUBLISH: usize = 8;

/// How a ring is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Bytes of the circle, a power of two.
    capacity: usize,
    /// The largest frame.
    frame: usize,
    /// The largest record.
    record: usize,
    /// Whether sides may doze, so that bells must be rung.
    bells: bool,
}

impl Shape {
    /// For frames of at most `frame` bytes: the largest power of two within
    /// `capacity`, or room for two records where that is more.
    #[must_use]
    pub const fn new(capacity: usize, frame: usize, bells: bool) -> Self {
        let single = WORD + padded(frame);
        let least = (2 * single + WORD).next_power_of_two();
        let wanted = if capacity == 0 { 0 } else { 1 << capacity.ilog2() };
        let capacity = if wanted > least { wanted } else { least };
        let bundle = if BUNDLE < capacity / 4 { BUNDLE } else { capacity / 4 };
        let record = if single > bundle { single } else { bundle };
        Self { capacity, frame, record, bells }
    }

    /// What both sides must agree on.
    #[must_use]
    pub const fn geometry(&self) -> Geometry {
        Geometry {
            kind: Kind::Ring,
            frame: self.frame as u64,
            capacity: self.capacity as u64,
            total: (BODY + self.capacity + self.record) as u64,
        }
    }

    /// Bytes that frames and their words may take up.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "less than the capacity")]
    const fn place(&self, counter: u64) -> usize {
        BODY + (counter as usize & (self.capacity - 1))
    }
}

/// Lays out a ring in a fresh, zeroed region whose counters begin at `at`, a multiple
/// of 8. Where they begin at 0, nothing has to be done.
pub fn prepare<R: Region>(region: &R, at: u64) {
    region.word(TAIL).store(at, Ordering::Relaxed);
}

/// The word of the record at `counter`.
#[inline]
fn word<'r, R: Region>(region: &'r R, shape: &Shape, counter: u64) -> &'r R::Word {
    // SAFETY: counters are multiples of 8, so their places are words below the capacity;
    // both ends have made sure that the region holds the whole shape.
    unsafe { region.word_within(shape.place(counter)) }
}

/// A record's word: length of its frames plus one, their number, and a mark of its
/// place, in 32, 16 and 16 bits. Never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    len: usize,
    count: usize,
}

impl Head {
    /// The record at `counter`.
    #[inline]
    const fn word(self, counter: u64) -> u64 {
        (self.len as u64 + 1) | (self.count as u64) << 32 | mark(counter) << 48
    }

    /// Reads a word that is not zero; `None` where it cannot stand at `counter` of a
    /// ring of this shape.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the parts of a word")]
    const fn read(word: u64, counter: u64, shape: &Shape) -> Option<Self> {
        let len = (word as u32 as usize).wrapping_sub(1);
        let count = (word >> 32) as u16 as usize;
        if word >> 48 != mark(counter) || len > shape.frame || count == 0 {
            return None;
        }
        let head = Self { len, count };
        if head.size() > shape.record { None } else { Some(head) }
    }

    /// Bytes of the whole record.
    #[inline]
    const fn size(self) -> usize {
        WORD + self.count * padded(self.len)
    }
}

/// The length of the frame, if this is the word of a record of one frame at `counter`:
/// [`Head::read`] for the most frequent case.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the parts of a word")]
const fn single(word: u64, counter: u64, shape: &Shape) -> Option<usize> {
    let len = (word as u32 as usize).wrapping_sub(1);
    if word >> 32 == 1 | mark(counter) << 16 && len <= shape.frame { Some(len) } else { None }
}

/// What tells a place from others nearby, and from the same place a lap ago.
#[inline]
const fn mark(counter: u64) -> u64 {
    (counter / WORD as u64) & 0xFFFF
}
