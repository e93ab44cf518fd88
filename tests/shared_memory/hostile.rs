//! A peer that writes whatever it likes, wherever it likes.
//!
//! What must hold: no panic, no look outside of the region, no call without end, and
//! every frame handed out has at most the size that was laid out. The region sees to
//! the second and third. Each is checked with a peer that scribbles between calls, and
//! with one that scribbles from another thread during them.
//!
//! Everything follows from a seed, which a failure prints (but for the other thread's
//! pace). The controls are readers without care, which must be caught.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::thread;
use std::time::Duration;

use pipefit::memory::Fault;
use pipefit::memory::exchange::{self, ExchangeRx, ExchangeTx};
use pipefit::memory::layout::Geometry;
use pipefit::memory::ring::{self, RingRx, RingTx};
use pipefit::memory::sync::{Ordering, Region, Word};

use super::memory::{BODY, End, Memory, TAIL, WORD};

/// Calls between two fresh scenes.
const CALLS: u64 = 200;

/// Calls in all.
fn steps() -> u64 {
    if std::env::var_os("PIPEFIT_LONG").is_some() { 10_000_000 } else { 200_000 }
}

/// Numbers that look random and follow from a seed (SplitMix64, Steele et al. 2014).
#[derive(Clone, Debug)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Less than `n`.
    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.roll() % n.max(1) as u64).unwrap()
    }

    /// A number as they are found at limits.
    fn odd(&mut self) -> u64 {
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
enum Layout {
    Ring { shape: ring::Shape, frame: usize },
    Exchange { shape: exchange::Shape, cells: usize, frame: usize },
}

impl Layout {
    fn any(dice: &mut Dice) -> Self {
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

    const fn geometry(&self) -> Geometry {
        match self {
            Self::Ring { shape, .. } => shape.geometry(),
            Self::Exchange { shape, .. } => shape.geometry(),
        }
    }

    /// A word that could be right for the place where the reader looks next, or nearly.
    fn plausible(&self, dice: &mut Dice, next: u64) -> u64 {
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
    fn place(&self, dice: &mut Dice, next: u64) -> usize {
        match self {
            Self::Ring { shape, .. } => {
                let place = usize::try_from(next % shape.capacity() as u64).unwrap();
                BODY + place / WORD * WORD
            }
            Self::Exchange { cells, .. } => BODY + dice.below(*cells) * WORD,
        }
    }

    /// One stroke of the peer's pen, where the reader's next record is at `next`.
    fn scribble(&self, memory: &Memory, dice: &mut Dice, next: u64) {
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
trait Victim {
    /// Calls something; says where it will look next, or that it has given up.
    fn call(&mut self, dice: &mut Dice) -> Option<u64>;
}

/// At most so many frames are asked for in a call.
fn max(dice: &mut Dice) -> usize {
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
    fn call(&mut self, dice: &mut Dice) -> Option<u64> {
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
    fn call(&mut self, dice: &mut Dice) -> Option<u64> {
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
    fn call(&mut self, dice: &mut Dice) -> Option<u64> {
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
    fn call(&mut self, dice: &mut Dice) -> Option<u64> {
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
fn victim<'a>(layout: &Layout, sends: bool, at: u64, end: End<'a>) -> Box<dyn Victim + 'a> {
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

/// Prints where a scene went wrong.
struct Scene(u64, Layout);

impl Drop for Scene {
    #[expect(clippy::print_stderr, reason = "where to look when it failed")]
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("scene of seed {}: {:?}", self.0, self.1);
        }
    }
}

type Make = for<'a> fn(&Layout, bool, u64, End<'a>) -> Box<dyn Victim + 'a>;

/// A scene whose peer scribbles between the calls; gives how many there were. How often
/// a call may use the region grows with its size, and with nothing else.
fn between(seed: u64, make: Make) -> u64 {
    let mut dice = Dice(seed);
    let layout = Layout::any(&mut dice);
    let _scene = Scene(seed, layout);
    let memory = Memory::new(&layout.geometry());
    let bound = 100 + memory.len() as u64;
    let fuse = Cell::new(bound);
    let mut next = dice.odd() & !7;
    let sends = dice.below(4) == 0;
    let mut victim = make(&layout, sends, next, End::new(&memory, &fuse));
    for call in 1..CALLS {
        for _ in 0..dice.below(4) {
            layout.scribble(&memory, &mut dice, next);
        }
        fuse.set(bound);
        match victim.call(&mut dice) {
            Some(there) => next = there,
            None => return call,
        }
    }
    CALLS
}

/// The same with a peer that scribbles meanwhile.
fn meanwhile(seed: u64, make: Make) -> u64 {
    let mut dice = Dice(seed);
    let layout = Layout::any(&mut dice);
    let _scene = Scene(seed, layout);
    let memory = Memory::new(&layout.geometry());
    let bound = 100 + memory.len() as u64;
    let first = dice.odd() & !7;
    let sends = dice.below(4) == 0;
    let (begun, over) = (AtomicBool::new(false), AtomicBool::new(false));
    let next = AtomicU64::new(first);
    thread::scope(|scope| {
        let (memory, begun, over, next) = (&memory, &begun, &over, &next);
        scope.spawn(move || {
            let mut dice = Dice(!seed);
            while !over.load(Ordering::Relaxed) {
                layout.scribble(memory, &mut dice, next.load(Ordering::Relaxed));
                begun.store(true, Ordering::Relaxed);
            }
        });
        let _over = Over(over);
        while !begun.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        let fuse = Cell::new(bound);
        let mut victim = make(&layout, sends, first, End::new(memory, &fuse));
        for call in 1..50 * CALLS {
            fuse.set(bound);
            match victim.call(&mut dice) {
                Some(there) => next.store(there, Ordering::Relaxed),
                None => return call,
            }
        }
        50 * CALLS
    })
}

/// Ends the other thread, also after a panic.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// One scene after the other, until there were enough calls.
fn all(scene: fn(u64, Make) -> u64) {
    let (mut done, mut seed) = (0, 0);
    while done < steps() {
        done += scene(seed, victim);
        seed += 1;
    }
}

#[test]
fn a_peer_that_scribbles_between_calls_does_no_harm() {
    all(between);
}

#[test]
fn a_peer_that_scribbles_meanwhile_does_no_harm() {
    all(meanwhile);
}

/// How well the peer aims: without frames that are read and without faults that are
/// found, the above would prove nothing.
#[test]
fn control_the_peer_hits() {
    struct Counted<'a>(RingRx<End<'a>>, &'a Cell<(u64, u64, u64)>);
    impl Victim for Counted<'_> {
        fn call(&mut self, _dice: &mut Dice) -> Option<u64> {
            let (mut frames, mut bundles, mut faults) = self.1.get();
            match self.0.take(3, |_| ()) {
                Ok(n) => frames += n as u64,
                Err(_) => faults += 1,
            }
            bundles += u64::from(self.0.read().is_none());
            self.1.set((frames, bundles, faults));
            Some(self.0.read().unwrap_or(0))
        }
    }
    let counts = Cell::new((0, 0, 0));
    for seed in 0..1000 {
        let mut dice = Dice(seed);
        let shape = ring::Shape::new(1024, 40, true);
        let layout = Layout::Ring { shape, frame: 40 };
        let memory = Memory::new(&layout.geometry());
        let fuse = Cell::new(u64::MAX);
        let rx = RingRx::new(End::new(&memory, &fuse), shape, 0);
        let (mut victim, mut next) = (Counted(rx, &counts), 0);
        for _ in 0..20 {
            layout.scribble(&memory, &mut dice, next);
            next = victim.call(&mut dice).unwrap_or(next);
        }
    }
    let (frames, bundles, faults) = counts.get();
    assert!(frames > 500 && bundles > 100 && faults > 500, "{:?}", counts.get());
}

/// Whether some scene ends with a panic that says `why`.
fn catches(scene: fn(u64, Make) -> u64, make: Make, why: &str) -> bool {
    thread_local!(static QUIET: Cell<bool> = const { Cell::new(false) });
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info);
            }
        }));
    });
    QUIET.set(true);
    let found =
        (0..1000).find_map(|seed| catch_unwind(AssertUnwindSafe(|| scene(seed, make))).err());
    QUIET.set(false);
    found.is_some_and(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| panic.downcast_ref::<&str>().copied()).is_some_and(|t| t.contains(why))
    })
}

