//! A record in words: what every page, table and document lays out.

use std::collections::BTreeMap;

use pipefit::ground::Nanos;
use pipefit::run::record::{Cell, RunRecord, Status, Warning};

use super::columns::{Better, layout};
use super::figure::grouped;
use super::run::Hues;

mod budgets;
mod environment;
mod ledger;
mod row;
mod summary;

pub use budgets::{AssertRow, BudgetRow, BudgetsView, Stamp};
pub use ledger::Books;
pub use row::{Mark, Row};
pub(super) use row::{policy, rate};
pub use summary::{Best, SummaryRow};

/// A run.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Its name.
    pub id: String,
    /// How it came out, in one sentence.
    pub sentence: String,
    /// Whether it was interrupted.
    pub partial: bool,
    /// Where and how it was measured. Facts only: what is not known says `unknown`.
    pub environment: Vec<Fact>,
    /// What shared memory could do at best, where that was measured.
    pub limits: Option<String>,
    /// What may spoil figures, each with its remedy.
    pub warnings: Vec<Warning>,
    /// Who was best at what, among those that were asked for the same.
    pub best: Vec<Best>,
    /// Every cell with its main figure, in the order of the record.
    pub summary: Vec<SummaryRow>,
    /// One for each scenario, in order of appearance.
    pub sections: Vec<Section>,
    /// The ledgers, in the order of the cells.
    pub books: Vec<Books>,
}

/// A fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What about.
    pub name: &'static str,
    /// What is so.
    pub value: String,
}

/// The cells of one scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// The scenario.
    pub scenario: String,
    /// The columns of figures.
    pub headings: Vec<Heading>,
    /// Which column the best cell is read from.
    pub main: Option<usize>,
    /// A row for each cell, in the order of the record.
    pub rows: Vec<Row>,
}

impl Section {
    /// Notes that every row has, of two rows or more: they need not be read in each.
    #[must_use]
    pub fn common_notes(&self) -> Vec<&str> {
        let Some((first, others)) = self.rows.split_first() else { return Vec::new() };
        let is_common = |note: &&String| others.iter().all(|row| row.notes.contains(note));
        let common = first.notes.iter().filter(|note| !others.is_empty() && is_common(note));
        common.map(String::as_str).collect()
    }
}

/// The heading of a column of figures, in two parts that stand above each other
/// where there is room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heading {
    /// The metric, or nothing.
    pub group: &'static str,
    /// The statistic.
    pub stat: &'static str,
    /// Where a cell of `run.json` has the number; empty where it is made of several.
    pub key: &'static str,
}

impl Heading {
    /// Both parts in a line.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{} {}", self.group, self.stat).trim_start().to_owned()
    }
}

impl View {
    /// A record in words.
    #[must_use]
    pub fn new(record: &RunRecord) -> Self {
        let sections = sections(record);
        Self {
            id: clean(&record.id),
            sentence: sentence(record),
            partial: record.partial,
            environment: environment::facts(record),
            limits: record.limits.as_ref().map(environment::limits),
            warnings: environment::warnings(record),
            best: summary::best(&sections),
            summary: summary::rows(record, &sections),
            sections,
            books: record.cells.iter().filter_map(Books::of).collect(),
        }
    }
}

fn sentence(record: &RunRecord) -> String {
    let of = |status| record.cells.iter().filter(|c| c.status == status).count();
    let counts = [
        (of(Status::Valid), "valid"),
        (of(Status::Invalid), "invalid"),
        (of(Status::NotApplicable), "n/a"),
    ];
    let counts: Vec<String> =
        counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let span = Nanos(record.measuring_ns);
    let cells = match record.cells.len() {
        0 => "No cell was measured".to_owned(),
        1 => format!("1 cell in {span}: {}", counts.join(", ")),
        n => format!("{} cells in {span}: {}", grouped(n as u64), counts.join(", ")),
    };
    let end = if record.partial {
        "; partial: the run was interrupted, and what is missing here was not measured."
    } else {
        "."
    };
    format!("{cells}{end}")
}

fn sections(record: &RunRecord) -> Vec<Section> {
    let mut scenarios: Vec<&str> = Vec::new();
    for cell in &record.cells {
        if !scenarios.contains(&cell.scenario.as_str()) {
            scenarios.push(&cell.scenario);
        }
    }
    let hues = Hues::of(record);
    scenarios.into_iter().map(|name| section(name, record, &hues)).collect()
}

fn section(scenario: &str, record: &RunRecord, hues: &Hues<'_>) -> Section {
    let of_it = || record.cells.iter().enumerate().filter(|(_, c)| c.scenario == scenario);
    let cells: Vec<&Cell> = of_it().map(|(_, cell)| cell).collect();
    let layout = layout(scenario, &cells);
    let mut rows: Vec<Row> = of_it()
        .map(|(at, cell)| {
            let figures = layout.columns.iter().map(|c| (c.read)(cell)).collect();
            Row { at, hue: hues.hue(cell.subject()), ..Row::of(cell, figures) }
        })
        .collect();
    // The most telling column in which every valid cell has a figure: a best among
    // those that happen to have one would be a best among the slow and the lucky.
    let main = layout.main.iter().copied().find(|&(at, _)| {
        let mut valid = rows.iter().filter(|r| r.status == Status::Valid).peekable();
        valid.peek().is_some() && valid.all(|r| r.figures[at].raw().is_some())
    });
    if let Some((at, better)) = main {
        mark_best(&mut rows, at, better);
    }
    Section {
        scenario: clean(scenario),
        headings: layout
            .columns
            .iter()
            .map(|c| Heading { group: c.group, stat: c.stat, key: c.key })
            .collect(),
        main: main.map(|(at, _)| at),
        rows,
    }
}

/// Marks the best of each group of cells that were asked for the same. A cell alone
/// in its group is not the best of anything.
fn mark_best(rows: &mut [Row], at: usize, better: Better) {
    let mut groups: BTreeMap<(String, String, String), Vec<usize>> = BTreeMap::new();
    for (i, row) in rows.iter().enumerate().filter(|(_, r)| r.status == Status::Valid) {
        let terms = (row.size.clone(), row.rate.clone(), row.policy.clone());
        groups.entry(terms).or_default().push(i);
    }
    for group in groups.into_values().filter(|g| g.len() > 1) {
        let raws = group.iter().filter_map(|&i| rows[i].figures[at].raw());
        let best = match better {
            Better::Lower => raws.min_by(f64::total_cmp),
            Better::Higher => raws.max_by(f64::total_cmp),
        };
        for i in group {
            rows[i].best = rows[i].figures[at].raw() == best;
        }
    }
}

/// A text from a record, made harmless: whatever could move a cursor, end a line or
/// turn the direction of writing is replaced by `�`.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => ' ',
            '\u{061c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => '�',
            c if c.is_control() => '�',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_on_a_terminal_survives() {
        assert_eq!(clean("a\u{1b}[2Jb\nc\u{202e}d\u{9b}1m"), "a�[2Jb c�d�1m");
        assert_eq!(clean("e\u{61c}f\u{2028}g\u{2029}h"), "e�f�g�h");
        assert_eq!(clean("größer — µs"), "größer — µs");
    }
}
