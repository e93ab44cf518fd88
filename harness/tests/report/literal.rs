//! One literal record, with everything in it that a renderer must be able to show, and the
//! histograms and courses behind it.

use std::collections::BTreeMap;

use pipefit::ground::host::Host;
use pipefit::ground::ledger::Balance;
use pipefit::ground::time::Resolution;
use pipefit::ground::{Meter, Nanos};
use pipefit::link::{Policy, Wait};
use pipefit::role::age::Age;
use pipefit::role::timeline::{Flight, Latency, ScreenAt, StallAt, Stretch, Timeline};
use pipefit::run::limits::Limits;
use pipefit::run::record::{
    Build, Cause, Cell, HostRecord, Measured, Metrics, Repeat, Residue, RunRecord, SCHEMA, Spread,
    Status, Warning,
};
use pipefit_harness::report::Curves;

/// A name that is markup.
pub(super) const SCRIPT: &str = "<script>alert(1)</script>";
/// A millisecond, in ns.
pub(super) const MS: u64 = 1_000_000;

/// Means are rounded: JSON as it is read here may be off in a fraction's last bit.
pub(super) fn spread(meter: &Meter) -> Option<Spread> {
    let spread = Spread::from(meter);
    Some(Spread { mean: spread.mean.map(f64::round), ..spread })
}

/// `n` spans between `low` and about 20 times that, with a tail.
pub(super) fn meter(n: u64, low: u64) -> Meter {
    let mut meter = Meter::new();
    for i in 0..n {
        let tail = if i % 100 == 99 { 8 + (i / 100) % 12 } else { 0 };
        meter.record(low + low * (i % 50) / 100 + low * tail);
    }
    meter
}

pub(super) fn cell(scenario: &str, transport: &str) -> Cell {
    Cell {
        id: format!("{scenario}/{transport}/64B/10kHz/block"),
        scenario: scenario.to_owned(),
        transport: transport.to_owned(),
        program: None,
        size_bytes: 64,
        wire_bytes: 104,
        rate_hz: Some(10_000.0),
        wait: Wait::Block,
        policy: Policy::Block,
        producers: 1,
        burst: 1,
        capacity_bytes: 1 << 20,
        granted_bytes: Some(1 << 20),
        stamp_every: 1,
        status: Status::Valid,
        reason: None,
        cause: None,
        notes: Vec::new(),
        repeats: 3,
        tries: 3,
        clock_offset_ns: None,
        clock_uncertainty_ns: None,
        metrics: Metrics::default(),
        ledger: None,
        residue: None,
        histograms: None,
    }
}

pub(super) fn books(offered: u64) -> Option<Balance> {
    Some(Balance { offered, shown: offered, ..Balance::default() })
}

pub(super) fn streamed(transport: &str, n: u64, low: u64) -> Measured {
    let meters = BTreeMap::from([
        ("response", meter(n, low)),
        ("transit", meter(n, low / 2)),
        ("slip", meter(n, low / 4)),
        ("send", Meter::new()),
    ]);
    let cell = Cell {
        metrics: Metrics {
            response_ns: spread(&meters["response"]),
            transit_ns: spread(&meters["transit"]),
            slip_ns: spread(&meters["slip"]),
            achieved_hz: Some(9_998.25),
            ..Metrics::default()
        },
        ledger: books(n),
        residue: Some(Residue::default()),
        ..cell("stream", transport)
    };
    Measured { cell, meters, age: None, timeline: None }
}

pub(super) fn there_and_back(transport: &str, wait: Wait, low: u64) -> Measured {
    let meters = BTreeMap::from([("rtt", meter(12_000, low))]);
    let cell = Cell {
        id: format!("rtt/{transport}/64B/{wait}"),
        rate_hz: None,
        wait,
        metrics: Metrics { rtt_ns: spread(&meters["rtt"]), ..Metrics::default() },
        ledger: books(12_000),
        ..cell("rtt", transport)
    };
    Measured { cell, meters, age: None, timeline: None }
}

pub(super) fn flat_out(transport: &str, rates: [f64; 3]) -> Measured {
    let repeat = |hz| Repeat { throughput_hz: Some(hz), ..Repeat::default() };
    let cell = Cell {
        id: format!("max/{transport}/64B/block"),
        rate_hz: None,
        metrics: Metrics {
            throughput_hz: Some(rates[1]),
            throughput_bytes_per_s: Some(rates[1] * 64.0),
            per_repeat: rates.map(repeat).to_vec(),
            ..Metrics::default()
        },
        ledger: books(1_500_000),
        ..cell("max", transport)
    };
    Measured { cell, meters: BTreeMap::new(), age: None, timeline: None }
}

