//! Every cell in one line: the figure its scenario is there for.

use maud::{Markup, html};

use super::environment::reminder;
use super::number::{number, ratio};
use super::scenario::class;
use crate::report::model::{SummaryRow, View};

/// The table of all cells.
pub(super) fn summary(view: &View) -> Markup {
    html! {
        h2 id="summary" { "Summary" }
        (reminder(view))
        div.scroll tabindex="0" role="region" aria-label="All cells" {
            table.figures data-sort {
                caption { span {
                    "Each cell with the figure its scenario is there for. * marks the best valid one among \
                     cells of equal size, rate and policy. The last column is the figure as a multiple of \
                     what this machine could do at best in the same minutes"
                    @for (i, limit) in limits(view).iter().enumerate() {
                        @if i == 0 { ": " } @else { "; " }
                        (limit)
                    }
                    "."
                } }
                thead { tr {
                    @for name in ["scenario", "transport", "status", "size", "rate", "wait", "what"] {
                        th scope="col" { (name) }
                    }
                    th.n scope="col" { "figure" }
                    th.n scope="col" { "over the limit" }
                } }
                @for row in &view.summary { (line(row)) }
            }
        }
    }
}

fn line(summary: &SummaryRow) -> Markup {
    let row = &summary.row;
    let (mark, class) = (row.mark(), class(row.status));
    html! {
        tbody data-hue=(row.hue) {
            tr class=(class) {
                th scope="row" { (summary.scenario) }
                td { (row.transport) }
                td class={ "status-" (class) } { (mark.glyph) " " (mark.word) }
                td { (row.size) }
                td { (row.rate) }
                td { (row.wait) }
                td { (summary.name) }
                (number(row.at, summary.key, &summary.figure, row.best))
                (ratio(summary.ratio))
            }
        }
    }
}

/// What the figures are multiples of, each once.
fn limits(view: &View) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for row in view.summary.iter().filter(|row| row.ratio.is_some()) {
        let limit = format!("{}, {}", row.scenario, row.limit);
        if !all.contains(&limit) {
            all.push(limit);
        }
    }
    all
}
