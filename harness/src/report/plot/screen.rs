//! What a screen did over time: how long from one frame to the next, and how old the
//! picture was, tooth by tooth, where it was oldest.

use pipefit::role::screen::FREEZE;
use pipefit::role::timeline::{SCREENS, ScreenAt, Timeline};
use pipefit::run::record::Cell;

use super::axis::Axis;
use super::group::{Group, groups, series};
use super::held::{Held, held};
use super::lines::Tone;
use super::strips::{Flag, Strip, Strips};
use super::unit::Unit;
use super::{Drawing, PlotError, Series, Words};
use crate::report::Run;
use crate::report::figure::grouped;

/// How much of the saw-tooth is drawn, in nanoseconds: eighteen teeth.
const WINDOW: i64 = 300_000_000;

/// A frame at 60 Hz, in milliseconds.
const FRAME: f64 = 16.666_667;

/// Frames of a strip: the greatest of some in a row stands for all of them.
const FRAMES: usize = 40;

/// Time from one frame to the next, over time.
pub(super) fn intervals(run: &Run<'_>, scenario: &str) -> Vec<Result<Drawing, PlotError>> {
    let groups = groups(run, scenario);
    groups.iter().filter_map(|group| interval_plot(run, group)).map(Strips::draw).collect()
}

/// The age of the picture, where it was oldest.
pub(super) fn ages(run: &Run<'_>, scenario: &str) -> Vec<Result<Drawing, PlotError>> {
    let groups = groups(run, scenario);
    groups.iter().filter_map(|group| age_plot(run, group)).map(Strips::draw).collect()
}

fn interval_plot<'a>(run: &Run<'a>, group: &Group<'a>) -> Option<Strips> {
    let (cells, drawn, left_out) = screens(run, group)?;
    let strips: Vec<Strip> = series(run, &cells)
        .into_iter()
        .zip(&drawn)
        .map(|(series, timeline)| interval_strip(series, timeline))
        .collect();
    let samples: Vec<u64> = drawn.iter().map(|t| t.screens.len() as u64 - 1).collect();
    let values = strips.iter().flat_map(|s| s.lines.iter().flatten().map(|p| p.1));
    let y = Axis::log("frame interval", Unit::Millis, values.chain([FRAME]));
    let span = drawn.iter().map(|t| t.span_ns).max().unwrap_or(0) as f64 / 1e9;
    Some(Strips {
        words: Words {
            title: format!("{}: frame intervals over time", group.scenario),
            terms: format!(
                "{} intervals of the first repeat{}",
                group.terms(&cells, &samples),
                beyond(&drawn)
            ),
            note: format!(
                "From the end of one frame to the end of the next; the line is a sixtieth of a \
                 second. An interval over 100 ms is a freeze, and is marked.{}",
                in_a_row(&samples)
            ),
            left_out,
        },
        x: Axis::linear("time", Unit::Seconds, 0.0, span),
        columns: vec!["time_s".to_owned(), y.column.clone()],
        y,
        strips,
        beside: Some(FRAME),
    })
}

