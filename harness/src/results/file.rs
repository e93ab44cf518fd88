//! One file, written as a whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}", .path.display())]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {source}", .path.display())]
pub struct ReadError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// Writes a file. What was there before stays as it is until the new text is complete;
/// a device, a pipe or a symbolic link is written to, not replaced.
///
/// # Errors
/// [`FileError`] where it could not be written; then nothing new is left.
pub fn put(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let named = |source| FileError { path: path.to_owned(), source };
    let replaced = match fs::symlink_metadata(path) {
        Ok(there) => there.is_file(),
        Err(_) => true,
    };
    if !replaced {
        return fs::OpenOptions::new()
            .write(true)
            .truncate(true)
            .open(path)
            .and_then(|mut file| file.write_all(bytes))
            .map_err(named);
    }
    let new = super::beside(path);
    let written = fs::write(&new, bytes).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written.map_err(named)
}

/// Writes a file that is not there yet, as a whole or not at all. Of two that do so at
/// once, one is told that it exists.
///
/// # Errors
/// [`FileError`] where it could not be written, or exists: see its `source`.
pub(super) fn put_new(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let new = super::beside(path);
    // Unlike a renaming, a link never replaces what is there.
    let written = fs::write(&new, bytes).and_then(|()| fs::hard_link(&new, path));
    let _ = fs::remove_file(&new);
    written.map_err(|source| FileError { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_device_is_named_and_a_file_that_fails_leaves_nothing() {
        let error = put(Path::new("/dev/full"), b"text").unwrap_err().to_string();
        assert!(error.starts_with("cannot write /dev/full: No space left"), "{error}");
        let folder = tempfile::tempdir().unwrap();
        assert!(put(folder.path(), b"text").is_err(), "a folder is no file");
        assert!(put(&folder.path().join("none/file"), b"text").is_err());
        put(&folder.path().join("file"), b"old").unwrap();
        put(&folder.path().join("file"), b"new").unwrap();
        assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_new_file_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let new = std::thread::scope(|scope| {
            let one = || put_new(&path, b"new").map_err(|e| e.source.kind());
            [(); 8].map(|()| scope.spawn(one)).map(|thread| thread.join().unwrap())
        });
        assert_eq!(new.iter().filter(|done| done.is_ok()).count(), 1, "{new:?}");
        assert!(new.iter().all(|done| matches!(done, Ok(()) | Err(io::ErrorKind::AlreadyExists))));
        assert!(put_new(&path, b"newer").is_err());
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
