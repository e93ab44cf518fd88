//! The measuring side of pipefit: everything that runs while something is measured.
//!
//! Five floors, each using only those below it: [`ground`] (time, frames, ledger,
//! meters), [`memory`] (what threads and processes share), [`link`] (the contract),
//! [`transport`] and [`role`] side by side (ways to move frames; those who send and
//! read them), and [`run`] (who is started where, and what is recorded).
//!
//! It knows no budget, no plot and no page: those live in `pipefit-harness`.
//!
//! A program that wants to measure calls [`init`] first in its `main`: sensors run
//! in child processes, and a child is this same program started again.

pub mod ground;
pub mod link;
pub mod memory;
pub mod role;
pub mod run;
pub mod transport;

pub use run::endpoint::init;
