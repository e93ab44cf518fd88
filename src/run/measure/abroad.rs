//! What is to be known of figures that are by two clocks.

use crate::ground::Nanos;
use crate::run::clock::{Estimate, FarClock};
use crate::run::record::Cell;

/// What is known of the other clock over all trials.
#[derive(Clone, Debug, Default)]
pub(super) struct Clocks {
    /// Of the trial in which least was known of it.
    estimate: Option<Result<Estimate, String>>,
    backwards: u64,
    furthest: u64,
}

impl Clocks {
    pub(super) fn add(&mut self, clock: &FarClock) {
        self.backwards += clock.backwards.frames;
        self.furthest = self.furthest.max(clock.backwards.furthest);
        let unsure = |estimate: &Result<Estimate, String>| {
            estimate.as_ref().map_or(u64::MAX, |known| known.uncertainty)
        };
        if self.estimate.as_ref().is_none_or(|known| unsure(&clock.estimate) > unsure(known)) {
            self.estimate = Some(clock.estimate.clone());
        }
    }

    /// Whether one-way figures can be given.
    pub(super) fn are_known(&self) -> bool {
        !matches!(self.estimate, Some(Err(_)))
    }

    /// Says in a cell what is known; takes out what is not.
    pub(super) fn finish(&self, cell: &mut Cell) {
        match &self.estimate {
            None => {}
            Some(Ok(Estimate { offset, uncertainty })) => {
                cell.clock_offset_ns = Some(*offset);
                cell.clock_uncertainty_ns = Some(*uncertainty);
                if cell.metrics.rtt_ns.is_none() {
                    cell.notes.push(format!(
                        "the sensor's clock is another host's: one-way figures may be wrong by {}",
                        Nanos(*uncertainty)
                    ));
                }
                if self.backwards > 0 {
                    cell.notes.push(format!(
                        "{} frames were seen up to {} before they were sent, by what is known of \
                         that clock: they are not among the one-way figures",
                        self.backwards,
                        Nanos(self.furthest)
                    ));
                }
            }
            Some(Err(why)) => {
                let m = &mut cell.metrics;
                (m.response_ns, m.transit_ns) = (None, None);
                for repeat in &mut m.per_repeat {
                    (repeat.response_p50_ns, repeat.response_p99_ns) = (None, None);
                }
                m.arrival_age_ns = m.age_ns.take();
                (m.backlog_max, m.backlog_end) = (None, None);
                (m.backlog_slope_hz, m.backlog_slope_low_hz, m.backlog_slope_high_hz) =
                    (None, None, None);
                cell.notes.push(format!(
                    "no one-way figures: how the sensor's clock stands to this one is not known, {why}"
                ));
            }
        }
    }
}
