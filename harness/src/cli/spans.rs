//! How long each cell of a comparison is measured, so that all of them take a minute
//! at most, however many there are.

use pipefit::ground::Nanos;
use pipefit::role::Extent;

use super::axes::Timing;

/// Starting, draining and stopping one cell, as seen here, with room for a slow minute.
const AROUND: Nanos = Nanos::from_millis(40);

/// The shortest that anything is measured.
const LEAST: Nanos = Nanos::from_millis(40);

/// So many times longer than one without a schedule is a paced cell measured. Its
/// rate must come out within 0.5 %, and a thread that is not alone on its processor
/// may be 4 ms late at the end: that wants 800 ms.
const PACED: u64 = 3;

/// How many cells there are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// With a schedule.
    pub(super) paced: u64,
    /// Without one.
    pub(super) flat: u64,
    /// With a screen, whose age is a share of time: they are watched once, and long.
    pub(super) screens: u64,
}

/// How the time may be spent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spans {
    /// What is aimed at. The rest is for repeats that miss their rate.
    whole: Nanos,
    /// What is not gone beyond, however many cells there are.
    limit: Nanos,
    /// The share for screens, in percent, unless they need more.
    screens: u64,
    /// How a screen is watched.
    screen: Span,
    /// How a cell without a schedule is measured, in each of its repeats.
    flat: Span,
}

/// How long a cell is measured, and warmed up before.
#[derive(Clone, Copy, Debug)]
struct Span {
    warmup: Nanos,
    least: Nanos,
    most: Nanos,
}

/// Within a minute.
pub(super) const FULL: Spans = Spans {
    whole: Nanos::from_secs(48),
    limit: Nanos::from_secs(57),
    screens: 33,
    screen: Span {
        warmup: Nanos::from_millis(300),
        least: Nanos::from_secs(2),
        most: Nanos::from_secs(12),
    },
    flat: Span {
        warmup: Nanos::from_millis(120),
        least: Nanos::from_millis(100),
        most: Nanos::from_millis(700),
    },
};

/// Within a quarter of one.
pub(super) const QUICK: Spans = Spans {
    whole: Nanos::from_secs(13),
    limit: Nanos::from_secs(14),
    screens: 60,
    screen: Span {
        warmup: Nanos::from_millis(100),
        // A 90th percentile of age wants a second, of which the first frame misses some.
        least: Nanos::from_millis(1_100),
        most: Nanos::from_secs(2),
    },
    flat: Span {
        warmup: Nanos::from_millis(80),
        least: Nanos::from_millis(50),
        most: Nanos::from_millis(300),
    },
};

impl Span {
    /// What a cell takes beside being measured.
    const fn around(&self) -> u64 {
        self.warmup.0 + AROUND.0
    }

    const fn timing(&self, measured: u64) -> Timing {
        Timing { warmup: self.warmup, extent: Extent::For(Nanos(measured)) }
    }
}

/// How each cell is measured, and how often those without a screen are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) paced: Timing,
    pub(super) flat: Timing,
    pub(super) repeats: u32,
    pub(super) screen: Timing,
}

impl Spans {
    /// Divides the time. With more cells there are first fewer repeats, then shorter
    /// spans; screens keep theirs the longest.
    pub(super) fn plan(&self, counts: Counts) -> Plan {
        let around = self.flat.around() * (counts.paced + counts.flat);
        let shares = PACED * counts.paced + counts.flat;
        let share = if shares == 0 { 100 } else { self.screens };

        let watched =
            |time: u64| (time / counts.screens.max(1)).saturating_sub(self.screen.around());
        let room = self.limit.0.saturating_sub(around + shares * LEAST.0);
        let screen = watched(self.whole.0 * share / 100)
            .clamp(self.screen.least.0, self.screen.most.0)
            .min(watched(room))
            .max(LEAST.0);

        let screens = (screen + self.screen.around()) * counts.screens;
        let left = self.whole.0.saturating_sub(screens);
        let flat =
            |repeats: u32| (left / u64::from(repeats)).saturating_sub(around) / shares.max(1);
        let repeats = [3, 2].into_iter().find(|n| flat(*n) >= self.flat.least.0).unwrap_or(1);
        let flat = flat(repeats).clamp(LEAST.0, self.flat.most.0);
        Plan {
            paced: self.flat.timing(PACED * flat),
            flat: self.flat.timing(flat),
            repeats,
            screen: self.screen.timing(screen),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(timing: Timing) -> Nanos {
        match timing.extent {
            Extent::For(span) => span,
            Extent::Frames(n) => panic!("{n} frames"),
        }
    }

    /// What a plan comes to if everything goes well.
    fn whole(plan: Plan, counts: Counts) -> Nanos {
        let each = |t: Timing| t.warmup.0 + span(t).0 + AROUND.0;
        let short = each(plan.paced) * counts.paced + each(plan.flat) * counts.flat;
        Nanos(short * u64::from(plan.repeats) + each(plan.screen) * counts.screens)
    }

    fn counts(transports: u64) -> Counts {
        Counts { paced: transports, flat: 2 * transports, screens: transports }
    }

    #[test]
    fn a_minute_is_enough_for_any_number_of_transports() {
        for (spans, transports, most) in [(FULL, 1..=40, 60), (QUICK, 1..=20, 15)] {
            for counts in transports.map(counts) {
                let plan = spans.plan(counts);
                let time = whole(plan, counts);
                assert!(time <= Nanos::from_secs(most), "{counts:?}: {time}, {plan:?}");
            }
        }
    }

    #[test]
    fn as_many_transports_as_are_planned_have_two_seconds_of_screen() {
        for counts in (1..=18).map(counts) {
            let plan = FULL.plan(counts);
            assert!(span(plan.screen) >= Nanos::from_secs(2), "{counts:?}: {plan:?}");
        }
    }

    #[test]
    fn todays_transports_have_three_repeats_of_a_span_that_bears_a_late_end() {
        let today = Counts { paced: 6, flat: 11, screens: 6 };
        let plan = FULL.plan(today);
        assert_eq!(plan.repeats, 3);
        assert!(span(plan.paced) >= Nanos::from_millis(800), "{plan:?}");
        let quick = QUICK.plan(today);
        assert!(span(quick.screen) >= Nanos::from_millis(1_100), "{quick:?}");
        assert!(span(quick.flat) > LEAST, "{quick:?}");
    }

    #[test]
    fn a_single_cell_is_not_measured_for_a_minute() {
        let one = FULL.plan(Counts { flat: 1, ..Counts::default() });
        assert_eq!(span(one.flat), Nanos::from_millis(700));
        let one = FULL.plan(Counts { screens: 1, ..Counts::default() });
        assert_eq!(span(one.screen), Nanos::from_secs(12));
    }
}
