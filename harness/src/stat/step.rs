//! Where figures of many days changed, and stayed changed.
//!
//! Medians of what lies before and behind a place are held against the scatter: the median
//! deviation (Hampel, Journal of the American Statistical Association 69, 1974) of the points
//! around them, and that of each point from the next, whichever is greater. Where one place is
//! found, both sides of it are searched again (binary segmentation: Scott and Knott, Biometrics
//! 30, 1974). A few wild points move no median, and a slow drift is no step.

use std::ops::Range;

use super::resample::median;

/// Points that there must be on each side.
pub const LEAST: usize = 5;

/// Points that are looked at on each side, at most.
const WINDOW: usize = 20;

/// A step is as many times the standard error of the difference of two medians.
const BEYOND: f64 = 6.0;

/// Less than this is none, as a logarithm: 5 %.
const SMALLEST: f64 = 0.05;

/// The share of points on a side that may lie on the far side of the middle.
const STRAY: f64 = 0.3;

/// What figures scatter at least: those that are all the same were rounded.
const ROUNDED: f64 = 0.005;

/// From a median deviation to the standard deviation of what is normal.
const NORMAL: f64 = 1.4826;

/// The standard error of a median over that of a mean, of what is normal: √(π/2).
const MEDIAN: f64 = 1.2533;

/// A change that stayed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The first point behind it.
    pub at: usize,
    /// The median of what lies before it.
    pub before: f64,
    /// The median of what lies behind it.
    pub after: f64,
}

/// The steps of a series of figures above 0, in order. It is their ratios that count: a
/// series with another kind of figure in it has none.
#[must_use]
pub fn steps(values: &[f64]) -> Vec<Step> {
    let log = |value: &f64| (value.is_finite() && *value > 0.0).then(|| value.ln());
    let logs: Option<Vec<f64>> = values.iter().map(log).collect();
    let Some(logs) = logs.filter(|logs| logs.len() >= 2 * LEAST) else { return Vec::new() };
    let jumps: Vec<f64> = logs.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
    // The difference of two points scatters √2 times as much as one.
    let noise = median(&jumps).map_or(0.0, |jump| NORMAL * jump / 2f64.sqrt()).max(ROUNDED);
    let (mut found, mut open) = (Vec::new(), vec![(0, logs.len())]);
    while let Some((start, end)) = open.pop() {
        if let Some(at) = strongest(&logs, &(start..end), noise) {
            open.extend([(start, at), (at, end)]);
            found.push(at);
        }
    }
    found.sort_unstable();
    sides(&logs, &found)
}

/// What lies before and behind each, up to the next one.
fn sides(logs: &[f64], found: &[usize]) -> Vec<Step> {
    let side = |range: Range<usize>| median(&logs[range]).map_or(1.0, f64::exp);
    let step = |(i, at): (usize, &usize)| {
        let start = if i == 0 { 0 } else { found[i - 1] };
        let end = found.get(i + 1).copied().unwrap_or(logs.len());
        let before = side(start.max(at.saturating_sub(WINDOW))..*at);
        Step { at: *at, before, after: side(*at..end.min(at + WINDOW)) }
    };
    found.iter().enumerate().map(step).collect()
}

/// The place in a range that stands out most, if any does enough.
fn strongest(logs: &[f64], range: &Range<usize>, noise: f64) -> Option<usize> {
    if range.len() < 2 * LEAST {
        return None;
    }
    let places = range.start + LEAST..=range.end - LEAST;
    let strong = places.filter_map(|at| {
        let window = around(range, at);
        Some((strength(&logs[window.start..at], &logs[at..window.end], noise)?, at))
    });
    let (_, at) = strong.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    // Windows that are cut short by an end are stronger beside it: the place itself is where
    // both sides are most of one kind.
    let window = around(range, at);
    let first = (window.start + LEAST).max(at - LEAST);
    let last = (window.end - LEAST).min(at + LEAST);
    let left = |at: usize| apart(&logs[window.start..at]) + apart(&logs[at..window.end]);
    (first..=last).min_by(|a, b| left(*a).total_cmp(&left(*b)))
}

/// What is looked at around a place.
fn around(range: &Range<usize>, at: usize) -> Range<usize> {
    range.start.max(at.saturating_sub(WINDOW))..range.end.min(at + WINDOW)
}

