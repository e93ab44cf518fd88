//! Memory without a name, sealed against being made smaller (memfd_create(2)).

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::{self, NonNull};

use rustix::fs::{
    FallocateFlags, MemfdFlags, SealFlags, fallocate, fcntl_add_seals, fcntl_get_seals, fstat,
    memfd_create,
};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use super::{SegmentError, affordable};

/// A mapping, and the descriptor it comes from.
#[derive(Debug)]
pub(super) struct Sealed {
    base: NonNull<u8>,
    len: usize,
    fd: OwnedFd,
}

// SAFETY: it owns a mapping, which any thread may use.
unsafe impl Send for Sealed {}
// SAFETY: what is reachable through `&Sealed` is a pointer, a length and a descriptor.
unsafe impl Sync for Sealed {}

impl Sealed {
    pub(super) fn create(size: u64) -> Result<Self, SegmentError> {
        affordable(size)?;
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let fd = memfd_create("pipefit", flags).map_err(SegmentError::os("make a memfd"))?;
        // Sets the size as well, and fails where a later write would.
        fallocate(&fd, FallocateFlags::empty(), 0, size)
            .map_err(SegmentError::reserve(size, "memory"))?;
        let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
        fcntl_add_seals(&fd, seals).map_err(SegmentError::os("seal a memfd"))?;
        Self::map(fd)
    }

    pub(super) fn open(fd: OwnedFd) -> Result<Self, SegmentError> {
        let seals = fcntl_get_seals(&fd).map_err(SegmentError::os("look at a memfd's seals"))?;
        if !seals.contains(SealFlags::SHRINK) {
            let what = "it is not sealed: its maker could take it away while it is read";
            return Err(SegmentError::LayoutMismatch(what.into()));
        }
        Self::map(fd)
    }

    fn map(fd: OwnedFd) -> Result<Self, SegmentError> {
        let size = fstat(&fd).map_err(SegmentError::os("look at a memfd"))?.st_size;
        let len = usize::try_from(size).ok().filter(|n| *n > 0);
        let len = len.ok_or_else(|| SegmentError::LayoutMismatch("it is empty".into()))?;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at a place that the kernel chooses.
        let base = unsafe { mmap(ptr::null_mut(), len, access, MapFlags::SHARED, &fd, 0) };
        let base = base.map_err(SegmentError::os("map a memfd"))?;
        let null = || SegmentError::LayoutMismatch("it was mapped to nowhere".into());
        Ok(Self { base: NonNull::new(base.cast()).ok_or_else(null)?, len, fd })
    }

    pub(super) const fn base(&self) -> NonNull<u8> {
        self.base
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for Sealed {
    fn drop(&mut self) {
        // SAFETY: mapped by `map`, and whoever uses it holds this.
        let _ = unsafe { munmap(self.base.as_ptr().cast(), self.len) };
    }
}
