//! Where and how it was measured, and what may spoil it.

use maud::{Markup, html};

use crate::report::model::View;

/// The warnings first, each with its remedy; the facts can be unfolded.
pub(super) fn environment(view: &View) -> Markup {
    html! {
        h2 id="environment" { "Environment" }
        @if view.warnings.is_empty() {
            p { "✓ Nothing was found that spoils measurements." }
        } @else {
            ul.warnings {
                @for warning in &view.warnings {
                    li { strong { "⚠ " (warning.what) } br; "Remedy: " (warning.remedy) }
                }
            }
        }
        details open[view.summary.len() < 2] {
            summary { "This machine, this build, and what this machine could do at best" }
            p.foot { "What was probed. What could not be is unknown." }
            dl.facts {
                @for fact in &view.environment {
                    div { dt { (fact.name) } dd { (fact.value) } }
                }
            }
        }
    }
}

/// A reminder beside figures, where there is something to remember.
pub(super) fn reminder(view: &View) -> Markup {
    let first = view.warnings.first();
    html! {
        @if let Some(first) = first {
            p.partial {
                strong { "⚠ " (first.what) }
                @if view.warnings.len() > 1 { ", and " (view.warnings.len() - 1) " more" }
                ": these figures were measured like that. "
                a href="#environment" { "Remedies" }
            }
        }
    }
}
