//! All kept runs over time, as a page.

use maud::{Markup, html};

use super::figure::Counter;
use super::number::quantity;
use super::shell::{Part, shell};
use super::spark::spark;
use crate::report::figure::percent;
use crate::report::history::{Class, Listed, Overview, Series, Turn};
use crate::report::plot;

/// Cells of a class that are drawn large: those that changed most lately.
const DRAWN: usize = 6;

/// The history as a page. Its links are seen from the results folder.
#[must_use]
pub fn history(overview: &Overview) -> String {
    let mut plots = Counter::default();
    let mut parts = Vec::new();
    for (i, class) in overview.classes.iter().enumerate() {
        let id = format!("class-{i}");
        let drawn = plots.all(changed(class).map(|series| plot::trend(series, &class.name)));
        parts.push(Part::new(&id, &class.name, of_class(&id, class, &drawn)));
    }
    if overview.classes.is_empty() {
        parts.push(Part::new("none", "none", none()));
    }
    parts.push(Part::new("words", "words", words()));
    shell("pipefit history", &verdict(overview), &parts)
}

fn verdict(overview: &Overview) -> Markup {
    html! {
        p.sentence { (overview.sentence) }
        p { "Nothing is judged against these figures. Whether a change made something slower, " code { "pipefit gate" } " says: it measures both builds now." }
        @if let Some(damage) = overview.damage() {
            p.partial { strong { "⚠ Damaged. " } (damage) }
        }
    }
}

fn none() -> Markup {
    html! {
        h2 id="none" { "No runs" }
        p { "A run that is kept adds a line here. " code { "pipefit compare" } " measures all transports in about a minute; " code { "pipefit run stream --transport pipe" } " measures one of them." }
        p { "Then draw this page again, with " code { "pipefit report --history" } "." }
    }
}

/// Series that changed, those first that did so last.
fn changed(class: &Class) -> impl Iterator<Item = &Series> {
    let last = |series: &&Series| series.turns.last().map_or(0, |turn| turn.at);
    let mut all: Vec<&Series> =
        class.series.iter().filter(|series| !series.turns.is_empty()).collect();
    all.sort_by_key(|series| std::cmp::Reverse(last(series)));
    all.into_iter().take(DRAWN)
}

fn of_class(id: &str, class: &Class, drawn: &Markup) -> Markup {
    let turns: Vec<(&Series, &Turn)> = class
        .series
        .iter()
        .flat_map(|series| series.turns.iter().map(move |turn| (series, turn)))
        .collect();
    html! {
        h2 id=(id) { (class.name) @if class.this_machine { " (this machine)" } }
        @if class.series.is_empty() {
            p { "None of its runs is whole and has a valid cell." }
        } @else {
            (cells(class))
        }
        @if !turns.is_empty() { (changes(class, &turns)) }
        (drawn)
        (runs(class))
    }
}

fn cells(class: &Class) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label={ "Cells on " (class.name) } {
            table.figures data-sort {
                caption { span {
                    "The main figure of each cell over " (class.whole) " whole runs, the oldest at the left. The \
                     change is that of the newest against the median of the ten before it. A line across is where \
                     it changed and stayed so."
                } }
                thead { tr {
                    @for name in ["cell", "figure"] { th scope="col" { (name) } }
                    @for name in ["newest", "change", "runs"] { th.n scope="col" { (name) } }
                    @for name in ["last change", "over time"] { th scope="col" { (name) } }
                } }
                @for series in &class.series { (cell(series, class.whole)) }
            }
        }
    }
}

fn cell(series: &Series, runs: usize) -> Markup {
    html! {
        tbody data-hue=(series.hue) data-name=(series.cell) {
            tr {
                th scope="row" { (series.cell) }
                td { (series.figure) }
                (quantity(series.newest(), |value| series.shown(value)))
                (quantity(series.change_pct, percent))
                td.n data-value=(series.points.len()) { (series.points.len()) }
                @match series.turns.last() {
                    Some(turn) => td { (turn.run.started) ", " (percent(turn.change_pct())) },
                    None => td.absent { "—" },
                }
                td { (spark(series, runs)) }
            }
        }
    }
}

fn changes(class: &Class, turns: &[(&Series, &Turn)]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label={ "Changes on " (class.name) } {
            table.figures data-sort {
                caption { span {
                    "Where a figure changed by 5 % and more, far beyond its scatter, and stayed so: at least five \
                     runs lie on each side. The run is the first one behind the change."
                } }
                thead { tr {
                    @for name in ["cell", "figure", "run", "started", "commit"] { th scope="col" { (name) } }
                    @for name in ["before", "behind", "change"] { th.n scope="col" { (name) } }
                } }
                @for (series, turn) in turns {
                    tbody data-hue=(series.hue) data-name=(series.cell) {
                        tr {
                            th scope="row" { (series.cell) }
                            td { (series.figure) }
                            td { (link(&turn.run)) }
                            td { (turn.run.started) }
                            td { (turn.run.commit) }
                            td.n data-value=(turn.before) { (series.shown(turn.before)) }
                            td.n data-value=(turn.after) { (series.shown(turn.after)) }
                            td.n data-value=(turn.change_pct()) { (percent(turn.change_pct())) }
                        }
                    }
                }
            }
        }
    }
}

fn link(run: &Listed) -> Markup {
    html! {
        @match &run.page {
            Some(page) => a href=(page) { (run.run) },
            None => { (run.run) }
        }
    }
}

fn runs(class: &Class) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label={ "Runs on " (class.name) } {
            table.figures data-sort {
                caption { span { "All runs, newest first. One whose page is still there is linked to." } }
                thead { tr {
                    @for name in ["run", "started", "command", "commit", "state"] { th scope="col" { (name) } }
                    th.n scope="col" { "valid cells" }
                } }
                @for run in &class.runs {
                    tbody data-name=(run.run) {
                        tr {
                            th scope="row" { (link(run)) }
                            td { (run.started) }
                            td { (run.command) }
                            td { (run.commit) }
                            td { @if run.partial { strong { "⚠ partial" } } @else { "whole" } }
                            td.n data-value=(run.cells) { (run.cells) }
                        }
                    }
                }
            }
        }
    }
}

fn words() -> Markup {
    html! {
        h2 id="words" { "What the words mean" }
        dl.foot {
            dt { "figure" }
            dd { "What the cell's scenario is there for, over what the machine could do at best in the same minutes: most of what differs from day to day is in both. The age of a screen is what a person feels, and stays a time. A part of a spread that fewer than half of the runs have is not taken; runs without it are left out." }
            dt { "change that stayed" }
            dd { "The medians of up to twenty runs on each side lie at least 5 % and six standard errors apart (seven among a thousand runs), by how far the runs scatter, and at least half of that lies between the five runs on either side: a slow drift is none. Of noise alone, at most 2 in 100 cells show one. It says when something changed, and not why: a machine changes, too." }
            dt { "⚠ partial" }
            dd { "It was interrupted, and is in no trend." }
            dt { "class" }
            dd { "The kind of machine: processor, number of cores, hypervisor. Figures of two classes are not laid beside each other." }
        }
    }
}
