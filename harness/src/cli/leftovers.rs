//! What runs leave that were killed, or left at once: names of shared memory, and
//! folders of runs that were being written. Only what is known to be ours and dead is
//! ever touched.

use std::fmt::Write;
use std::path::PathBuf;

use pipefit::memory::{self, Stale};

use super::checks::Check;
use crate::results::Store;

/// What helps.
const REMEDY: &str = "pipefit doctor --fix (as the user whose they are)";

/// What is there, with its remedy.
pub(super) fn checks(store: &Store) -> Vec<Check> {
    let (names, folders) = (memory::stale(), store.abandoned());
    if names.is_empty() && folders.is_empty() {
        return vec![Check::fine("nothing is left of runs that were killed")];
    }
    let names = (!names.is_empty()).then(|| {
        let list: Vec<String> = names.iter().map(told).collect();
        Check::bad(format!("shared memory of processes that are gone: {}", list.join(", ")), REMEDY)
    });
    let folders = (!folders.is_empty()).then(|| {
        let list: Vec<String> = folders.iter().map(|path| path.display().to_string()).collect();
        Check::bad(format!("runs that were never complete: {}", list.join(", ")), REMEDY)
    });
    names.into_iter().chain(folders).collect()
}

/// Removes it; says what is gone, a line each.
pub(super) fn sweep(store: &Store) -> String {
    let mut text = String::new();
    let folders: Vec<PathBuf> = store.sweep();
    for name in memory::sweep().iter().map(told) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "swept {name}");
    }
    for folder in folders {
        let _ = writeln!(text, "swept {}", folder.display());
    }
    if text.is_empty() { "nothing to sweep\n".into() } else { text }
}

/// Before a run: sweeps names, which take up memory that the run may need. Says so in
/// one line, if there were any.
pub(super) fn sweep_names() -> Option<String> {
    let gone: Vec<String> = memory::sweep().iter().map(told).collect();
    (!gone.is_empty()).then(|| format!("swept what dead runs left: {}\n", gone.join(", ")))
}

fn told(stale: &Stale) -> String {
    format!("{} (made by process {})", stale.path.display(), stale.pid)
}
