//! The whole way of a sample, from its due time to the page, in virtual time: the
//! roles over scripted links under a fake clock, the book, the record, the renderers.
//!
//! Nothing here waits or depends on the machine, so that the page is the same to the
//! letter every time: it is kept as a snapshot.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]

use pipefit::ground::host::Host;
use pipefit::ground::time::Resolution;
use pipefit::ground::{Bytes, Hertz, Nanos};
use pipefit::link::{LinkSpec, Policy, Wait};
use pipefit::role::Extent;
use pipefit::role::screen::ScreenSpec;
use pipefit::run::launch::play_virtually;
use pipefit::run::measure::{Book, unmeasured};
use pipefit::run::record::{Build, HostRecord, Measured, RunRecord, SCHEMA, Status};
use pipefit::run::{Case, scenario};
use pipefit::transport::scripted::{self, Fate, TRANSIT};
use pipefit_harness::report::{Curves, csv, html, json, markdown, terminal};

const START: Nanos = Nanos::from_secs(100);

fn case(scenario: &'static str, transport: &'static str) -> Case {
    Case {
        scenario,
        transport,
        program: None,
        elsewhere: false,
        silence: None,
        size: Bytes(64),
        rate: (scenario != "max").then_some(Hertz::new(1_000)),
        warmup: Nanos::from_millis(100),
        extent: if scenario == "max" {
            Extent::Frames(64_001)
        } else {
            Extent::For(Nanos::from_secs(2))
        },
        wait: Wait::Block,
        policy: Policy::Block,
        capacity: LinkSpec::CAPACITY,
        burst: 1,
        screen: ScreenSpec::GUI60,
        patience: LinkSpec::PATIENCE,
        handicap: 0,
        pins: Vec::new(),
    }
}

fn play(case: &Case, script: impl FnMut(u64) -> Fate + 'static) -> Measured {
    // Flat out, warming up by time would never end: time does not pass by itself.
    let case =
        Case { warmup: if case.rate.is_some() { case.warmup } else { Nanos(0) }, ..case.clone() };
    let plan = (scenario::find(case.scenario).unwrap().plan)(&case, 7);
    let trial = play_virtually(&plan, scripted::link(case.link().frame, script), START);
    let mut book = Book::new(case);
    book.tries = 1;
    let fault = book.fault_of(&trial);
    book.add(&trial, fault);
    let mut measured = book.close();
    // The processor's time is real even where the clock is not.
    measured.cell.metrics.cpu_ns_sensor = None;
    measured.cell.metrics.cpu_ns_viewer = None;
    measured
}

/// A run as it might be: links that are healthy, jittery, that stall, lose and spoil.
fn measured() -> Vec<Measured> {
    let healthy = |_| Fate::After(TRANSIT);
    let jittery = |i: u64| Fate::After(Nanos(10_000 + i * 7_919 % 40_000));
    let stalls =
        |i| if i == 1_000 { Fate::HeldBack(Nanos::from_millis(300)) } else { Fate::After(TRANSIT) };
    let loses = |i: u64| match i % 500 {
        7 => Fate::Vanish,
        8 => Fate::Twice,
        9 => Fate::Spoilt,
        _ => Fate::After(TRANSIT),
    };
    let flat = |_| Fate::HeldBack(Nanos(400));
    vec![
        play(&case("stream", "healthy"), healthy),
        play(&case("stream", "jittery"), jittery),
        play(&case("stream", "stalls"), stalls),
        play(&case("stream", "loses"), loses),
        play(&case("max", "healthy"), flat),
        play(&case("gui60", "healthy"), healthy),
        play(&case("gui60", "stalls"), stalls),
        unmeasured(
            &case("stream", "null"),
            Status::NotApplicable,
            None,
            "discards every frame".into(),
        ),
    ]
}

fn record(measured: &[Measured]) -> RunRecord {
    RunRecord {
        schema: SCHEMA.into(),
        id: "virtual".into(),
        started: "2026-01-02T03:04:05Z".into(),
        command: vec!["pipefit".into(), "run".into()],
        version: "0.0.0".into(),
        build: Build { profile: "optimised".into(), debug_assertions: false, commit: None },
        host: HostRecord {
            facts: Host { cpu: Some("a virtual one".into()), cores: Some(2), ..Host::default() },
            steal_pct: None,
            pinned: None,
            clock: Resolution { step_ns: 1, cost_ns: 0 },
            warnings: Vec::new(),
        },
        partial: false,
        measuring_ns: 12_000_000_000,
        limits: None,
        cells: measured.iter().map(|m| m.cell.clone()).collect(),
    }
}

#[test]
fn the_page_is_the_same_to_the_letter() {
    let measured = measured();
    let page = html::page(&record(&measured), &Curves::from_measured(&measured), None);
    insta::assert_snapshot!("page", page);
}

#[test]
fn the_same_way_gives_the_same_record() {
    let once = json::pretty(&record(&measured())).unwrap();
    let twice = json::pretty(&record(&measured())).unwrap();
    assert_eq!(once, twice);
    insta::assert_snapshot!("record", once);
}

#[test]
fn what_was_injected_is_what_the_page_says() {
    let measured = measured();
    let record = record(&measured);
    let by = |id: &str| record.cells.iter().find(|c| c.id.starts_with(id)).unwrap();

    let jittery = by("stream/jittery").metrics.transit_ns.clone().unwrap();
    assert!(jittery.max.unwrap() < 50_000 && jittery.p50.unwrap() > 25_000, "{jittery:?}");

    let stalls = by("stream/stalls");
    let response = stalls.metrics.response_ns.clone().unwrap();
    assert!(response.p90.unwrap() > 90_000_000, "300 ms of 2 s stood still: {response:?}");
    assert_eq!(stalls.metrics.stalls, Some(1));

    // Every 500th of 2,100 frames vanishes, comes twice or is spoilt; the first of each
    // falls into the warm-up and does not count.
    let loses = by("stream/loses").ledger.unwrap();
    assert_eq!((loses.lost, loses.duplicate, loses.corrupt), (8, 4, 4));
    loses.check().unwrap();

    let fresh = by("gui60/healthy").metrics.age_ns.clone().unwrap();
    let stale = by("gui60/stalls").metrics.age_ns.clone().unwrap();
    assert!(fresh.max.unwrap() < 25_000_000, "{fresh:?}");
    assert!(stale.max.unwrap() > 300_000_000, "{stale:?}");

    let table = terminal::table(&record, false);
    let text = markdown::document(&record);
    let mut figures = Vec::new();
    csv::tidy(&record, &mut figures).unwrap();
    for cell in &record.cells {
        assert!(table.contains(&cell.transport) && text.contains(&cell.transport), "{}", cell.id);
    }
    assert!(String::from_utf8(figures).unwrap().contains("stream/loses"));
}
