//! What is compared with what, and what is asked of it.

use std::fmt;

use pipefit::link::Wait;
use pipefit::role::bare::Load;

use crate::arm::{Arm, FRAMED, Figure};

/// What is asked of a ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(x) => f.pad(&format!("≤ {x:.2}")),
            Self::AtLeast(x) => f.pad(&format!("≥ {x:.2}")),
        }
    }
}

/// One comparison.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) subject: Arm,
    pub(crate) reference: Arm,
    pub(crate) bound: Bound,
    /// Whether the reference is meant to be what the machine can do at best.
    pub(crate) is_yardstick: bool,
}

fn row(name: impl Into<String>, subject: Arm, reference: Arm, bound: Bound) -> Row {
    let is_yardstick =
        reference.transport.starts_with("raw-line") || reference.transport.starts_with("raw-slots");
    Row { name: name.into(), subject, reference, bound, is_yardstick }
}

const RING: &str = "memfd-ring";

/// All of them.
pub(crate) fn all() -> Vec<Row> {
    let mut rows = limits();
    rows.extend(rtrb());
    rows.extend(streams());
    rows.extend(waits());
    rows.extend(whole());
    #[cfg(feature = "iceoryx2")]
    rows.extend(iceoryx());
    rows
}

/// Against what the machine can do.
fn limits() -> Vec<Row> {
    use Bound::{AtLeast, AtMost};
    let line = || Arm::trip("raw-line", 8);
    let slot = |len: usize| Arm::trip("raw-slots-on-lines", len).holding(len as u64);
    let mut rows = vec![
        row("8 B trip p50: ring / raw line", Arm::trip(RING, 8), line(), AtMost(1.10)),
        row(
            "8 B trip p99: ring / raw line's p50",
            Arm::trip(RING, 8).but(Figure::TripP99),
            line(),
            AtMost(2.0),
        ),
        row("64 B trip p50: ring / raw slot", Arm::trip(RING, 64), slot(64), AtMost(1.05)),
    ];
    for (name, len, slots) in [("64 KiB", 1 << 16, 16), ("1 MiB", 1 << 20, 4)] {
        for (load, at_least) in [(Load::Copied, 0.92), (Load::InPlace, 0.97)] {
            let how = if load == Load::Copied { "copied in" } else { "in place" };
            rows.push(row(
                format!("{name} rate, {how}: ring / raw slots"),
                Arm::rate(RING, len).with(load),
                Arm::rate("raw-slots", len).with(load).holding((slots * len) as u64),
                AtLeast(at_least),
            ));
        }
    }
    rows
}

/// Against the fastest queue between threads.
fn rtrb() -> Vec<Row> {
    use Bound::{AtLeast, AtMost};
    vec![
        row(
            "64 B trip p50: ring / rtrb",
            Arm::trip(RING, 64),
            Arm::trip("rtrb-64", 64),
            AtMost(1.05),
        ),
        row("8 B rate: ring / rtrb", Arm::rate(RING, 8), Arm::rate("rtrb-8", 8), AtLeast(1.2)),
        row("64 B rate: ring / rtrb", Arm::rate(RING, 64), Arm::rate("rtrb-64", 64), AtLeast(1.2)),
        row(
            "8 B rate, 64 at a time: ring / rtrb chunks",
            Arm::rate(RING, 8).by(64),
            Arm::rate("rtrb-chunks-8", 8).by(64),
            AtLeast(1.0),
        ),
        row(
            "64 B rate, 64 at a time: ring / rtrb chunks",
            Arm::rate(RING, 64).by(64),
            Arm::rate("rtrb-chunks-64", 64).by(64),
            AtLeast(1.0),
        ),
    ]
}

/// Against what the kernel moves.
fn streams() -> Vec<Row> {
    let peers = [("raw-pipe", 5.0), ("raw-unix", 2.2), ("ipc-channel", 2.0)];
    peers
        .into_iter()
        .map(|(peer, at_least)| {
            row(
                format!("64 KiB rate: ring / {peer}"),
                Arm::rate(RING, 1 << 16),
                Arm::rate(peer, 1 << 16).waiting(Wait::Block),
                Bound::AtLeast(at_least),
            )
        })
        .collect()
}

/// Waiting without burning a core.
fn waits() -> Vec<Row> {
    use Bound::AtMost;
    let pipe = |len| Arm::trip("raw-pipe", len).waiting(Wait::Block);
    let ring = |len, wait| Arm::trip(RING, len).waiting(wait);
    vec![
        row("64 B trip p50: ring, block / pipe", ring(64, Wait::Block), pipe(64), AtMost(1.05)),
        row(
            "64 KiB trip p50: ring, block / pipe",
            ring(1 << 16, Wait::Block),
            pipe(1 << 16),
            AtMost(0.8),
        ),
        row(
            "64 B trip p50: ring, adaptive / pipe",
            ring(64, Wait::Adaptive),
            pipe(64),
            AtMost(0.2),
        ),
    ]
}

/// The newest value only, and the whole harness around a ring.
fn whole() -> Vec<Row> {
    let latest = |figure| Arm::rate("shm-latest", 64).but(figure);
    vec![
        row(
            "shm-latest: send beside a 60 Hz reader / alone",
            latest(Figure::BesideScreen),
            latest(Figure::Alone),
            Bound::AtMost(1.1),
        ),
        row(
            "64 B rate, all checked: scenario max / bare loop",
            Arm::rate(RING, FRAMED).but(Figure::Max),
            Arm::rate(RING, FRAMED).with(Load::Framed),
            Bound::AtLeast(0.8),
        ),
    ]
}

#[cfg(feature = "iceoryx2")]
fn iceoryx() -> Vec<Row> {
    const PEER: &str = "iceoryx2";
    let rates = [
        ("64 B", 64, 40.0),
        ("1 KiB", 1 << 10, 6.0),
        ("64 KiB", 1 << 16, 1.4),
        ("1 MiB", 1 << 20, 1.3),
    ];
    let trips = [
        ("64 B", 64, 0.33),
        ("1 KiB", 1 << 10, 0.6),
        ("64 KiB", 1 << 16, 0.65),
        ("1 MiB", 1 << 20, 1.0),
    ];
    let rates = rates.into_iter().map(|(name, len, at_least)| {
        row(
            format!("{name} rate: ring / iceoryx2"),
            Arm::rate(RING, len),
            Arm::rate(PEER, len).holding((8 * len as u64).max(1 << 20)),
            Bound::AtLeast(at_least),
        )
    });
    let trips = trips.into_iter().map(|(name, len, at_most)| {
        row(
            format!("{name} trip p50: ring / iceoryx2"),
            Arm::trip(RING, len),
            Arm::trip(PEER, len).holding((8 * len as u64).max(1 << 20)),
            Bound::AtMost(at_most),
        )
    });
    rates.chain(trips).collect()
}
