//! `stream`: a paced sensor, and a reader that takes each sample as it comes.

use super::{SENSOR, Scenario, silence};
use crate::ground::{Hertz, Nanos};
use crate::role::{Extent, SensorSpec, ViewerSpec};
use crate::run::case::Case;
use crate::run::launch::{Far, Near, Plan};

pub(super) const STREAM: Scenario = Scenario {
    name: "stream",
    about: "a sensor on a schedule, and a reader that takes each sample as it comes",
    metrics: &["response", "transit", "slip"],
    rate: Some(Hertz::new(10_000)),
    span: Nanos::from_secs(2),
    refuses: |_, _| None,
    plan,
};

/// A sensor as the case has it.
pub(super) fn sensor(case: &Case, run: u32) -> SensorSpec {
    SensorSpec {
        producer: SENSOR,
        run,
        size: case.size,
        rate: case.rate,
        burst: case.burst,
        warmup: Extent::For(case.warmup),
        extent: case.extent,
        stamp_every: 1,
        patience: case.patience,
    }
}

/// For how long a screen is measured.
fn measured(case: &Case) -> Nanos {
    match (case.extent, case.rate) {
        (extent, Some(rate)) => extent.span_at(rate),
        (Extent::For(span), None) => span,
        // Of a program that sends as it likes: until it has sent so many.
        (Extent::Frames(_), None) => Nanos::NEVER,
    }
}

/// A reader as the case has it.
pub(super) fn reader(case: &Case, run: u32) -> ViewerSpec {
    ViewerSpec {
        producer: SENSOR,
        run,
        screen: None,
        paced: case.rate.is_some(),
        warmup: case.warmup,
        measured: measured(case),
        silence: case.silence.unwrap_or_else(|| silence(case.rate)),
        leave: case.program.as_ref().map(|_| case.extent),
    }
}

fn plan(case: &Case, run: u32) -> Plan {
    Plan {
        link: case.link(),
        program: case.program.clone(),
        far: Far::Sensor(sensor(case, run)),
        near: Near::Viewer(reader(case, run)),
        pins: case.pins.clone(),
    }
}
