//! Which trials of a budget it is judged by, and which are set aside.

use pipefit::run::record::{Cause, Cell};

use crate::verdict::judge::Trialled;

/// The trials of a budget so far.
#[derive(Debug, Default)]
pub(super) struct Kept {
    sound: Vec<Trialled>,
    /// They missed their rate, again and again, with nobody seen to disturb them.
    late: Vec<Trialled>,
    /// They are not looked at.
    aside: usize,
}

impl Kept {
    /// A trial that was disturbed.
    pub(super) const fn set_aside(&mut self) {
        self.aside += 1;
    }

    /// A trial with nothing against it but, perhaps, its rate.
    pub(super) fn add(&mut self, trial: Trialled) {
        let kept = if is_late(&trial) { &mut self.late } else { &mut self.sound };
        kept.push(trial);
    }

    /// What it is judged by. One that is late now and then was kept waiting by something
    /// that was not seen; where most are, and more than one, that is how it is.
    pub(super) fn judged_by(&self, last: bool) -> &[Trialled] {
        let usual = self.late.len() > self.sound.len() && (last || self.late.len() > 1);
        if usual { &self.late } else { &self.sound }
    }

    /// Trials that it is not judged by.
    pub(super) fn dropped(&self, last: bool) -> usize {
        self.aside + self.sound.len() + self.late.len() - self.judged_by(last).len()
    }
}

/// Whether it shows nothing worse than a rate that was missed.
pub(super) fn is_late(trial: &Trialled) -> bool {
    let mut cells = std::iter::once(&trial.cell).chain(trial.rivals.values());
    cells.any(|cell| cell.cause == Some(Cause::MissedRate) && is_whole(cell))
}

/// What is lost or damaged is excused by nothing.
fn is_whole(cell: &Cell) -> bool {
    cell.ledger.is_none_or(|l| l.lost + l.duplicate + l.reordered + l.corrupt + l.torn == 0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use pipefit::ground::ledger::Balance;
    use pipefit::run::record::Status;
    use pipefit::run::{Case, measure, scenario};

    use super::*;

    fn trial(cause: Option<Cause>, lost: u64) -> Trialled {
        let case = Case::of(scenario::find("stream").unwrap(), "pipe");
        let mut cell = measure::unmeasured(&case, Status::Valid, cause, String::new()).cell;
        cell.ledger = Some(Balance { lost, ..Balance::default() });
        Trialled { cell, rivals: BTreeMap::new(), limits: None }
    }

    fn kept(late: usize, sound: usize) -> Kept {
        let mut kept = Kept::default();
        for _ in 0..late {
            kept.add(trial(Some(Cause::MissedRate), 0));
        }
        for _ in 0..sound {
            kept.add(trial(None, 0));
        }
        kept
    }

    #[test]
    fn one_that_is_late_now_and_then_is_judged_by_the_others() {
        let kept = kept(2, 3);
        assert_eq!((kept.judged_by(true), kept.dropped(true)), (&kept.sound[..], 2));
    }

    #[test]
    fn one_that_is_late_as_a_rule_is_judged_by_that() {
        let kept = kept(2, 1);
        assert_eq!((kept.judged_by(false), kept.dropped(false)), (&kept.late[..], 1));
    }

    #[test]
    fn the_first_that_is_late_says_nothing_unless_it_is_the_last() {
        let kept = kept(1, 0);
        assert!(kept.judged_by(false).is_empty());
        assert_eq!(kept.judged_by(true).len(), 1);
    }

    #[test]
    fn what_is_lost_is_not_excused_by_a_rate() {
        let mut kept = Kept::default();
        kept.add(trial(Some(Cause::MissedRate), 1));
        assert_eq!((kept.sound.len(), kept.late.len()), (1, 0));
    }
}
