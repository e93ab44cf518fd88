//! `pipefit`: fitness functions for inter-process communication.

use std::process::ExitCode;

use pipefit::run::Registry;

fn main() -> ExitCode {
    let registry = Registry::builtin();
    // In a child process, which is this same program, it does not return.
    pipefit::init(&registry);
    pipefit_harness::run_main(&registry)
}
