//! Many cells of two builds: each to its end, and what looks like a change once more.
//!
//! The more cells are looked at, the more of them look like a change by chance. So what is
//! called a change must first hold against all the others (Holm); then it is measured
//! again, with fresh processes and, where it can be built, a head that was linked anew:
//! code that lies elsewhere may run at another speed. Beside it, the base is measured
//! against itself. Only what both measurements call the same is a verdict; where the base
//! differs from itself, the machine is to blame.

use std::path::PathBuf;

use pipefit::ground::{Clock, Monotonic, Nanos};
use pipefit::link::Stop;

use super::arm::{Arm, ArmError};
use super::duel::{Cell, Duel};
use crate::verdict::rule::{Call, Look, doubtful};

/// How long the second measurement may take, and the base against itself beside it.
const AGAIN: Nanos = Nanos::from_secs(12);

/// Who takes part.
#[derive(Clone, Copy)]
pub struct Suite<'a> {
    /// What is compared with.
    pub base: &'a Arm,
    /// What is judged.
    pub head: &'a Arm,
    /// Makes head once more, linked in another order, where that can be: called when it
    /// is needed.
    pub relink: &'a dyn Fn() -> Option<PathBuf>,
    /// CPUs: consumer first, then producer.
    pub pins: &'a [usize],
    /// What chance begins with.
    pub seed: u64,
}

/// What comes of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Head is slower, in both measurements.
    Regressed,
    /// Head is faster, in both measurements.
    Improved,
    /// Neither.
    Unchanged,
    /// The pairs do not say; why not.
    Inconclusive(String),
    /// The base differs from itself: nothing can be said here and now.
    EnvironmentInvalid,
    /// One of the builds does not have it; which, and why.
    NotApplicable(String),
    /// It could not be measured; why not.
    Broken(String),
}

impl Ruling {
    /// One or two words.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Regressed => "regressed",
            Self::Improved => "improved",
            Self::Unchanged => "unchanged",
            Self::Inconclusive(_) => "inconclusive",
            Self::EnvironmentInvalid => "environment invalid",
            Self::NotApplicable(_) => "n/a",
            Self::Broken(_) => "broken",
        }
    }

    /// Why nothing can be said.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Inconclusive(why) | Self::NotApplicable(why) | Self::Broken(why) => Some(why),
            Self::EnvironmentInvalid => Some("the base differs from itself"),
            _ => None,
        }
    }
}

/// What came of a cell.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The cell.
    pub cell: Cell,
    /// What comes of it.
    pub verdict: Ruling,
    /// The first measurement.
    pub first: Duel,
    /// The second one, where the first called a change.
    pub again: Option<Duel>,
    /// The base against itself, beside the second.
    pub null: Option<Duel>,
    /// Until the first verdict.
    pub first_took: Nanos,
    /// Until the last one.
    pub took: Nanos,
}

impl Outcome {
    /// What is known of the change: the second measurement, where there is one.
    #[must_use]
    pub fn look(&self) -> Option<Look> {
        self.again.as_ref().and_then(|again| again.look).or(self.first.look)
    }
}

impl std::fmt::Debug for Suite<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Suite")
            .field("base", self.base)
            .field("head", self.head)
            .finish_non_exhaustive()
    }
}

