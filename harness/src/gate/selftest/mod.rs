//! The gate proves itself on this machine: how often it cries wolf, and what it misses.
//!
//! Every decision is written down with its pairs before the next begins. A self-test that
//! was cut short goes on where it was; the table is made from what is written down.

mod calibrate;
mod hogs;
mod plan;
mod table;
#[cfg(test)]
mod tests;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use pipefit::ground::Nanos;
use pipefit::link::Stop;
use serde::{Deserialize, Serialize};

use super::arm::Arm;
use super::suite::{Outcome, Suite};
use crate::verdict::gated::Pair;
use calibrate::Handicap;
use hogs::Hogs;

pub use plan::{Plan, Trial, What, suite};
pub use table::{Row, contradicted, holds, rows, table};

/// One decision, as it is written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// What was tried.
    pub what: What,
    /// Which of its trials, from 0.
    pub number: u32,
    /// The cell.
    pub cell: String,
    /// What was asked to be lost on purpose, in millionths of a round trip.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub slower_ppm: u32,
    /// What the first measurement said.
    pub first: String,
    /// What came of it.
    pub ruling: String,
    /// Until the first verdict, in ns.
    pub first_ns: u64,
    /// Until the last one, in ns.
    pub took_ns: u64,
    /// The pairs of the first measurement: base's and head's nanoseconds.
    pub pairs: Vec<Pair>,
    /// Those of the second, where there was one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub again: Vec<Pair>,
    /// The base against itself, beside the second.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub null: Vec<Pair>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// Where decisions are written down.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    /// What is there already.
    pub decisions: Vec<Decision>,
}

impl Log {
    /// Opens a log, which may be there already. A last line that was cut short is dropped.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn open(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        if whole.len() < text.len() {
            fs::write(path, whole)?;
        }
        let decisions = whole.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        Ok(Self { path: path.to_owned(), decisions })
    }

    fn add(&mut self, decision: Decision) -> io::Result<()> {
        let mut line = serde_json::to_string(&decision)?;
        line.push('\n');
        let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
        file.write_all(line.as_bytes())?;
        self.decisions.push(decision);
        Ok(())
    }

    /// How many decisions of a kind there are.
    #[must_use]
    pub fn count(&self, what: What, cell: &str) -> usize {
        self.decisions.iter().filter(|d| d.what == what && d.cell == cell).count()
    }
}

/// A self-test under way.
#[derive(Debug)]
pub struct SelfTest<'a> {
    /// This program.
    pub program: &'a Path,
    /// CPUs: consumer first, then producer.
    pub pins: &'a [usize],
    /// What is to be tried.
    pub plan: Plan,
}

impl SelfTest<'_> {
    /// Tries what the log does not have yet, until it has all or `stop` is asked. `tell`
    /// is told of each decision.
    ///
    /// # Errors
    /// Where the log cannot be written.
    pub fn run(&self, log: &mut Log, stop: &Stop, tell: &dyn Fn(&Decision)) -> io::Result<()> {
        let mut handicaps = Handicap::from_log(&log.decisions);
        for trial in self.plan.trials() {
            if stop.asked().is_some() {
                break;
            }
            let done =
                log.decisions.iter().any(|d| d.what == trial.what && d.number == trial.number);
            if done {
                continue;
            }
            for decision in self.decide(&trial, &mut handicaps, stop) {
                if stop.asked().is_none() {
                    tell(&decision);
                    log.add(decision)?;
                }
            }
        }
        Ok(())
    }

    fn decide(&self, trial: &Trial, handicaps: &mut Handicap, stop: &Stop) -> Vec<Decision> {
        let _hogs = trial.what.is_crowded().then(Hogs::unleash);
        let base = Arm::new("base", self.program);
        let mut head = Arm::new("head", self.program);
        let target = trial.what.slow_down();
        if target > 0.0 {
            let cell = &trial.cells[0];
            head.slower_ppm = handicaps.reach(target, cell, &base, self.pins, stop);
        }
        let seed = u64::from(trial.number) << 8 | trial.what as u64;
        let suite = Suite { base: &base, head: &head, relink: &|| None, pins: self.pins, seed };
        let outcomes = suite.judge(&trial.cells, stop, &|_, _| {});
        let decisions: Vec<Decision> =
            outcomes.into_iter().map(|outcome| decision(trial, head.slower_ppm, outcome)).collect();
        if target > 0.0 {
            decisions.iter().for_each(|decision| handicaps.learn(target, decision));
        }
        decisions
    }
}

fn decision(trial: &Trial, slower_ppm: u32, outcome: Outcome) -> Decision {
    let Nanos(first_ns) = outcome.first_took;
    Decision {
        what: trial.what,
        number: trial.number,
        cell: outcome.cell.id(),
        slower_ppm,
        first: outcome.first.call().word().to_owned(),
        ruling: outcome.verdict.word().to_owned(),
        first_ns,
        took_ns: outcome.took.0,
        pairs: outcome.first.pairs,
        again: outcome.again.map(|duel| duel.pairs).unwrap_or_default(),
        null: outcome.null.map(|duel| duel.pairs).unwrap_or_default(),
    }
}
