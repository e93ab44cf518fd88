//! Runs that somebody chose to keep: `baseline/<machine class>/<name>.json`.
//!
//! Each is the run's record, without the histograms. They show how figures went over
//! time; nothing is judged against them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pipefit::run::record::{RunRecord, Status};

use super::file::put_new;
use super::run::read_record;
use super::{
    FileError, Name, NameError, ReadError, RunError, Store, StoreError, machine_class, make, put,
};

/// What it is called in the results folder.
const FOLDER: &str = "baseline";

/// What the files of baselines end in.
const ENDING: &str = ".json";

/// Why a baseline cannot be kept, or is not there.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// Some of its figures are missing, and nobody could tell which.
    #[error("run {0} is no baseline: it was interrupted; measure it to its end")]
    Partial(String),
    /// It has no figures that may be used.
    #[error("run {0} is no baseline: none of its cells is valid; its report says why")]
    NothingValid(String),
    /// There is one already.
    #[error(
        "{class} has a baseline {name} already; choose another name, or replace it with --force"
    )]
    Exists {
        /// Its name.
        name: Name,
        /// Its class.
        class: Name,
    },
    /// There is none.
    #[error("{class} has no baseline {name}; {}", known(.there, .elsewhere))]
    Unknown {
        /// The name asked for.
        name: Name,
        /// The class it was looked for in.
        class: Name,
        /// The names there are.
        there: Vec<Name>,
        /// Classes that have one of that name.
        elsewhere: Vec<Name>,
    },
    /// A run's id is the default for a name.
    #[error("run {id:?} cannot lend its id to a baseline: {why}")]
    Unnameable {
        /// The id.
        id: String,
        /// What is wrong with it.
        why: NameError,
    },
    /// Its folder cannot be had.
    #[error(transparent)]
    Folder(#[from] StoreError),
    /// Its record has no written form.
    #[error("the baseline is not kept: cannot write its record: {0}")]
    Form(#[from] serde_json::Error),
    /// Its file cannot be written.
    #[error("the baseline is not kept: {0}")]
    File(#[from] FileError),
    /// Its file cannot be removed.
    #[error("cannot remove {}: {source}", .path.display())]
    Remove {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder of baselines cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// What somebody may have meant.
fn known(there: &[Name], elsewhere: &[Name]) -> String {
    let listed = |names: &[Name]| names.iter().map(Name::as_str).collect::<Vec<_>>().join(", ");
    match (there, elsewhere) {
        ([], []) => "it has none at all: pipefit baseline save makes one".to_owned(),
        (_, [_, ..]) => format!("there is one of that name with --class {}", listed(elsewhere)),
        _ => format!("there are: {}", listed(there)),
    }
}

/// A baseline.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// What it is called.
    pub name: Name,
    /// The record of its run.
    pub record: RunRecord,
}

/// The baselines of a results folder.
#[derive(Clone, Debug)]
pub struct Baselines {
    store: Store,
}

impl Store {
    /// The baselines in this folder.
    #[must_use]
    pub fn baselines(&self) -> Baselines {
        Baselines { store: self.clone() }
    }
}

impl Baselines {
    fn folder(&self) -> PathBuf {
        self.store.root().join(FOLDER)
    }

    fn file(&self, class: &Name, name: &Name) -> PathBuf {
        self.folder().join(class.as_str()).join(format!("{name}{ENDING}"))
    }

    /// Keeps a run under that name, or under its id; gives the file. One of that name is
    /// replaced only by `force`.
    ///
    /// # Errors
    /// [`BaselineError`] where the run is no baseline, the name is taken, or the file
    /// cannot be written; then nothing has changed.
    pub fn save(
        &self,
        name: Option<Name>,
        mut record: RunRecord,
        force: bool,
    ) -> Result<PathBuf, BaselineError> {
        if record.partial {
            return Err(BaselineError::Partial(record.id));
        }
        if record.cells.iter().all(|cell| cell.status != Status::Valid) {
            return Err(BaselineError::NothingValid(record.id));
        }
        let named = |why| BaselineError::Unnameable { id: record.id.clone(), why };
        let name = name.map_or_else(|| record.id.parse().map_err(named), Ok)?;
        let class = machine_class(&record.host.facts);
        // They stay with the run, and are a hundred times as large as the figures.
        record.cells.iter_mut().for_each(|cell| cell.histograms = None);
        let mut json = serde_json::to_vec(&record)?;
        json.push(b'\n');

        self.store.make_root()?;
        make(&self.folder())?;
        make(&self.folder().join(class.as_str()))?;
        let path = self.file(&class, &name);
        let written = if force { put(&path, &json) } else { put_new(&path, &json) };
        match written {
            Ok(()) => Ok(path),
            Err(e) if !force && e.source.kind() == io::ErrorKind::AlreadyExists => {
                Err(BaselineError::Exists { name, class })
            }
            Err(e) => Err(e.into()),
        }
    }

    /// The classes that have a folder.
    ///
    /// # Errors
    /// [`ReadError`] where that cannot be read.
    pub fn classes(&self) -> Result<Vec<Name>, ReadError> {
        let folder = self.folder();
        let mut names = Self::names(&folder, "")?;
        names.retain(|name| folder.join(name.as_str()).is_dir());
        Ok(names)
    }

    /// The baselines of a class, newest first, and why others of its files are none.
    ///
    /// # Errors
    /// [`ReadError`] where its folder cannot be read.
    pub fn of(&self, class: &Name) -> Result<(Vec<Baseline>, Vec<RunError>), ReadError> {
        let (mut all, mut unread) = (Vec::new(), Vec::new());
        for name in self.names_of(class)? {
            match read_record(&self.file(class, &name)) {
                Ok(record) => all.push(Baseline { name, record }),
                Err(why) => unread.push(why),
            }
        }
        // RFC 3339 sorts by time; of the same second, the later id.
        all.sort_by(|a, b| {
            let key = |one: &Baseline| (one.record.started.clone(), one.record.id.clone());
            key(b).cmp(&key(a)).then_with(|| a.name.cmp(&b.name))
        });
        Ok((all, unread))
    }

    /// Removes one.
    ///
    /// # Errors
    /// [`BaselineError`] where there is none of that name, or it cannot be removed.
    pub fn remove(&self, class: &Name, name: &Name) -> Result<PathBuf, BaselineError> {
        let path = self.file(class, name);
        match fs::remove_file(&path) {
            Ok(()) => Ok(path),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Err(BaselineError::Unknown {
                name: name.clone(),
                class: class.clone(),
                there: self.names_of(class)?,
                elsewhere: self
                    .classes()?
                    .into_iter()
                    .filter(|class| self.file(class, name).exists())
                    .collect(),
            }),
            Err(source) => Err(BaselineError::Remove { path, source }),
        }
    }

    fn names_of(&self, class: &Name) -> Result<Vec<Name>, ReadError> {
        Self::names(&self.folder().join(class.as_str()), ENDING)
    }

    /// What is called as ours are, in order: hidden files are being written, or were when
    /// somebody died.
    fn names(folder: &Path, ending: &str) -> Result<Vec<Name>, ReadError> {
        let failed = |source| ReadError { path: folder.to_owned(), source };
        let entries = match fs::read_dir(folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let file = entry.map_err(failed)?.file_name();
            let name = file.to_str().and_then(|name| name.strip_suffix(ending));
            names.extend(name.and_then(|name| name.parse::<Name>().ok()));
        }
        names.sort();
        Ok(names)
    }
}
