//! Where figures of many days changed, and stayed changed.
//!
//! Medians of what lies before and behind a place are held against the scatter: the median
//! deviation (Hampel, Journal of the American Statistical Association 69, 1974) of the points
//! around them, and that of each point from the next, whichever is greater. Where one place is
//! found, both sides of it are searched again (binary segmentation: Scott and Knott, Biometrics
//! 30, 1974). A few wild points move no median. A slow drift is no step: of a step, most of the
//! change lies between the points next to it.

use std::ops::Range;

use super::resample::median;

/// Points that there must be on each side.
pub const LEAST: usize = 5;

/// Points that are looked at on each side, at most.
const WINDOW: usize = 20;

/// A step is as many times the standard error of the difference of two medians, in a series
/// of no more than [`USUAL`] points.
const BEYOND: f64 = 6.0;

/// Where there are more points there are more places to be wrong at: so much is added for
/// each time that a series is e times as long. Found by series that only scatter.
const LONGER: f64 = 0.35;

/// A series of no more than so many points is no long one.
const USUAL: f64 = 60.0;

/// So much of a change lies between the points next to its place.
const NEAR: f64 = 0.5;

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
    let bar = Bar { noise, beyond: beyond(logs.len()) };
    let (mut found, mut open) = (Vec::new(), vec![(0, logs.len())]);
    while let Some((start, end)) = open.pop() {
        if let Some(at) = strongest(&logs, &(start..end), bar) {
            open.extend([(start, at), (at, end)]);
            found.push(at);
        }
    }
    found.sort_unstable();
    kept(&logs, found)
}

/// What a change is held against.
#[derive(Clone, Copy)]
struct Bar {
    /// The scatter of a point.
    noise: f64,
    /// So many standard errors are a step.
    beyond: f64,
}

/// How many standard errors make a step in a series of so many points.
fn beyond(points: usize) -> f64 {
    BEYOND + LONGER * (points as f64 / USUAL).ln().max(0.0)
}

