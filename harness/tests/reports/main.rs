//! Pages that are of several runs, and a run's page drawn again: from literal records, and
//! with the real binary over prepared folders. Nothing is measured.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]

mod command;
mod compare;
mod history;
mod records;
