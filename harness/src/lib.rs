//! The judging side of pipefit: everything that judges, remembers and draws.
//!
//! Above the measuring side's floors stand [`stat`] (what figures say, and how sure),
//! [`verdict`] (what they are held to), [`report`] (one renderer per file), [`results`]
//! (what is kept of a run), [`check`] (budgets are measured), [`gate`] (two builds
//! are held against each other) and [`cli`] (the command line).
//!
//! A program with transports of its own has the whole tool around them:
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! fn main() -> ExitCode {
//!     let registry = pipefit::run::Registry::builtin();
//!     pipefit::init(&registry);
//!     pipefit_harness::run_main(&registry)
//! }
//! ```

#![forbid(unsafe_code)]

pub mod check;
pub mod cli;
pub mod gate;
pub mod metric;
pub mod quantity;
pub mod report;
pub mod results;
pub mod stat;
pub mod verdict;

pub use cli::{Ended, Notebook, run_main};
