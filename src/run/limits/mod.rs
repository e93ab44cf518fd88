//! What this machine can do at best, measured beside what is measured.
//!
//! A figure means little without it: the same processor may have its two cores near or
//! far from one run to the next, and a round trip is 100 or 400 ns accordingly. So a few
//! yardsticks are put to the machine before and after every run, pinned as it is:
//! cache lines and slots of [`raw`](crate::memory::raw) that go there and back, bytes
//! that are copied on one core and moved to another, threads that are woken, processes
//! that are started.
//!
//! They run between two threads over one mapping: cache lines do not know processes.

mod costs;
mod lines;
mod memory;
mod together;
mod wakes;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::measure::median;
use super::record::Spread;
use crate::ground::host::allowed_cpus;
use crate::ground::{Bytes, Clock, Meter, Monotonic, Nanos};

/// This machine's limits during the run. Where a figure depends on a size or on a time,
/// there is one for each, by bytes or nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Limits {
    /// A number there and back, each way on a cache line of its own. Each sample is the
    /// mean of a few trips, so that reading the clock does not show.
    pub line_rtt_ns: Spread,
    /// The same, both ways on one cache line.
    pub one_line_rtt_ns: Spread,
    /// So many bytes there and back through a fixed slot each way.
    pub slot_rtt_ns: BTreeMap<String, Spread>,
    /// So many bytes at a time one way through fixed slots: bytes a second, the median.
    pub stream_bytes_per_s: BTreeMap<String, f64>,
    /// Between which values it lay.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub stream_range: BTreeMap<String, Range>,
    /// So many bytes at a time copied on one core: bytes a second, the median.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub memcpy_bytes_per_s: BTreeMap<String, f64>,
    /// Between which values it lay.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub memcpy_range: BTreeMap<String, Range>,
    /// From a call to the other core's thread being awake, by futex, after it had slept
    /// so long.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub wake_ns: BTreeMap<String, Spread>,
    /// The same by an eventfd.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub eventfd_wake_ns: BTreeMap<String, Spread>,
    /// The same by a pipe.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub pipe_wake_ns: BTreeMap<String, Spread>,
    /// Reading the clock. Each sample is the mean of a few readings.
    pub clock_ns: Spread,
    /// Starting a thread and waiting for its end.
    pub thread_spawn_ns: Spread,
    /// Starting a process that does nothing, and waiting for its end.
    pub process_spawn_ns: Spread,
}

/// Between which values something lay.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Range {
    /// Samples.
    pub count: u64,
    /// The least.
    pub low: f64,
    /// The greatest.
    pub high: f64,
}

/// What can be put to the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yardstick {
    /// Numbers there and back.
    Lines,
    /// Bytes there and back.
    Slots,
    /// Bytes one way.
    Stream,
    /// Bytes copied.
    Copies,
    /// Threads woken.
    Wakes,
    /// What is started, and the clock.
    Costs,
}

impl Yardstick {
    /// All of them: the short form that is measured beside every run. Takes about 0.4 s, and
    /// [`MOST`] at most.
    pub const ALL: [Self; 6] =
        [Self::Lines, Self::Slots, Self::Stream, Self::Copies, Self::Wakes, Self::Costs];

    /// Which one gives the limit of that name.
    #[must_use]
    pub fn giving(limit: &str) -> Option<Self> {
        Some(match limit {
            "line_rtt" | "one_line_rtt" => Self::Lines,
            "slot_rtt" => Self::Slots,
            "stream" => Self::Stream,
            "memcpy" => Self::Copies,
            "wake" | "eventfd_wake" | "pipe_wake" => Self::Wakes,
            "clock" | "thread_spawn" | "process_spawn" => Self::Costs,
            _ => return None,
        })
    }

    const fn needs_two(self) -> bool {
        !matches!(self, Self::Copies | Self::Costs)
    }
}

/// For what a limit is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    /// There is only one.
    One,
    /// For each of these sizes.
    Sizes(Vec<Bytes>),
    /// After each of these spans of idleness.
    Times(Vec<Nanos>),
}

