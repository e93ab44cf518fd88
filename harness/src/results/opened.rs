//! A kept run, read back with what lies beside its record.
//!
//! The record must be there. All else can be missing or damaged, as in a folder that was
//! copied in part: what is left is of use, and what is wrong is said. Names in a record
//! are not trusted: nothing outside of the run's folder is read.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use hdrhistogram::Histogram;
use pipefit::role::Timeline;
use pipefit::run::record::RunRecord;

use super::run::read_record;
use super::{Name, RunError, Store, read_run, timelines};
use crate::report::{Curves, hlog};
use crate::verdict::{Verdicts, record};

/// Bytes that are read beside a record, all files together. A thousand cells have less.
const MOST: u64 = 256 << 20;

/// What a record is called in its run's folder.
const RECORD: &str = "run.json";

/// What a page is called there.
const PAGE: &str = "report.html";

/// A run as it was kept.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Its record.
    pub record: RunRecord,
    /// Histograms and timelines of its cells, as far as they are there.
    pub curves: Curves,
    /// What came of its budgets, where it had any.
    pub verdicts: Option<Verdicts>,
    /// Its folder.
    pub folder: PathBuf,
    /// Where its page belongs.
    pub page: PathBuf,
    /// What could not be read, each with the file's name.
    pub warnings: Vec<String>,
}

/// Reads the run in that folder.
///
/// # Errors
/// [`RunError`] where there is no record. What is wrong beside it is a warning.
pub fn open_run(folder: &Path) -> Result<Opened, RunError> {
    let record = read_run(folder)?;
    let mut shelf = Shelf { folder, left: MOST, warnings: Vec::new() };
    let mut curves = Curves::default();
    for cell in &record.cells {
        let Some(name) = &cell.histograms else { continue };
        for (metric, histogram) in shelf.log(name) {
            curves.insert(&cell.id, &metric, histogram);
        }
    }
    curves.timelines = shelf.timelines();
    // What the record does not know of is of no run.
    curves.timelines.retain(|id, _| record.cells.iter().any(|cell| cell.id == *id));
    let verdicts = shelf.verdicts();
    let Shelf { warnings, .. } = shelf;
    let (folder, page) = (folder.to_owned(), folder.join(PAGE));
    Ok(Opened { record, curves, verdicts, folder, page, warnings })
}

/// Reads a run from its folder, or from its record. Beside a record that is not called
/// `run.json`, as a baseline's is, lies nothing that belongs to it.
///
/// # Errors
/// [`RunError`] where there is no record. What is wrong beside it is a warning.
pub fn open_run_or_record(path: &Path) -> Result<Opened, RunError> {
    let folder = path.parent().unwrap_or_else(|| Path::new("")).to_owned();
    if !path.is_file() {
        return open_run(path);
    }
    if path.file_name().is_some_and(|name| name == RECORD) {
        return open_run(&folder);
    }
    Ok(Opened {
        record: read_record(path)?,
        curves: Curves::default(),
        verdicts: None,
        folder,
        // A page of the same name may be somebody else's.
        page: path.with_extension(PAGE),
        warnings: Vec::new(),
    })
}

impl Store {
    /// What somebody means by a run: a folder, a record, the id of a run that is kept here,
    /// or `latest`.
    ///
    /// # Errors
    /// [`RunError::Unknown`] where it is none of them.
    pub fn meant(&self, said: &Path) -> Result<PathBuf, RunError> {
        if said.is_dir() || said.is_file() {
            return Ok(said.to_owned());
        }
        let runs = self.root().join("runs");
        let name = said.to_str().and_then(|said| said.parse::<Name>().ok());
        let place = name.map(|name| match name.as_str() {
            "latest" => self.root().join("latest"),
            id => runs.join(id),
        });
        let place = place.filter(|place| place.is_dir());
        place.ok_or_else(|| RunError::Unknown { said: said.to_owned(), runs })
    }
}

/// What lies beside a record.
struct Shelf<'a> {
    folder: &'a Path,
    /// Bytes that may still be read.
    left: u64,
    warnings: Vec<String>,
}

