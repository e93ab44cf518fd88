//! A run as one page that needs nothing but itself.
//!
//! No script, no font, no image from elsewhere: the policy in its head forbids them
//! all. It follows the reader's choice of a light or a dark page, and tables and
//! plots that are wider than the screen scroll by themselves.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use pipefit::run::record::{RunRecord, Status};

use super::Curves;
use super::figure::Figure;
use super::model::{Books, BudgetsView, Row, Section, View};
use super::plot::{self, Plot, custom_properties, percentiles};
use crate::verdict::Verdicts;

mod budgets;

const STYLE: &str = include_str!("page.css");

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
                      base-uri 'none'; form-action 'none'";

/// A record and the histograms behind it as a page, with the budgets it was held to.
#[must_use]
pub fn page(record: &RunRecord, curves: &Curves, verdicts: Option<&Verdicts>) -> String {
    let view = View::new(record);
    let judged = verdicts.map(BudgetsView::new);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                title { "pipefit run " (view.id) }
                link rel="icon" href="data:,";
                style { (style()) }
            }
            body {
                a.skip href="#figures" { "Skip to the figures" }
                (header(&view, judged.as_ref()))
                main {
                    @if let Some(judged) = &judged { (budgets::budgets(judged)) }
                    (environment(&view))
                    div id="figures" {
                        @for (i, section) in view.sections.iter().enumerate() {
                            (scenario(i, section, &plots(record, curves, i)))
                        }
                    }
                    (ledger(&view.books))
                    (footnotes())
                }
            }
        }
    }
    .into_string()
}

fn style() -> PreEscaped<String> {
    PreEscaped(format!(
        "{STYLE}:root{{{}}}@media(prefers-color-scheme:dark){{:root{{{}}}}}",
        custom_properties(false),
        custom_properties(true)
    ))
}

/// The plots of the i-th scenario. The view's names are made harmless, so the
/// scenario is looked up by its place and not by its name.
fn plots<'a>(record: &RunRecord, curves: &'a Curves, i: usize) -> Vec<Plot<'a>> {
    let mut scenarios: Vec<&str> = Vec::new();
    for cell in &record.cells {
        if !scenarios.contains(&cell.scenario.as_str()) {
            scenarios.push(&cell.scenario);
        }
    }
    scenarios.get(i).map(|name| plot::plots(record, curves, name)).unwrap_or_default()
}

fn header(view: &View, judged: Option<&BudgetsView>) -> Markup {
    html! {
        header {
            h1 { "pipefit run " (view.id) }
            @if let Some(judged) = judged { p.sentence { (judged.sentence) } }
            p.sentence { (view.sentence) }
            @if view.partial {
                p.partial { strong { "⚠ Partial." } " This run was interrupted: cells or repeats are missing." }
            }
            @if view.sections.len() > 1 {
                nav aria-label="Scenarios" {
                    ul {
                        @if judged.is_some() { li { a href="#budgets" { "budgets" } } }
                        @for (i, section) in view.sections.iter().enumerate() {
                            li { a href={ "#scenario-" (i) } { (section.scenario) } }
                        }
                        @if !view.books.is_empty() { li { a href="#ledger" { "ledger" } } }
                    }
                }
            }
        }
    }
}

fn environment(view: &View) -> Markup {
    html! {
        section aria-labelledby="environment" {
            h2 id="environment" { "Environment" }
            @if !view.warnings.is_empty() {
                h3 { "Warnings" }
                ul.warnings {
                    @for warning in &view.warnings {
                        li { strong { "⚠ " (warning.what) } br; "Remedy: " (warning.remedy) }
                    }
                }
            }
            h3 { "This machine and this build" }
            p.foot { "What was probed. What could not be is unknown." }
            dl.facts {
                @for fact in &view.environment {
                    div { dt { (fact.name) } dd { (fact.value) } }
                }
            }
        }
    }
}

fn scenario(i: usize, section: &Section, plots: &[Plot<'_>]) -> Markup {
    let columns = 6 + section.headings.len();
    html! {
        section aria-labelledby={ "scenario-" (i) } {
            h2 id={ "scenario-" (i) } { (section.scenario) }
            div.scroll tabindex="0" role="region" aria-label={ "Figures of " (section.scenario) } {
                table.figures {
                    caption {
                        span {
                            "A row for each cell."
                            @if section.rows.iter().any(|r| r.best) {
                                " * marks the best valid figure among cells of equal size, rate and policy."
                            }
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
                    tbody {
                        @for row in &section.rows { (cells(section, row, columns)) }
                    }
                }
            }
            @for plot in plots { (figure(plot)) }
        }
    }
}

fn cells(section: &Section, row: &Row, columns: usize) -> Markup {
    let mark = row.mark();
    let class = match row.status {
        Status::Valid => "valid",
        Status::Invalid => "invalid",
        Status::NotApplicable => "not-applicable",
    };
    let reason = row.reason.as_deref().unwrap_or_default();
    html! {
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
                @for (at, figure) in row.figures.iter().enumerate() {
                    (number(figure, row.best && section.main == Some(at)))
                }
            }
        }
        @if row.status == Status::Invalid {
            tr.more.invalid { td colspan=(columns) { div { "invalid: " (reason) } } }
        }
        @if !row.notes.is_empty() {
            tr.more.(class) {
                td colspan=(columns) { div { (row.notes.join("; ")) } }
            }
        }
    }
}

fn number(figure: &Figure, best: bool) -> Markup {
    html! {
        @match figure {
            Figure::TooFew => td.n.few { (figure.to_string()) },
            Figure::Absent => td.n.absent { (figure.to_string()) },
            Figure::Value { text, .. } if best => td.n { strong.best { (text) "*" } },
            Figure::Value { text, .. } => td.n { (text) },
        }
    }
}

fn figure(plot: &Plot<'_>) -> Markup {
    let svg = percentiles::svg(plot);
    html! {
        figure {
            @match svg {
                Ok(Some(svg)) => div.scroll tabindex="0" role="region" aria-label={ "Plot of " (plot.metric) } { (PreEscaped(svg)) },
                Ok(None) => p { "No percentile plot of " (plot.metric) " (" (plot.terms) "): n too small." },
                Err(why) => p.bad { (why.to_string()) },
            }
            figcaption {
                "Lower is better. A curve ends where fewer than ten samples are left above it."
                @if !plot.left_out.is_empty() {
                    " Not drawn, because invalid: " (plot.left_out.join(", ")) "."
                }
            }
        }
    }
}

fn ledger(books: &[Books]) -> Markup {
    html! {
        @if !books.is_empty() {
            section aria-labelledby="ledger" {
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
    }
}

fn footnotes() -> Markup {
    html! {
        section aria-labelledby="words" {
            h2 id="words" { "What the words mean" }
            dl.foot {
                dt { "✗ invalid" }
                dd { "It was measured, and its figures may not be used: its rate was missed, its ledger does not balance, or something broke. The reason stands below the row. It is never the best of anything." }
                dt { "– n/a" }
                dd { "It cannot be measured: the transport does not offer what the cell asks for. Nothing was changed to make it fit." }
                dt { "n too small" }
                dd { "A percentile needs 10/(1−q) samples: 1,000 for the 99th, 10,000 for the 99.9th. For age, which is a share of time, 100 ms must lie above it." }
                dt { "—" }
                dd { "The scenario has no such metric." }
                dt { "slip, transit, response, rtt" }
                dd { "How late the sensor itself was; what the transport took; what the reader felt, from when the frame was due; there and back." }
            }
        }
    }
}
