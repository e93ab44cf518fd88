//! `rtt`: one sample at a time, there and back over two links, echoed whole.

use super::{ECHO, SENSOR, Scenario, paced_only};
use crate::ground::Nanos;
use crate::link::{Caps, Policy};
use crate::role::{EchoSpec, Extent, PingSpec};
use crate::run::case::Case;
use crate::run::launch::{Far, Near, Plan};

/// How long an echo may take: far more than any, far less than a person waits.
const PATIENCE: Nanos = Nanos::from_secs(2);

pub(super) const RTT: Scenario = Scenario {
    name: "rtt",
    about: "one sample at a time, there and back over two links, echoed whole",
    metrics: &["rtt"],
    rate: None,
    span: Nanos::from_secs(1),
    refuses,
    plan,
};

fn refuses(caps: &Caps, case: &Case) -> Option<String> {
    if case.program.is_some() {
        return Some("a program's output has no way back".into());
    }
    if !caps.prompt {
        return Some("holds frames back until others follow: an echo would never come".into());
    }
    if case.policy != Policy::Block {
        return Some("a dropped ping has no echo: rtt needs policy block".into());
    }
    paced_only(case)
}

fn plan(case: &Case, run: u32) -> Plan {
    let patience = case.patience.min(PATIENCE);
    Plan {
        link: case.link(),
        program: None,
        far: Far::Echo(EchoSpec {
            producer: ECHO,
            size: case.size,
            patience: case.patience,
            handicap: case.handicap,
        }),
        near: Near::Ping(PingSpec {
            producer: SENSOR,
            peer: ECHO,
            run,
            size: case.size,
            warmup: Extent::For(case.warmup),
            extent: case.extent,
            patience,
            one_clock: !case.elsewhere,
        }),
        pins: case.pins.clone(),
    }
}
