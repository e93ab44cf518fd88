//! The suite that the built-in transports pass, over this crate's own.

use libtest_mimic::{Arguments, Failed, Trial};
use pipefit::link::conformance::Suite;

fn main() {
    let mut suite = Suite::default();
    own_transport::enrol(&mut suite);
    let trials = suite
        .checks
        .into_iter()
        .map(|check| Trial::test(check.name, move || (check.run)().map_err(Failed::from)))
        .collect();
    let mut arguments = Arguments::from_args();
    // Some promises are about time: they are kept one after the other.
    arguments.test_threads = Some(1);
    libtest_mimic::run(&arguments, trials).exit();
}
