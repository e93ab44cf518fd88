//! Floor 7: a run as people and programs read it, one renderer per file.
//!
//! [`View`] turns a record into words, once; [`terminal`], [`markdown`] and [`html`]
//! only lay those words out, so that the same figure reads the same everywhere.
//! [`csv`], [`json`], [`hgrm`], [`hlog`] and [`trace`] are for programs: they carry exact
//! numbers and no words of the view; [`junit`], [`github`] and [`trackers`] are for the
//! programs that builds run in; [`compare`] lays runs beside each other, [`trend`] those of
//! several days, and [`history`] all that were ever kept.
//!
//! Everything here is pure: a record (and [`Curves`], where more than figures is needed)
//! goes in, text comes out. Nothing judges, and nothing touches a file. Names,
//! notes and warnings are never trusted: what could act on a terminal or in a page
//! arrives there as text.

mod columns;
pub mod compare;
pub mod csv;
mod curves;
mod figure;
pub mod github;
mod headline;
pub mod hgrm;
pub mod history;
pub mod hlog;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
mod model;
pub mod plot;
mod run;
pub mod terminal;
pub mod trace;
pub mod trackers;
pub mod trend;

pub use curves::Curves;
pub use figure::{Figure, percent, signed};
pub use model::{
    AssertRow, Best, Books, BudgetRow, BudgetsView, Fact, Heading, Mark, Row, Section, Stamp,
    SummaryRow, View,
};
pub use run::Run;
