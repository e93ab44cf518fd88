//! What a record says beside its cells: when, where, and how it was measured.

use std::path::Path;
use std::time::SystemTime;

use pipefit::ground::Nanos;
use pipefit::run::limits::Limits;
use pipefit::run::record::{HostRecord, Measured, RunRecord, SCHEMA};

use super::checks::{self, Check, Look};
use crate::report::Curves;
use crate::results::{Kept, Store, StoreError};
use crate::verdict::Verdicts;

/// Notes that are begun before anything is measured. The commands have them, and so can
/// a program that measures in its own way and wants its figures kept and shown as theirs.
#[derive(Clone, Debug)]
pub struct Notebook {
    look: Look,
    pub(super) started: SystemTime,
    command: Vec<String>,
    /// What the history calls it.
    word: String,
}

/// What is known of a run when it is over, beside its cells.
#[derive(Clone, Debug, Default)]
pub struct Ended {
    /// Time spent measuring.
    pub measuring: Nanos,
    /// CPUs that were pinned and verified: reader first, then sender.
    pub pinned: Option<Vec<usize>>,
    /// What the machine could do at best, where that was measured.
    pub limits: Option<Limits>,
    /// Whether it was interrupted.
    pub partial: bool,
}

impl Notebook {
    /// Looks at the machine for a fifth of a second, and notes the time. The history will
    /// know the run by the name of its program, the first of `command`.
    #[must_use]
    pub fn open(command: Vec<String>) -> Self {
        let word = command.first().map(|program| program_name(program)).unwrap_or_default();
        let look = Look::take();
        Self { look, started: SystemTime::now(), command, word }
    }

    /// The history will know the run by this word.
    #[must_use]
    pub(super) fn of(self, word: &str) -> Self {
        Self { word: word.to_owned(), ..self }
    }

    /// The record of all that was measured since, and what was found out on the way. Its
    /// name is given where it is kept.
    pub(super) fn record(
        &self,
        measured: Vec<Measured>,
        ended: Ended,
        found: Option<Check>,
    ) -> RunRecord {
        let steal_pct = self.look.steal_pct_since();
        let mut findings = self.look.checks();
        findings.extend(found);
        findings.extend(steal_pct.map(checks::steal));
        RunRecord {
            schema: SCHEMA.to_owned(),
            id: String::new(),
            started: humantime::format_rfc3339_seconds(self.started).to_string(),
            command: self.command.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            build: self.look.build.clone(),
            host: HostRecord {
                facts: self.look.host.clone(),
                steal_pct,
                pinned: ended.pinned,
                clock: self.look.clock,
                warnings: checks::warnings(findings),
            },
            partial: ended.partial,
            measuring_ns: ended.measuring.0,
            limits: ended.limits,
            cells: measured.into_iter().map(|m| m.cell).collect(),
        }
    }

    /// Keeps what was measured as a run of its own, report included.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be kept.
    pub fn keep(
        &self,
        store: &Store,
        measured: Vec<Measured>,
        ended: Ended,
    ) -> Result<Kept, StoreError> {
        let curves = Curves::from_measured(&measured);
        let mut record = self.record(measured, ended, None);
        self.put(store, &mut record, &curves, None)
    }

    /// Keeps the cells of budgets, and what came of them.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be kept.
    pub fn keep_checked(
        &self,
        store: &Store,
        measured: Vec<Measured>,
        verdicts: &Verdicts,
        ended: Ended,
    ) -> Result<Kept, StoreError> {
        let curves = Curves::from_measured(&measured);
        let mut record = self.record(measured, ended, None);
        self.put(store, &mut record, &curves, Some(verdicts))
    }

    /// Writes a run, and puts it in its place.
    pub(super) fn put(
        &self,
        store: &Store,
        record: &mut RunRecord,
        curves: &Curves,
        verdicts: Option<&Verdicts>,
    ) -> Result<Kept, StoreError> {
        let mut draft = store.draft(self.started)?;
        draft.id().clone_into(&mut record.id);
        draft.fill(&self.word, record, curves, verdicts, self.started)?;
        draft.keep()
    }
}

/// A program's name without the digits that cargo puts behind those of tests and benches.
fn program_name(path: &str) -> String {
    let stem = Path::new(path).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    match stem.rsplit_once('-') {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
            name.to_owned()
        }
        _ => stem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_goes_by_its_name() {
        for (path, name) in [
            ("/t/release/deps/fitness-0123456789abcdef", "fitness"),
            ("/t/release/deps/two-words-0123456789abcdef", "two-words"),
            ("./own-transport", "own-transport"),
            ("pipefit", "pipefit"),
            ("", ""),
        ] {
            assert_eq!(program_name(path), name);
        }
    }
}
