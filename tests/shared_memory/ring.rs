//! The ring against a queue: what goes in comes out, in order, byte by byte, and it is
//! full only where there is no room.

use std::cell::Cell;
use std::collections::VecDeque;

use pipefit::memory::Fault;
use pipefit::memory::ring::{RingRx, RingTx, Shape, prepare};
use pipefit::memory::sync::Ordering;
use proptest::prelude::*;

use super::byte;
use super::memory::{End, Memory, TAIL, WORD};

#[derive(Clone, Copy, Debug)]
enum Step {
    Send(usize),
    Batch(usize, usize),
    Take(usize),
}

/// Lengths of frames of at most `frame` bytes, the limits more often than others.
fn len(frame: usize) -> impl Strategy<Value = usize> {
    prop_oneof![4 => 0..=frame, 1 => Just(0), 1 => Just(frame), 1 => 0..=frame.min(8)]
}

fn step(frame: usize) -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => len(frame).prop_map(Step::Send),
        2 => (0_usize..60, len(frame)).prop_map(|(count, len)| Step::Batch(count, len)),
        3 => prop_oneof![0_usize..12, Just(usize::MAX)].prop_map(Step::Take),
    ]
}

/// A ring, where its counters begin, and what is done with it.
fn scene() -> impl Strategy<Value = (Shape, usize, u64, Vec<Step>)> {
    let frame = prop_oneof![2 => 0_usize..40, 1 => 0_usize..3000];
    let capacity = prop_oneof![2 => Just(0), 2 => 0_usize..600, 1 => 0_usize..40_000];
    // Counters that wrap soon, or go through a change of sign, or are quite common.
    let at = prop_oneof![
        3 => (0_u64..400).prop_map(|n| 0_u64.wrapping_sub(8 * n)),
        1 => (0_u64..400).prop_map(|n| (1 << 63) - 8 * n),
        1 => (0_u64..100_000).prop_map(|n| 8 * n),
    ];
    (frame, capacity, at).prop_flat_map(|(frame, capacity, at)| {
        let steps = prop::collection::vec(step(frame), 1..120);
        let shape = Shape::new(capacity, frame, false);
        (Just(shape), Just(frame), Just(at), steps)
    })
}

/// Both ends and the model: numbers and lengths of the frames that are under way.
struct Pair<'a> {
    memory: &'a Memory,
    tx: RingTx<End<'a>>,
    rx: RingRx<End<'a>>,
    shape: Shape,
    queue: VecDeque<(u64, usize)>,
    sent: u64,
}

impl Pair<'_> {
    /// Whether a frame of `len` bytes must fit, by what the reader has published: the
    /// frame with its word, and the next one's word.
    fn fits(&self, len: usize) -> bool {
        let tail = self.memory.at(TAIL).load(Ordering::Relaxed);
        let used = self.tx.sent().wrapping_sub(tail);
        used + (2 * WORD + padded(len)) as u64 <= self.shape.capacity() as u64
    }

    fn send(&mut self, len: usize) {
        let fits = self.fits(len);
        assert_eq!(self.tx.has_room(len), fits);
        let (seq, before) = (self.sent, self.tx.sent());
        let went = self.tx.send(len, |bytes| fill(seq, bytes)).unwrap();
        assert_eq!(went, fits, "full, and only then, if there is no room");
        if went {
            let record = (WORD + padded(len)) as u64;
            assert_eq!(self.tx.sent().wrapping_sub(before), record);
            self.queue.push_back((seq, len));
            self.sent += 1;
        }
    }

    fn send_batch(&mut self, count: usize, len: usize) {
        let fits = self.fits(len);
        let (base, before) = (self.sent, self.tx.sent());
        let mut next = 7;
        let mut write = |i: usize, bytes: &mut [u8]| {
            assert_eq!((i, bytes.len()), (next, len), "each frame is filled once, in order");
            next += 1;
            fill(base + (i - 7) as u64, bytes);
        };
        let went = self.tx.send_batch(7, count, len, &mut write).unwrap();
        assert_eq!(next - 7, went);
        assert!(went == count || !self.fits(len), "it stopped although there is room");
        assert!(went > 0 || count == 0 || !fits);
        let moved = self.tx.sent().wrapping_sub(before);
        let singles = (went * (WORD + padded(len))) as u64;
        assert!(moved <= singles, "a batch takes no more room than its frames would");
        self.queue.extend((0..went as u64).map(|i| (base + i, len)));
        self.sent += went as u64;
    }

    fn take(&mut self, max: usize) {
        let due = self.queue.len().min(max);
        assert_eq!(self.rx.has_news(), !self.queue.is_empty());
        let queue = &mut self.queue;
        let n = self.rx.take(max, |frame| {
            let (seq, len) = queue.pop_front().expect("a frame that nobody sent");
            assert_eq!(frame.len(), len);
            assert!(frame.iter().enumerate().all(|(i, b)| *b == byte(seq, i)), "frame {seq}");
        });
        assert_eq!(n, Ok(due));
        let published = self.memory.at(TAIL).load(Ordering::Relaxed);
        if let Some(read) = self.rx.read() {
            let untold = read.wrapping_sub(published);
            assert!(untold < self.shape.capacity() as u64 / 8, "{untold} bytes are kept back");
        }
        if due < max {
            assert_eq!(published, self.tx.sent(), "a reader that finds it empty says so");
        }
    }
}

