//! Runs side by side, as a page.

use maud::{Markup, html};
use pipefit::run::record::Status;

use super::differences::differences;
use super::figure::Counter;
use super::number::{number, ratio};
use super::scenario::class;
use super::shell::{Part, shell};
use crate::report::compare::{Comparison, Group, INTERVALS, Known, Line, NOTE, Side, alike};
use crate::report::plot;

/// Runs side by side: what differs between them, the same cells against each other, and all
/// cells that were asked for the same.
#[must_use]
pub fn compared(sides: &[Side<'_>]) -> String {
    let comparison = Comparison::new(sides);
    let mut plots = Counter::default();
    let mut parts = vec![Part::new("runs", "runs", runs(&comparison))];
    let drawn = plots.all(plot::differences(&comparison));
    parts.push(Part::new("differences", "differences", differences(&comparison, &drawn)));
    for (i, (name, groups)) in scenarios(sides, &comparison, &mut plots).into_iter().enumerate() {
        let id = format!("scenario-{i}");
        let body = html! {
            h2 id=(id) { (name) }
            @for group in groups { (group) }
        };
        parts.push(Part::new(&id, &name, body));
    }
    parts.push(Part::new("words", "words", words()));
    shell(&comparison.title, &verdict(&comparison), &parts)
}

/// The tables and plots of each scenario. Groups come in the order in which cells that are
/// alike do.
fn scenarios(
    sides: &[Side<'_>],
    comparison: &Comparison,
    plots: &mut Counter,
) -> Vec<(String, Vec<Markup>)> {
    let mut all: Vec<(String, Vec<Markup>)> = Vec::new();
    for (group, alike) in comparison.groups.iter().zip(alike(sides)) {
        let drawn = plots.all(plot::compared(sides, &alike));
        let body = html! { (table(group)) (drawn) };
        match all.iter_mut().find(|(name, _)| *name == group.scenario) {
            Some((_, bodies)) => bodies.push(body),
            None => all.push((group.scenario.clone(), vec![body])),
        }
    }
    all
}

fn verdict(comparison: &Comparison) -> Markup {
    html! {
        p.sentence { (comparison.sentence) }
        p.partial { strong { "No verdict." } " " (NOTE) }
        @if !comparison.apart.is_empty() {
            p.partial {
                strong { "⚠ The runs differ in more than their figures: " }
                @for (i, apart) in comparison.apart.iter().enumerate() {
                    @if i > 0 { ", " }
                    (apart.what)
                }
                ". " a href="#runs" { "Which is which" }
            }
        }
    }
}

fn runs(comparison: &Comparison) -> Markup {
    html! {
        h2 id="runs" { "Runs" }
        div.scroll tabindex="0" role="region" aria-label="The runs" {
            table.figures {
                caption { span { "What each of them is called on this page, and where it comes from." } }
                thead { tr {
                    @for name in ["run", "id", "started", "commit", "machine", "cells", "warnings"] {
                        th scope="col" { (name) }
                    }
                } }
                @for run in &comparison.runs { (known(run)) }
            }
        }
        @if !comparison.apart.is_empty() {
            h3 { "What else differs" }
            ul.warnings {
                @for apart in &comparison.apart {
                    li {
                        strong { "⚠ The " (apart.what) " differs" }
                        @for (name, value) in &apart.each { br; (name) ": " (value) }
                    }
                }
            }
        }
    }
}

fn known(run: &Known) -> Markup {
    html! {
        tbody data-name=(run.name) {
            tr {
                th scope="row" { (run.name) }
                td { (run.id) @if run.partial { " " strong { "⚠ partial" } } }
                td { (run.started) }
                td { (run.commit) }
                td { (run.host) }
                td { (run.cells) }
                td { @if run.warnings.is_empty() { "none" } @else { (run.warnings.len()) } }
            }
            @if !run.warnings.is_empty() {
                tr.more { td colspan="7" { div { (run.warnings.join("; ")) } } }
            }
        }
    }
}

/// All cells of a group, whichever run they are of.
fn table(group: &Group) -> Markup {
    let columns = 5 + group.headings.len();
    let label = format!("Figures of {}, {}", group.scenario, group.terms);
    html! {
        h3 { (group.terms) }
        div.scroll tabindex="0" role="region" aria-label=(label) {
            table.figures data-sort {
                caption { span {
                    "A row for each transport in each run."
                    @if group.rows.iter().any(|line| line.row.best) {
                        " * marks the best valid figure among all of them."
                    }
                    " The last column is the main figure as a multiple of what that run's own machine could do \
                     at best in the same minutes"
                    @for (i, limit) in limits(group).iter().enumerate() {
                        @if i == 0 { ": " } @else { "; " }
                        (limit)
                    }
                    "."
                } }
                thead { tr {
                    @for name in ["transport", "run", "status", "wait"] { th scope="col" { (name) } }
                    @for heading in &group.headings {
                        th.n scope="col" { (heading.group) @if !heading.group.is_empty() { br; } (heading.stat) }
                    }
                    th.n scope="col" { "over the limit" }
                } }
                @for line in &group.rows { (row(group, line, columns)) }
            }
        }
    }
}

/// What figures are multiples of, once for each run.
fn limits(group: &Group) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for line in group.rows.iter().filter(|line| line.ratio.is_some()) {
        let limit = format!("{}, {}", line.run, line.limit);
        if !all.contains(&limit) {
            all.push(limit);
        }
    }
    all
}

fn row(group: &Group, line: &Line, columns: usize) -> Markup {
    let row = &line.row;
    let (mark, class) = (row.mark(), class(row.status));
    let reason = row.reason.as_deref().unwrap_or_default();
    html! {
        tbody data-hue=(row.hue) data-name={ (row.transport) " (" (line.run) ")" } {
            tr class=(class) {
                th scope="row" { (row.transport) }
                td { (line.run) }
                td class={ "status-" (class) } { (mark.glyph) " " (mark.word) }
                td { (row.wait) }
                @if row.status == Status::NotApplicable {
                    td.why colspan=(group.headings.len() + 1) { "n/a: " (reason) }
                } @else {
                    // A place in one of several records says nothing.
                    @for (at, figure) in row.figures.iter().enumerate() {
                        (number(0, "", figure, row.best && group.main == Some(at)))
                    }
                    (ratio(line.ratio))
                }
            }
            @if row.status == Status::Invalid {
                tr.more.invalid { td colspan=(columns) { div { "invalid: " (reason) } } }
            }
            @if !row.notes.is_empty() {
                tr.more.(class) { td colspan=(columns) { div { (row.notes.join("; ")) } } }
            }
        }
    }
}

fn words() -> Markup {
    html! {
        h2 id="words" { "What the words mean" }
        dl.foot {
            dt { "difference" }
            dd { "From the first run that has a cell to a later one: of the figure that the cell's scenario is there for. With an interval it is that of the geometric means of repeats, without one that of the figures themselves." }
            dt { "interval" }
            dd { (INTERVALS) " Samples within a repeat depend on each other, and make no interval; neither do fewer than three repeats." }
            dt { "over the limit" }
            dd { "The figure as a multiple of what the same machine could do at best in the same minutes. Between machines, differences of this say more than those of figures. A limit is one figure of its run: how far it scatters is in no interval." }
            dt { "✗ invalid, – n/a" }
            dd { "Measured, and not to be used; or not to be measured. Neither is in a difference." }
            dt { "n too small" }
            dd { "A percentile needs 10/(1−q) samples: 1,000 for the 99th, 10,000 for the 99.9th." }
        }
    }
}
