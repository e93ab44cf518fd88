//! Memory that two processes map, and that nobody has to tidy up.
//!
//! Two kinds, one type. A *named* segment comes from the `shared_memory` crate, which
//! has them on several systems; its name leaks if its maker is killed at the wrong
//! moment, so names tell who made them, are forgotten as soon as both sides hold the
//! mapping, and [`sweep`](super::sweep) removes those whose maker is gone. A *sealed* one (Linux) has
//! no name: it is a descriptor that is handed on. It cannot be made smaller, so no
//! peer can take the memory away from under a reader; of a named one it can, and the
//! kernel ends with SIGBUS whoever then reads it.
//!
//! Space is reserved and every page touched before a segment is used: what does not
//! fit is an error here, not a SIGBUS later, and no page fault is measured.

mod named;
mod sealed;

pub use named::Stale;
pub(super) use named::{stale, sweep};

use std::hint::black_box;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::process;
use std::ptr::NonNull;
use std::sync::Arc;

use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};

use super::layout::{BODY, Geometry, Maker, RX_TAKEN, TX_TAKEN};
use super::region::Mapped;
use super::sync::{AtomicU64, Ordering, Region};
use crate::ground::Bytes;
use crate::ground::host;

/// Bytes of a page, at least: touching more often than once a page does no harm.
const PAGE: usize = 4096;

