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

use pipefit::memory::ring::{self, RingRx};
use pipefit::memory::sync::{Ordering, Region, Word};
use proptest::prelude::*;

use super::memory::{BODY, End, Memory};
use super::peer::{self, CALLS, Dice, Layout, Make, Victim, bound, trusting, victim};

/// Calls in all.
fn steps() -> u64 {
    if std::env::var_os("PIPEFIT_LONG").is_some() { 10_000_000 } else { 200_000 }
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

/// A scene whose peer scribbles between the calls; gives how many there were.
fn between(seed: u64, make: Make) -> u64 {
    let mut dice = Dice::Seeded(seed);
    let layout = Layout::any(&mut dice);
    let _scene = Scene(seed, layout);
    peer::between(&layout, &mut dice, make)
}

/// The same with a peer that scribbles meanwhile.
fn meanwhile(seed: u64, make: Make) -> u64 {
    let mut dice = Dice::Seeded(seed);
    let layout = Layout::any(&mut dice);
    let _scene = Scene(seed, layout);
    let memory = Memory::new(&layout.geometry());
    let first = dice.odd() & !7;
    let sends = dice.below(4) == 0;
    let (begun, over) = (AtomicBool::new(false), AtomicBool::new(false));
    let next = AtomicU64::new(first);
    thread::scope(|scope| {
        let (memory, begun, over, next) = (&memory, &begun, &over, &next);
        scope.spawn(move || {
            let mut dice = Dice::Seeded(!seed);
            while !over.load(Ordering::Relaxed) {
                layout.scribble(memory, &mut dice, next.load(Ordering::Relaxed));
                begun.store(true, Ordering::Relaxed);
            }
        });
        let _over = Over(over);
        while !begun.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        let fuse = Cell::new(bound(memory));
        let mut victim = make(&layout, sends, first, End::new(memory, &fuse));
        for call in 1..50 * CALLS {
            fuse.set(bound(memory));
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

proptest! {
    /// As `fuzz/` does it, but without a fuzzer's aim.
    #[test]
    fn a_peer_that_does_as_it_is_given_does_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        let mut dice = Dice::Given(&bytes);
        let layout = Layout::any(&mut dice);
        peer::between(&layout, &mut dice, victim);
    }
}

/// How well the peer aims: without frames that are read and without faults that are
/// found, the above would prove nothing.
#[test]
fn control_the_peer_hits() {
    struct Counted<'a>(RingRx<End<'a>>, &'a Cell<(u64, u64, u64)>);
    impl Victim for Counted<'_> {
        fn call(&mut self, _dice: &mut Dice<'_>) -> Option<u64> {
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
        let mut dice = Dice::Seeded(seed);
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

/// Reads on for as long as something is there.
struct Endless<'a>(End<'a>);

impl Victim for Endless<'_> {
    fn call(&mut self, _dice: &mut Dice<'_>) -> Option<u64> {
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
