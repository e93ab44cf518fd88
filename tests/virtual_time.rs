//! The whole way of a sample in virtual time: from the schedule over a scripted link
//! to the cell of a record. Nothing here waits, and nothing depends on the machine.
//!
//! Each kind of damage sits in the link, where the roles cannot see it; each must be
//! counted under its own name, and a healthy link must show none.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]

use std::cell::Cell;
use std::rc::Rc;

use pipefit::ground::{Bytes, Clock, FakeClock, Hertz, Nanos};
use pipefit::link::driver::on_loop;
use pipefit::link::{Stop, Timer};
use pipefit::role::backlog::BacklogSummary;
use pipefit::role::screen::ScreenSpec;
use pipefit::role::timeline::{Latency, StallAt};
use pipefit::role::viewer::viewer;
use pipefit::role::{Extent, SensorReport, Timeline, ViewerSpec};
use pipefit::run::launch::{FarReport, NearReport, play_virtually};
use pipefit::run::measure::Book;
use pipefit::run::record::{Cause, Measured};
use pipefit::run::{Case, Trial, scenario};
use pipefit::transport::scripted::{self, Fate, TRANSIT};

const START: Nanos = Nanos::from_secs(100);
const FRAMES: u64 = 2_000;

/// A run of `FRAMES` samples at 1 kHz, read or drawn.
fn case(scenario: &'static str) -> Case {
    let scenario = scenario::find(scenario).unwrap();
    Case {
        rate: scenario.rate.map(|_| Hertz::new(1_000)),
        extent: Extent::Frames(FRAMES),
        ..Case::of(scenario, "scripted")
    }
}

/// Plays a case over a link that does what `script` says, and closes its book.
fn play(case: &Case, script: impl FnMut(u64) -> Fate + 'static) -> (Trial, Measured) {
    let plan = (scenario::find(case.scenario).unwrap().plan)(case, 7);
    let trial = play_virtually(&plan, scripted::link(case.link().frame, script), START);
    let mut book = Book::new(case.clone());
    let fault = book.fault_of(&trial);
    book.add(&trial, fault);
    (trial, book.close())
}

fn measure(case: &Case, script: impl FnMut(u64) -> Fate + 'static) -> Measured {
    play(case, script).1
}

fn sensor_of(trial: &Trial) -> &SensorReport {
    match &trial.far {
        FarReport::Sensor(report) => report,
        _ => unreachable!("these scenarios have a sensor"),
    }
}

fn backlog_of(trial: &Trial) -> &BacklogSummary {
    match &trial.near {
        NearReport::Viewer(report) => &report.screen.as_ref().unwrap().backlog,
        NearReport::Ping(_) | NearReport::Bare(_) => unreachable!("these scenarios have a viewer"),
    }
}

fn healthy(_: u64) -> Fate {
    Fate::After(TRANSIT)
}

/// The n-th frame meets `fate`, all others arrive.
fn only(n: u64, fate: Fate) -> impl FnMut(u64) -> Fate {
    move |i| if i == n { fate } else { healthy(i) }
}

#[test]
fn a_healthy_link_shows_exactly_its_transit_and_no_fault() {
    for scenario in ["stream", "gui60"] {
        let cell = measure(&case(scenario), healthy).cell;
        assert_eq!(cell.reason, None);
        let ledger = cell.ledger.unwrap();
        assert_eq!((ledger.offered, ledger.shown + ledger.merged), (FRAMES, FRAMES));
        let faults = (ledger.lost, ledger.duplicate, ledger.reordered, ledger.corrupt, ledger.torn);
        assert_eq!(faults, (0, 0, 0, 0, 0));
        // In one loop, a sample that falls due while the screen draws is late by that.
        let most = if scenario == "gui60" { ScreenSpec::GUI60.cost.0 } else { 0 };
        assert!(cell.metrics.slip_ns.unwrap().max.unwrap() <= most);
        if scenario == "stream" {
            let transit = cell.metrics.transit_ns.unwrap();
            assert_eq!((transit.p50, transit.count), (Some(TRANSIT.0), FRAMES));
            let hz = cell.metrics.throughput_hz.unwrap();
            assert!((hz - 1_000.0).abs() < 1e-6, "{hz}");
        }
    }
}

#[test]
fn each_damage_is_counted_under_its_own_name() {
    for scenario in ["stream", "gui60"] {
        for (fate, lost, duplicate, reordered, corrupt, torn) in [
            (Fate::Vanish, 1, 0, 0, 0, 0),
            (Fate::Twice, 0, 1, 0, 0, 0),
            (Fate::BehindNext, 0, 0, 1, 0, 0),
            (Fate::Spoilt, 1, 0, 0, 1, 0),
            (Fate::Cut(60), 1, 0, 0, 0, 1),
            (Fate::Cut(10), 1, 0, 0, 0, 1),
        ] {
            let l = measure(&case(scenario), only(500, fate)).cell.ledger.unwrap();
            let found = (l.lost, l.duplicate, l.reordered, l.corrupt, l.torn);
            assert_eq!(found, (lost, duplicate, reordered, corrupt, torn), "{fate:?}");
            assert!(l.check().is_ok(), "{fate:?}: {l:?}");
        }
    }
}

