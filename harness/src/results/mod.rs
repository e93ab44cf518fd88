//! Where runs are kept: `results/runs/<id>/`, and `results/latest`, which points at
//! the newest one. Beside them `history.jsonl` has a line for each run, `baseline/` has the
//! runs that somebody chose to keep, by class of machine, and `comparisons/` and `index.html`
//! are pages that are of several runs.
//!
//! A run appears under its name complete or not at all: it is written into a hidden
//! folder beside its place and renamed. Two runs at once get two names. What a crash
//! leaves behind is a hidden folder, never half a run.

mod baseline;
mod class;
mod file;
mod history;
mod opened;
mod pages;
mod past;
mod run;
mod timelines;

pub use baseline::{Baseline, BaselineError, Baselines};
pub use class::{Name, NameError, machine_class};
pub use file::{FileError, ReadError, put};
pub use history::{CellEntry, Entry, History, HistoryError, Median, SCHEMA as HISTORY_SCHEMA};
pub use opened::{Opened, open_run, open_run_or_record};
pub use pages::PageError;
pub use run::{Draft, Kept, RunError, read_run};
pub use timelines::SCHEMA as TIMELINES_SCHEMA;

use std::ffi::OsString;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Names the results folder where no flag does.
pub const RESULTS_VAR: &str = "PIPEFIT_RESULTS";

/// How often a name that is taken already is replaced by another one.
const NAMES: u32 = 16;

/// A run is written in a moment: what has not changed for so long will not any more.
const ABANDONED: Duration = Duration::from_secs(60);

/// Why runs cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder's own parent is missing, and is not created: it may be a typing error.
    #[error(
        "results cannot be kept in {}: {} does not exist; create it, or name another folder with --results",
        .folder.display(), .parent.display()
    )]
    NoParent {
        /// The folder asked for.
        folder: PathBuf,
        /// What is missing.
        parent: PathBuf,
    },
    /// Something else stands where a folder must be.
    #[error(
        "results cannot be kept in {}: a file stands in its place; move it away, or name another folder with --results",
        .0.display()
    )]
    NotAFolder(PathBuf),
    /// The folder cannot be made, or nothing can be made in it.
    #[error(
        "results cannot be kept: cannot create {}: {source}; make it writable, or name another folder with --results",
        .path.display()
    )]
    Create {
        /// What could not be made.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of the run could not be written.
    #[error("the run is not kept, nothing is left of it: {0}; name another folder with --results")]
    File(#[from] FileError),
    /// A complete run could not be put in its place.
    #[error("the run is not kept, nothing is left of it: cannot rename it to {}: {source}", .path.display())]
    Place {
        /// The place.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A part of the run has no written form.
    #[error("the run is not kept, nothing is left of it: cannot write its {what}: {why}")]
    Form {
        /// The part.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

/// A results folder.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// The folder asked for, else the one that the environment names, else `results`.
    #[must_use]
    pub fn find(asked: Option<&Path>) -> Self {
        let named = || std::env::var_os(RESULTS_VAR).filter(|v| !v.is_empty()).map(PathBuf::from);
        let root = asked.map(Path::to_owned).or_else(named);
        Self { root: root.unwrap_or_else(|| PathBuf::from("results")) }
    }

    /// The results folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A folder of its own in this one, for runs of another kind.
    #[must_use]
    pub fn beneath(&self, name: &str) -> Self {
        Self { root: self.root.join(name) }
    }

    /// Makes sure that a run can be kept, by making one and taking it away again:
    /// better to learn it before measuring than after.
    ///
    /// # Errors
    /// [`StoreError`] where it could not be kept.
    pub fn check(&self) -> Result<(), StoreError> {
        let draft = self.draft(SystemTime::now())?;
        draft.put("probe", b"can this be written?\n")?;
        Ok(())
    }

    /// Begins a run that was started at `started`.
    ///
    /// # Errors
    /// [`StoreError`] where the folder cannot be written.
    pub fn draft(&self, started: SystemTime) -> Result<Draft, StoreError> {
        self.make_root()?;
        let runs = self.root.join("runs");
        make(&runs)?;
        for _ in 0..NAMES {
            let id = id(started);
            let (place, hidden) = (runs.join(&id), runs.join(format!(".{id}.new")));
            match fs::create_dir(&hidden) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(source) => {
                    return Err(StoreError::Create { path: hidden, source });
                }
                // Whoever holds the hidden name is the only one to take the other.
                Ok(()) if place.exists() => {
                    let _ = fs::remove_dir(&hidden);
                }
                Ok(()) => return Ok(Draft::new(id, hidden, place, self.root.clone())),
            }
        }
        let taken = io::Error::other("every name tried is taken");
        Err(StoreError::Create { path: runs, source: taken })
    }

    /// Folders of runs that somebody began to write a while ago and did not complete.
    #[must_use]
    pub fn abandoned(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.root.join("runs")).into_iter().flatten().flatten();
        let old = |path: &PathBuf| {
            // A link is not ours, and is not followed.
            let about = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_dir);
            let age = about.and_then(|about| about.modified().ok()?.elapsed().ok());
            age.is_some_and(|age| age > ABANDONED)
        };
        let hidden = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_hidden));
        hidden.map(|entry| entry.path()).filter(old).collect()
    }

    /// Removes them; gives those that are gone now.
    pub fn sweep(&self) -> Vec<PathBuf> {
        self.abandoned().into_iter().filter(|path| fs::remove_dir_all(path).is_ok()).collect()
    }

    fn make_root(&self) -> Result<(), StoreError> {
        let parent = self.root.parent().filter(|p| !p.as_os_str().is_empty());
        if let Some(parent) = parent.filter(|p| !p.exists()) {
            return Err(StoreError::NoParent {
                folder: self.root.clone(),
                parent: parent.to_owned(),
            });
        }
        make(&self.root)
    }
}

