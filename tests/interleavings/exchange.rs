//! The exchange: every frame that is read is whole, newer than the one before, and all
//! that were sent are accounted for.

use loom::thread;
use pipefit::memory::exchange::{self, ExchangeRx, ExchangeTx, Shape};

use super::model::{BODY, Model, Without};
use super::{FOREVER, RACE, STUCK, caught, holds};

const FRAME: usize = 16;

/// What the models below say of a frame with parts of another.
const TORN: &str = "a frame is not whole";

/// Where the models below say that something is lost.
const LOST: &str = "the newest is lost";

fn ends(
    cells: usize,
    bells: bool,
    at: u64,
    without: Without,
) -> (ExchangeTx<Model>, ExchangeRx<Model>) {
    let shape = Shape::new(cells, FRAME, bells);
    let region = Model::new(shape.geometry().total, without);
    exchange::prepare(&region, &shape, at);
    (ExchangeTx::new(region.clone(), shape, at), ExchangeRx::new(region, shape, at))
}

/// Frame `i`: its number in every byte, and not zero.
fn bytes(i: u64) -> [u8; FRAME] {
    [u8::try_from(i + 1).unwrap(); FRAME]
}

/// The number of a frame that is whole.
fn number(frame: &[u8]) -> u64 {
    let first = frame.first().copied().unwrap_or(0);
    assert!(first > 0 && frame == [first; FRAME], "{TORN}: {frame:?}");
    u64::from(first) - 1
}

/// What a reader has seen.
#[derive(Debug, Default)]
struct Seen {
    read: u64,
    newest: Option<u64>,
}

impl Seen {
    fn take(&mut self, rx: &mut ExchangeRx<Model>, max: usize) -> bool {
        let n = rx.take(max, |frame| {
            let i = number(frame);
            assert!(self.newest.is_none_or(|newest| newest < i), "{i} after {:?}", self.newest);
            self.newest = Some(i);
            self.read += 1;
        });
        n.unwrap() > 0
    }
}

/// One side sends so many frames, while the other looks so often, at most two at a time.
fn beside(cells: usize, frames: u64, looks: u64, without: Without) -> impl Fn() + Send + Sync {
    move || {
        // The number in a cell is about to begin anew.
        let (mut tx, mut rx) = ends(cells, false, (1 << 43) - 2, without);
        let sender = thread::spawn(move || {
            let send = |i| tx.send(FRAME, |to| to.copy_from_slice(&bytes(i))).unwrap();
            (0..frames).map(send).sum::<u64>()
        });
        let mut seen = Seen::default();
        for _ in 0..looks {
            seen.take(&mut rx, 2);
        }
        let displaced = sender.join().unwrap();
        while seen.take(&mut rx, usize::MAX) {}
        assert_eq!(seen.newest, Some(frames - 1), "{LOST}");
        assert_eq!(frames, seen.read + displaced + rx.passed_over());
    }
}

/// A reader that dozes until there is news, or until the sender has closed.
fn dozing(cells: usize, frames: u64, without: Without) -> impl Fn() + Send + Sync {
    move || {
        let (mut tx, mut rx) = ends(cells, true, 0, without);
        let sender = thread::spawn(move || {
            for i in 0..frames {
                tx.send(FRAME, |to| to.copy_from_slice(&bytes(i))).unwrap();
            }
            tx.close();
        });
        let mut seen = Seen::default();
        loop {
            let over = rx.is_over();
            if seen.take(&mut rx, 1) {
                continue;
            }
            if over {
                break;
            }
            rx.doze(FOREVER);
        }
        assert_eq!(seen.newest, Some(frames - 1), "{LOST}");
        sender.join().unwrap();
    }
}

#[test]
fn frames_of_one_cell_are_whole_and_accounted_for() {
    holds(None, beside(1, 4, 3, Without::Nothing));
}

#[test]
fn frames_of_several_cells_are_whole_in_order_and_accounted_for() {
    holds(None, beside(2, 5, 3, Without::Nothing));
    holds(None, beside(3, 5, 3, Without::Nothing));
}

/// At most three preemptions.
#[test]
fn no_reader_sleeps_through_a_ring() {
    holds(Some(3), dozing(1, 3, Without::Nothing));
    holds(Some(3), dozing(2, 4, Without::Nothing));
}

#[test]
fn control_slots_that_change_hands_without_order_are_caught() {
    for cells in [1, 2] {
        caught(&[RACE, TORN], beside(cells, 3, 2, Without::SwapOrder(BODY, BODY + 8 * cells)));
    }
}

#[test]
fn control_slots_that_are_given_without_release_are_caught() {
    for cells in [1, 2] {
        caught(&[RACE, TORN], beside(cells, 3, 2, Without::SwapRelease(BODY, BODY + 8 * cells)));
    }
}

#[test]
fn control_slots_that_are_taken_without_acquire_are_caught() {
    // As many frames as it takes until the sender writes into a slot that was read.
    for (cells, frames) in [(1, 4), (2, 5)] {
        caught(
            &[RACE, TORN],
            beside(cells, frames, 2, Without::SwapAcquire(BODY, BODY + 8 * cells)),
        );
    }
}

#[test]
fn control_bells_without_a_fence_are_caught() {
    caught(&[STUCK], dozing(1, 2, Without::Fence));
}

#[test]
fn control_sleepers_that_nobody_wakes_are_caught() {
    caught(&[STUCK], dozing(1, 2, Without::Waking));
}
