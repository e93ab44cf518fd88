//! `check`: a file of budgets, measured and judged.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use pipefit::ground::{Clock, Monotonic, Nanos};
use pipefit::link::Stop;
use pipefit::run::Registry;
use pipefit::run::limits::{Samples, Yardstick};

use super::args::{CheckArgs, Manner, MessageFormat};
use super::axes;
use super::checks;
use super::events::Events;
use super::exit::Exit;
use super::exports::Exports;
use super::failure::Failure;
use super::github;
use super::job::{Said, rescue};
use super::notebook::{Ended, Notebook};
use super::out::{Out, tell};
use super::signals;
use super::written::Source;
use crate::check::{Bench, Checked, Tally, cells, verdicts};
use crate::report::{self, Curves};
use crate::results::Store;
use crate::verdict::budget::Profile;
use crate::verdict::{Budgets, Verdicts, budget};

/// Where budgets are looked for, unless told.
const PLACES: [&str; 2] = ["budgets.toml", "harness/fitness/budgets.toml"];

/// Fewer budgets decided than this say that the machine is too noisy for any.
const LEAST_DECIDED: f64 = 0.5;

pub(super) fn check(
    registry: &Registry,
    args: CheckArgs,
    manner: Manner,
    out: &Out,
) -> Result<Exit, Failure> {
    let budgets = budgets(registry, &args)?;
    let exports = Exports::plan(&args.keep.exports, args.keep.message_format)?;
    let store = Store::find(args.keep.results.as_deref());
    store.check()?;
    let stop = Stop::default();
    let _listening = signals::listen(&stop).map_err(Failure::Signals)?;
    let notes = Notebook::open(manner.command.clone()).of(&manner.word);
    let for_programs = args.keep.message_format == MessageFormat::Json;
    let events = Events { out: for_programs.then_some(out) };
    let pins = axes::chosen(args.pin.as_ref());

    let began = Monotonic.now();
    let bench = Bench { registry, pins: &pins, stop: &stop, watch: &|event| events.note(&event) };
    let aloud = !manner.quiet && !for_programs;
    let (checked, limits) = measure(&bench, &budgets, aloud && io::stderr().is_terminal());
    let verdicts = verdicts(&budgets, args.profile, &checked);
    let measured = cells(&checked);
    let curves = Curves::from_measured(&measured);
    let ended = Ended {
        measuring: Nanos(Monotonic.now().0 - began.0),
        pinned: (!pins.is_empty()).then(|| pins.clone()),
        limits: limits.limits(),
        partial: stop.asked().is_some(),
    };
    let found = checks::pinning(&pins, ended.pinned.as_deref());
    let mut record = notes.record(measured, ended, Some(found));
    let exit = match stop.asked() {
        Some(why) => Exit::asked(why),
        None => exit(&Tally::of(&checked), args.profile),
    };
    let kept = notes.put(&store, &mut record, &curves, Some(&verdicts));
    if aloud {
        show(&verdicts, &manner, &exports, out)?;
    }
    let kept = kept.inspect_err(|_| rescue(&record))?;
    let (verdicts, started) = (Some(&verdicts), notes.started);
    exports.write(Source { record: &record, curves: &curves, verdicts, started }, out)?;
    verdicts.inspect(|verdicts| tell_github(verdicts, &budgets.file));
    Said { out, for_programs }.point_at(&kept, &exports, &events, record.partial, exit)?;
    Ok(exit)
}

/// All budgets, and what the machine could do at best meanwhile.
fn measure(bench: &Bench<'_>, budgets: &Budgets, aloud: bool) -> (Vec<Checked>, Samples) {
    let mut limits = Samples::default();
    limits.probe(&Yardstick::ALL, bench.pins);
    let mut checked = Vec::new();
    for budget in budgets.all.iter().take_while(|_| bench.stop.asked().is_none()) {
        let one = bench.check(budget);
        if aloud {
            tell(&format!("{}: {}\n", budget.name, one.judged.verdict.word()));
        }
        limits.merge(one.limits.clone());
        checked.push(one);
    }
    limits.probe(&Yardstick::ALL, bench.pins);
    (checked, limits)
}

