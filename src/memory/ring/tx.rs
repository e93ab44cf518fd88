//! The sending end of a ring.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::{Head, PUBLISH, Shape, word};
use crate::memory::doorbell;
use crate::memory::fault::Fault;
use crate::memory::layout::{
    LINE, RX_BELL, RX_CLOSED, TAIL, TX_BELL, TX_CLOSED, WANTED, WORD, padded,
};
use crate::memory::sync::{Ordering, Region, Word};

/// The sending end. There is at most one of a region at a time.
#[derive(Debug)]
pub struct RingTx<R> {
    region: R,
    shape: Shape,
    /// Where the next record begins. Its word is zero already.
    head: u64,
    /// Another word that is zero already.
    clear: u64,
    /// Up to where there is known to be room, for a record and the next one's word.
    limit: u64,
}

/// Records that take about as long to write as a reader to wake up: it is woken before
/// they are written. Of a smaller one there is nothing to gain, for a larger one it would
/// be up too early.
const ROUSED: RangeInclusive<usize> = (8 << 10)..=(256 << 10);

impl<R: Region> RingTx<R> {
    /// The sending end of a ring in which `head` bytes have been sent. A fresh one may
    /// begin anywhere, the same for both ends: see [`prepare`](super::prepare).
    ///
    /// # Panics
    /// If the region is too small for the shape, or `head` is no multiple of 8.
    pub fn new(region: R, shape: Shape, head: u64) -> Self {
        assert!(
            region.holds(shape.geometry().total) && head.is_multiple_of(WORD as u64),
            "not its region"
        );
        Self { region, shape, head, clear: head, limit: head }
    }

    /// How many bytes have been sent.
    pub const fn sent(&self) -> u64 {
        self.head
    }

    /// Whether there is room for a frame of `len` bytes.
    ///
    /// # Errors
    /// As [`RingTx::send`].
    #[inline]
    pub fn is_ready(&mut self, len: usize) -> Result<bool, Fault> {
        Ok(self.room(len)? >= WORD + padded(len))
    }

    /// Sends a frame of `len` bytes if there is room; says whether there was.
    ///
    /// # Errors
    /// [`Fault::TooLarge`]; [`Fault::Corrupt`] where the reader's counter is impossible.
    #[inline]
    pub fn send(&mut self, len: usize, fill: impl FnOnce(&mut [u8])) -> Result<bool, Fault> {
        if !self.is_ready(len)? {
            return Ok(false);
        }
        self.push(Head { len, count: 1 }, fill);
        Ok(true)
    }

    /// Sends as many of `count` frames of `len` bytes as there is room for now, as one
    /// record or several; gives their number. `fill` is given each frame's number,
    /// from `first` on.
    ///
    /// # Errors
    /// As [`RingTx::send`].
    #[inline]
    pub fn send_batch(
        &mut self,
        first: usize,
        count: usize,
        len: usize,
        fill: &mut impl FnMut(usize, &mut [u8]),
    ) -> Result<usize, Fault> {
        let each = padded(len);
        let most = (self.shape.record - WORD) / each;
        let mut done = 0;
        while done < count {
            let room = self.room(len)?;
            if room < WORD + each {
                break;
            }
            let fit = (room - WORD) / each;
            let group = fit.min(most).min(count - done).min(usize::from(u16::MAX));
            self.push(Head { len, count: group }, |bytes| {
                // A group of one has no padding, and may have no bytes at all.
                for i in 0..group {
                    fill(first + done + i, &mut bytes[i * each..][..len]);
                }
            });
            done += group;
        }
        Ok(done)
    }

