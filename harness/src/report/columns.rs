//! Which figures a scenario's table shows, and which of them is its main one.

use pipefit::run::record::{Cell, Metrics, Spread};

use super::figure::{Figure, grouped, scaled};

/// Which way a figure gets better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Better {
    Lower,
    Higher,
}

/// A column: where its figure is found. `group` and `stat` make its heading.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) group: &'static str,
    pub(super) stat: &'static str,
    /// Where a cell of `run.json` has the very same number. Nothing, where it is made of
    /// several.
    pub(super) key: &'static str,
    pub(super) read: fn(&Cell) -> Figure,
    /// Left out where no cell has such a figure.
    seldom: bool,
}

const fn col(
    group: &'static str,
    stat: &'static str,
    key: &'static str,
    read: fn(&Cell) -> Figure,
) -> Column {
    Column { group, stat, key, read, seldom: false }
}

/// A figure that only programs have, or only those that tell little.
const fn seldom(
    group: &'static str,
    stat: &'static str,
    key: &'static str,
    read: fn(&Cell) -> Figure,
) -> Column {
    Column { group, stat, key, read, seldom: true }
}

/// How a scenario's cells are laid out.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) columns: Vec<Column>,
    /// Candidates for the main column, by index, the most telling one first.
    pub(super) main: Vec<(usize, Better)>,
}

/// The layout of a scenario. One that has none of its own gets every usual column
/// for which some cell has a figure.
pub(super) fn layout(scenario: &str, cells: &[&Cell]) -> Layout {
    let (columns, main): (&[Column], &[(&str, &str, Better)]) = match scenario {
        "stream" => {
            (STREAM, &[("response", "p99", Better::Lower), ("response", "p50", Better::Lower)])
        }
        "rtt" => (RTT, &[("rtt", "p50", Better::Lower)]),
        "max" => (
            MAX,
            // Limits are in bytes.
            &[("throughput", "bytes", Better::Higher), ("throughput", "frames", Better::Higher)],
        ),
        "gui60" => (
            GUI60,
            &[
                ("age", "p99", Better::Lower),
                ("age", "p90", Better::Lower),
                ("age", "p50", Better::Lower),
            ],
        ),
        _ => (
            USUAL,
            &[
                ("response", "p99", Better::Lower),
                ("rtt", "p50", Better::Lower),
                ("throughput", "bytes", Better::Higher),
                ("throughput", "frames", Better::Higher),
            ],
        ),
    };
    let has_own = matches!(scenario, "stream" | "rtt" | "max" | "gui60");
    let columns: Vec<Column> = columns
        .iter()
        .filter(|c| {
            (has_own && !c.seldom) || cells.iter().any(|cell| (c.read)(cell) != Figure::Absent)
        })
        .copied()
        .collect();
    let main = main
        .iter()
        .filter_map(|&(group, stat, better)| {
            let at = columns.iter().position(|c| c.group == group && c.stat == stat)?;
            Some((at, better))
        })
        .collect();
    Layout { columns, main }
}

const N: Column = col("", "n", "", |c| Figure::count(samples(&c.metrics)));
const RESPONSE_P50: Column =
    col("response", "p50", "metrics/response_ns/p50", |c| of(&c.metrics.response_ns, |s| s.p50));
const RESPONSE_P99: Column =
    col("response", "p99", "metrics/response_ns/p99", |c| of(&c.metrics.response_ns, |s| s.p99));
const RTT_P50: Column =
    col("rtt", "p50", "metrics/rtt_ns/p50", |c| of(&c.metrics.rtt_ns, |s| s.p50));
const RTT_P99: Column =
    col("rtt", "p99", "metrics/rtt_ns/p99", |c| of(&c.metrics.rtt_ns, |s| s.p99));
const ACHIEVED: Column = col("achieved", "rate", "metrics/achieved_hz", |c| {
    Figure::per_second(c.metrics.achieved_hz, "Hz")
});
const FRAMES: Column = col("throughput", "frames", "metrics/throughput_hz", |c| {
    Figure::per_second(c.metrics.throughput_hz, "/s")
});
const BYTES: Column = col("throughput", "bytes", "metrics/throughput_bytes_per_s", |c| {
    Figure::per_second(c.metrics.throughput_bytes_per_s, "B/s")
});
const LOST: Column = col("", "lost", "ledger/lost", |c| Figure::count(c.ledger.map(|l| l.lost)));

const STREAM: &[Column] = &[
    N,
    RESPONSE_P50,
    RESPONSE_P99,
    col("response", "p99.9", "metrics/response_ns/p999", |c| {
        of(&c.metrics.response_ns, |s| s.p999)
    }),
    col("transit", "p50", "metrics/transit_ns/p50", |c| of(&c.metrics.transit_ns, |s| s.p50)),
    col("slip", "p99", "metrics/slip_ns/p99", |c| of(&c.metrics.slip_ns, |s| s.p99)),
    seldom("arrival", "interval p50", "metrics/arrival_interval_ns/p50", |c| {
        of(&c.metrics.arrival_interval_ns, |s| s.p50)
    }),
    seldom("arrival", "interval p99", "metrics/arrival_interval_ns/p99", |c| {
        of(&c.metrics.arrival_interval_ns, |s| s.p99)
    }),
    ACHIEVED,
    LOST,
];

