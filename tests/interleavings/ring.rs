//! The ring: frames arrive whole, in order and once, and nobody sleeps through a ring.

use std::num::NonZeroUsize;

use loom::thread;
use pipefit::memory::ring::{self, RingRx, RingTx, Shape};

use super::model::{BODY, Model, TAIL, Without};
use super::{FOREVER, RACE, STUCK, caught, holds};

/// Two words a frame: two records fill the smallest circle, and a third one begins
/// where it ends.
const FRAME: usize = 16;

const RECORD: u64 = 8 + FRAME as u64;

/// What the reader says of a record's word that no sender wrote.
const NONSENSE: &str = "Corrupt";

/// What the models below say of a frame that is not the one that was due.
const WRONG: &str = "another frame was due";

struct Setup {
    shape: Shape,
    at: u64,
    without: Without,
}

impl Setup {
    /// The smallest circle, its counters about to wrap.
    fn new(frame: usize, bells: bool, without: Without) -> Self {
        Self { shape: Shape::new(0, frame, bells), at: 0_u64.wrapping_sub(2 * RECORD), without }
    }

    fn ends(&self) -> (RingTx<Model>, RingRx<Model>) {
        let region = Model::new(self.shape.geometry().total, self.without);
        ring::prepare(&region, self.at);
        let tx = RingTx::new(region.clone(), self.shape, self.at);
        (tx, RingRx::new(region, self.shape, self.at))
    }

    /// The bytes of frame `i`: words of records that could stand here a lap later.
    fn bytes(&self, i: u64) -> Vec<u8> {
        let lap = self.shape.capacity() as u64;
        let begin = self.at.wrapping_add(i * RECORD);
        let words = [8, 16].map(|behind| {
            let mark = (begin.wrapping_add(behind + lap) / 8) & 0xFFFF;
            (FRAME as u64 + 1) | 1 << 32 | mark << 48
        });
        words.map(u64::to_le_bytes).concat()
    }

    fn send(&self, tx: &mut RingTx<Model>, i: u64) -> bool {
        tx.send(FRAME, |bytes| bytes.copy_from_slice(&self.bytes(i))).unwrap()
    }

    fn take(&self, rx: &mut RingRx<Model>, max: usize, due: &mut u64) -> Option<NonZeroUsize> {
        let n = rx.take(max, |bytes| {
            assert_eq!(bytes, self.bytes(*due), "{WRONG}");
            *due += 1;
        });
        NonZeroUsize::new(n.unwrap())
    }
}

/// Frames one by one; both sides look again and again. The reader takes two at a time.
fn singles(frames: u64, without: Without) -> impl Fn() + Send + Sync + 'static {
    move || {
        let setup = Setup::new(FRAME, false, without);
        let (mut tx, mut rx) = setup.ends();
        let sender = thread::spawn(move || {
            let setup = Setup::new(FRAME, false, without);
            for i in 0..frames {
                while !setup.send(&mut tx, i) {
                    thread::yield_now();
                }
            }
        });
        let mut due = 0;
        while due < frames {
            if setup.take(&mut rx, 2, &mut due).is_none() {
                thread::yield_now();
            }
        }
        assert_eq!(setup.take(&mut rx, 1, &mut due), None, "a frame that nobody sent");
        sender.join().unwrap();
    }
}

/// Frame `i` of one word.
fn small(i: usize) -> [u8; 8] {
    (i as u64 + 1).to_le_bytes()
}

/// Batches of frames of one word, which travel in bundles, read by twos and ones.
fn bundles(frames: usize, without: Without) -> impl Fn() + Send + Sync + 'static {
    move || {
        let setup = Setup::new(FRAME, false, without);
        let (mut tx, mut rx) = setup.ends();
        let sender = thread::spawn(move || {
            let mut sent = 0;
            while sent < frames {
                let mut fill = |i, bytes: &mut [u8]| bytes.copy_from_slice(&small(i));
                sent += tx.send_batch(sent, frames - sent, 8, &mut fill).unwrap();
                if sent < frames {
                    thread::yield_now();
                }
            }
        });
        let mut due = 0;
        while due < frames {
            let n = rx.take(1 + due % 2, |bytes| {
                assert_eq!(bytes, small(due), "{WRONG}");
                due += 1;
            });
            if n.unwrap() == 0 {
                thread::yield_now();
            }
        }
        sender.join().unwrap();
    }
}

