//! What viewer and sensor on two hosts say to each other beside the links: one JSON
//! object a message. The viewer asks; the sensor answers, and says that it is there.

use serde::{Deserialize, Serialize};

use crate::ground::Nanos;
use crate::link::LinkSpec;
use crate::run::launch::{Far, FarReport};

/// Changes when one version could not talk to another.
pub(super) const PROTOCOL: u32 = 1;

/// What the viewer says on, and what the sensor says on.
pub(super) const VIEWER: &str = "pipefit/viewer";
pub(super) const SENSOR: &str = "pipefit/sensor";

/// One question. The same number asked again is the same question.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Ask {
    /// Which sensor is meant.
    pub(super) sensor: u64,
    pub(super) number: u64,
    pub(super) what: Asked,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Asked {
    /// What does your clock show?
    Clock,
    /// Open your halves of the links with this key, and get ready.
    Job { key: String, link: LinkSpec, far: Far },
    /// Begin then, by your clock.
    Go(Nanos),
    /// End early.
    Stop,
    /// What did you do?
    Report,
    /// The run is over.
    Farewell,
    /// There is another sensor already.
    TurnAway,
}

/// One answer, or a greeting, whose number is 0.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    pub(super) sensor: u64,
    pub(super) number: u64,
    pub(super) what: Answered,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Answered {
    /// A sensor is there, and speaks this protocol.
    Hello(u32),
    /// The clock when it was asked for, and when this was written.
    Clock { heard: Nanos, answered: Nanos },
    /// It is done, or will be.
    Yes,
    /// What was done, and the most memory held, in bytes.
    Done(Box<FarReport>, Option<u64>),
    /// It cannot be done.
    Failed(String),
}

pub(super) fn write(what: &impl Serialize) -> Vec<u8> {
    // None of these types has a form that JSON cannot have.
    serde_json::to_vec(what).unwrap_or_default()
}