/// The verdicts, where people look: not where a program reads.
fn show(verdicts: &Verdicts, manner: &Manner, exports: &Exports, out: &Out) -> Result<(), Failure> {
    if exports.take_stdout() {
        tell(&report::terminal::budgets(verdicts, manner.color.on(&io::stderr())));
    } else {
        out.print(&report::terminal::budgets(verdicts, manner.color.on(&io::stdout())))?;
    }
    Ok(())
}

fn tell_github(verdicts: &Verdicts, file: &Path) {
    let annotated =
        Verdicts { file: github::from_root(file).display().to_string(), ..verdicts.clone() };
    github::report(
        || report::github::annotations(&annotated),
        || report::markdown::budgets(verdicts),
    );
}

/// The budgets that were asked for.
fn budgets(registry: &Registry, args: &CheckArgs) -> Result<Budgets, Failure> {
    let path = args.budgets.clone().unwrap_or_else(|| {
        let there = PLACES.iter().find(|place| Path::new(place).exists());
        PathBuf::from(there.unwrap_or(&PLACES[0]))
    });
    let bytes =
        fs::read(&path).map_err(|source| Failure::Budgets { path: path.clone(), source })?;
    let text = text(bytes).map_err(|(at, line, byte)| Failure::NoText {
        path: path.clone(),
        line,
        at,
        byte,
    })?;
    let mut budgets = budget::read(&path, &text, registry, args.profile)
        .map_err(|complaint| Failure::Complaint(Box::new(complaint)))?;
    if let Some(filter) = &args.filter {
        budgets.all.retain(|budget| filter.is_match(&budget.name));
        if budgets.all.is_empty() {
            let why = format!("nothing selected: no budget's name matches --filter '{filter}'");
            return Err(Failure::Nothing(why));
        }
    }
    Ok(budgets)
}

/// A file's text; else the first byte that is none, its line, and what it is.
fn text(bytes: Vec<u8>) -> Result<String, (usize, usize, u8)> {
    String::from_utf8(bytes).map_err(|error| {
        let (at, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
        let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        (at, line, bytes.get(at).copied().unwrap_or_default())
    })
}

/// What scripts are told.
pub(super) fn exit(tally: &Tally, profile: Profile) -> Exit {
    let unsure = tally.inconclusive > 0;
    if tally.failed > 0 || tally.unsure_controls > 0 {
        Exit::Judged
    } else if tally.invalid > 0 {
        Exit::Invalid
    } else if unsure && (profile == Profile::Ci || tally.decided() < LEAST_DECIDED) {
        Exit::TooNoisy
    } else {
        Exit::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_named_by_its_byte() {
        assert_eq!(text(b"a\nb".to_vec()).as_deref(), Ok("a\nb"));
        assert_eq!(text(b"a\nb\xffc".to_vec()), Err((3, 2, 0xff)));
    }

    #[test]
    fn a_verdict_has_its_code() {
        let tally = |passed, failed, inconclusive, invalid, unsure_controls| Tally {
            passed,
            failed,
            inconclusive,
            invalid,
            unsure_controls,
        };
        for (counts, local, ci) in [
            (tally(9, 0, 0, 0, 0), 0, 0),
            (tally(9, 0, 1, 0, 0), 0, 75),
            (tally(1, 0, 2, 0, 0), 75, 75),
            (tally(8, 1, 0, 0, 0), 100, 100),
            (tally(8, 1, 0, 1, 0), 100, 100),
            (tally(9, 0, 0, 1, 0), 65, 65),
            (tally(9, 0, 1, 0, 1), 100, 100),
        ] {
            assert_eq!(exit(&counts, Profile::Local).code(), local, "{counts:?}");
            assert_eq!(exit(&counts, Profile::Ci).code(), ci, "{counts:?}");
        }
    }
}