fn age_plot<'a>(run: &Run<'a>, group: &Group<'a>) -> Option<Strips> {
    let (cells, drawn, left_out) = screens(run, group)?;
    let samples: Vec<u64> = drawn.iter().map(|t| inside(&t.screens).count() as u64).collect();
    let held = held(run, &cells, "age");
    let of = |cell: &Cell| -> Vec<(f64, Tone)> {
        let of_cell = held.iter().filter(|one| one.is_of(cell));
        of_cell.map(|one| (one.limit / 1e6, one.tone())).collect()
    };
    let strips: Vec<Strip> = series(run, &cells)
        .into_iter()
        .zip(cells.iter().zip(&drawn))
        .map(|(series, (cell, timeline))| age_strip(series, timeline, of(cell)))
        .collect();
    let highest = strips.iter().flat_map(|s| s.lines.iter().flatten().map(|p| p.1));
    let highest = highest.fold(1.0, f64::max);
    // A limit far above what was seen would only press the teeth flat: it stands in words.
    let near = strips.iter().flat_map(|s| &s.held).map(|held| held.0);
    let highest = near.filter(|limit| *limit <= 2.0 * highest).fold(highest, f64::max);
    let y = Axis::linear("age", Unit::Millis, 0.0, 1.05 * highest);
    Some(Strips {
        words: Words {
            title: format!("{}: age of the picture, where it was oldest", group.scenario),
            terms: format!(
                "{} frames around it, of the first repeat{}",
                group.terms(&cells, &samples),
                beyond(&drawn)
            ),
            note: format!(
                "How old the newest sample on the screen was: it grows with time, and falls with \
                 each frame. 0.3 s around the oldest picture of each. A frame over 100 ms is a \
                 freeze, and is marked.{}",
                held_to(&held)
            ),
            left_out,
        },
        x: Axis::linear("time", Unit::Seconds, 0.0, WINDOW as f64 / 1e9),
        columns: vec!["time_s".to_owned(), y.column.clone()],
        y,
        strips,
        beside: None,
    })
}

type Found<'a> = (Vec<&'a Cell>, Vec<&'a Timeline>, Vec<String>);

/// Seconds, to a tenth of a millisecond: less than a line is wide.
fn tenths(nanos: i64) -> f64 {
    (nanos as f64 / 1e5).round() / 1e4
}

/// Milliseconds, to the hundredth.
fn hundredths(nanos: u64) -> f64 {
    (nanos as f64 / 1e4).round() / 1e2
}

/// The cells of a group that have a screen.
fn screens<'a>(run: &Run<'a>, group: &Group<'a>) -> Option<Found<'a>> {
    let curves = run.curves;
    let find = |cell: &'a Cell| {
        curves.timelines.get(&cell.id).filter(|timeline| timeline.screens.len() > 2)
    };
    let (cells, drawn): (Vec<_>, Vec<_>) = group.drawn(find).into_iter().unzip();
    (!cells.is_empty()).then(|| (cells, drawn, group.left_out(find)))
}

/// What level lines stand for.
fn held_to(held: &[Held]) -> String {
    let labels: Vec<String> = held.iter().map(Held::label).collect();
    if labels.is_empty() {
        return String::new();
    }
    format!(" Level lines are what percentiles of all ages are held to: {}.", labels.join("; "))
}

/// What to know where a screen drew more frames than are kept.
fn beyond(drawn: &[&Timeline]) -> String {
    if drawn.iter().all(|timeline| timeline.screens_beyond == 0) {
        return String::new();
    }
    format!(", of its first {} frames at most", grouped(SCREENS as u64))
}

/// What to know where a point stands for several intervals.
fn in_a_row(samples: &[u64]) -> String {
    match samples.iter().copied().max().unwrap_or(0).div_ceil(FRAMES as u64) {
        0 | 1 => String::new(),
        each => format!(" Each point is the greatest of up to {} in a row.", grouped(each)),
    }
}

/// A frame that took so long, and when it ended.
fn taken(screens: &[ScreenAt]) -> impl Iterator<Item = (i64, u64)> + '_ {
    screens.windows(2).filter_map(|pair| {
        let took = u64::try_from(pair[1].end_ns.checked_sub(pair[0].end_ns)?).ok()?;
        Some((pair[1].end_ns, took))
    })
}

/// Marks over frames that a person saw stand still, as far as they touch a window, in
/// seconds from where it begins.
fn freezes(screens: &[ScreenAt], (from, to): (i64, i64)) -> Vec<Flag> {
    let touches =
        |(end, took): &(i64, u64)| *end >= from && end.saturating_sub_unsigned(*took) <= to;
    let frozen = taken(screens).filter(|(_, took)| *took > FREEZE.0).filter(touches);
    let flag = |(end, took): (i64, u64)| {
        let to = end.saturating_sub(from) as f64 / 1e9;
        Flag { from: to - took as f64 / 1e9, to, tone: Tone::Bad }
    };
    frozen.map(flag).collect()
}