impl Suite<'_> {
    /// Takes all cells to their verdicts. `watch` is told of each duel that has come to an
    /// end.
    pub fn judge(&self, cells: &[Cell], stop: &Stop, watch: &dyn Fn(&Duel, &str)) -> Vec<Outcome> {
        let mut firsts: Vec<First> = Vec::new();
        for (i, cell) in cells.iter().enumerate() {
            let mut duel = Duel::new(cell.clone(), self.seed_of(i, 0));
            let broken = duel.to_its_end(self.base, self.head, self.pins, stop).err();
            watch(&duel, "first");
            firsts.push(First { duel, broken, doubtful: false });
        }
        self.against_each_other(&mut firsts, stop);
        let suspect = |f: &First| f.broken.is_none() && !f.doubtful && f.duel.call().is_change();
        let again = self.again(firsts.iter().any(suspect) && stop.asked().is_none());
        let conclude = |(i, first)| self.conclude(i, first, &again, stop, watch);
        firsts.into_iter().enumerate().map(conclude).collect()
    }

    /// Head as it is measured for the second time.
    fn again(&self, is_needed: bool) -> Arm {
        let anew = if is_needed { (self.relink)() } else { None };
        match anew {
            Some(program) => Arm { program, ..self.head.clone() },
            None => self.head.clone(),
        }
    }

    const fn seed_of(&self, cell: usize, which: u64) -> u64 {
        self.seed.wrapping_mul(31).wrapping_add(cell as u64 * 3 + which + 1)
    }

    /// What is called a change must hold among all cells; what does not is measured on,
    /// while there are looks to come.
    fn against_each_other(&self, firsts: &mut [First], stop: &Stop) {
        while stop.asked().is_none() {
            let looks: Vec<Option<Look>> = firsts.iter().map(|f| f.duel.look).collect();
            for (first, doubt) in firsts.iter_mut().zip(doubtful(&looks)) {
                first.doubtful = doubt && first.broken.is_none();
            }
            let mut open = firsts.iter_mut().filter(|f| f.doubtful && !f.duel.is_at_end());
            let Some(First { duel, broken, .. }) = open.next() else { return };
            let went_on =
                duel.to_next_look(self.base, self.head, self.pins, stop).and_then(|()| match duel
                    .call()
                {
                    Call::Open => duel.to_its_end(self.base, self.head, self.pins, stop),
                    call => Ok(call),
                });
            *broken = went_on.err();
        }
    }

    fn conclude(
        &self,
        i: usize,
        first: First,
        anew: &Arm,
        stop: &Stop,
        watch: &dyn Fn(&Duel, &str),
    ) -> Outcome {
        let began = Monotonic.now();
        let First { duel, broken, doubtful } = first;
        let (cell, call, first_took) = (duel.cell.clone(), duel.call(), duel.took);
        let mut outcome = Outcome {
            cell: cell.clone(),
            verdict: Ruling::Unchanged,
            first: duel,
            again: None,
            null: None,
            first_took,
            took: first_took,
        };
        outcome.verdict = match (broken, call) {
            (Some(error), _) => unmeasured(&error),
            (None, Call::Unchanged) => Ruling::Unchanged,
            (None, _) if stop.asked().is_some() => interrupted(),
            (None, Call::Open) => undecided(&outcome.first),
            (None, _) if doubtful => {
                Ruling::Inconclusive("a change by itself, and none among so many cells".to_owned())
            }
            (None, Call::Regressed | Call::Improved) => {
                let mut again = Duel::new(cell.clone(), self.seed_of(i, 1)).within(AGAIN);
                let mut null = Duel::new(cell, self.seed_of(i, 2)).within(AGAIN);
                let verdict = self.confirm(call, &mut again, &mut null, anew, stop);
                watch(&again, "again");
                watch(&null, "base against itself");
                (outcome.again, outcome.null) = (Some(again), Some(null));
                verdict
            }
        };
        outcome.took = first_took + Nanos(Monotonic.now().0 - began.0);
        outcome
    }

    fn confirm(
        &self,
        call: Call,
        again: &mut Duel,
        null: &mut Duel,
        head: &Arm,
        stop: &Stop,
    ) -> Ruling {
        // By turns, so that both see the same machine.
        while !(again.call() == call || again.call() == Call::Unchanged || again.is_at_end()) {
            let one = again.to_next_look(self.base, head, self.pins, stop);
            let other = null.to_next_look(self.base, self.base, self.pins, stop);
            if let Err(error) = one.and(other) {
                return unmeasured(&error);
            }
            if stop.asked().is_some() {
                return interrupted();
            }
            if again.call().is_change() && again.call() != call {
                break;
            }
        }
        agreed(call, again, null.call())
    }
}

