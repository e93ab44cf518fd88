//! One run on its way into the store.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use pipefit::run::record::{RunRecord, SCHEMA};

use super::history::{self, Entry, HistoryError};
use super::{FileError, ReadError, StoreError, beside, timelines};
use crate::report::{self, Curves};
use crate::verdict::Verdicts;

/// A run that is being written. Dropping it takes away what was written.
#[derive(Debug)]
pub struct Draft {
    id: String,
    /// Where it is written.
    hidden: PathBuf,
    /// Where it will stand.
    place: PathBuf,
    /// The results folder.
    root: PathBuf,
    /// What the history will have of it, once it has been filled.
    entry: Option<Entry>,
    kept: bool,
}

/// A run in its place.
#[derive(Debug)]
pub struct Kept {
    /// Its folder.
    pub folder: PathBuf,
    /// Why `latest` does not point at it, if so.
    pub unlinked: Option<FileError>,
    /// Why the history has no line of it, if so.
    pub unnoted: Option<HistoryError>,
}

impl Kept {
    /// The page that a person reads.
    #[must_use]
    pub fn report(&self) -> PathBuf {
        self.folder.join("report.html")
    }
}

impl Draft {
    pub(super) const fn new(id: String, hidden: PathBuf, place: PathBuf, root: PathBuf) -> Self {
        Self { id, hidden, place, root, entry: None, kept: false }
    }

    /// The run's name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Writes one file of the run.
    ///
    /// # Errors
    /// [`FileError`] where it could not be written.
    pub fn put(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        let path = self.hidden.join(name);
        let folder = path.parent().unwrap_or(&self.hidden);
        // Named as it would have been: the hidden name is gone when it is read.
        let named = |source| FileError { path: self.place.join(name), source };
        fs::create_dir_all(folder).and_then(|()| fs::write(&path, bytes)).map_err(named)
    }

    /// Writes everything that belongs to a run, and names in the record where the
    /// histograms of each cell are. The history will name the `command` that made it.
    ///
    /// # Errors
    /// [`StoreError`] where something could not be written.
    pub fn fill(
        &mut self,
        command: &str,
        record: &mut RunRecord,
        curves: &Curves,
        verdicts: Option<&Verdicts>,
        started: SystemTime,
    ) -> Result<(), StoreError> {
        let length = Duration::from_nanos(record.measuring_ns);
        let mut taken = BTreeSet::new();
        for cell in &mut record.cells {
            let Some(histograms) = curves.histograms.get(&cell.id) else {
                continue;
            };
            let name = log_name(&cell.id, &mut taken);
            self.put(&name, &log(&cell.id, started, length, histograms)?)?;
            cell.histograms = Some(name);
        }
        let form = |what| move |why: String| StoreError::Form { what, why };
        let json = report::json::pretty(record).map_err(|e| form("run.json")(e.to_string()))?;
        self.put("run.json", json.as_bytes())?;
        let mut csv = Vec::new();
        report::csv::tidy(record, &mut csv).map_err(|e| form("figures.csv")(e.to_string()))?;
        self.put("figures.csv", &csv)?;
        self.put("report.html", report::html::page(record, curves, verdicts).as_bytes())?;
        if let Some(verdicts) = verdicts {
            let json = report::json::pretty(verdicts);
            let json = json.map_err(|e| form("verdicts.json")(e.to_string()))?;
            self.put("verdicts.json", json.as_bytes())?;
        }
        if !curves.timelines.is_empty() {
            let json = timelines::write(&curves.timelines);
            self.put(timelines::FILE, &json.map_err(|e| form(timelines::FILE)(e.to_string()))?)?;
        }
        self.entry = Some(Entry::of(record, command));
        Ok(())
    }