fn interval_strip(series: Series, timeline: &Timeline) -> Strip {
    let all: Vec<(i64, u64)> = taken(&timeline.screens).collect();
    let each = all.len().div_ceil(FRAMES).max(1);
    let greatest = |chunk: &[(i64, u64)]| chunk.iter().copied().max_by_key(|(_, took)| *took);
    let points: Vec<(f64, f64)> = all
        .chunks(each)
        .filter_map(greatest)
        .map(|(end, took)| (tenths(end), hundredths(took)))
        .collect();
    let flags = freezes(&timeline.screens, (0, i64::MAX));
    Strip {
        series,
        about: many(flags.len(), "freeze"),
        rows: points.iter().map(|(x, y)| vec![*x, *y]).collect(),
        lines: vec![points],
        band: Vec::new(),
        flags,
        held: Vec::new(),
    }
}

/// The stretch of time around the oldest picture.
fn window(screens: &[ScreenAt]) -> (i64, i64) {
    let oldest = screens.iter().max_by_key(|s| s.age_before_ns.unwrap_or(0));
    let end = |screen: Option<&ScreenAt>| screen.map_or(0, |s| s.end_ns);
    let (first, last) = (end(screens.first()), end(screens.last()));
    let early = last.saturating_sub(WINDOW);
    let from = end(oldest).saturating_sub(WINDOW / 2).min(early).max(first);
    (from, from.saturating_add(WINDOW))
}

/// The frames that ended in that stretch.
fn inside(screens: &[ScreenAt]) -> impl Iterator<Item = &ScreenAt> {
    let (from, to) = window(screens);
    screens.iter().filter(move |s| (from..=to).contains(&s.end_ns))
}

/// The age of the picture where a window begins: that of the frame before it, and the time
/// since then.
fn age_at_first(screens: &[ScreenAt], from: i64) -> Option<u64> {
    let before = screens.iter().rfind(|s| s.end_ns < from)?;
    before.age_after_ns?.checked_add(before.end_ns.abs_diff(from))
}

/// The age where a window ends: that of the frame behind it, less the time until then.
fn age_at_last(screens: &[ScreenAt], to: i64) -> Option<u64> {
    let behind = screens.iter().find(|s| s.end_ns > to)?;
    behind.age_before_ns?.checked_sub(behind.end_ns.abs_diff(to))
}

fn age_strip(series: Series, timeline: &Timeline, held: Vec<(f64, Tone)>) -> Strip {
    let screens = &timeline.screens;
    let (from, to) = window(screens);
    let edge = |at: i64, age: Option<u64>| age.map(|age| (at, age));
    let teeth = inside(screens).flat_map(|screen| {
        let ages = [screen.age_before_ns, screen.age_after_ns];
        ages.into_iter().flatten().map(move |age| (screen.end_ns, age))
    });
    let line: Vec<(f64, f64)> = edge(from, age_at_first(screens, from))
        .into_iter()
        .chain(teeth)
        .chain(edge(to, age_at_last(screens, to)))
        .map(|(at, age)| (tenths(at.saturating_sub(from)), hundredths(age)))
        .collect();
    let rows = line.iter().map(|(at, age)| vec![*at, *age]).collect();
    let flags = freezes(screens, (from, to));
    let about = format!("from {:.2} s on", from as f64 / 1e9);
    Strip { series, about, lines: vec![line], band: Vec::new(), flags, held, rows }
}

