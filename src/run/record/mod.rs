//! The record of a run: what is written to `run.json`, schema `pipefit-run/1`.
//!
//! Integers are nanoseconds, bytes or counts. A metric that a scenario does not have
//! is absent, never 0; a percentile without enough samples behind it is absent, and
//! `count` says why. The JSON Schema is made from these types.

mod metrics;

pub use metrics::{Metrics, Repeat, Spread};

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limits::Limits;
use crate::ground::host::Host;
use crate::ground::ledger::Balance;
use crate::ground::time::Resolution;
use crate::ground::{Bytes, Meter};
use crate::link::{Policy, Wait};
use crate::role::Timeline;
use crate::role::age::Age;

/// The name and number of the schema.
pub const SCHEMA: &str = "pipefit-run/1";

/// A whole run: where it was measured, and every cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunRecord {
    /// [`SCHEMA`].
    pub schema: String,
    /// Unique among the runs of a results folder; sorts by time.
    pub id: String,
    /// When it began, in RFC 3339.
    pub started: String,
    /// The command line.
    pub command: Vec<String>,
    /// The version of pipefit.
    pub version: String,
    /// How pipefit was built.
    pub build: Build,
    /// The machine, and what of it may spoil figures.
    pub host: HostRecord,
    /// Whether the run was interrupted, so that cells or repeats are missing.
    #[serde(default)]
    pub partial: bool,
    /// Time spent measuring, from the first cell's start to the last one's end, in ns.
    pub measuring_ns: u64,
    /// What this machine could do at best while it ran; absent where no memory was
    /// shared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// The cells, in the order in which they were asked for.
    pub cells: Vec<Cell>,
}

/// How the tool was built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Build {
    /// `optimised` or `unoptimised`.
    pub profile: String,
    /// Whether debug assertions ran.
    pub debug_assertions: bool,
    /// The commit, where the build knew it.
    pub commit: Option<String>,
}

/// The machine as it was during the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HostRecord {
    /// Probed facts.
    #[serde(flatten)]
    pub facts: Host,
    /// Share of time the host gave to others during the run, in percent.
    pub steal_pct: Option<f64>,
    /// CPUs that were pinned and verified: consumer first, then producer.
    pub pinned: Option<Vec<usize>>,
    /// The clock, as measured.
    pub clock: Resolution,
    /// What may spoil figures, each with its remedy.
    pub warnings: Vec<Warning>,
}

/// Something that may spoil figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// What it is.
    pub what: String,
    /// What helps.
    pub remedy: String,
}

/// How a cell came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Status {
    /// Its figures can be used.
    #[serde(rename = "valid")]
    Valid,
    /// It was measured and may not be used; the reason says why.
    #[serde(rename = "invalid")]
    Invalid,
    /// It cannot be measured; the reason says why.
    #[serde(rename = "n/a")]
    NotApplicable,
}

/// What made a cell invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The sensor could not keep the rate that was asked for.
    MissedRate,
    /// The ledger does not balance.
    Unbalanced,
    /// A child process died or failed.
    ChildDied,
    /// One side was silent for longer than it may.
    Silent,
    /// A stamp lies before the one it must follow.
    Backwards,
    /// Frames of another run or producer came.
    Strangers,
    /// The run was interrupted before this cell was done.
    Interrupted,
    /// The operating system refused something the cell needs.
    Refused,
    /// A program wrote what cannot be read.
    Malformed,
    /// Nothing was measured.
    Empty,
}

/// One scenario over one transport with one set of axes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cell {
    /// `scenario/transport/size/rate/wait`, and whatever axis is not at its default.
    pub id: String,
    /// The scenario.
    pub scenario: String,
    /// The transport.
    pub transport: String,
    /// The program that was the sensor, where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<ProgramRecord>,
    /// Payload of a frame; of a program, the longest there was.
    pub size_bytes: u64,
    /// Payload and header.
    pub wire_bytes: u64,
    /// Frames a second that were asked for; `null` where the scenario sends flat out.
    pub rate_hz: Option<f64>,
    /// How halves wait.
    pub wait: Wait,
    /// What a full link does.
    pub policy: Policy,
    /// Producers.
    pub producers: u32,
    /// Frames that are due together.
    pub burst: u64,
    /// Queue capacity that was asked for.
    pub capacity_bytes: u64,
    /// Queue capacity that was granted, where it can be known.
    pub granted_bytes: Option<u64>,
    /// Latency stamps are taken on one frame in so many.
    pub stamp_every: u64,
    /// Whether the figures can be used.
    pub status: Status,
    /// Why not, in words.
    pub reason: Option<String>,
    /// Why not, as a word for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// What to know beside the figures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Repeats whose figures are merged here.
    pub repeats: u32,
    /// How often it was measured in all; more than `repeats` where a repeat missed
    /// its rate and was measured again.
    pub tries: u32,
    /// What the sensor's clock shows beyond the viewer's, where they are two hosts', in ns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_offset_ns: Option<i64>,
    /// By how much that may be wrong, and with it every one-way figure, in ns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_uncertainty_ns: Option<u64>,
    /// The figures.
    pub metrics: Metrics,
    /// The books, all repeats together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<Balance>,
    /// What was left behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residue: Option<Residue>,
    /// Relative path of the interval log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histograms: Option<String>,
}

impl Cell {
    /// What tells it from others in a table: the transport, or the program.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.program.as_ref().map_or(&self.transport, |program| &program.label)
    }
}

/// A program that was the sensor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProgramRecord {
    /// What it goes by in ids and tables.
    pub label: String,
    /// What the shell was given.
    pub command: String,
    /// What it was to write: `frames`, `text:PATTERN` or `raw:LAYOUT`.
    pub wire: String,
}

/// What a run left behind, as a difference to before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Residue {
    /// Children of ours that ended and were not reaped.
    pub zombies: i64,
    /// Children of ours that are still running.
    pub orphans: i64,
    /// Names in /dev/shm.
    pub shm_names: i64,
    /// Open file descriptors.
    pub fds: i64,
    /// Threads.
    pub threads: i64,
}

impl Residue {
    /// Whether nothing was left behind.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}

/// A cell together with what its figures were taken from.
#[derive(Clone, Debug)]
pub struct Measured {
    /// What is recorded.
    pub cell: Cell,
    /// The histograms behind it, by metric (`response`, `transit`, …), all repeats merged.
    pub meters: BTreeMap<&'static str, Meter>,
    /// The saw-tooth of age, all repeats together.
    pub age: Option<Age>,
    /// The course of one trial, the first that was booked, as far as stamps tell of it.
    pub timeline: Option<Timeline>,
}

/// Queue capacity under half of what was asked for deserves a note.
#[must_use]
pub fn capacity_note(asked: Bytes, granted: Option<Bytes>) -> Option<String> {
    let granted = granted?;
    (granted.0 * 2 < asked.0).then(|| format!("queue of {granted} granted where {asked} was asked"))
}

impl RunRecord {
    /// The JSON Schema of this record.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }
}
