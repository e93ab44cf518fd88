//! One at a time: two gates in one checkout would build into the same folders.

use std::fs::{self, File, OpenOptions};
use std::path::Path;

use pipefit::ground::{Clock, Monotonic, Nanos};
use pipefit::link::Stop;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::{BuildError, file};

/// How long another one is waited for: a build takes minutes.
const PATIENCE: Nanos = Nanos::from_secs(20 * 60);

/// So often it is tried.
const LOOK: Nanos = Nanos::from_millis(100);

/// Keeps others out until it is dropped; the system does the same for a process that dies.
#[derive(Debug)]
pub(super) struct Hold {
    _file: File,
}

impl Hold {
    /// Waits for whoever builds in `folder`.
    ///
    /// # Errors
    /// [`BuildError::Busy`] where that takes too long; [`BuildError::Stopped`].
    pub(super) fn take(
        folder: &Path,
        tell: &dyn Fn(&str),
        stop: &Stop,
    ) -> Result<Self, BuildError> {
        Self::within(PATIENCE, folder, tell, stop)
    }

    fn within(
        patience: Nanos,
        folder: &Path,
        tell: &dyn Fn(&str),
        stop: &Stop,
    ) -> Result<Self, BuildError> {
        fs::create_dir_all(folder).map_err(|e| file(folder, e))?;
        let path = folder.join("lock");
        let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let opened = opened.map_err(|e| file(&path, e))?;
        let until = Monotonic.now() + patience;
        let mut told = false;
        loop {
            match flock(&opened, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self { _file: opened }),
                Err(Errno::WOULDBLOCK | Errno::INTR) => {}
                Err(error) => return Err(file(&path, error.into())),
            }
            if stop.asked().is_some() {
                return Err(BuildError::Stopped);
            }
            if Monotonic.now() >= until {
                return Err(BuildError::Busy { path, patience });
            }
            if !told {
                tell(&format!("another gate builds in {}: waiting for it", folder.display()));
                told = true;
            }
            Monotonic.advance_to(Monotonic.now() + LOOK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipefit::link::Why;
    use std::cell::Cell;

    #[test]
    fn one_at_a_time_and_whoever_waits_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let (said, stop) = (Cell::new(0), Stop::default());
        let tell = |_: &str| said.set(said.get() + 1);
        let take = |millis| Hold::within(Nanos::from_millis(millis), folder.path(), &tell, &stop);
        let first = take(0).unwrap();
        let busy = take(250).unwrap_err();
        assert!(matches!(busy, BuildError::Busy { .. }), "{busy}");
        assert_eq!(said.get(), 1);
        stop.ask(Why::Interrupted);
        let stopped = take(60_000).unwrap_err();
        assert!(matches!(stopped, BuildError::Stopped), "{stopped}");
        drop(first);
        assert!(take(0).is_ok());
    }
}
