//! Slots that change hands: a sender that never waits, and a reader that never sees a
//! frame being overwritten.
//!
//! There are `n` cells in a circle and `n + 2` slots. Each side owns one slot, and every
//! cell names one. To send, the sender writes into the slot it owns and swaps it with
//! the one that the next cell names; to read, the reader swaps the slot it owns for the
//! one with the oldest frame. A slot has one owner at every moment, so it is written
//! and read where it lies. What the sender gets back may be a frame that nobody has
//! read: it has been displaced, and is counted. (With one cell this is the well-known
//! triple buffer, and holds the newest value only.)
//!
//! The sender does one swap, always. A reader of one cell does one swap, always. A
//! reader of several cells must not read a newer frame before an older one, so it
//! exchanges a cell only if it still holds the frame that is due; where a saturating
//! sender is faster, it goes forward, by more each time, so that it gets its frame after
//! a few tries at most. What it passed over and was not overwritten by the end is
//! [`ExchangeRx::passed_over`].
//!
//! # What is promised against the other side
//! A slot's number and a frame's length are copied once, and the copies checked. A
//! hostile peer can have one slot owned twice, and then write while the other reads:
//! the bytes lent may change, but nothing outside of the region is ever touched.

use std::time::Duration;

use super::doorbell;
use super::fault::Fault;
use super::layout::{
    BODY, Geometry, Kind, LINE, RX_BELL, RX_CLOSED, TX_BELL, TX_CLOSED, WORD, padded,
};
use super::sync::{Ordering, Region, Word};

/// More cells than anybody needs: the number of a slot has 20 bits.
const MOST: usize = 1 << 19;

/// How an exchange is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    cells: usize,
    frame: usize,
    /// Whether the reader may doze, so that its bell must be rung.
    bells: bool,
}

impl Shape {
    /// With so many cells, at least one, for frames of at most `frame` bytes.
    #[must_use]
    pub const fn new(cells: usize, frame: usize, bells: bool) -> Self {
        let cells = if cells == 0 { 1 } else { cells };
        Self { cells: if cells < MOST { cells } else { MOST }, frame, bells }
    }

    /// What both sides must agree on.
    #[must_use]
    pub const fn geometry(&self) -> Geometry {
        Geometry {
            kind: Kind::Exchange,
            frame: self.frame as u64,
            capacity: self.cells as u64,
            total: (self.slot(self.cells + 2)) as u64,
        }
    }

    /// Bytes of frames that may lie between the two sides.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.cells * self.frame
    }

    const fn cell(&self, seq: u64) -> usize {
        BODY + (seq % self.cells as u64) as usize * WORD
    }

    /// Where slot `i` begins: its length, then its bytes.
    const fn slot(&self, i: usize) -> usize {
        let first = (BODY + self.cells * WORD).next_multiple_of(LINE);
        first + i * (WORD + padded(self.frame)).next_multiple_of(LINE)
    }
}

/// What a cell says: which slot it names, and which frame lies there, if any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    slot: usize,
    full: bool,
    seq: u64,
}

/// Bits of a frame's number in a cell.
const SEQ_BITS: u32 = 43;

impl Cell {
    const fn word(self) -> u64 {
        (self.slot as u64) << (SEQ_BITS + 1) | (self.full as u64) << SEQ_BITS | wrapped(self.seq)
    }

    /// Reads a cell's word; the number of its slot is checked.
    const fn read(word: u64, shape: &Shape) -> Result<Self, Fault> {
        let slot = (word >> (SEQ_BITS + 1)) as usize;
        if slot >= shape.cells + 2 {
            return Err(Fault::Corrupt("a cell names a slot that is not there"));
        }
        Ok(Self { slot, full: word >> SEQ_BITS & 1 == 1, seq: wrapped(word) })
    }

    /// How far this frame's number is ahead of `seq`; negative where it is behind.
    const fn ahead_of(self, seq: u64) -> i64 {
        let shift = 64 - SEQ_BITS;
        (self.seq.wrapping_sub(seq) << shift).cast_signed() >> shift
    }
}

const fn wrapped(seq: u64) -> u64 {
    seq & ((1 << SEQ_BITS) - 1)
}

