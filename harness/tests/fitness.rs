//! The fitness functions: one test for each budget of `fitness/budgets.toml`, one after
//! the other. What a noisy machine leaves open is said and does not fail; a control of
//! which nothing can be said does. The last line names the report.

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use libtest_mimic::{Arguments, Failed, Trial};
use pipefit::ground::Nanos;
use pipefit::ground::host::allowed_cpus;
use pipefit::link::Stop;
use pipefit::run::Registry;
use pipefit::run::limits::{Samples, Yardstick};
use pipefit_harness::check::{Bench, Checked, Tally, cells, verdicts};
use pipefit_harness::report::terminal;
use pipefit_harness::results::Store;
use pipefit_harness::verdict::budget::{self, Profile};
use pipefit_harness::verdict::{Budget, Verdict};
use pipefit_harness::{Ended, Notebook};

const BUDGETS: &str = "harness/fitness/budgets.toml";

fn main() -> ExitCode {
    let registry = Registry::builtin();
    pipefit::init(&registry);
    let mut arguments = Arguments::from_args();
    // What is timed stands alone.
    arguments.test_threads = Some(1);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fitness/budgets.toml");
    let budgets = match std::fs::read_to_string(&path).map_err(|e| e.to_string()).and_then(|text| {
        budget::read(Path::new(BUDGETS), &text, &registry, Profile::Quick)
            .map_err(|e| e.to_string())
    }) {
        Ok(budgets) => budgets,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    };
    let notes = Notebook::open(std::env::args().collect());
    let checked: Arc<Mutex<Vec<Checked>>> = Arc::default();
    let trials = budgets
        .all
        .iter()
        .map(|budget| {
            let (budget, checked, registry) =
                (budget.clone(), Arc::clone(&checked), registry.clone());
            Trial::test(budget.name.clone(), move || hold(&registry, &budget, &checked))
        })
        .collect();
    let listing = arguments.list;
    let conclusion = libtest_mimic::run(&arguments, trials);
    let checked = checked.lock().unwrap();
    if !listing && !checked.is_empty() {
        let verdicts = verdicts(&budgets, Profile::Quick, &checked);
        print!("{}", terminal::budgets(&verdicts, false));
        let tally = Tally::of(&checked);
        println!(
            "a verdict was reached for {:.0} % of {} budgets",
            100.0 * tally.decided(),
            tally.all()
        );
        let mut limits = Samples::default();
        limits.probe(&Yardstick::ALL, &pins());
        checked.iter().for_each(|one| limits.merge(one.limits.clone()));
        let ended = Ended {
            measuring: checked.iter().fold(Nanos(0), |sum, one| sum + one.took),
            pinned: Some(pins()).filter(|pins| !pins.is_empty()),
            limits: limits.limits(),
            partial: false,
        };
        let store = Store::find(std::env::var_os("PIPEFIT_RESULTS").as_deref().map(Path::new));
        match notes.keep_checked(&store, cells(&checked), &verdicts, ended) {
            Ok(kept) => println!("report: {}", kept.report().display()),
            Err(why) => {
                eprintln!("the report could not be kept: {why}");
                return ExitCode::FAILURE;
            }
        }
    }
    conclusion.exit_code()
}

fn pins() -> Vec<usize> {
    match allowed_cpus()[..] {
        [first, second, ..] => vec![first, second],
        _ => Vec::new(),
    }
}

fn hold(registry: &Registry, budget: &Budget, all: &Mutex<Vec<Checked>>) -> Result<(), Failed> {
    let (stop, pins) = (Stop::default(), pins());
    let bench = Bench { registry, pins: &pins, stop: &stop, watch: &|_| {} };
    let checked = bench.check(budget);
    let verdict = checked.judged.verdict.clone();
    let told: Vec<String> = checked
        .judged
        .findings
        .iter()
        .map(|f| format!("{BUDGETS}:{}: {}: {}", f.line, f.text, f.verdict))
        .collect();
    all.lock().unwrap().push(checked);
    match verdict {
        Verdict::Pass => Ok(()),
        Verdict::Inconclusive(why) if !budget.must_fail => {
            println!("inconclusive: {}: {why}", budget.name);
            Ok(())
        }
        other => Err(format!("{other}\n{}", told.join("\n")).into()),
    }
}
