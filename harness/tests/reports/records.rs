//! Literal records. Their figures are whole numbers: they are read back as they were.

use pipefit::ground::Meter;
use pipefit::ground::host::Host;
use pipefit::ground::time::Resolution;
use pipefit::link::{Policy, Wait};
use pipefit::run::limits::Limits;
use pipefit::run::record::{
    Build, Cell, HostRecord, Metrics, Repeat, RunRecord, SCHEMA, Spread, Status,
};
use pipefit_harness::report::Curves;
use regex_lite::Regex;

/// What no page, table or terminal may run.
pub(crate) const SCRIPT: &str = "<script>alert(1)</script>\u{1b}[2J";

/// A cell of a scenario without a figure.
pub(crate) fn cell(scenario: &str, transport: &str) -> Cell {
    Cell {
        id: format!("{scenario}/{transport}/64B/block"),
        scenario: scenario.to_owned(),
        transport: transport.to_owned(),
        program: None,
        size_bytes: 64,
        wire_bytes: 104,
        rate_hz: None,
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
        repeats: 1,
        tries: 1,
        clock_offset_ns: None,
        clock_uncertainty_ns: None,
        metrics: Metrics::default(),
        ledger: None,
        residue: None,
        histograms: None,
    }
}

fn spread(p50: u64) -> Spread {
    Spread { count: 1_000, p50: Some(p50), max: Some(9 * p50), ..Spread::default() }
}

fn repeats(n: usize) -> u32 {
    u32::try_from(n).unwrap()
}

/// Round trips, with a median for each repeat; that in the middle is the cell's.
pub(crate) fn trips(transport: &str, each: &[u64]) -> Cell {
    let repeat = |p50: &u64| Repeat { rtt_p50_ns: Some(*p50), ..Repeat::default() };
    Cell {
        repeats: repeats(each.len()),
        tries: repeats(each.len()),
        metrics: Metrics {
            rtt_ns: Some(spread(each[each.len() / 2])),
            per_repeat: each.iter().map(repeat).collect(),
            ..Metrics::default()
        },
        ..cell("rtt", transport)
    }
}

/// Frames a second, for each repeat.
pub(crate) fn frames(transport: &str, each: &[u32]) -> Cell {
    let repeat = |hz: &u32| Repeat { throughput_hz: Some((*hz).into()), ..Repeat::default() };
    let middle = f64::from(each[each.len() / 2]);
    Cell {
        repeats: repeats(each.len()),
        tries: repeats(each.len()),
        metrics: Metrics {
            throughput_hz: Some(middle),
            throughput_bytes_per_s: Some(104.0 * middle),
            per_repeat: each.iter().map(repeat).collect(),
            ..Metrics::default()
        },
        ..cell("max", transport)
    }
}

pub(crate) fn record(id: &str, cells: Vec<Cell>) -> RunRecord {
    RunRecord {
        schema: SCHEMA.to_owned(),
        id: id.to_owned(),
        started: "2026-01-02T03:04:05Z".to_owned(),
        command: vec!["pipefit".to_owned(), "run".to_owned()],
        version: "0.1.0".to_owned(),
        build: Build {
            profile: "optimised".to_owned(),
            debug_assertions: false,
            commit: Some("0123456789abcdef".to_owned()),
        },
        host: HostRecord {
            facts: Host {
                cpu: Some("Example 9000".to_owned()),
                cores: Some(2),
                kernel: "Linux 6.1.0".to_owned(),
                ..Host::default()
            },
            steal_pct: None,
            pinned: Some(vec![0, 1]),
            clock: Resolution { step_ns: 1, cost_ns: 31 },
            warnings: Vec::new(),
        },
        partial: false,
        measuring_ns: 42_000_000_000,
        limits: Some(Limits { line_rtt_ns: spread(400), ..Limits::default() }),
        cells,
    }
}

/// What stands behind the round trips of a record: so many of each, around the median.
pub(crate) fn curves(record: &RunRecord) -> Curves {
    let mut curves = Curves::default();
    for cell in &record.cells {
        let Some(p50) = cell.metrics.rtt_ns.as_ref().and_then(|rtt| rtt.p50) else { continue };
        let mut meter = Meter::new();
        (0..1_000).for_each(|i| meter.record(p50 + p50 * (i % 100) / 200));
        curves.insert(&cell.id, "rtt", meter.histogram().clone());
    }
    curves
}

/// Each capture of a pattern in a text.
pub(crate) fn captured(pattern: &str, text: &str) -> Vec<String> {
    let pattern = Regex::new(pattern).unwrap();
    pattern.captures_iter(text).map(|found| found[1].to_owned()).collect()
}

/// What every page keeps to: it is inert, refers to nothing but itself and `links`, and
/// names its regions apart.
pub(crate) fn sound(page: &str, links: &str) {
    assert!(!page.contains("<script>alert") && !page.contains('\u{1b}'), "a name came through");
    // Behind it stands the script, which is one and the same for all pages.
    let page = page.split("<script>").next().unwrap();
    let link = Regex::new(links).unwrap();
    for href in captured(r#"href="([^"]*)""#, page) {
        let own = href.starts_with('#') || href.starts_with("data:");
        assert!(own || link.is_match(&href), "{href}");
    }
    let mut regions = captured(r#"role="region" aria-label="([^"]*)""#, page);
    let count = regions.len();
    regions.sort();
    regions.dedup();
    assert_eq!(regions.len(), count, "two regions have one name: {regions:?}");
    assert!(!page.contains("NaN") && !page.contains(">inf"), "a figure is none");
}

/// No link leads elsewhere.
pub(crate) const NONE: &str = "^$";
