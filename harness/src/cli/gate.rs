//! `gate`: this build held against another.

use std::cell::Cell;
use std::fmt::Write as _;
use std::io::{stdin, stdout};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use pipefit::ground::Nanos;
use pipefit::link::{Stop, Wait};
use pipefit::run::{Registry, scenario};

use super::args::{GateArgs, Manner};
use super::axes;
use super::exit::Exit;
use super::failure::Failure;
use super::github;
use super::out::{Out, tell};
use super::signals;
use crate::gate::arm::Arm;
use crate::gate::build::{self, Builder};
use crate::gate::duel::{self, Duel};
use crate::gate::record::{CellRecord, GateRecord, SCHEMA};
use crate::gate::selftest::{self, Log, Plan, SelfTest};
use crate::gate::serve::serve;
use crate::gate::suite::{Outcome, Ruling, Suite};
use crate::report::{self, json};
use crate::results::{FileError, Store, put};

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
    if args.self_test {
        return prove(args, &me, &stop, manner, out);
    }
    let cells = cells(registry, args)?;
    let started = SystemTime::now();
    let head = Arm::new("head", args.head.as_deref().unwrap_or(&me));
    let told = |text: &str| {
        if !manner.quiet {
            tell(&format!("{text}\n"));
        }
    };
    let bases = Bases::find(args, &head.program)?;
    let base = Arm::new("base", &bases.program(&told)?);
    if base.program != head.program
        && build::same(&base.program, &head.program).map_err(gate_failed)?
    {
        out.print("identical binaries: there is nothing to compare\n")?;
        return Ok(Exit::Done);
    }
    for arm in [&base, &head] {
        arm.start().and_then(|mut worker| worker.greet()).map_err(gate_failed)?;
    }
    let (place, pins) = (place(args, started)?, axes::chosen(args.pin.as_ref()));
    let anew = Cell::new(false);
    let relink = || bases.relinked(&told).inspect(|_| anew.set(true));
    let suite = Suite { base: &base, head: &head, relink: &relink, pins: &pins, seed: args.seed };
    let outcomes = suite.judge(&cells, &stop, &|duel, which| told(&progress(duel, which)));
    let record = GateRecord {
        schema: SCHEMA.to_owned(),
        started: humantime::format_rfc3339_seconds(started).to_string(),
        base: bases.name(),
        head: head.program.display().to_string(),
        pins,
        seed: args.seed,
        relinked: anew.get(),
        cells: outcomes.iter().map(CellRecord::from).collect(),
    };
    args.tell(&record, &place, manner, out)?;
    Ok(match stop.asked() {
        Some(why) => Exit::asked(why),
        None => exit(&outcomes),
    })
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

/// The page beside a gate's record.
fn page_of(place: &Path) -> PathBuf {
    place.with_file_name("report.html")
}

impl GateArgs {
    /// Keeps what came of it, and says it to people and to builds; last, where it is.
    fn tell(
        &self,
        record: &GateRecord,
        place: &Path,
        manner: &Manner,
        out: &Out,
    ) -> Result<(), Failure> {
        if !manner.quiet {
            out.print(&table(record))?;
        }
        self.keep(record, place)?;
        github::report(
            || report::github::gate_annotations(record),
            || report::markdown::gate(record),
        );
        let page = page_of(place);
        out.print(&format!("gate: {}\nreport: {}\n", place.display(), page.display()))?;
        Ok(())
    }

    /// Keeps and exports what came of it.
    fn keep(&self, record: &GateRecord, place: &Path) -> Result<(), Failure> {
        let failed = |what, why: String| Failure::Form { what, why };
        let text = json::pretty(record).map_err(|e| failed("gate.json", e.to_string()))?;
        put(place, text.as_bytes())?;
        put(&page_of(place), report::html::gated(record).as_bytes())?;
        if let Some(file) = &self.export_json {
            put(file, text.as_bytes())?;
        }
        if let Some(file) = &self.export_markdown {
            put(file, report::markdown::gate(record).as_bytes())?;
        }
        if let Some(file) = &self.export_junit {
            let text = report::junit::gate(record).map_err(|e| failed("JUnit", e.to_string()))?;
            put(file, text.as_bytes())?;
        }
        Ok(())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "made to be passed to map_err")]
fn gate_failed(error: impl ToString) -> Failure {
    Failure::Gate(error.to_string())
}

/// Where the base comes from.
enum Bases<'a> {
    Program(&'a Path),
    Commit { builder: Builder, commit: String },
}

impl<'a> Bases<'a> {
    fn find(args: &'a GateArgs, head: &Path) -> Result<Self, Failure> {
        let Some(base) = &args.base else {
            return Err(Failure::Gate("--base: which commit or program to hold it against".into()));
        };
        if Path::new(base).is_file() {
            return Ok(Self::Program(Path::new(base)));
        }
        let bin = head.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let builder = Builder::find(Path::new("."), &bin, &args.features).map_err(|why| {
            gate_failed(format!(
                "--base {base}: there is no such file, nor a repository here: {why}"
            ))
        })?;
        let commit = builder.commit(base).map_err(gate_failed)?;
        Ok(Self::Commit { builder, commit })
    }

