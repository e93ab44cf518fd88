//! What a screen did over time: how long from one frame to the next, and how old the
//! picture was, tooth by tooth, where it was oldest.

use pipefit::role::screen::FREEZE;
use pipefit::role::timeline::{ScreenAt, Timeline};
use pipefit::run::record::Cell;

use super::axis::Axis;
use super::group::{Group, groups, series};
use super::lines::Tone;
use super::strips::{Flag, Strip, Strips};
use super::unit::Unit;
use super::{Drawing, PlotError, Series, Words};
use crate::report::Run;

/// How much of the saw-tooth is drawn, in nanoseconds: eighteen teeth.
const WINDOW: i64 = 300_000_000;

/// A frame at 60 Hz, in nanoseconds.
const FRAME: f64 = 16_666_667.0;

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
    let y = Axis::log("frame interval", Unit::Nanos, values.chain([FRAME]));
    let span = drawn.iter().map(|t| t.span_ns).max().unwrap_or(0) as f64 / 1e9;
    Some(Strips {
        words: Words {
            title: format!("{}: frame intervals over time", group.scenario),
            terms: format!("{} intervals of the first repeat", group.terms(&cells, &samples)),
            note: "From the end of one frame to the end of the next; the line is a sixtieth \
                       of a second. An interval over 100 ms is a freeze, and is marked."
                .to_owned(),
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
    let samples: Vec<u64> = drawn.iter().map(|t| t.screens.len() as u64).collect();
    let strips: Vec<Strip> = series(run, &cells)
        .into_iter()
        .zip(&drawn)
        .map(|(series, timeline)| age_strip(series, timeline))
        .collect();
    let highest = strips.iter().flat_map(|s| s.lines.iter().flatten().map(|p| p.1));
    let highest = highest.fold(1.0, f64::max);
    let y = Axis::linear("age", Unit::Millis, 0.0, 1.05 * highest);
    Some(Strips {
        words: Words {
            title: format!("{}: age of the picture, where it was oldest", group.scenario),
            terms: format!("{} frames of the first repeat", group.terms(&cells, &samples)),
            note: "How old the newest sample on the screen was: it grows with time, and \
                       falls with each frame. 0.3 s around the oldest picture of each. \
                       A frame over 100 ms is a freeze, and is marked."
                .to_owned(),
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

/// The cells of a group that have a screen.
fn screens<'a>(run: &Run<'a>, group: &Group<'a>) -> Option<Found<'a>> {
    let curves = run.curves;
    let find = |cell: &'a Cell| {
        curves.timelines.get(&cell.id).filter(|timeline| timeline.screens.len() > 2)
    };
    let (cells, drawn): (Vec<_>, Vec<_>) = group.drawn(find).into_iter().unzip();
    (!cells.is_empty()).then(|| (cells, drawn, group.left_out(find)))
}

/// A frame that took so long, and when it ended.
fn taken(screens: &[ScreenAt]) -> impl Iterator<Item = (i64, u64)> + '_ {
    screens.windows(2).filter_map(|pair| {
        let took = u64::try_from(pair[1].end_ns.checked_sub(pair[0].end_ns)?).ok()?;
        Some((pair[1].end_ns, took))
    })
}

/// Marks over frames that a person saw stand still, in seconds from `from`.
fn freezes(screens: &[ScreenAt], from: i64) -> Vec<Flag> {
    let frozen = taken(screens).filter(|(_, took)| *took > FREEZE.0);
    let flag = |(end, took): (i64, u64)| {
        let to = (end - from) as f64 / 1e9;
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
        .map(|(end, took)| (end as f64 / 1e9, took as f64))
        .collect();
    let flags = freezes(&timeline.screens, 0);
    Strip {
        series,
        about: many(flags.len(), "freeze"),
        rows: points.iter().map(|(x, y)| vec![*x, *y]).collect(),
        lines: vec![points],
        band: Vec::new(),
        flags,
    }
}

fn age_strip(series: Series, timeline: &Timeline) -> Strip {
    let screens = &timeline.screens;
    let oldest = screens.iter().max_by_key(|s| s.age_before_ns.unwrap_or(0));
    let middle = oldest.map_or(0, |s| s.end_ns);
    let first = screens.first().map_or(0, |s| s.end_ns);
    let last = screens.last().map_or(0, |s| s.end_ns);
    let from = (middle - WINDOW / 2).min(last - WINDOW).max(first);
    let inside: Vec<ScreenAt> =
        screens.iter().copied().filter(|s| s.end_ns >= from && s.end_ns <= from + WINDOW).collect();
    let mut line = Vec::new();
    let mut rows = Vec::new();
    for screen in &inside {
        let at = ((screen.end_ns - from) as f64 / 1e5).round() / 1e4;
        for age in [screen.age_before_ns, screen.age_after_ns].into_iter().flatten() {
            // A hundredth of a millisecond is less than a line is wide.
            let age = (age as f64 / 1e4).round() / 1e2;
            line.push((at, age));
            rows.push(vec![at, age]);
        }
    }
    let flags = freezes(&inside, from);
    let about = format!("from {:.2} s on", from as f64 / 1e9);
    Strip { series, about, lines: vec![line], band: Vec::new(), flags, rows }
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
        assert_eq!(greatest, 250e6);
    }

    #[test]
    fn the_saw_tooth_is_drawn_where_it_is_highest() {
        let strip = age_strip(one(), &timeline());
        let highest = strip.lines[0].iter().map(|p| p.1).fold(0.0, f64::max);
        assert_eq!(highest, 252.0);
        assert!(strip.lines[0].iter().all(|p| (0.0..=0.3).contains(&p.0)));
        assert_eq!(strip.flags.len(), 1);
    }

    #[test]
    fn a_short_course_is_drawn_whole() {
        let mut short = timeline();
        short.screens.truncate(5);
        let strip = age_strip(one(), &short);
        assert_eq!(strip.lines[0].len(), 10);
        assert!(strip.flags.is_empty(), "the control: nothing froze");
    }
}
