//! Round trips over every transport that can make them: `latency/pipe/64B` is one frame
//! with 64 B of payload, there and back over two links, made and checked in full by
//! both sides.
//!
//! `cargo bench --bench latency`. Links are open before anything is timed and closed
//! after; see `compare`, which does the work.

mod compare;
mod flags;

use std::process::ExitCode;

use pipefit::run::standing::Use;

fn main() -> ExitCode {
    compare::main(&compare::Bench {
        name: "latency",
        like: "rtt",
        used: Use::Trips,
        sizes: &[64, 64 << 10],
    })
}
