//! A cell of a table that holds a number, which the table can be sorted by.

use maud::{Markup, html};

use crate::report::figure::{Figure, times};

/// A figure, with the number behind it and where `run.json` has that.
pub(super) fn number(cell: usize, key: &str, figure: &Figure, best: bool) -> Markup {
    let place = (!key.is_empty()).then(|| format!("{cell}/{key}"));
    html! {
        @match figure {
            Figure::TooFew => td.n.few data-key=[place] { (figure.to_string()) },
            Figure::Absent => td.n.absent { (figure.to_string()) },
            Figure::Value { text, raw } => {
                td.n data-value=(raw) data-key=[place] {
                    @if best { strong.best { (text) "*" } } @else { (text) }
                }
            }
        }
    }
}

/// A number as `shown` says it, or that there is none.
pub(super) fn quantity(value: Option<f64>, shown: impl FnOnce(f64) -> String) -> Markup {
    html! {
        @match value {
            Some(value) => td.n data-value=(value) { (shown(value)) },
            None => td.n.absent { "—" },
        }
    }
}

/// How many times as much as a limit, or that there is none.
pub(super) fn ratio(ratio: Option<f64>) -> Markup {
    html! {
        @match ratio {
            Some(ratio) => td.n data-value=(format!("{ratio:.4}")) { (times(ratio)) },
            None => td.n.absent { "—" },
        }
    }
}