/// Lays out an exchange in a fresh, zeroed region whose first frame has number `seq`.
pub fn prepare<R: Region>(region: &R, shape: &Shape, seq: u64) {
    for i in 0..shape.cells {
        let due = seq.wrapping_add(i as u64);
        // As if the frames of the lap before had been read.
        let cell = Cell { slot: i, full: false, seq: due.wrapping_sub(shape.cells as u64) };
        region.word(shape.cell(due)).store(cell.word(), Ordering::Relaxed);
    }
}

/// The sending end. There is at most one of a region at a time.
#[derive(Debug)]
pub struct ExchangeTx<R> {
    region: R,
    shape: Shape,
    /// The next frame's number.
    seq: u64,
    /// The slot that this end owns.
    slot: usize,
}

impl<R: Region> ExchangeTx<R> {
    /// The sending end of an exchange in which nothing has been sent.
    pub const fn new(region: R, shape: Shape, seq: u64) -> Self {
        Self { region, shape, seq, slot: shape.cells }
    }

    /// Whether nothing has been sent: only then can the end be used elsewhere.
    pub const fn is_fresh(&self) -> bool {
        self.seq == 0
    }

    /// Sends a frame of `len` bytes; gives how many unread ones that displaced.
    ///
    /// # Errors
    /// [`Fault::TooLarge`]; [`Fault::Corrupt`] where a cell names no slot.
    #[inline]
    pub fn send(&mut self, len: usize, fill: impl FnOnce(&mut [u8])) -> Result<u64, Fault> {
        if len > self.shape.frame {
            return Err(Fault::TooLarge { len, max: self.shape.frame });
        }
        let at = self.shape.slot(self.slot);
        self.region.word(at).store(len as u64, Ordering::Relaxed);
        // SAFETY: this end owns the slot, by the swap that gave it (SYNC: slot) or from
        // the beginning; slots are as large as the largest frame.
        unsafe { self.region.write(at + WORD, len, fill) };
        let ours = Cell { slot: self.slot, full: true, seq: self.seq };
        let cell = self.region.word(self.shape.cell(self.seq));
        // SYNC: slot, with `ExchangeRx::claim`; both ways, for the slot that comes back.
        let theirs = Cell::read(cell.swap(ours.word(), Ordering::AcqRel), &self.shape)?;
        self.slot = theirs.slot;
        self.seq = self.seq.wrapping_add(1);
        if self.shape.bells {
            doorbell::ring(self.region.bell(RX_BELL));
        }
        Ok(u64::from(theirs.full))
    }

    /// Whether the reader has closed: nobody will read what is sent.
    #[inline]
    pub fn is_deserted(&self) -> bool {
        self.region.word(RX_CLOSED).load(Ordering::Relaxed) != 0
    }

    /// Says that nothing more will come.
    pub fn close(&self) {
        // SYNC: the end, with `ExchangeRx::is_over`.
        self.region.word(TX_CLOSED).store(1, Ordering::Release);
        doorbell::ring(self.region.bell(RX_BELL));
    }
}

/// The reading end. There is at most one of a region at a time.
#[derive(Debug)]
pub struct ExchangeRx<R> {
    region: R,
    shape: Shape,
    /// The number of the frame that is due.
    seq: u64,
    /// The slot that this end owns.
    slot: usize,
    tries: u64,
}

impl<R: Region> ExchangeRx<R> {
    /// The reading end of an exchange in which nothing has been sent.
    pub const fn new(region: R, shape: Shape, seq: u64) -> Self {
        Self { region, shape, seq, slot: shape.cells + 1, tries: 0 }
    }

    /// Whether nothing has been read: only then can the end be used elsewhere.
    pub const fn is_fresh(&self) -> bool {
        self.seq == 0
    }

    /// Has `read` look at the frames that are there, oldest first, at most `max`;
    /// gives their number. No call reads more than there are cells, however fast the
    /// sender is.
    ///
    /// # Errors
    /// [`Fault::Corrupt`] where a cell or a slot makes no sense and no frame was read.
    #[inline]
    pub fn take(&mut self, max: usize, mut read: impl FnMut(&[u8])) -> Result<usize, Fault> {
        let max = max.min(self.shape.cells);
        let mut n = 0;
        while n < max {
            match self.claim() {
                Ok(true) => {}
                Ok(false) => break,
                Err(fault) if n == 0 => return Err(fault),
                Err(_) => break,
            }
            let at = self.shape.slot(self.slot);
            let len = self.region.word(at).load(Ordering::Relaxed);
            let Some(len) = usize::try_from(len).ok().filter(|l| *l <= self.shape.frame) else {
                let fault = Fault::Corrupt("a frame claims to be larger than its slot");
                return if n > 0 { Ok(n) } else { Err(fault) };
            };
            // SAFETY: this end owns the slot, by the exchange in `claim` (SYNC: slot),
            // and the length has been checked.
            unsafe { self.region.read(at + WORD, len, &mut read) };
            n += 1;
        }
        Ok(n)
    }

