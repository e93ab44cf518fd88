//! The fitness functions: one test for each budget of `fitness/budgets.toml`, one after
//! the other. What a noisy machine leaves open is said and does not fail; a control of
//! which nothing can be said does. The last line names the report.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what came of budgets is shown")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use libtest_mimic::{Arguments, Failed, Trial};
use pipefit::ground::Nanos;
use pipefit::ground::host::two_cpus;
use pipefit::link::Stop;
use pipefit::run::Registry;
use pipefit::run::limits::{Samples, Yardstick};
use pipefit_harness::check::{Bench, Checked, cells, verdicts};
use pipefit_harness::report::terminal;
use pipefit_harness::results::Store;
use pipefit_harness::verdict::budget::{self, Profile};
use pipefit_harness::verdict::{Budget, Budgets, Verdict};
use pipefit_harness::{Ended, Notebook};

/// Budgets that were measured.
type All = Arc<Mutex<Vec<Checked>>>;

const BUDGETS: &str = "harness/fitness/budgets.toml";

fn main() -> ExitCode {
    let registry = Registry::builtin();
    pipefit::init(&registry);
    let mut arguments = Arguments::from_args();
    // What is timed stands alone.
    arguments.test_threads = Some(1);
    let budgets = match budgets(&registry) {
        Ok(budgets) => budgets,
        Err(why) => return failed(&why),
    };
    let notes = Notebook::open(std::env::args().collect());
    let checked: All = Arc::default();
    let trials = budgets
        .all
        .iter()
        .map(|budget| {
            let (budget, checked, registry) =
                (budget.clone(), Arc::clone(&checked), registry.clone());
            Trial::test(budget.name.clone(), move || hold(&registry, &budget, &checked))
        })
        .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    let checked = checked.lock().unwrap_or_else(PoisonError::into_inner);
    if !checked.is_empty()
        && let Err(why) = keep(&notes, &budgets, &checked)
    {
        return failed(&why);
    }
    conclusion.exit_code()
}

fn failed(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::FAILURE
}

fn budgets(registry: &Registry) -> Result<Budgets, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fitness/budgets.toml");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    budget::read(Path::new(BUDGETS), &text, registry, Profile::Quick).map_err(|e| e.to_string())
}

/// Keeps a run, and prints what came of it.
fn keep(notes: &Notebook, budgets: &Budgets, checked: &[Checked]) -> Result<(), String> {
    let verdicts = verdicts(budgets, Profile::Quick, checked);
    print!("{}", terminal::budgets(&verdicts, false));
    let mut limits = Samples::default();
    limits.probe(&Yardstick::ALL, &two_cpus());
    checked.iter().for_each(|one| limits.merge(one.limits.clone()));
    let ended = Ended {
        measuring: checked.iter().fold(Nanos(0), |sum, one| sum + one.took),
        pinned: Some(two_cpus()).filter(|pins| !pins.is_empty()),
        limits: limits.limits(),
        partial: false,
    };
    // Beside the sources, wherever the tests are started from.
    let harness = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = harness.parent().unwrap_or(harness).join("results");
    let named = std::env::var_os("PIPEFIT_RESULTS").map(PathBuf::from);
    let store = Store::find(Some(&named.unwrap_or(root)));
    let kept = notes
        .keep_checked(&store, cells(checked), &verdicts, ended)
        .map_err(|why| format!("the report could not be kept: {why}"))?;
    if let Some(why) = &kept.unnoted {
        eprintln!("warning: {why}");
    }
    println!("report: {}", kept.report().display());
    Ok(())
}

fn hold(registry: &Registry, budget: &Budget, all: &All) -> Result<(), Failed> {
    let (stop, pins) = (Stop::default(), two_cpus());
    let bench = Bench { registry, pins: &pins, stop: &stop, watch: &|_| {} };
    let checked = bench.check(budget);
    let verdict = checked.judged.verdict.clone();
    let told: Vec<String> = checked
        .judged
        .findings
        .iter()
        .map(|f| format!("{BUDGETS}:{}: {}: {}", f.line, f.text, f.verdict))
        .collect();
    all.lock().unwrap_or_else(PoisonError::into_inner).push(checked);
    match verdict {
        Verdict::Pass => Ok(()),
        Verdict::Inconclusive(why) if !budget.must_fail => {
            println!("inconclusive: {}: {why}", budget.name);
            Ok(())
        }
        other => Err(format!("{other}\n{}", told.join("\n")).into()),
    }
}
