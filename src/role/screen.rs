//! The screen: frame k is due at `F_k = F_0 + k·P`, wakes, drains, draws and ends.
//!
//! A frame that ends late does not shift the ones behind it: those whose time has
//! passed are missed, and counted, and the next one is due on the old grid.

use serde::{Deserialize, Serialize};

use super::age::Age;
use super::backlog::Backlog;
use super::inbox::{Sample, Taken};
use super::plot::Plot;
use super::timeline::{ScreenAt, offset};
use crate::ground::{Meter, Nanos};
use crate::link::Timer;

/// A frame interval over this is a freeze: a person sees it.
pub const FREEZE: Nanos = Nanos::from_millis(100);

/// How a viewer draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreenSpec {
    /// Time from one frame to the next.
    pub period: Nanos,
    /// Time that drawing one frame keeps the processor busy.
    pub cost: Nanos,
    /// Columns of the plot.
    pub columns: u32,
    /// Time shown in the plot.
    pub shown: Nanos,
}

impl ScreenSpec {
    /// 60 frames a second, 2 ms of drawing, 2 s in 1,000 columns.
    pub const GUI60: Self = Self {
        period: Nanos(16_666_667),
        cost: Nanos::from_millis(2),
        columns: 1_000,
        shown: Nanos::from_secs(2),
    };
}

/// Frame intervals over [`FREEZE`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freezes {
    /// How many.
    pub count: u64,
    /// The longest, in ns.
    pub longest: u64,
    /// All together, in ns.
    pub total: u64,
}

/// What a screen showed while it was measured.
#[derive(Clone, Debug)]
pub struct Screen {
    spec: ScreenSpec,
    /// Measured from when to when.
    window: (Nanos, Nanos),
    /// The frame that is due next.
    due: Nanos,
    /// When the latest one began.
    woke: Nanos,
    plot: Plot,
    /// When the newest sample drained was sent.
    newest: Option<Nanos>,
    /// The same of the newest sample that is on the screen before measuring begins.
    on_screen: Option<Nanos>,
    /// The same of the newest sample on the screen now.
    showing: Option<Nanos>,
    last_end: Option<Nanos>,
    /// From the end of one frame to the end of the next.
    pub interval: Meter,
    /// Frames whose time had passed before they could begin.
    pub missed: u64,
    /// Intervals that a person sees.
    pub freezes: Freezes,
    /// How old the newest sample on the screen was, over time.
    pub age: Age,
    /// Frames waiting at each wake-up.
    pub backlog: Backlog,
    /// Samples that got a column of their own.
    pub shown: u64,
    /// Samples merged into a column that stood there already.
    pub merged: u64,
    ink: f32,
}

impl Screen {
    /// A screen whose first frame is due at `start`, measured from `window.0` on
    /// until `window.1`.
    #[must_use]
    pub fn new(spec: ScreenSpec, start: Nanos, window: (Nanos, Nanos)) -> Self {
        Self {
            spec,
            window,
            due: start,
            woke: start,
            plot: Plot::new(spec.shown, spec.columns as usize),
            newest: None,
            on_screen: None,
            showing: None,
            last_end: None,
            interval: Meter::new(),
            missed: 0,
            freezes: Freezes::default(),
            age: Age::default(),
            backlog: Backlog::default(),
            shown: 0,
            merged: 0,
            ink: 0.0,
        }
    }

    /// When the next frame is due.
    #[must_use]
    pub const fn due(&self) -> Nanos {
        self.due
    }

    /// How long a drain may go on that began at `woke`: one period. A consumer that
    /// drained until nothing is left would never draw below a fast enough sensor.
    #[must_use]
    pub fn drain_until(&self, woke: Nanos) -> Nanos {
        woke + self.spec.period
    }

    /// The frame begins at `at`.
    pub fn wake(&mut self, at: Nanos) {
        self.woke = at;
        if self.measures(at) {
            self.backlog.wake(at);
        }
    }

    /// A sample was drained.
    #[inline]
    pub fn add(&mut self, taken: &Taken) {
        match taken {
            Taken::Sample(sample) => {
                if self.plot_newest(sample) {
                    self.shown += 1;
                } else {
                    self.merged += 1;
                }
                self.backlog.saw(sample.sent);
            }
            Taken::Warmup(sample) => {
                self.plot_newest(sample);
            }
            Taken::Trailer | Taken::Nothing => {}
        }
    }

    /// Plots a sample; says whether it got a column of its own.
    fn plot_newest(&mut self, sample: &Sample) -> bool {
        self.newest = Some(self.newest.map_or(sample.sent, |newest| newest.max(sample.sent)));
        self.plot.add(sample.sent, sample.value)
    }

    /// Draws, and ends the frame. Gives the frame, from when measuring began, and whether
    /// it is measured.
    pub fn draw(&mut self, timer: &impl Timer) -> (ScreenAt, bool) {
        self.ink += std::hint::black_box(self.plot.draw(timer.now()));
        timer.burn(self.spec.cost);
        self.end(timer.now())
    }