impl Shelf<'_> {
    /// The histograms in a log that the record names.
    fn log(&mut self, name: &str) -> BTreeMap<String, Histogram<u64>> {
        let text = if inside(name) {
            self.bytes(name).map_err(|e| e.to_string())
        } else {
            Err("it is not in the run's folder, and is not read".to_owned())
        };
        let read = text.and_then(|text| hlog::read(&text).map_err(|e| e.to_string()));
        self.or_warn(name, read).unwrap_or_default()
    }

    fn timelines(&mut self) -> BTreeMap<String, Timeline> {
        self.if_there(timelines::FILE, timelines::read).unwrap_or_default()
    }

    fn verdicts(&mut self) -> Option<Verdicts> {
        self.if_there("verdicts.json", |text| {
            let verdicts: Verdicts = serde_json::from_slice(text).map_err(|e| e.to_string())?;
            if verdicts.schema == record::SCHEMA {
                Ok(verdicts)
            } else {
                Err(format!("its schema is {:?}, not {}", verdicts.schema, record::SCHEMA))
            }
        })
    }

    /// A file that not every run has.
    fn if_there<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&[u8]) -> Result<T, String>,
    ) -> Option<T> {
        let text = match self.bytes(name) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return None,
            other => other.map_err(|e| e.to_string()),
        };
        let read = text.and_then(|text| read(&text));
        self.or_warn(name, read)
    }

    fn or_warn<T>(&mut self, name: &str, read: Result<T, String>) -> Option<T> {
        // Names and damaged files may hold anything, and warnings are printed.
        let plain = |text: &str| text.replace(char::is_control, "\u{fffd}");
        let warn = |why: &String| {
            self.warnings.push(format!("{}: {}", plain(name), plain(why)));
        };
        read.inspect_err(warn).ok()
    }

    /// A whole file, as far as there is room for it.
    fn bytes(&mut self, name: &str) -> io::Result<Vec<u8>> {
        let path = self.folder.join(name);
        // Opening a pipe would wait for somebody to write to it.
        if !fs::metadata(&path)?.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        let mut bytes = Vec::new();
        let read = File::open(&path)?.take(self.left + 1).read_to_end(&mut bytes)? as u64;
        if read > self.left {
            return Err(io::Error::other("there is more beside the record than is read"));
        }
        self.left -= read;
        Ok(bytes)
    }
}

/// Whether a name can only be that of a file in the folder it is looked for in.
fn inside(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    !name.is_empty() && parts.all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_inside_are_inside() {
        for name in ["x", "histograms/a.hlog", "b/..c", "..."] {
            assert!(inside(name), "{name}");
        }
        for name in ["", "/etc/passwd", "../x", "a/../../x", "a/..", "./x", "/"] {
            assert!(!inside(name), "{name}");
        }
    }

    #[test]
    fn what_is_too_long_or_no_file_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("four"), b"1234").unwrap();
        let mut shelf = Shelf { folder: folder.path(), left: 7, warnings: Vec::new() };
        assert_eq!(shelf.bytes("four").unwrap(), b"1234");
        assert!(shelf.bytes("four").is_err(), "three bytes are left");
        assert!(shelf.bytes(".").is_err(), "a folder");
        assert_eq!(shelf.bytes("none").unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_run_is_meant_by_its_folder_its_record_or_its_id() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::find(Some(folder.path()));
        let run = folder.path().join("runs/20261121T231500Z-ab12");
        fs::create_dir_all(&run).unwrap();
        fs::write(run.join(RECORD), "{}").unwrap();
        let meant = |said: &Path| store.meant(said);
        assert_eq!(meant(&run).unwrap(), run);
        assert_eq!(meant(&run.join(RECORD)).unwrap(), run.join(RECORD));
        assert_eq!(meant(Path::new("20261121T231500Z-ab12")).unwrap(), run);
        for none in ["latest", "20261121T231500Z-ab13", "../runs", "", "/dev/null", "a/b"] {
            let why = meant(Path::new(none)).unwrap_err().to_string();
            assert!(why.starts_with("there is no run ") && why.contains("latest"), "{why}");
        }
        std::os::unix::fs::symlink(&run, folder.path().join("latest")).unwrap();
        assert_eq!(meant(Path::new("latest")).unwrap(), folder.path().join("latest"));
    }

    #[test]
    fn a_warning_moves_no_cursor() {
        let mut shelf = Shelf { folder: Path::new("/"), left: 1, warnings: Vec::new() };
        assert_eq!(shelf.or_warn::<()>("a\u{1b}[2J", Err("b\nc".to_owned())), None);
        assert_eq!(shelf.warnings, ["a\u{fffd}[2J: b\u{fffd}c"]);
        // Control: where nothing is wrong, nothing is said.
        assert_eq!(shelf.or_warn("a", Ok(1)), Some(1));
        assert_eq!(shelf.warnings.len(), 1);
    }
}
