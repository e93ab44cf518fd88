//! What to know beside the figures of a cell.

use crate::ground::Bytes;
use crate::run::record::Residue;

/// Descriptors and threads may still be closing when they are counted; these may not.
pub(super) fn residue(left: &Residue) -> Option<String> {
    let Residue { zombies, orphans, shm_names, .. } = left;
    (*zombies > 0 || *orphans > 0 || *shm_names > 0).then(|| {
        format!("left behind: {zombies} zombies, {orphans} children, {shm_names} names in /dev/shm")
    })
}

/// From this share of all frames on, those that a full queue holds at the end deserve a note.
const REST: f64 = 0.1;

/// What the queue held when the sender ended was read without it, at another rate: of `frames`
/// of `wire` bytes in a trial, so many.
pub(super) fn rest(frames: u64, queue: Option<Bytes>, wire: u64) -> Option<String> {
    let held = queue?.0 / wire.max(1);
    let share = held.min(frames) as f64 / frames.max(1) as f64;
    (share > REST).then(|| {
        format!(
            "up to {:.0} % of its frames may have been read after the sender had ended: measure longer, \
             or with a smaller queue",
            100.0 * share
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_holds_much_of_a_run_is_said() {
        let rest = |frames| rest(frames, Some(Bytes(1_000)), 10);
        assert_eq!(rest(1_000), None, "a tenth");
        assert!(rest(500).unwrap().starts_with("up to 20 % of its frames"));
        assert!(rest(20).unwrap().starts_with("up to 100 %"), "never more than all");
        assert_eq!(super::rest(500, None, 10), None, "what it holds is not known");
    }

    #[test]
    fn what_was_left_behind_is_said() {
        let left = |zombies, fds| residue(&Residue { zombies, fds, ..Residue::default() });
        assert_eq!(left(0, 3), None);
        assert!(left(1, 0).unwrap().contains("1 zombies"));
    }
}
