//! Cells of all runs that were asked for the same, in one table.

use pipefit::ground::Bytes;
use pipefit::run::record::{Cell, Status};

use super::Side;
use crate::report::columns::{Better, layout};
use crate::report::headline::Over;
use crate::report::model::{Heading, Row, clean, policy, rate};

/// Cells of a scenario that were asked for the same size, rate and policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The scenario.
    pub scenario: String,
    /// What all of them were asked for.
    pub terms: String,
    /// The columns of figures.
    pub headings: Vec<Heading>,
    /// Which column the best cell is read from.
    pub main: Option<usize>,
    /// A row for each cell of each run, those of one transport together.
    pub rows: Vec<Line>,
}

/// A cell of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The name of its run.
    pub run: String,
    /// The cell.
    pub row: Row,
    /// Its main figure as a multiple of what its machine could do at best meanwhile.
    pub ratio: Option<f64>,
    /// That limit, in words and with its figure.
    pub limit: String,
}

/// Cells that were asked for the same, as the records have them.
pub(in crate::report) struct Alike<'a> {
    pub(in crate::report) scenario: &'a str,
    pub(in crate::report) terms: String,
    /// Each with the place of its run, those of one transport together.
    pub(in crate::report) cells: Vec<(usize, &'a Cell)>,
}

/// All transports, in order of appearance: the place of each is its hue.
pub(in crate::report) fn subjects<'a>(sides: &[Side<'a>]) -> Vec<&'a str> {
    let mut seen: Vec<&'a str> = Vec::new();
    for side in sides {
        for cell in &side.record.cells {
            if !seen.contains(&cell.subject()) {
                seen.push(cell.subject());
            }
        }
    }
    seen
}

pub(in crate::report) fn hue(subjects: &[&str], cell: &Cell) -> usize {
    subjects.iter().position(|subject| *subject == cell.subject()).unwrap_or(0)
}

/// The groups of all runs, in order of appearance.
pub(in crate::report) fn alike<'a>(sides: &[Side<'a>]) -> Vec<Alike<'a>> {
    let subjects = subjects(sides);
    let mut all: Vec<Alike<'a>> = Vec::new();
    for (at, side) in sides.iter().enumerate() {
        for cell in &side.record.cells {
            let terms =
                format!("{}, {}, policy {}", Bytes(cell.size_bytes), rate(cell), policy(cell));
            let same = |one: &&mut Alike<'a>| one.scenario == cell.scenario && one.terms == terms;
            match all.iter_mut().find(same) {
                Some(group) => group.cells.push((at, cell)),
                None => {
                    all.push(Alike { scenario: &cell.scenario, terms, cells: vec![(at, cell)] });
                }
            }
        }
    }
    for group in &mut all {
        group
            .cells
            .sort_by_cached_key(|(at, cell)| (hue(&subjects, cell), cell.wait.to_string(), *at));
    }
    all
}

pub(super) fn groups(sides: &[Side<'_>]) -> Vec<Group> {
    let subjects = subjects(sides);
    alike(sides).iter().map(|alike| group(sides, &subjects, alike)).collect()
}

fn group(sides: &[Side<'_>], subjects: &[&str], alike: &Alike<'_>) -> Group {
    let cells: Vec<&Cell> = alike.cells.iter().map(|(_, cell)| *cell).collect();
    let layout = layout(alike.scenario, &cells);
    let mut rows: Vec<Line> = alike
        .cells
        .iter()
        .map(|(at, cell)| {
            let figures = layout.columns.iter().map(|column| (column.read)(cell)).collect();
            let row = Row { hue: hue(subjects, cell), ..Row::of(cell, figures) };
            Line { run: clean(sides[*at].name), row, ratio: None, limit: String::new() }
        })
        .collect();
    // As in the table of one run: a column in which every valid cell has a figure.
    let main = layout.main.iter().copied().find(|&(column, _)| {
        let mut valid = rows.iter().filter(|line| line.row.status == Status::Valid).peekable();
        valid.peek().is_some() && valid.all(|line| line.row.figures[column].raw().is_some())
    });
    if let Some((column, better)) = main {
        mark_best(&mut rows, column, better);
        over_limits(&mut rows, sides, alike, (column, layout.columns[column].key));
    }
    let headings = layout.columns.iter();
    Group {
        scenario: clean(alike.scenario),
        terms: alike.terms.clone(),
        headings: headings
            .map(|column| Heading { group: column.group, stat: column.stat, key: column.key })
            .collect(),
        main: main.map(|(column, _)| column),
        rows,
    }
}

/// The main figures of valid cells over their own run's limit, and that limit in words.
fn over_limits(
    rows: &mut [Line],
    sides: &[Side<'_>],
    alike: &Alike<'_>,
    (column, key): (usize, &str),
) {
    let over: Vec<Option<Over>> =
        sides.iter().map(|side| Over::of(key, side.record.limits.as_ref())).collect();
    for (line, (at, cell)) in rows.iter_mut().zip(&alike.cells) {
        let Some(over) = over[*at].as_ref().filter(|_| cell.status == Status::Valid) else {
            continue;
        };
        line.ratio = over.ratio(&line.row.figures[column]);
        line.limit.clone_from(&over.words);
    }
}

/// Marks the best. One alone is not the best of anything, and neither are two that are
/// equal.
fn mark_best(rows: &mut [Line], column: usize, better: Better) {
    let read = |line: &Line| {
        let is_valid = line.row.status == Status::Valid;
        line.row.figures[column].raw().filter(|_| is_valid)
    };
    let raws: Vec<f64> = rows.iter().filter_map(read).collect();
    let best = match better {
        Better::Lower => raws.iter().copied().min_by(f64::total_cmp),
        Better::Higher => raws.iter().copied().max_by(f64::total_cmp),
    };
    let is_best = |raw: f64| best.is_some_and(|best| raw.total_cmp(&best).is_eq());
    if raws.len() < 2 || raws.iter().filter(|raw| is_best(**raw)).count() != 1 {
        return;
    }
    for line in rows {
        line.row.best = read(line).is_some_and(is_best);
    }
}
