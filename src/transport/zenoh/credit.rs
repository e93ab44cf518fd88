//! What is on its way, by positions: so that no send is held up by the engine.
//!
//! A sender counts what it has sent: each frame moves its position on by what the frame
//! takes up. The position travels with the frame, and the reader says which it has
//! reached. So what was lost with a connection is known to be lost as soon as anything
//! comes after it, and nobody waits for it.

use super::node::{BATCH, BATCHES};
use crate::ground::Bytes;
use crate::link::LinkSpec;

/// Bytes before a frame: what the message is, and the position behind it.
pub(super) const HEAD: usize = 8;

/// What a message takes up beside its frame: key, heads of the engine, and ours.
const BESIDE: u64 = 64;

/// What may be on its way at most. A batch may be left half empty by a frame that did not
/// fit any more, and two are in the hands of whoever writes and fills them.
pub(super) const ROOM: u64 = 444 << 10;
const _: () = assert!(ROOM < (BATCHES - 2) * BATCH / 2, "the engine has batches for it");

/// The largest frame. It fits where nothing else is on its way.
pub(super) const LARGEST: Bytes = Bytes(256 << 10);

/// Part of the room that a reader may have read before it says so.
const TELL: u64 = 4;

/// What a message of a sender is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Frame,
    /// Whatever was sent before this has arrived by now, or never will.
    Probe,
    /// Nothing more comes.
    Bye,
}

const KINDS: [Kind; 3] = [Kind::Frame, Kind::Probe, Kind::Bye];
const KIND_BITS: u32 = 2;

/// Writes a message's head.
pub(super) fn write_head(kind: Kind, position: u64) -> [u8; HEAD] {
    (position << KIND_BITS | kind as u64).to_le_bytes()
}

/// A message's head, if that is what it is.
pub(super) fn read_head(bytes: &[u8]) -> Option<(Kind, u64)> {
    let word = u64::from_le_bytes(*bytes.first_chunk()?);
    let kind = KINDS.get((word & ((1 << KIND_BITS) - 1)) as usize)?;
    Some((*kind, word >> KIND_BITS))
}

/// What a reader says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Back {
    /// It has read up to here.
    pub(super) read: u64,
    /// Its process has received up to here.
    pub(super) arrived: u64,
    /// It will not read any more.
    pub(super) gone: bool,
}

impl Back {
    pub(super) fn to_bytes(self) -> [u8; 17] {
        let mut out = [0; 17];
        out[..8].copy_from_slice(&self.read.to_le_bytes());
        out[8..16].copy_from_slice(&self.arrived.to_le_bytes());
        out[16] = self.gone.into();
        out
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (read, rest) = bytes.split_first_chunk()?;
        let (arrived, rest) = rest.split_first_chunk()?;
        let gone = *rest.first()? != 0;
        Some(Self { read: u64::from_le_bytes(*read), arrived: u64::from_le_bytes(*arrived), gone })
    }
}

/// How much may be on its way over one link.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room(u64);

impl Room {
    pub(super) fn of(spec: &LinkSpec) -> Self {
        Self(spec.capacity.0.min(ROOM).max(toll(spec.frame.as_usize())))
    }

    pub(super) const fn bytes(self) -> Bytes {
        Bytes(self.0)
    }

    /// Messages there can be at once, with a few that carry no frame.
    pub(super) const fn messages(self) -> usize {
        (self.0 / BESIDE) as usize + 16
    }

    /// Whether a frame can follow what is on its way.
    pub(super) const fn has(self, on_its_way: u64, len: usize) -> bool {
        on_its_way == 0 || on_its_way + toll(len) <= self.0
    }

    /// Whether so much has been read that the sender should know: a large frame waits
    /// until all before it has been read.
    pub(super) const fn is_much(self, read: u64, len: usize) -> bool {
        read * TELL >= self.0 || toll(len) * 2 > self.0
    }
}

/// What a frame takes up.
pub(super) const fn toll(len: usize) -> u64 {
    len as u64 + BESIDE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::{Policy, Wait};

    #[test]
    fn heads_and_answers_are_read_as_they_were_written() {
        for kind in KINDS {
            for position in [0, 1, 113, 1 << 61] {
                assert_eq!(read_head(&write_head(kind, position)), Some((kind, position)));
            }
        }
        assert_eq!(read_head(&[3; HEAD]), None);
        assert_eq!(read_head(&[0; HEAD - 1]), None);
        for gone in [true, false] {
            let back = Back { read: 7, arrived: 1 << 40, gone };
            assert_eq!(Back::from_bytes(&back.to_bytes()), Some(back));
        }
        assert_eq!(Back::from_bytes(&[0; 16]), None);
    }

    #[test]
    fn there_is_always_room_for_one_and_never_more_than_the_engine_holds() {
        let spec = |capacity, frame| LinkSpec {
            capacity: Bytes(capacity),
            frame: Bytes(frame),
            policy: Policy::Block,
            wait: Wait::Block,
        };
        let small = Room::of(&spec(1, 1000));
        assert!(small.has(0, 1000) && !small.has(toll(1), 1000));
        let large = Room::of(&spec(1 << 30, LARGEST.0));
        let (mut way, mut n) = (0, 0);
        while large.has(way, 33_000) {
            way += toll(33_000);
            n += 1;
        }
        assert!(n <= BATCHES - 2, "each takes up a batch of its own: {n}");
        assert!(toll(LARGEST.as_usize()) <= ROOM);
    }

    #[test]
    fn a_sender_that_waits_is_always_told() {
        let room = Room(10_000);
        // Nothing is told, and yet there is room for whatever is not told at once.
        for len in [1, 100, 2_000, 4_936] {
            assert!(room.is_much(2_499, len) || room.has(2_499, len), "{len}");
        }
        assert!(room.is_much(0, 4_937), "a larger one");
    }
}
