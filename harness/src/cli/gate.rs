//! `gate`: this build held against another.

use std::cell::RefCell;
use std::io::{stdin, stdout};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use pipefit::ground::Nanos;
use pipefit::link::{Stop, Wait};
use pipefit::run::{Registry, scenario};

use super::args::{GateArgs, Manner};
use super::axes;
use super::built;
use super::exit::Exit;
use super::failure::Failure;
use super::gated;
use super::out::{Out, tell};
use super::prove::prove;
use super::signals;
use crate::gate::arm::Arm;
use crate::gate::build::{self, Builder};
use crate::gate::duel::{self, Duel};
use crate::gate::record::{CellRecord, GateRecord, SCHEMA, change_pct};
use crate::gate::selftest;
use crate::gate::serve::serve;
use crate::gate::suite::{Outcome, Ruling, Suite};
use crate::report::percent;
use crate::results::{FileError, Store};

/// The payload where none is named.
const USUAL_SIZE: u64 = 64;

/// Answers a gate.
pub(super) fn worker(registry: &Registry) -> Result<Exit, Failure> {
    serve(registry, stdin().lock(), stdout().lock()).map_err(Failure::Worker)?;
    Ok(Exit::Done)
}

pub(super) fn gate(
    registry: &Registry,
    args: &GateArgs,
    manner: &Manner,
    out: &Out,
) -> Result<Exit, Failure> {
    let me = std::env::current_exe().map_err(Failure::Worker)?;
    let stop = Stop::default();
    let _listening = signals::listen(&stop).map_err(Failure::Signals)?;
    let done = if args.self_test {
        prove(args, &me, &stop, manner, out)
    } else {
        compare(registry, args, &me, &stop, manner, out)
    };
    match (stop.asked(), done) {
        // What came to nothing because somebody wanted it so did not fail.
        (Some(why), Err(Failure::Gate(_))) => Ok(Exit::asked(why)),
        (_, done) => done,
    }
}

fn compare(
    registry: &Registry,
    args: &GateArgs,
    me: &Path,
    stop: &Stop,
    manner: &Manner,
    out: &Out,
) -> Result<Exit, Failure> {
    let cells = cells(registry, args)?;
    let exports = gated::plan(args)?;
    let started = SystemTime::now();
    let told = |text: &str| {
        if !manner.quiet {
            tell(&format!("{text}\n"));
        }
    };
    // A name without a slash would be looked for among the system's programs.
    let head = args.head.as_deref().map_or_else(|| Ok(me.to_owned()), std::path::absolute);
    let head = Arm::new("head", &head.map_err(gate_failed)?);
    let bases = Bases::find(args, &head.program, stop, &told)?;
    let base = Arm::new("base", &bases.program(&told)?);
    let (place, pins) = (place(args, started)?, axes::chosen(args.pin.as_ref()));
    let mut record = blank(args, started, bases.name(), &head, pins);
    record.identical = base.program != head.program
        && build::same(&base.program, &head.program).map_err(gate_failed)?;
    let mut exit = Exit::Done;
    if !record.identical {
        for arm in [&base, &head] {
            arm.start().and_then(|mut worker| worker.greet(stop)).map_err(gate_failed)?;
        }
        let anew = RefCell::new(None::<PathBuf>);
        let relink = || {
            let program = bases.relinked(args, me, &told);
            anew.borrow_mut().clone_from(&program);
            program
        };
        let (pins, seed) = (&record.pins[..], args.seed);
        let suite = Suite { base: &base, head: &head, relink: &relink, pins, seed };
        let outcomes = suite.judge(&cells, stop, &|duel, which| told(&progress(duel, which)));
        let anew = anew.into_inner();
        if let Some(program) = &anew {
            // It is of no use to anybody else.
            let _ = std::fs::remove_file(program);
        }
        record.relinked = anew.is_some();
        record.cells = outcomes.iter().map(CellRecord::from).collect();
        exit = of(&outcomes);
    }
    record.partial = stop.asked().is_some();
    gated::leave(&record, &place, &exports, manner.quiet, out)?;
    Ok(stop.asked().map_or(exit, Exit::asked))
}

/// What is known before anything was measured.
fn blank(
    args: &GateArgs,
    started: SystemTime,
    base: String,
    head: &Arm,
    pins: Vec<usize>,
) -> GateRecord {
    GateRecord {
        schema: SCHEMA.to_owned(),
        started: humantime::format_rfc3339_seconds(started).to_string(),
        base,
        head: head.program.display().to_string(),
        pins,
        seed: args.seed,
        relinked: false,
        partial: false,
        identical: false,
        cells: Vec::new(),
    }
}

/// Where it is kept. The folder is made before anything is measured: better to learn then
/// than after that it cannot be written.
fn place(args: &GateArgs, started: SystemTime) -> Result<PathBuf, Failure> {
    let store = Store::find(args.results.as_deref());
    store.check()?;
    let name = humantime::format_rfc3339_millis(started).to_string().replace([':', '.'], "-");
    let folder = store.root().join("gates").join(name);
    std::fs::create_dir_all(&folder)
        .map_err(|source| FileError { path: folder.clone(), source })?;
    Ok(folder.join("gate.json"))
}

#[expect(clippy::needless_pass_by_value, reason = "made to be passed to map_err")]
pub(super) fn gate_failed(error: impl ToString) -> Failure {
    Failure::Gate(error.to_string())
}