pub(super) fn drawn(transport: &str, late: u64) -> Measured {
    let mut age = Age::default();
    for k in 0..=125 {
        let at = Nanos(1_000 * MS + k * 16 * MS);
        age.shown(at, Nanos(at.0 - late));
    }
    age.finish(Nanos(3_000 * MS));
    let meters = BTreeMap::from([
        ("response", meter(20_000, late)),
        ("frame_interval", meter(250, 16 * MS)),
    ]);
    let cell = Cell {
        metrics: Metrics {
            response_ns: spread(&meters["response"]),
            frame_interval_ns: spread(&meters["frame_interval"]),
            age_ns: Some(Spread::from(&age)),
            missed_frames: Some(15),
            freezes: Some(1),
            backlog_max: Some(1_402),
            ..Metrics::default()
        },
        ledger: Some(Balance { offered: 20_000, shown: 250, merged: 19_750, ..Balance::default() }),
        ..cell("gui60", transport)
    };
    Measured { cell, meters, age: Some(age), timeline: None }
}

pub(super) fn measured() -> Vec<Measured> {
    let mut hostile = streamed(SCRIPT, 20_000, 900);
    hostile.cell.status = Status::Invalid;
    hostile.cell.reason = Some("achieved 71.2 % of 10kHz | <b>missed</b>\u{1b}[2J".to_owned());
    hostile.cell.cause = Some(Cause::MissedRate);
    hostile.cell.notes = vec![format!("{SCRIPT} [x](javascript:alert(1))")];
    hostile.cell.tries = 5;
    hostile.cell.ledger = Some(Balance {
        offered: 20_000,
        shown: 19_000,
        lost: 900,
        corrupt: 3,
        ..Balance::default()
    });
    hostile.cell.residue = Some(Residue { zombies: 1, fds: -2, ..Residue::default() });
    let excluded = Measured {
        cell: Cell {
            status: Status::NotApplicable,
            reason: Some("cannot do policy overwrite-oldest".to_owned()),
            repeats: 0,
            tries: 0,
            ..cell("stream", "unix-seqpacket")
        },
        meters: BTreeMap::new(),
        age: None,
        timeline: None,
    };
    let mut queue = streamed("pipe", 20_000, 12_000);
    queue.cell.notes = vec!["queue of 64KiB granted where 1MiB was asked".to_owned()];
    let mut start = Measured {
        cell: Cell { id: "start-stop/thread".to_owned(), ..cell("start-stop", "thread") },
        meters: BTreeMap::new(),
        age: None,
        timeline: None,
    };
    start.cell.metrics =
        Metrics { start_ns: Some(81_000), stop_ns: Some(2_400_000), ..Metrics::default() };
    vec![
        streamed("call", 20_000, 400),
        queue,
        streamed("thread", 15_000, 5_200),
        streamed("task", 900, 3_100),
        hostile,
        excluded,
        there_and_back("pipe", Wait::Block, 18_000),
        there_and_back("thread", Wait::Spin, 700),
        flat_out("pipe", [408e3, 581e3, 755e3]),
        flat_out("thread", [9.1e6, 9.4e6, 9.6e6]),
        drawn("pipe", 2 * MS),
        drawn("thread", MS),
        start,
    ]
}

pub(super) fn record() -> RunRecord {
    RunRecord {
        schema: SCHEMA.to_owned(),
        id: "2026-01-02T03-04-05Z-a1b2".to_owned(),
        started: "2026-01-02T03:04:05Z".to_owned(),
        command: vec!["pipefit".to_owned(), "compare".to_owned(), SCRIPT.to_owned()],
        version: "0.1.0".to_owned(),
        build: Build { profile: "optimised".to_owned(), debug_assertions: false, commit: None },
        host: HostRecord {
            facts: Host {
                cpu: Some("Example 9000".to_owned()),
                cores: Some(2),
                kernel: "Linux 6.1.0".to_owned(),
                memory_bytes: Some(8 << 30),
                governor: None,
                virtualised: Some("KVM".to_owned()),
                clocksource: Some("kvm-clock".to_owned()),
            },
            steal_pct: Some(0.4),
            pinned: Some(vec![0, 1]),
            clock: Resolution { step_ns: 1, cost_ns: 31 },
            warnings: vec![
                Warning {
                    what: "the frequency governor is not known".to_owned(),
                    remedy: "set it to performance on the host, then run pipefit doctor to see \
                             that what a repeat measures no longer depends on when it is measured"
                        .to_owned(),
                },
                Warning { what: SCRIPT.to_owned(), remedy: "none\u{1b}[31m".to_owned() },
            ],
        },
        partial: false,
        measuring_ns: 42_300_000_000,
        limits: None,
        cells: measured().into_iter().map(|m| m.cell).collect(),
    }
}

/// A record of one healthy cell and one that is not.
pub(super) fn small() -> (RunRecord, Curves) {
    let two = [streamed("pipe", 20_000, 12_000), flat_out("pipe", [1e5, 2e5, 3e5])];
    let record = RunRecord { cells: two.iter().map(|m| m.cell.clone()).collect(), ..record() };
    (record, Curves::from_measured(&two))
}

