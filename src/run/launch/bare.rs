//! Plays the roles that benches use.
//!
//! They are compiled for every transport, which takes as long as all that the tool itself
//! plays. So they stand behind the feature `bench`, which this package's own benches and
//! tests have, and which a build of the tool has not.

use super::{Far, Near};
use crate::ground::Nanos;
use crate::link::{Rx, Timer, Tx};
use crate::role::BareReport;
#[cfg(feature = "bench")]
use crate::role::bare;

#[cfg(feature = "bench")]
pub(super) async fn far<X: Tx, Y: Rx, C: Timer>(
    role: Far,
    (tx, rx): (X, Option<Y>),
    timer: &C,
    start: Nanos,
) -> Box<BareReport> {
    Box::new(match (role, rx) {
        (Far::Flood(spec), _) => bare::flood(tx, timer, &spec, start).await,
        (Far::Bounce(spec), Some(rx)) => bare::bounce(tx, rx, timer, &spec).await,
        (Far::Bounce(_), None) => unreachable!("whoever sends back has two links"),
        (Far::Sensor(_) | Far::Echo(_), _) => unreachable!("these are no bare roles"),
    })
}

#[cfg(feature = "bench")]
pub(super) async fn near<X: Tx, Y: Rx, C: Timer>(
    role: Near,
    (tx, rx): (Option<X>, Y),
    timer: &C,
    start: Nanos,
) -> Box<BareReport> {
    Box::new(match (role, tx) {
        (Near::Soak(spec), _) => bare::soak(rx, timer, &spec, start).await,
        (Near::Arrivals(told), _) => bare::told::arrivals(rx, timer, &told).await,
        (Near::Rally(spec), Some(tx)) => bare::rally(tx, rx, timer, &spec, start).await,
        (Near::Trips(told), Some(tx)) => bare::told::trips(tx, rx, timer, &told, start).await,
        (Near::Rally(_) | Near::Trips(_), None) => unreachable!("trips need two links"),
        (Near::Viewer(_) | Near::Ping(_), _) => unreachable!("these are no bare roles"),
    })
}

#[cfg(not(feature = "bench"))]
pub(super) async fn far<X: Tx, Y: Rx, C: Timer>(
    _: Far,
    _: (X, Option<Y>),
    _: &C,
    _: Nanos,
) -> Box<BareReport> {
    missing()
}

#[cfg(not(feature = "bench"))]
pub(super) async fn near<X: Tx, Y: Rx, C: Timer>(
    _: Near,
    _: (Option<X>, Y),
    _: &C,
    _: Nanos,
) -> Box<BareReport> {
    missing()
}

#[cfg(not(feature = "bench"))]
fn missing() -> Box<BareReport> {
    let why = "this build has no bare roles: build pipefit with its feature `bench`";
    Box::new(BareReport { end: crate::role::End::Failed(why.into()), ..BareReport::new() })
}
