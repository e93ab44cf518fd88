//! A region of loom's atomics, and what can be weakened in it.
//!
//! Words and payload are the same memory, as in a mapping: what a frame left behind is
//! what a later look at a record's word there may see. Payload that is touched by two
//! sides without an order between them is a fault, and so is payload beside a word.
//! A bell's `doze` knows no time, so that a ring that is missed is a deadlock.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicU32, AtomicU64, fence};
use loom::sync::{Condvar, Mutex};
use pipefit::memory::sync::{Bell, Ordering, Region, Word};

/// Places in a segment, as the table in `memory::layout` has them. A control that
/// weakens one fails if it is not there any more.
pub(crate) const TAIL: usize = 128;
const RX_BELL: usize = 256;
const TX_BELL: usize = 384;
const WANTED: usize = 392;
const TX_CLOSED: usize = 512;
const RX_CLOSED: usize = 640;
pub(crate) const BODY: usize = 1024;

const WORD: usize = 8;

/// What is taken away from the code under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Without {
    Nothing,
    /// Stores to words from here to there do not release.
    Release(usize, usize),
    /// Loads of words from here to there do not acquire.
    Acquire(usize, usize),
    /// Swaps from here to there have no order.
    SwapOrder(usize, usize),
    /// Swaps from here to there do not release.
    SwapRelease(usize, usize),
    /// Swaps from here to there do not acquire.
    SwapAcquire(usize, usize),
    /// The word of the next record is not cleared.
    Clearing,
    /// Bells have no fence.
    Fence,
    /// Nobody is woken.
    Waking,
}

/// One word, used as a word and as payload.
#[derive(Debug)]
pub(crate) struct Place {
    value: AtomicU64,
    /// Written as payload: in conflict with anything else done here meanwhile.
    written: UnsafeCell<()>,
    without: Without,
}

impl Place {
    fn new(at: usize, without: Without) -> Self {
        let here = match without {
            Without::Release(from, to)
            | Without::Acquire(from, to)
            | Without::SwapOrder(from, to)
            | Without::SwapRelease(from, to)
            | Without::SwapAcquire(from, to) => (from..to).contains(&at),
            Without::Clearing => at >= BODY,
            Without::Nothing | Without::Fence | Without::Waking => false,
        };
        let without = if here { without } else { Without::Nothing };
        Self { value: AtomicU64::new(0), written: UnsafeCell::new(()), without }
    }

    const fn swap_order(&self, order: Ordering) -> Ordering {
        match self.without {
            Without::SwapOrder(..) => Ordering::Relaxed,
            Without::SwapRelease(..) => Ordering::Acquire,
            Without::SwapAcquire(..) => Ordering::Release,
            _ => order,
        }
    }

    /// Conflicts with payload that is being written, and with nothing else.
    fn touch(&self) {
        self.written.with(|_| ());
    }

    fn write_payload(&self, value: u64) {
        self.written.with_mut(|_| ());
        self.value.store(value, Ordering::Relaxed);
    }

    #[expect(unsafe_code, reason = "loom's way to read without any order, which it checks")]
    fn read_payload(&self) -> u64 {
        self.touch();
        // SAFETY: loom ends the model where this is in conflict with a store.
        unsafe { self.value.unsync_load() }
    }
}

impl Word for Place {
    fn load(&self, order: Ordering) -> u64 {
        self.touch();
        let weak = matches!(self.without, Without::Acquire(..));
        self.value.load(if weak { Ordering::Relaxed } else { order })
    }

    fn store(&self, value: u64, order: Ordering) {
        if self.without == Without::Clearing && value == 0 {
            return;
        }
        self.touch();
        let weak = matches!(self.without, Without::Release(..));
        self.value.store(value, if weak { Ordering::Relaxed } else { order });
    }

    fn swap(&self, value: u64, order: Ordering) -> u64 {
        self.touch();
        self.value.swap(value, self.swap_order(order))
    }

