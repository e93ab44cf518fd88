//! Where everything lies in a segment, and what stands in its head.
//!
//! | bytes | what | written by |
//! |---|---|---|
//! | 0–63 | [`Geometry`], behind a magic number | the creator, once |
//! | 64 | who has taken the sending half: a pid, or 0 | its taker |
//! | 72 | who has taken the reading half | its taker |
//! | 128 | the reader's counter | the reader |
//! | 256 | the reader's bell | both |
//! | 384 | the sender's bell | both |
//! | 392 | the counter that a dozing sender waits for | the sender |
//! | 512 | the sender has closed | the sender |
//! | 640 | the reader has closed | the reader |
//! | 1024– | what the geometry says | |
//!
//! What different sides write lies on different pairs of cache lines: processors
//! fetch lines in pairs.

use super::sync::{Ordering, Region, Word};

pub(super) const TX_TAKEN: usize = 64;
pub(super) const RX_TAKEN: usize = 72;
pub(super) const TAIL: usize = 128;
pub(super) const RX_BELL: usize = 256;
pub(super) const TX_BELL: usize = 384;
pub(super) const WANTED: usize = 392;
pub(super) const TX_CLOSED: usize = 512;
pub(super) const RX_CLOSED: usize = 640;

/// Where what the geometry describes begins.
pub(super) const BODY: usize = 1024;

/// Bytes of a word.
pub(super) const WORD: usize = 8;

/// Bytes of a cache line.
pub(super) const LINE: usize = 64;

/// `pipefit` and a byte that no text has, read as a little-endian number.
const MAGIC: u64 = u64::from_le_bytes(*b"pipefit\x9d");

/// Changes with anything that two sides must agree on.
const VERSION: u32 = 1;

/// How the body of a segment is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// Records one behind the other, in a circle: [`ring`](super::ring).
    Ring = 1,
    /// Slots that change hands: [`exchange`](super::exchange).
    Exchange = 2,
    /// Fixed slots without any care, as a yardstick: [`raw`](super::raw).
    Raw = 3,
    /// What stands beside a queue that is another library's: a `Page`.
    Page = 4,
}

/// What both sides must agree on, and who made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// How the body is laid out.
    pub kind: Kind,
    /// The largest frame in bytes.
    pub frame: u64,
    /// Of a ring: bytes of its circle, a power of two. Otherwise: how many slots
    /// lie between the two sides.
    pub capacity: u64,
    /// Bytes of the whole segment.
    pub total: u64,
}

/// Who made a segment, and for which link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Maker {
    /// Its process.
    pub pid: u32,
    /// When that process started, in the kernel's ticks since boot: a pid may be
    /// used again, a pid and a start time not.
    pub started: u64,
    /// A number that no other link has.
    pub link: u64,
}

/// The words at the head, in order.
const FIELDS: usize = 8;

impl Geometry {
    /// Writes the head, the magic number last.
    pub(super) fn write<R: Region>(&self, region: &R, maker: &Maker) {
        let about = u64::from(VERSION) << 32 | self.kind as u64;
        let fields = [
            about,
            maker.link,
            u64::from(maker.pid),
            maker.started,
            self.frame,
            self.capacity,
            self.total,
        ];
        for (i, field) in fields.into_iter().enumerate() {
            region.word((i + 1) * WORD).store(field, Ordering::Relaxed);
        }
        // SYNC: head, with `read`.
        region.word(0).store(MAGIC, Ordering::Release);
    }

    /// Copies the head of a segment of `len` bytes once, and checks the copy against
    /// what is expected. Says what is different.
    pub(super) fn check<R: Region>(&self, region: &R, len: usize) -> Result<Maker, String> {
        // SYNC: head, with `write`.
        if region.word(0).load(Ordering::Acquire) != MAGIC {
            return Err("it does not begin as a pipefit segment does".into());
        }
        let mut head = [0; FIELDS];
        for (i, field) in head.iter_mut().enumerate().skip(1) {
            *field = region.word(i * WORD).load(Ordering::Relaxed);
        }
        let [_, about, link, pid, started, frame, capacity, total] = head;
        let differs = |what: &str, theirs: u64, ours: u64| {
            if theirs == ours {
                return Ok(());
            }
            Err(format!("its {what} is {theirs} where {ours} is expected"))
        };
        differs("version", about >> 32, VERSION.into())?;
        differs("kind", about & u64::from(u32::MAX), self.kind as u64)?;
        differs("largest frame", frame, self.frame)?;
        differs("capacity", capacity, self.capacity)?;
        differs("size", total, self.total)?;
        differs("real size", len as u64, self.total)?;
        let pid = u32::try_from(pid).map_err(|_| format!("its maker's pid is {pid}"))?;
        Ok(Maker { pid, started, link })
    }
}

/// `n` rounded up to whole words, at least one: a frame without bytes takes a word, too.
#[inline]
pub(super) const fn padded(n: usize) -> usize {
    let n = if n == 0 { 1 } else { n };
    // What `next_multiple_of` does, in two instructions rather than six.
    (n + WORD - 1) & !(WORD - 1)
}
