//! The scenarios, one file each. This file is their registry.
//!
//! A scenario is plain data: it says who sends and who reads, and turns a case into
//! a plan. What happens then is the roles' and the launcher's business.

mod gui60;
mod max;
mod rtt;
mod stream;

pub use max::STAMP_EVERY;

use super::case::Case;
use super::launch::Plan;
use crate::ground::{Hertz, Nanos};
use crate::link::Caps;

/// Every scenario, in the order in which reports show them.
pub const ALL: &[&Scenario] = &[&stream::STREAM, &rtt::RTT, &max::MAX, &gui60::GUI60];

/// One scenario.
pub struct Scenario {
    /// The name it is asked for by.
    pub name: &'static str,
    /// What it shows, in one sentence.
    pub about: &'static str,
    /// The metrics it is mainly about.
    pub metrics: &'static [&'static str],
    /// The rate it is paced at unless told otherwise; `None`: it cannot be paced.
    pub rate: Option<Hertz>,
    /// How long it is measured unless told otherwise.
    pub span: Nanos,
    /// Why a transport cannot take part, beside what its capabilities say themselves.
    pub refuses: fn(&Caps, &Case) -> Option<String>,
    /// Who does what. The second argument is the tag of the run.
    pub plan: fn(&Case, u32) -> Plan,
}

impl std::fmt::Debug for Scenario {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scenario").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Scenario {
    /// How long is sent before anything is measured, unless told otherwise: paced
    /// scenarios need a few thousand frames, and the screen a few of its own.
    #[must_use]
    pub const fn usual_warmup(&self) -> Nanos {
        Nanos::from_millis(if self.rate.is_some() { 300 } else { 200 })
    }
}

/// The scenario of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Scenario> {
    ALL.iter().copied().find(|s| s.name == name)
}

/// The sensor's name on its frames.
const SENSOR: u32 = 1;

/// The echoing side's name on its frames: not the pinger's.
const ECHO: u32 = 0xEC40;

/// How long a reader puts up with silence: ten seconds, and more where frames are
/// that far apart.
fn silence(rate: Option<Hertz>) -> Nanos {
    let period = rate.map_or(0, |r| 1_000_000_000_000 / r.millis().max(1));
    Nanos::from_secs(10) + 3 * period
}

/// The axes that only make sense on a schedule.
fn paced_only(case: &Case) -> Option<String> {
    (case.burst > 1).then(|| format!("{} has no schedule, so no bursts", case.scenario))
}
