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

/// What the queue held when the sender ended was read without it, at another rate. Said where
/// that can be much of the `frames` of `wire` bytes that a trial read; roughly, so that cells
/// may share it.
pub(super) fn rest(frames: u64, queue: Option<Bytes>, wire: u64) -> Option<String> {
    let held = queue?.0 / wire.max(1);
    let share = match () {
        () if held > frames / 2 => "half",
        () if held > frames / 10 => "a tenth",
        () => return None,
    };
    Some(format!("more than {share} of the frames may have been read after the sender had ended"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_holds_much_of_a_run_is_said() {
        let rest = |frames| rest(frames, Some(Bytes(1_000)), 10);
        assert_eq!(rest(1_000), None, "a tenth");
        assert!(rest(500).unwrap().starts_with("more than a tenth of the frames"));
        assert!(rest(150).unwrap().starts_with("more than half of the frames"));
        assert_eq!(super::rest(500, None, 10), None, "what it holds is not known");
    }

    #[test]
    fn what_was_left_behind_is_said() {
        let left = |zombies, fds| residue(&Residue { zombies, fds, ..Residue::default() });
        assert_eq!(left(0, 3), None);
        assert!(left(1, 0).unwrap().contains("1 zombies"));
    }
}
