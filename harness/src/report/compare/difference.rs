//! How far the same cells of several runs lie apart.

use std::collections::BTreeMap;

use pipefit::run::record::{Cell, Status};

use super::Side;
use super::group::{hue, subjects};
use crate::report::figure::{Figure, amount, percent, signed};
use crate::report::headline::Headline;
use crate::report::model::{Mark, clean};
use crate::stat::welch::{LEAST, ratio};

/// How sure intervals are.
const LEVEL: f64 = 0.95;

/// A cell in a run against the same in an earlier one.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The cell.
    pub cell: String,
    /// Its transport.
    pub transport: String,
    /// The transport's place among those of all runs.
    pub hue: usize,
    /// The main figure of its scenario, as budgets have it.
    pub figure: String,
    /// Whether more of it is better.
    pub is_rate: bool,
    /// The first run that has it.
    pub base: String,
    /// The one that is held against it.
    pub run: String,
    /// The figure there.
    pub from: Figure,
    /// The figure here.
    pub to: Figure,
    /// From the one to the other.
    pub change: Change,
    /// The same of both figures over the limits of their own runs.
    pub to_limit: Option<Change>,
    /// What the interval rests on, or why there is none.
    pub about: String,
}

/// A change, in percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// The change.
    pub pct: f64,
    /// Between which changes it lies.
    pub between: Option<(f64, f64)>,
}

impl Change {
    fn of(ratio: f64, between: Option<(f64, f64)>) -> Self {
        let pct = |ratio: f64| 100.0 * (ratio - 1.0);
        Self { pct: pct(ratio), between: between.map(|(low, high)| (pct(low), pct(high))) }
    }

    /// `+2.3 %`.
    #[must_use]
    pub fn shown(&self) -> String {
        percent(self.pct)
    }

    /// `-1.0 … +5.6 %`, or nothing.
    #[must_use]
    pub fn interval(&self) -> String {
        let between =
            self.between.map(|(low, high)| format!("{} … {}", signed(low), percent(high)));
        between.unwrap_or_default()
    }
}

/// A cell of which something is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The cell.
    pub cell: String,
    /// What, and in which runs.
    pub why: String,
}

/// A cell in the runs that have it, each with its place.
type Found<'a> = Vec<(usize, &'a Cell)>;

/// Every cell by its id, in order of appearance.
fn found<'a>(sides: &[Side<'a>]) -> Vec<(&'a str, Found<'a>)> {
    let mut places: BTreeMap<&'a str, usize> = BTreeMap::new();
    let mut all: Vec<(&'a str, Found<'a>)> = Vec::new();
    for (at, side) in sides.iter().enumerate() {
        for cell in &side.record.cells {
            let place = *places.entry(cell.id.as_str()).or_insert_with(|| {
                all.push((cell.id.as_str(), Vec::new()));
                all.len() - 1
            });
            let cells = &mut all[place].1;
            // Of two with one id in one run, the first.
            if cells.last().is_none_or(|(last, _)| *last != at) {
                cells.push((at, cell));
            }
        }
    }
    all
}

