//! How this tool was built, as far as it can tell.

use std::hint::black_box;

use pipefit::run::record::Build;

/// What goes into the record. The commit is known where whoever built it said so;
/// nothing that is measured depends on it.
pub(super) fn build() -> Build {
    Build {
        profile: if optimised() { "optimised" } else { "unoptimised" }.to_owned(),
        debug_assertions: cfg!(debug_assertions),
        commit: option_env!("PIPEFIT_COMMIT").map(str::to_owned),
    }
}

/// What [`below`] keeps on the stack, unless somebody saw that it need not.
const ROOM: usize = 16 * 1024;

/// Whether this code was optimised. No compiler flag says so to the code itself
/// (tests are built optimised, and yet with debug assertions), so it is probed: an
/// array that is not needed stands on the stack only where nobody optimised it away.
pub(super) fn optimised() -> bool {
    let here = 0_u8;
    let above = black_box(&raw const here).addr();
    below(above, black_box(7)) < ROOM
}

/// How far down the stack this function's own variables are.
#[inline(never)]
fn below(above: usize, at: u8) -> usize {
    let mut room = [0_u8; ROOM];
    room[usize::from(at)] = at;
    let here = room[usize::from(at)];
    above.abs_diff(black_box(&raw const here).addr())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The workspace builds its tests optimised, with debug assertions.
    #[test]
    fn tests_are_built_optimised() {
        assert!(optimised());
        assert_eq!(build().profile, "optimised");
    }
}
