//! Yardsticks: the least that two sides can do with shared memory.
//!
//! Nothing here can be relied on. There is no policy, no bell, no check of what the
//! other side wrote beyond what keeps a reader inside the region: only what the
//! processor needs to move bytes from one core to the other. Whatever is as fast as
//! this is as fast as this machine.

use super::layout::{BODY, Geometry, Kind, WORD, padded};
use super::sync::{Ordering, Region, Word};

/// Bytes of a pair of cache lines, which processors fetch together.
const PAIR: usize = 128;

/// Two words that two sides take turns to write: each side writes one and watches the
/// other.
#[derive(Debug)]
pub struct Line<R> {
    region: R,
    mine: usize,
    theirs: usize,
}

impl<R: Region> Line<R> {
    /// Bytes a region needs.
    pub const BYTES: usize = BODY + 2 * PAIR;

    /// What both sides must agree on.
    #[must_use]
    pub const fn geometry() -> Geometry {
        Geometry { kind: Kind::Raw, frame: 8, capacity: 2, total: Self::BYTES as u64 }
    }

    /// One side. The words share one cache line, or have one each.
    #[must_use]
    pub const fn new(region: R, first: bool, lines: usize) -> Self {
        let (a, b) = (BODY, if lines == 1 { BODY + WORD } else { BODY + PAIR });
        let (mine, theirs) = if first { (a, b) } else { (b, a) };
        Self { region, mine, theirs }
    }

    /// Writes this side's word.
    #[inline]
    pub fn say(&self, n: u64) {
        self.region.word(self.mine).store(n, Ordering::Release);
    }

    /// Reads the other side's.
    #[inline]
    pub fn heard(&self) -> u64 {
        self.region.word(self.theirs).load(Ordering::Acquire)
    }
}

/// Slots of one size in a circle. The word before a slot says whether it is full, so
/// both directions of the talk are where the bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    count: usize,
    size: usize,
    stride: usize,
}

impl Slots {
    /// `count` slots of `size` bytes, one right behind the other or on cache lines of
    /// their own.
    #[must_use]
    pub const fn new(count: usize, size: usize, on_lines: bool) -> Self {
        let packed = WORD + padded(size);
        let stride = if on_lines { packed.next_multiple_of(PAIR / 2) } else { packed };
        Self { count: if count == 0 { 1 } else { count }, size, stride }
    }

    /// What both sides must agree on.
    #[must_use]
    pub const fn geometry(&self) -> Geometry {
        Geometry {
            kind: Kind::Raw,
            frame: self.size as u64,
            capacity: self.count as u64,
            total: (BODY + self.count * self.stride) as u64,
        }
    }

    /// Where the slot after the one at `at` is.
    #[inline]
    const fn after(&self, at: usize) -> usize {
        let next = at + self.stride;
        if next == BODY + self.count * self.stride { BODY } else { next }
    }
}

/// One side of the slots: whoever fills them, or whoever empties them.
#[derive(Debug)]
pub struct SlotEnd<R> {
    region: R,
    slots: Slots,
    at: usize,
}

impl<R: Region> SlotEnd<R> {
    /// A side that begins at the first slot.
    #[must_use]
    pub const fn new(region: R, slots: Slots) -> Self {
        Self { region, slots, at: BODY }
    }

    /// Fills the next slot if it is empty; says whether it was. At most a slot's size.
    #[inline]
    pub fn send(&mut self, len: usize, fill: impl FnOnce(&mut [u8])) -> bool {
        let word = self.region.word(self.at);
        // SYNC: emptied, with `take`.
        if word.load(Ordering::Acquire) != 0 {
            return false;
        }
        let len = len.min(self.slots.size);
        // SAFETY: the reader has left the slot (SYNC: emptied).
        unsafe { self.region.write(self.at + WORD, len, fill) };
        // SYNC: filled, with `take`.
        word.store(len as u64 + 1, Ordering::Release);
        self.at = self.slots.after(self.at);
        true
    }

    /// Empties the next slot if it is full; says whether it was.
    #[inline]
    pub fn take(&mut self, read: impl FnOnce(&[u8])) -> bool {
        let word = self.region.word(self.at);
        // SYNC: filled, with `send`.
        let said = word.load(Ordering::Acquire);
        if said == 0 {
            return false;
        }
        let len = usize::try_from(said - 1).map_or(self.slots.size, |n| n.min(self.slots.size));
        // SAFETY: the sender has left the slot (SYNC: filled); it is `size` long.
        unsafe { self.region.read(self.at + WORD, len, read) };
        // SYNC: emptied, with `send`.
        word.store(0, Ordering::Release);
        self.at = self.slots.after(self.at);
        true
    }
}
