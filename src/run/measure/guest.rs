//! From the reports on a program to its cell: what could be measured, what could not,
//! and why.

use super::{Book, Fault, end_fault, plus, times_fault};
use crate::ground::Hertz;
use crate::ground::ledger::{Balance, Sent};
use crate::role::guest::GuestSeen;
use crate::role::{End, ViewerReport};
use crate::run::case::Case;
use crate::run::launch::guest::{Ended, ProgramReport};
use crate::run::launch::tail;
use crate::run::record::{Cause, Cell, Repeat};

/// What is known of a program over all trials.
#[derive(Clone, Debug, Default)]
pub(super) struct Guests {
    seen: Option<GuestSeen>,
    longest: usize,
    has_stamps: bool,
    unsure_of_end: bool,
}

/// Why a trial of a program may not be used.
pub(super) fn fault(case: &Case, program: &ProgramReport, viewer: &ViewerReport) -> Option<Fault> {
    let seen = viewer.guest.as_ref()?;
    died(program)
        .or_else(|| malformed(seen))
        .or_else(|| match viewer.end {
            // It has closed its output, and exited as it should.
            End::PeerGone => None,
            ref end => end_fault("viewer", end),
        })
        .or_else(|| times_fault(viewer, None))
        .or_else(|| {
            (viewer.flow.all == 0).then(|| {
                Fault::new(Cause::Empty, "the program ended without a record that is measured")
            })
        })
        .or_else(|| missed(case.rate?, viewer))
}

fn died(program: &ProgramReport) -> Option<Fault> {
    let how = match program.ended {
        Ended::Exited(0) | Ended::Dismissed => return None,
        Ended::Exited(code) => format!("exited with code {code}"),
        Ended::Signalled(signal) => format!("was killed by signal {signal}"),
        Ended::WentOn => "closed its standard output, did not exit, and was killed".into(),
    };
    let reason = format!("the program {how}{}", tail(&program.stderr));
    Some(Fault::new(Cause::ChildDied, reason))
}

fn malformed(seen: &GuestSeen) -> Option<Fault> {
    let first = seen.first.as_ref().filter(|_| seen.malformed > 0)?;
    let reason = match seen.malformed {
        1 => format!("a record could not be read: {first}"),
        n => format!("{n} records could not be read, the first: {first}"),
    };
    Some(Fault::new(Cause::Malformed, reason))
}

fn missed(rate: Hertz, viewer: &ViewerReport) -> Option<Fault> {
    let arrived = viewer.flow.per_second()?;
    (arrived < super::RATE_KEPT * rate.per_second()).then(|| {
        let reason = format!("{arrived:.0} of {:.0} records a second arrived", rate.per_second());
        Fault::new(Cause::MissedRate, reason)
    })
}

/// The books of a program that counts: what it said, or what its counter says.
fn balance(seen: &GuestSeen, viewer: &ViewerReport) -> Balance {
    let counted = Sent { offered: viewer.ledger.reached(), dropped: 0 };
    let sent = viewer.trailer.map_or(counted, |said| Sent {
        offered: said.offered.saturating_sub(seen.base).max(counted.offered),
        ..said
    });
    viewer.ledger.balance(sent, viewer.shown, viewer.merged, 0)
}

impl Book {
    pub(super) fn add_guest(&mut self, viewer: &ViewerReport) {
        let Some(seen) = &viewer.guest else { return };
        self.balance.add(&balance(seen, viewer));
        for (name, meter) in [
            ("response", &viewer.response),
            ("transit", &viewer.transit),
            ("slip", &viewer.slip),
            ("arrival_interval", &seen.arrivals),
        ] {
            if meter.count() > 0 {
                self.merge(name, meter);
            }
        }
        let throughput = viewer.flow.per_second();
        self.sums.throughput.extend(throughput);
        self.sums.achieved.extend(throughput.filter(|_| self.case.rate.is_some()));
        plus(&mut self.metrics.cpu_ns_viewer, viewer.cpu.0);
        if let Some(shown) = &viewer.screen {
            self.add_screen(shown);
        }
        self.repeats.push(Repeat {
            throughput_hz: throughput,
            response_p50_ns: viewer.response.quantile(0.5),
            response_p99_ns: viewer.response.quantile(0.99),
            rtt_p50_ns: None,
        });
        self.guests.longest = self.guests.longest.max(seen.longest);
        self.guests.has_stamps |= viewer.transit.count() + viewer.transit.negative() > 0;
        self.guests.unsure_of_end |= viewer.trailer.is_none() && viewer.end == End::PeerGone;
        self.guests.seen = Some(seen.clone());
    }
}

impl Guests {
    /// Takes out of a cell what cannot be known, and says why.
    pub(super) fn finish(&self, cell: &mut Cell) {
        let Some(seen) = &self.seen else { return };
        let header = cell.wire_bytes - cell.size_bytes;
        cell.size_bytes = self.longest as u64;
        cell.wire_bytes = cell.size_bytes + header;
        let bytes = cell.metrics.throughput_hz.map(|hz| hz * cell.wire_bytes as f64);
        cell.metrics.throughput_bytes_per_s = bytes;
        if !self.has_stamps {
            let m = &mut cell.metrics;
            m.arrival_age_ns = m.age_ns.take();
            (m.backlog_max, m.backlog_end) = (None, None);
            (m.backlog_slope_hz, m.backlog_slope_low_hz, m.backlog_slope_high_hz) =
                (None, None, None);
            cell.notes.push(
                "its records have no stamp `sent`: how old they are when they arrive is not known"
                    .into(),
            );
        }
        if seen.fields.seq.is_none() {
            cell.ledger = None;
            cell.notes.push("its records have no counter `seq`: losses are not seen".into());
        } else if self.unsure_of_end {
            cell.notes.push("it said no last word: what is lost at the end is not seen".into());
        }
    }
}
