//! The wire frame: what travels over every link, byte for byte.
//!
//! A frame is a 48-byte header and a payload. All numbers are little-endian.
//!
//! | bytes | field | meaning |
//! |---|---|---|
//! | 0–3 | magic | `F1 70 66 17` |
//! | 4–7 | CRC-32C | of everything behind it: bytes 8–47 and the payload |
//! | 8 | version | 1 |
//! | 9 | kind | 0 warm-up, 1 data, 2 trailer, 3 echo |
//! | 10–11 | reserved | 0 |
//! | 12–15 | producer | who made it |
//! | 16–19 | length | of the payload, in bytes |
//! | 20–23 | run | a tag that all frames of one run share |
//! | 24–31 | seq | counts from 0, per producer and kind |
//! | 32–39 | due | when the schedule wanted it, ns of `CLOCK_MONOTONIC` |
//! | 40–47 | sent | when it was written, ns of the same clock |
//!
//! The payload is a pattern derived from producer and seq, and is checked in
//! full: a frame whose checksum is right but whose content belongs to another
//! frame is still found out.
//!
//! Not promised: secrecy or authenticity. A checksum finds accidents, not forgers.

/// Length of the header in bytes.
pub const HEADER: usize = 48;

const MAGIC: [u8; 4] = [0xF1, b'p', b'f', 0x17];
const VERSION: u8 = 1;
/// The checksum covers what stands from here on, in one piece.
const COVERED: usize = 8;

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sent and checked, but not measured.
    Warmup,
    /// A sample.
    Data,
    /// The producer's last word: its counts.
    Trailer,
    /// A sample sent back by the other side.
    Echo,
}

impl Kind {
    fn from_byte(b: u8) -> Option<Self> {
        Some(match b {
            0 => Self::Warmup,
            1 => Self::Data,
            2 => Self::Trailer,
            3 => Self::Echo,
            _ => return None,
        })
    }

    const fn byte(self) -> u8 {
        match self {
            Self::Warmup => 0,
            Self::Data => 1,
            Self::Trailer => 2,
            Self::Echo => 3,
        }
    }
}

/// The header's fields, without magic, length and checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the frame is for.
    pub kind: Kind,
    /// Who made it.
    pub producer: u32,
    /// Which one it is.
    pub seq: u64,
    /// When it was due, in ns; in an echo, when the forward frame was seen.
    pub due: u64,
    /// When it was written, in ns. 0 where the run stamps only one frame in N.
    pub sent: u64,
    /// The run's tag.
    pub run: u32,
}

/// A frame that has passed its checks.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The header's fields.
    pub header: Header,
    /// The payload.
    pub payload: &'a [u8],
}

/// What is wrong with some bytes that ought to be a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Bytes are missing, or belong to another frame.
    #[error("torn frame: {got} bytes where {wanted} were announced")]
    Torn {
        /// Bytes the frame should have.
        wanted: usize,
        /// Bytes there were.
        got: usize,
    },
    /// All bytes are there, but not the ones that were sent.
    #[error("corrupt frame: {0}")]
    Corrupt(&'static str),
}

/// The length on the wire of a frame with a payload of `len` bytes.
#[must_use]
pub const fn wire_len(len: usize) -> usize {
    HEADER + len
}

fn word(bytes: &[u8], at: usize) -> u64 {
    let mut w = [0; 8];
    w.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(w)
}

fn half(bytes: &[u8], at: usize) -> u32 {
    let mut w = [0; 4];
    w.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(w)
}

/// Writes a frame whose payload is the pattern of its producer and seq.
///
/// # Panics
/// If `out` is shorter than a header: the caller asks the link for
/// [`wire_len`] bytes, and gets exactly those.
#[inline]
pub fn encode(header: &Header, out: &mut [u8]) {
    pattern::fill(header.producer, header.seq, &mut out[HEADER..]);
    seal(header, out);
}