/// Whether it is the name of a run that is being written.
fn is_hidden(name: &str) -> bool {
    let id = name.strip_prefix('.').and_then(|name| name.strip_suffix(".new"));
    // As `id` makes them: 20261121T231500Z-ab12.
    id.and_then(|id| id.split_once("Z-")).is_some_and(|(time, suffix)| {
        let time = time.split_once('T').is_some_and(|(day, time)| {
            let digits =
                |text: &str, n| text.len() == n && text.bytes().all(|b| b.is_ascii_digit());
            digits(day, 8) && digits(time, 6)
        });
        time && suffix.len() == 4 && suffix.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

fn make(folder: &Path) -> Result<(), StoreError> {
    match fs::create_dir(folder) {
        Ok(()) => Ok(()),
        Err(_) if folder.is_dir() => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            Err(StoreError::NotAFolder(folder.to_owned()))
        }
        Err(e) if e.kind() == io::ErrorKind::NotADirectory => {
            Err(StoreError::NotAFolder(folder.parent().unwrap_or(folder).to_owned()))
        }
        Err(source) => Err(StoreError::Create { path: folder.to_owned(), source }),
    }
}

/// A name that sorts by time and is taken by nobody else.
fn id(started: SystemTime) -> String {
    let time = humantime::format_rfc3339_seconds(started).to_string();
    let time: String = time.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    // The keys of a new `RandomState` differ from those of the one before.
    let suffix = RandomState::new().hash_one(std::process::id()) & 0xFFFF;
    format!("{time}-{suffix:04x}")
}

/// A name beside `path` that nothing else has.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{:016x}", RandomState::new().hash_one(std::process::id())));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_time_and_differ_within_a_second() {
        let start = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_795_300_000);
        let first = id(start);
        assert!(first.starts_with("20261121T"), "{first}");
        assert_eq!(first.len(), "20261121T231500Z-ab12".len());
        let names: std::collections::BTreeSet<_> = (0..20).map(|_| id(start)).collect();
        assert!(names.len() > 15, "{names:?}");
    }

    #[test]
    fn what_is_not_kept_leaves_nothing() {
        let parent = tempfile::tempdir().unwrap();
        let store = Store::find(Some(&parent.path().join("results")));
        store.check().unwrap();
        let draft = store.draft(SystemTime::now()).unwrap();
        draft.put("run.json", b"{}").unwrap();
        drop(draft);
        assert_eq!(fs::read_dir(parent.path().join("results/runs")).unwrap().count(), 0);
    }

    #[test]
    fn only_old_folders_of_incomplete_runs_are_swept() {
        let parent = tempfile::tempdir().unwrap();
        let store = Store::find(Some(parent.path()));
        let fresh = store.draft(SystemTime::now()).unwrap();
        let make = |name: &str| {
            let path = parent.path().join("runs").join(name);
            fs::create_dir(&path).unwrap();
            fs::write(path.join("run.json"), "{").unwrap();
            let long_ago = SystemTime::now() - 2 * ABANDONED;
            fs::File::open(&path).unwrap().set_modified(long_ago).unwrap();
            path
        };
        let old = make(".20261121T231500Z-ab12.new");
        let others = ["20261121T231500Z-ab12", ".20261121T231500Z-ab12", ".mine.new", ".git"];
        let others = others.map(make);
        assert_eq!(store.abandoned(), std::slice::from_ref(&old));
        assert_eq!(store.sweep(), std::slice::from_ref(&old));
        assert!(!old.exists() && others.iter().all(|path| path.join("run.json").exists()));
        assert!(fresh.keep().is_ok(), "a run that is being written is left alone");
        assert_eq!(store.sweep(), Vec::<PathBuf>::new());
    }

    #[test]
    fn the_newest_run_kept_is_the_latest() {
        let parent = tempfile::tempdir().unwrap();
        let store = Store::find(Some(parent.path()));
        for text in [&b"1"[..], b"2"] {
            let draft = store.draft(SystemTime::now()).unwrap();
            draft.put("histograms/cell.hlog", text).unwrap();
            let kept = draft.keep().unwrap();
            assert!(kept.unlinked.is_none(), "{kept:?}");
            assert_eq!(fs::read(kept.folder.join("histograms/cell.hlog")).unwrap(), text);
            let latest = parent.path().join("latest/histograms/cell.hlog");
            assert_eq!(fs::read(latest).unwrap(), text);
        }
        assert_eq!(fs::read_dir(parent.path().join("runs")).unwrap().count(), 2);
    }
}
