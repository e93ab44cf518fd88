//! `pipe-text`: one line of text per frame, as a program prints that knows no better.
//!
//! A frame becomes its length and its bytes as 64-bit numbers, in decimals with spaces
//! between, and is read back from them: what a pipe costs where samples are printed
//! and parsed. Each line is written at once; `pipe-buffered` is for what is not flushed.

use std::io::Write;

use super::pipe;
use super::stream::{self, Framing, StreamRx, StreamTx};
use crate::ground::frame::Scan;
use crate::link::{Caps, Carrier, Link, LinkError, LinkSpec, Ticket, Transport};

/// See the module's documentation.
#[derive(Debug)]
pub struct PipeText;

/// Frames as lines of text.
#[derive(Debug, Default)]
pub struct Lines {
    /// A frame on its way into text or out of it.
    frame: Vec<u8>,
}

/// A number, and what separates it from the next.
const DIGITS: usize = 21;

impl Framing for Lines {
    fn longest(len: usize) -> usize {
        DIGITS * (1 + len.div_ceil(8)) + 1
    }

    fn append(&mut self, out: &mut Vec<u8>, len: usize, fill: impl FnOnce(&mut [u8])) {
        self.frame.resize(len, 0);
        fill(&mut self.frame);
        // What is written into memory is written.
        let _ = write!(out, "{len}");
        for chunk in self.frame.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            let _ = write!(out, " {}", u64::from_le_bytes(word));
        }
        out.push(b'\n');
    }

    fn scan(bytes: &[u8], max: usize) -> Scan {
        let longest = Self::longest(max);
        match memchr::memchr(b'\n', &bytes[..bytes.len().min(longest)]) {
            Some(end) => Scan::Whole(end + 1),
            // Too long for a line of ours.
            None if bytes.len() >= longest => Scan::Skip(bytes.len()),
            None => Scan::Need(longest),
        }
    }

    fn look<R>(&mut self, record: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let line = std::str::from_utf8(record).ok()?;
        let mut numbers = line.split_ascii_whitespace();
        let len: usize = numbers.next()?.parse().ok()?;
        self.frame.clear();
        for number in numbers {
            self.frame.extend_from_slice(&number.parse::<u64>().ok()?.to_le_bytes());
        }
        let unused = self.frame.len().checked_sub(len)?;
        if unused >= 8 {
            return None;
        }
        Some(read(&self.frame[..len]))
    }
}

impl Transport for PipeText {
    type Tx = StreamTx<Lines>;
    type Rx = StreamRx<Lines>;
    const NAME: &'static str = "pipe-text";

    fn caps() -> Caps {
        stream::CAPS
    }

    fn open(spec: &LinkSpec) -> Result<Link<Self::Tx, Self::Rx>, LinkError> {
        pipe::open(spec)
    }

    fn tx_ticket(tx: Self::Tx) -> Result<Ticket, LinkError> {
        pipe::tx_ticket(tx)
    }

    fn rx_ticket(rx: Self::Rx) -> Result<Ticket, LinkError> {
        Ok(Ticket::of(Carrier::Fd(rx.into_fd())))
    }

    fn tx_from(ticket: Ticket, spec: &LinkSpec) -> Result<Self::Tx, LinkError> {
        StreamTx::over(ticket.into_fd()?, spec)
    }

    fn rx_from(ticket: Ticket, spec: &LinkSpec) -> Result<Self::Rx, LinkError> {
        StreamRx::over(ticket.into_fd()?, spec)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(frame: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        Lines::default().append(&mut out, frame.len(), |bytes| bytes.copy_from_slice(frame));
        out
    }

    proptest! {
        #[test]
        fn what_is_printed_is_parsed_back(frame in prop::collection::vec(any::<u8>(), 0..200)) {
            let line = line(&frame);
            prop_assert!(line.len() <= Lines::longest(frame.len()));
            prop_assert_eq!(Lines::scan(&line, frame.len()), Scan::Whole(line.len()));
            let back = Lines::default().look(&line, <[u8]>::to_vec);
            prop_assert_eq!(back, Some(frame));
        }

        #[test]
        fn no_line_makes_it_panic(line in "\\PC{0,60}") {
            let _ = Lines::default().look(line.as_bytes(), <[u8]>::to_vec);
        }
    }

    #[test]
    fn a_line_that_is_none_holds_no_frame() {
        let odd =
            ["", "x 1", "8", "8 1 2", "0 1", "16 1", "8 -1", "8 99999999999999999999", "8 \u{e9}"];
        for line in odd {
            let looked = Lines::default().look(format!("{line}\n").as_bytes(), <[u8]>::len);
            assert_eq!(looked, None, "{line:?}");
        }
        assert_eq!(Lines::default().look(b"8 1\n", <[u8]>::len), Some(8));
    }

    #[test]
    fn a_line_without_an_end_is_skipped() {
        assert_eq!(Lines::scan(b"8 1", 8), Scan::Need(Lines::longest(8)));
        assert_eq!(Lines::scan(&[b'1'; 500], 8), Scan::Skip(500));
    }
}
