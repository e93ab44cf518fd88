//! The table of what the gate gets right, made from what was written down.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Decision, What, calibrate::realised};
use crate::stat::unpaired::{Change, unpaired};
use crate::stat::{Exact, exact, median};

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What was tried.
    pub what: String,
    /// What was seen.
    pub seen: String,
    /// What is wanted.
    pub target: String,
    /// Whether it is met; nothing where it was not tried, or nothing is wanted.
    pub met: Option<bool>,
}

/// What was measured: what could not be is in no count of what was right or wrong.
fn measured(all: &[Decision]) -> Vec<&Decision> {
    all.iter().filter(|d| !is_unmeasured(d)).collect()
}

fn is_unmeasured(decision: &Decision) -> bool {
    matches!(&decision.ruling[..], "broken" | "n/a")
}

/// How many decisions there are that could not be measured.
#[must_use]
pub fn unmeasured(all: &[Decision]) -> usize {
    all.iter().filter(|d| is_unmeasured(d)).count()
}

fn of<'a>(all: &[&'a Decision], what: What) -> Vec<&'a Decision> {
    all.iter().copied().filter(|d| d.what == what).collect()
}

fn share(hits: usize, of: usize) -> Exact {
    exact(hits as u64, of as u64)
}

fn percent(share: &Exact) -> String {
    format!(
        "{} of {}: {:.1} % [{:.1}, {:.1}]",
        share.hits,
        share.trials,
        100.0 * share.share(),
        100.0 * share.low,
        100.0 * share.high
    )
}

/// The rows, in the order in which they are read.
#[must_use]
pub fn rows(all: &[Decision]) -> Vec<Row> {
    let broken = broken(all);
    let all = &measured(all)[..];
    let mut rows = vec![alarms(all), suites(all)];
    for (what, name, least) in [
        (What::Slower10, "10 % slower", 0.99),
        (What::Slower5, "5 % slower", 0.95),
        (What::Slower25, "25 % slower", 1.0),
    ] {
        rows.extend(found(all, what, name, least));
    }
    rows.extend(seconds(all));
    rows.extend(crowded(all));
    rows.push(broken);
    rows.push(rival(all));
    rows
}

/// What could not be measured says nothing of the rule, and something of the workers.
fn broken(all: &[Decision]) -> Row {
    let broken = unmeasured(all);
    Row {
        what: "could not be measured".into(),
        seen: format!("{broken} of {}", all.len()),
        target: "0".into(),
        met: (!all.is_empty()).then_some(broken == 0),
    }
}

/// False alarms of single cells.
fn alarms(all: &[&Decision]) -> Row {
    let same = of(all, What::Same);
    let regressed = same.iter().filter(|d| d.ruling == "regressed").count();
    let alarms = share(regressed, same.len());
    Row {
        what: "A/A, single cells, after confirmation".into(),
        seen: format!("{} false", percent(&alarms)),
        target: "≤ 0.5 %".into(),
        met: (!same.is_empty()).then_some(alarms.low <= 0.005),
    }
}

fn suites(all: &[&Decision]) -> Row {
    let suites = of(all, What::SameSuite);
    let numbers: BTreeSet<u32> = suites.iter().map(|d| d.number).collect();
    let false_ones: BTreeSet<u32> =
        suites.iter().filter(|d| d.ruling == "regressed").map(|d| d.number).collect();
    Row {
        what: "A/A, whole suite, after confirmation".into(),
        seen: format!("{} of {} runs with a false \"regressed\"", false_ones.len(), numbers.len()),
        target: "≤ 1 run".into(),
        met: (!numbers.is_empty()).then_some(false_ones.len() <= 1),
    }
}

fn found(all: &[&Decision], what: What, name: &str, least: f64) -> Vec<Row> {
    let trials = of(all, what);
    let effects: Vec<f64> = trials.iter().filter_map(|d| realised(d)).collect();
    let middle = median(&effects).map_or_else(|| "—".into(), |m| format!("{:.1} %", 100.0 * m));
    let low = effects.iter().copied().fold(f64::INFINITY, f64::min);
    let high = effects.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let range = if effects.is_empty() {
        String::new()
    } else {
        format!(" ({:.1} to {:.1})", 100.0 * low, 100.0 * high)
    };
    let row = |when: &str, hits: usize| {
        let hits = share(hits, trials.len());
        Row {
            what: format!("{name}, realised {middle}{range}, {when}"),
            seen: format!("{} found", percent(&hits)),
            target: if least >= 1.0 {
                "100 %".into()
            } else {
                format!("≥ {:.0} %", 100.0 * least)
            },
            met: (!trials.is_empty()).then_some(hits.high >= least),
        }
    };
    let first = trials.iter().filter(|d| d.first == "regressed").count();
    let last = trials.iter().filter(|d| d.ruling == "regressed").count();
    vec![row("before confirmation", first), row("after", last)]
}

