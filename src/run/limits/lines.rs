//! Numbers and payloads that go there and back.

use std::sync::Arc;

use super::together::{spin, together};
use super::{Meters, SPAN};
use crate::ground::{Clock, Meter, Monotonic};
use crate::memory::raw::{Line, SlotEnd, Slots};
use crate::memory::{Mapped, Segment};

/// Trips of which the mean is one sample.
const TRIPS: u64 = 16;

/// Payloads that go there and back.
pub(super) const TRIP_BYTES: [usize; 2] = [64, 65_536];

/// The number that says: this is the last one.
const LAST: u64 = u64::MAX;

/// Payloads there and back.
pub(super) fn slots(found: &mut Meters, pins: &[usize]) {
    for len in TRIP_BYTES {
        let trips = slot_trips(len, pins).unwrap_or_default();
        found.entry(len as u64).or_default().merge(&trips);
    }
}

/// Trips for a while; `trip` makes one with a number that grows.
fn trips(mut trip: impl FnMut(u64) -> Option<()>) -> Option<Meter> {
    let mut meter = Meter::new();
    let mut number = 0;
    let mut before = Monotonic.now();
    let until = before + SPAN;
    while before < until {
        for _ in 0..TRIPS {
            number += 1;
            trip(number)?;
        }
        let now = Monotonic.now();
        meter.record((now.0 - before.0) / TRIPS);
        before = now;
    }
    Some(meter)
}

/// A number there and back, on so many lines.
pub(super) fn line_trips(lines: usize, pins: &[usize]) -> Option<Meter> {
    let segment = Segment::sealed(&Line::<Mapped>::geometry()).ok()?;
    let (here, there) =
        (Line::new(segment.region(), true, lines), Line::new(segment.region(), false, lines));
    together(
        pins,
        move || {
            let meter = trips(|number| {
                here.say(number);
                spin(|| (here.heard() == number).then_some(()))
            });
            here.say(LAST);
            meter
        },
        move || {
            let mut last = 0;
            while last != LAST {
                last = spin(|| Some(there.heard()).filter(|heard| *heard != last))?;
                there.say(last);
            }
            Some(())
        },
    )
}

fn slot_trips(len: usize, pins: &[usize]) -> Option<Meter> {
    let slots = Slots::new(1, len, true);
    let segments =
        [Segment::sealed(&slots.geometry()).ok()?, Segment::sealed(&slots.geometry()).ok()?];
    let end = |segment: &Arc<Segment>| SlotEnd::new(segment.region(), slots);
    let (mut to, mut from) = (end(&segments[0]), end(&segments[1]));
    let (mut back, mut forth) = (end(&segments[1]), end(&segments[0]));
    let mut payload = vec![7u8; len];
    let mut answer = payload.clone();
    let mut echo = payload.clone();
    together(
        pins,
        move || {
            let mut send = |number: u64, payload: &mut [u8]| {
                payload[..8].copy_from_slice(&number.to_le_bytes());
                spin(|| to.send(len, |out| out.copy_from_slice(payload)).then_some(()))
            };
            let meter = trips(|number| {
                send(number, &mut payload)?;
                spin(|| from.take(|bytes| answer.copy_from_slice(bytes)).then_some(()))
            });
            send(LAST, &mut payload)?;
            meter
        },
        move || {
            while echo[..8] != LAST.to_le_bytes() {
                spin(|| forth.take(|bytes| echo.copy_from_slice(bytes)).then_some(()))?;
                spin(|| back.send(len, |out| out.copy_from_slice(&echo)).then_some(()))?;
            }
            Some(())
        },
    )
}
