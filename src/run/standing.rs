//! A link that stands open, its child process included, while somebody has it used
//! again and again: for a bench, which wants nothing timed but the use.
//!
//! The link is opened, driven and closed as that of any trial, and by the same code.
//! Who uses it sits in a thread of its own, beside the trial's.

use std::collections::BTreeMap;
use std::thread::{Builder, Scope, ScopedJoinHandle};

use super::case::Case;
use super::launch::{Far, FarReport, Near, NearReport, Plan, RunError, Started, Trial};
use super::measure::{blank, median};
use super::record::{Measured, Metrics, Repeat, Spread, capacity_note};
use super::registry::Entry;
use crate::ground::frame::wire_len;
use crate::ground::{Meter, Nanos};
use crate::link::{Policy, Stop};
use crate::role::End;
use crate::role::bare::{BareReport, BareSpec, Load, Order, Teller, Timed, told};

/// What a standing link is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Round trips over two links, each frame made and checked by both sides.
    Trips,
    /// One way: the far side never stops sending, and what arrives is counted.
    Arrivals,
}

/// How long the far side waits while nothing is asked for.
const IDLE: Nanos = Nanos::from_secs(60);

/// For longer than this, nobody uses a link.
const EVER: Nanos = Nanos::from_secs(24 * 3600);

/// Why a standing link is of no use.
#[derive(Debug, thiserror::Error)]
pub enum Fallen {
    /// It could not be opened, or its child died.
    #[error(transparent)]
    Run(#[from] RunError),
    /// One side ended before it was told to.
    #[error("the {who} side ended as {end:?}")]
    Ended {
        /// Which side.
        who: &'static str,
        /// How.
        end: End,
    },
    /// Frames were lost, out of order, or not as they were sent.
    #[error("{wrong} frames were not the next one, {spoilt} not as they were sent")]
    Wrong {
        /// Frames that were not the next one.
        wrong: u64,
        /// Frames that were not as they were sent.
        spoilt: u64,
    },
}

/// A link that stands open. Dropping it closes it.
#[derive(Debug)]
pub struct Standing<'scope> {
    teller: Teller,
    policy: Policy,
    trial: ScopedJoinHandle<'scope, Result<Trial, RunError>>,
}

impl<'scope> Standing<'scope> {
    /// Opens a link as `case` asks for it; of the rest of the case, only payload, pins
    /// and patience count. It is ready when its first order is carried out.
    ///
    /// # Errors
    /// [`RunError::Start`] where there is no thread for it. All else shows in
    /// [`Standing::close`].
    pub fn open<'env>(
        scope: &'scope Scope<'scope, 'env>,
        entry: &'scope Entry,
        case: &Case,
        used: Use,
        watch: &'scope (dyn Fn(Started) + Sync),
    ) -> Result<Self, RunError> {
        let (plan, teller) = plan(case, used);
        let trial = Builder::new()
            .name("standing".into())
            // Moved in, so that the role's ear is gone when the trial is over.
            .spawn_scoped(scope, move || entry.play(&plan, &Stop::default(), watch))
            .map_err(|source| RunError::Start { what: "a standing link's thread", source })?;
        Ok(Self { teller, policy: case.policy, trial })
    }

    /// Has it used, and waits until that is done.
    ///
    /// # Errors
    /// How the near side ended. [`Standing::close`] knows more.
    pub fn ask(&self, order: Order) -> Result<Timed, End> {
        self.teller.ask(order)
    }

    /// Closes it, and waits until its child is reaped.
    ///
    /// # Errors
    /// [`Fallen`] where it was not in order from the beginning to the end.
    pub fn close(self) -> Result<Trial, Fallen> {
        drop(self.teller);
        let trial = self.trial.join().map_err(|_| RunError::Panicked("a standing link"))??;
        sound(&trial, self.policy)?;
        Ok(trial)
    }
}

/// Who does what; the teller is for whoever has it done.
fn plan(case: &Case, used: Use) -> (Plan, Teller) {
    let link = case.link();
    let near = BareSpec {
        len: wire_len(case.size.as_usize()),
        load: Load::Framed,
        batch: 1,
        spin: false,
        span: EVER,
        warmup: Nanos(0),
        patience: case.patience,
    };
    let far = BareSpec { patience: IDLE, ..near };
    let (ear, teller) = told(near, link.slots() as u64);
    let (far, near) = match used {
        Use::Trips => (Far::Bounce(far), Near::Trips(ear)),
        Use::Arrivals => (Far::Flood(far), Near::Arrivals(ear)),
    };
    (Plan { link, program: None, far, near, pins: case.pins.clone() }, teller)
}

fn sound(trial: &Trial, policy: Policy) -> Result<(), Fallen> {
    let (FarReport::Bare(far), NearReport::Bare(near)) = (&trial.far, &trial.near) else {
        return Err(RunError::Panicked("another role").into());
    };
    if near.end != End::Done {
        return Err(Fallen::Ended { who: "near", end: near.end.clone() });
    }
    // A sender without an end is told to stop by its reader's going away.
    if !matches!(far.end, End::Done | End::PeerGone) {
        return Err(Fallen::Ended { who: "far", end: far.end.clone() });
    }
    let sum = |of: fn(&BareReport) -> u64| of(far) + of(near);
    let (wrong, spoilt) = (sum(|r| r.wrong), sum(|r| r.spoilt));
    // A policy that gives frames up leaves gaps.
    if spoilt > 0 || (wrong > 0 && policy == Policy::Block) {
        return Err(Fallen::Wrong { wrong, spoilt });
    }
    Ok(())
}

/// A cell of what was timed over a standing link. Its scenario is the name of whoever
/// had it timed; it has no ledger, and nothing in it was stamped.
#[must_use]
pub fn measured(case: &Case, used: Use, timed: &[Timed], trial: &Trial) -> Measured {
    let mut cell = blank(case);
    let mut meters = BTreeMap::new();
    let mut metrics = Metrics {
        start_ns: Some(trial.start.0),
        stop_ns: Some(trial.stop.0),
        rss_max_bytes: trial.rss_max,
        ..Metrics::default()
    };
    match used {
        Use::Trips => {
            let mut all = Meter::new();
            timed.iter().filter_map(|t| t.each.as_ref()).for_each(|each| all.merge(each));
            metrics.rtt_ns = Some(Spread::from(&all));
            let p50 = |t: &Timed| t.each.as_ref().and_then(|each| each.quantile(0.5));
            let repeat = |t| Repeat { rtt_p50_ns: p50(t), ..Repeat::default() };
            metrics.per_repeat = timed.iter().map(repeat).collect();
            meters.insert("rtt", all);
        }
        Use::Arrivals => {
            let rates: Vec<f64> = timed.iter().filter_map(Timed::per_second).collect();
            metrics.throughput_hz = median(&rates);
            let wire = cell.wire_bytes as f64;
            metrics.throughput_bytes_per_s = metrics.throughput_hz.map(|hz| hz * wire);
            let repeat = |hz| Repeat { throughput_hz: Some(hz), ..Repeat::default() };
            metrics.per_repeat = rates.into_iter().map(repeat).collect();
        }
    }
    cell.repeats = u32::try_from(timed.len()).unwrap_or(u32::MAX);
    cell.tries = cell.repeats;
    cell.metrics = metrics;
    cell.granted_bytes = trial.granted.map(|b| b.0);
    cell.residue = Some(trial.residue);
    cell.notes.extend(capacity_note(case.capacity, trial.granted));
    Measured { cell, meters, age: None, timeline: None }
}