/// Both sides doze at their bells; at the end the sender closes.
fn dozing(frames: u64, without: Without) -> impl Fn() + Send + Sync + 'static {
    move || {
        let setup = Setup::new(FRAME, true, without);
        let (mut tx, mut rx) = setup.ends();
        let sender = thread::spawn(move || {
            let setup = Setup::new(FRAME, true, without);
            for i in 0..frames {
                while !setup.send(&mut tx, i) {
                    tx.doze(FRAME, FOREVER);
                }
            }
            tx.close();
        });
        let mut due = 0;
        loop {
            let over = rx.is_over();
            if setup.take(&mut rx, 1, &mut due).is_some() {
                continue;
            }
            if over {
                break;
            }
            rx.doze(FOREVER);
        }
        assert_eq!(due, frames, "the sender closed behind its last frame");
        sender.join().unwrap();
    }
}

/// A reader that leaves after one frame, and a sender that dozes until it has left.
fn deserted(without: Without) -> impl Fn() + Send + Sync + 'static {
    move || {
        let setup = Setup::new(FRAME, true, without);
        let (mut tx, mut rx) = setup.ends();
        let sender = thread::spawn(move || {
            let setup = Setup::new(FRAME, true, without);
            let mut i = 0;
            while !tx.is_deserted() {
                if setup.send(&mut tx, i) {
                    i += 1;
                } else {
                    tx.doze(FRAME, FOREVER);
                }
            }
        });
        let mut due = 0;
        while due < 1 {
            if setup.take(&mut rx, 1, &mut due).is_none() {
                rx.doze(FOREVER);
            }
        }
        rx.close();
        sender.join().unwrap();
    }
}

/// The longer one with at most three preemptions.
#[test]
fn frames_arrive_whole_in_order_and_once() {
    holds(None, singles(3, Without::Nothing));
    holds(Some(3), singles(5, Without::Nothing));
}

/// At most three preemptions.
#[test]
fn bundles_arrive_whole_in_order_and_once() {
    holds(Some(3), bundles(7, Without::Nothing));
}

/// At most three preemptions.
#[test]
fn no_side_sleeps_through_a_ring() {
    holds(Some(3), dozing(4, Without::Nothing));
}

/// At most three preemptions.
#[test]
fn a_sender_that_dozes_is_told_that_its_reader_leaves() {
    holds(Some(3), deserted(Without::Nothing));
}

#[test]
fn control_a_record_that_is_published_without_release_is_caught() {
    caught(&[RACE], singles(2, Without::Release(BODY, usize::MAX)));
}

#[test]
fn control_a_record_that_is_seen_without_acquire_is_caught() {
    caught(&[RACE], singles(2, Without::Acquire(BODY, usize::MAX)));
}

#[test]
fn control_room_that_is_given_without_release_is_caught() {
    caught(&[RACE], singles(4, Without::Release(TAIL, TAIL + 8)));
}

#[test]
fn control_room_that_is_taken_without_acquire_is_caught() {
    caught(&[RACE], singles(4, Without::Acquire(TAIL, TAIL + 8)));
}

#[test]
fn control_a_next_word_that_is_not_cleared_is_caught() {
    caught(&[WRONG, NONSENSE], singles(4, Without::Clearing));
}

#[test]
fn control_bells_without_a_fence_are_caught() {
    caught(&[STUCK], dozing(4, Without::Fence));
}

#[test]
fn control_sleepers_that_nobody_wakes_are_caught() {
    caught(&[STUCK], dozing(4, Without::Waking));
    caught(&[STUCK], deserted(Without::Waking));
}