/// Writes a frame around a given payload (a trailer's counts, an echo).
///
/// # Panics
/// If `out` is not exactly as long as header and payload together.
pub fn encode_with(header: &Header, payload: &[u8], out: &mut [u8]) {
    out[HEADER..].copy_from_slice(payload);
    seal(header, out);
}

#[inline]
fn seal(header: &Header, out: &mut [u8]) {
    let len = u32::try_from(out.len() - HEADER).unwrap_or(u32::MAX);
    out[8..12].copy_from_slice(&[VERSION, header.kind.byte(), 0, 0]);
    out[12..16].copy_from_slice(&header.producer.to_le_bytes());
    out[16..20].copy_from_slice(&len.to_le_bytes());
    out[20..24].copy_from_slice(&header.run.to_le_bytes());
    out[24..32].copy_from_slice(&header.seq.to_le_bytes());
    out[32..40].copy_from_slice(&header.due.to_le_bytes());
    out[40..48].copy_from_slice(&header.sent.to_le_bytes());
    out[0..4].copy_from_slice(&MAGIC);
    let crc = crc32c::crc32c(&out[COVERED..]);
    out[4..8].copy_from_slice(&crc.to_le_bytes());
}

/// Whether the checksum of a whole frame holds.
#[inline]
fn is_intact(frame: &[u8]) -> bool {
    crc32c::crc32c(&frame[COVERED..]) == half(frame, 4)
}

/// The payload length that a plausible header announces.
fn announced(bytes: &[u8]) -> Option<usize> {
    (bytes.len() >= HEADER
        && bytes[0..4] == MAGIC
        && bytes[8] == VERSION
        && Kind::from_byte(bytes[9]).is_some()
        && bytes[10..12] == [0, 0])
    .then(|| half(bytes, 16) as usize)
}

/// Whether these bytes carry a stamp, as far as can be told before they are
/// checked: a run may stamp only one frame in N.
#[inline]
#[must_use]
pub fn is_stamped(bytes: &[u8]) -> bool {
    bytes.len() >= HEADER && word(bytes, 40) != 0
}

/// Checks header, length and checksum, and gives the frame.
///
/// # Errors
/// [`FrameError::Torn`] where the length is wrong or another frame's header
/// stands inside this one's payload; [`FrameError::Corrupt`] otherwise.
#[inline]
pub fn decode(bytes: &[u8]) -> Result<Frame<'_>, FrameError> {
    if bytes.len() < HEADER {
        return Err(FrameError::Torn { wanted: HEADER, got: bytes.len() });
    }
    let kind = match Kind::from_byte(bytes[9]) {
        Some(kind) if bytes[0..4] == MAGIC && bytes[8] == VERSION => kind,
        _ => return Err(FrameError::Corrupt("not a pipefit frame of version 1")),
    };
    let wanted = wire_len(half(bytes, 16) as usize);
    if wanted != bytes.len() || !is_intact(bytes) {
        return Err(judge_damage(bytes, wanted));
    }
    let header = Header {
        kind,
        producer: half(bytes, 12),
        seq: word(bytes, 24),
        due: word(bytes, 32),
        sent: word(bytes, 40),
        run: half(bytes, 20),
    };
    Ok(Frame { header, payload: &bytes[HEADER..] })
}

/// A frame with foreign bytes in it is torn; one with all its bytes, wrong, is corrupt.
#[cold]
fn judge_damage(bytes: &[u8], wanted: usize) -> FrameError {
    if wanted != bytes.len() || find_header(&bytes[1..]).is_some() {
        FrameError::Torn { wanted, got: bytes.len() }
    } else {
        FrameError::Corrupt("its checksum does not match")
    }
}

/// Where the next magic stands in `bytes`.
fn find_header(bytes: &[u8]) -> Option<usize> {
    bytes.windows(MAGIC.len()).position(|w| w == MAGIC)
}

