use std::collections::BTreeMap;

use pipefit::run::limits::Limits;
use pipefit::run::record::{Metrics, Spread};
use serde_json::json;

use super::*;

/// A cell, as it stands in `run.json`.
fn cell(id: &str, status: Status, metrics: Metrics) -> Cell {
    let mut words = id.split('/');
    serde_json::from_value(json!({
        "id": id, "scenario": words.next(), "transport": words.next(),
        "size_bytes": 64, "wire_bytes": 112, "rate_hz": null, "wait": "block", "policy": "block",
        "producers": 1, "burst": 1, "capacity_bytes": 1 << 20, "granted_bytes": null,
        "stamp_every": 1, "status": status, "reason": null, "repeats": 1, "tries": 1,
        "metrics": metrics,
    }))
    .unwrap()
}

fn record(id: &str, limits: Option<Limits>, cells: Vec<Cell>) -> RunRecord {
    serde_json::from_value(json!({
        "schema": "pipefit-run/1", "id": id, "started": format!("2026-11-2{id}T00:00:00Z"),
        "command": ["pipefit"], "version": "0",
        "build": { "profile": "optimised", "debug_assertions": false, "commit": null },
        "host": { "cpu": null, "cores": 2, "kernel": "k", "memory_bytes": null, "governor": null,
                  "virtual": null, "clocksource": null, "steal_pct": null, "pinned": null,
                  "clock": { "step_ns": 1, "cost_ns": 30 }, "warnings": [] },
        "measuring_ns": 1, "limits": limits, "cells": cells,
    }))
    .unwrap()
}

fn spread(p50: Option<u64>, p99: Option<u64>) -> Option<Spread> {
    Some(Spread { count: 100, p50, p99, ..Spread::default() })
}

fn limits(line_rtt: u64) -> Option<Limits> {
    let wake = spread(Some(5_000), None).unwrap_or_default();
    Some(Limits {
        line_rtt_ns: spread(Some(line_rtt), None).unwrap_or_default(),
        pipe_wake_ns: BTreeMap::from([("20000".to_owned(), wake)]),
        stream_bytes_per_s: BTreeMap::from([("65536".to_owned(), 4e9)]),
        ..Limits::default()
    })
}

fn rtt(p50: u64) -> Cell {
    let metrics = Metrics { rtt_ns: spread(Some(p50), None), ..Metrics::default() };
    cell("rtt/pipe/64B/block", Status::Valid, metrics)
}

fn laid(records: &[RunRecord]) -> Trends {
    let name = |i| if i == 0 { None } else { Some("kept") };
    let points: Vec<_> =
        records.iter().enumerate().map(|(i, record)| Point { name: name(i), record }).collect();
    Trends::new("a-2-bare", true, &points)
}

#[test]
fn each_figure_stands_beside_the_limit_that_belongs_to_it() {
    let of = |metrics: Metrics, scenario: &str| {
        let cell = cell(&format!("{scenario}/x"), Status::Valid, metrics);
        let run = |id| record(id, limits(400), vec![cell.clone()]);
        let trends = laid(&[run("2"), run("1")]);
        let [trend] = &trends.cells[..] else { panic!("{trends:?}") };
        (trend.heading(), trend.shown(trend.points[0].as_ref()))
    };
    let full = || Metrics {
        rtt_ns: spread(Some(2_000), Some(9_000)),
        response_ns: spread(Some(50_000), Some(500_000)),
        age_ns: spread(Some(10_800_000), Some(19_100_000)),
        throughput_hz: Some(1e6),
        throughput_bytes_per_s: Some(64e6),
        ..Metrics::default()
    };
    for (scenario, heading, shown) in [
        ("rtt", "rtt.p50 / limits.line_rtt.p50", "5.00"),
        ("stream", "response.p99 / limits.pipe_wake[20us].p50", "100"),
        ("max", "throughput_bytes / limits.stream[64KiB]", "0.0160"),
        ("gui60", "age.p99, in ms", "19.1"),
        ("throughput", "age.p99, in ms", "19.1"),
    ] {
        assert_eq!(of(full(), scenario), (heading.to_owned(), shown.to_owned()));
    }
    let bench = Metrics { age_ns: None, response_ns: None, rtt_ns: None, ..full() };
    assert!(of(bench, "throughput").0.starts_with("throughput_bytes / "));
}

#[test]
fn the_same_part_of_a_spread_is_taken_of_all_runs() {
    let screen = |p99| {
        let metrics = Metrics { age_ns: spread(Some(10_000_000), p99), ..Metrics::default() };
        vec![cell("gui60/pipe", Status::Valid, metrics)]
    };
    let runs = [record("2", None, screen(Some(19_000_000))), record("1", None, screen(None))];
    let trends = laid(&runs);
    assert_eq!(trends.cells[0].figure, "age.p50");
    assert_eq!(trends.cells[0].shown(trends.cells[0].points[1].as_ref()), "10.0");
}

#[test]
fn what_is_missing_is_not_made_up() {
    let runs = [
        record("4", limits(400), vec![rtt(2_000)]),
        record("3", None, vec![rtt(2_000)]),
        record("2", limits(0), vec![rtt(2_000)]),
        record("1", limits(400), vec![Cell { status: Status::Invalid, ..rtt(7_000) }]),
    ];
    let trends = laid(&runs);
    let shown: Vec<String> =
        trends.cells[0].points.iter().map(|p| trends.cells[0].shown(p.as_ref())).collect();
    assert_eq!(shown, ["5.00", "n/a", "n/a", "–"]);
    assert_eq!(trends.runs.iter().map(|run| run.valid).collect::<Vec<_>>(), [1, 1, 1, 0]);
    assert_eq!(laid(&runs[2..]).cells, [], "one run is no trend");
}

#[test]
fn the_table_has_a_column_for_each_run() {
    let runs = [
        record("3", limits(400), vec![rtt(2_000)]),
        record("2", limits(200), vec![rtt(2_100)]),
        record("1", None, vec![rtt(2_000)]),
    ];
    let expected = "\
a-2-bare (this machine)
          name  started               commit   valid cells
  latest  (3)   2026-11-23T00:00:00Z  unknown  1
  1       kept  2026-11-22T00:00:00Z  unknown  1
  2       kept  2026-11-21T00:00:00Z  unknown  1

  rtt.p50 / limits.line_rtt.p50  latest      1    2
  (the limit itself)              400ns  200ns  n/a
  rtt/pipe/64B/block               5.00   10.5  n/a
";
    assert_eq!(table(&laid(&runs)), expected);
    let many: Vec<_> = (0..9).map(|i| record(&i.to_string(), None, vec![rtt(1)])).collect();
    assert!(table(&laid(&many)).ends_with("The 8 newest are shown; --json has all of them.\n"));
}

#[test]
fn nothing_that_a_record_says_acts_on_a_terminal() {
    let evil = || {
        let mut cell = rtt(1);
        cell.id += "\u{1b}[2J";
        let mut record = record("1", None, vec![cell]);
        record.started += "\u{1b}]0;x\u{7}";
        record.build.commit = Some("\u{9b}1m".to_owned());
        record
    };
    let text = table(&laid(&[evil(), evil()]));
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
}

#[test]
fn three_digits_are_shown() {
    for (value, shown) in [
        (0.0, "0"),
        (0.001_234, "0.00123"),
        (0.5, "0.500"),
        (9.876, "9.88"),
        (35.12, "35.1"),
        (1234.5, "1234"),
    ] {
        assert_eq!(significant(value), shown);
    }
}
