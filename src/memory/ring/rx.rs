//! The reading end of a ring.

use std::time::Duration;

use super::{Head, PUBLISH, Shape, single, word};
use crate::memory::doorbell;
use crate::memory::fault::Fault;
use crate::memory::layout::{
    LINE, RX_BELL, RX_CLOSED, TAIL, TX_BELL, TX_CLOSED, WANTED, WORD, padded,
};
use crate::memory::sync::{Ordering, Region, Word};

/// The reading end. There is at most one of a region at a time.
#[derive(Debug)]
pub struct RingRx<R> {
    region: R,
    shape: Shape,
    /// Where the next record begins.
    tail: u64,
    /// How much of that the sender has been told.
    told: u64,
    /// Frames of the next record that have been read already.
    taken: usize,
    /// How often in a row there was nothing to read.
    waits: u8,
    faulty: bool,
}

/// A reader that found nothing so often in a row is waiting for one frame, not keeping
/// up with many: it may look at more than the word it waits for.
const PATIENT: u8 = 2;

const NONSENSE: Fault = Fault::Corrupt("a record's word is not one that this ring's sender writes");

impl<R: Region> RingRx<R> {
    /// The reading end of a ring in which `tail` bytes have been sent and read.
    ///
    /// # Panics
    /// If the region is too small for the shape, or `tail` is no multiple of 8.
    pub fn new(region: R, shape: Shape, tail: u64) -> Self {
        assert!(
            region.holds(shape.geometry().total) && tail.is_multiple_of(WORD as u64),
            "not its region"
        );
        Self { region, shape, tail, told: tail, taken: 0, waits: 0, faulty: false }
    }

    /// How many bytes have been read; `None` within a bundle.
    pub const fn read(&self) -> Option<u64> {
        if self.taken == 0 { Some(self.tail) } else { None }
    }

    /// Tells the sender all that has been read, before another end goes on from there.
    pub fn settle(&mut self) {
        self.publish();
    }

    /// Has `read` look at the frames that are there, at most `max`; gives their number.
    /// No call reads more than the ring can hold, however fast the sender is.
    ///
    /// # Errors
    /// [`Fault::Corrupt`] where the next record makes no sense, and then always. What
    /// was there before it has been read.
    #[inline]
    pub fn take(&mut self, max: usize, mut read: impl FnMut(&[u8])) -> Result<usize, Fault> {
        if self.faulty {
            return Err(NONSENSE);
        }
        let mut n = 0;
        let mut tail = self.tail;
        let begin = tail;
        let enough = (self.shape.capacity / PUBLISH) as u64;
        while n < max {
            // SYNC: record, with `RingTx::push`.
            let said = word(&self.region, &self.shape, tail).load(Ordering::Acquire);
            if said == 0 {
                if self.waits > PATIENT {
                    // So that a frame's second line comes with its first, not after it.
                    self.region.fetch(self.shape.place(tail) + LINE);
                }
                self.waits = if n == 0 { self.waits.saturating_add(1) } else { 0 };
                self.tail = tail;
                // Time to tell the sender, which may wait for it.
                if tail != self.told {
                    self.publish();
                }
                return Ok(n);
            }
            let at = self.shape.place(tail) + WORD;
            let size = if let Some(len) = single(said, tail, &self.shape) {
                // SAFETY: the word says that the sender has left these bytes (SYNC:
                // record), and it will not come back before `publish`. No frame of at
                // most the largest length reaches beyond the margin.
                unsafe { self.region.read(at, len, &mut read) };
                n += 1;
                WORD + padded(len)
            } else {
                self.tail = tail;
                let Some(head) = Head::read(said, tail, &self.shape) else {
                    return self.give_up(n);
                };
                n += self.take_bundle(at, head, max - n, &mut read);
                if self.taken > 0 {
                    break;
                }
                head.size()
            };
            tail = tail.wrapping_add(size as u64);
            if tail.wrapping_sub(self.told) >= enough {
                self.tail = tail;
                self.publish();
                if tail.wrapping_sub(begin) >= self.shape.capacity as u64 {
                    break;
                }
            }
        }
        self.tail = tail;
        self.waits = 0;
        Ok(n)
    }

    /// Reads frames of the bundle whose bytes begin at `at`. Sets `taken` to how many of it have been
    /// read; to 0 where that is all of them.
    #[inline]
    fn take_bundle(
        &mut self,
        at: usize,
        head: Head,
        max: usize,
        read: &mut impl FnMut(&[u8]),
    ) -> usize {
        let each = padded(head.len);
        // A sender that changes its mind about the number gets what it deserves.
        let from = self.taken.min(head.count);
        let group = max.min(head.count - from);
        // SAFETY: as for a single frame; the group lies within the record.
        unsafe {
            self.region.read(at + from * each, group * each, |bytes| {
                bytes.chunks_exact(each).for_each(|frame| read(&frame[..head.len]));
            });
        }
        self.taken = if from + group == head.count { 0 } else { from + group };
        group
    }

    #[cold]
    fn give_up(&mut self, n: usize) -> Result<usize, Fault> {
        self.faulty = true;
        if n > 0 { Ok(n) } else { Err(NONSENSE) }
    }

    /// Tells the sender what has been read.
    #[inline]
    fn publish(&mut self) {
        // SYNC: room, with `RingTx::look_again`.
        self.region.word(TAIL).store(self.tail, Ordering::Release);
        self.told = self.tail;
        if self.shape.bells && doorbell::is_awaited(self.region.bell(TX_BELL)) {
            self.wake_if_comfortable();
        }
    }

    /// Wakes the sender if there is as much room as it waits for.
    #[cold]
    fn wake_if_comfortable(&self) {
        let wanted = self.region.word(WANTED).load(Ordering::Relaxed);
        let beyond = self.tail.wrapping_sub(wanted);
        if beyond <= self.shape.capacity as u64 {
            doorbell::wake(self.region.bell(TX_BELL));
        }
    }

    /// Whether there is something to read.
    #[inline]
    pub fn has_news(&self) -> bool {
        self.region.word(self.shape.place(self.tail)).load(Ordering::Relaxed) != 0
    }

    /// Whether the sender has said that nothing more will come. What it sent before
    /// is there by then.
    #[inline]
    pub fn is_over(&self) -> bool {
        // SYNC: the end, with `RingTx::close`.
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
