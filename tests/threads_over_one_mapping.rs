//! Two threads over one mapping, as in earnest. `ci/tsan.sh` runs this under
//! ThreadSanitizer, which knows the orderings that the code asks for, and not only what
//! this processor makes of them.
//!
//! Threads give their ends back when they are joined: what an `Arc` does to be dropped
//! by two threads, it does not see.
//!
//! The control, an exchange whose cells change hands without an order, is one that only
//! ThreadSanitizer can find: it is ignored here, and must be found there.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]

use std::thread;
use std::time::Duration;

use pipefit::memory::exchange::{self, ExchangeRx, ExchangeTx};
use pipefit::memory::layout::Geometry;
use pipefit::memory::ring::{self, RingRx, RingTx};
use pipefit::memory::sync::{AtomicU32, AtomicU64, Ordering, Region, Word};
use pipefit::memory::{Mapped, Segment};

/// Frames of a test.
const FRAMES: u64 = 200_000;

/// The largest frame.
const LARGEST: usize = 40;

/// For those who doze and are woken.
const LONG: Duration = Duration::from_secs(10);

fn mapping(geometry: &Geometry) -> Mapped {
    Segment::sealed(geometry).unwrap().region()
}

/// The length of frame `seq`.
const fn len(seq: u64) -> usize {
    8 + (seq % (LARGEST as u64 - 7)) as usize
}

fn fill(seq: u64, bytes: &mut [u8]) {
    bytes.fill(seq.to_le_bytes()[0]);
    bytes[..8].copy_from_slice(&seq.to_le_bytes());
}

/// The number of a frame that is whole.
fn number(frame: &[u8]) -> u64 {
    let (seq, rest) = frame.split_first_chunk().unwrap();
    assert!(rest.iter().all(|b| *b == seq[0]), "a frame is not whole: {frame:?}");
    u64::from_le_bytes(*seq)
}

/// Frames through a ring, some alone and some in batches, and read by up to nine.
fn through_a_ring(capacity: usize, dozes: bool) {
    let shape = ring::Shape::new(capacity, LARGEST, dozes);
    let region = mapping(&shape.geometry());
    // A counter that wraps on the way.
    let at = 0_u64.wrapping_sub(1 << 16);
    ring::prepare(&region, at);
    let mut tx = RingTx::new(region.clone(), shape, at);
    let mut rx = RingRx::new(region, shape, at);
    let sender = thread::spawn(move || {
        let mut seq = 0;
        while seq < FRAMES {
            let len = len(seq / 64);
            let before = seq;
            if seq % 128 < 64 {
                seq += u64::from(tx.send(len, |bytes| fill(seq, bytes)).unwrap());
            } else {
                let left = usize::try_from(64 - seq % 64).unwrap();
                let mut fill = |i: usize, bytes: &mut [u8]| fill(before + i as u64, bytes);
                seq += tx.send_batch(0, left, len, &mut fill).unwrap() as u64;
            }
            match (seq == before, dozes) {
                (false, _) => {}
                (true, true) => tx.doze(len, LONG),
                (true, false) => thread::yield_now(),
            }
        }
        tx.close();
        tx
    });
    let mut due = 0;
    loop {
        let over = rx.is_over();
        let max = usize::try_from(1 + due % 9).unwrap();
        let n = rx.take(max, |frame| {
            assert_eq!((number(frame), frame.len()), (due, len(due / 64)));
            due += 1;
        });
        match (n.unwrap(), over, dozes) {
            (0, true, _) => break,
            (0, false, true) => rx.doze(LONG),
            (0, false, false) => thread::yield_now(),
            _ => {}
        }
    }
    assert_eq!(due, FRAMES);
    drop(sender.join().unwrap());
}

