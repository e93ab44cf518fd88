//! Every cell with its main figure, and how many times a limit of the machine that is.

use pipefit::run::record::{Cell, RunRecord, Status};

use super::{Row, Section, clean};
use crate::report::figure::{Figure, amount};
use crate::report::headline::Headline;

/// A cell, in one line.
#[derive(Clone, Debug, PartialEq)]
pub struct SummaryRow {
    /// The scenario.
    pub scenario: String,
    /// The cell as its section has it, main figure marked.
    pub row: Row,
    /// What the main figure is.
    pub name: String,
    /// The main figure.
    pub figure: Figure,
    /// Where the record has it.
    pub key: &'static str,
    /// The figure as a multiple of what the machine could do at best meanwhile.
    pub ratio: Option<f64>,
    /// That limit, in words and with its figure.
    pub limit: String,
}

/// The best of those that were asked for the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Best {
    /// The scenario.
    pub scenario: String,
    /// What all of them were asked for.
    pub terms: String,
    /// Who.
    pub transport: String,
    /// In what, and with what figure.
    pub figure: String,
}

/// The best of each group of each section.
pub(super) fn best(sections: &[Section]) -> Vec<Best> {
    let of = |section: &Section| -> Vec<Best> {
        let Some(main) = section.main else { return Vec::new() };
        let name = section.headings[main].line();
        let best = section.rows.iter().filter(|row| row.best);
        best.map(|row| Best {
            scenario: section.scenario.clone(),
            terms: format!("{}, {}", row.size, row.rate),
            transport: row.transport.clone(),
            figure: format!("{name} {}", row.figures[main]),
        })
        .collect()
    };
    sections.iter().flat_map(of).collect()
}

/// All cells, in the order of the record.
pub(super) fn rows(record: &RunRecord, sections: &[Section]) -> Vec<SummaryRow> {
    let mut rows: Vec<SummaryRow> = sections
        .iter()
        .flat_map(|section| {
            let cells: Vec<&Cell> =
                section.rows.iter().filter_map(|row| record.cells.get(row.at)).collect();
            let valid: Vec<&Cell> =
                cells.iter().copied().filter(|cell| cell.status == Status::Valid).collect();
            let beside = Beside::of(record, &valid);
            section.rows.iter().zip(cells).map(move |(row, cell)| {
                let main = section.main.map(|at| (&section.headings[at], &row.figures[at]));
                let figure = match (main, row.status) {
                    (Some((_, figure)), Status::Valid) => figure.clone(),
                    _ => Figure::Absent,
                };
                SummaryRow {
                    scenario: section.scenario.clone(),
                    row: row.clone(),
                    name: main.map(|(heading, _)| heading.line()).unwrap_or_default(),
                    figure,
                    key: main.map_or("", |(heading, _)| heading.key),
                    ratio: beside.as_ref().and_then(|beside| beside.ratio(cell)),
                    limit: beside.as_ref().map(|beside| beside.words.clone()).unwrap_or_default(),
                }
            })
        })
        .collect();
    rows.sort_by_key(|row| row.row.at);
    rows
}

/// What a scenario's cells are held beside.
struct Beside {
    headline: &'static Headline,
    stat: Option<&'static str>,
    limit: f64,
    words: String,
}

impl Beside {
    fn of(record: &RunRecord, cells: &[&Cell]) -> Option<Self> {
        let headline = Headline::of(cells)?;
        let beside = headline.beside.as_ref()?;
        let limit = beside.read(record.limits.as_ref()?)?;
        let unit = headline.metric()?.unit.symbol();
        let words = format!("{} {}", clean(beside.words), amount(Some(limit), unit));
        Some(Self { headline, stat: headline.stat(cells)?, limit, words })
    }

    fn ratio(&self, cell: &Cell) -> Option<f64> {
        let value = self.headline.metric()?.read(cell, self.stat)?;
        (cell.status == Status::Valid).then_some(value / self.limit)
    }
}
