//! `gui60`: a paced sensor, and a screen that draws 60 times a second.

use super::Scenario;
use super::stream::{reader, sensor};
use crate::ground::{Hertz, Nanos};
use crate::role::ViewerSpec;
use crate::run::case::Case;
use crate::run::launch::{Far, Near, Plan};

pub(super) const GUI60: Scenario = Scenario {
    name: "gui60",
    about: "a sensor on a schedule, and a screen that drains once per frame and draws, 60 times a second",
    metrics: &["age", "frame_interval", "missed_frames", "freezes", "backlog"],
    rate: Some(Hertz::new(10_000)),
    span: Nanos::from_secs(2),
    refuses: |_, _| None,
    plan,
};

fn plan(case: &Case, run: u32) -> Plan {
    Plan {
        link: case.link(),
        program: case.program.clone(),
        far: Far::Sensor(sensor(case, run)),
        near: Near::Viewer(ViewerSpec { screen: Some(case.screen), ..reader(case, run) }),
        pins: case.pins.clone(),
    }
}