/// What two measurements of a change come to, with the base against itself beside the
/// second.
fn agreed(first: Call, again: &Duel, null: Call) -> Ruling {
    match (again.call(), null.is_change()) {
        (_, true) => Ruling::EnvironmentInvalid,
        (Call::Regressed, false) if first == Call::Regressed => Ruling::Regressed,
        (Call::Improved, false) if first == Call::Improved => Ruling::Improved,
        (Call::Unchanged, false) => Ruling::Unchanged,
        (Call::Open, false) => undecided(again),
        (Call::Regressed | Call::Improved, false) => {
            Ruling::Inconclusive("two measurements contradict each other".to_owned())
        }
    }
}

/// Why there is no verdict, of a worker that gave none.
fn unmeasured(error: &ArmError) -> Ruling {
    match error {
        ArmError::NotHere { .. } => Ruling::NotApplicable(error.to_string()),
        ArmError::Stopped => interrupted(),
        _ => Ruling::Broken(error.to_string()),
    }
}

fn interrupted() -> Ruling {
    Ruling::Inconclusive("interrupted".to_owned())
}

/// A cell after its first measurement.
struct First {
    duel: Duel,
    broken: Option<ArmError>,
    /// Whether it calls a change that does not hold among all cells.
    doubtful: bool,
}

fn undecided(duel: &Duel) -> Ruling {
    let n = duel.pairs.len();
    Ruling::Inconclusive(format!("{n} pairs scatter too much to say"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::rule::look;
    use pipefit::link::{Wait, Why};

    fn duel(log_ratio: f64) -> Duel {
        let cell = Cell {
            scenario: "rtt",
            transport: "pipe".to_owned(),
            size_bytes: 64,
            wait: Wait::Block,
        };
        let mut duel = Duel::new(cell, 1);
        let pairs: Vec<f64> = (0..20).map(|i| log_ratio + f64::from((i * 7) % 20) * 1e-4).collect();
        duel.look = look(&pairs);
        duel
    }

    #[test]
    fn a_change_must_be_found_twice_and_not_in_the_base_itself() {
        let (slower, faster, same) = (duel(0.2), duel(-0.2), duel(0.0));
        let two = |first: &Duel, again: &Duel, null: &Duel| {
            agreed(first.call(), again, null.call()).word()
        };
        assert_eq!(two(&slower, &slower, &same), "regressed");
        assert_eq!(two(&faster, &faster, &same), "improved");
        assert_eq!(two(&slower, &same, &same), "unchanged");
        assert_eq!(two(&slower, &faster, &same), "inconclusive");
        assert_eq!(two(&slower, &slower, &slower), "environment invalid");
        assert_eq!(two(&slower, &slower, &faster), "environment invalid");
    }

    /// Who would be measured is no program: on an interrupt, nobody is.
    #[test]
    fn an_interrupt_leaves_what_is_known_already() {
        let arm = Arm::new("base", std::path::Path::new("/nowhere/at/all"));
        let suite = Suite { base: &arm, head: &arm, relink: &|| None, pins: &[], seed: 1 };
        let stop = Stop::default();
        stop.ask(Why::Interrupted);
        let concluded = |log_ratio| {
            let first = First { duel: duel(log_ratio), broken: None, doubtful: false };
            suite.conclude(0, first, &arm, &stop, &|_, _| {}).verdict
        };
        assert_eq!(concluded(0.0), Ruling::Unchanged);
        assert_eq!(concluded(0.2), interrupted(), "it was to be measured again");
        let outcomes = suite.judge(&[duel(0.0).cell], &stop, &|_, _| {});
        assert_eq!(outcomes[0].verdict, interrupted(), "it was never begun");
    }
}
