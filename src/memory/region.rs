//! A segment, as a ring sees it.

use std::ptr::NonNull;
use std::sync::Arc;

use super::segment::Segment;
use super::sync::{AtomicU32, AtomicU64, Region};

/// A mapping that two sides use. It stays as long as anybody holds it.
#[derive(Clone, Debug)]
pub struct Mapped {
    base: NonNull<u8>,
    len: usize,
    segment: Arc<Segment>,
}

// SAFETY: it only refers to the mapping, which any thread may use; what is done there
// is ordered by the words in it.
unsafe impl Send for Mapped {}

impl Mapped {
    /// All of a segment.
    #[must_use]
    pub fn new(segment: Arc<Segment>) -> Self {
        Self { base: segment.base(), len: segment.len(), segment }
    }

    /// The segment itself.
    #[must_use]
    pub fn segment(&self) -> &Segment {
        &self.segment
    }

    #[inline]
    const fn is_inside(&self, at: usize, len: usize) -> bool {
        at <= self.len && len <= self.len - at
    }
}

impl Region for Mapped {
    type Word = AtomicU64;
    type Bell = AtomicU32;

    fn holds(&self, bytes: u64) -> bool {
        bytes <= self.len as u64
    }

    #[inline]
    fn word(&self, at: usize) -> &AtomicU64 {
        assert!(at.is_multiple_of(8) && self.is_inside(at, 8), "not a word of the segment");
        // SAFETY: as has just been checked.
        unsafe { self.word_within(at) }
    }

    #[inline]
    unsafe fn word_within(&self, at: usize) -> &AtomicU64 {
        debug_assert!(at.is_multiple_of(8) && self.is_inside(at, 8), "not a word of the segment");
        // SAFETY: by the caller's promise it lies inside the mapping, which begins at a
        // page and lives as long as `self`; any bytes are a number; and everybody uses it
        // as an atomic.
        unsafe { self.base.add(at).cast().as_ref() }
    }

    #[cfg(target_arch = "x86_64")]
    #[inline]
    fn fetch(&self, at: usize) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let place = self.base.as_ptr().cast_const().wrapping_add(at).cast();
        // SAFETY: a hint reads nothing and faults nowhere.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(place) };
    }

    #[inline]
    fn bell(&self, at: usize) -> &AtomicU32 {
        assert!(at.is_multiple_of(8) && self.is_inside(at, 8), "not a bell of the segment");
        // SAFETY: as for a word.
        unsafe { self.base.add(at).cast().as_ref() }
    }

    #[inline]
    unsafe fn write<R>(&self, at: usize, len: usize, fill: impl FnOnce(&mut [u8]) -> R) -> R {
        debug_assert!(self.is_inside(at, len), "outside of the segment");
        // SAFETY: by the caller's promise inside the mapping, and nobody else uses it.
        fill(unsafe { NonNull::slice_from_raw_parts(self.base.add(at), len).as_mut() })
    }

    #[inline]
    unsafe fn read<R>(&self, at: usize, len: usize, read: impl FnOnce(&[u8]) -> R) -> R {
        debug_assert!(self.is_inside(at, len), "outside of the segment");
        // SAFETY: by the caller's promise inside the mapping, and nobody writes it.
        read(unsafe { NonNull::slice_from_raw_parts(self.base.add(at), len).as_ref() })
    }
}
