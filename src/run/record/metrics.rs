//! The figures of a cell.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ground::Meter;
use crate::role::age::Age;

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
    pub arrival_interval_ns: Option<Spread>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrival_age_ns: Option<Spread>,
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
