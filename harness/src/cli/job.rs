//! One command that measures, from its cases to its exit code.

use std::io;

use pipefit::ground::Nanos;
use pipefit::link::Stop;
use pipefit::run::limits::{Samples, Yardstick};
use pipefit::run::record::{Cell, Measured, RunRecord, Status};
use pipefit::run::session::{self, Event};
use pipefit::run::{Case, Registry};

use super::args::{Manner, MeasureArgs, MessageFormat};
use super::checks;
use super::events::Events;
use super::exit::Exit;
use super::exports::Exports;
use super::failure::Failure;
use super::leftovers;
use super::notebook::{Ended, Notebook};
use super::out::{Out, tell};
use super::progress::{Extent, Progress};
use super::signals;
use super::written::Source;
use crate::report::{self, Curves};
use crate::results::{Kept, Store, put};

/// Cases that are repeated and interleaved with each other.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) cases: Vec<Case>,
    pub(super) repeats: u32,
}

/// What all commands that measure have in common.
#[derive(Debug)]
pub(super) struct Job<'a> {
    pub(super) registry: &'a Registry,
    pub(super) args: &'a MeasureArgs,
    pub(super) manner: &'a Manner,
    pub(super) out: &'a Out,
    /// Whether a cell like this makes the whole run invalid.
    pub(super) spoils: fn(&Cell) -> bool,
}

/// What was measured, all parts together.
#[derive(Debug)]
struct Outcome {
    measured: Vec<Measured>,
    measuring: Nanos,
    pinned: Option<Vec<usize>>,
    limits: Samples,
}

