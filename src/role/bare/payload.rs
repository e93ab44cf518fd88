//! The bytes that bare roles move.

use super::{BareSpec, Load};
use crate::ground::frame::{self, Header, Kind, pattern};

/// The number that says: this is the last one.
pub(super) const LAST: u64 = u64::MAX;

const PRODUCER: u32 = 1;

/// Writes payloads, and checks them.
pub(super) struct Payload {
    load: Load,
    source: Vec<u8>,
    pub(super) next: u64,
    pub(super) wrong: u64,
    pub(super) spoilt: u64,
    pub(super) last: bool,
    pub(super) sum: u64,
}

impl Payload {
    pub(super) fn new(spec: &BareSpec) -> Self {
        let mut source = vec![0; spec.len];
        pattern::fill(PRODUCER, 1, &mut source);
        Self { load: spec.load, source, next: 0, wrong: 0, spoilt: 0, last: false, sum: 0 }
    }

    #[inline]
    pub(super) fn write(&self, number: u64, out: &mut [u8]) {
        match self.load {
            Load::Framed => {
                let kind = if number == LAST { Kind::Trailer } else { Kind::Data };
                let header =
                    Header { kind, producer: PRODUCER, seq: number, due: 0, sent: 0, run: 1 };
                frame::encode(&header, out);
                return;
            }
            Load::Copied => out.copy_from_slice(&self.source[..out.len()]),
            Load::InPlace => {
                let mut chunks = out.chunks_exact_mut(8);
                for (i, chunk) in (&mut chunks).enumerate() {
                    chunk.copy_from_slice(&(number ^ i as u64).to_le_bytes());
                }
                chunks.into_remainder().fill(0);
            }
        }
        if let Some(head) = out.first_chunk_mut() {
            *head = number.to_le_bytes();
        }
    }

    #[inline]
    pub(super) fn read(&mut self, bytes: &[u8]) {
        let number = match self.load {
            Load::Framed => match frame::decode(bytes) {
                Ok(f) if f.header.kind == Kind::Trailer => LAST,
                Ok(f) if pattern::holds(PRODUCER, f.header.seq, f.payload) => f.header.seq,
                _ => {
                    self.spoilt += 1;
                    LAST - 1
                }
            },
            Load::Copied | Load::InPlace => {
                self.sum = self.sum.wrapping_add(sum(bytes));
                bytes.first_chunk().map_or(LAST - 1, |head| u64::from_le_bytes(*head))
            }
        };
        if number == LAST {
            self.last = true;
            return;
        }
        self.wrong += u64::from(number != self.next);
        self.next = number.wrapping_add(1);
    }
}

#[inline]
fn sum(bytes: &[u8]) -> u64 {
    let (chunks, rest) = bytes.as_chunks::<8>();
    let words = chunks.iter().fold(0u64, |sum, chunk| sum.wrapping_add(u64::from_le_bytes(*chunk)));
    rest.iter().fold(words, |sum, byte| sum.wrapping_add((*byte).into()))
}
