//! How fast frames arrive over every transport, whose sender never stops:
//! `throughput/pipe/64B` is one frame with 64 B of payload, checked in full.
//!
//! `cargo bench --bench throughput`. Links are open before anything is timed and closed
//! after; see `compare`, which does the work.

mod compare;
mod flags;

use std::process::ExitCode;

use pipefit::run::standing::Use;

fn main() -> ExitCode {
    compare::main(&compare::Bench {
        name: "throughput",
        like: "max",
        used: Use::Arrivals,
        sizes: &[64, 4 << 10, 64 << 10],
    })
}