const RTT: &[Column] = &[
    col("trips", "n", "", |c| Figure::count(samples(&c.metrics))),
    RTT_P50,
    RTT_P99,
    col("rtt", "max", "metrics/rtt_ns/max", |c| of(&c.metrics.rtt_ns, |s| s.max)),
    LOST,
];

const MAX: &[Column] = &[
    col("frames", "n", "ledger/shown", |c| Figure::count(c.ledger.map(|l| l.shown))),
    FRAMES,
    BYTES,
    col("repeats", "lowest to highest", "", between_repeats),
    LOST,
];

const GUI60: &[Column] = &[
    col("n =", "time", "", |c| {
        let age = c.metrics.age_ns.as_ref().or(c.metrics.arrival_age_ns.as_ref());
        Figure::nanos(age.and_then(|s| s.observed_ns))
    }),
    col("age", "p50", "metrics/age_ns/p50", |c| of(&c.metrics.age_ns, |s| s.p50)),
    col("age", "p90", "metrics/age_ns/p90", |c| of(&c.metrics.age_ns, |s| s.p90)),
    col("age", "p99", "metrics/age_ns/p99", |c| of(&c.metrics.age_ns, |s| s.p99)),
    seldom("age since arrival", "p50", "metrics/arrival_age_ns/p50", |c| {
        of(&c.metrics.arrival_age_ns, |s| s.p50)
    }),
    seldom("age since arrival", "p90", "metrics/arrival_age_ns/p90", |c| {
        of(&c.metrics.arrival_age_ns, |s| s.p90)
    }),
    col("interval", "p95", "metrics/frame_interval_ns/p95", |c| {
        of(&c.metrics.frame_interval_ns, |s| s.p95)
    }),
    col("missed", "/frames", "", missed),
    col("", "freezes", "metrics/freezes", |c| Figure::count(c.metrics.freezes)),
    col("backlog", "max", "metrics/backlog_max", |c| Figure::count(c.metrics.backlog_max)),
    RESPONSE_P99,
    col("lost/dup", "/corrupt", "", |c| {
        c.ledger.map_or(Figure::Absent, |l| Figure::Value {
            text: format!("{}/{}/{}", l.lost, l.duplicate, l.corrupt),
            raw: l.lost as f64 + l.duplicate as f64 + l.corrupt as f64,
        })
    }),
];

const USUAL: &[Column] = &[
    N,
    RESPONSE_P50,
    RESPONSE_P99,
    RTT_P50,
    RTT_P99,
    FRAMES,
    BYTES,
    ACHIEVED,
    col("", "start", "metrics/start_ns", |c| Figure::nanos(c.metrics.start_ns)),
    col("", "stop", "metrics/stop_ns", |c| Figure::nanos(c.metrics.stop_ns)),
    LOST,
];

fn of(spread: &Option<Spread>, pick: fn(&Spread) -> Option<u64>) -> Figure {
    Figure::of(spread.as_ref(), pick)
}

/// How many samples stand behind a cell's latencies.
fn samples(metrics: &Metrics) -> Option<u64> {
    let m = metrics;
    let spreads = [&m.response_ns, &m.rtt_ns, &m.transit_ns, &m.arrival_interval_ns];
    spreads.into_iter().flatten().next().map(|s| s.count)
}

/// Frames missed, and how many there were.
fn missed(cell: &Cell) -> Figure {
    let frames = cell.metrics.frame_interval_ns.as_ref().map(|s| s.count);
    match (cell.metrics.missed_frames, frames) {
        (Some(missed), Some(n)) => {
            let text = format!("{}/{}", grouped(missed), grouped(n));
            Figure::Value { text, raw: missed as f64 }
        }
        (missed, _) => Figure::count(missed),
    }
}

/// A flat-out figure may settle on either of two values, so the extremes of its
/// repeats are shown beside it.
fn between_repeats(cell: &Cell) -> Figure {
    let rates: Vec<f64> = cell.metrics.per_repeat.iter().filter_map(|r| r.throughput_hz).collect();
    match rates[..] {
        [] | [_] => Figure::Absent,
        _ => {
            let low = rates.iter().copied().fold(f64::INFINITY, f64::min);
            let high = rates.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let text = format!(
                "{} to {} ({})",
                scaled(low, "/s"),
                scaled(high, "/s"),
                grouped(rates.len() as u64)
            );
            Figure::Value { text, raw: (high - low).min(f64::MAX) }
        }
    }
}
