//! The rest of a test target's `main` whose tests measure, or count what belongs to the
//! whole process: they run one after the other.

use libtest_mimic::{Arguments, Failed, Trial};

pub(crate) type Test = fn() -> Result<(), Failed>;

/// Runs them, as the command line asks, and exits.
pub(crate) fn run(tests: &[(&str, Test)]) -> ! {
    let trials = tests.iter().map(|&(name, test)| Trial::test(name, test)).collect();
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    libtest_mimic::run(&arguments, trials).exit()
}