    /// Swaps the slot this end owns for the one with the oldest frame that can be had;
    /// says whether there is one.
    #[inline]
    fn claim(&mut self) -> Result<bool, Fault> {
        let mut margin = 0;
        loop {
            let cell = self.region.word(self.shape.cell(self.seq));
            // SYNC: slot, with `ExchangeTx::send`.
            let word = cell.load(Ordering::Acquire);
            let there = Cell::read(word, &self.shape)?;
            let mut ahead = there.ahead_of(self.seq);
            if !there.full || ahead < 0 {
                return Ok(false);
            }
            let mine = Cell { slot: self.slot, full: false, seq: there.seq };
            self.tries += 1;
            let got = if self.shape.cells == 1 {
                // Whatever it holds by now is newer still.
                let got = Cell::read(cell.swap(mine.word(), Ordering::AcqRel), &self.shape)?;
                ahead = got.ahead_of(self.seq);
                Some(got.slot)
            } else if ahead == 0 {
                cell.exchange(word, mine.word(), Ordering::AcqRel).is_ok().then_some(there.slot)
            } else {
                self.go_forward(ahead, margin);
                None
            };
            if let Some(slot) = got {
                self.slot = slot;
                self.seq = self.seq.wrapping_add_signed(ahead).wrapping_add(1);
                return Ok(true);
            }
            if margin >= self.shape.cells {
                // Somebody writes nonsense into the cells, or does not let us in.
                return Ok(false);
            }
            margin = (2 * margin).max(1);
        }
    }

    /// Goes on with a frame that is still there, or was a moment ago: `margin` newer
    /// than the oldest that can be there beside one that is `ahead`.
    #[cold]
    fn go_forward(&mut self, ahead: i64, margin: usize) {
        let back = (self.shape.cells - 1).saturating_sub(margin);
        self.seq = self.seq.wrapping_add_signed(ahead).wrapping_sub(back as u64);
    }

    /// Whether there is something to read.
    #[inline]
    pub fn has_news(&self) -> bool {
        let word = self.region.word(self.shape.cell(self.seq)).load(Ordering::Relaxed);
        // Nonsense is for `claim` to complain about.
        Cell::read(word, &self.shape).map_or(true, |cell| cell.full && cell.ahead_of(self.seq) >= 0)
    }

    /// Frames that were passed over and lie there unread. To be asked at the end.
    #[must_use]
    pub fn passed_over(&self) -> u64 {
        let cells = (0..self.shape.cells as u64).map(|i| {
            let word = self.region.word(self.shape.cell(i)).load(Ordering::Relaxed);
            Cell::read(word, &self.shape).is_ok_and(|c| c.full && c.ahead_of(self.seq) < 0)
        });
        cells.map(u64::from).sum()
    }

    /// Exchanges that were tried so far: as many as frames read, if every one worked.
    #[must_use]
    pub const fn tries(&self) -> u64 {
        self.tries
    }

    /// Whether the sender has said that nothing more will come. What it sent before
    /// is there by then.
    #[inline]
    pub fn is_over(&self) -> bool {
        // SYNC: the end, with `ExchangeTx::close`.
        self.region.word(TX_CLOSED).load(Ordering::Acquire) != 0
    }

    /// Says that nobody will read any more.
    pub fn close(&self) {
        self.region.word(RX_CLOSED).store(1, Ordering::Release);
        doorbell::ring(self.region.bell(TX_BELL));
    }

    /// Dozes until there is something to read, the sender has closed, or `at_most` has
    /// passed.
    #[cold]
    pub fn doze(&self, at_most: Duration) {
        let bell = self.region.bell(RX_BELL);
        doorbell::doze(bell, at_most, || self.has_news() || self.is_over());
    }
}
