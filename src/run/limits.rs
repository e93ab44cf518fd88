//! What this machine can do at best, measured beside what is measured.
//!
//! A figure over shared memory means little without it: the same processor may have its
//! two cores near or far from one run to the next, and a round trip is 100 or 400 ns
//! accordingly. So the yardsticks of [`raw`](crate::memory::raw) are put to every run
//! that touches shared memory, before and after it, pinned as it is.
//!
//! They run between two threads over one mapping: cache lines do not know processes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::measure::median;
use super::record::Spread;
use crate::ground::host::{allowed_cpus, pin_thread};
use crate::ground::{Clock, Meter, Monotonic, Nanos};
use crate::memory::raw::{Line, SlotEnd, Slots};
use crate::memory::{Mapped, Segment};

/// This machine's limits during the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
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
}

/// What probes found so far.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    two_lines: Meter,
    one_line: Meter,
    slots: BTreeMap<usize, Meter>,
    streams: BTreeMap<usize, Vec<f64>>,
}

/// How long each yardstick is put to the machine.
const SPAN: Nanos = Nanos::from_millis(5);

/// How long one side waits for the other before it gives up: on a machine that runs
/// something else on both cores, nothing is found, and nothing hangs.
const PATIENCE: Nanos = Nanos::from_millis(200);

/// Trips of which the mean is one sample.
const TRIPS: u64 = 16;

/// Payloads that go there and back.
const TRIP_BYTES: [usize; 2] = [64, 65_536];

/// Payloads that go one way, and how many slots they have.
const STREAM_BYTES: [(usize, usize); 1] = [(65_536, 16)];

/// The number that says: this is the last one.
const LAST: u64 = u64::MAX;

impl Samples {
    /// Puts every yardstick to the machine once, on these CPUs (any two, where there are
    /// none); takes about 30 ms. Where two threads cannot run at once, nothing is found.
    pub fn probe(&mut self, pins: &[usize]) {
        if allowed_cpus().len() < 2 || pins.windows(2).any(|pair| pair[0] == pair[1]) {
            return;
        }
        for (lines, meter) in [(2, &mut self.two_lines), (1, &mut self.one_line)] {
            meter.merge(&line_trips(lines, pins).unwrap_or_default());
        }
        for len in TRIP_BYTES {
            let trips = slot_trips(len, pins).unwrap_or_default();
            self.slots.entry(len).or_default().merge(&trips);
        }
        for (len, count) in STREAM_BYTES {
            self.streams.entry(len).or_default().extend(stream(len, count, pins));
        }
    }

    /// Adds what another found.
    pub fn merge(&mut self, other: Self) {
        self.two_lines.merge(&other.two_lines);
        self.one_line.merge(&other.one_line);
        for (len, meter) in other.slots {
            self.slots.entry(len).or_default().merge(&meter);
        }
        for (len, rates) in other.streams {
            self.streams.entry(len).or_default().extend(rates);
        }
    }

    /// What they come to; `None` where nothing was found.
    #[must_use]
    pub fn limits(&self) -> Option<Limits> {
        let streams = self.streams.iter();
        (self.two_lines.count() > 0).then(|| Limits {
            line_rtt_ns: Spread::from(&self.two_lines),
            one_line_rtt_ns: Spread::from(&self.one_line),
            slot_rtt_ns: self.slots.iter().map(|(n, m)| (n.to_string(), m.into())).collect(),
            stream_bytes_per_s: streams
                .filter_map(|(n, rates)| Some((n.to_string(), median(rates)?)))
                .collect(),
        })
    }
}

/// Has two threads do something together: here the one that measures, and elsewhere.
fn together<T: Send>(
    pins: &[usize],
    here: impl FnOnce() -> Option<T> + Send,
    there: impl FnOnce() -> Option<()> + Send,
) -> Option<T> {
    let pin = |i: usize| pins.get(i).is_none_or(|cpu| pin_thread(*cpu).is_ok());
    thread::scope(|scope| {
        let other = scope.spawn(|| if pin(1) { there() } else { None });
        // On a thread of its own, too: the caller stays where it may run.
        let found = scope.spawn(|| if pin(0) { here() } else { None }).join().ok()?;
        other.join().ok()??;
        found
    })
}

/// Asks again and again for at most [`PATIENCE`].
#[inline]
fn spin<T>(mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    let mut until = None;
    loop {
        for _ in 0..1 << 12 {
            if let Some(value) = attempt() {
                return Some(value);
            }
            std::hint::spin_loop();
        }
        let now = Monotonic.now();
        if now >= *until.get_or_insert(now + PATIENCE) {
            return None;
        }
    }
}