/// The steps at these places. What another one between took most of is none any more.
fn kept(logs: &[f64], mut found: Vec<usize>) -> Vec<Step> {
    loop {
        let all = sides(logs, &found);
        let changes = all.iter().map(|step| (step.after / step.before).ln().abs()).enumerate();
        let least = changes.min_by(|a, b| a.1.total_cmp(&b.1));
        match least.filter(|(_, change)| *change < SMALLEST) {
            Some((i, _)) => {
                found.remove(i);
            }
            None => return all,
        }
    }
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
fn strongest(logs: &[f64], range: &Range<usize>, bar: Bar) -> Option<usize> {
    if range.len() < 2 * LEAST {
        return None;
    }
    let places = range.start + LEAST..=range.end - LEAST;
    let strong = places.filter_map(|at| {
        let window = around(range, at);
        Some((strength(&logs[window.start..at], &logs[at..window.end], bar)?, at))
    });
    let mut strong: Vec<(f64, usize)> = strong.collect();
    strong.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut places = strong.into_iter().map(|(_, at)| place(logs, range, at));
    places.find(|at| sudden(logs, range, *at))
}

/// Windows that are cut short by an end are stronger beside a place: the place itself is
/// where both sides are most of one kind.
fn place(logs: &[f64], range: &Range<usize>, at: usize) -> usize {
    let window = around(range, at);
    let first = (window.start + LEAST).max(at - LEAST);
    let last = (window.end - LEAST).min(at + LEAST);
    let left = |at: usize| apart(&logs[window.start..at]) + apart(&logs[at..window.end]);
    (first..=last).min_by(|a, b| left(*a).total_cmp(&left(*b))).unwrap_or(at)
}

/// Whether most of a change is there at once: the far ends of a drift lie apart, too.
fn sudden(logs: &[f64], range: &Range<usize>, at: usize) -> bool {
    let window = around(range, at);
    let between = |before: Range<usize>, after: Range<usize>| {
        Some(median(&logs[after])? - median(&logs[before])?)
    };
    let change = between(window.start..at, at..window.end).unwrap_or_default();
    let near = between(at - LEAST..at, at..at + LEAST).unwrap_or_default();
    near * change > 0.0 && near.abs() >= NEAR * change.abs()
}

/// What is looked at around a place.
fn around(range: &Range<usize>, at: usize) -> Range<usize> {
    range.start.max(at.saturating_sub(WINDOW))..range.end.min(at + WINDOW)
}

/// How many standard errors lie between two sides, where that is enough.
fn strength(before: &[f64], after: &[f64], bar: Bar) -> Option<f64> {
    let (low, high) = (median(before)?, median(after)?);
    let change = high - low;
    let share = MEDIAN * (1.0 / before.len() as f64 + 1.0 / after.len() as f64).sqrt();
    if change.abs() < SMALLEST.max(bar.beyond * bar.noise * share) {
        return None;
    }
    let around = |side: &[f64], middle: f64| -> Vec<f64> {
        side.iter().map(|value| (value - middle).abs()).collect()
    };
    let apart = [around(before, low), around(after, high)].concat();
    let strength = change.abs() / (share * bar.noise.max(NORMAL * median(&apart)?));
    let middle = f64::midpoint(low, high);
    let beyond = |value: &&f64| (**value > middle) == (change > 0.0);
    let stray = |n: usize, of: usize| n as f64 > STRAY * of as f64;
    let strays = before.iter().filter(beyond).count();
    let kept = after.iter().filter(beyond).count();
    let sound = !stray(strays, before.len()) && !stray(after.len() - kept, after.len());
    (sound && strength >= bar.beyond).then_some(strength)
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
    fn recorded(random: &mut Random, length: usize) -> Vec<f64> {
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
        (0..length).map(|_| one()).collect()
    }

    /// The control of the next one: no more than 2 in 100 of such series have a step, however
    /// long they are.
    #[test]
    fn noise_has_hardly_a_step() {
        for (length, series) in [(LENGTH, SERIES), (1_000, SERIES / 2)] {
            let mut random = Random::new(7);
            let is_false = |_: &usize| !steps(&recorded(&mut random, length)).is_empty();
            let false_ones = (0..series).filter(is_false).count();
            assert!(false_ones <= series / 50, "{false_ones} of {series} of {length} points");
        }
    }

    #[test]
    fn a_slow_drift_is_no_step() {
        for each in [1.01f64, 1.003, 1.0 / 1.01] {
            let drift: Vec<f64> = (0..60).map(|i| each.powi(i)).collect();
            assert!(steps(&drift).is_empty(), "{each}");
        }
        // The control: a step on top of it is one.
        let both: Vec<f64> =
            (0..60).map(|i| 1.003f64.powi(i) * if i < 30 { 1.0 } else { 1.5 }).collect();
        let places: Vec<usize> = steps(&both).iter().map(|step| step.at).collect();
        assert_eq!(places, [30]);
    }

    #[test]
    fn more_points_ask_for_a_clearer_step() {
        assert_eq!((beyond(10), beyond(60)), (BEYOND, BEYOND));
        assert!((6.9..7.1).contains(&beyond(1_000)), "{}", beyond(1_000));
    }

    /// Three places of which the middle one is left with 2 %.
    #[test]
    fn what_is_left_of_a_step_between_others_is_none() {
        let logs: Vec<f64> = [[0.0; 10], [0.3; 10], [0.32; 10], [0.9; 10]].concat();
        let places: Vec<usize> = kept(&logs, vec![10, 20, 30]).iter().map(|s| s.at).collect();
        assert_eq!(places, [10, 30]);
    }

    #[test]
    fn a_step_of_a_fifth_is_found_where_it_is() {
        for change in [1.2, 1.0 / 1.2] {
            let mut random = Random::new(11);
            let mut found = 0;
            for _ in 0..SERIES {
                let mut values = recorded(&mut random, LENGTH);
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
