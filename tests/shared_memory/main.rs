//! The ring and the exchange against plain models of what they promise, and against a
//! peer that keeps to no protocol. `PIPEFIT_LONG=1` makes the latter long.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]
#![expect(clippy::expect_used, reason = "a test says where it failed")]
#![expect(clippy::panic, reason = "a test says where it failed")]

mod exchange;
mod heads;
mod hostile;
mod memory;
mod peer;
mod ring;

/// Byte `i` of frame `seq`.
fn byte(seq: u64, i: usize) -> u8 {
    (seq.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u8 ^ i as u8
}
