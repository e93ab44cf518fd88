//! The conformance suite over every built-in transport, one test per promise.

use libtest_mimic::{Arguments, Failed, Trial};
use pipefit::link::conformance::Suite;
use pipefit::run::Registry;

fn main() {
    // A transport's server is this program, started again.
    pipefit::init(&Registry::builtin());
    let mut suite = Suite::default();
    pipefit::transport::enrol(&mut suite);
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