fn many(n: usize, what: &str) -> String {
    match n {
        0 => String::new(),
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    fn screen(end_ms: i64, before_ms: u64) -> ScreenAt {
        ScreenAt {
            woke_ns: (end_ms - 3) * MS,
            end_ns: end_ms * MS,
            age_before_ns: Some(before_ms * 1_000_000),
            age_after_ns: Some(2_000_000),
        }
    }

    fn timeline() -> Timeline {
        let mut screens: Vec<ScreenAt> = (1..=60).map(|k| screen(17 * k, 19)).collect();
        // 250 ms in which nothing was drawn.
        screens.extend((0..60).map(|k| screen(1_270 + 17 * k, if k == 0 { 252 } else { 19 })));
        Timeline { span_ns: 2_300_000_000, screens, ..Timeline::default() }
    }

    fn one() -> Series {
        Series { label: "pipe".into(), hue: 0, variant: 0 }
    }

    #[test]
    fn a_freeze_is_marked_where_it_was() {
        let strip = interval_strip(one(), &timeline());
        assert_eq!(strip.about, "1 freeze");
        let flag = strip.flags[0];
        assert!((flag.from - 1.02).abs() < 1e-9 && (flag.to - 1.27).abs() < 1e-9, "{flag:?}");
        let greatest = strip.lines[0].iter().map(|p| p.1).fold(0.0, f64::max);
        assert_eq!(greatest, 250.0);
    }

    #[test]
    fn the_saw_tooth_is_drawn_where_it_is_highest() {
        let strip = age_strip(one(), &timeline(), Vec::new());
        let highest = strip.lines[0].iter().map(|p| p.1).fold(0.0, f64::max);
        assert_eq!(highest, 252.0);
        assert!(strip.lines[0].iter().all(|p| (0.0..=0.3).contains(&p.0)));
        assert_eq!(strip.flags.len(), 1);
        // The frame before the window is 100 ms old where it begins, and drew what was 2 ms old.
        assert_eq!(strip.lines[0][0], (0.0, 102.0));
        // 1.27 s to 1.42 s have nine frames in them; the line goes on to the window's end.
        assert_eq!(inside(&timeline().screens).count(), 9);
        assert_eq!(strip.lines[0].last(), Some(&(0.3, 16.0)));
    }

    #[test]
    fn a_freeze_that_is_longer_than_the_window_is_marked_all_along() {
        let mut long = timeline();
        for screen in &mut long.screens[60..] {
            screen.end_ns += 500 * MS;
        }
        long.screens[60].age_before_ns = Some(752 * 1_000_000);
        let strip = age_strip(one(), &long, Vec::new());
        let flag = strip.flags[0];
        assert!(flag.from < 0.0 && (flag.to - 0.15).abs() < 1e-9, "{flag:?}");
        assert_eq!(strip.lines[0][0], (0.0, 602.0), "its edge rises from the window's left");
        assert_eq!(strip.lines[0][1], (0.15, 752.0));
        // The control: a window that no freeze touches has none.
        assert!(freezes(&long.screens, (0, 500 * MS)).is_empty());
    }

    #[test]
    fn what_is_not_drawn_is_said() {
        let mut more = timeline();
        assert_eq!(beyond(&[&more]), "", "the control");
        more.screens_beyond = 1;
        assert_eq!(beyond(&[&more]), ", of its first 2,048 frames at most");
        assert_eq!(in_a_row(&[40, 12]), "", "the control");
        let words = " Each point is the greatest of up to 3 in a row.";
        assert_eq!(in_a_row(&[81, 12]), words);
    }

    #[test]
    fn absurd_moments_are_drawn_without_a_panic() {
        let at = |end_ns, age| ScreenAt {
            woke_ns: end_ns,
            end_ns,
            age_before_ns: Some(age),
            age_after_ns: Some(age),
        };
        let screens =
            vec![at(i64::MIN, 0), at(i64::MAX, u64::MAX), at(-1, 7), at(i64::MIN, u64::MAX)];
        let course = Timeline { screens, ..Timeline::default() };
        for strip in [age_strip(one(), &course, Vec::new()), interval_strip(one(), &course)] {
            assert!(strip.lines[0].iter().all(|(x, y)| x.is_finite() && y.is_finite()));
        }
    }

    #[test]
    fn a_short_course_is_drawn_whole() {
        let mut short = timeline();
        short.screens.truncate(5);
        let strip = age_strip(one(), &short, Vec::new());
        assert_eq!(strip.lines[0].len(), 10);
        assert!(strip.flags.is_empty(), "the control: nothing froze");
    }
}
