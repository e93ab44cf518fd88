//! Every cell with its main figure, and how many times a limit of the machine that is.

use pipefit::run::record::{RunRecord, Status};

use super::{Heading, Row, Section};
use crate::report::figure::Figure;
use crate::report::headline::Over;

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
        let one_policy = section.rows.windows(2).all(|pair| pair[0].policy == pair[1].policy);
        let terms = |row: &Row| {
            let terms = format!("{}, {}", row.size, row.rate);
            if one_policy { terms } else { format!("{terms}, policy {}", row.policy) }
        };
        let best = section.rows.iter().filter(|row| row.best);
        best.map(|row| Best {
            scenario: section.scenario.clone(),
            terms: terms(row),
            transport: row.transport.clone(),
            figure: format!("{name} {}", row.figures[main]),
        })
        .collect()
    };
    sections.iter().flat_map(of).collect()
}

/// All cells, in the order of the record.
pub(super) fn rows(record: &RunRecord, sections: &[Section]) -> Vec<SummaryRow> {
    let of = |section: &Section| -> Vec<SummaryRow> {
        let heading = section.main.map(|at| &section.headings[at]);
        let key = heading.map_or("", |heading| heading.key);
        let over = Over::of(key, record.limits.as_ref());
        let row = |row: &Row| {
            let is_valid = row.status == Status::Valid;
            let figure = section.main.filter(|_| is_valid).map(|at| row.figures[at].clone());
            let figure = figure.unwrap_or(Figure::Absent);
            SummaryRow {
                scenario: section.scenario.clone(),
                row: row.clone(),
                name: heading.map(Heading::line).unwrap_or_default(),
                key,
                ratio: over.as_ref().and_then(|over| over.ratio(&figure)),
                limit: over.as_ref().map(|over| over.words.clone()).unwrap_or_default(),
                figure,
            }
        };
        section.rows.iter().map(row).collect()
    };
    let mut rows: Vec<SummaryRow> = sections.iter().flat_map(of).collect();
    rows.sort_by_key(|row| row.row.at);
    rows
}