/// A segment could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// Something of that name is there already.
    #[error("shared memory {0} exists already")]
    AlreadyExists(String),
    /// Nothing of that name is there.
    #[error("shared memory {0} is not there (any more)")]
    NotFound(String),
    /// It is there, but is not what was expected.
    #[error("shared memory is laid out differently: {0}")]
    LayoutMismatch(String),
    /// Somebody else has this half.
    #[error("{half} is taken by process {pid}")]
    Taken {
        /// Which half.
        half: &'static str,
        /// Who has it.
        pid: u64,
    },
    /// There is not as much memory.
    #[error("{} do not fit into {place}: {source}", .wanted.about())]
    NoSpace {
        /// Bytes asked for.
        wanted: Bytes,
        /// Where.
        place: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The operating system refused.
    #[error("{op}: {source}")]
    Os {
        /// What was being done.
        op: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl SegmentError {
    pub(super) fn os<E: Into<io::Error>>(op: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Os { op, source: error.into() }
    }

    /// What reserving `wanted` bytes in `place` met.
    pub(super) fn reserve(wanted: u64, place: &'static str) -> impl FnOnce(Errno) -> Self {
        move |errno| Self::NoSpace { wanted: Bytes(wanted), place, source: errno.into() }
    }
}

/// One end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// The sending one.
    Tx,
    /// The reading one.
    Rx,
}

/// A mapping. Dropping it unmaps, and forgets its name if it still has one.
#[derive(Debug)]
pub struct Segment {
    map: Map,
    maker: Maker,
}

#[derive(Debug)]
enum Map {
    Named(named::Named),
    Sealed(sealed::Sealed),
}

impl Segment {
    /// Makes a segment under a name that nobody can guess.
    ///
    /// # Errors
    /// [`SegmentError`].
    pub fn named(geometry: &Geometry) -> Result<Arc<Self>, SegmentError> {
        let maker = me()?;
        let map = Map::Named(named::Named::create(geometry.total, &maker)?);
        Ok(Self { map, maker }.laid_out(geometry))
    }

    /// Makes a segment without a name.
    ///
    /// # Errors
    /// [`SegmentError`].
    pub fn sealed(geometry: &Geometry) -> Result<Arc<Self>, SegmentError> {
        let maker = me()?;
        let map = Map::Sealed(sealed::Sealed::create(geometry.total)?);
        Ok(Self { map, maker }.laid_out(geometry))
    }

    /// Opens the segment of that name.
    ///
    /// # Errors
    /// [`SegmentError`], where it is not there or not as expected.
    pub fn open_named(name: &str, geometry: &Geometry) -> Result<Arc<Self>, SegmentError> {
        Self::checked(Map::Named(named::Named::open(name)?), geometry)
    }

    /// Opens the segment behind a descriptor.
    ///
    /// # Errors
    /// [`SegmentError`], where it is not sealed or not as expected.
    pub fn open_sealed(fd: OwnedFd, geometry: &Geometry) -> Result<Arc<Self>, SegmentError> {
        Self::checked(Map::Sealed(sealed::Sealed::open(fd)?), geometry)
    }

    fn laid_out(self, geometry: &Geometry) -> Arc<Self> {
        let this = Arc::new(self);
        this.touch();
        geometry.write(&this.region(), &this.maker);
        this
    }

    fn checked(map: Map, geometry: &Geometry) -> Result<Arc<Self>, SegmentError> {
        let unknown = Maker { pid: 0, started: 0, link: 0 };
        let mut this = Arc::new(Self { map, maker: unknown });
        let len = this.len();
        if len < BODY {
            // Caught between being made and being given its size, or no segment at all.
            let what = format!("it has {len} bytes, less than its head");
            return Err(SegmentError::LayoutMismatch(what));
        }
        let checked = geometry.check(&this.region(), len);
        let maker = checked.map_err(SegmentError::LayoutMismatch)?;
        // Nobody else has it yet.
        if let Some(this) = Arc::get_mut(&mut this) {
            this.maker = maker;
        }
        // Only now: to touch what somebody else made may take memory, too.
        this.touch();
        Ok(this)
    }

    /// Touches every page without changing a byte.
    fn touch(&self) {
        for at in (0..self.len()).step_by(PAGE).filter(|at| at + 8 <= self.len()) {
            // SAFETY: aligned, inside the mapping, and used as an atomic by everybody
            // who could use it now: the other side is not there yet, or waits for us.
            let word: &AtomicU64 = unsafe { self.base().add(at).cast().as_ref() };
            // A zero that the compiler knew would be no reason to touch anything.
            word.fetch_or(black_box(0), Ordering::Relaxed);
        }
    }

    /// All of it, for those who work in it.
    #[must_use]
    pub fn region(self: &Arc<Self>) -> Mapped {
        Mapped::new(Arc::clone(self))
    }

    /// Who made it.
    #[must_use]
    pub const fn maker(&self) -> &Maker {
        &self.maker
    }

    /// Its name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match &self.map {
            Map::Named(map) => Some(map.name()),
            Map::Sealed(_) => None,
        }
    }

    /// A descriptor of it, if it can be handed on as one.
    #[must_use]
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.map {
            Map::Named(_) => None,
            Map::Sealed(map) => Some(map.fd()),
        }
    }

    /// Makes its name, if it has one, unusable for others. Those who have it keep it.
    pub fn forget_name(&self) {
        if let Map::Named(map) = &self.map {
            map.unlink();
        }
    }

    pub(super) fn base(&self) -> NonNull<u8> {
        match &self.map {
            Map::Named(map) => map.base(),
            Map::Sealed(map) => map.base(),
        }
    }

    /// Bytes of the mapping.
    #[expect(clippy::len_without_is_empty, reason = "there is no empty one")]
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.map {
            Map::Named(map) => map.len(),
            Map::Sealed(map) => map.len(),
        }
    }

    /// Takes one half for this process.
    ///
    /// # Errors
    /// [`SegmentError::Taken`] where somebody has it.
    pub fn take(self: &Arc<Self>, half: Half) -> Result<(), SegmentError> {
        let region = self.region();
        let taken = taken(&region, half).compare_exchange(
            0,
            process::id().into(),
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        let half = match half {
            Half::Tx => "the sending half",
            Half::Rx => "the reading half",
        };
        taken.map(|_| ()).map_err(|pid| SegmentError::Taken { half, pid })
    }

    /// Whether both halves are taken: nobody else will need its name.
    #[must_use]
    pub fn is_complete(self: &Arc<Self>) -> bool {
        let region = self.region();
        [Half::Tx, Half::Rx].iter().all(|half| taken(&region, *half).load(Ordering::Acquire) != 0)
    }

    /// Gives one half back, so that it can be taken elsewhere.
    pub fn give_back(self: &Arc<Self>, half: Half) {
        taken(&self.region(), half).store(0, Ordering::Release);
    }
}

fn taken(region: &Mapped, half: Half) -> &AtomicU64 {
    region.word(match half {
        Half::Tx => TX_TAKEN,
        Half::Rx => RX_TAKEN,
    })
}

/// Refuses what memory cannot hold: to fill it up would not fail, but end with some
/// process being killed.
pub(super) fn affordable(wanted: u64) -> Result<(), SegmentError> {
    match host::memory_left() {
        Some(left) if wanted > left => Err(SegmentError::reserve(wanted, "memory")(Errno::NOMEM)),
        _ => Ok(()),
    }
}

/// This process, about to make a link.
fn me() -> Result<Maker, SegmentError> {
    let link = draw()?;
    let pid = process::id();
    let started = host::started(pid).unwrap_or(0);
    Ok(Maker { pid, started, link })
}

/// A number that nobody can guess.
pub(super) fn draw() -> Result<u64, SegmentError> {
    let mut random = [0; 8];
    getrandom(&mut random, GetRandomFlags::empty()).map_err(SegmentError::os("draw a number"))?;
    Ok(u64::from_le_bytes(random))
}
