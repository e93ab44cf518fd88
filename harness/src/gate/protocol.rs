//! What a gate and its workers say to each other: one JSON object a line.
//!
//! The worker begins with [`Hello`]. Then each [`Ask`] is answered by an [`Answer`], until
//! the worker's standard input ends. A worker that does not know a word of a question says
//! so; a gate does not ask a worker of another protocol. Nothing is said without having
//! been asked.

use pipefit::ground::{Bytes, Nanos};
use pipefit::link::{Policy, Wait};
use pipefit::role::Extent;
use pipefit::run::{Case, Registry, scenario};
use serde::{Deserialize, Serialize};

/// The version of these words.
pub const PROTOCOL: u32 = 1;

/// What a worker says of a round with too few trips or frames for a figure.
pub const TOO_SHORT: &str = "too short: no figure";

/// What a worker begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL`].
    pub pipefit_worker: u32,
    /// The version of pipefit.
    pub version: String,
}

/// One round of one cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// `rtt` or `max`.
    pub scenario: String,
    /// The transport.
    pub transport: String,
    /// Payload of a frame.
    pub size_bytes: u64,
    /// Queue capacity.
    pub capacity_bytes: u64,
    /// How halves wait.
    pub wait: Wait,
    /// CPUs: consumer first, then producer.
    pub pins: Vec<usize>,
    /// How long is sent before measuring.
    pub warmup_ns: u64,
    /// How long is measured.
    pub span_ns: u64,
    /// By how much each answer is to come late, on purpose: in millionths of a round trip
    /// as it is just then.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub slower_ppm: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub(super) const fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// What a round gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Time of one round trip, or of one frame, in nanoseconds.
    Each(f64),
    /// There is no such cell in this build; why not. Builds of before say it by
    /// [`Self::Failed`]: see [`is_not_here`].
    NotHere(String),
    /// There is no figure; why.
    Failed(String),
}

/// How a build says that it does not have a scenario or a transport.
const NO_SUCH: [&str; 2] = ["there is no scenario ", "there is no transport "];

/// Whether a reason says that a build does not have what it was asked for, and not that
/// measuring it failed.
#[must_use]
pub fn is_not_here(why: &str) -> bool {
    NO_SUCH.iter().any(|beginning| why.starts_with(beginning))
}

impl Ask {
    /// The case that is meant.
    ///
    /// # Errors
    /// What there is not here.
    pub fn case(&self, registry: &Registry) -> Result<Case, String> {
        let scenario = scenario::find(&self.scenario)
            .ok_or_else(|| format!("{}{}", NO_SUCH[0], self.scenario))?;
        let entry = registry
            .get(&self.transport)
            .ok_or_else(|| format!("{}{}", NO_SUCH[1], self.transport))?;
        Ok(Case {
            size: Bytes(self.size_bytes),
            capacity: Bytes(self.capacity_bytes),
            wait: self.wait,
            policy: Policy::Block,
            warmup: Nanos(self.warmup_ns),
            extent: Extent::For(Nanos(self.span_ns)),
            pins: self.pins.clone(),
            patience: Nanos::from_secs(2),
            silence: Some(Nanos::from_secs(2)),
            ..Case::of(scenario, entry.name)
        })
    }
}
