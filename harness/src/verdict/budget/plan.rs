//! How long, and how often, budgets are measured.

use std::fmt;
use std::str::FromStr;

use pipefit::ground::Nanos;

/// How much is put into an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// For `cargo test`.
    Quick,
    /// For whoever asks at a desk.
    #[default]
    Local,
    /// For a build that is to fail.
    Ci,
}

impl Profile {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Quick, Self::Local, Self::Ci];

    /// As it is written.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Local => "local",
            Self::Ci => "ci",
        }
    }

    /// How often a budget is measured at most, unless the file says otherwise.
    #[must_use]
    pub const fn trials(self) -> u32 {
        match self {
            Self::Quick => 9,
            Self::Local => 15,
            Self::Ci => 30,
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|profile| profile.word() == text);
        found.ok_or_else(|| format!("there is no profile '{text}': quick, local and ci there are"))
    }
}

/// What a profile in the file says, for all budgets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Overrides {
    pub(super) duration: Option<Nanos>,
    pub(super) trials: Option<u32>,
}
