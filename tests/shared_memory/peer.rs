//! A peer that writes whatever it likes, wherever it likes, and those whom it does it to.
//! Used by the tests, with dice that follow from a seed, and by `fuzz/`, with dice that
//! a fuzzer chooses.

use std::cell::Cell;
use std::time::Duration;

use pipefit::memory::Fault;
use pipefit::memory::exchange::{self, ExchangeRx, ExchangeTx};
use pipefit::memory::layout::Geometry;
use pipefit::memory::ring::{self, RingRx, RingTx};
use pipefit::memory::sync::{Ordering, Region, Word};

use super::memory::{BODY, End, Memory, TAIL, WORD};

/// Calls between two fresh scenes.
pub(crate) const CALLS: u64 = 200;

/// What is done next.
#[derive(Clone, Debug)]
pub(crate) enum Dice<'a> {
    /// Numbers that look random and follow from a seed (SplitMix64, Steele et al. 2014).
    Seeded(u64),
    /// Numbers that somebody else has chosen; zeros where there are no more.
    Given(&'a [u8]),
}

impl Dice<'_> {
    /// The next bytes of those that are given, at most eight.
    fn given(bytes: &mut &[u8], n: usize) -> u64 {
        let (now, later) = bytes.split_at(n.min(bytes.len()));
        *bytes = later;
        now.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }

    /// Whether there is nothing more to be done.
    const fn is_spent(&self) -> bool {
        matches!(self, Self::Given([]))
    }

    fn roll(&mut self) -> u64 {
        let seed = match self {
            Self::Seeded(seed) => seed,
            Self::Given(bytes) => return Self::given(bytes, 8),
        };
        *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (*seed ^ (*seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Less than `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let roll = match self {
            Self::Seeded(_) => self.roll(),
            Self::Given(bytes) => Self::given(bytes, if n <= 256 { 1 } else { 4 }),
        };
        usize::try_from(roll % n.max(1) as u64).unwrap()
    }

    /// A number as they are found at limits.
    pub(crate) fn odd(&mut self) -> u64 {
        match self.below(6) {
            0 => 0,
            1 => u64::MAX - self.roll() % 64,
            2 => 1 << self.below(64),
            3 => self.roll() % 5000,
            4 => (1 << self.below(64)) - 1,
            _ => self.roll(),
        }
    }
}

/// How the region is laid out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Layout {
    Ring { shape: ring::Shape, frame: usize },
    Exchange { shape: exchange::Shape, cells: usize, frame: usize },
}

impl Layout {
    pub(crate) fn any(dice: &mut Dice<'_>) -> Self {
        let frame = [0, 1, 8, 9, 40, 64, 300][dice.below(7)];
        let bells = dice.below(2) == 0;
        if dice.below(2) == 0 {
            let capacity = [0, 64, 1024, 8192][dice.below(4)];
            Self::Ring { shape: ring::Shape::new(capacity, frame, bells), frame }
        } else {
            let cells = [1, 1, 2, 3, 8, 33][dice.below(6)];
            Self::Exchange { shape: exchange::Shape::new(cells, frame, bells), cells, frame }
        }
    }

    pub(crate) const fn geometry(&self) -> Geometry {
        match self {
            Self::Ring { shape, .. } => shape.geometry(),
            Self::Exchange { shape, .. } => shape.geometry(),
        }
    }

    /// A word that could be right for the place where the reader looks next, or nearly.
    fn plausible(&self, dice: &mut Dice<'_>, next: u64) -> u64 {
        match self {
            Self::Ring { frame, .. } => {
                let len = match dice.below(6) {
                    0 => frame + 1,
                    1 => u32::MAX as usize,
                    _ => dice.below(frame + 1),
                };
                let count = if dice.below(2) == 0 { 1 } else { dice.below(70) };
                let mark = next / 8 + u64::from(dice.below(8) == 0);
                ((len as u64 + 1) & 0xFFFF_FFFF) | (count as u64) << 32 | mark << 48
            }
            Self::Exchange { cells, .. } => {
                let slot = dice.below(cells + 4) as u64;
                let seq = next.wrapping_add(dice.roll() % 8).wrapping_sub(2);
                slot << 44 | (seq & ((1 << 43) - 1)) | u64::from(dice.below(4) > 0) << 43
            }
        }
    }

    /// Where such a word belongs.
    fn place(&self, dice: &mut Dice<'_>, next: u64) -> usize {
        match self {
            Self::Ring { shape, .. } => {
                let place = usize::try_from(next % shape.capacity() as u64).unwrap();
                BODY + place / WORD * WORD
            }
            Self::Exchange { cells, .. } => BODY + dice.below(*cells) * WORD,
        }
    }

    /// One stroke of the peer's pen, where the reader's next record is at `next`.
    pub(crate) fn scribble(&self, memory: &Memory, dice: &mut Dice<'_>, next: u64) {
        let (at, value) = match dice.below(10) {
            0..5 => (self.place(dice, next), self.plausible(dice, next)),
            // Lengths of slots, and places nearby.
            5 => (BODY + dice.below(64) * 64, dice.odd()),
            6 => (TAIL, next.wrapping_sub(dice.roll() % 4096) & !7),
            // Counters, flags, what a dozing sender waits for, heads.
            7 => (dice.below(BODY / WORD) * WORD, dice.odd()),
            8 => (dice.below(memory.len() / WORD) * WORD, self.plausible(dice, next)),
            _ => (dice.below(memory.len() / WORD) * WORD, dice.odd()),
        };
        memory.at(at.min(memory.len() - WORD)).store(value, Ordering::Relaxed);
        if dice.below(16) == 0 {
            let value = u32::try_from(dice.roll() % 3).unwrap();
            memory.bells()[dice.below(2)].store(value, Ordering::Relaxed);
        }
    }
}

/// What is attacked, one call at a time.
pub(crate) trait Victim {
    /// Calls something; says where it will look next, or that it has given up.
    fn call(&mut self, dice: &mut Dice<'_>) -> Option<u64>;
}

/// At most so many frames are asked for in a call.
fn max(dice: &mut Dice<'_>) -> usize {
    [1, 2, 7, 100, usize::MAX][dice.below(5)]
}

/// Asserts what holds for every frame and every outcome of a call.
fn judge(outcome: Result<usize, Fault>, seen: usize, max: usize) {
    match outcome {
        Ok(n) => assert!(n == seen && n <= max, "{n} frames of {max}, {seen} seen"),
        Err(fault) => assert!(seen == 0 && matches!(fault, Fault::Corrupt(_)), "{fault:?}"),
    }
}

struct RingReader<'a>(RingRx<End<'a>>, usize);

impl Victim for RingReader<'_> {
    fn call(&mut self, dice: &mut Dice<'_>) -> Option<u64> {
        let (max, mut seen) = (max(dice), 0);
        let outcome = self.0.take(max, |frame| {
            assert!(frame.len() <= self.1, "a frame of {} bytes", frame.len());
            seen += 1;
        });
        judge(outcome, seen, max);
        match dice.below(64) {
            0 => self.0.doze(Duration::ZERO),
            1 => self.0.close(),
            _ => _ = (self.0.has_news(), self.0.is_over()),
        }
        outcome.is_ok().then(|| self.0.read().unwrap_or(0))
    }
}

struct ExchangeReader<'a>(ExchangeRx<End<'a>>, usize, u64);

impl Victim for ExchangeReader<'_> {
    fn call(&mut self, dice: &mut Dice<'_>) -> Option<u64> {
        let (max, mut seen) = (max(dice), 0);
        let outcome = self.0.take(max, |frame| {
            assert!(frame.len() <= self.1, "a frame of {} bytes", frame.len());
            seen += 1;
        });
        judge(outcome, seen, max);
        match dice.below(64) {
            0 => self.0.doze(Duration::ZERO),
            1 => self.0.close(),
            2 => _ = self.0.passed_over(),
            _ => _ = (self.0.has_news(), self.0.is_over()),
        }
        self.2 = self.2.wrapping_add(seen as u64);
        Some(self.2)
    }
}

struct RingSender<'a>(RingTx<End<'a>>, usize);

impl Victim for RingSender<'_> {
    fn call(&mut self, dice: &mut Dice<'_>) -> Option<u64> {
        let len = dice.below(self.1 + 2);
        let outcome = if dice.below(2) == 0 {
            self.0.send(len, |bytes| bytes.fill(1)).map(usize::from)
        } else {
            let count = 1 + dice.below(200);
            self.0.send_batch(0, count, len, &mut |_, bytes| bytes.fill(2))
        };
        match outcome {
            Err(Fault::TooLarge { .. }) => assert!(len > self.1),
            Err(Fault::Corrupt(_)) | Ok(_) => assert!(len <= self.1),
        }
        match dice.below(64) {
            0 => self.0.doze(len, Duration::ZERO),
            1 => self.0.close(),
            _ => _ = (self.0.has_room(len), self.0.is_deserted(), self.0.is_ready(len)),
        }
        Some(self.0.sent())
    }
}

struct ExchangeSender<'a>(ExchangeTx<End<'a>>, usize, u64);

impl Victim for ExchangeSender<'_> {
    fn call(&mut self, dice: &mut Dice<'_>) -> Option<u64> {
        let len = dice.below(self.1 + 2);
        match self.0.send(len, |bytes| bytes.fill(3)) {
            Err(Fault::TooLarge { .. }) => assert!(len > self.1),
            Err(Fault::Corrupt(_)) | Ok(0 | 1) => assert!(len <= self.1),
            Ok(n) => panic!("one frame displaced {n}"),
        }
        if dice.below(64) == 0 {
            self.0.close();
        }
        self.2 = self.2.wrapping_add(1);
        Some(self.2)
    }
}

/// One of the four ends, over a fresh region.
pub(crate) fn victim<'a>(
    layout: &Layout,
    sends: bool,
    at: u64,
    end: End<'a>,
) -> Box<dyn Victim + 'a> {
    match (*layout, sends) {
        (Layout::Ring { shape, frame }, false) => {
            Box::new(RingReader(RingRx::new(end, shape, at), frame))
        }
        (Layout::Ring { shape, frame }, true) => {
            ring::prepare(&end, at);
            Box::new(RingSender(RingTx::new(end, shape, at), frame))
        }
        (Layout::Exchange { shape, frame, .. }, false) => {
            exchange::prepare(&end, &shape, at);
            Box::new(ExchangeReader(ExchangeRx::new(end, shape, at), frame, at))
        }
        (Layout::Exchange { shape, frame, .. }, true) => {
            exchange::prepare(&end, &shape, at);
            Box::new(ExchangeSender(ExchangeTx::new(end, shape, at), frame, at))
        }
    }
}

pub(crate) type Make = for<'a> fn(&Layout, bool, u64, End<'a>) -> Box<dyn Victim + 'a>;

/// How often a call may use the region: that grows with its size, and with nothing else.
pub(crate) const fn bound(memory: &Memory) -> u64 {
    100 + memory.len() as u64
}

/// A scene whose peer scribbles between the calls; gives how many there were.
pub(crate) fn between(layout: &Layout, dice: &mut Dice<'_>, make: Make) -> u64 {
    let memory = Memory::new(&layout.geometry());
    let fuse = Cell::new(bound(&memory));
    let mut next = dice.odd() & !7;
    let sends = dice.below(4) == 0;
    let mut victim = make(layout, sends, next, End::new(&memory, &fuse));
    for call in 1..CALLS {
        for _ in 0..dice.below(4) {
            layout.scribble(&memory, dice, next);
        }
        fuse.set(bound(&memory));
        match victim.call(dice) {
            Some(there) if !dice.is_spent() => next = there,
            _ => return call,
        }
    }
    CALLS
}

/// Believes the length in a record's word: the control.
struct Trusting<'a>(End<'a>, u64, usize);

impl Victim for Trusting<'_> {
    #[expect(unsafe_code, reason = "this is what must be caught")]
    fn call(&mut self, _dice: &mut Dice<'_>) -> Option<u64> {
        let at = BODY + usize::try_from(self.1).unwrap() % self.2 / WORD * WORD;
        let word = Word::load(self.0.word(at), Ordering::Acquire);
        if word != 0 {
            let len = usize::try_from((word & 0xFFFF_FFFF) - 1).unwrap();
            // SAFETY: not at all; the region notices.
            unsafe { self.0.read(at + WORD, len, |_| ()) };
            self.1 = self.1.wrapping_add((WORD + len.next_multiple_of(WORD)) as u64);
        }
        Some(self.1)
    }
}

/// A victim that must be caught.
pub(crate) fn trusting<'a>(layout: &Layout, _: bool, _: u64, end: End<'a>) -> Box<dyn Victim + 'a> {
    let capacity = match layout {
        Layout::Ring { shape, .. } => shape.capacity(),
        Layout::Exchange { cells, .. } => cells * WORD,
    };
    Box::new(Trusting(end, 0, capacity))
}