/// Bytes of a frame in a ring: whole words, at least one.
const fn padded(len: usize) -> usize {
    if len == 0 { WORD } else { len.next_multiple_of(WORD) }
}

fn fill(seq: u64, bytes: &mut [u8]) {
    bytes.iter_mut().enumerate().for_each(|(i, b)| *b = byte(seq, i));
}

fn play(shape: Shape, frame: usize, at: u64, steps: &[Step]) {
    let memory = Memory::new(&shape.geometry());
    let (a, b) = (Cell::new(u64::MAX), Cell::new(u64::MAX));
    let region = End::new(&memory, &a);
    prepare(&region, at);
    let tx = RingTx::new(region, shape, at);
    let rx = RingRx::new(End::new(&memory, &b), shape, at);
    let mut pair = Pair { memory: &memory, tx, rx, shape, queue: VecDeque::new(), sent: 0 };
    assert!(pair.fits(frame), "there is room for the largest frame");
    let larger = pair.tx.send(frame + 1, |_| panic!("there is nothing to fill"));
    assert_eq!(larger, Err(Fault::TooLarge { len: frame + 1, max: frame }));
    for step in steps {
        match *step {
            Step::Send(len) => pair.send(len),
            Step::Batch(count, len) => pair.send_batch(count, len),
            Step::Take(max) => pair.take(max),
        }
    }
    pair.take(usize::MAX);
    assert_eq!(pair.queue.len(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn a_ring_is_a_queue((shape, frame, at, steps) in scene()) {
        play(shape, frame, at, &steps);
    }
}

#[test]
fn the_smallest_ring_holds_two_of_its_largest_frames() {
    for frame in 0..200 {
        let steps = [Step::Send(frame), Step::Send(frame), Step::Take(2)];
        let shape = Shape::new(0, frame, false);
        let memory = Memory::new(&shape.geometry());
        let fuse = Cell::new(u64::MAX);
        let mut tx = RingTx::new(End::new(&memory, &fuse), shape, 0);
        assert_eq!(tx.send(frame, |_| ()), Ok(true));
        assert_eq!(tx.send(frame, |_| ()), Ok(true));
        play(shape, frame, 0, &steps.repeat(20));
    }
}

/// What a full circle of words looks like that all seem to be records, where the marks
/// of two laps are the same: only a hostile sender leaves it so.
#[test]
fn one_call_reads_one_lap_at_most() {
    let shape = Shape::new(512 << 10, 8, false);
    let memory = Memory::new(&shape.geometry());
    for at in (0..shape.capacity()).step_by(WORD) {
        let empty = 1 | 1 << 32 | ((at as u64 / 8) & 0xFFFF) << 48;
        memory.at(super::memory::BODY + at).store(empty, Ordering::Relaxed);
    }
    let fuse = Cell::new(10 * memory.len() as u64);
    let mut rx = RingRx::new(End::new(&memory, &fuse), shape, 0);
    assert_eq!(
        rx.take(usize::MAX, |frame| assert!(frame.is_empty())),
        Ok(shape.capacity() / (2 * WORD))
    );
}