    fn exchange(&self, old: u64, new: u64, order: Ordering) -> Result<u64, u64> {
        self.touch();
        self.value.compare_exchange(old, new, self.swap_order(order), Ordering::Acquire)
    }
}

/// A futex: whether to sleep is decided under the lock under which sleepers are woken.
#[derive(Debug)]
pub(crate) struct Futex {
    value: AtomicU32,
    queue: Mutex<()>,
    woken: Condvar,
    without: Without,
}

impl Futex {
    fn new(without: Without) -> Self {
        Self { value: AtomicU32::new(0), queue: Mutex::new(()), woken: Condvar::new(), without }
    }
}

impl Bell for Futex {
    fn load(&self) -> u32 {
        self.value.load(Ordering::Relaxed)
    }

    /// A swap, whose outcome nobody looks at. Of a store beside the other side's swap
    /// loom leaves open which of them came last, even where what the swap read tells:
    /// it would find a ring that is missed, and that no machine can miss.
    fn store(&self, value: u32) {
        self.value.swap(value, Ordering::Relaxed);
    }

    fn swap(&self, value: u32) -> u32 {
        self.value.swap(value, Ordering::Relaxed)
    }

    fn fence(&self) {
        if self.without != Without::Fence {
            fence(Ordering::SeqCst);
        }
    }

    fn doze(&self, value: u32, _at_most: Duration) {
        let queue = self.queue.lock().unwrap();
        if self.value.load(Ordering::Relaxed) == value {
            drop(self.woken.wait(queue).unwrap());
        }
    }

    fn wake(&self) {
        if self.without != Without::Waking {
            let _queue = self.queue.lock().unwrap();
            self.woken.notify_one();
        }
    }
}

/// The region. A copy is the same region.
#[derive(Clone, Debug)]
pub(crate) struct Model(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    places: BTreeMap<usize, Place>,
    rx_bell: Futex,
    tx_bell: Futex,
}

impl Model {
    /// A zeroed region of `total` bytes.
    pub(crate) fn new(total: u64, without: Without) -> Self {
        let total = usize::try_from(total).unwrap();
        let body = (BODY..total).step_by(WORD);
        let all = [TAIL, WANTED, TX_CLOSED, RX_CLOSED].into_iter().chain(body);
        let places = all.map(|at| (at, Place::new(at, without))).collect();
        Self(Rc::new(Inner { places, rx_bell: Futex::new(without), tx_bell: Futex::new(without) }))
    }

    fn places(&self, at: usize, len: usize) -> impl Iterator<Item = &Place> {
        assert_eq!(at % WORD, 0, "frames begin at words");
        (at..at + len).step_by(WORD).map(|at| &self.0.places[&at])
    }
}

impl Region for Model {
    type Word = Place;
    type Bell = Futex;

    /// It has the places that it was made with, and says so when another is asked for.
    fn holds(&self, _bytes: u64) -> bool {
        true
    }

    fn word(&self, at: usize) -> &Place {
        &self.0.places[&at]
    }

    fn bell(&self, at: usize) -> &Futex {
        match at {
            RX_BELL => &self.0.rx_bell,
            TX_BELL => &self.0.tx_bell,
            _ => panic!("no bell is at {at}"),
        }
    }

    #[expect(unsafe_code, reason = "a region's promise; here it is checked")]
    unsafe fn write<R>(&self, at: usize, len: usize, fill: impl FnOnce(&mut [u8]) -> R) -> R {
        let mut bytes = vec![0; len.next_multiple_of(WORD)];
        let out = fill(&mut bytes[..len]);
        for (place, bytes) in self.places(at, len).zip(bytes.as_chunks().0) {
            place.write_payload(u64::from_le_bytes(*bytes));
        }
        out
    }

    #[expect(unsafe_code, reason = "a region's promise; here it is checked")]
    unsafe fn read<R>(&self, at: usize, len: usize, read: impl FnOnce(&[u8]) -> R) -> R {
        let words = self.places(at, len).map(|place| place.read_payload().to_le_bytes());
        let bytes: Vec<u8> = words.flatten().collect();
        read(&bytes[..len])
    }
}
