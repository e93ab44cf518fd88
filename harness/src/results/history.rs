//! What was measured over time: `history.jsonl` in the results folder, a line for each run
//! that was kept.
//!
//! Lines are only ever appended, each by one `write` to a file that was opened for
//! appending: the kernel puts it behind whatever is there, so two runs at once do not mix
//! (on the file systems of one host; NFS does not promise it). A line that a crash cut
//! short stays as it is. The next one begins behind a line end of its own, and whoever
//! reads passes over what is no entry, and says which lines those are.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use pipefit::run::limits::Limits;
use pipefit::run::record::{Cell, RunRecord, Spread, Status};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::file::ReadError;
use super::{Store, machine_class};

/// The name and number of the schema of a line.
pub const SCHEMA: &str = "pipefit-history/1";

/// What it is called in the results folder.
const FILE: &str = "history.jsonl";

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// [`SCHEMA`].
    pub schema: String,
    /// The run's id.
    pub run: String,
    /// When it began, in RFC 3339.
    pub started: String,
    /// The [machine class](machine_class).
    pub class: String,
    /// What pipefit was built from, where the build knew it.
    pub commit: Option<String>,
    /// The command's first word: `run`, `compare`, `check`; of a test or a bench, its name.
    pub command: String,
    /// Whether the run was interrupted.
    #[serde(default)]
    pub partial: bool,
    /// Medians of the machine's limits, by their keys in `run.json`.
    #[serde(default)]
    pub limits: BTreeMap<String, Median>,
    /// The valid cells.
    pub cells: Vec<CellEntry>,
}

/// The median of a limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Median {
    /// The only one.
    One(Number),
    /// One for each size or time.
    Each(BTreeMap<String, Number>),
}

/// The main figures of a cell. What it does not have is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "docs/metrics.md says what each means; the names are its words")]
pub struct CellEntry {
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt_p50_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt_p99_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_p50_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_p99_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_p50_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_p99_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throughput_hz: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throughput_bytes_per_s: Option<f64>,
}

/// Why a line could not be appended. The run itself is kept all the same.
#[derive(Debug, thiserror::Error)]
#[error("{} has no line of this run: {source}; see that it is a file that can be written", .path.display())]
pub struct HistoryError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// What can be read of the history.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The runs, in the order in which they were kept.
    pub entries: Vec<Entry>,
    /// The numbers of lines that were passed over, from 1: torn, or of another schema.
    pub damaged: Vec<usize>,
}

impl History {
    /// Reads the history of a results folder; one that has none yet gives nothing.
    ///
    /// # Errors
    /// [`ReadError`] where there is one that cannot be read.
    pub fn read(store: &Store) -> Result<Self, ReadError> {
        let path = store.root().join(FILE);
        let failed = |source| ReadError { path: path.clone(), source };
        let about = match fs::metadata(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            about => about.map_err(failed)?,
        };
        // Opening a pipe would wait for somebody to write to it.
        if !about.is_file() {
            return Err(failed(io::Error::other("it is no file")));
        }
        let file = File::open(&path).map_err(failed)?;
        let mut history = Self::default();
        for (number, line) in (1..).zip(BufReader::new(file).split(b'\n')) {
            let line = line.map_err(failed)?;
            let entry = serde_json::from_slice::<Entry>(&line).ok();
            match entry.filter(|entry| entry.schema == SCHEMA) {
                Some(entry) => history.entries.push(entry),
                // Two that met a torn line at once both ended it.
                None if line.is_empty() => {}
                None => history.damaged.push(number),
            }
        }
        Ok(history)
    }
}

impl Entry {
    /// What the history has of a run that `command` made.
    #[must_use]
    pub fn of(record: &RunRecord, command: &str) -> Self {
        let valid = record.cells.iter().filter(|cell| cell.status == Status::Valid);
        Self {
            schema: SCHEMA.to_owned(),
            run: record.id.clone(),
            started: record.started.clone(),
            class: machine_class(&record.host.facts).to_string(),
            commit: record.build.commit.clone(),
            command: command.to_owned(),
            partial: record.partial,
            limits: record.limits.as_ref().map(medians).unwrap_or_default(),
            cells: valid.map(CellEntry::of).collect(),
        }
    }