    /// Bytes there is room for, next to each other; looks again where that is not
    /// enough for a frame of `len` bytes.
    #[inline]
    fn room(&mut self, len: usize) -> Result<usize, Fault> {
        if len > self.shape.frame {
            return Err(Fault::TooLarge { len, max: self.shape.frame });
        }
        let room = self.known_room();
        if room < WORD + padded(len) { self.look_again() } else { Ok(room) }
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "less than the capacity")]
    const fn known_room(&self) -> usize {
        self.limit.wrapping_sub(self.head) as usize
    }

    #[inline(never)]
    fn look_again(&mut self) -> Result<usize, Fault> {
        let capacity = self.shape.capacity as u64;
        // SYNC: room, with `RingRx::publish`.
        let tail = self.region.word(TAIL).load(Ordering::Acquire);
        if self.head.wrapping_sub(tail) > capacity - WORD as u64
            || !tail.is_multiple_of(WORD as u64)
        {
            return Err(Fault::Corrupt("the reader claims to have read what was never sent"));
        }
        // Beside the records, the word of the next one must be free to be cleared.
        self.limit = tail.wrapping_add(capacity - WORD as u64);
        Ok(self.known_room())
    }

    /// Writes and publishes a record for which there is room.
    #[inline]
    fn push(&mut self, head: Head, fill: impl FnOnce(&mut [u8])) {
        let at = self.shape.place(self.head);
        let size = head.size();
        let next = self.head.wrapping_add(size as u64);
        let bytes = if head.count == 1 { head.len } else { size - WORD };
        if self.shape.bells && ROUSED.contains(&size) {
            doorbell::rouse(self.region.bell(RX_BELL));
        }
        // SAFETY: `limit` says that the reader has left these bytes (SYNC: room), and
        // nobody else sends. The record ends within the margin behind the circle.
        unsafe { self.region.write(at + WORD, bytes, fill) };
        if next != self.clear {
            word(&self.region, &self.shape, next).store(0, Ordering::Relaxed);
        }
        // SYNC: record, with `RingRx::take`.
        let published = head.word(self.head);
        word(&self.region, &self.shape, self.head).store(published, Ordering::Release);
        self.head = next;
        // The record after the next begins there, if the next one is as long as this. If
        // that is on another line than the reader looks at now, it is fetched and the
        // word cleared while nobody waits for it.
        let ahead = next.wrapping_add(size as u64);
        if (ahead ^ next) >= LINE as u64 && self.known_room() >= size {
            self.clear = ahead;
            word(&self.region, &self.shape, self.clear).store(0, Ordering::Relaxed);
        }
        if self.shape.bells {
            doorbell::ring(self.region.bell(RX_BELL));
        }
    }

    /// Whether the reader has closed: nobody will read what is sent.
    #[inline]
    pub fn is_deserted(&self) -> bool {
        self.region.word(RX_CLOSED).load(Ordering::Relaxed) != 0
    }

    /// Says that nothing more will come.
    pub fn close(&self) {
        // SYNC: the end, with `RingRx::is_over`.
        self.region.word(TX_CLOSED).store(1, Ordering::Release);
        doorbell::ring(self.region.bell(RX_BELL));
    }

    /// Whether there is room for a frame of `len` bytes by now. A counter that is
    /// impossible counts as room: [`RingTx::send`] will complain.
    #[inline]
    pub fn has_room(&self, len: usize) -> bool {
        let capacity = self.shape.capacity as u64;
        let used = self.head.wrapping_sub(self.region.word(TAIL).load(Ordering::Relaxed));
        used > capacity || used + (WORD + padded(len) + WORD) as u64 <= capacity
    }

    /// Dozes until there is room for a frame of `len` bytes, the reader has closed, or
    /// `at_most` has passed.
    #[cold]
    pub fn doze(&self, len: usize, at_most: Duration) {
        let usable = self.shape.capacity - WORD;
        // To be woken for every frame would cost more than it moves.
        let comfort = (WORD + padded(len) + self.shape.capacity / PUBLISH).min(usable);
        let wanted = self.head.wrapping_sub((usable - comfort) as u64);
        self.region.word(WANTED).store(wanted, Ordering::Relaxed);
        doorbell::doze(self.region.bell(TX_BELL), at_most, || {
            self.has_room(len) || self.is_deserted()
        });
    }
}
