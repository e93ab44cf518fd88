//! One run on its way into the store.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use pipefit::run::record::RunRecord;

use super::{FileError, StoreError, beside};
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
    kept: bool,
}

/// A run in its place.
#[derive(Debug)]
pub struct Kept {
    /// Its folder.
    pub folder: PathBuf,
    /// Why `latest` does not point at it, if so.
    pub unlinked: Option<FileError>,
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
        Self { id, hidden, place, root, kept: false }
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
    /// histograms of each cell are.
    ///
    /// # Errors
    /// [`StoreError`] where something could not be written.
    pub fn fill(
        &self,
        record: &mut RunRecord,
        curves: &Curves,
        verdicts: Option<&Verdicts>,
        started: SystemTime,
    ) -> Result<(), StoreError> {
        let length = Duration::from_nanos(record.measuring_ns);
        let mut taken = BTreeSet::new();
        for cell in &mut record.cells {
            let Some(histograms) = curves.0.get(&cell.id) else {
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
        Ok(())
    }

    /// Puts the run in its place, and has `latest` point at it.
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
        Ok(Kept { folder: std::mem::take(&mut self.place), unlinked })
    }
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
