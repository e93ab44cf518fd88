//! `gate --self-test`: how often the gate is wrong on this machine.

use std::io;
use std::path::Path;

use pipefit::ground::host::probe;
use pipefit::link::Stop;

use super::args::{GateArgs, Manner};
use super::axes;
use super::exit::Exit;
use super::failure::Failure;
use super::gate::gate_failed;
use super::out::{Out, tell};
use crate::gate::selftest::{self, Decision, Log, Plan, SelfTest};
use crate::results::{Store, machine_class, put};

/// The gate proves itself here. What was decided on machines of another class counts for
/// nothing: each class has a folder. An excerpt begins anew each time.
pub(super) fn prove(
    args: &GateArgs,
    me: &Path,
    stop: &Stop,
    manner: &Manner,
    out: &Out,
) -> Result<Exit, Failure> {
    let store = Store::find(args.results.as_deref());
    let class = machine_class(&probe());
    let name = if args.excerpt { "excerpt.jsonl" } else { "decisions.jsonl" };
    let path = store.root().join("self-test").join(class.as_str()).join(name);
    let failed = |error: io::Error| gate_failed(format!("{}: {error}", path.display()));
    let mut log = open(&path, args.excerpt).map_err(failed)?.of_class(class.as_str());
    let pins = axes::chosen(args.pin.as_ref());
    let plan = if args.excerpt { Plan::EXCERPT } else { Plan::FULL };
    let test = SelfTest { program: me, class: class.as_str(), pins: &pins, plan };
    let told = |d: &Decision| {
        if !manner.quiet {
            let seconds = d.took_ns as f64 / 1e9;
            tell(&format!(
                "{:?} {}, {}: {} ({seconds:.1} s)\n",
                d.what, d.number, d.cell, d.ruling
            ));
        }
    };
    let before = log.decisions.len();
    let made = test.run(&mut log, stop, &told).map_err(failed)?;
    let table = selftest::table(&log.decisions);
    let kept = path.with_extension("md");
    put(&kept, table.as_bytes())?;
    out.print(&table)?;
    let mut counts = format!("{before} decisions were there already, {made} were made now");
    if log.unreadable > 0 {
        counts += &format!("; {} lines are no decision and were passed over", log.unreadable);
    }
    out.print(&format!("{counts}\nself-test: {}\n", path.display()))?;
    Ok(match stop.asked() {
        Some(why) => Exit::asked(why),
        None => exit(&log.decisions, args.excerpt),
    })
}

/// A log; of an excerpt, a new one.
fn open(path: &Path, anew: bool) -> io::Result<Log> {
    if anew
        && let Err(error) = std::fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    Log::open(path)
}

/// What scripts are told.
fn exit(decisions: &[Decision], is_excerpt: bool) -> Exit {
    if selftest::unmeasured(decisions) > 0 {
        Exit::Invalid
    } else if selftest::holds(decisions) {
        Exit::Done
    } else if is_excerpt && !selftest::contradicted(decisions) {
        // Of a few trials on a noisy machine, some are left open.
        Exit::TooNoisy
    } else {
        Exit::Judged
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::selftest::What;

    fn decided(what: What, ruling: &str) -> Decision {
        Decision {
            what,
            number: 0,
            cell: "rtt/pipe/64B/block".into(),
            class: None,
            slower_ppm: 0,
            first: ruling.into(),
            ruling: ruling.into(),
            first_ns: 1,
            took_ns: 1,
            pairs: Vec::new(),
            again: Vec::new(),
            null: Vec::new(),
        }
    }

    #[test]
    fn a_self_test_has_its_codes() {
        for (what, ruling, full, excerpt) in [
            (What::Same, "unchanged", 0, 0),
            (What::CrowdedSame, "regressed", 100, 100),
            (What::Slower25, "unchanged", 100, 100),
            (What::Slower25, "inconclusive", 100, 75),
            (What::Same, "broken", 65, 65),
        ] {
            let all = [decided(what, ruling)];
            assert_eq!(exit(&all, false).code(), full, "{what:?} {ruling}");
            assert_eq!(exit(&all, true).code(), excerpt, "{what:?} {ruling}");
        }
    }

    #[test]
    fn an_excerpt_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("class/excerpt.jsonl");
        let line = serde_json::to_string(&decided(What::Same, "unchanged")).unwrap();
        std::fs::create_dir(folder.path().join("class")).unwrap();
        std::fs::write(&path, line + "\n").unwrap();
        assert_eq!(open(&path, false).unwrap().decisions.len(), 1);
        assert_eq!(open(&path, true).unwrap().decisions.len(), 0);
    }
}
