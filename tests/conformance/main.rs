//! The conformance suite over every built-in transport, one test per promise, and over
//! links that break one promise each.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]

mod broken;

use libtest_mimic::{Arguments, Failed, Trial};
use pipefit::link::conformance::Suite;
use pipefit::run::Registry;

fn main() {
    // A transport's server is this program, started again.
    pipefit::init(&Registry::builtin());
    let mut suite = Suite::default();
    pipefit::transport::enrol(&mut suite);
    let promises = suite.checks.into_iter().chain(broken::sound());
    let trials =
        promises
            .map(|check| Trial::test(check.name, move || (check.run)().map_err(Failed::from)))
            .chain(broken::controls().into_iter().map(|(name, is_found)| {
                Trial::test(name, move || is_found().map_err(Failed::from))
            }))
            .collect();
    let mut arguments = Arguments::from_args();
    // Some promises are about time: they are kept one after the other.
    arguments.test_threads = Some(1);
    libtest_mimic::run(&arguments, trials).exit();
}
