//! Standard output and standard error: the only place that writes to them.
//!
//! A reader that closes the pipe (`pipefit list | head -1`) has what it wanted: that
//! is a quiet end. A full disk is not.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use clap::ValueEnum;

/// Standard output cannot be written to.
#[derive(Clone, Debug, thiserror::Error)]
#[error("cannot write to standard output: {0}")]
pub(super) struct OutError(String);

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Open,
    /// Nobody reads any more.
    Gone,
    Failed(OutError),
}

/// Standard output.
#[derive(Debug, Default)]
pub(super) struct Out(Mutex<State>);

impl Out {
    /// Writes `text` and flushes. Once nobody reads any more, does nothing.
    ///
    /// # Errors
    /// Where it cannot be written, now or when it was last tried.
    pub(super) fn print(&self, text: &str) -> Result<(), OutError> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Open) {
            let mut stdout = io::stdout().lock();
            *state = match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
                Ok(()) => State::Open,
                Err(e) if e.kind() == io::ErrorKind::BrokenPipe => State::Gone,
                Err(e) => State::Failed(OutError(e.to_string())),
            };
        }
        match &*state {
            State::Failed(error) => Err(error.clone()),
            State::Open | State::Gone => Ok(()),
        }
    }

    /// What went wrong while it was written to by somebody who could not say so.
    ///
    /// # Errors
    /// The first thing that went wrong.
    pub(super) fn check(&self) -> Result<(), OutError> {
        self.print("")
    }
}

/// Writes to standard error. If that fails, there is nobody left to be told.
pub(super) fn tell(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes());
}

impl Color {
    /// Whether what goes to `stream` is to be coloured.
    pub(super) fn on(self, stream: &impl IsTerminal) -> bool {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => !set("NO_COLOR") && !dumb() && stream.is_terminal(),
        }
    }
}