/// Frames through an exchange: whole, ever newer, and accounted for.
fn through_an_exchange<R: Region + Clone + Send + 'static>(
    cells: usize,
    over: impl Fn(Mapped) -> R,
) {
    let shape = exchange::Shape::new(cells, LARGEST, false);
    let region = over(mapping(&shape.geometry()));
    exchange::prepare(&region, &shape, 0);
    let mut tx = ExchangeTx::new(region.clone(), shape, 0);
    let mut rx = ExchangeRx::new(region, shape, 0);
    let sender = thread::spawn(move || {
        let sent = (0..FRAMES).map(|seq| {
            if seq % 64 == 0 {
                thread::yield_now();
            }
            tx.send(len(seq), |bytes| fill(seq, bytes)).unwrap()
        });
        let displaced = sent.sum::<u64>();
        tx.close();
        (tx, displaced)
    });
    let (mut read, mut due) = (0, 0);
    loop {
        let over = rx.is_over();
        let n = rx.take(3, |frame| {
            let seq = number(frame);
            assert!(seq >= due && frame.len() == len(seq), "{seq} where {due} was due");
            due = seq + 1;
            read += 1;
        });
        match (n.unwrap(), over) {
            (0, true) => break,
            (0, false) => thread::yield_now(),
            _ => {}
        }
    }
    assert_eq!(due, FRAMES, "the newest is lost");
    let (_tx, displaced) = sender.join().unwrap();
    assert_eq!(FRAMES, read + displaced + rx.passed_over());
}

#[test]
fn frames_cross_a_small_ring() {
    through_a_ring(0, false);
}

#[test]
fn frames_cross_a_large_ring() {
    through_a_ring(1 << 14, false);
}

#[test]
fn frames_cross_a_ring_whose_sides_doze() {
    through_a_ring(512, true);
}

#[test]
fn frames_cross_an_exchange_of_one_cell() {
    through_an_exchange(1, |region| region);
}

#[test]
fn frames_cross_an_exchange_of_several_cells() {
    through_an_exchange(2, |region| region);
    through_an_exchange(7, |region| region);
}

/// All of it one after the other, or the control, without a test runner: of its threads
/// ThreadSanitizer would see half, as they are the standard library's.
#[cfg(not(test))]
fn main() {
    if std::env::args().any(|argument| argument == "control") {
        return through_an_exchange(1, Disorderly);
    }
    for (capacity, dozes) in [(0, false), (1 << 14, false), (512, true)] {
        through_a_ring(capacity, dozes);
    }
    for cells in [1, 2, 7] {
        through_an_exchange(cells, |region| region);
    }
}

/// A mapping whose words are exchanged without any order.
#[derive(Clone)]
struct Disorderly(Mapped);

#[repr(transparent)]
struct Loose(AtomicU64);

impl Word for Loose {
    fn load(&self, order: Ordering) -> u64 {
        self.0.load(order)
    }

    fn store(&self, value: u64, order: Ordering) {
        self.0.store(value, order);
    }

    fn swap(&self, value: u64, _: Ordering) -> u64 {
        self.0.swap(value, Ordering::Relaxed)
    }

    fn exchange(&self, old: u64, new: u64, _: Ordering) -> Result<u64, u64> {
        self.0.compare_exchange(old, new, Ordering::Relaxed, Ordering::Relaxed)
    }
}

impl Region for Disorderly {
    type Word = Loose;
    type Bell = AtomicU32;

    fn holds(&self, bytes: u64) -> bool {
        self.0.holds(bytes)
    }

    #[expect(unsafe_code, reason = "a word that is one, but for its orders")]
    fn word(&self, at: usize) -> &Loose {
        let word: *const AtomicU64 = self.0.word(at);
        // SAFETY: a `Loose` is laid out as the word that it is.
        unsafe { &*word.cast() }
    }

    fn bell(&self, at: usize) -> &AtomicU32 {
        self.0.bell(at)
    }

    #[expect(unsafe_code, reason = "handed on")]
    unsafe fn write<R>(&self, at: usize, len: usize, fill: impl FnOnce(&mut [u8]) -> R) -> R {
        // SAFETY: as the caller promises.
        unsafe { self.0.write(at, len, fill) }
    }

    #[expect(unsafe_code, reason = "handed on")]
    unsafe fn read<R>(&self, at: usize, len: usize, read: impl FnOnce(&[u8]) -> R) -> R {
        // SAFETY: as the caller promises.
        unsafe { self.0.read(at, len, read) }
    }
}

#[test]
#[ignore = "wrong on purpose: ci/tsan.sh sees to it that ThreadSanitizer finds it"]
fn control_cells_without_order() {
    through_an_exchange(1, Disorderly);
}
