//! One cell of two builds, pair after pair, until something can be said.

use pipefit::ground::{Clock, Monotonic, Nanos};
use pipefit::link::{Stop, Wait};

use super::arm::{Arm, ArmError};
use super::protocol::{Ask, TOO_SHORT};
use crate::stat::resample::Random;
use crate::verdict::gated::{Pair, log_ratios};
use crate::verdict::rule::{Call, LOOKS, Look, look};

/// What is sent before each round.
const WARMUP: Nanos = Nanos::from_millis(1);

/// How long a round is; where that is too short for a figure, twice as long, and so on.
const ROUND: Nanos = Nanos::from_millis(4);

/// No round is longer than this.
const LONGEST: Nanos = Nanos::from_millis(256);

/// A queue has room for so many frames, and for so many bytes at least: to make a large one
/// ready takes longer than a round.
const ROOM: (u64, u64) = (16, 64 << 10);

/// A duel that has taken so long is at its end, whatever can be said.
pub const PATIENCE: Nanos = Nanos::from_secs(18);

/// Pairs in which a process failed, before the cell is given up.
const FAILURES: usize = 5;

/// A cell that both builds measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// `rtt` or `max`.
    pub scenario: &'static str,
    /// The transport.
    pub transport: String,
    /// Payload of a frame.
    pub size_bytes: u64,
    /// How halves wait.
    pub wait: Wait,
}

impl Cell {
    /// What it is called.
    #[must_use]
    pub fn id(&self) -> String {
        let size = pipefit::ground::Bytes(self.size_bytes);
        format!("{}/{}/{size}/{}", self.scenario, self.transport, self.wait)
    }

    /// What a worker is asked for.
    #[must_use]
    pub fn ask(&self, pins: &[usize], span: Nanos) -> Ask {
        Ask {
            scenario: self.scenario.to_owned(),
            transport: self.transport.clone(),
            size_bytes: self.size_bytes,
            capacity_bytes: (ROOM.0 * self.size_bytes).max(ROOM.1),
            wait: self.wait,
            pins: pins.to_vec(),
            warmup_ns: WARMUP.0,
            span_ns: span.0,
            slower_ppm: 0,
        }
    }
}

/// A cell under way: the pairs there are so far.
#[derive(Clone, Debug)]
pub struct Duel {
    /// The cell.
    pub cell: Cell,
    /// Each pair.
    pub pairs: Vec<Pair>,
    /// What the last look said.
    pub look: Option<Look>,
    /// Time spent on it.
    pub took: Nanos,
    /// Pairs in which a process failed.
    pub failures: usize,
    round: Nanos,
    patience: Nanos,
    turns: Random,
}

impl Duel {
    /// Nothing is measured yet. The same seed gives the same order of turns.
    #[must_use]
    pub const fn new(cell: Cell, seed: u64) -> Self {
        Self {
            cell,
            pairs: Vec::new(),
            look: None,
            took: Nanos(0),
            failures: 0,
            round: ROUND,
            patience: PATIENCE,
            turns: Random::new(seed),
        }
    }

    /// The same, at its end after so long.
    #[must_use]
    pub const fn within(mut self, patience: Nanos) -> Self {
        self.patience = patience;
        self
    }

    /// What can be said now.
    #[must_use]
    pub fn call(&self) -> Call {
        self.look.map_or(Call::Open, |look| look.call)
    }

    /// Whether there are no more looks to come.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.pairs.len() >= LOOKS[LOOKS.len() - 1] || self.took >= self.patience
    }

    /// Measures up to the next look.
    ///
    /// # Errors
    /// [`ArmError`] where one of the builds cannot be measured.
    pub fn to_next_look(
        &mut self,
        base: &Arm,
        head: &Arm,
        pins: &[usize],
        stop: &Stop,
    ) -> Result<(), ArmError> {
        let began = Monotonic.now();
        let goal = LOOKS.into_iter().find(|n| *n > self.pairs.len()).unwrap_or(self.pairs.len());
        let until = began + self.patience.since(self.took).unwrap_or(0);
        while self.pairs.len() < goal && stop.asked().is_none() && Monotonic.now() < until {
            match self.pair(base, head, pins, stop) {
                Ok(pair) => self.pairs.push(pair),
                Err(ArmError::Stopped) => break,
                Err(ArmError::Cell { why, .. }) if why == TOO_SHORT && self.round < LONGEST => {
                    self.round = Nanos(2 * self.round.0);
                }
                Err(error) => {
                    self.failures += 1;
                    let hopeless = matches!(
                        error,
                        ArmError::Start { .. }
                            | ArmError::Stranger { .. }
                            | ArmError::NotHere { .. }
                    );
                    if hopeless || self.failures >= FAILURES {
                        return Err(error);
                    }
                }
            }
        }
        self.took = self.took + Nanos(Monotonic.now().0 - began.0);
        // On an interrupt, what was said before stays: there was no look.
        if stop.asked().is_none() || self.pairs.len() >= goal {
            self.look = look(&log_ratios(&self.pairs));
        }
        Ok(())
    }

    /// Measures until something can be said, or there are no more looks.
    ///
    /// # Errors
    /// [`ArmError`] where one of the builds cannot be measured.
    pub fn to_its_end(
        &mut self,
        base: &Arm,
        head: &Arm,
        pins: &[usize],
        stop: &Stop,
    ) -> Result<Call, ArmError> {
        while stop.asked().is_none() {
            self.to_next_look(base, head, pins, stop)?;
            if self.call() != Call::Open || self.is_at_end() {
                break;
            }
        }
        Ok(self.call())
    }

    /// Two fresh processes by turns, in one order and back: whoever is not asked waits at
    /// its standard input, and keeps no processor busy. Who is started first, and who is
    /// asked first, is left to chance.
    fn pair(
        &mut self,
        base: &Arm,
        head: &Arm,
        pins: &[usize],
        stop: &Stop,
    ) -> Result<Pair, ArmError> {
        let ask = self.cell.ask(pins, self.round);
        let (mut b, mut h) = if self.turns.below(2) == 0 {
            let b = base.start()?;
            (b, head.start()?)
        } else {
            let h = head.start()?;
            (base.start()?, h)
        };
        b.greet(stop)?;
        h.greet(stop)?;
        let (base_times, head_times) = if self.turns.below(2) == 0 {
            let (b1, h1) = (b.round(&ask, stop)?, h.round(&ask, stop)?);
            let (h2, b2) = (h.round(&ask, stop)?, b.round(&ask, stop)?);
            ([b1, b2], [h1, h2])
        } else {
            let (h1, b1) = (h.round(&ask, stop)?, b.round(&ask, stop)?);
            let (b2, h2) = (b.round(&ask, stop)?, h.round(&ask, stop)?);
            ([b1, b2], [h1, h2])
        };
        let mean = |[a, b]: [f64; 2]| (a * b).sqrt();
        Ok(Pair { base: mean(base_times), head: mean(head_times) })
    }
}
