//! The record of a run: what is written to `run.json`, schema `pipefit-run/1`.
//!
//! Integers are nanoseconds, bytes or counts. A metric that a scenario does not have
//! is absent, never 0; a percentile without enough samples behind it is absent, and
//! `count` says why. The JSON Schema is made from these types.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limits::Limits;
use crate::ground::host::Host;
use crate::ground::ledger::Balance;
use crate::ground::time::Resolution;
use crate::ground::{Bytes, Meter};
use crate::link::{Policy, Wait};
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
    /// Payload of a frame.
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

/// The spread of some spans, in ns. All repeats are merged before a percentile is
/// taken; one without enough samples behind it is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Spread {
    /// Samples.
    pub count: u64,
    /// Half of the samples are below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50: Option<u64>,
    /// 90 % of the samples are below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p90: Option<u64>,
    /// 95 % of the samples are below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95: Option<u64>,
    /// 99 % of the samples are below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99: Option<u64>,
    /// 99.9 % of the samples are below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p999: Option<u64>,
    /// The greatest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
    /// The mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Samples over one hour, which the histogram does not hold.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub beyond: u64,
    /// For figures that are shares of time: the time observed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_ns: Option<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl From<&Meter> for Spread {
    fn from(meter: &Meter) -> Self {
        let any = meter.count() > 0;
        Self {
            count: meter.count(),
            p50: meter.quantile(0.5),
            p90: meter.quantile(0.9),
            p95: meter.quantile(0.95),
            p99: meter.quantile(0.99),
            p999: meter.quantile(0.999),
            max: meter.max(),
            mean: any.then(|| meter.histogram().mean()),
            beyond: meter.beyond(),
            observed_ns: None,
        }
    }
}

impl From<&Age> for Spread {
    fn from(age: &Age) -> Self {
        Self {
            count: age.count() as u64,
            p50: age.quantile(0.5),
            p90: age.quantile(0.9),
            p95: age.quantile(0.95),
            p99: age.quantile(0.99),
            p999: age.quantile(0.999),
            max: age.max(),
            mean: age.mean(),
            beyond: 0,
            observed_ns: Some(age.observed()),
        }
    }
}

/// Every figure of a cell. What the scenario does not have is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[expect(missing_docs, reason = "docs/metrics.md says what each means; the names are its words")]
pub struct Metrics {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_ns: Option<Spread>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transit_ns: Option<Spread>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slip_ns: Option<Spread>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt_ns: Option<Spread>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_ns: Option<Spread>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throughput_hz: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throughput_bytes_per_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub achieved_hz: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame_interval_ns: Option<Spread>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_ns: Option<Spread>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missed_frames: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freezes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freeze_longest_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freeze_total_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backlog_max: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backlog_end: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backlog_slope_hz: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backlog_slope_low_hz: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backlog_slope_high_hz: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stalls: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stall_longest_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stall_share: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_ns_sensor: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_ns_viewer: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rss_max_bytes: Option<u64>,
    /// The main figures of each repeat, in the order they were measured.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub per_repeat: Vec<Repeat>,
}

/// The main figures of one repeat: what the spread between repeats is read from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Repeat {
    /// Frames a second at the receiver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throughput_hz: Option<f64>,
    /// Median of `response`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_p50_ns: Option<u64>,
    /// 99th percentile of `response`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_p99_ns: Option<u64>,
    /// Median of `rtt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt_p50_ns: Option<u64>,
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