/// Where the base comes from.
enum Bases {
    Program { said: String, path: PathBuf },
    Commit { builder: Builder, commit: String },
}

impl Bases {
    fn find(
        args: &GateArgs,
        head: &Path,
        stop: &Stop,
        told: &dyn Fn(&str),
    ) -> Result<Self, Failure> {
        let Some(base) = &args.base else {
            return Err(Failure::Gate("--base: which commit or program to hold it against".into()));
        };
        if Path::new(base).is_file() {
            if build::is_commit(Path::new("."), base, stop) {
                told(&format!("{base} is a file here, and a commit: the file is taken"));
            }
            let path = std::path::absolute(base).map_err(gate_failed)?;
            return Ok(Self::Program { said: base.clone(), path });
        }
        let builder = Builder::find(Path::new("."), head, &args.features, stop).map_err(|why| {
            gate_failed(format!(
                "--base {base}: there is no such file, nor a repository here: {why}"
            ))
        })?;
        let commit = builder.commit(base).map_err(gate_failed)?;
        let this = built::build();
        if args.head.is_none() && (this.profile != "optimised" || this.debug_assertions) {
            return Err(Failure::Gate(format!(
                "--base {base} is built with --release, and this program was not: build with \
                 --release, or name a program by --head"
            )));
        }
        Ok(Self::Commit { builder, commit })
    }

    fn name(&self) -> String {
        match self {
            Self::Program { said, .. } => said.clone(),
            Self::Commit { commit, .. } => commit.clone(),
        }
    }

    fn program(&self, told: &dyn Fn(&str)) -> Result<PathBuf, Failure> {
        match self {
            Self::Program { path, .. } => Ok(path.clone()),
            Self::Commit { builder, commit } => {
                builder.base(commit, told).map(|built| built.program).map_err(gate_failed)
            }
        }
    }

    /// Head once more, or nothing where it cannot be had, or where the sources that lie
    /// there are not those of head: the second measurement is then of the same program.
    fn relinked(&self, args: &GateArgs, me: &Path, told: &dyn Fn(&str)) -> Option<PathBuf> {
        let Self::Commit { builder, .. } = self else { return None };
        let other = match &args.head {
            Some(head) => Some(format!("--head names {}", head.display())),
            None => builder.not_of_the_sources(me),
        };
        if let Some(why) = other {
            told(&format!("head is not linked anew: {why}"));
            return None;
        }
        builder
            .relinked(told)
            .inspect_err(|why| told(&format!("head is not linked anew: {why}")))
            .ok()
    }
}

/// What is compared: a suite, or what the axes say.
fn cells(registry: &Registry, args: &GateArgs) -> Result<Vec<duel::Cell>, Failure> {
    let mut cells = Vec::new();
    let mut sizes: Vec<u64> = args.size.iter().map(|size| size.0).collect();
    if sizes.is_empty() {
        sizes.push(USUAL_SIZE);
    }
    let crossed = !args.transport.is_empty() || !args.scenario.is_empty();
    if crossed {
        let scenarios: Vec<&'static str> = scenario::ALL
            .iter()
            .map(|s| s.name)
            .filter(|name| matches!(*name, "rtt" | "max"))
            .filter(|name| args.scenario.is_empty() || args.scenario.iter().any(|s| s == name))
            .collect();
        let transports = registry.iter().filter(|entry| {
            args.transport.is_empty() || args.transport.iter().any(|name| name == entry.name)
        });
        for entry in transports {
            for &scenario in &scenarios {
                for &size in &sizes {
                    let wait = args.wait.unwrap_or(Wait::Block);
                    let transport = entry.name.to_owned();
                    cells.push(duel::Cell { scenario, transport, size_bytes: size, wait });
                }
            }
        }
    } else {
        cells = selftest::suite();
    }
    let can = |cell: &duel::Cell| {
        let case = cell.ask(&[], Nanos::from_millis(1)).case(registry).ok();
        let entry = registry.get(&cell.transport);
        case.zip(entry).is_some_and(|(case, entry)| {
            pipefit::run::session::not_applicable(entry, &case).is_none()
        })
    };
    cells.retain(|cell| can(cell) && args.filter.as_ref().is_none_or(|f| f.is_match(&cell.id())));
    if cells.is_empty() {
        return Err(Failure::Nothing("nothing selected: no cell that can be measured".to_owned()));
    }
    Ok(cells)
}

fn progress(duel: &Duel, which: &str) -> String {
    let seconds = duel.took.0 as f64 / 1e9;
    let change =
        duel.look.map_or_else(String::new, |l| format!(" {}", percent(change_pct(l.change.value))));
    let (id, pairs) = (duel.cell.id(), duel.pairs.len());
    format!("{id}, {which}: {}{change}, {pairs} pairs, {seconds:.1} s", duel.call().word())
}

/// What scripts are told.
fn of(outcomes: &[Outcome]) -> Exit {
    let any = |of: fn(&Ruling) -> bool| outcomes.iter().any(|o| of(&o.verdict));
    if any(|r| matches!(r, Ruling::Regressed)) {
        Exit::Judged
    } else if any(|r| matches!(r, Ruling::Broken(_))) {
        Exit::Invalid
    } else if any(|r| matches!(r, Ruling::Inconclusive(_) | Ruling::EnvironmentInvalid)) {
        Exit::TooNoisy
    } else if any(|r| !matches!(r, Ruling::NotApplicable(_))) {
        Exit::Done
    } else {
        Exit::Nothing
    }
}