/// What stands at the head of a byte stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    /// A frame of so many bytes, complete; not yet checked by [`decode`].
    Whole(usize),
    /// The beginning of a frame; at least so many bytes are needed in all.
    Need(usize),
    /// So many bytes are not part of any frame: something tore the stream.
    Skip(usize),
}

/// Looks at the head of a byte stream for a frame of at most `max` bytes.
///
/// A frame is believed by its header and by what follows it. If what follows is
/// no header and the checksum does not hold either, bytes are missing in the
/// middle, and the stream is resumed at the next header.
#[must_use]
pub fn scan(bytes: &[u8], max: usize) -> Scan {
    let known = bytes.len().min(MAGIC.len());
    if bytes[..known] != MAGIC[..known] {
        return resume(bytes);
    }
    if bytes.len() < HEADER {
        return Scan::Need(HEADER);
    }
    let total = match announced(bytes) {
        Some(len) if wire_len(len) <= max => wire_len(len),
        _ => return resume(bytes),
    };
    if bytes.len() < total {
        return Scan::Need(total);
    }
    let after = &bytes[total..];
    let known = after.len().min(MAGIC.len());
    if after[..known] != MAGIC[..known] && !is_intact(&bytes[..total]) {
        return resume(bytes);
    }
    Scan::Whole(total)
}

/// Skips to the next magic after the first byte, or to where one might begin.
#[cold]
fn resume(bytes: &[u8]) -> Scan {
    let tail = &bytes[1..];
    let skip = find_header(tail).unwrap_or_else(|| {
        let unsure = (0..MAGIC.len()).rev().find(|&k| tail.ends_with(&MAGIC[..k])).unwrap_or(0);
        tail.len() - unsure
    });
    Scan::Skip(1 + skip)
}

/// The payload's pattern.
pub mod pattern {
    const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

