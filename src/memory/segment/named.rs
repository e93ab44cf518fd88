//! Memory under a name, from the `shared_memory` crate, and the sweeping up of names.
//!
//! The crate is portable and leaves some things to be done: it takes the umask as it
//! is, reserves no space, and forgets a name only if its maker lives to do so. On
//! Linux, where names are files in /dev/shm, that is done here.

use std::fs;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;

use rustix::fs::{FallocateFlags, Mode, chmod, fallocate};
use rustix::io::Errno;
use rustix::shm;
use shared_memory::{Shmem, ShmemConf, ShmemError};

use super::super::layout::Maker;
use super::{SegmentError, affordable};
use crate::ground::host;

/// Where the names are.
const FOLDER: &str = "/dev/shm";

/// What all names begin with.
const PREFIX: &str = "pipefit-";

/// A mapping under a name.
pub(super) struct Named {
    map: Shmem,
    base: NonNull<u8>,
}

// SAFETY: it owns a mapping, which any thread may use.
unsafe impl Send for Named {}
// SAFETY: through `&Named` only the mapping's place, length and name are reachable.
unsafe impl Sync for Named {}

impl std::fmt::Debug for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Named").field(&self.name()).finish()
    }
}

impl Named {
    pub(super) fn create(size: u64, maker: &Maker) -> Result<Self, SegmentError> {
        affordable(size)?;
        let name = name_of(maker);
        let len = usize::try_from(size).map_err(|_| {
            SegmentError::reserve(size, "this processor's address space")(Errno::NOMEM)
        })?;
        let map = ShmemConf::new().size(len).os_id(&name).create();
        // Owned: from here on an error forgets the name, too.
        let this = Self::over(map.map_err(|e| refused(e, &name, "make shared memory"))?)?;
        reserve(&name, size)?;
        Ok(this)
    }

    pub(super) fn open(name: &str) -> Result<Self, SegmentError> {
        let map = ShmemConf::new().os_id(name).open();
        Self::over(map.map_err(|e| refused(e, name, "open shared memory"))?)
    }

    fn over(map: Shmem) -> Result<Self, SegmentError> {
        let null = || SegmentError::LayoutMismatch("it was mapped to nowhere".into());
        let base = NonNull::new(map.as_ptr()).ok_or_else(null)?;
        Ok(Self { map, base })
    }

    pub(super) const fn base(&self) -> NonNull<u8> {
        self.base
    }

    pub(super) fn len(&self) -> usize {
        self.map.len()
    }

    pub(super) fn name(&self) -> &str {
        self.map.get_os_id()
    }

    /// The maker's own attempt, when it is dropped, will find nothing: names are not
    /// used twice.
    pub(super) fn unlink(&self) {
        let _ = shm::unlink(self.name());
    }
}

/// Sees to it that only this user can open it, and that its memory is really there.
fn reserve(name: &str, size: u64) -> Result<(), SegmentError> {
    let mode = Mode::RUSR | Mode::WUSR;
    let path = Path::new(FOLDER).join(name.trim_start_matches('/'));
    // By its path: with a strict umask it could not even be opened.
    chmod(&path, mode).map_err(SegmentError::os("set the mode of shared memory"))?;
    let fd = shm::open(name, shm::OFlags::RDWR, mode)
        .map_err(SegmentError::os("open shared memory again"))?;
    fallocate(&fd, FallocateFlags::empty(), 0, size).map_err(SegmentError::reserve(size, FOLDER))
}

fn refused(error: ShmemError, name: &str, op: &'static str) -> SegmentError {
    let errno = |code: u32| i32::try_from(code).map_or(Errno::IO, Errno::from_raw_os_error);
    match error {
        ShmemError::MappingIdExists => SegmentError::AlreadyExists(name.into()),
        ShmemError::MapOpenFailed(code) if errno(code) == Errno::NOENT => {
            SegmentError::NotFound(name.into())
        }
        // Mapping nothing at all: caught before its maker gave it a size.
        ShmemError::MapOpenFailed(code) if errno(code) == Errno::INVAL => {
            SegmentError::LayoutMismatch("it is empty".into())
        }
        ShmemError::MapOpenFailed(code)
        | ShmemError::MapCreateFailed(code)
        | ShmemError::UnknownOsError(code) => SegmentError::Os { op, source: errno(code).into() },
        other => SegmentError::Os { op, source: std::io::Error::other(other.to_string()) },
    }
}

/// A name tells where its maker's pid is valid, who its maker is, and nothing that
/// could be guessed.
fn name_of(maker: &Maker) -> String {
    let space = host::pid_space().unwrap_or(0);
    format!("/{PREFIX}{space}-{}-{}-{:016x}", maker.pid, maker.started, maker.link)
}

/// The maker in a name, as far as it can be told from here.
fn maker_of(name: &str) -> Option<(u32, u64)> {
    let parts: Vec<&str> = name.strip_prefix(PREFIX)?.split('-').collect();
    let [space, pid, started, link] = parts[..] else { return None };
    let ours = host::pid_space().filter(|ours| space.parse() == Ok(*ours));
    let started = started.parse().ok().filter(|s| *s > 0);
    (link.len() == 16 && ours.is_some()).then_some((pid.parse().ok()?, started?))
}

/// Something in /dev/shm whose maker is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    /// The file, or the folder.
    pub path: PathBuf,
    /// Its maker's pid, which may be another process's by now.
    pub pid: u32,
}

/// Every name whose maker is gone. A name from another container, or one that does
/// not tell its maker, is left alone.
#[must_use]
pub(crate) fn stale() -> Vec<Stale> {
    let names = fs::read_dir(FOLDER).into_iter().flatten().flatten();
    let found = names.filter_map(|entry| {
        let (pid, started) = maker_of(entry.file_name().to_str()?)?;
        (!host::is_running(pid, started)).then(|| Stale { path: entry.path(), pid })
    });
    found.collect()
}

/// Removes every name whose maker is gone; gives those that are gone now.
pub(crate) fn sweep() -> Vec<Stale> {
    stale().into_iter().filter(|stale| fs::remove_file(&stale.path).is_ok()).collect()
}
