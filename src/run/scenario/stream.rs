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

/// A reader as the case has it.
pub(super) fn reader(case: &Case, run: u32) -> ViewerSpec {
    ViewerSpec {
        producer: SENSOR,
        run,
        screen: None,
        warmup: case.warmup,
        measured: case.rate.map_or(Nanos(0), |rate| case.extent.span_at(rate)),
        silence: silence(case.rate),
    }
}

fn plan(case: &Case, run: u32) -> Plan {
    Plan {
        link: case.link(),
        far: Far::Sensor(sensor(case, run)),
        near: Near::Viewer(reader(case, run)),
        pins: case.pins.clone(),
    }
}