/// Latency over two seconds, with a stall and frames that went missing.
pub(super) fn course(low: u64) -> Timeline {
    let stretch = |i: u64| Stretch {
        count: 50,
        low_ns: low,
        high_ns: low * (3 + i % 7) + if i == 40 { 2 * MS } else { 0 },
        sum_ns: 50 * low * 2,
        missing: if i == 41 { 12 } else { 0 },
    };
    let flight = |k: u64| {
        let due = (k * 8 * MS).cast_signed();
        Flight {
            seq: 80 * k,
            due_ns: Some(due),
            sent_ns: due + 900,
            seen_ns: due + 900 + low.cast_signed(),
            shown_ns: None,
        }
    };
    Timeline {
        span_ns: 2_000 * MS,
        latency: Latency::Response,
        stretch_ns: 5 * MS,
        stretches: (0..400).map(stretch).collect(),
        stalls: vec![StallAt { at_ns: 200_000_000, took_ns: 2 * MS }],
        stride: 80,
        flights: (0..250).map(flight).collect(),
        ..Timeline::default()
    }
}

/// Two seconds of a screen that froze once for a quarter of a second.
pub(super) fn screens(late: u64) -> Timeline {
    let mut screens = Vec::new();
    let (mut end, mut k) = (0, 0);
    while end < 2_000 * MS.cast_signed() {
        let took = if k == 60 { 250 * MS } else { 16_666_667 };
        end += took.cast_signed();
        k += 1;
        screens.push(ScreenAt {
            woke_ns: end - 3_000_000,
            end_ns: end,
            age_before_ns: Some(late + took),
            age_after_ns: Some(late),
        });
    }
    Timeline { span_ns: 2_000 * MS, screens, ..Timeline::default() }
}

/// What a machine could do at best.
pub(super) fn limits() -> Limits {
    let spread = |p50: u64| Spread { count: 1_000, p50: Some(p50), ..Spread::default() };
    Limits {
        line_rtt_ns: spread(400),
        one_line_rtt_ns: spread(310),
        stream_bytes_per_s: BTreeMap::from([("65536".to_owned(), 5e9)]),
        pipe_wake_ns: BTreeMap::from([("20000".to_owned(), spread(4_900))]),
        ..Limits::default()
    }
}

/// The same with courses and limits.
pub(super) fn whole() -> (RunRecord, Curves) {
    let mut all = measured();
    for one in &mut all {
        one.timeline = match &one.cell.scenario[..] {
            "stream" => Some(course(3_000)),
            "gui60" => Some(screens(2 * MS)),
            _ => None,
        };
    }
    let cells = all.iter().map(|m| m.cell.clone()).collect();
    (RunRecord { cells, limits: Some(limits()), ..record() }, Curves::from_measured(&all))
}

/// Many cells: transports of many names, in sizes and scenarios, `n` in all.
pub(super) fn many(n: usize) -> (RunRecord, Curves) {
    let mut all: Vec<Measured> = Vec::new();
    for i in 0..n {
        let (transport, size) = (format!("transport-{}", i / 8), 64 << (2 * (i % 4)));
        let mut one = if i % 8 < 4 {
            let mut one = streamed(&transport, 20_000, 1_000 + 37 * i as u64);
            one.timeline = Some(course(1_000 + 37 * i as u64));
            one
        } else {
            let mut one = drawn(&transport, MS + 1_000 * i as u64);
            one.timeline = Some(screens(MS));
            one
        };
        one.cell.size_bytes = size;
        one.cell.id = format!("{}/{transport}/{size}B/10kHz/block", one.cell.scenario);
        all.push(one);
    }
    let cells = all.iter().map(|m| m.cell.clone()).collect();
    (RunRecord { cells, limits: Some(limits()), ..record() }, Curves::from_measured(&all))
}

/// As many cells as a run of all transports has, with their courses and limits.
pub(super) fn usual() -> (RunRecord, Curves) {
    let mut all: Vec<Measured> = Vec::new();
    for i in 0..18 {
        let (transport, low) = (format!("transport-{i}"), 1_000 + 370 * i);
        let mut read = streamed(&transport, 20_000, low);
        read.timeline = Some(course(low));
        let mut seen = drawn(&transport, MS + low);
        seen.timeline = Some(screens(MS));
        let flat = flat_out(&transport, [1.0, 1.1, 1.2].map(|part| part * 1e9 / low as f64));
        all.extend([read, there_and_back(&transport, Wait::Block, low), flat, seen]);
    }
    let cells = all.iter().map(|m| m.cell.clone()).collect();
    (RunRecord { cells, limits: Some(limits()), ..record() }, Curves::from_measured(&all))
}
