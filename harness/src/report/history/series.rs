//! The main figure of a cell over all whole runs of a class.

use std::collections::BTreeMap;

use super::{Listed, Past, PastCell};
use crate::report::figure::{amount, times};
use crate::report::headline::Headline;
use crate::report::model::clean;
use crate::stat::{Step, median, steps};

/// The newest figure is held against the median of so many before it.
const BEFORE: usize = 10;

/// One figure of a cell, over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The cell.
    pub cell: String,
    /// The transport's place among those of the class.
    pub hue: usize,
    /// The figure, and what it is a ratio to.
    pub figure: String,
    /// Whether it is a ratio to a limit.
    pub is_ratio: bool,
    /// Its unit, where it is none.
    pub unit: &'static str,
    /// In the order of time.
    pub points: Vec<Point>,
    /// The change of the newest against the median of the ten before it, in percent.
    pub change_pct: Option<f64>,
    /// Where it changed, and stayed so; in the order of time.
    pub turns: Vec<Turn>,
}

/// What one run says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The place of the run among the whole ones of its class, the oldest first.
    pub at: usize,
    /// The figure, or its ratio.
    pub value: f64,
}

/// A change that stayed.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// The first run behind it.
    pub run: Listed,
    /// Its place.
    pub at: usize,
    /// The median before it.
    pub before: f64,
    /// The median behind it.
    pub after: f64,
}

impl Turn {
    /// From the one to the other, in percent.
    #[must_use]
    pub fn change_pct(&self) -> f64 {
        100.0 * (self.after / self.before - 1.0)
    }
}

impl Series {
    /// A value of it, with its unit.
    #[must_use]
    pub fn shown(&self, value: f64) -> String {
        if self.is_ratio { times(value) } else { amount(Some(value), self.unit).to_string() }
    }

    /// The newest one.
    #[must_use]
    pub fn newest(&self) -> Option<f64> {
        self.points.last().map(|point| point.value)
    }
}

/// Where a cell was found: the place of its run, and the cell.
type Found<'a, 'p> = (usize, &'p PastCell<'a>);

/// All cells of whole runs, which come oldest first; in the order of their names.
pub(super) fn all(whole: &[&Past<'_>]) -> Vec<Series> {
    let mut cells: BTreeMap<&str, Vec<Found<'_, '_>>> = BTreeMap::new();
    for (at, past) in whole.iter().enumerate() {
        for cell in &past.cells {
            let found = cells.entry(cell.id).or_default();
            // Of two with one id in one run, the first.
            if found.last().is_none_or(|(last, _)| *last != at) {
                found.push((at, cell));
            }
        }
    }
    let mut transports: Vec<&str> = Vec::new();
    let mut series = Vec::new();
    for (id, found) in &cells {
        let transport = part(id, 1);
        if !transports.contains(&transport) {
            transports.push(transport);
        }
        let hue = transports.iter().position(|other| *other == transport).unwrap_or(0);
        series.extend(one(id, hue, found, whole));
    }
    series
}

/// A part of a cell's id: its scenario, its transport.
fn part(id: &str, at: usize) -> &str {
    id.split('/').nth(at).unwrap_or("")
}

fn one(id: &str, hue: usize, found: &[Found<'_, '_>], whole: &[&Past<'_>]) -> Option<Series> {
    let (headline, stat) = chosen(part(id, 0), found)?;
    let written = headline.written(stat);
    let values: Vec<Point> = found
        .iter()
        .filter_map(|(at, cell)| Some(Point { at: *at, value: figure(cell, &written)? }))
        .collect();
    let ratio = |point: &Point| {
        let limit = headline.beside.as_ref()?.among(&whole.get(point.at)?.limits)?;
        let value = Some(point.value / limit).filter(|ratio| ratio.is_finite() && *ratio > 0.0);
        Some(Point { value: value?, ..*point })
    };
    let ratios: Vec<Point> = values.iter().filter_map(ratio).collect();
    // A run without limits has no ratio. Where most are like that, the figure itself is shown.
    let is_ratio = 2 * ratios.len() >= values.len();
    let beside = headline.beside.as_ref().filter(|_| is_ratio);
    let points = if is_ratio { ratios } else { values };
    let turns = turns(&points, whole);
    Some(Series {
        cell: clean(id),
        hue,
        figure: beside.map_or_else(|| written.clone(), |b| format!("{written} / {}", b.written)),
        is_ratio,
        unit: headline.metric()?.unit.symbol(),
        change_pct: newest_change(&points),
        points,
        turns,
    })
}

fn figure(cell: &PastCell<'_>, written: &str) -> Option<f64> {
    let found = cell.figures.iter().find(|(name, _)| *name == written);
    found.map(|(_, value)| *value).filter(|value| value.is_finite() && *value > 0.0)
}

/// The main figure, and the most telling part of it that at least half of the runs have:
/// one's p50 beside another's p99 misleads. Runs without it are left out.
fn chosen(
    scenario: &str,
    found: &[Found<'_, '_>],
) -> Option<(&'static Headline, Option<&'static str>)> {
    let count = |headline: &Headline, stat: Option<&str>| {
        let written = headline.written(stat);
        found.iter().filter(|(_, cell)| figure(cell, &written).is_some()).count()
    };
    let of = |headline: &'static Headline| {
        let counted = headline.stats().iter().map(|stat| (count(headline, *stat), *stat));
        let counted: Vec<_> = counted.filter(|(n, _)| *n > 0).collect();
        let most = counted.iter().find(|(n, _)| 2 * n >= found.len());
        let (_, stat) = most.or_else(|| counted.iter().rev().max_by_key(|(n, _)| *n))?;
        Some((headline, *stat))
    };
    match Headline::named(scenario) {
        Some(headline) => of(headline),
        None => Headline::all().iter().find_map(of),
    }
}

fn newest_change(points: &[Point]) -> Option<f64> {
    let (newest, before) = points.split_last()?;
    let before: Vec<f64> = before.iter().rev().take(BEFORE).map(|point| point.value).collect();
    median(&before).map(|before| 100.0 * (newest.value / before - 1.0))
}

fn turns(points: &[Point], whole: &[&Past<'_>]) -> Vec<Turn> {
    let values: Vec<f64> = points.iter().map(|point| point.value).collect();
    let turn = |step: Step| {
        let at = points.get(step.at)?.at;
        let run = Listed::of(whole.get(at)?);
        Some(Turn { run, at, before: step.before, after: step.after })
    };
    steps(&values).into_iter().filter_map(turn).collect()
}
