//! pipefit, with one transport more.
//!
//! ```text
//! cargo run --release -p own-transport -- list
//! cargo run --release -p own-transport -- run stream --transport mailbox,thread
//! ```

use std::process::ExitCode;

use pipefit::run::Registry;

fn main() -> ExitCode {
    let mut registry = Registry::builtin();
    own_transport::enrol(&mut registry);
    // First of all: this may be a child process that plays a sensor.
    pipefit::init(&registry);
    pipefit_harness::run_main(&registry)
}
