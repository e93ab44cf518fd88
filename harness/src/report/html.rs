//! Pages that need nothing but themselves: a run, runs side by side, what a gate saw, and
//! how figures went over time.
//!
//! No font, no image, no request: the policy in the head forbids them all, and allows the
//! one script whose hash it names. Everything can be read without that script; it adds what
//! a hand can do. Pages follow the reader's choice of light or dark, and tables and plots
//! that are wider than the screen scroll by themselves.

use maud::{Markup, html};
use pipefit::run::record::RunRecord;

use super::model::{BudgetsView, View};
use super::plot;
use super::{Curves, Run};
use crate::verdict::Verdicts;

mod books;
mod budgets;
mod compared;
mod differences;
mod environment;
mod figure;
mod gated;
mod history;
mod number;
mod scenario;
mod shell;
mod spark;
mod summary;
mod words;

pub use compared::compared;
pub use gated::gated;
pub use history::history;
pub use shell::{script_hash, style};

use shell::{Part, shell};

/// A record and the histograms behind it as a page, with the budgets it was held to.
#[must_use]
pub fn page(record: &RunRecord, curves: &Curves, verdicts: Option<&Verdicts>) -> String {
    let run = Run::new(record, curves, verdicts);
    let view = View::new(record);
    let judged = verdicts.map(BudgetsView::new);
    let mut plots = figure::Counter::default();
    let mut parts = vec![Part::new("environment", "environment", environment::environment(&view))];
    if let (Some(judged), Some(verdicts)) = (&judged, verdicts) {
        let drawn = plots.all(plot::budgets(verdicts));
        parts.push(Part::new("budgets", "budgets", budgets::budgets(judged, &drawn)));
    }
    // Of one cell, its section says all but how it stands beside the machine.
    if view.summary.len() > 1 || view.summary.iter().any(|row| row.ratio.is_some()) {
        parts.push(Part::new("summary", "summary", summary::summary(&view)));
    }
    for (i, (section, name)) in view.sections.iter().zip(run.scenarios()).enumerate() {
        let drawn = plots.all(plot::plots(&run, name));
        let body = scenario::scenario(i, section, &drawn);
        parts.push(Part::new(&format!("scenario-{i}"), &section.scenario, body));
    }
    if !view.books.is_empty() {
        parts.push(Part::new("ledger", "ledger", books::books(&view.books)));
    }
    parts.push(Part::new("words", "words", words::words()));
    shell(&format!("pipefit run {}", view.id), &verdict(&view, judged.as_ref()), &parts)
}

/// How it came out, in a few sentences.
fn verdict(view: &View, judged: Option<&BudgetsView>) -> Markup {
    html! {
        @if let Some(judged) = judged { p.sentence { (judged.sentence) } }
        p.sentence { (view.sentence) }
        @if view.partial {
            p.partial { strong { "⚠ Partial." } " This run was interrupted: cells or repeats are missing." }
        }
        @if !view.best.is_empty() {
            ul.best-of {
                @for best in &view.best {
                    li {
                        (best.scenario) " (" (best.terms) "): " strong { (best.transport) } ", " (best.figure)
                    }
                }
            }
        }
    }
}
