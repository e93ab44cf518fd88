//! The course of one trial: what a cell's percentiles are made of, laid out over time.
//!
//! A percentile says how bad it was, not when. This says when: latency in stretches of
//! equal length, each frame that was drawn, sends that waited, and some frames followed
//! from their due time to the screen. It is kept of one trial of a cell, the first that
//! is booked (repeat 1): courses of several trials cannot be added up.
//!
//! All moments are offsets in nanoseconds from the beginning of the measured window,
//! after the warm-up, so that one may be negative: the first frames can have been due
//! before it. However long a trial is, no list here is longer than its bound.

use serde::{Deserialize, Serialize};

use crate::ground::Nanos;

/// Stretches there are at most.
pub const STRETCHES: usize = 512;

/// Drawn frames that are kept; behind them, they are counted.
pub const SCREENS: usize = 2_048;

/// Stalls that are kept; behind them, they are counted.
pub const STALLS: usize = 256;

/// Frames that are followed.
pub const FLIGHTS: usize = 256;

/// What the stretches hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Latency {
    /// `seen − due`: frames have a due time on a schedule.
    #[default]
    Response,
    /// `seen − sent`: they were sent flat out.
    Transit,
    /// There and back.
    Rtt,
}

impl Latency {
    /// What the metric is called.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Response => "response",
            Self::Transit => "transit",
            Self::Rtt => "rtt",
        }
    }
}

/// The course of one trial.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timeline {
    /// For how long it was observed.
    pub span_ns: u64,
    /// What the stretches hold.
    pub latency: Latency,
    /// How long a stretch is.
    pub stretch_ns: u64,
    /// At most [`STRETCHES`], the first from 0 on. One that saw nothing is there and empty,
    /// but for those behind the last frame.
    pub stretches: Vec<Stretch>,
    /// At most [`SCREENS`], in the order in which they were drawn.
    pub screens: Vec<ScreenAt>,
    /// Frames that were drawn after those.
    pub screens_beyond: u64,
    /// At most [`STALLS`], in the order in which they were: sends over 1 ms. None of a
    /// sensor on another host, by whose clock they are.
    pub stalls: Vec<StallAt>,
    /// Stalls after those.
    pub stalls_beyond: u64,
    /// Every frame whose number is a multiple of this is followed, if it arrived.
    pub stride: u64,
    /// At most [`FLIGHTS`], in the order in which they were seen.
    pub flights: Vec<Flight>,
}

/// What was seen in a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stretch {
    /// Frames whose latency is known.
    #[serde(skip_serializing_if = "is_zero")]
    pub count: u64,
    /// The least latency of theirs; 0 where there are none.
    #[serde(skip_serializing_if = "is_zero")]
    pub low_ns: u64,
    /// The greatest.
    #[serde(skip_serializing_if = "is_zero")]
    pub high_ns: u64,
    /// All together.
    #[serde(skip_serializing_if = "is_zero")]
    pub sum_ns: u64,
    /// Numbers that were passed over when a frame of this stretch arrived: frames that
    /// were dropped, were lost, or came late. What is missing behind the last frame
    /// that arrived is in no stretch.
    #[serde(skip_serializing_if = "is_zero")]
    pub missing: u64,
}

/// A frame that was drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScreenAt {
    /// When the screen woke to draw it.
    pub woke_ns: i64,
    /// When it was on the screen.
    pub end_ns: i64,
    /// How old the newest sample on the screen was just before; absent where there was
    /// none, or one from the future.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_before_ns: Option<u64>,
    /// The same just after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_after_ns: Option<u64>,
}

/// A send that waited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StallAt {
    /// When it began.
    pub at_ns: i64,
    /// How long it took.
    pub took_ns: u64,
}

/// A frame that was followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Flight {
    /// Its number.
    pub seq: u64,
    /// When it was due, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_ns: Option<i64>,
    /// When it was written.
    pub sent_ns: i64,
    /// When it was read.
    pub seen_ns: i64,
    /// When it was on the screen, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown_ns: Option<i64>,
}

impl Timeline {
    /// The same with what a sensor says of its sends: the first of those that waited, and
    /// how many waited in all.
    #[must_use]
    pub fn with_stalls(mut self, stalls: &[StallAt], all: u64) -> Self {
        let kept = stalls.len().min(STALLS);
        self.stalls = stalls[..kept].to_vec();
        self.stalls_beyond = all.saturating_sub(kept as u64);
        self
    }

    /// Numbers that were passed over in all.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.stretches.iter().fold(0, |sum, stretch| sum.saturating_add(stretch.missing))
    }
}

impl Stretch {
    /// Nothing was seen in it yet: the first latency is the least.
    pub(super) const EMPTY: Self =
        Self { count: 0, low_ns: u64::MAX, high_ns: 0, sum_ns: 0, missing: 0 };

    /// The mean latency.
    #[must_use]
    pub const fn mean_ns(&self) -> Option<u64> {
        self.sum_ns.checked_div(self.count)
    }

    /// This and its neighbour as one, while they are kept.
    pub(super) fn and(&self, other: &Self) -> Self {
        Self {
            count: self.count + other.count,
            low_ns: self.low_ns.min(other.low_ns),
            high_ns: self.high_ns.max(other.high_ns),
            sum_ns: self.sum_ns.saturating_add(other.sum_ns),
            missing: self.missing + other.missing,
        }
    }
}

/// How long after `origin` a moment is; negative where it is before it.
pub(super) const fn offset(at: Nanos, origin: Nanos) -> i64 {
    // Stamps of a guest may be anything: wrong ones come out wrong, and nothing breaks.
    at.0.wrapping_sub(origin.0).cast_signed()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(n: &u64) -> bool {
    *n == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_survives_the_way_through_a_file() {
        let course = Timeline {
            span_ns: 2_000_000,
            latency: Latency::Transit,
            stretch_ns: 1_000_000,
            stretches: vec![
                Stretch { count: 2, low_ns: 5, high_ns: 9, sum_ns: 14, missing: 1 },
                Stretch::default(),
            ],
            screens: vec![ScreenAt { woke_ns: -3, end_ns: 8, ..ScreenAt::default() }],
            stride: 1,
            flights: vec![Flight { due_ns: Some(-1), ..Flight::default() }],
            ..Timeline::default()
        };
        let text = serde_json::to_string(&course).unwrap();
        assert_eq!(serde_json::from_str::<Timeline>(&text).unwrap(), course);
        assert!(text.contains("{}"), "what is nothing takes no room: {text}");
        // What a later version adds or an earlier one lacks is no fault.
        let other: Timeline = serde_json::from_str(r#"{"span_ns":7,"news":[1]}"#).unwrap();
        assert_eq!((other.span_ns, other.flights.len()), (7, 0));
    }

    #[test]
    fn stalls_beyond_the_bound_are_counted() {
        let many = vec![StallAt { at_ns: 1, took_ns: 2_000_000 }; STALLS + 7];
        let course = Timeline::default().with_stalls(&many, 1_000);
        assert_eq!((course.stalls.len(), course.stalls_beyond), (STALLS, 1_000 - STALLS as u64));
        // Control: where all are kept, none are beyond.
        let course = Timeline::default().with_stalls(&many[..3], 3);
        assert_eq!((course.stalls.len(), course.stalls_beyond), (3, 0));
    }

    #[test]
    fn a_moment_before_the_window_is_negative() {
        assert_eq!(offset(Nanos(90), Nanos(100)), -10);
        assert_eq!(offset(Nanos(110), Nanos(100)), 10);
    }
}