/// Believes the length in a record's word.
struct Trusting<'a>(End<'a>, u64, usize);

impl Victim for Trusting<'_> {
    #[expect(unsafe_code, reason = "this is what must be caught")]
    fn call(&mut self, _dice: &mut Dice) -> Option<u64> {
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

fn trusting<'a>(layout: &Layout, _: bool, _: u64, end: End<'a>) -> Box<dyn Victim + 'a> {
    let capacity = match layout {
        Layout::Ring { shape, .. } => shape.capacity(),
        Layout::Exchange { cells, .. } => cells * WORD,
    };
    Box::new(Trusting(end, 0, capacity))
}

/// Reads on for as long as something is there.
struct Endless<'a>(End<'a>);

impl Victim for Endless<'_> {
    fn call(&mut self, _dice: &mut Dice) -> Option<u64> {
        while Word::load(self.0.word(BODY), Ordering::Acquire) != 0 {}
        Some(0)
    }
}

fn endless<'a>(_: &Layout, _: bool, _: u64, end: End<'a>) -> Box<dyn Victim + 'a> {
    Box::new(Endless(end))
}

#[test]
fn control_a_reader_that_trusts_a_length_is_caught() {
    assert!(catches(between, trusting, "outside of the region"));
}

#[test]
fn control_a_reader_that_goes_on_without_end_is_caught() {
    assert!(catches(between, endless, "without end"));
}
