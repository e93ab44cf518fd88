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

/// What [`room`] keeps on the stack, unless somebody saw that it need not.
const ROOM: usize = 16 * 1024;

/// Whether this code was optimised. No compiler flag says so to the code itself
/// (tests are built optimised, and yet with debug assertions), so it is probed: an
/// array that is not needed stands on the stack only where nobody optimised it away.
pub(super) fn optimised() -> bool {
    depth::<false>() < ROOM
}

/// How far the stack reaches down below this function, over a room that is needed or not.
fn depth<const NEEDED: bool>() -> usize {
    let here = 0_u8;
    room::<NEEDED>(black_box(&raw const here).addr(), black_box(7))
}

#[inline(never)]
fn room<const NEEDED: bool>(above: usize, at: u8) -> usize {
    let mut room = [0_u8; ROOM];
    room[usize::from(at)] = at;
    if NEEDED {
        black_box(&room);
    }
    below(above, room[usize::from(at)])
}

#[inline(never)]
fn below(above: usize, here: u8) -> usize {
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

    #[test]
    fn control_a_room_that_is_needed_is_noticed() {
        assert!(depth::<true>() >= ROOM);
    }
}