fn seconds(all: &[&Decision]) -> Vec<Row> {
    let calm = || all.iter().filter(|d| !d.what.is_crowded());
    let firsts: Vec<f64> =
        calm().filter(|d| d.first == "unchanged").map(|d| d.first_ns as f64 / 1e9).collect();
    let every: Vec<f64> = calm().map(|d| d.first_ns as f64 / 1e9).collect();
    let whole: Vec<f64> =
        calm().filter(|d| !d.again.is_empty()).map(|d| d.took_ns as f64 / 1e9).collect();
    let most = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
    let mean = firsts.iter().sum::<f64>() / firsts.len().max(1) as f64;
    vec![
        Row {
            what: "seconds to the first verdict, unchanged: mean".into(),
            seen: format!("{mean:.1} s (n = {})", firsts.len()),
            target: "≤ 6 s".into(),
            met: (!firsts.is_empty()).then_some(mean <= 6.0),
        },
        Row {
            what: "seconds to the first verdict: at most".into(),
            seen: format!("{:.1} s (n = {})", most(&every), every.len()),
            target: "≤ 20 s".into(),
            met: (!every.is_empty()).then_some(most(&every) <= 20.0),
        },
        Row {
            what: "seconds with confirmation and null arm: at most".into(),
            seen: format!("{:.1} s (n = {})", most(&whole), whole.len()),
            target: "≤ 45 s".into(),
            met: (!whole.is_empty()).then_some(most(&whole) <= 45.0),
        },
    ]
}

fn crowded(all: &[&Decision]) -> Vec<Row> {
    let same = of(all, What::CrowdedSame);
    let alarms = same.iter().filter(|d| d.ruling == "regressed").count();
    let slower = of(all, What::CrowdedSlower25);
    let by = |word: &str| slower.iter().filter(|d| d.ruling == word).count();
    let (found, unsure) = (by("regressed"), by("inconclusive") + by("environment invalid"));
    let missed = slower.len() - found - unsure;
    vec![
        Row {
            what: "A/A beside one busy process per core".into(),
            seen: format!("{alarms} of {} false", same.len()),
            target: "never".into(),
            met: (!same.is_empty()).then_some(alarms == 0),
        },
        Row {
            what: "25 % slower beside one busy process per core".into(),
            seen: format!("{found} found, {unsure} inconclusive, {missed} missed"),
            target: "found or inconclusive".into(),
            met: (!slower.is_empty()).then_some(missed == 0),
        },
    ]
}

/// What a widespread rule would have said of the same pairs.
fn rival(all: &[&Decision]) -> Row {
    let verdicts: Vec<Change> = of(all, What::Same)
        .iter()
        .filter_map(|d| {
            let base: Vec<f64> = d.pairs.iter().take(20).map(|p| p.base).collect();
            let head: Vec<f64> = d.pairs.iter().take(20).map(|p| p.head).collect();
            unpaired(&base, &head)
        })
        .collect();
    let different = verdicts.iter().filter(|v| **v == Change::Different).count();
    Row {
        what: "for comparison: criterion's rule on the first 20 pairs of A/A".into(),
        seen: format!("{} false", percent(&share(different, verdicts.len()))),
        target: "as measured".into(),
        met: None,
    }
}

/// The table in Markdown.
#[must_use]
pub fn table(all: &[Decision]) -> String {
    let mut out = String::from("| what | seen | target | |\n|---|---|---|---|\n");
    for row in rows(all) {
        let mark = match row.met {
            Some(true) => "met",
            Some(false) => "NOT MET",
            None => "",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "| {} | {} | {} | {mark} |", row.what, row.seen, row.target);
    }
    out
}

/// Whether every row that was tried is met.
#[must_use]
pub fn holds(all: &[Decision]) -> bool {
    rows(all).iter().all(|row| row.met != Some(false))
}

/// Whether a verdict was wrong, and not merely left open: a false alarm, or 25 % that were
/// called none.
#[must_use]
pub fn contradicted(all: &[Decision]) -> bool {
    all.iter().any(|d| match d.what.slow_down() {
        0.0 => d.ruling == "regressed",
        lost => lost >= 0.25 && matches!(&d.ruling[..], "unchanged" | "improved"),
    })
}
