//! What becomes of figures by two clocks: what is explained by not knowing the other one
//! is said, what is not is a fault, and what is not known is absent.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]

use pipefit::ground::{Hertz, Nanos};
use pipefit::role::abroad::Backwards;
use pipefit::role::{Extent, ViewerReport};
use pipefit::run::clock::{Estimate, FarClock};
use pipefit::run::launch::{NearReport, play_virtually};
use pipefit::run::measure::Book;
use pipefit::run::record::{Cause, Measured, Status};
use pipefit::run::{Case, scenario};
use pipefit::transport::scripted::{self, Fate, TRANSIT};

const UNCERTAINTY: u64 = 200;

fn known(furthest: u64) -> FarClock {
    let estimate = Ok(Estimate { offset: -5_000, uncertainty: UNCERTAINTY });
    FarClock { estimate, backwards: Backwards { frames: 3, furthest } }
}

/// A healthy run, by such a clock, with something about it changed.
fn measured(
    scenario: &str,
    clock: Option<FarClock>,
    change: impl FnOnce(&mut ViewerReport),
) -> Measured {
    let scenario = scenario::find(scenario).unwrap();
    let case = Case {
        rate: scenario.rate.map(|_| Hertz::new(1_000)),
        extent: Extent::Frames(500),
        elsewhere: true,
        ..Case::of(scenario, "scripted")
    };
    let link = scripted::link(case.link().frame, |_| Fate::After(TRANSIT));
    let mut trial = play_virtually(&(scenario.plan)(&case, 7), link, Nanos::from_secs(100));
    let NearReport::Viewer(viewer) = &mut trial.near else { unreachable!("it has a viewer") };
    change(viewer);
    trial.clock = clock;
    let mut book = Book::new(case);
    let fault = book.fault_of(&trial);
    book.add(&trial, fault);
    book.close()
}

fn three_from_the_future(viewer: &mut ViewerReport) {
    (0..3).for_each(|_| viewer.transit.record_span(Nanos(2), Nanos(1)));
}

#[test]
fn what_the_uncertainty_explains_is_said_and_is_no_fault() {
    let cell = measured("stream", Some(known(UNCERTAINTY)), three_from_the_future).cell;
    assert_eq!(cell.status, Status::Valid, "{:?}", cell.reason);
    assert_eq!((cell.clock_offset_ns, cell.clock_uncertainty_ns), (Some(-5_000), Some(200)));
    assert!(cell.notes.iter().any(|note| note.contains("3 frames were seen up to 200ns")));
    assert!(cell.id.contains("/elsewhere/"), "{}", cell.id);
}

#[test]
fn what_it_does_not_explain_is_a_fault() {
    let clocks = [Some(known(UNCERTAINTY + 1)), None];
    for clock in clocks {
        let cell = measured("stream", clock, three_from_the_future).cell;
        assert_eq!(cell.cause, Some(Cause::Backwards));
    }
    // Both stamps are by the sensor's own clock.
    let slips = |viewer: &mut ViewerReport| viewer.slip.record_span(Nanos(2), Nanos(1));
    assert_eq!(measured("stream", Some(known(1)), slips).cell.cause, Some(Cause::Backwards));
}

#[test]
fn without_a_clock_there_are_no_one_way_figures() {
    let unknown = || {
        let estimate = Err("nobody answered".to_owned());
        Some(FarClock { estimate, backwards: Backwards::default() })
    };
    let Measured { cell, meters, .. } = measured("stream", unknown(), |_| ());
    assert_eq!(cell.status, Status::Valid, "{:?}", cell.reason);
    assert!(cell.notes.iter().any(|note| note.contains("nobody answered")));
    let m = &cell.metrics;
    assert!(m.response_ns.is_none() && m.transit_ns.is_none() && m.slip_ns.is_some());
    assert!(!meters.contains_key("response") && meters.contains_key("slip"));
    assert_eq!(m.per_repeat[0].response_p50_ns, None);
    let drawn = measured("gui60", unknown(), |_| ()).cell.metrics;
    assert!(drawn.age_ns.is_none() && drawn.backlog_max.is_none());
    assert!(drawn.arrival_age_ns.is_some() && drawn.missed_frames.is_some());
    // Control: with one there are.
    assert!(measured("gui60", Some(known(0)), |_| ()).cell.metrics.age_ns.is_some());
}
