//! Budgets: what must hold of a cell, and why somebody cares.

mod complaint;
mod file;
mod plan;
mod sense;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use pipefit::run::Case;

pub use complaint::{Complaint, Kind};
pub use file::read;
pub use plan::Profile;

use super::Assertion;

/// A file of budgets.
#[derive(Clone, Debug, PartialEq)]
pub struct Budgets {
    /// Where it stands.
    pub file: PathBuf,
    /// What it asks for, in its order.
    pub all: Vec<Budget>,
}

/// What must hold of one cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// What it is called.
    pub name: String,
    /// Why somebody cares.
    pub why: String,
    /// Its line in the file, from 1.
    pub line: usize,
    /// What is measured; not pinned yet.
    pub case: Case,
    /// Other cells that are measured beside it, by the name of their transport.
    pub rivals: BTreeMap<String, Case>,
    /// Whether it is a control, which must fail.
    pub must_fail: bool,
    /// How often it is measured at most.
    pub trials: u32,
    /// What must hold, each with its line in the file.
    pub asserts: Vec<(Assertion, usize)>,
}