    fn name(&self) -> String {
        match self {
            Self::Program(path) => path.display().to_string(),
            Self::Commit { commit, .. } => commit.clone(),
        }
    }

    fn program(&self, told: &dyn Fn(&str)) -> Result<PathBuf, Failure> {
        match self {
            Self::Program(path) => Ok(path.to_path_buf()),
            Self::Commit { builder, commit } => {
                builder.base(commit, told).map(|built| built.program).map_err(gate_failed)
            }
        }
    }

    /// Head once more, or nothing where it cannot be had: the second measurement is then of
    /// the same program.
    fn relinked(&self, told: &dyn Fn(&str)) -> Option<PathBuf> {
        let Self::Commit { builder, .. } = self else { return None };
        builder
            .relinked(told)
            .inspect_err(|why| told(&format!("head is not linked anew: {why}")))
            .ok()
    }
}

/// What is compared: a suite, or what the axes say.
fn cells(registry: &Registry, args: &GateArgs) -> Result<Vec<duel::Cell>, Failure> {
    let mut cells = Vec::new();
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
                for size in &args.size {
                    let wait = args.wait.unwrap_or(Wait::Block);
                    let transport = entry.name.to_owned();
                    cells.push(duel::Cell { scenario, transport, size_bytes: size.0, wait });
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
    let change = duel
        .look
        .map_or_else(String::new, |l| format!(" {:+.1} %", 100.0 * l.change.value.exp_m1()));
    let (id, pairs) = (duel.cell.id(), duel.pairs.len());
    format!("{id}, {which}: {}{change}, {pairs} pairs, {seconds:.1} s", duel.call().word())
}

fn table(record: &GateRecord) -> String {
    let mut out = String::new();
    let widest = record.cells.iter().map(|c| c.cell.len()).max().unwrap_or(0);
    for cell in &record.cells {
        let _ = write!(out, "{:<widest$}  {:<13}", cell.cell, cell.verdict);
        if let (Some(change), Some(low), Some(high)) =
            (cell.change_pct, cell.low_pct, cell.high_pct)
        {
            let _ = write!(out, " {change:>+6.1} % [{low:+.1}, {high:+.1}]");
        }
        let _ = write!(out, "  {} pairs, {:.1} s", cell.all_pairs(), cell.took_ns as f64 / 1e9);
        if let Some(least) = cell.least_seen_pct {
            let _ = write!(out, ", would have seen {least:.1} %");
        }
        out.push('\n');
        if let Some(why) = &cell.reason {
            let _ = writeln!(out, "    {why}");
        }
    }
    out += "Above 0 head is slower; the interval is of 98 %.\n";
    out
}

/// What scripts are told.
fn exit(outcomes: &[Outcome]) -> Exit {
    let any = |of: fn(&Ruling) -> bool| outcomes.iter().any(|o| of(&o.verdict));
    if any(|r| matches!(r, Ruling::Regressed)) {
        Exit::Judged
    } else if any(|r| matches!(r, Ruling::Broken(_))) {
        Exit::Invalid
    } else if any(|r| matches!(r, Ruling::Inconclusive(_) | Ruling::EnvironmentInvalid)) {
        Exit::TooNoisy
    } else {
        Exit::Done
    }
}

/// The gate proves itself here.
fn prove(
    args: &GateArgs,
    me: &Path,
    stop: &Stop,
    manner: &Manner,
    out: &Out,
) -> Result<Exit, Failure> {
    let store = Store::find(args.results.as_deref());
    let name = if args.excerpt { "excerpt.jsonl" } else { "decisions.jsonl" };
    let path = store.root().join("self-test").join(name);
    let mut log = Log::open(&path).map_err(|e| gate_failed(format!("{}: {e}", path.display())))?;
    let pins = axes::chosen(args.pin.as_ref());
    let plan = if args.excerpt { Plan::EXCERPT } else { Plan::FULL };
    let test = SelfTest { program: me, pins: &pins, plan };
    let told = |d: &selftest::Decision| {
        if !manner.quiet {
            let seconds = d.took_ns as f64 / 1e9;
            tell(&format!(
                "{:?} {}, {}: {} ({seconds:.1} s)\n",
                d.what, d.number, d.cell, d.ruling
            ));
        }
    };
    test.run(&mut log, stop, &told).map_err(|e| gate_failed(format!("{}: {e}", path.display())))?;
    let table = selftest::table(&log.decisions);
    out.print(&table)?;
    let kept = path.with_extension("md");
    put(&kept, table.as_bytes())?;
    out.print(&format!("self-test: {}\n", path.display()))?;
    Ok(match stop.asked() {
        Some(why) => Exit::asked(why),
        None if selftest::holds(&log.decisions) => Exit::Done,
        // Of a few trials on a noisy machine, some are left open.
        None if args.excerpt && !selftest::contradicted(&log.decisions) => Exit::TooNoisy,
        None => Exit::Judged,
    })
}