    /// As it is written: a line, with its end.
    fn line(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        Ok(line)
    }
}

impl CellEntry {
    fn of(cell: &Cell) -> Self {
        let metrics = &cell.metrics;
        let p50 = |spread: &Option<Spread>| spread.as_ref().and_then(|s| s.p50);
        let p99 = |spread: &Option<Spread>| spread.as_ref().and_then(|s| s.p99);
        Self {
            id: cell.id.clone(),
            rtt_p50_ns: p50(&metrics.rtt_ns),
            rtt_p99_ns: p99(&metrics.rtt_ns),
            response_p50_ns: p50(&metrics.response_ns),
            response_p99_ns: p99(&metrics.response_ns),
            age_p50_ns: p50(&metrics.age_ns),
            age_p99_ns: p99(&metrics.age_ns),
            throughput_hz: metrics.throughput_hz,
            throughput_bytes_per_s: metrics.throughput_bytes_per_s,
        }
    }
}

/// Read from the limits as they are serialised: one that is added to the record is kept
/// here without a line.
fn medians(limits: &Limits) -> BTreeMap<String, Median> {
    let number = |value: &Value| match value {
        Value::Number(number) => Some(number.clone()),
        spread => spread.get("p50")?.as_number().cloned(),
    };
    let median = |(key, value): (String, Value)| {
        let each = || {
            let all = value.as_object()?.iter();
            let all: BTreeMap<_, _> =
                all.filter_map(|(of, value)| Some((of.clone(), number(value)?))).collect();
            (!all.is_empty()).then_some(Median::Each(all))
        };
        // A spread without a median holds numbers, too: how many samples it has.
        let median = match number(&value) {
            Some(one) => Some(Median::One(one)),
            None if value.get("count").is_some() => None,
            None => each(),
        };
        Some((key, median?))
    };
    match serde_json::to_value(limits) {
        Ok(Value::Object(all)) => all.into_iter().filter_map(median).collect(),
        _ => BTreeMap::new(),
    }
}

/// Puts a run behind the others.
pub(super) fn append(root: &Path, entry: &Entry) -> Result<(), HistoryError> {
    let path = root.join(FILE);
    let line = entry.line().map_err(io::Error::from);
    line.and_then(|line| write(&path, &line)).map_err(|source| HistoryError { path, source })
}

fn write(path: &Path, line: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut text = Vec::with_capacity(line.len() + 1);
    if ends_torn(&mut file)? {
        text.push(b'\n');
    }
    text.extend_from_slice(line);
    // Not `write_all`: what it writes in a second go may stand behind another's line.
    let written = loop {
        match file.write(&text) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            done => break done?,
        }
    };
    if written < text.len() {
        return Err(io::Error::other(format!("only {written} of {} bytes fit", text.len())));
    }
    Ok(())
}

