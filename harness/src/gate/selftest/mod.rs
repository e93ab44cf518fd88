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

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use pipefit::ground::Nanos;
use pipefit::link::Stop;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::arm::Arm;
use super::suite::{Outcome, Suite};
use crate::verdict::gated::Pair;
use calibrate::Handicap;
use hogs::Hogs;

pub use plan::{Plan, Trial, What, suite};
pub use table::{Row, contradicted, holds, rows, table, unmeasured};

/// One decision, as it is written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// What was tried.
    pub what: What,
    /// Which of its trials, from 0.
    pub number: u32,
    /// The cell.
    pub cell: String,
    /// The class of the machine; decisions of before do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// What was asked to be lost on purpose, in millionths of a round trip.
    #[serde(default, skip_serializing_if = "crate::gate::protocol::is_zero")]
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

/// Where decisions are written down, by one self-test at a time.
#[derive(Debug)]
pub struct Log {
    file: File,
    /// What is there already.
    pub decisions: Vec<Decision>,
    /// Lines that are no decision: they are passed over.
    pub unreadable: usize,
}

/// The whole lines of a log; what is behind them was cut short.
fn whole(bytes: &[u8]) -> &[u8] {
    bytes.iter().rposition(|byte| *byte == b'\n').map_or(&[][..], |end| &bytes[..=end])
}

fn lines(whole: &[u8]) -> impl Iterator<Item = &[u8]> {
    whole.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

impl Log {
    /// Opens a log, which may be there already, for this process alone. A last line that
    /// was cut short is dropped.
    ///
    /// # Errors
    /// Where it cannot be read, or another self-test writes to it.
    pub fn open(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
            io::Error::new(io::ErrorKind::WouldBlock, "another self-test writes to it")
        })?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let whole = whole(&bytes);
        if whole.len() < bytes.len() {
            file.set_len(whole.len() as u64)?;
        }
        let read: Vec<Option<Decision>> =
            lines(whole).map(|line| serde_json::from_slice(line).ok()).collect();
        let unreadable = read.iter().filter(|decision| decision.is_none()).count();
        Ok(Self { file, decisions: read.into_iter().flatten().collect(), unreadable })
    }

    /// Reads a log and changes nothing. A last line that was cut short is passed over.
    ///
    /// # Errors
    /// Where it cannot be read, or another line is no decision.
    pub fn read(path: &Path) -> io::Result<Vec<Decision>> {
        let bytes = fs::read(path)?;
        let read = |(number, line): (usize, &[u8])| {
            serde_json::from_slice::<Decision>(line).map_err(|why| {
                let why = format!("decision {}: {why}", number + 1);
                io::Error::new(io::ErrorKind::InvalidData, why)
            })
        };
        lines(whole(&bytes)).enumerate().map(read).collect()
    }

    /// Without what was decided on another class of machine. What does not say where it was
    /// decided is taken for this one's: a log lies in its class's folder.
    #[must_use]
    pub fn of_class(mut self, class: &str) -> Self {
        self.decisions.retain(|d| d.class.as_deref().is_none_or(|other| other == class));
        self
    }

    fn add(&mut self, decision: Decision) -> io::Result<()> {
        let mut line = serde_json::to_string(&decision)?;
        line.push('\n');
        self.file.write_all(line.as_bytes())?;
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
    /// The class of this machine.
    pub class: &'a str,
    /// CPUs: consumer first, then producer.
    pub pins: &'a [usize],
    /// What is to be tried.
    pub plan: Plan,
}

impl SelfTest<'_> {
    /// Tries what the log does not have yet, until it has all or `stop` is asked. `tell`
    /// is told of each decision; the answer is how many were made.
    ///
    /// # Errors
    /// Where the log cannot be written.
    pub fn run(&self, log: &mut Log, stop: &Stop, tell: &dyn Fn(&Decision)) -> io::Result<usize> {
        let before = log.decisions.len();
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
        Ok(log.decisions.len() - before)
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
            outcomes.into_iter().map(|o| self.decision(trial, head.slower_ppm, o)).collect();
        if target > 0.0 {
            decisions.iter().for_each(|decision| handicaps.learn(target, decision));
        }
        decisions
    }

    fn decision(&self, trial: &Trial, slower_ppm: u32, outcome: Outcome) -> Decision {
        let Nanos(first_ns) = outcome.first_took;
        Decision {
            what: trial.what,
            number: trial.number,
            cell: outcome.cell.id(),
            class: Some(self.class.to_owned()),
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
}
