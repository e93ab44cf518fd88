//! One figure a line, with everything that is needed to pick it out again.
//!
//! The metrics are read from a cell as it is serialised, so that one added to the
//! record is exported without a line here. Names are the JSON keys without their
//! unit, which has a column of its own; figures are exact.

use std::collections::BTreeMap;

use pipefit::run::record::{Cell, RunRecord};
use serde_json::Value;

use crate::metric::name_and_unit;

/// The columns.
pub const HEADER: [&str; 14] = [
    "cell",
    "scenario",
    "transport",
    "size_bytes",
    "wire_bytes",
    "rate_hz",
    "wait",
    "policy",
    "status",
    "reason",
    "metric",
    "statistic",
    "value",
    "unit",
];

/// Why a record could not be written as CSV.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// A line could not be written.
    #[error("cannot write CSV: {0}")]
    Line(#[from] csv::Error),
    /// A figure has no form in JSON, from which it is read.
    #[error("cannot read the figures of {cell}: {source}")]
    Figures {
        /// The cell.
        cell: String,
        /// What is wrong with them.
        source: serde_json::Error,
    },
    /// The buffer could not be completed.
    #[error("cannot complete the CSV: {0}")]
    Flush(#[from] std::io::Error),
}

/// A record as CSV. A cell without any figure still has a line, with its status.
///
/// # Errors
/// [`CsvError`] where a figure cannot be written.
pub fn tidy(record: &RunRecord, out: impl std::io::Write) -> Result<(), CsvError> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(HEADER)?;
    for cell in &record.cells {
        let mut figures =
            figures(cell).map_err(|source| CsvError::Figures { cell: cell.id.clone(), source })?;
        if figures.is_empty() {
            figures.push(Entry::default());
        }
        for entry in figures {
            writer.write_record(line(cell, entry))?;
        }
    }
    writer.flush()?;
    Ok(())
}

#[derive(Default)]
struct Entry {
    metric: String,
    statistic: String,
    value: String,
    unit: &'static str,
}

fn line(cell: &Cell, entry: Entry) -> [String; 14] {
    [
        cell.id.clone(),
        cell.scenario.clone(),
        cell.transport.clone(),
        cell.size_bytes.to_string(),
        cell.wire_bytes.to_string(),
        cell.rate_hz.map(|r| r.to_string()).unwrap_or_default(),
        cell.wait.to_string(),
        cell.policy.to_string(),
        super::Mark::from(cell.status).word.to_owned(),
        cell.reason.clone().unwrap_or_default(),
        entry.metric,
        entry.statistic,
        entry.value,
        entry.unit.to_owned(),
    ]
}

fn figures(cell: &Cell) -> Result<Vec<Entry>, serde_json::Error> {
    let mut entries = Vec::new();
    for (key, value) in sorted(serde_json::to_value(&cell.metrics)?) {
        if let Value::Array(repeats) = value {
            for (i, repeat) in repeats.into_iter().enumerate() {
                for (key, value) in sorted(repeat) {
                    add(&mut entries, &key, &format!("repeat {}", i + 1), value);
                }
            }
        } else {
            add(&mut entries, &key, "value", value);
        }
    }
    for (name, value) in [
        ("ledger", serde_json::to_value(cell.ledger)?),
        ("residue", serde_json::to_value(cell.residue)?),
    ] {
        add(&mut entries, name, "value", value);
    }
    Ok(entries)
}

/// Adds a number, or each of the numbers of a spread.
fn add(entries: &mut Vec<Entry>, key: &str, statistic: &str, value: Value) {
    let (metric, unit) = name_and_unit(key);
    let unit = unit.symbol();
    match value {
        Value::Number(number) => entries.push(Entry {
            metric,
            statistic: statistic.to_owned(),
            value: number.to_string(),
            unit,
        }),
        spread @ Value::Object(_) => {
            for (statistic, value) in sorted(spread) {
                let (statistic, unit) = match statistic.as_str() {
                    "count" | "beyond" => (statistic, "count"),
                    "observed_ns" => ("observed".to_owned(), "ns"),
                    _ => (statistic, unit),
                };
                let metric = metric.clone();
                entries.push(Entry { metric, statistic, value: value.to_string(), unit });
            }
        }
        _ => {}
    }
}

/// Keys in alphabetical order, whatever order the JSON library keeps them in.
fn sorted(value: Value) -> BTreeMap<String, Value> {
    match value {
        Value::Object(map) => map.into_iter().collect(),
        _ => BTreeMap::new(),
    }
}