/// For what the limit of that name is measured.
#[must_use]
pub fn keys(limit: &str) -> Keys {
    let sizes = |all: &[usize]| Keys::Sizes(all.iter().map(|n| Bytes(*n as u64)).collect());
    match limit {
        "slot_rtt" => sizes(&lines::TRIP_BYTES),
        "stream" => sizes(&memory::STREAM_BYTES.map(|(size, _)| size)),
        "memcpy" => sizes(&memory::COPY_BYTES),
        "wake" | "eventfd_wake" | "pipe_wake" => {
            Keys::Times(wakes::IDLE.iter().map(|(idle, _)| *idle).collect())
        }
        _ => Keys::One,
    }
}

type Meters = BTreeMap<u64, Meter>;
type Rates = BTreeMap<u64, Vec<f64>>;

/// What probes found so far.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    two_lines: Meter,
    one_line: Meter,
    slots: Meters,
    stream: Rates,
    copies: Rates,
    futex: Meters,
    eventfd: Meters,
    pipe: Meters,
    clock: Meter,
    threads: Meter,
    processes: Meter,
}

/// How long each yardstick is put to the machine.
const SPAN: Nanos = Nanos::from_millis(5);

/// How long one side waits for the other before it gives up: on a machine that runs
/// something else on both cores, nothing is found, and nothing hangs.
const PATIENCE: Nanos = Nanos::from_millis(200);

/// No yardstick is begun later than this after the first of a probe.
pub const MOST: Nanos = Nanos::from_millis(3500);

impl Samples {
    /// Puts these yardsticks to the machine once, on these CPUs (any two, where there
    /// are none). Where two threads cannot run at once, little is found. On a machine that
    /// is kept busy, those that would begin after [`MOST`] are left out.
    pub fn probe(&mut self, yardsticks: &[Yardstick], pins: &[usize]) {
        let _left_out = self.probe_until(Monotonic.now() + MOST, yardsticks, pins);
    }

    /// The same, but begins none after a moment; the answer is which were left out.
    pub fn probe_until(
        &mut self,
        until: Nanos,
        yardsticks: &[Yardstick],
        pins: &[usize],
    ) -> Vec<Yardstick> {
        let alone = allowed_cpus().len() < 2 || pins.windows(2).any(|pair| pair[0] == pair[1]);
        let mut left_out = Vec::new();
        for &yardstick in yardsticks {
            if alone && yardstick.needs_two() {
                continue;
            }
            if Monotonic.now() >= until {
                left_out.push(yardstick);
                continue;
            }
            match yardstick {
                Yardstick::Lines => {
                    self.two_lines.merge(&lines::line_trips(2, pins).unwrap_or_default());
                    self.one_line.merge(&lines::line_trips(1, pins).unwrap_or_default());
                }
                Yardstick::Slots => lines::slots(&mut self.slots, pins),
                Yardstick::Stream => memory::streams(&mut self.stream, pins),
                Yardstick::Copies => memory::copies(&mut self.copies, pins),
                Yardstick::Wakes => {
                    wakes::futex(&mut self.futex, pins);
                    wakes::eventfd(&mut self.eventfd, pins);
                    wakes::pipe(&mut self.pipe, pins);
                }
                Yardstick::Costs => {
                    self.clock.merge(&costs::clock());
                    self.threads.merge(&costs::threads());
                    self.processes.merge(&costs::processes());
                }
            }
        }
        left_out
    }

    /// Adds what another found.
    pub fn merge(&mut self, other: Self) {
        for (mine, theirs) in [
            (&mut self.two_lines, &other.two_lines),
            (&mut self.one_line, &other.one_line),
            (&mut self.clock, &other.clock),
            (&mut self.threads, &other.threads),
            (&mut self.processes, &other.processes),
        ] {
            mine.merge(theirs);
        }
        for (mine, theirs) in [
            (&mut self.slots, other.slots),
            (&mut self.futex, other.futex),
            (&mut self.eventfd, other.eventfd),
            (&mut self.pipe, other.pipe),
        ] {
            for (of, meter) in theirs {
                mine.entry(of).or_default().merge(&meter);
            }
        }
        for (mine, theirs) in [(&mut self.stream, other.stream), (&mut self.copies, other.copies)] {
            for (of, rates) in theirs {
                mine.entry(of).or_default().extend(rates);
            }
        }
    }

