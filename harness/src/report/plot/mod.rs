//! Plots as SVG, each with the data behind it: one file for each kind.
//!
//! A kind of plot is a function from a run and a scenario to whatever it can draw of them,
//! and a line in `ALL`: a scenario that comes later brings its own in a file here. It
//! makes plain data (lines, strips, bars, intervals) which `lines`, `strips`, `bars`
//! and `intervals` draw.
//!
//! A plot is drawn with colours that stand for a role (ink, grid, the third series) and are
//! afterwards replaced by CSS variables, so that a page themes it. No text of a record is
//! trusted: names arrive in the SVG as text.

mod axis;
mod bars;
mod books;
mod budgets;
mod compared;
mod course;
mod differences;
mod drawing;
mod gated;
mod group;
mod held;
mod intervals;
mod lines;
mod percentiles;
mod scaling;
mod screen;
mod strips;
mod theme;
mod trends;
mod unit;

use super::Run;

pub use budgets::budgets;
pub(super) use compared::compared;
pub use differences::differences;
pub use drawing::{Drawing, PlotError, Series, Words};
pub use gated::gated;
pub use theme::{HUES, custom_properties};
pub use trends::trend;

/// What a kind of plot draws of a scenario: nothing, where it has no data for it.
type Draw = fn(&Run<'_>, &str) -> Vec<Result<Drawing, PlotError>>;

/// Every kind, in the order in which a page shows them.
const ALL: [Draw; 6] = [
    percentiles::percentiles,
    course::course,
    screen::ages,
    screen::intervals,
    scaling::scaling,
    books::books,
];

/// The plots of one scenario. What has no data is not drawn; neither is an invalid cell,
/// which is named instead.
#[must_use]
pub fn plots(run: &Run<'_>, scenario: &str) -> Vec<Result<Drawing, PlotError>> {
    ALL.iter().flat_map(|draw| draw(run, scenario)).collect()
}
