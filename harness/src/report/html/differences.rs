//! The same cells of several runs against each other, on their page.

use maud::{Markup, html};

use super::number::{number, quantity};
use crate::report::compare::{Change, Comparison, Difference, INTERVALS};
use crate::report::figure::percent;

/// A table of differences, their plots, and the cells that lack something.
pub(super) fn differences(comparison: &Comparison, plots: &Markup) -> Markup {
    html! {
        h2 id="differences" { "Differences" }
        @if comparison.differences.is_empty() {
            p { "No cell has a valid figure in two of the runs. Cells that were asked for the same stand in one table further down." }
        } @else {
            (table(&comparison.differences))
        }
        (plots)
        @if !comparison.left_out.is_empty() {
            details {
                summary { "Cells with something missing: " (comparison.left_out.len()) }
                ul { @for left in &comparison.left_out { li { code { (left.cell) } ": " (left.why) } } }
            }
        }
    }
}

fn table(all: &[Difference]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="The same cells against each other" {
            table.figures.ids data-sort {
                caption { span {
                    "Each cell in each later run, against the first run that has it. Of a rate, above 0 is more; of \
                     anything else, above 0 is longer or older. The last two columns are the same with each figure \
                     taken over the limit of its own run's machine. " (INTERVALS)
                } }
                thead { tr {
                    @for name in ["cell", "run", "against", "figure"] { th scope="col" { (name) } }
                    @for name in ["from", "to", "difference", "low", "high", "over the limits", "low", "high"] {
                        th.n scope="col" { (name) }
                    }
                    th scope="col" { "rests on" }
                } }
                @for one in all { (row(one)) }
            }
        }
    }
}

fn row(one: &Difference) -> Markup {
    html! {
        tbody data-hue=(one.hue) data-name=(one.transport) {
            tr {
                th scope="row" { (one.cell) }
                td { (one.run) }
                td { (one.base) }
                td { (one.figure) }
                (number(0, "", &one.from, false))
                (number(0, "", &one.to, false))
                (change(Some(one.change)))
                (change(one.to_limit))
                td { (one.about) }
            }
        }
    }
}

/// A change, and the ends of its interval.
fn change(change: Option<Change>) -> Markup {
    let ends = change.and_then(|change| change.between);
    html! {
        (quantity(change.map(|change| change.pct), percent))
        (quantity(ends.map(|ends| ends.0), percent))
        (quantity(ends.map(|ends| ends.1), percent))
    }
}