impl Job<'_> {
    /// Measures `parts`, keeps and shows what came of it.
    ///
    /// # Errors
    /// [`Failure`] where nothing can be measured, or what was measured cannot be kept
    /// or shown.
    pub(super) fn perform(&self, parts: &[Part]) -> Result<Exit, Failure> {
        let extent = self.measurable(parts)?;
        let exports = Exports::plan(&self.args.keep.exports, self.args.keep.message_format)?;
        let store = Store::find(self.args.keep.results.as_deref());
        store.check()?;

        let stop = Stop::default();
        let _listening = signals::listen(&stop).map_err(Failure::Signals)?;
        if let Some(swept) = leftovers::sweep_names().filter(|_| !self.manner.quiet) {
            tell(&swept);
        }
        let notes = Notebook::open(self.manner.command.clone()).of(&self.manner.word);
        let events = self.events();
        let outcome = self.measure(parts, extent, &stop, &events);

        let curves = Curves::from_measured(&outcome.measured);
        let mut record = self.record(&notes, outcome, &stop);
        let exit = self.exit(&record, &stop);
        let kept = notes.put(&store, &mut record, &curves, None);
        self.show(&record, &curves, &exports)?;
        let kept = kept.inspect_err(|_| rescue(&record))?;
        let source =
            Source { record: &record, curves: &curves, verdicts: None, started: notes.started };
        exports.write(source, self.out)?;
        let said = Said { out: self.out, for_programs: self.for_programs() };
        said.point_at(&kept, &exports, &events, record.partial, exit)?;
        Ok(exit)
    }

    /// How much there is to measure.
    fn measurable(&self, parts: &[Part]) -> Result<Extent, Failure> {
        let mut extent = Extent { cells: 0, steps: 0 };
        let mut reasons = Vec::new();
        for part in parts {
            for case in &part.cases {
                let entry = self.registry.get(case.transport);
                match entry.and_then(|entry| session::not_applicable(entry, case)) {
                    Some(why) => reasons.push(format!("\n  {}: {why}", case.id())),
                    None => {
                        extent.cells += 1;
                        extent.steps += u64::from(part.repeats);
                    }
                }
            }
        }
        if extent.cells > 0 {
            return Ok(extent);
        }
        Err(Failure::Nothing(match (&reasons[..], &self.args.axes.filter) {
            ([], Some(filter)) => {
                format!("nothing selected: no cell's id matches --filter '{filter}'")
            }
            ([], None) => "nothing selected: there is no transport".to_owned(),
            (reasons, _) => format!("every selected cell is n/a:{}", reasons.concat()),
        }))
    }

    fn measure(&self, parts: &[Part], extent: Extent, stop: &Stop, events: &Events<'_>) -> Outcome {
        let progress = Progress::new(self.manner, extent);
        let watch = |event: Event<'_>| {
            progress.note(&event);
            events.note(&event);
        };
        let mut all = Outcome {
            measured: Vec::new(),
            measuring: Nanos(0),
            pinned: None,
            limits: Samples::default(),
        };
        let pins = self.args.axes.pins();
        let probe = |limits: &mut Samples| {
            if stop.asked().is_none() {
                limits.probe(&Yardstick::ALL, &pins);
            }
        };
        probe(&mut all.limits);
        for part in parts {
            let one = session::run(self.registry, &part.cases, part.repeats, stop, &watch);
            all.measured.extend(one.measured);
            all.measuring = all.measuring + one.measuring;
            all.pinned = one.pinned.max(all.pinned);
        }
        probe(&mut all.limits);
        progress.end();
        all
    }

    fn record(&self, notes: &Notebook, outcome: Outcome, stop: &Stop) -> RunRecord {
        let found = checks::pinning(&self.args.axes.pins(), outcome.pinned.as_deref());
        let ended = Ended {
            measuring: outcome.measuring,
            pinned: outcome.pinned,
            limits: outcome.limits.limits(),
            partial: stop.asked().is_some(),
        };
        notes.record(outcome.measured, ended, Some(found))
    }

    fn exit(&self, record: &RunRecord, stop: &Stop) -> Exit {
        let measured = |cell: &Cell| cell.status != Status::NotApplicable;
        match stop.asked() {
            Some(why) => Exit::asked(why),
            None if record.cells.iter().any(self.spoils) => Exit::Invalid,
            None if !record.cells.iter().any(measured) => Exit::Nothing,
            None => Exit::Done,
        }
    }

    fn events(&self) -> Events<'_> {
        Events { out: self.for_programs().then_some(self.out) }
    }

    fn for_programs(&self) -> bool {
        self.args.keep.message_format == MessageFormat::Json
    }

    /// The table, where people look: not where a program reads.
    fn show(&self, record: &RunRecord, curves: &Curves, exports: &Exports) -> Result<(), Failure> {
        if self.manner.quiet || self.for_programs() {
            return Ok(());
        }
        if exports.take_stdout() {
            let colored = self.manner.color.on(&io::stderr());
            tell(&report::terminal::shaped(record, curves, colored));
        } else {
            let colored = self.manner.color.on(&io::stdout());
            self.out.print(&report::terminal::shaped(record, curves, colored))?;
        }
        Ok(())
    }
}

/// How the end of a run is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said<'a> {
    pub(super) out: &'a Out,
    /// Whether standard output is a program's.
    pub(super) for_programs: bool,
}

impl Said<'_> {
    /// The last line, which says where the report is.
    pub(super) fn point_at(
        &self,
        kept: &Kept,
        exports: &Exports,
        events: &Events<'_>,
        partial: bool,
        exit: Exit,
    ) -> Result<(), Failure> {
        if let Some(why) = &kept.unlinked {
            tell(&format!("warning: {why}; the run itself is kept\n"));
        }
        if let Some(why) = &kept.unnoted {
            tell(&format!("warning: {why}; the run itself is kept\n"));
        }
        events.done(&kept.folder, partial, exit);
        let line = format!("report: {}\n", kept.report().display());
        if exports.take_stdout() {
            tell(&line);
        } else if !self.for_programs {
            self.out.print(&line)?;
        }
        Ok(self.out.check()?)
    }
}

/// What took a minute to measure is not thrown away with a full disk, if there is
/// another one.
pub(super) fn rescue(record: &RunRecord) {
    let file = std::env::temp_dir().join(format!("pipefit-{}.json", record.id));
    let Ok(json) = report::json::pretty(record) else {
        return;
    };
    match put(&file, json.as_bytes()) {
        Ok(()) => tell(&format!("the figures alone are in {}\n", file.display())),
        Err(why) => tell(&format!("nor could the figures alone be kept: {why}\n")),
    }
}
