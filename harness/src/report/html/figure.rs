//! A plot on a page: its words, its image, what tells its series apart, and its data.

use maud::{Markup, PreEscaped, html};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::report::plot::{Drawing, PlotError, Series};

/// What must not stand in an address as it is.
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>');

/// Gives every plot of a page a name of its own.
#[derive(Default)]
pub(super) struct Counter(usize);

impl Counter {
    /// Some plots, in the order in which they are to be read.
    pub(super) fn all(
        &mut self,
        plots: impl IntoIterator<Item = Result<Drawing, PlotError>>,
    ) -> Markup {
        let plots: Vec<Markup> = plots
            .into_iter()
            .map(|plot| {
                self.0 += 1;
                match plot {
                    Ok(drawing) => figure(self.0, &drawing),
                    Err(why) => html! { p.bad { (why.to_string()) } },
                }
            })
            .collect();
        html! {
            @if !plots.is_empty() {
                div.plots { @for plot in plots { (plot) } }
            }
        }
    }
}

fn figure(number: usize, drawing: &Drawing) -> Markup {
    let words = &drawing.words;
    let data = utf8_percent_encode(&drawing.csv, ESCAPED).to_string();
    let (title, terms) = (format!("plot-{number}-title"), format!("plot-{number}-terms"));
    // Plots of one title differ in their terms: names that are heard are of both.
    let region = match &words.terms[..] {
        "" => format!("Plot: {}", words.title),
        terms => format!("Plot: {}, {terms}", words.title),
    };
    html! {
        figure.plot id={ "plot-" (number) } aria-labelledby={ (title) " " (terms) } {
            h3 id=(title) { (words.title) }
            p.terms id=(terms) { (words.terms) }
            div.scroll tabindex="0" role="region" aria-label=(region) {
                (PreEscaped(&drawing.svg))
            }
            @if !drawing.series.is_empty() {
                ul.legend {
                    @for series in &drawing.series { (entry(series)) }
                }
            }
            figcaption {
                (words.note)
                @if !words.left_out.is_empty() {
                    " Not drawn, because invalid: " (words.left_out.join(", ")) "."
                }
                " "
                a.data download={ "plot-" (number) ".csv" } href={ "data:text/csv;charset=utf-8," (data) } {
                    "Data of this plot (CSV)"
                }
            }
        }
    }
}

fn entry(series: &Series) -> Markup {
    let (color, dashes) = series.look();
    html! {
        li data-hue=(series.hue) data-variant=(series.variant) data-series=(series.label) {
            svg.swatch aria-hidden="true" {
                line y1="5" x2="26" y2="5" stroke=(color)
                    stroke-dasharray=[(!dashes.is_empty()).then_some(dashes)] {}
            }
            (series.label)
        }
    }
}
