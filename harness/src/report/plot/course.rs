//! Latency over time: when it was bad, and beside what. One strip for each transport, over
//! the same axes, with sends that stalled and frames that went missing marked.

use pipefit::role::timeline::{Latency, Stretch, Timeline};
use pipefit::run::record::Cell;

use super::axis::Axis;
use super::group::{Group, groups, series};
use super::lines::Tone;
use super::strips::{Flag, Strip, Strips};
use super::unit::Unit;
use super::{Drawing, PlotError, Words};
use crate::report::Run;
use crate::report::figure::grouped;

/// Stretches of a strip: more are put together, so that a page stays small.
const STRETCHES: usize = 32;

/// A scenario that draws is read from its screen.
fn is_drawn(timeline: &Timeline) -> bool {
    !timeline.screens.is_empty()
}

/// Strips of latency over time, for each set of terms.
pub(super) fn course(run: &Run<'_>, scenario: &str) -> Vec<Result<Drawing, PlotError>> {
    // Flat out, latency is how long the queue is; there and back, one waits for the other.
    if matches!(scenario, "max" | "rtt") {
        return Vec::new();
    }
    // What was sent flat out has no due time: one latency is not laid beside another.
    let kinds = [Latency::Response, Latency::Transit, Latency::Rtt];
    let groups = groups(run, scenario);
    let plots = groups.iter().flat_map(|g| kinds.iter().filter_map(move |k| plot(run, g, *k)));
    plots.map(Strips::draw).collect()
}

fn plot(run: &Run<'_>, group: &Group<'_>, kind: Latency) -> Option<Strips> {
    let find = |cell: &Cell| {
        let found = run.curves.timelines.get(&cell.id).filter(|t| t.latency == kind);
        found.filter(|t| !is_drawn(t) && t.stretches.iter().any(|s| s.count > 0))
    };
    let drawn = group.drawn(find);
    if drawn.is_empty() {
        return None;
    }
    let latency = kind.word();
    let cells: Vec<&Cell> = drawn.iter().map(|(cell, _)| *cell).collect();
    let samples: Vec<u64> = drawn.iter().map(|(_, timeline)| counted_in(timeline)).collect();
    let span = drawn.iter().map(|(_, t)| t.span_ns).max().unwrap_or(0) as f64 / 1e9;
    let strips: Vec<Strip> = series(run, &cells)
        .into_iter()
        .zip(&drawn)
        .map(|(series, (_, timeline))| strip(series, timeline))
        .collect();
    let values = strips.iter().flat_map(|s| s.band.iter().flat_map(|(_, low, high)| [*low, *high]));
    let y = Axis::log(&format!("highest {latency}"), Unit::Nanos, values);
    let columns = ["time_s".to_owned(), y.column.clone()]
        .into_iter()
        .chain(["lowest_ns", "mean_ns", "n", "missing"].map(str::to_owned));
    Some(Strips {
        words: Words {
            title: format!("{}: {latency} over time", group.scenario),
            terms: format!("{}, of the first repeat", group.terms(&cells, &samples)),
            note: "Each strip from the lowest to the highest of short stretches of time, with \
                   the mean as a line; the same axes for all. Marked over the whole height: \
                   sends that waited over 1 ms, and stretches in which frames were missing, or \
                   late, when a later one came."
                .to_owned(),
            left_out: group.left_out(find),
        },
        x: Axis::linear("time", Unit::Seconds, 0.0, span),
        y,
        strips,
        beside: None,
        columns: columns.collect(),
    })
}

fn strip(series: super::Series, timeline: &Timeline) -> Strip {
    let (merged, length) = merge(&timeline.stretches, timeline.stretch_ns);
    let middle = |i: usize| (i as f64 + 0.5) * length / 1e9;
    let known = || merged.iter().enumerate().filter(|(_, s)| s.count > 0);
    let mean = |s: &Stretch| s.mean_ns().unwrap_or(0) as f64;
    let mut flags: Vec<Flag> = timeline
        .stalls
        .iter()
        .map(|stall| {
            let from = stall.at_ns as f64 / 1e9;
            Flag { from, to: from + stall.took_ns as f64 / 1e9, tone: Tone::Doubt }
        })
        .collect();
    flags.extend(merged.iter().enumerate().filter(|(_, s)| s.missing > 0).map(|(i, _)| Flag {
        from: i as f64 * length / 1e9,
        to: (i + 1) as f64 * length / 1e9,
        tone: Tone::Bad,
    }));
    let stalls = timeline.stalls_beyond.saturating_add(timeline.stalls.len() as u64);
    let what = if stalls == 1 { "stall" } else { "stalls" };
    let about = [(stalls, what), (timeline.missing(), "missing")];
    let about: Vec<String> = about
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{} {what}", grouped(*n)))
        .collect();
    Strip {
        series,
        about: about.join(", "),
        lines: vec![known().map(|(i, s)| (middle(i), mean(s))).collect()],
        band: known().map(|(i, s)| (middle(i), s.low_ns as f64, s.high_ns as f64)).collect(),
        flags,
        held: Vec::new(),
        rows: merged
            .iter()
            .enumerate()
            .filter(|(_, s)| s.count > 0 || s.missing > 0)
            .map(|(i, s)| {
                let numbers = [s.high_ns, s.low_ns, s.mean_ns().unwrap_or(0), s.count, s.missing];
                std::iter::once(middle(i)).chain(numbers.map(|n| n as f64)).collect()
            })
            .collect(),
    }
}

/// Frames whose latency is known.
fn counted_in(timeline: &Timeline) -> u64 {
    timeline.stretches.iter().fold(0, |sum, stretch| sum.saturating_add(stretch.count))
}

/// Neighbours together, so that there are at most [`STRETCHES`]; and how long each is, in
/// nanoseconds.
fn merge(stretches: &[Stretch], length: u64) -> (Vec<Stretch>, f64) {
    let each = stretches.len().div_ceil(STRETCHES).max(1);
    let merged = stretches.chunks(each).map(|chunk| {
        let known = || chunk.iter().filter(|s| s.count > 0);
        Stretch {
            count: chunk.iter().fold(0, |sum, s| sum.saturating_add(s.count)),
            low_ns: known().map(|s| s.low_ns).min().unwrap_or(0),
            high_ns: known().map(|s| s.high_ns).max().unwrap_or(0),
            sum_ns: chunk.iter().fold(0, |sum, s| sum.saturating_add(s.sum_ns)),
            missing: chunk.iter().fold(0, |sum, s| sum.saturating_add(s.missing)),
        }
    });
    (merged.collect(), each as f64 * length as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_put_together_lose_nothing() {
        let one = |i: u64| Stretch {
            count: i % 3,
            low_ns: 10 + i,
            high_ns: 100 + i,
            sum_ns: i,
            missing: u64::from(i == 200),
        };
        let all: Vec<Stretch> = (0..300).map(one).collect();
        let (merged, length) = merge(&all, 1_000);
        assert!(merged.len() <= STRETCHES && length == 10_000.0, "{} {length}", merged.len());
        assert_eq!(
            merged.iter().map(|s| s.count).sum::<u64>(),
            all.iter().map(|s| s.count).sum::<u64>()
        );
        assert_eq!(merged[20].missing, 1, "where it was");
        assert_eq!(merged.iter().map(|s| s.missing).sum::<u64>(), 1);
        assert_eq!((merged[0].low_ns, merged[0].high_ns), (11, 108), "of those that count");
    }
}