/// How many standard errors lie between two sides, where that is enough.
fn strength(before: &[f64], after: &[f64], noise: f64) -> Option<f64> {
    let (low, high) = (median(before)?, median(after)?);
    let change = high - low;
    let share = MEDIAN * (1.0 / before.len() as f64 + 1.0 / after.len() as f64).sqrt();
    if change.abs() < SMALLEST.max(BEYOND * noise * share) {
        return None;
    }
    let around = |side: &[f64], middle: f64| -> Vec<f64> {
        side.iter().map(|value| (value - middle).abs()).collect()
    };
    let apart = [around(before, low), around(after, high)].concat();
    let strength = change.abs() / (share * noise.max(NORMAL * median(&apart)?));
    let middle = f64::midpoint(low, high);
    let beyond = |value: &&f64| (**value > middle) == (change > 0.0);
    let stray = |n: usize, of: usize| n as f64 > STRAY * of as f64;
    let strays = before.iter().filter(beyond).count();
    let kept = after.iter().filter(beyond).count();
    let sound = !stray(strays, before.len()) && !stray(after.len() - kept, after.len());
    (sound && strength >= BEYOND).then_some(strength)
}

/// How far values lie from their median, all together.
fn apart(values: &[f64]) -> f64 {
    let middle = median(values).unwrap_or_default();
    values.iter().map(|value| (value - middle).abs()).sum()
}

#[cfg(test)]
mod tests {
    use super::super::resample::Random;
    use super::*;

    const SERIES: usize = 200;
    const LENGTH: usize = 60;

    /// Figures as runs on a shared machine leave them: they scatter by 3 %, wander by 2 %,
    /// and one in twelve was disturbed, by up to twice.
    fn recorded(random: &mut Random) -> Vec<f64> {
        let mut wander = 0.0;
        let mut one = || {
            // The sum of twelve is nearly normal.
            let mut normal =
                || (0..12).map(|_| random.below(1000)).sum::<usize>() as f64 / 1e3 - 6.0;
            wander = 0.9 * wander + 0.01 * normal();
            let value = 10.0 * (0.03 * normal() + wander).exp();
            let disturbed = random.below(12) == 0;
            value * if disturbed { 1.2 + random.below(80) as f64 / 100.0 } else { 1.0 }
        };
        (0..LENGTH).map(|_| one()).collect()
    }

    /// The control of the next one: fewer than 2 in 100 of such series have a step.
    #[test]
    fn noise_has_hardly_a_step() {
        let mut random = Random::new(7);
        let false_ones = (0..SERIES).filter(|_| !steps(&recorded(&mut random)).is_empty()).count();
        assert!(false_ones <= SERIES / 50, "{false_ones} of {SERIES}");
    }

    #[test]
    fn a_step_of_a_fifth_is_found_where_it_is() {
        for change in [1.2, 1.0 / 1.2] {
            let mut random = Random::new(11);
            let mut found = 0;
            for _ in 0..SERIES {
                let mut values = recorded(&mut random);
                values[30..].iter_mut().for_each(|value| *value *= change);
                let steps = steps(&values);
                let near = |step: &&Step| step.at.abs_diff(30) <= 3;
                found += usize::from(steps.iter().filter(near).count() == 1 && steps.len() == 1);
            }
            assert!(found >= SERIES * 9 / 10, "{found} of {SERIES}");
        }
    }

    #[test]
    fn a_step_says_what_lay_on_both_sides_of_it() {
        let values: Vec<f64> = [10.0, 10.1, 10.2].into_iter().cycle().take(12).collect();
        let more = values.iter().map(|value| value * 1.5);
        let least = values.iter().map(|value| value * 1.2);
        let all: Vec<f64> = values.iter().copied().chain(more).chain(least).collect();
        let found = steps(&all);
        let places: Vec<usize> = found.iter().map(|step| step.at).collect();
        assert_eq!(places, [12, 24]);
        assert!((found[0].before - 10.1).abs() < 0.1 && (found[0].after - 15.15).abs() < 0.1);
        assert!((found[1].before - 15.15).abs() < 0.1 && (found[1].after - 12.12).abs() < 0.1);
    }

    #[test]
    fn few_points_wild_ones_and_none_have_no_step() {
        let count = |values: &[f64]| steps(values).len();
        assert_eq!(count(&[]), 0);
        assert_eq!(count(&[[1.0; 4], [2.0; 4]].concat()), 0, "four on each side");
        assert_eq!(count(&[[1.0; 5], [1.2; 5]].concat()), 1, "five on each side");
        assert_eq!(count(&[1.0; 40]), 0, "nothing changes");
        assert_eq!(count(&[[1.0; 20], [0.0; 20]].concat()), 0, "no ratio");
        let mut wild = [1.0; 40];
        wild[17..21].fill(9.0);
        assert_eq!(count(&wild), 0, "four points that came back");
    }
}