    /// A well-mixed start for each producer and seq (the finalizer of splitmix64,
    /// Steele et al., 2014).
    #[inline]
    fn base(producer: u32, seq: u64) -> u64 {
        let mut x = seq ^ (u64::from(producer) << 40) ^ STEP;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    #[inline]
    const fn at(base: u64, i: u64) -> u64 {
        let x = base.wrapping_add(i.wrapping_mul(STEP));
        x ^ (x >> 29)
    }

    /// Fills `out` with the pattern of frame `seq` of `producer`.
    #[inline]
    pub fn fill(producer: u32, seq: u64, out: &mut [u8]) {
        let base = base(producer, seq);
        let mut chunks = out.chunks_exact_mut(8);
        let mut i = 0;
        for chunk in &mut chunks {
            chunk.copy_from_slice(&at(base, i).to_le_bytes());
            i += 1;
        }
        let last = at(base, i).to_le_bytes();
        for (byte, wanted) in chunks.into_remainder().iter_mut().zip(last) {
            *byte = wanted;
        }
    }

    /// Whether every byte is as [`fill`] would write it.
    #[inline]
    #[must_use]
    pub fn holds(producer: u32, seq: u64, bytes: &[u8]) -> bool {
        let base = base(producer, seq);
        let chunks = bytes.chunks_exact(8);
        let rest = chunks.remainder();
        let mut wrong = 0;
        let mut i = 0;
        for chunk in chunks {
            let mut w = [0; 8];
            w.copy_from_slice(chunk);
            wrong |= u64::from_le_bytes(w) ^ at(base, i);
            i += 1;
        }
        let last = at(base, i).to_le_bytes();
        wrong == 0 && rest.iter().zip(last).all(|(byte, wanted)| *byte == wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header(seq: u64) -> Header {
        Header { kind: Kind::Data, producer: 3, seq, due: 10 + seq, sent: 20 + seq, run: 99 }
    }

    fn frame(seq: u64, len: usize) -> Vec<u8> {
        let mut out = vec![0; wire_len(len)];
        encode(&header(seq), &mut out);
        out
    }

    /// Reads a stream to its end: the seqs of good frames, and how often it was torn.
    fn read_stream(mut bytes: &[u8]) -> (Vec<u64>, usize) {
        let (mut seqs, mut torn) = (Vec::new(), 0);
        while !bytes.is_empty() {
            match scan(bytes, 1 << 16) {
                Scan::Whole(n) => {
                    match decode(&bytes[..n]) {
                        Ok(f) => seqs.push(f.header.seq),
                        Err(_) => torn += 1,
                    }
                    bytes = &bytes[n..];
                }
                Scan::Skip(n) => {
                    torn += 1;
                    bytes = &bytes[n..];
                }
                Scan::Need(_) => break,
            }
        }
        (seqs, torn)
    }

    #[test]
    fn a_cut_in_the_middle_costs_one_frame_and_no_other() {
        let mut stream: Vec<u8> = (0..5).flat_map(|s| frame(s, 1000)).collect();
        stream.drain(1_500..1_600);
        assert_eq!(read_stream(&stream), (vec![0, 2, 3, 4], 1));
    }

    #[test]
    fn foreign_bytes_between_frames_cost_nothing_but_a_mark() {
        let mut stream = frame(0, 24);
        stream.extend_from_slice(b"debug: hello\n");
        stream.extend(frame(1, 24));
        assert_eq!(read_stream(&stream), (vec![0, 1], 1));
    }

    #[test]
    fn two_frames_in_one_payload_are_torn_not_corrupt() {
        let mut bytes = frame(0, 200);
        let other = frame(1, 24);
        bytes[100..100 + other.len()].copy_from_slice(&other);
        assert!(matches!(decode(&bytes), Err(FrameError::Torn { .. })));
        let mut bytes = frame(0, 200);
        bytes[120] ^= 1;
        assert!(matches!(decode(&bytes), Err(FrameError::Corrupt(_))));
    }

    #[test]
    fn a_swapped_payload_with_a_good_checksum_is_found() {
        let mut bytes = frame(4, 64);
        let theirs = frame(5, 64);
        encode_with(&header(4), &theirs[HEADER..], &mut bytes);
        let f = decode(&bytes).unwrap();
        assert!(!pattern::holds(f.header.producer, f.header.seq, f.payload));
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(
            producer: u32, seq: u64, due: u64, sent: u64, run: u32, len in 0usize..3000,
        ) {
            let h = Header { kind: Kind::Data, producer, seq, due, sent, run };
            let mut out = vec![0xAA; wire_len(len)];
            encode(&h, &mut out);
            let f = decode(&out).unwrap();
            prop_assert_eq!(f.header, h);
            prop_assert!(pattern::holds(producer, seq, f.payload));
            prop_assert_eq!(scan(&out, out.len()), Scan::Whole(out.len()));
        }

        #[test]
        fn one_flipped_bit_is_never_accepted(len in 0usize..300, at: prop::sample::Index, bit in 0u8..8) {
            let mut out = frame(8, len);
            let at = at.index(out.len());
            out[at] ^= 1 << bit;
            prop_assert!(decode(&out).is_err());
        }

        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let _ = decode(&bytes);
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                match scan(rest, 1 << 16) {
                    Scan::Whole(n) | Scan::Skip(n) => {
                        prop_assert!(n > 0 && n <= rest.len());
                        rest = &rest[n..];
                    }
                    Scan::Need(n) => {
                        prop_assert!(n > rest.len());
                        break;
                    }
                }
            }
        }

        #[test]
        fn a_pattern_of_another_frame_does_not_hold(seq in 0u64..1_000_000, len in 8usize..200) {
            let mut out = vec![0; len];
            pattern::fill(1, seq, &mut out);
            prop_assert!(pattern::holds(1, seq, &out));
            prop_assert!(!pattern::holds(1, seq + 1, &out));
            prop_assert!(!pattern::holds(2, seq, &out));
        }
    }
}
