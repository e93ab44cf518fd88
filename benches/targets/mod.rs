//! What becomes of targets that were missed.

use std::env;
use std::process::ExitCode;

/// Set to anything, it makes a missed target the bench's failure.
const STRICT: &str = "PIPEFIT_STRICT";

/// The exit code. A target is missed by the machine as often as by the code, and a bench
/// that fails keeps cargo from running the next one: only who asks for it gets that.
#[expect(clippy::print_stdout, reason = "a bench prints its table")]
pub(crate) fn verdict(missed: usize) -> ExitCode {
    if missed == 0 {
        return ExitCode::SUCCESS;
    }
    if env::var_os(STRICT).is_some() {
        return ExitCode::FAILURE;
    }
    println!("{missed} targets were not shown to be met; {STRICT}=1 makes that a failure");
    ExitCode::SUCCESS
}