    fn end(&mut self, at: Nanos) -> (ScreenAt, bool) {
        let next = self.due + self.spec.period;
        let missed = at.since(next).map_or(0, |late| late.div_ceil(self.spec.period.0));
        let measured = self.measures(at);
        if measured {
            self.missed += missed;
            if let Some(interval) = self.last_end.and_then(|last| at.since(last)) {
                self.interval.record(interval);
                if interval > FREEZE.0 {
                    self.freezes.count += 1;
                    self.freezes.longest = self.freezes.longest.max(interval);
                    self.freezes.total += interval;
                }
            }
            self.show(at);
            self.last_end = Some(at);
        } else if at < self.window.0 {
            self.on_screen = self.newest;
        }
        self.due = next + missed * self.spec.period.0;
        let before = std::mem::replace(&mut self.showing, self.newest);
        let age = |sent: Option<Nanos>| sent.and_then(|sent| at.since(sent));
        let frame = ScreenAt {
            woke_ns: offset(self.woke, self.window.0),
            end_ns: offset(at, self.window.0),
            age_before_ns: age(before),
            age_after_ns: age(self.newest),
        };
        (frame, measured)
    }

    /// What was drained is on the screen from `at` on. What had been on it when
    /// measuring began is observed from that moment.
    fn show(&mut self, at: Nanos) {
        if let Some(before) = self.on_screen.take() {
            self.age.shown(self.window.0, before);
        }
        if let Some(newest) = self.newest {
            self.age.shown(at, newest);
        }
    }

    /// Nothing more is drawn: what is on the screen stays there until `at`, or until
    /// the end of measuring if that is earlier.
    pub fn finish(&mut self, at: Nanos) {
        self.age.finish(at.min(self.window.1).max(self.last_end.unwrap_or_default()));
    }

    /// When measuring ends.
    #[must_use]
    pub const fn measured_until(&self) -> Nanos {
        self.window.1
    }

    fn measures(&self, at: Nanos) -> bool {
        (self.window.0..=self.window.1).contains(&at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: u64 = ScreenSpec::GUI60.period.0;

    fn screen() -> Screen {
        Screen::new(ScreenSpec::GUI60, Nanos(0), (Nanos(0), Nanos::NEVER))
    }

    #[test]
    fn one_stall_of_250_ms_misses_15_frames_not_1() {
        let mut s = screen();
        s.end(Nanos(2_000_000)); // frame 0 takes 2 ms
        s.end(Nanos(P + 2_000_000 + 250_000_000)); // frame 1 takes 250 ms more
        assert_eq!((s.missed, s.freezes.count), (15, 1));
        assert!(s.due() >= Nanos(P + 252_000_000));
        assert_eq!(s.due().0 % P, 0, "the grid stays");
    }

    #[test]
    fn a_frame_that_ends_in_time_misses_none() {
        let mut s = screen();
        for k in 0..100 {
            s.end(Nanos(k * P + 2_000_000));
        }
        assert_eq!((s.missed, s.freezes.count, s.interval.count()), (0, 0, 99));
        assert_eq!(s.due(), Nanos(100 * P));
    }

    #[test]
    fn all_of_the_measured_time_is_observed() {
        let mut s = Screen::new(ScreenSpec::GUI60, Nanos(0), (Nanos(10 * P), Nanos(20 * P)));
        for k in 0..=25 {
            let at = Nanos(k * P + P / 3);
            s.add(&Taken::Warmup(Sample { sent: Nanos(at.0 - 5), value: 0.0 }));
            s.end(at);
        }
        s.finish(Nanos(26 * P));
        assert_eq!(s.age.observed(), 10 * P);
    }

    #[test]
    fn a_frame_says_how_old_the_screen_was_before_it_and_after_it() {
        let mut s = Screen::new(ScreenSpec::GUI60, Nanos(0), (Nanos(P), Nanos::NEVER));
        let sample = |sent| Taken::Sample(Sample { sent: Nanos(sent), value: 0.0 });
        s.wake(Nanos(0));
        let (first, measured) = s.end(Nanos(5));
        assert_eq!((first.age_before_ns, first.age_after_ns, measured), (None, None, false));
        s.add(&sample(P - 7));
        s.wake(Nanos(P + 1));
        let (second, measured) = s.end(Nanos(P + 10));
        let wanted =
            ScreenAt { woke_ns: 1, end_ns: 10, age_before_ns: None, age_after_ns: Some(17) };
        assert_eq!((second, measured), (wanted, true));
        s.add(&sample(P + 60));
        s.wake(Nanos(P + 70));
        let (third, _) = s.end(Nanos(P + 100));
        assert_eq!((third.age_before_ns, third.age_after_ns), (Some(107), Some(40)));
    }

    #[test]
    fn outside_its_window_nothing_is_measured() {
        let mut s = Screen::new(ScreenSpec::GUI60, Nanos(0), (Nanos(10 * P), Nanos(20 * P)));
        for k in 0..40 {
            s.wake(Nanos(k * P));
            s.end(Nanos(k * P + 1_000_000));
        }
        assert_eq!(s.interval.count(), 9);
    }
}
