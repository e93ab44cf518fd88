//! A region in which nothing can go wrong unnoticed: a look outside of it panics, and
//! so does looking too often. It holds no `unsafe` block: frames are copied in and out
//! by the word, so that another thread may scribble over them meanwhile.

use std::cell::{Cell, RefCell};
use std::sync::atomic::AtomicU32;

use pipefit::memory::layout::Geometry;
use pipefit::memory::sync::{AtomicU64, Ordering, Region};

/// Places in a segment, as the table in `memory::layout` has them.
pub(crate) const TAIL: usize = 128;
pub(crate) const RX_BELL: usize = 256;
pub(crate) const TX_BELL: usize = 384;
pub(crate) const BODY: usize = 1024;
pub(crate) const WORD: usize = 8;

/// The memory. It is used through [`End`]s.
#[derive(Debug)]
pub(crate) struct Memory {
    words: Vec<AtomicU64>,
    rx_bell: AtomicU32,
    tx_bell: AtomicU32,
}

impl Memory {
    /// As much as `geometry` says, zeroed.
    pub(crate) fn new(geometry: &Geometry) -> Self {
        let total = usize::try_from(geometry.total).unwrap();
        let words = (0..total.div_ceil(WORD)).map(|_| AtomicU64::new(0)).collect();
        Self { words, rx_bell: AtomicU32::new(0), tx_bell: AtomicU32::new(0) }
    }

    /// Bytes of it.
    pub(crate) const fn len(&self) -> usize {
        self.words.len() * WORD
    }

    /// The word at `at`, for whoever scribbles.
    pub(crate) fn at(&self, at: usize) -> &AtomicU64 {
        assert!(at < self.len(), "outside of the region: {at}");
        &self.words[at / WORD]
    }

    /// Both bells, for whoever scribbles.
    pub(crate) const fn bells(&self) -> [&AtomicU32; 2] {
        [&self.rx_bell, &self.tx_bell]
    }
}

/// One side's look at a memory.
#[derive(Debug)]
pub(crate) struct End<'a> {
    memory: &'a Memory,
    /// How often it may still be used.
    fuse: &'a Cell<u64>,
    scratch: RefCell<Vec<u8>>,
}

impl<'a> End<'a> {
    pub(crate) const fn new(memory: &'a Memory, fuse: &'a Cell<u64>) -> Self {
        Self { memory, fuse, scratch: RefCell::new(Vec::new()) }
    }

    fn use_once(&self) {
        let left = self.fuse.get();
        assert!(left > 0, "a call that uses the region without end");
        self.fuse.set(left - 1);
    }

    /// The words that `len` bytes at `at` lie in, all behind the head.
    fn span(&self, at: usize, len: usize) -> &[AtomicU64] {
        self.use_once();
        let inside = at >= BODY && at <= self.memory.len() && len <= self.memory.len() - at;
        assert!(inside, "outside of the region: {len} bytes at {at}");
        assert_eq!(at % WORD, 0, "frames begin at words");
        &self.memory.words[at / WORD..(at + len).div_ceil(WORD)]
    }
}

impl Region for End<'_> {
    type Word = AtomicU64;
    type Bell = AtomicU32;

    fn holds(&self, bytes: u64) -> bool {
        bytes <= self.memory.len() as u64
    }

    fn word(&self, at: usize) -> &AtomicU64 {
        self.use_once();
        assert_eq!(at % WORD, 0, "words are aligned");
        self.memory.at(at)
    }

    fn bell(&self, at: usize) -> &AtomicU32 {
        self.use_once();
        match at {
            RX_BELL => &self.memory.rx_bell,
            TX_BELL => &self.memory.tx_bell,
            _ => panic!("no bell is at {at}"),
        }
    }

    #[expect(unsafe_code, reason = "a region's promise; here it is not needed")]
    unsafe fn write<R>(&self, at: usize, len: usize, fill: impl FnOnce(&mut [u8]) -> R) -> R {
        let words = self.span(at, len);
        let mut bytes = self.scratch.borrow_mut();
        bytes.clear();
        bytes.resize(words.len() * WORD, 0xEE);
        let out = fill(&mut bytes[..len]);
        for (word, bytes) in words.iter().zip(bytes.as_chunks().0) {
            word.store(u64::from_le_bytes(*bytes), Ordering::Relaxed);
        }
        out
    }

    #[expect(unsafe_code, reason = "a region's promise; here it is not needed")]
    unsafe fn read<R>(&self, at: usize, len: usize, read: impl FnOnce(&[u8]) -> R) -> R {
        let words = self.span(at, len);
        let mut bytes = self.scratch.borrow_mut();
        bytes.clear();
        bytes.extend(words.iter().flat_map(|w| w.load(Ordering::Relaxed).to_le_bytes()));
        read(&bytes[..len])
    }
}