    /// What they come to; `None` where nothing was put to the machine.
    #[must_use]
    pub fn limits(&self) -> Option<Limits> {
        let limits = Limits {
            line_rtt_ns: Spread::from(&self.two_lines),
            one_line_rtt_ns: Spread::from(&self.one_line),
            slot_rtt_ns: spreads(&self.slots),
            stream_bytes_per_s: medians(&self.stream),
            stream_range: ranges(&self.stream),
            memcpy_bytes_per_s: medians(&self.copies),
            memcpy_range: ranges(&self.copies),
            wake_ns: spreads(&self.futex),
            eventfd_wake_ns: spreads(&self.eventfd),
            pipe_wake_ns: spreads(&self.pipe),
            clock_ns: Spread::from(&self.clock),
            thread_spawn_ns: Spread::from(&self.threads),
            process_spawn_ns: Spread::from(&self.processes),
        };
        (limits != Limits::default()).then_some(limits)
    }
}

fn spreads(meters: &Meters) -> BTreeMap<String, Spread> {
    meters.iter().map(|(of, meter)| (of.to_string(), Spread::from(meter))).collect()
}

fn medians(rates: &Rates) -> BTreeMap<String, f64> {
    rates.iter().filter_map(|(of, rates)| Some((of.to_string(), median(rates)?))).collect()
}

fn ranges(rates: &Rates) -> BTreeMap<String, Range> {
    let range = |rates: &Vec<f64>| Range {
        count: rates.len() as u64,
        low: rates.iter().copied().fold(f64::INFINITY, f64::min),
        high: rates.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    };
    let some = rates.iter().filter(|(_, rates)| !rates.is_empty());
    some.map(|(of, rates)| (of.to_string(), range(rates))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_finds_figures_that_fit_each_other_or_nothing() {
        let mut samples = Samples::default();
        samples.probe(&Yardstick::ALL, &[]);
        // A side that was away for long leaves a figure out: not each time.
        for _ in 0..3 {
            samples.probe(&[Yardstick::Lines, Yardstick::Stream], &[]);
        }
        let limits = samples.limits().unwrap();
        assert!(limits.clock_ns.p50.unwrap() > 0 && limits.thread_spawn_ns.p50.unwrap() > 0);
        assert!(limits.memcpy_bytes_per_s["65536"] > 1e8);
        if limits.line_rtt_ns.count == 0 {
            return;
        }
        let small = &limits.slot_rtt_ns["64"];
        let large = &limits.slot_rtt_ns["65536"];
        if let Some((woken, line)) = limits.pipe_wake_ns["20000"].p50.zip(limits.line_rtt_ns.p50) {
            assert!(woken > line, "woken after {woken} ns, line {line} ns");
        }
        if let (Some(small), Some(large)) = (small.p50, large.p50) {
            assert!(large > small, "64 KiB in {large} ns, 64 B in {small} ns");
        }
        assert!(limits.stream_bytes_per_s["65536"] > 1e6);
    }

    #[test]
    fn each_limit_has_its_yardstick() {
        let mut every = Samples::default();
        every.probe(&Yardstick::ALL, &[]);
        let all = serde_json::to_value(every.limits().unwrap()).unwrap();
        for key in all.as_object().unwrap().keys().filter(|key| !key.ends_with("_range")) {
            let name = key.trim_end_matches("_bytes_per_s").trim_end_matches("_ns");
            assert!(Yardstick::giving(name).is_some(), "{name}");
            let measured: Vec<String> = match keys(name) {
                Keys::One => continue,
                Keys::Sizes(all) => all.iter().map(|size| size.0.to_string()).collect(),
                Keys::Times(all) => all.iter().map(|time| time.0.to_string()).collect(),
            };
            // Some may not be found on a busy machine; others than these there are none.
            let found = all[key].as_object().unwrap();
            assert!(found.keys().all(|of| measured.contains(of)), "{name}: {measured:?}");
        }
        assert_eq!(Yardstick::giving("warp"), None);
    }

    #[test]
    fn what_would_begin_too_late_is_left_out_and_named() {
        let mut samples = Samples::default();
        let over = Monotonic.now();
        let left_out = samples.probe_until(over, &[Yardstick::Copies, Yardstick::Costs], &[]);
        assert_eq!(left_out, [Yardstick::Copies, Yardstick::Costs]);
        assert_eq!(samples.limits(), None);
    }

    #[test]
    fn two_threads_on_one_cpu_find_nothing() {
        let mut samples = Samples::default();
        let cpu = allowed_cpus()[0];
        samples.probe(&[Yardstick::Lines, Yardstick::Wakes], &[cpu, cpu]);
        assert_eq!(samples.limits(), None);
        samples.probe(&[Yardstick::Copies], &[cpu, cpu]);
        assert!(samples.limits().is_some());
    }
}