#[test]
fn a_stall_of_the_link_is_in_every_frame_it_delayed() {
    // The link holds the sender back for 200 ms in a run of 2 s.
    let held = only(1_000, Fate::HeldBack(Nanos::from_millis(200)));
    let (trial, measured) = play(&case("stream"), held);
    let m = measured.cell.metrics;
    let response = m.response_ns.unwrap();
    assert!(response.max.unwrap() >= 200_000_000, "{response:?}");
    // 200 frames were due in the stall; a closed loop would have shown one.
    assert!(response.p95.unwrap() > 90_000_000, "{response:?}");
    assert!(m.slip_ns.unwrap().p95.unwrap() > 90_000_000);
    assert_eq!(m.transit_ns.unwrap().max, Some(TRANSIT.0), "the link itself was never slow");
    let stalls = sensor_of(&trial).stalls;
    assert_eq!((stalls.count, stalls.longest), (1, 200_000_000));
    assert_eq!(m.stalls, Some(1));
}

/// A flat-out run of so many frames, each of which takes 1 µs to write (time does not
/// pass by itself here), the n-th one 50 ms.
fn throughput(frames: u64, slow: Option<u64>) -> f64 {
    let flat = Case { extent: Extent::Frames(frames), ..case("max") };
    let script = move |i| {
        Fate::HeldBack(if Some(i) == slow { Nanos::from_millis(50) } else { Nanos::from_micros(1) })
    };
    measure(&flat, script).cell.metrics.throughput_hz.unwrap()
}

#[test]
fn time_spent_before_and_after_is_not_in_the_throughput() {
    let usual = throughput(6_401, None);
    assert!((usual / 1e6 - 1.0).abs() < 1e-3, "{usual}");
    assert_eq!(throughput(6_401, Some(0)), usual, "50 ms until the first frame is written");
    // The trailer is the frame behind the last.
    assert_eq!(throughput(6_401, Some(6_401)), usual, "50 ms of draining");
    // Control: 50 ms in the middle are in it.
    let stalled = throughput(6_401, Some(3_000));
    assert!(stalled < usual / 5.0, "{stalled}");
}

#[test]
fn time_spent_parsing_is_not_in_the_throughput() {
    let flat = Case { extent: Extent::Frames(6_401), ..case("max") };
    let (trial, at_once) = play(&flat, |_| Fate::HeldBack(Nanos::from_micros(1)));
    // The sensor's report comes home as text, and is read 50 ms late.
    std::thread::park_timeout(std::time::Duration::from_millis(50));
    let text = serde_json::to_string(&trial.far).unwrap();
    let mut book = Book::new(flat);
    book.add(&Trial { far: serde_json::from_str(&text).unwrap(), ..trial }, None);
    let parsed_late = book.close().cell.metrics.throughput_hz;
    assert_eq!(parsed_late, at_once.cell.metrics.throughput_hz);
}

#[test]
fn a_throughput_does_not_depend_on_the_number_of_frames() {
    let (few, many) = (throughput(641, None), throughput(64_001, None));
    assert!((few / many - 1.0).abs() < 1e-9, "{few} and {many}");
}

#[test]
fn a_frozen_screen_is_seen_in_time_not_in_frames() {
    // Samples arrive 300 ms late between 1.0 s and 1.3 s: the screen shows old ones.
    let script = |i: u64| {
        if (1_000..1_300).contains(&i) {
            Fate::After(Nanos::from_millis(1_300 - i + 1))
        } else {
            healthy(i)
        }
    };
    let draws = case("gui60");
    let steady = measure(&draws, healthy).cell.metrics.age_ns.unwrap();
    let stale = measure(&draws, script).cell.metrics.age_ns.unwrap();
    assert!(steady.max.unwrap() < 22_000_000, "{steady:?}");
    assert!(stale.max.unwrap() > 300_000_000, "{stale:?}");
    assert!(stale.p90.unwrap() > 100_000_000, "{stale:?}");
    assert!(stale.observed_ns.unwrap() > 1_900_000_000);
    // What waited is what was sent and not yet seen; samples under way are not waiting
    // in any queue that could be asked.
    let (late, _) = play(&draws, script);
    assert!(backlog_of(&late).max >= 290, "{:?}", backlog_of(&late));
    let (healthy, _) = play(&draws, healthy);
    assert!(backlog_of(&healthy).max <= 17, "{:?}", backlog_of(&healthy));
}

/// The stretch of a course in which that moment lies.
fn at(course: &Timeline, nanos: u64) -> usize {
    usize::try_from(nanos / course.stretch_ns).unwrap()
}

