//! The gate's rule on pairs that were recorded: how often it cries wolf and what it misses,
//! without a clock and without chance. The log of a whole self-test has its pairs; here those
//! of the same build against itself are drawn again, thousands of times, with and without a
//! change that is added to them.
//!
//! Pairs are drawn in the runs in which they were measured, one decision's after another's,
//! so that what neighbours have in common stays with them.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]

use std::collections::BTreeMap;
use std::path::Path;

use pipefit_harness::gate::selftest::{Decision, Log, What};
use pipefit_harness::stat::resample::Random;
use pipefit_harness::verdict::gated::log_ratios;
use pipefit_harness::verdict::rule::{Call, LOOKS, look};

/// The log of a whole self-test, from the repository's root.
const LOG: &str = "results/self-test/intel-xeon-2-hypervisor-unnamed/decisions.jsonl";

/// Decisions made anew for each cell and each change.
const DRAWN: usize = 1_500;

/// Log-ratios of the same build against itself, decision by decision, by cell.
type Recorded = BTreeMap<String, Vec<Vec<f64>>>;

fn recorded() -> Recorded {
    let log = Log::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(LOG)).unwrap();
    let mut all = Recorded::new();
    for Decision { cell, pairs, .. } in log.iter().filter(|d| d.what == What::Same) {
        all.entry(cell.clone()).or_default().push(log_ratios(pairs));
    }
    let cells: Vec<&str> = all.keys().map(String::as_str).collect();
    assert_eq!(all.len(), 4, "{cells:?}");
    assert!(all.values().all(|runs| runs.len() >= 90), "400 decisions over four cells: {cells:?}");
    all
}

/// Pairs as a gate would have seen them.
struct Draw<'a> {
    runs: &'a [Vec<f64>],
    random: Random,
    now: &'a [f64],
}

impl<'a> Draw<'a> {
    fn new(runs: &'a [Vec<f64>], seed: u64) -> Self {
        Self { runs, random: Random::new(seed), now: &[] }
    }

    fn pair(&mut self) -> f64 {
        while self.now.is_empty() {
            self.now = &self.runs[self.random.below(self.runs.len())];
        }
        let (first, rest) = self.now.split_first().unwrap();
        self.now = rest;
        *first
    }

    /// What one measurement says of pairs with that much added to each.
    fn call(&mut self, added: f64) -> Call {
        self.now = &[];
        let mut pairs = Vec::new();
        for at in LOOKS {
            pairs.resize_with(at, || self.pair() + added);
            let call = look(&pairs).unwrap().call;
            if call != Call::Open {
                return call;
            }
        }
        Call::Open
    }

    /// What comes of two measurements that must agree.
    fn confirmed(&mut self, added: f64) -> Call {
        let first = self.call(added);
        if first.is_change() && self.call(added) != first { Call::Open } else { first }
    }
}

/// The share of decisions that come out like this, over all cells.
fn share(
    recorded: &Recorded,
    seed: u64,
    decide: impl Fn(&mut Draw<'_>) -> Call,
    like: fn(Call) -> bool,
) -> f64 {
    let mut hits = 0;
    for (i, runs) in recorded.values().enumerate() {
        let mut draw = Draw::new(runs, seed + i as u64);
        hits += (0..DRAWN).filter(|_| like(decide(&mut draw))).count();
    }
    hits as f64 / (DRAWN * recorded.len()) as f64
}

/// Ring, thread and pipe: the cells that are slowed down in the self-test.
fn slowed() -> Recorded {
    let mut all = recorded();
    all.retain(|cell, _| !cell.contains("task"));
    all
}

const REGRESSED: fn(Call) -> bool = |call| call == Call::Regressed;
const CHANGE: fn(Call) -> bool = |call| call.is_change();

#[test]
fn the_same_build_twice_is_hardly_ever_called_slower() {
    let all = recorded();
    let first = share(&all, 1, |draw| draw.call(0.0), REGRESSED);
    let confirmed = share(&all, 2, |draw| draw.confirmed(0.0), REGRESSED);
    assert!(first <= 0.005, "{first} before it is confirmed");
    assert!(confirmed <= 0.001, "{confirmed} after");
}

#[test]
fn ten_percent_are_found_and_five_nearly_always() {
    let all = slowed();
    for (change, least) in [(1.10f64, 0.99), (1.05, 0.95), (1.25, 0.999)] {
        let found = share(&all, 3, |draw| draw.call(change.ln()), REGRESSED);
        assert!(found >= least, "{change}: {found}");
    }
    // What is found has to be found again to count.
    let found = share(&all, 4, |draw| draw.confirmed(1.10f64.ln()), REGRESSED);
    assert!(found >= 0.98, "10 % confirmed: {found}");
}

#[test]
fn swapped_arms_read_improved() {
    let all = slowed();
    let swapped = |draw: &mut Draw<'_>| draw.call(-(1.10f64.ln()));
    assert!(share(&all, 5, swapped, |call| call == Call::Improved) >= 0.99);
    assert!(share(&all, 5, swapped, REGRESSED) == 0.0);
}

/// The control: a gate that counted each pair four times over, as one does that takes what one
/// process measured for independent, alarms far more often.
#[test]
fn pairs_that_are_counted_four_times_cry_wolf() {
    let all = recorded();
    let repeated = |draw: &mut Draw<'_>| {
        draw.now = &[];
        let mut pairs: Vec<f64> = Vec::new();
        for at in LOOKS {
            while pairs.len() < at {
                let one = draw.pair();
                pairs.extend([one; 4]);
            }
            let call = look(&pairs).unwrap().call;
            if call != Call::Open {
                return call;
            }
        }
        Call::Open
    };
    let wrong = share(&all, 6, repeated, CHANGE);
    let right = share(&all, 6, |draw| draw.call(0.0), CHANGE);
    assert!(wrong > 0.02 && wrong > 5.0 * right, "{wrong} against {right}");
}
