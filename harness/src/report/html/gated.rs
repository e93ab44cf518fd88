//! What a gate saw, as a page.

use maud::{Markup, html};

use super::figure::Counter;
use super::number::quantity;
use super::shell::{Part, shell};
use crate::report::figure::percent;
use crate::report::model::clean;
use crate::report::plot;
use crate::verdict::gated::{CellRecord, GateRecord};

/// A gate's record as a page.
#[must_use]
pub fn gated(record: &GateRecord) -> String {
    let mut plots = Counter::default();
    let drawn = plots.all(plot::gated(record));
    let parts = [
        Part::new(
            "changes",
            "changes",
            html! { h2 id="changes" { "Changes" } (table(record)) (drawn) },
        ),
        Part::new("terms", "terms", terms(record)),
    ];
    shell("pipefit gate", &verdict(record), &parts)
}

fn verdict(record: &GateRecord) -> Markup {
    let words = [
        "regressed",
        "broken",
        "environment invalid",
        "inconclusive",
        "improved",
        "unchanged",
        "n/a",
    ];
    let counts: Vec<String> = words
        .iter()
        .map(|word| (record.cells.iter().filter(|c| c.verdict == *word).count(), word))
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{n} {word}"))
        .collect();
    html! {
        @if record.identical {
            p.sentence { "The two programs are identical: there is nothing to compare." }
        } @else {
            p.sentence { (record.cells.len()) " cells: " (counts.join(", ")) "." }
        }
        @if record.partial {
            p { "Interrupted: what is not decided was not measured to its end." }
        }
        p { "Head " code { (clean(&record.head)) } " against base " code { (clean(&record.base)) } "." }
    }
}

fn table(record: &GateRecord) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Verdict of each cell" {
            table.figures data-sort {
                caption { span {
                    "Change of head against base: above 0 is slower. The interval is of 98 %; the last column is \
                     the smallest change that would most likely have been found."
                } }
                thead { tr {
                    @for name in ["cell", "verdict"] { th scope="col" { (name) } }
                    @for name in ["change", "from", "to", "pairs", "seconds", "would have seen"] {
                        th.n scope="col" { (name) }
                    }
                } }
                @for cell in &record.cells { (row(cell)) }
            }
        }
    }
}

fn row(cell: &CellRecord) -> Markup {
    let (glyph, class) = match &cell.verdict[..] {
        "regressed" => ("✗", "fail"),
        "broken" => ("!", "invalid"),
        "improved" | "unchanged" => ("✓", "pass"),
        "n/a" => ("–", "na"),
        _ => ("?", "inconclusive"),
    };
    html! {
        tbody {
            tr {
                th scope="row" { (clean(&cell.cell)) }
                td class={ "verdict-" (class) } { (glyph) " " (clean(&cell.verdict)) }
                (quantity(cell.change_pct, percent))
                (quantity(cell.low_pct, percent))
                (quantity(cell.high_pct, percent))
                td.n data-value=(cell.all_pairs()) { (cell.all_pairs()) }
                td.n data-value=(cell.took_ns) { (format!("{:.1}", cell.took_ns as f64 / 1e9)) }
                (quantity(cell.least_seen_pct, |least| format!("{least:.1} %")))
            }
            @if let Some(why) = &cell.reason {
                tr.more { td colspan="8" { div { (clean(why)) } } }
            }
        }
    }
}

fn terms(record: &GateRecord) -> Markup {
    let pins: Vec<String> = record.pins.iter().map(ToString::to_string).collect();
    let pins = if pins.is_empty() { "none".to_owned() } else { pins.join(", ") };
    let relinked = if record.relinked { "yes" } else { "no" };
    let facts = [
        ("started", clean(&record.started)),
        ("pinned", format!("CPU {pins}")),
        ("seed", record.seed.to_string()),
        ("relinked", relinked.to_owned()),
    ];
    html! {
        h2 id="terms" { "Terms" }
        dl.facts { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } }
        dl.foot {
            dt { "regressed, improved" }
            dd { "The interval of 99.9 % lies on one side of 0, the change is at least 3 %, it holds among all cells, and a second measurement with fresh processes agrees." }
            dt { "unchanged" }
            dd { "The interval of 98 % lies within 5 % of 0." }
            dt { "inconclusive" }
            dd { "The pairs scatter too much to say." }
            dt { "environment invalid" }
            dd { "The base differs from itself: nothing can be said here and now." }
        }
    }
}
