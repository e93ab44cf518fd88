//! Budgets on a page: each with its figures, its limits and what comes of it.

use maud::{Markup, html};

use crate::report::model::{AssertRow, BudgetRow, BudgetsView, Stamp};

/// The budgets of a run, and their plot.
pub(super) fn budgets(view: &BudgetsView, plot: &Markup) -> Markup {
    html! {
        h2 id="budgets" { "Budgets" }
        div.scroll tabindex="0" role="region" aria-label="Each budget and what it asserts" {
            table.budgets {
                caption { span {
                    "Budgets of " (view.file) ". Figures are over all trials; the interval is of 95 %, of a \
                     count the least and the greatest. A control must fail: it shows that its limit can."
                } }
                thead {
                    tr {
                        @for name in ["verdict", "budget"] { th scope="col" { (name) } }
                        @for name in ["figure", "interval", "limit"] { th.n scope="col" { (name) } }
                    }
                }
                @for row in &view.rows { (budget(row)) }
            }
        }
        (plot)
    }
}

fn budget(row: &BudgetRow) -> Markup {
    html! {
        tbody {
            tr {
                td class={ "verdict-" (row.stamp.word) } { (stamp(row.stamp)) }
                th scope="rowgroup" colspan="4" {
                    (row.name) @if row.is_control { " " span.control { "control" } }
                    div.why { (row.why) }
                    div.why { (row.cell) ": " (row.note) }
                }
            }
            @for one in &row.asserts { (assertion(one)) }
        }
    }
}

fn assertion(row: &AssertRow) -> Markup {
    html! {
        tr.assert {
            td class={ "verdict-" (row.stamp.word) } { (stamp(row.stamp)) }
            td {
                code { (row.text) }
                @if !row.reason.is_empty() { div.why { (row.reason) } }
            }
            td.n { (row.figure) }
            td.n { (row.interval) }
            td.n { (row.limit) }
        }
    }
}

fn stamp(stamp: Stamp) -> Markup {
    html! { (stamp.glyph) " " (stamp.word) }
}
