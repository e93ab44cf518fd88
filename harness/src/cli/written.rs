//! A record and its histograms in one of the forms that can be exported.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use pipefit::run::record::RunRecord;

use super::failure::Failure;
use crate::report::{self, Curves};
use crate::verdict::Verdicts;

/// What is exported.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) record: &'a RunRecord,
    pub(super) curves: &'a Curves,
    pub(super) verdicts: Option<&'a Verdicts>,
    pub(super) started: SystemTime,
}

/// How it is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Csv,
    Markdown,
    Html,
    Hgrm,
    Hlog,
    /// A Chrome trace.
    Trace,
    Junit,
    /// github-action-benchmark's.
    Gha,
    /// Bencher's.
    Bmf,
}

impl Form {
    /// The text.
    ///
    /// # Errors
    /// Where a figure has no such form.
    pub(super) fn write(self, source: Source<'_>) -> Result<Vec<u8>, Failure> {
        let Source { record, curves, verdicts, .. } = source;
        let failed = |why: String| Failure::Form { what: self.word(), why };
        Ok(match self {
            Self::Json => report::json::pretty(record).map_err(|e| failed(e.to_string()))?.into(),
            Self::Csv => {
                let mut csv = Vec::new();
                report::csv::tidy(record, &mut csv).map_err(|e| failed(e.to_string()))?;
                csv
            }
            Self::Markdown => match verdicts {
                Some(verdicts) => report::markdown::budgets(verdicts).into(),
                None => report::markdown::document(record).into(),
            },
            Self::Html => report::html::page(record, curves, verdicts).into(),
            Self::Hgrm => report::hgrm::all(curves).into(),
            Self::Junit => {
                let text = match verdicts {
                    Some(verdicts) => report::junit::budgets(verdicts),
                    None => report::junit::run(record),
                };
                text.map_err(|e| failed(e.to_string()))?.into()
            }
            Self::Gha => pretty(&report::trackers::github_action(record), failed)?,
            Self::Bmf => pretty(&report::trackers::bencher(record), failed)?,
            Self::Hlog => log(source).map_err(|e| failed(e.to_string()))?,
            Self::Trace => {
                let trace = report::trace::chrome(record, curves);
                // For no reader's eyes, and long: in one line.
                serde_json::to_vec(&trace).map_err(|e| failed(e.to_string()))?
            }
        })
    }

    /// What it is called.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Csv => "CSV",
            Self::Markdown => "Markdown",
            Self::Html => "HTML",
            Self::Hgrm => "HGRM",
            Self::Hlog => "an interval log",
            Self::Trace => "a Chrome trace",
            Self::Junit => "JUnit",
            Self::Gha => "github-action-benchmark's JSON",
            Self::Bmf => "Bencher's JSON",
        }
    }
}

fn pretty(
    value: &serde_json::Value,
    failed: impl Fn(String) -> Failure,
) -> Result<Vec<u8>, Failure> {
    report::json::pretty(value).map(String::into_bytes).map_err(|e| failed(e.to_string()))
}

/// All cells in one log: each entry's tag is the cell's id and the metric.
fn log(source: Source<'_>) -> Result<Vec<u8>, report::hlog::HlogError> {
    let mut entries = BTreeMap::new();
    for (cell, metrics) in &source.curves.histograms {
        for (metric, histogram) in metrics {
            entries.insert(format!("{cell}/{metric}"), histogram.clone());
        }
    }
    let length = Duration::from_nanos(source.record.measuring_ns);
    let mut text = Vec::new();
    let all = format!("all of {}", source.record.id);
    report::hlog::write_cell(&mut text, &all, source.started, length, &entries)?;
    Ok(text)
}
