//! Why a command came to nothing.

use std::io;
use std::path::PathBuf;

use super::exit::Exit;
use super::out::{Color, Out, OutError, tell};
use crate::results::{BaselineError, FileError, PageError, ReadError, RunError, StoreError};
use crate::verdict::budget::{Complaint, Kind};

/// Why a command came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The command line was not understood, or asks for help.
    #[error("{0}")]
    Usage(#[from] clap::Error),
    /// Runs cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// There is no run where one was looked for.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A page cannot be written.
    #[error(transparent)]
    Page(#[from] PageError),
    /// A baseline cannot be kept, or is not there.
    #[error(transparent)]
    Baseline(#[from] BaselineError),
    /// A folder cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Standard output cannot be written.
    #[error(transparent)]
    Out(#[from] OutError),
    /// Signals cannot be listened for.
    #[error("cannot listen for signals: {0}")]
    Signals(#[source] io::Error),
    /// A record, schema or export has no written form.
    #[error("cannot write {what}: {why}")]
    Form {
        /// What was to be written.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A sensor by itself came to nothing.
    #[error("{0}")]
    Sensor(String),
    /// No sensor on another host, or none can be had.
    #[error("{0}")]
    Elsewhere(String),
    /// A gate cannot be heard or answered.
    #[error("cannot talk to whoever asks: {0}")]
    Worker(#[source] io::Error),
    /// Two builds cannot be held against each other.
    #[error("{0}")]
    Gate(String),
    /// A file of budgets cannot be read.
    #[error("cannot read {path}: {source}")]
    Budgets {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of budgets is no text.
    #[error(
        "{path}:{line}: byte {at} of the file ({byte:#04x}) is not UTF-8: save it as UTF-8",
        path = .path.display()
    )]
    NoText {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Which byte of the file, from 0.
        at: usize,
        /// The byte.
        byte: u8,
    },
    /// What a file of budgets says cannot be meant or measured.
    #[error("{0}")]
    Complaint(Box<Complaint>),
    /// Nothing is left to be measured; says why.
    #[error("{0}")]
    Nothing(String),
}

impl Failure {
    /// Tells the user, and gives the exit code.
    pub(super) fn tell(&self, out: &Out) -> Exit {
        match self {
            Self::Usage(error) => return tell_usage(error, out),
            Self::Nothing(why) => tell(&format!("{}\n", harmless(why))),
            other => tell(&format!("error: {}\n", harmless(&other.to_string()))),
        }
        match self {
            Self::Nothing(_) => Exit::Nothing,
            Self::NoText { .. } => Exit::Usage,
            Self::Complaint(complaint) => match complaint.kind {
                Kind::Wrong => Exit::Usage,
                Kind::NotApplicable => Exit::Nothing,
            },
            _ => Exit::Failed,
        }
    }
}

/// Errors quote files and names, which may hold anything: nothing of it moves a cursor.
fn harmless(text: &str) -> String {
    text.replace(|c: char| c.is_control() && !matches!(c, '\n' | '\t'), "\u{fffd}")
}

/// Help goes to standard output, where it may meet a closed pipe or a full disk.
fn tell_usage(error: &clap::Error, out: &Out) -> Exit {
    let text = error.render();
    if error.use_stderr() {
        let colored = Color::Auto.on(&io::stderr());
        tell(&if colored { text.ansi().to_string() } else { text.to_string() });
        return Exit::Usage;
    }
    let colored = Color::Auto.on(&io::stdout());
    match out.print(&if colored { text.ansi().to_string() } else { text.to_string() }) {
        Ok(()) => Exit::Done,
        Err(error) => Failure::from(error).tell(out),
    }
}
