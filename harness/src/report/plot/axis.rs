//! Axes: what a place on them stands for, and where their ticks stand.
//!
//! Logarithms are taken here and nowhere else in a plot: marks are given in their own
//! units, and an axis says the same to the script of the page, which reads values back
//! out of places.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use super::drawing::number;
use super::unit::Unit;

/// Greater values than this stand where this one does: there is nothing that large to measure.
const MOST: f64 = 1e30;

/// More labels than this stand too close.
const MOST_TICKS: usize = 9;

/// What a scale does to a value before it becomes a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// Nothing.
    Linear,
    /// log10.
    Log,
    /// log10(1/(1−p)) of p in percent: each further nine takes as much room.
    Percentile,
}

impl Scale {
    /// Its name in the page.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Log => "log",
            Self::Percentile => "percentile",
        }
    }

    pub(super) fn place(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log if value > 1e-9 => value.min(MOST).log10(),
            // Nothing has no logarithm: it stands at the foot of whatever axis there is.
            Self::Log => -9.0,
            Self::Percentile => -(1.0 - value / 100.0).max(1e-12).log10(),
        }
    }
}

/// An axis.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) scale: Scale,
    /// The column of the data that stands on it.
    pub(super) column: String,
    /// What it is, with its unit where ticks do not say so.
    pub(super) name: String,
    /// From where to where, in places.
    range: Range<f64>,
    /// Ticks, in places.
    ticks: Vec<(f64, String)>,
}

impl Axis {
    /// Percentiles from 0 to where so many samples are left above: 1/(1−p) reaches
    /// `reach`.
    pub(super) fn percentiles(reach: f64) -> Self {
        let end = reach.max(2.0).log10();
        let ticks = [1.0, 2.0].into_iter().chain((1..12).map(|k| 10f64.powi(k)));
        let ticks = ticks.map(f64::log10).filter(|x| *x <= end + 1e-9);
        Self {
            scale: Scale::Percentile,
            column: "percentile_pct".to_owned(),
            name: "percentile".to_owned(),
            range: 0.0..end,
            ticks: ticks.map(|x| (x, nines(x))).collect(),
        }
    }

    /// A logarithmic axis over values, all above 0, with a little room at both ends.
    /// Ticks are powers of ten, with as many round values between them as there is room
    /// for.
    pub(super) fn log(name: &str, unit: Unit, values: impl IntoIterator<Item = f64>) -> Self {
        let values = values.into_iter().filter(|v| *v > 0.0);
        let (low, high) = ends(values.map(|v| Scale::Log.place(v)));
        // At least a factor of two, so that what hardly differs does not look as if it did.
        let middle = f64::midpoint(low, high);
        let (low, high) = ((low - 0.05).min(middle - 0.15), (high + 0.05).max(middle + 0.15));
        // One decade in so many has a tick, where there are more of them than labels.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "forty decades at most"
        )]
        let every = ((high - low) / MOST_TICKS as f64).ceil().max(1.0) as usize;
        let inside = |steps: &[f64]| -> Vec<f64> {
            (-10..32)
                .step_by(every)
                .flat_map(|k| steps.iter().map(move |s| s * 10f64.powi(k)))
                .filter(|v| (low..=high).contains(&v.log10()))
                .collect()
        };
        let fine = [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0];
        let ticks = [&fine[..], &[1.0, 2.0, 5.0]]
            .into_iter()
            .map(inside)
            .find(|t| t.len() <= MOST_TICKS)
            .unwrap_or_else(|| inside(&[1.0]));
        Self {
            scale: Scale::Log,
            column: unit.column(name),
            name: name.to_owned(),
            range: low..high,
            ticks: ticks.into_iter().map(|v| (v.log10(), unit.tick(v))).collect(),
        }
    }

    /// A logarithmic axis whose ticks are the values themselves: a few sizes.
    pub(super) fn steps(name: &str, unit: Unit, values: &[f64]) -> Self {
        let mut axis = Self::log(name, unit, values.iter().copied());
        let ticks = values.iter().filter(|v| axis.holds(**v));
        axis.ticks = ticks.map(|v| (axis.place(*v), unit.tick(*v))).collect();
        axis
    }

    /// A linear axis from `low` to `high`, with round ticks.
    pub(super) fn linear(name: &str, unit: Unit, low: f64, high: f64) -> Self {
        let [low, high] = [low, high].map(sane);
        let least = 1e-9 * low.abs().max(1.0);
        let high = if high > low + least { high } else { low + least.max(1.0) };
        let step = round_step((high - low) / 6.0);
        let first = (low / step).ceil();
        let ticks =
            (0..20).map(|i| (first + f64::from(i)) * step).filter(|v| *v <= high + step * 1e-6);
        Self {
            scale: Scale::Linear,
            column: unit.column(name),
            name: name.to_owned(),
            range: low..high,
            ticks: ticks.map(|v| (v, unit.tick(v))).collect(),
        }
    }

    /// The same without ticks, for a panel above another that has them.
    pub(super) fn bare(&self) -> Self {
        Self { ticks: Vec::new(), ..self.clone() }
    }

    /// The same with no more than so many ticks, for a panel that is low.
    pub(super) fn thinned(&self, most: usize) -> Self {
        let every = self.ticks.len().div_ceil(most.max(1)).max(1);
        let ticks = self.ticks.iter().step_by(every).cloned().collect();
        Self { ticks, ..self.clone() }
    }

    /// Where a value stands on it.
    pub(super) fn place(&self, value: f64) -> f64 {
        self.scale.place(value)
    }

    /// A value as data. What is left of 100 % is what counts: 99.999 % is not 100 %.
    pub(super) fn data(&self, value: f64) -> String {
        let rest = 100.0 - value;
        if self.scale != Scale::Percentile || rest <= 0.0 {
            return number(value);
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let digits = (3.0 - rest.log10().floor()).clamp(2.0, 12.0) as usize;
        let text = format!("{value:.digits$}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }

    /// Where it begins and ends, in places.
    pub(super) const fn ends(&self) -> (f64, f64) {
        (self.range.start, self.range.end)
    }

    /// Whether a value lies on it.
    pub(super) fn holds(&self, value: f64) -> bool {
        let place = self.place(value);
        (self.range.start..=self.range.end).contains(&place)
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        // A record may say anything: what lies far beyond the axis stays where pixels have
        // numbers.
        let share = share.clamp(-4.0, 5.0);
        #[expect(clippy::cast_possible_truncation, reason = "a pixel is a whole number")]
        let offset = (share * f64::from(limit.1 - limit.0)).round() as i32;
        limit.0 + offset
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            Vec::new()
        } else {
            self.ticks.iter().map(|(at, _)| *at).collect()
        }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        let near = |(at, _): &&(f64, String)| (at - value).abs() < 1e-9;
        self.ticks.iter().find(near).map(|(_, label)| label.clone()).unwrap_or_default()
    }
}

/// A value as far as it can be drawn: numbers of a record may be anything.
fn sane(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value.clamp(-MOST, MOST) }
}

fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    if low <= high { (low, high) } else { (0.0, 1.0) }
}

/// 1, 2 or 5 times a power of ten, and not below `least`.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.max(1e-12).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|s| s * power >= least * (1.0 - 1e-9));
    step.unwrap_or(10.0) * power
}

/// `99.9 %`, of log10(1/(1−p)).
fn nines(x: f64) -> String {
    let p = 100.0 * (1.0 - 10f64.powf(-x));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a tick lies between 0 and 11"
    )]
    let digits = (x.round() as usize).saturating_sub(2);
    format!("{p:.digits$} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_labelled_in_nines() {
        for (x, shown) in [(1.0, "0 %"), (2.0, "50 %"), (10.0, "90 %"), (100.0, "99 %")] {
            assert_eq!(nines(f64::log10(x)), shown);
        }
        assert_eq!(nines(3.0), "99.9 %");
        assert_eq!(nines(5.0), "99.999 %");
    }

    #[test]
    fn many_decades_are_not_crowded_and_few_are_not_bare() {
        let ticks = |low: f64, high: f64| {
            Axis::log("span", Unit::Nanos, [10f64.powf(low), 10f64.powf(high)]).ticks.len()
        };
        assert_eq!(ticks(0.0, 8.0), 9);
        for start in 0..20 {
            let low = 6.0 + f64::from(start) / 20.0;
            let few = ticks(low, low + 0.1);
            assert!((2..=MOST_TICKS).contains(&few), "{few} from {low}");
        }
    }

    #[test]
    fn the_ends_of_an_axis_are_the_ends_of_its_pixels() {
        let axis = Axis::percentiles(1e4);
        assert_eq!(axis.map(&0.0, (10, 410)), 10);
        assert_eq!(axis.map(&4.0, (10, 410)), 410);
        assert_eq!(axis.map(&1.0, (400, 0)), 300);
        assert_eq!(axis.map(&axis.place(99.0), (10, 410)), 210);
    }

    #[test]
    fn numbers_that_nobody_measured_stay_near_the_image() {
        let absurd = [f64::MAX, f64::MIN_POSITIVE, 1e-320, f64::INFINITY, f64::NAN, -1.0, 0.0];
        let log = Axis::log("span", Unit::Nanos, absurd);
        let linear = Axis::linear("time", Unit::Seconds, -1e308, 1e308);
        let flat = Axis::linear("time", Unit::Seconds, f64::NAN, f64::NAN);
        for axis in [log, linear, flat] {
            let (low, high) = axis.ends();
            assert!(low.is_finite() && low < high, "{axis:?}");
            assert!((1..=2 * MOST_TICKS).contains(&axis.ticks.len()), "{axis:?}");
            for value in absurd {
                let pixel = axis.map(&axis.place(value), (0, 400));
                assert!((-1_600..=2_000).contains(&pixel), "{value}: {pixel}");
            }
        }
        assert_eq!(Axis::log("span", Unit::Count, [1.0, 1e8]).ticks.len(), 9, "the control");
    }

    #[test]
    fn linear_ticks_are_round_and_within() {
        let axis = Axis::linear("time", Unit::Seconds, 0.0, 1.9);
        let labels: Vec<&str> = axis.ticks.iter().map(|(_, l)| &l[..]).collect();
        assert_eq!(labels, ["0 s", "0.5 s", "1 s", "1.5 s"]);
        let axis = Axis::linear("change", Unit::Percent, -4.2, 11.0);
        assert!(axis.ticks.len() <= MOST_TICKS && axis.ticks.len() >= 3, "{axis:?}");
        assert!(Axis::linear("x", Unit::Count, 3.0, 3.0).ends().1 > 3.0, "nothing between");
    }

    #[test]
    fn an_axis_without_values_is_still_one() {
        let axis = Axis::log("span", Unit::Nanos, [0.0]);
        let (low, high) = axis.ends();
        assert!(low < high && axis.place(0.0).is_finite());
    }
}
