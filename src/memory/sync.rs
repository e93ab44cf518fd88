//! The one door to atomics, and what shared memory looks like to the code that uses it.
//!
//! A ring borrows its words from a [`Region`]: in earnest a mapping, in the tests a
//! `Vec`, or a model whose every interleaving is tried. So the code that is proven is
//! the code that runs, and a proof can weaken an ordering to see that it is noticed.

use std::time::Duration;

use rustix::thread::futex;
use rustix::time::Timespec;

pub use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};

/// 64 bits that two sides use at once.
pub trait Word {
    /// Reads it.
    fn load(&self, order: Ordering) -> u64;
    /// Writes it.
    fn store(&self, value: u64, order: Ordering);
    /// Writes it, and gives what it was.
    fn swap(&self, value: u64, order: Ordering) -> u64;
    /// Writes it if it is `old`, in one step.
    ///
    /// # Errors
    /// What it is instead.
    fn exchange(&self, old: u64, new: u64, order: Ordering) -> Result<u64, u64>;
}

impl Word for AtomicU64 {
    #[inline]
    fn load(&self, order: Ordering) -> u64 {
        self.load(order)
    }

    #[inline]
    fn store(&self, value: u64, order: Ordering) {
        self.store(value, order);
    }

    #[inline]
    fn swap(&self, value: u64, order: Ordering) -> u64 {
        self.swap(value, order)
    }

    #[inline]
    fn exchange(&self, old: u64, new: u64, order: Ordering) -> Result<u64, u64> {
        self.compare_exchange(old, new, order, Ordering::Acquire)
    }
}

/// 32 bits that one side can doze on until the other wakes it.
pub trait Bell {
    /// Reads it, without any order.
    fn load(&self) -> u32;
    /// Writes it, without any order.
    fn store(&self, value: u32);
    /// Writes it, and gives what it was, without any order.
    fn swap(&self, value: u32) -> u32;
    /// Puts what was done before and what is done after into one order that both
    /// sides agree on.
    fn fence(&self);
    /// Waits as long as it is `value`, until woken, for at most `at_most`. May come
    /// back early.
    fn doze(&self, value: u32, at_most: Duration);
    /// Wakes whoever dozes.
    fn wake(&self);
}

impl Bell for AtomicU32 {
    #[inline]
    fn load(&self) -> u32 {
        self.load(Ordering::Relaxed)
    }

    #[inline]
    fn store(&self, value: u32) {
        self.store(value, Ordering::Relaxed);
    }

    #[inline]
    fn swap(&self, value: u32) -> u32 {
        self.swap(value, Ordering::Relaxed)
    }

    #[inline]
    fn fence(&self) {
        std::sync::atomic::fence(Ordering::SeqCst);
    }

    fn doze(&self, value: u32, at_most: Duration) {
        let timeout = Timespec::try_from(at_most).ok();
        // A change, a signal and the end of the time all look the same to the caller,
        // who looks again. Not private: the other side may be another process.
        let _ = futex::wait(self, futex::Flags::empty(), value, timeout.as_ref());
    }

    fn wake(&self) {
        let _ = futex::wake(self, futex::Flags::empty(), 1);
    }
}

/// Memory that two sides share, addressed by bytes from its beginning.
pub trait Region {
    /// Its 64-bit words.
    type Word: Word;
    /// Its bells.
    type Bell: Bell;

    /// Whether it has so many bytes.
    fn holds(&self, bytes: u64) -> bool;

    /// The word at `at`, a multiple of 8. Panics where that is outside.
    fn word(&self, at: usize) -> &Self::Word;

    /// The same, for those who know that it is inside.
    ///
    /// # Safety
    /// `at` is a multiple of 8, and the word lies inside the region.
    #[inline]
    unsafe fn word_within(&self, at: usize) -> &Self::Word {
        self.word(at)
    }

    /// Asks the processor for the cache line of `at`, wherever that is. A hint: nothing
    /// need come of it.
    #[inline]
    fn fetch(&self, at: usize) {
        let _ = at;
    }

    /// The bell at `at`, a multiple of 8 where no word is.
    fn bell(&self, at: usize) -> &Self::Bell;

    /// Has `fill` write `len` bytes.
    ///
    /// # Safety
    /// They lie inside the region, and until this returns no other side that keeps to
    /// the protocol reads or writes them.
    unsafe fn write<R>(&self, at: usize, len: usize, fill: impl FnOnce(&mut [u8]) -> R) -> R;

    /// Has `read` look at `len` bytes.
    ///
    /// # Safety
    /// They lie inside the region, and until this returns no other side that keeps to
    /// the protocol writes them.
    unsafe fn read<R>(&self, at: usize, len: usize, read: impl FnOnce(&[u8]) -> R) -> R;
}