    /// Puts the run in its place, has `latest` point at it, and notes it in the history.
    ///
    /// # Errors
    /// [`StoreError::Place`] where it could not be put there.
    pub fn keep(mut self) -> Result<Kept, StoreError> {
        fs::rename(&self.hidden, &self.place)
            .map_err(|source| StoreError::Place { path: self.place.clone(), source })?;
        self.kept = true;
        let latest = self.root.join("latest");
        let unlinked = point(&latest, &Path::new("runs").join(&self.id))
            .err()
            .map(|source| FileError { path: latest, source });
        // What was not filled is no run that the history could tell of.
        let noted = self.entry.as_ref().map(|entry| history::append(&self.root, entry));
        let unnoted = noted.and_then(Result::err);
        Ok(Kept { folder: std::mem::take(&mut self.place), unlinked, unnoted })
    }
}

/// Why there is no record where a run was looked for.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is no such folder, or no record in it.
    #[error(
        "there is no run in {}: measure one first, as with pipefit compare, or name another folder",
        .0.display()
    )]
    Missing(PathBuf),
    /// Nothing of that name is a run.
    #[error(
        "there is no run {}: it is no folder, no record, and no id of a run in {}; name one of them, \
         or latest for the newest",
        .said.display(), .runs.display()
    )]
    Unknown {
        /// What was asked for.
        said: PathBuf,
        /// Where ids were looked for.
        runs: PathBuf,
    },
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It holds something else.
    #[error("{} is no record of this version ({SCHEMA}): {why}", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// Reads the record of the run in that folder.
///
/// # Errors
/// [`RunError`] where there is none.
pub fn read_run(folder: &Path) -> Result<RunRecord, RunError> {
    read_record(&folder.join("run.json")).map_err(|e| match e {
        RunError::Read(e) if e.source.kind() == io::ErrorKind::NotFound => {
            RunError::Missing(folder.to_owned())
        }
        other => other,
    })
}

/// Reads a record from a file.
pub(super) fn read_record(path: &Path) -> Result<RunRecord, RunError> {
    let failed = |source| ReadError { path: path.to_owned(), source };
    // Opening a pipe would wait for somebody to write to it.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(failed(io::Error::other("it is no file")).into());
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    let foreign = |why| RunError::Foreign { path: path.to_owned(), why };
    let record = report::json::read(&text).map_err(|e| foreign(e.to_string()))?;
    if record.schema != SCHEMA {
        return Err(foreign(format!("its schema is {:?}", record.schema)));
    }
    Ok(record)
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_dir_all(&self.hidden);
        }
    }
}

/// A link is replaced by renaming another one over it: there always is one.
fn point(latest: &Path, target: &Path) -> io::Result<()> {
    let new = beside(latest);
    symlink(target, &new)?;
    fs::rename(&new, latest).inspect_err(|_| {
        let _ = fs::remove_file(&new);
    })
}

/// Two cells whose names differ only in what a file name may not hold get two files.
fn log_name(cell: &str, taken: &mut BTreeSet<String>) -> String {
    let name = report::hgrm::file_name(cell);
    let mut path = format!("histograms/{name}.hlog");
    let mut n = 2;
    while !taken.insert(path.clone()) {
        path = format!("histograms/{name}.{n}.hlog");
        n += 1;
    }
    path
}

fn log(
    cell: &str,
    started: SystemTime,
    length: Duration,
    histograms: &BTreeMap<String, hdrhistogram::Histogram<u64>>,
) -> Result<Vec<u8>, StoreError> {
    let mut text = Vec::new();
    report::hlog::write_cell(&mut text, cell, started, length, histograms)
        .map_err(|e| StoreError::Form { what: "histograms", why: e.to_string() })?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_cells_share_a_file() {
        let mut taken = BTreeSet::new();
        let names: Vec<_> = ["a/b", "a-b", "a/b/c"].map(|c| log_name(c, &mut taken)).into();
        let all: BTreeSet<_> = names.iter().collect();
        assert_eq!(all.len(), 3, "{names:?}");
    }
}
