//! The books of every cell.

use maud::{Markup, html};

use crate::report::model::Books;

/// A table of ledgers, and of what was left behind.
pub(super) fn books(books: &[Books]) -> Markup {
    html! {
        h2 id="ledger" { "Ledger" }
        div.scroll tabindex="0" role="region" aria-label="The ledger of each cell" {
            table.figures.ledger {
                caption { span {
                    "In frames: offered = shown + merged + dropped + lost + in flight. \
                     Duplicate and reordered stand outside the balance; corrupt and torn are lost as well."
                } }
                thead {
                    tr {
                        th scope="col" { "cell" }
                        @for heading in Books::HEADINGS { th.n scope="col" { (heading) } }
                        th scope="col" { "balance" }
                        th scope="col" { "left behind" }
                    }
                }
                tbody {
                    @for row in books {
                        tr {
                            th scope="row" { (row.cell) }
                            @for (heading, n) in Books::HEADINGS.iter().zip(&row.numbers) {
                                td.n.bad[*heading == "lost" && row.losses] { (n) }
                            }
                            td.bad[!row.balanced] { (row.balance()) }
                            td { (row.residue.as_deref().unwrap_or("—")) }
                        }
                    }
                }
            }
        }
    }
}
