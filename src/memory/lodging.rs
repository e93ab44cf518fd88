//! A place for what another library leaves in /dev/shm on a link's behalf, so that it can
//! be found and removed whoever dies.
//!
//! A lodging is a folder, and every name beside it that begins with the lodging's prefix.
//! The folder's name tells who made it. It is made first and removed last, so what has a
//! prefix has a folder. Only this user can enter it.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process;

use rustix::fs::statvfs;
use rustix::io::Errno;

use super::SegmentError;
use super::segment::{Stale, affordable, draw};
use crate::ground::host;

/// Where lodgings are.
const FOLDER: &str = "/dev/shm";

/// What their names begin with. The numbers behind it are hexadecimal and few: a socket in
/// a lodging may have a path of 107 bytes, of which its own name takes most.
const PREFIX: &str = "pipefit-";

/// Digits of the number that is a link's own.
const DIGITS: usize = 8;

/// A link's lodging. It stays until it is cleared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lodging {
    folder: PathBuf,
}

impl Lodging {
    /// Makes one, if `wanted` bytes would fit into it.
    ///
    /// # Errors
    /// [`SegmentError`] where there is no room, or the system refuses.
    pub fn create(wanted: u64) -> Result<Self, SegmentError> {
        affordable(wanted)?;
        let room = statvfs(FOLDER).map_err(SegmentError::os("look for room in /dev/shm"))?;
        if wanted > room.f_bavail.saturating_mul(room.f_frsize) {
            return Err(SegmentError::reserve(wanted, FOLDER)(Errno::NOSPC));
        }
        let pid = process::id();
        let (space, started) = (host::pid_space().unwrap_or(0), host::started(pid).unwrap_or(0));
        // As many bits as there are digits.
        let link = draw()? >> (64 - 4 * DIGITS);
        let name = format!("{PREFIX}{space:x}-{pid:x}-{started:x}-{link:0DIGITS$x}");
        let folder = Path::new(FOLDER).join(&name);
        match DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => Ok(Self { folder }),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                Err(SegmentError::AlreadyExists(name))
            }
            Err(source) => Err(SegmentError::Os { op: "make a folder in /dev/shm", source }),
        }
    }

    /// The lodging at `folder`, which somebody else made.
    ///
    /// # Errors
    /// [`SegmentError::LayoutMismatch`] where no lodging can be there.
    pub fn at(folder: &Path) -> Result<Self, SegmentError> {
        let name = folder.file_name().and_then(|name| name.to_str());
        let odd = || SegmentError::LayoutMismatch(format!("{} is no lodging", folder.display()));
        let beside = folder.parent() == Some(Path::new(FOLDER));
        name.filter(|name| beside && tokens(name).is_some()).ok_or_else(odd)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the names beside it begin with.
    #[must_use]
    pub fn prefix(&self) -> String {
        let name = self.folder.to_string_lossy();
        format!("pf{}_", &name[name.len().saturating_sub(DIGITS)..])
    }

    /// Removes everything; says whether it is gone. Whoever has it open keeps it.
    pub fn clear(&self) -> bool {
        let prefix = self.prefix();
        for entry in fs::read_dir(FOLDER).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                let _ = fs::remove_file(entry.path());
            }
        }
        fs::remove_dir_all(&self.folder).is_ok()
    }

    /// The maker in its name, if it is gone.
    fn dead_maker(&self) -> Option<u32> {
        let [space, pid, started, _] = tokens(self.folder.file_name()?.to_str()?)?;
        let ours = host::pid_space().is_some_and(|ours| ours == space) && started > 0;
        let pid = u32::try_from(pid).ok()?;
        (ours && !host::is_running(pid, started)).then_some(pid)
    }
}

/// The numbers in a lodging's name.
fn tokens(name: &str) -> Option<[u64; 4]> {
    let parts: Vec<&str> = name.strip_prefix(PREFIX)?.split('-').collect();
    let [space, pid, started, link] = parts[..] else { return None };
    let number = |hex| u64::from_str_radix(hex, 16).ok();
    let link = Some(link).filter(|link| link.len() == DIGITS)?;
    Some([number(space)?, number(pid)?, number(started)?, number(link)?])
}

/// Every lodging whose maker is gone.
pub(super) fn stale() -> Vec<Stale> {
    let entries = fs::read_dir(FOLDER).into_iter().flatten().flatten();
    // Not a link to a folder elsewhere.
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let found = folders.filter_map(|folder| {
        let lodging = Lodging::at(&folder.path()).ok()?;
        lodging.dead_maker().map(|pid| Stale { path: lodging.folder, pid })
    });
    found.collect()
}

/// Clears every lodging whose maker is gone; gives those that are gone now.
pub(super) fn sweep() -> Vec<Stale> {
    let cleared = |stale: &Stale| Lodging::at(&stale.path).is_ok_and(|lodging| lodging.clear());
    stale().into_iter().filter(cleared).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lodging_is_cleared_with_what_stands_beside_it() {
        let lodging = Lodging::create(1 << 10).unwrap();
        let beside = Path::new(FOLDER).join(format!("{}and more", lodging.prefix()));
        fs::write(&beside, "").unwrap();
        fs::write(lodging.folder().join("inside"), "").unwrap();
        assert_eq!(Lodging::at(lodging.folder()).unwrap(), lodging);
        assert!(stale().iter().all(|stale| stale.path != lodging.folder), "its maker lives");
        assert!(lodging.clear());
        assert!(!beside.exists() && !lodging.folder().exists());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let refused = Lodging::create(1 << 60);
        assert!(matches!(refused, Err(SegmentError::NoSpace { .. })), "{refused:?}");
    }

    #[test]
    fn the_lodging_of_a_dead_process_is_swept() {
        let space = host::pid_space().unwrap();
        let started = host::started(process::id()).unwrap();
        // This pid, but another process's start.
        let name = format!("{PREFIX}{space:x}-{:x}-{:x}-0123abcd", process::id(), started + 1);
        let old = Lodging::at(&Path::new(FOLDER).join(name)).unwrap();
        fs::create_dir(old.folder()).unwrap();
        let beside = Path::new(FOLDER).join(format!("{}1.data", old.prefix()));
        fs::write(&beside, "").unwrap();
        assert!(sweep().iter().any(|stale| stale.path == old.folder), "it is not swept");
        assert!(!beside.exists() && !old.folder().exists());
    }

    #[test]
    fn nothing_else_is_a_lodging() {
        for path in ["/dev/shm/other", "/tmp/pipefit-1-2-3-0123abcd", "/dev/shm/pipefit-1-2-3-4"] {
            let found = Lodging::at(Path::new(path));
            assert!(matches!(found, Err(SegmentError::LayoutMismatch(_))), "{path}: {found:?}");
        }
    }
}
