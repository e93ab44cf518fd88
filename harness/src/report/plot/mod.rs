//! Plots as SVG, for the page and for files of their own.
//!
//! A plot is drawn with colours that stand for a role (ink, grid, the third curve)
//! and are afterwards replaced by CSS variables, so that a page themes it; each
//! variable has a fallback, so that the SVG also stands alone. No text of a record
//! is trusted: names arrive in the SVG as text.

mod axis;
pub mod percentiles;
mod theme;

use pipefit::run::record::{Cell, RunRecord, Status};

use super::Curves;
use super::model::{clean, policy, rate};

pub use theme::{HUES, custom_properties};

/// Why a plot could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("this plot could not be drawn: {0}")]
pub struct PlotError(String);

/// The curves of one metric under the same terms: one for each transport.
#[derive(Clone, Debug)]
pub struct Plot<'a> {
    /// The scenario.
    pub scenario: String,
    /// The metric.
    pub metric: &'static str,
    /// What all curves were asked for.
    pub terms: String,
    /// The curves, in the order of the record.
    pub curves: Vec<Curve<'a>>,
    /// Cells that would belong here and are not drawn, with the reason.
    pub left_out: Vec<String>,
}

/// One curve.
#[derive(Clone, Debug)]
pub struct Curve<'a> {
    /// The transport, and what of its terms the others do not share.
    pub label: String,
    /// The same transport has the same number, and so the same colour, in every plot.
    pub hue: usize,
    /// Tells curves of one hue apart, in the dashes of their lines.
    pub variant: usize,
    /// What is drawn.
    pub histogram: &'a hdrhistogram::Histogram<u64>,
}

/// Which metrics a scenario is drawn for.
fn metrics(scenario: &str) -> &'static [&'static str] {
    match scenario {
        "stream" => &["response"],
        "rtt" => &["rtt"],
        "gui60" => &["response", "frame_interval"],
        "max" => &[],
        _ => &["response", "rtt"],
    }
}

/// The plots of one scenario: one for each of its metrics and terms. What has no
/// histogram is not drawn; neither is an invalid cell, which is named instead.
#[must_use]
pub fn plots<'a>(record: &RunRecord, curves: &'a Curves, scenario: &str) -> Vec<Plot<'a>> {
    let cells: Vec<&Cell> = record.cells.iter().filter(|c| c.scenario == scenario).collect();
    let mut all_terms: Vec<String> = Vec::new();
    for cell in &cells {
        let of_cell = terms(cell);
        if !all_terms.contains(&of_cell) {
            all_terms.push(of_cell);
        }
    }
    let mut plots = Vec::new();
    for terms_wanted in all_terms {
        let group: Vec<&Cell> =
            cells.iter().copied().filter(|c| terms(c) == terms_wanted).collect();
        for &metric in metrics(scenario) {
            let plot = plot(record, curves, &group, metric, &terms_wanted);
            if !plot.curves.is_empty() || !plot.left_out.is_empty() {
                plots.push(plot);
            }
        }
    }
    plots
}

/// What cells must share for their curves to be comparable at a glance.
fn terms(cell: &Cell) -> String {
    let size = pipefit::ground::Bytes(cell.size_bytes);
    format!("{size}, {}, policy {}", rate(cell), policy(cell))
}

fn plot<'a>(
    record: &RunRecord,
    curves: &'a Curves,
    group: &[&Cell],
    metric: &'static str,
    terms: &str,
) -> Plot<'a> {
    let drawn: Vec<(&Cell, &hdrhistogram::Histogram<u64>)> = group
        .iter()
        .filter(|c| c.status == Status::Valid)
        .filter_map(|c| Some((*c, curves.get(&c.id, metric)?)))
        .collect();
    let one_wait = drawn.windows(2).all(|pair| pair[0].0.wait == pair[1].0.wait);
    let mut seen: Vec<usize> = Vec::new();
    let mut of_plot = Vec::new();
    for &(cell, histogram) in &drawn {
        let hue = hue(record, cell.subject());
        let variant = seen.iter().filter(|h| **h == hue).count();
        seen.push(hue);
        let name = clean(cell.subject());
        let label = if one_wait { name } else { format!("{name}, {}", cell.wait) };
        of_plot.push(Curve { label, hue, variant, histogram });
    }
    let left_out = group
        .iter()
        .filter(|c| c.status == Status::Invalid && curves.get(&c.id, metric).is_some())
        .map(|c| clean(c.subject()))
        .collect();
    let wait = match drawn.first() {
        Some((cell, _)) if one_wait => format!(", wait {}", cell.wait),
        _ => String::new(),
    };
    let scenario = group.first().map(|c| clean(&c.scenario)).unwrap_or_default();
    Plot { scenario, metric, terms: format!("{terms}{wait}"), curves: of_plot, left_out }
}

/// The place of a transport among those of the record.
fn hue(record: &RunRecord, subject: &str) -> usize {
    let mut seen: Vec<&str> = Vec::new();
    for cell in &record.cells {
        if cell.subject() == subject {
            break;
        }
        if !seen.contains(&cell.subject()) {
            seen.push(cell.subject());
        }
    }
    seen.len()
}
