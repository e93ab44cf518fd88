//! `max`: as many samples as the link takes, checked in full.
//!
//! Order and payload are checked on every frame; latency stamps are taken on one in
//! 64, because reading the clock costs as much as a frame on a fast link.

use super::stream::{reader, sensor};
use super::{Scenario, paced_only};
use crate::ground::Nanos;
use crate::role::SensorSpec;
use crate::run::case::Case;
use crate::run::launch::{Far, Near, Plan};

/// One frame in so many is stamped.
pub const STAMP_EVERY: u64 = 64;

pub(super) const MAX: Scenario = Scenario {
    name: "max",
    about: "as many samples as the link takes, each one checked",
    metrics: &["throughput"],
    rate: None,
    span: Nanos::from_secs(1),
    refuses: |_, case| paced_only(case),
    plan,
};

fn plan(case: &Case, run: u32) -> Plan {
    Plan {
        link: case.link(),
        program: case.program.clone(),
        far: Far::Sensor(SensorSpec { stamp_every: STAMP_EVERY, ..sensor(case, run) }),
        near: Near::Viewer(reader(case, run)),
        pins: case.pins.clone(),
    }
}