#[test]
fn a_course_says_when_a_send_waited_and_when_a_frame_went_missing() {
    let script = |i: u64| match i {
        500 => Fate::Vanish,
        1_000 => Fate::HeldBack(Nanos::from_millis(200)),
        _ => healthy(i),
    };
    let course = measure(&case("stream"), script).timeline.unwrap();
    assert_eq!((course.latency, course.screens.len()), (Latency::Response, 0));
    assert_eq!(course.stalls, [StallAt { at_ns: 1_000_000_000, took_ns: 200_000_000 }]);
    assert_eq!(course.stalls_beyond, 0);
    assert_eq!(course.stretches.iter().map(|s| s.count).sum::<u64>(), FRAMES - 1);
    let held = at(&course, 1_200_010_000);
    assert_eq!(course.stretches[held].high_ns, 200_000_000 + TRANSIT.0);
    // Nothing came while it waited, and all before it came at once.
    assert!(course.stretches[at(&course, 1_004_000_000)..held].iter().all(|s| s.count == 0));
    assert_eq!(course.stretches[at(&course, 990_000_000)].high_ns, TRANSIT.0);
    let gap = at(&course, 501_010_000);
    assert_eq!((course.stretches[gap].missing, course.missing()), (1, 1));
    // Control: a link to which nothing happens.
    let steady = measure(&case("stream"), healthy).timeline.unwrap();
    assert_eq!((steady.stalls.len(), steady.missing()), (0, 0));
    assert!(steady.stretches.iter().all(|s| s.high_ns == TRANSIT.0));
}

#[test]
fn a_course_follows_frames_to_the_screen() {
    let course = measure(&case("gui60"), healthy).timeline.unwrap();
    assert!(course.screens.len() > 100 && course.flights.len() > 100);
    let ends: Vec<i64> = course.screens.iter().map(|screen| screen.end_ns).collect();
    for flight in &course.flights {
        let due = i64::try_from(flight.seq * 1_000_000).unwrap();
        assert_eq!(flight.due_ns, Some(due));
        assert!(due <= flight.sent_ns && flight.sent_ns < flight.seen_ns, "{flight:?}");
        let drawn = ends.iter().find(|end| **end >= flight.seen_ns);
        // The last ones may be drawn when measuring is over.
        assert!(drawn.is_none() || flight.shown_ns.as_ref() == drawn, "{flight:?}");
    }
    for pair in course.screens.windows(2) {
        let grown = u64::try_from(pair[1].end_ns - pair[0].end_ns).unwrap();
        let grown = pair[0].age_after_ns.map(|age| age + grown);
        assert_eq!(pair[1].age_before_ns, grown, "age grows as time does");
        let was_empty = pair[0].age_after_ns.is_none();
        assert!(was_empty || pair[1].age_after_ns <= pair[1].age_before_ns);
    }
    // Control: where nothing is drawn, nothing is shown.
    let read = measure(&case("stream"), healthy).timeline.unwrap();
    assert!(read.flights.iter().all(|flight| flight.shown_ns.is_none()));
}

#[test]
fn flat_out_a_course_holds_transit_and_no_stalls() {
    let flat = Case { extent: Extent::Frames(6_401), ..case("max") };
    let script = |i: u64| Fate::HeldBack(Nanos::from_micros(if i == 640 { 50_000 } else { 1 }));
    let course = measure(&flat, script).timeline.unwrap();
    assert_eq!((course.latency, course.stalls.len()), (Latency::Transit, 0));
    assert_eq!(course.stretches.iter().map(|s| s.count).sum::<u64>(), 101);
    assert!(course.flights.iter().all(|flight| flight.seq % 64 == 0));
}

#[test]
fn a_silent_sensor_is_given_up_in_bounded_time() {
    let clock = FakeClock::at(START);
    let ended = Rc::new(Cell::new(Nanos(0)));
    let (link, at) = (scripted::link(Bytes(200), |_| Fate::Vanish), Rc::clone(&ended));
    let spec = ViewerSpec {
        producer: 1,
        run: 7,
        screen: None,
        paced: false,
        warmup: Nanos(0),
        measured: Nanos(0),
        silence: Nanos::from_secs(5),
        leave: None,
    };
    let watch = clock.clone();
    on_loop(
        clock,
        |t| async move {
            // Holds its half, and says nothing.
            t.sleep_until(START + Nanos::from_secs(60)).await;
            drop(link.tx);
        },
        |t| async move {
            let report = viewer(link.rx, &t, &spec, START, &Stop::default()).await;
            assert_eq!(report.end, pipefit::role::End::Silent);
            at.set(watch.now());
        },
    );
    let waited = ended.get().since(START).unwrap();
    assert!((5_000_000_000..5_100_000_000).contains(&waited), "{waited}");
}

#[test]
fn a_vanished_trailer_is_a_fault_not_a_lost_tail() {
    let cell = measure(&case("stream"), only(FRAMES, Fate::Vanish)).cell;
    assert_eq!(cell.cause, Some(Cause::ChildDied));
    assert!(cell.reason.unwrap().contains("went away early"));
}

#[test]
fn bursts_arrive_whole_and_their_due_times_are_one() {
    let (trial, measured) = play(&Case { burst: 10, ..case("stream") }, healthy);
    assert_eq!(sensor_of(&trial).sent.offered, FRAMES);
    assert_eq!(measured.cell.ledger.unwrap().shown, FRAMES);
    assert_eq!(measured.cell.reason, None);
    assert_eq!(measured.cell.metrics.slip_ns.unwrap().max, Some(0));
}