/// Whether the last line has no end: whoever wrote it did not come so far.
fn ends_torn(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != [b'\n'])
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn entry(n: usize) -> Entry {
        // Longer than a page, as the line of a comparison is.
        let cell = |i| CellEntry { id: format!("rtt/call/{n}/{i}"), ..CellEntry::default() };
        Entry {
            schema: SCHEMA.to_owned(),
            run: format!("run-{n}"),
            started: "2026-11-21T23:15:00Z".to_owned(),
            class: "unknown-2-bare".to_owned(),
            commit: None,
            command: "run".to_owned(),
            partial: false,
            limits: BTreeMap::new(),
            cells: (0..400).map(cell).collect(),
        }
    }

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::find(Some(folder.path()));
        (folder, store)
    }

    #[test]
    fn what_is_appended_is_read_in_order() {
        let (_folder, store) = store();
        assert_eq!(History::read(&store).unwrap(), History::default(), "none yet");
        for n in 0..3 {
            append(store.root(), &entry(n)).unwrap();
        }
        let history = History::read(&store).unwrap();
        assert_eq!((history.entries, history.damaged.len()), ((0..3).map(entry).collect(), 0));
    }

    #[test]
    fn a_torn_line_stands_alone() {
        let whole = entry(0).line().unwrap();
        for torn in [1, whole.len() / 2, whole.len() - 2] {
            let (_folder, store) = store();
            let path = store.root().join(FILE);
            fs::write(&path, [&whole[..], &whole[..torn]].concat()).unwrap();
            append(store.root(), &entry(1)).unwrap();
            append(store.root(), &entry(2)).unwrap();
            let history = History::read(&store).unwrap();
            assert_eq!((history.entries, history.damaged.len()), ((0..3).map(entry).collect(), 1));
            let text = fs::read(&path).unwrap();
            assert_eq!(text.iter().filter(|c| **c == b'\n').count(), 4, "no line is empty");
        }
    }

    #[test]
    fn a_line_that_lacks_only_its_end_is_one() {
        let (_folder, store) = store();
        let whole = entry(0).line().unwrap();
        fs::write(store.root().join(FILE), &whole[..whole.len() - 1]).unwrap();
        append(store.root(), &entry(1)).unwrap();
        let history = History::read(&store).unwrap();
        assert_eq!((history.entries, history.damaged.len()), ((0..2).map(entry).collect(), 0));
    }

    #[test]
    fn foreign_lines_are_passed_over_and_counted() {
        let (_folder, store) = store();
        let later = Entry { schema: "pipefit-history/2".to_owned(), ..entry(0) };
        let mut text = b"\n{}\n[1, 2]\n\xff\xfe\0\0\n\n".to_vec();
        text.extend(later.line().unwrap());
        fs::write(store.root().join(FILE), text).unwrap();
        append(store.root(), &entry(1)).unwrap();
        let history = History::read(&store).unwrap();
        assert_eq!((history.entries, history.damaged.len()), (vec![entry(1)], 4));
    }

    #[test]
    fn many_at_once_do_not_mix() {
        const THREADS: usize = 8;
        const EACH: usize = 40;
        let (_folder, store) = store();
        // They begin at a torn line, the worst that they can find.
        fs::write(store.root().join(FILE), "{\"schema\":").unwrap();
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let root = store.root();
                scope.spawn(move || {
                    for n in 0..EACH {
                        append(root, &entry(thread * EACH + n)).unwrap();
                    }
                });
            }
        });
        let history = History::read(&store).unwrap();
        let mut runs = history.entries;
        runs.sort_by_key(|entry| entry.run["run-".len()..].parse::<usize>().unwrap());
        assert_eq!(runs.len(), THREADS * EACH);
        assert!(runs == (0..THREADS * EACH).map(entry).collect::<Vec<_>>());
        assert_eq!(history.damaged.len(), 1);
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        let (folder, store) = store();
        fs::create_dir(folder.path().join(FILE)).unwrap();
        let why = append(store.root(), &entry(0)).unwrap_err().to_string();
        assert!(why.contains("history.jsonl has no line of this run: Is a directory"), "{why}");
        assert!(History::read(&store).is_err());
        fs::remove_dir(folder.path().join(FILE)).unwrap();
        std::os::unix::fs::symlink("/dev/full", folder.path().join(FILE)).unwrap();
        let why = append(store.root(), &entry(0)).unwrap_err().to_string();
        assert!(why.contains("it is no file"), "{why}");
    }

    #[test]
    fn limits_are_kept_as_medians() {
        let spread = |p50| Spread { count: 9, p50, max: Some(99), ..Spread::default() };
        let limits = Limits {
            line_rtt_ns: spread(Some(400)),
            clock_ns: spread(None),
            pipe_wake_ns: BTreeMap::from([("20000".to_owned(), spread(Some(4900)))]),
            stream_bytes_per_s: BTreeMap::from([("65536".to_owned(), 5e9)]),
            ..Limits::default()
        };
        let kept = serde_json::to_value(medians(&limits)).unwrap();
        assert_eq!(
            kept,
            serde_json::json!({
                "line_rtt_ns": 400,
                "pipe_wake_ns": { "20000": 4900 },
                "stream_bytes_per_s": { "65536": 5e9 },
            })
        );
    }
}