/// Each cell in each later run against the first that has it, and what is missing.
pub(super) fn differences(sides: &[Side<'_>]) -> (Vec<Difference>, Vec<LeftOut>) {
    let subjects = subjects(sides);
    let (mut differences, mut left_out) = (Vec::new(), Vec::new());
    for (id, cells) in found(sides) {
        let valid: Found<'_> =
            cells.iter().copied().filter(|(_, cell)| cell.status == Status::Valid).collect();
        let mut missing = missing(sides, &cells);
        if let [first, later @ ..] = &valid[..]
            && !later.is_empty()
        {
            let Some(both) = Both::of(sides, &subjects, *first, &valid) else {
                let why = "no figure that differences are shown of".to_owned();
                left_out.push(LeftOut { cell: clean(id), why });
                continue;
            };
            for one in later {
                match both.with(*one) {
                    Some(difference) => differences.push(difference),
                    None => missing.push(both.without(one.0)),
                }
            }
        }
        if !missing.is_empty() {
            left_out.push(LeftOut { cell: clean(id), why: missing.join("; ") });
        }
    }
    (differences, left_out)
}

/// Runs that do not have a cell, and those whose figures of it may not be used.
fn missing(sides: &[Side<'_>], cells: &[(usize, &Cell)]) -> Vec<String> {
    let name = |at: usize| clean(sides[at].name);
    let lacks = |at: &usize| cells.iter().all(|(other, _)| other != at);
    let lacking: Vec<String> = (0..sides.len()).filter(lacks).map(name).collect();
    let mut all = Vec::new();
    if !lacking.is_empty() {
        all.push(format!("not in {}", lacking.join(", ")));
    }
    for (at, cell) in cells.iter().filter(|(_, cell)| cell.status != Status::Valid) {
        all.push(format!("{} in {}", Mark::from(cell.status).word, name(*at)));
    }
    all
}

/// A cell, the first run that has it, and the figure that is compared.
struct Both<'a> {
    sides: &'a [Side<'a>],
    hue: usize,
    first: (usize, &'a Cell),
    headline: &'static Headline,
    stat: Option<&'static str>,
}

impl<'a> Both<'a> {
    fn of(
        sides: &'a [Side<'a>],
        subjects: &[&str],
        first: (usize, &'a Cell),
        valid: &[(usize, &'a Cell)],
    ) -> Option<Self> {
        let cells: Vec<&Cell> = valid.iter().map(|(_, cell)| *cell).collect();
        let headline = Headline::of(&cells)?;
        let stat = headline.stat(&cells)?;
        Some(Self { sides, hue: hue(subjects, first.1), first, headline, stat })
    }

    fn name(&self, at: usize) -> String {
        self.sides.get(at).map_or_else(String::new, |side| clean(side.name))
    }

    /// What is said where there is no difference.
    fn without(&self, at: usize) -> String {
        let figure = self.headline.written(self.stat);
        format!("no {figure} above 0 in {} or {}", self.name(self.first.0), self.name(at))
    }

    /// Nothing where one of them lacks the figure, or has none above 0.
    fn with(&self, (at, cell): (usize, &Cell)) -> Option<Difference> {
        let (metric, first) = (self.headline.metric()?, self.first.1);
        let read = |cell: &Cell| metric.read(cell, self.stat).filter(|value| *value > 0.0);
        let (from, to) = (read(first)?, read(cell)?);
        let plain = Some(to / from).filter(|ratio| ratio.is_finite())?;
        let (change, about) = self.change(cell, plain);
        let limit = |at: usize| {
            let side = self.sides.get(at)?;
            self.headline.beside.as_ref()?.read(side.record.limits.as_ref()?)
        };
        // A limit is one figure of its run: its own scatter is in no interval.
        let to_limit = limit(self.first.0).zip(limit(at)).map(|(before, now)| {
            let factor = before / now;
            let times = |pct: f64| 100.0 * ((1.0 + pct / 100.0) * factor - 1.0);
            let between = change.between.map(|(low, high)| (times(low), times(high)));
            Change { pct: times(change.pct), between }
        });
        let is_finite = |change: &Change| {
            let between = change.between.is_none_or(|(low, high)| (high - low).is_finite());
            change.pct.is_finite() && between
        };
        let to_limit = to_limit.filter(is_finite);
        let symbol = metric.unit.symbol();
        Some(Difference {
            cell: clean(&cell.id),
            transport: clean(cell.subject()),
            hue: self.hue,
            figure: self.headline.written(self.stat),
            is_rate: self.headline.is_rate(),
            base: self.name(self.first.0),
            run: self.name(at),
            from: amount(Some(from), symbol),
            to: amount(Some(to), symbol),
            change,
            to_limit,
            about,
        })
    }

    /// The change, with its interval where repeats allow one: samples within a repeat
    /// depend on each other. `plain` is the ratio of the figures themselves.
    fn change(&self, cell: &Cell, plain: f64) -> (Change, String) {
        let first = self.first.1;
        let (n, m) = (first.repeats, cell.repeats);
        let without = |why: String| (Change::of(plain, None), why);
        if n <= 1 && m <= 1 {
            return without("one repeat each: no interval".to_owned());
        }
        if (n.min(m) as usize) < LEAST {
            return without(format!("{n} and {m} repeats: too few for an interval"));
        }
        let repeats = |cell: &Cell| self.headline.repeats(self.stat, cell);
        let Some((before, now)) = repeats(first).zip(repeats(cell)) else {
            return without("no such figure of each repeat: no interval".to_owned());
        };
        match ratio(&before, &now, LEVEL).filter(|found| (100.0 * found.high).is_finite()) {
            Some(found) => {
                let between = Some((found.low, found.high));
                (Change::of(found.value, between), format!("{n} and {m} repeats"))
            }
            None => without("repeats do not scatter: no interval".to_owned()),
        }
    }
}