/// Trips for a while; `trip` makes one with a number that grows.
fn trips(mut trip: impl FnMut(u64) -> Option<()>) -> Option<Meter> {
    let mut meter = Meter::new();
    let mut number = 0;
    let mut before = Monotonic.now();
    let until = before + SPAN;
    while before < until {
        for _ in 0..TRIPS {
            number += 1;
            trip(number)?;
        }
        let now = Monotonic.now();
        meter.record((now.0 - before.0) / TRIPS);
        before = now;
    }
    Some(meter)
}

fn line_trips(lines: usize, pins: &[usize]) -> Option<Meter> {
    let segment = Segment::sealed(&Line::<Mapped>::geometry()).ok()?;
    let (here, there) =
        (Line::new(segment.region(), true, lines), Line::new(segment.region(), false, lines));
    together(
        pins,
        move || {
            let meter = trips(|number| {
                here.say(number);
                spin(|| (here.heard() == number).then_some(()))
            });
            here.say(LAST);
            meter
        },
        move || {
            let mut last = 0;
            while last != LAST {
                last = spin(|| Some(there.heard()).filter(|heard| *heard != last))?;
                there.say(last);
            }
            Some(())
        },
    )
}

fn slot_trips(len: usize, pins: &[usize]) -> Option<Meter> {
    let slots = Slots::new(1, len, true);
    let segments =
        [Segment::sealed(&slots.geometry()).ok()?, Segment::sealed(&slots.geometry()).ok()?];
    let end = |segment: &Arc<Segment>| SlotEnd::new(segment.region(), slots);
    let (mut to, mut from) = (end(&segments[0]), end(&segments[1]));
    let (mut back, mut forth) = (end(&segments[1]), end(&segments[0]));
    let mut payload = vec![7u8; len];
    let mut answer = payload.clone();
    let mut echo = payload.clone();
    together(
        pins,
        move || {
            let mut send = |number: u64, payload: &mut [u8]| {
                payload[..8].copy_from_slice(&number.to_le_bytes());
                spin(|| to.send(len, |out| out.copy_from_slice(payload)).then_some(()))
            };
            let meter = trips(|number| {
                send(number, &mut payload)?;
                spin(|| from.take(|bytes| answer.copy_from_slice(bytes)).then_some(()))
            });
            send(LAST, &mut payload)?;
            meter
        },
        move || {
            while echo[..8] != LAST.to_le_bytes() {
                spin(|| forth.take(|bytes| echo.copy_from_slice(bytes)).then_some(()))?;
                spin(|| back.send(len, |out| out.copy_from_slice(&echo)).then_some(()))?;
            }
            Some(())
        },
    )
}

/// Bytes a second, at the reader, who copies them out.
fn stream(len: usize, count: usize, pins: &[usize]) -> Option<f64> {
    let slots = Slots::new(count, len, false);
    let segment = Segment::sealed(&slots.geometry()).ok()?;
    let (mut to, mut from) =
        (SlotEnd::new(segment.region(), slots), SlotEnd::new(segment.region(), slots));
    let source = vec![7u8; len];
    let mut copy = source.clone();
    together(
        pins,
        move || {
            let mut take = || {
                spin(|| from.take(|bytes| copy.copy_from_slice(bytes)).then_some(()))?;
                Some(copy[..8] == LAST.to_le_bytes())
            };
            // Once round, so that every line has changed hands.
            for _ in 0..count {
                take()?;
            }
            let began = Monotonic.now();
            let mut taken = 0u64;
            while !take()? {
                taken += 1;
            }
            let took = Monotonic.now().0 - began.0;
            (took > 0).then(|| taken as f64 * len as f64 * 1e9 / took as f64)
        },
        move || {
            let mut send = |last: bool| {
                let fill = |out: &mut [u8]| {
                    out.copy_from_slice(&source);
                    if last {
                        out[..8].copy_from_slice(&LAST.to_le_bytes());
                    }
                };
                spin(|| to.send(len, fill).then_some(()))
            };
            let until = Monotonic.now() + SPAN;
            for _ in 0..2 * count {
                send(false)?;
            }
            while Monotonic.now() < until {
                send(false)?;
            }
            send(true)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_finds_figures_that_fit_each_other_or_nothing() {
        let mut samples = Samples::default();
        samples.probe(&[]);
        let Some(limits) = samples.limits() else { return };
        let small = &limits.slot_rtt_ns["64"];
        let large = &limits.slot_rtt_ns["65536"];
        assert!(limits.line_rtt_ns.count > 0);
        if let (Some(small), Some(large)) = (small.p50, large.p50) {
            assert!(large > small, "64 KiB in {large} ns, 64 B in {small} ns");
        }
        assert!(limits.stream_bytes_per_s["65536"] > 1e6);
    }

    #[test]
    fn two_threads_on_one_cpu_find_nothing() {
        let mut samples = Samples::default();
        let cpu = allowed_cpus()[0];
        samples.probe(&[cpu, cpu]);
        assert_eq!(samples.limits(), None);
    }
}
