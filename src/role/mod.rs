//! Floor 3, beside the transports: those who send and read frames.
//!
//! A role is written once, as an async function over the contract; it knows no
//! transport. What it is to do comes in a spec that can travel to a child process,
//! what it saw goes home in a report that can travel back.

pub mod abroad;
pub mod age;
mod answer;
pub mod backlog;
pub mod bare;
pub mod echo;
mod flat_out;
pub mod guest;
pub mod inbox;
pub mod plot;
pub mod screen;
pub mod sensor;
pub mod timeline;
pub mod trail;
pub mod viewer;

pub use bare::{BareReport, BareSpec};
pub use echo::{EchoReport, EchoSpec, PingReport, PingSpec};
pub use sensor::{SensorReport, SensorSpec};
pub use timeline::Timeline;
pub use viewer::{ViewerReport, ViewerSpec};

use serde::{Deserialize, Serialize};

use crate::ground::{Hertz, Nanos};
use crate::link::Why;

/// How much of something: a span of time, or a number of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Extent {
    /// For so long.
    For(Nanos),
    /// So many frames.
    Frames(u64),
}

impl Extent {
    /// The number of frames, where a schedule of this rate decides it.
    #[must_use]
    pub fn frames_at(self, rate: Hertz) -> u64 {
        match self {
            Self::For(span) => rate.events_in(span.0),
            Self::Frames(n) => n,
        }
    }

    /// How long it takes at this rate.
    #[must_use]
    pub fn span_at(self, rate: Hertz) -> Nanos {
        match self {
            Self::For(span) => span,
            Self::Frames(n) => crate::ground::pace::Schedule::new(Nanos(0), rate, 1).due(n),
        }
    }
}

/// How a role came to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// It did all it was to do.
    Done,
    /// It was asked to stop by whoever runs the tool.
    Stopped,
    /// The other side went away early.
    PeerGone,
    /// The other side was silent, or did not read, for longer than it may.
    Silent,
    /// The link failed.
    Failed(String),
}

impl From<Why> for End {
    fn from(why: Why) -> Self {
        match why {
            Why::Interrupted | Why::Terminated => Self::Stopped,
            Why::PeerGone => Self::PeerGone,
        }
    }
}
