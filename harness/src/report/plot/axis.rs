//! Axes that hold logarithms, and say at their ticks what those stand for.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// More labels than this stand too close.
const MOST_TICKS: usize = 9;

/// An axis over log10 of what it shows.
#[derive(Clone, Debug)]
pub(super) struct LogAxis {
    range: Range<f64>,
    ticks: Vec<f64>,
    label: fn(f64) -> String,
}

impl LogAxis {
    /// 1/(1−p) from 1 to 10 to the power of `end`.
    pub(super) fn percentiles(end: f64) -> Self {
        let ticks = [1.0, 2.0].into_iter().chain((1..12).map(|k| 10f64.powi(k)));
        let ticks = ticks.map(f64::log10).filter(|x| *x <= end + 1e-9).collect();
        Self { range: 0.0..end, ticks, label: percentile }
    }

    /// Spans in nanoseconds, from 10 to the power of `low` to that of `high`. Ticks
    /// are powers of ten, with as many round values between them as there is room for.
    pub(super) fn spans(low: f64, high: f64) -> Self {
        let ticks = |steps: &[f64]| -> Vec<f64> {
            (0..14)
                .flat_map(|k| steps.iter().map(move |s| (s * 10f64.powi(k)).log10()))
                .filter(|y| (low..=high).contains(y))
                .collect()
        };
        let fine = [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0];
        let ticks = [&fine[..], &[1.0, 2.0, 5.0]]
            .into_iter()
            .map(ticks)
            .find(|t| t.len() <= MOST_TICKS)
            .unwrap_or_else(|| ticks(&[1.0]));
        Self { range: low..high, ticks, label: span }
    }
}

impl Ranged for LogAxis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        #[expect(clippy::cast_possible_truncation, reason = "a pixel is a whole number")]
        let offset = (share * f64::from(limit.1 - limit.0)).round() as i32;
        limit.0 + offset
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for LogAxis {
    fn format_ext(&self, value: &f64) -> String {
        (self.label)(*value)
    }
}

/// `99.9 %`, of log10(1/(1−p)).
fn percentile(x: f64) -> String {
    let p = 100.0 * (1.0 - 10f64.powf(-x));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a tick lies between 0 and 11"
    )]
    let digits = (x.round() as usize).saturating_sub(2);
    format!("{p:.digits$} %")
}

/// `20 µs`, of log10(ns); ticks have two digits at most.
fn span(y: f64) -> String {
    let ns = 10f64.powf(y);
    let (value, unit) = match ns {
        n if n < 999.5 => (n, "ns"),
        n if n < 999.5e3 => (n / 1e3, "µs"),
        n if n < 999.5e6 => (n / 1e6, "ms"),
        n => (n / 1e9, "s"),
    };
    format!("{} {unit}", (value * 10.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_labelled_in_nines_and_in_units() {
        for (x, shown) in [(1.0, "0 %"), (2.0, "50 %"), (10.0, "90 %"), (100.0, "99 %")] {
            assert_eq!(percentile(f64::log10(x)), shown);
        }
        assert_eq!(percentile(3.0), "99.9 %");
        assert_eq!(percentile(5.0), "99.999 %");
        assert_eq!(span(2e4f64.log10()), "20 µs");
        assert_eq!(span(5e8f64.log10()), "500 ms");
        assert_eq!(span(1.2e6f64.log10()), "1.2 ms");
        assert_eq!(span(9.0), "1 s");
    }

    #[test]
    fn many_decades_are_not_crowded_and_few_are_not_bare() {
        assert_eq!(LogAxis::spans(0.0, 8.0).ticks.len(), 9);
        assert_eq!(LogAxis::spans(3.2, 5.2).ticks.len(), 6);
        for start in 0..20 {
            let low = 6.0 + f64::from(start) / 20.0;
            let few = LogAxis::spans(low, low + 0.3).ticks.len();
            assert!((2..=MOST_TICKS).contains(&few), "{few} from {low}");
        }
    }

    #[test]
    fn the_ends_of_an_axis_are_the_ends_of_its_pixels() {
        let axis = LogAxis::percentiles(4.0);
        assert_eq!(axis.map(&0.0, (10, 410)), 10);
        assert_eq!(axis.map(&4.0, (10, 410)), 410);
        assert_eq!(axis.map(&1.0, (400, 0)), 300);
    }
}
