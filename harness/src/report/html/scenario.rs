//! The cells of a scenario: all their figures, and their plots.

use maud::{Markup, html};
use pipefit::run::record::Status;

use super::number::number;
use crate::report::model::{Row, Section};

/// A scenario: its table, then its plots.
pub(super) fn scenario(i: usize, section: &Section, plots: &Markup) -> Markup {
    let common = section.common_notes();
    html! {
        h2 id={ "scenario-" (i) } { (section.scenario) }
        div.scroll tabindex="0" role="region" aria-label={ "Figures of " (section.scenario) } {
            table.figures data-sort {
                caption {
                    span {
                        "A row for each cell."
                        @if section.rows.iter().any(|r| r.best) {
                            " * marks the best valid figure among cells of equal size, rate and policy."
                        }
                        @if !common.is_empty() { " Of all: " (common.join("; ")) "." }
                    }
                }
                thead {
                    tr {
                        @for name in ["transport", "status", "size", "rate", "wait", "policy"] {
                            th scope="col" { (name) }
                        }
                        @for heading in &section.headings {
                            th.n scope="col" { (heading.group) @if !heading.group.is_empty() { br; } (heading.stat) }
                        }
                    }
                }
                @for row in &section.rows { (cells(section, row, &common)) }
            }
        }
        (plots)
    }
}

/// What a status is called in the style.
pub(super) const fn class(status: Status) -> &'static str {
    match status {
        Status::Valid => "valid",
        Status::Invalid => "invalid",
        Status::NotApplicable => "not-applicable",
    }
}

fn cells(section: &Section, row: &Row, common: &[&str]) -> Markup {
    let (mark, class) = (row.mark(), class(row.status));
    let columns = 6 + section.headings.len();
    let own = row.notes.iter().map(String::as_str).filter(|note| !common.contains(note));
    let own: Vec<&str> = own.collect();
    let reason = row.reason.as_deref().unwrap_or_default();
    html! {
        tbody data-hue=(row.hue) {
            tr class=(class) {
                th scope="row" { (row.transport) }
                td class={ "status-" (class) } { (mark.glyph) " " (mark.word) }
                td { (row.size) }
                td { (row.rate) }
                td { (row.wait) }
                td { (row.policy) }
                @if row.status == Status::NotApplicable {
                    td.why colspan=(section.headings.len().max(1)) { "n/a: " (reason) }
                } @else {
                    @for (at, (figure, heading)) in row.figures.iter().zip(&section.headings).enumerate() {
                        (number(row.at, heading.key, figure, row.best && section.main == Some(at)))
                    }
                }
            }
            @if row.status == Status::Invalid {
                tr.more.invalid { td colspan=(columns) { div { "invalid: " (reason) } } }
            }
            @if !own.is_empty() {
                tr.more.(class) {
                    td colspan=(columns) { div { (own.join("; ")) } }
                }
            }
        }
    }
}
