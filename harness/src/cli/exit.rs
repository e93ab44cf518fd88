//! What the tool says to scripts: its exit codes. They are a contract.

use std::process::ExitCode;

use pipefit::link::Why;

/// How the tool ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, and passed.
    Done = 0,
    /// The tool failed: a folder could not be written, say.
    Failed = 1,
    /// It was not understood what to do; the same code as the argument parser's.
    Usage = 2,
    /// Nothing was selected, or nothing of it can be measured.
    Nothing = 4,
    /// Something was measured that may not be used.
    Invalid = 65,
    /// Too noisy to judge.
    TooNoisy = 75,
    /// Judged and failed: a budget, a regression, a fault that was not caught.
    Judged = 100,
    /// Ctrl-C; what was measured is saved and marked partial.
    Interrupted = 130,
    /// SIGTERM; what was measured is saved and marked partial.
    Terminated = 143,
}

impl Exit {
    /// The number itself.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// How a run ends that was asked to.
    #[must_use]
    pub const fn asked(why: Why) -> Self {
        match why {
            Why::Terminated => Self::Terminated,
            Why::Interrupted | Why::PeerGone => Self::Interrupted,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
