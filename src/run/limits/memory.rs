//! Bytes that are copied on one core, and moved to another.

use std::hint::black_box;

use super::together::{spin, together};
use super::{Rates, SPAN};
use crate::ground::host::pin_thread;
use crate::ground::{Clock, Monotonic};
use crate::memory::Segment;
use crate::memory::raw::{SlotEnd, Slots};

/// Payloads that are copied on one core.
pub(super) const COPY_BYTES: [usize; 3] = [1 << 10, 1 << 16, 1 << 20];

/// Payloads that go one way, and how many slots they have.
pub(super) const STREAM_BYTES: [(usize, usize); 3] =
    [(1 << 10, 1 << 10), (1 << 16, 16), (1 << 20, 4)];

/// So often a copy is timed.
const COPIES: usize = 7;

/// The number that says: this is the last one.
const LAST: u64 = u64::MAX;

/// Copies on one core.
pub(super) fn copies(found: &mut Rates, pins: &[usize]) {
    for len in COPY_BYTES {
        // On a thread of its own: the caller stays where it may run.
        let timed = std::thread::scope(|scope| scope.spawn(|| copy(len, pins)).join());
        found.entry(len as u64).or_default().extend(timed.unwrap_or_default());
    }
}

fn copy(len: usize, pins: &[usize]) -> Vec<f64> {
    if pins.first().is_some_and(|cpu| pin_thread(*cpu).is_err()) {
        return Vec::new();
    }
    let (source, mut target) = (vec![7u8; len], vec![0u8; len]);
    // About half a millisecond at 10 GB/s, so that reading the clock does not show.
    let times = ((4 << 20) / len).max(4);
    (0..=COPIES)
        .filter_map(|_| {
            let began = Monotonic.now();
            for _ in 0..times {
                target.copy_from_slice(black_box(&source));
                black_box(&mut target);
            }
            per_second((times * len) as u64, Monotonic.now().0 - began.0)
        })
        // The first time, the pages are new.
        .skip(1)
        .collect()
}

/// Bytes from one core to another.
pub(super) fn streams(found: &mut Rates, pins: &[usize]) {
    for (len, count) in STREAM_BYTES {
        found.entry(len as u64).or_default().extend(stream(len, count, pins));
    }
}

fn per_second(bytes: u64, nanos: u64) -> Option<f64> {
    (nanos > 0).then(|| bytes as f64 * 1e9 / nanos as f64)
}

/// Bytes a second, at the reader, who copies them out.
fn stream(len: usize, count: usize, pins: &[usize]) -> Option<f64> {
    let slots = Slots::new(count, len, false);
    let segment = Segment::sealed(&slots.geometry()).ok()?;
    let (mut to, mut from) =
        (SlotEnd::new(segment.region(), slots), SlotEnd::new(segment.region(), slots));
    let source = vec![7u8; len];
    let mut copy = source.clone();
    together(
        pins,
        move || {
            let mut take = || {
                spin(|| from.take(|bytes| copy.copy_from_slice(bytes)).then_some(()))?;
                Some(copy[..8] == LAST.to_le_bytes())
            };
            // Once round, so that every line has changed hands.
            for _ in 0..count {
                take()?;
            }
            let began = Monotonic.now();
            let mut taken = 0u64;
            while !take()? {
                taken += 1;
            }
            let took = Monotonic.now().0 - began.0;
            per_second(taken * len as u64, took)
        },
        move || {
            let mut send = |last: bool| {
                let fill = |out: &mut [u8]| {
                    out.copy_from_slice(&source);
                    if last {
                        out[..8].copy_from_slice(&LAST.to_le_bytes());
                    }
                };
                spin(|| to.send(len, fill).then_some(()))
            };
            let until = Monotonic.now() + SPAN;
            for _ in 0..2 * count {
                send(false)?;
            }
            while Monotonic.now() < until {
                send(false)?;
            }
            send(true)
        },
    )
}
