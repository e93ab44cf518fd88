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
    fn at(&self, at: usize, len: usize) -> NonNull<u8> {
        assert!(at <= self.len && len <= self.len - at, "outside of the segment");
        // SAFETY: inside the mapping, as has just been checked.
        unsafe { self.base.add(at) }
    }
}

impl Region for Mapped {
    type Word = AtomicU64;
    type Bell = AtomicU32;

    #[inline]
    fn word(&self, at: usize) -> &AtomicU64 {
        debug_assert_eq!(at % 8, 0, "words are aligned");
        // SAFETY: it lies inside the mapping, which begins at a page and lives as long
        // as `self`; any bytes are a number; and everybody uses it as an atomic.
        unsafe { self.at(at & !7, 8).cast().as_ref() }
    }

    #[inline]
    fn bell(&self, at: usize) -> &AtomicU32 {
        // SAFETY: as for a word.
        unsafe { self.at(at & !7, 8).cast().as_ref() }
    }

    #[inline]
    unsafe fn write<R>(&self, at: usize, len: usize, fill: impl FnOnce(&mut [u8]) -> R) -> R {
        // SAFETY: inside the mapping, and by the caller's promise nobody else uses it.
        fill(unsafe { NonNull::slice_from_raw_parts(self.at(at, len), len).as_mut() })
    }

    #[inline]
    unsafe fn read<R>(&self, at: usize, len: usize, read: impl FnOnce(&[u8]) -> R) -> R {
        // SAFETY: inside the mapping, and by the caller's promise nobody writes it.
        read(unsafe { NonNull::slice_from_raw_parts(self.at(at, len), len).as_ref() })
    }
}
