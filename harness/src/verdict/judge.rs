//! From the figures of some trials to a verdict.
//!
//! A limit that a person or another program set is compared with an *interval*, not
//! with a number: the mean of the trials' logarithms, and how far it may be off at 95 %
//! (Student's t). While the interval lies on both sides of the limit, more trials are
//! asked for. It is looked at after each trial, and whoever looks often is wrong more often
//! than one time in twenty: 95 % is what one look has, not what a budget has. What is
//! counted exactly, frames lost for instance, needs no interval.

use pipefit::run::limits::Limits;
use pipefit::run::record::{Cell, Status};
use std::collections::BTreeMap;

use super::{Assertion, Bound, Op, Verdict, Yardstick};
use crate::metric::{Place, Unit};
use crate::stat::{Interval, mean_interval};

/// Fewer trials than this have no interval worth the name.
pub const LEAST: usize = 3;

/// Fewer trials than this fail nothing that depends on time: one bad moment of a machine
/// lasts as long as a few trials in a row.
pub const LEAST_TO_FAIL: usize = 6;

/// The level of the intervals.
const LEVEL: f64 = 0.95;

/// One trial: the cell, and what was measured beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Trialled {
    /// The cell.
    pub cell: Cell,
    /// Cells of other transports, by name.
    pub rivals: BTreeMap<String, Cell>,
    /// What the machine could do at best, just before and just after.
    pub limits: Option<Limits>,
}

/// What came of one assertion.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// As it was written.
    pub text: String,
    /// Its line in the file.
    pub line: usize,
    /// What the figures are counted in.
    pub unit: Unit,
    /// The figure, with its interval where it has one.
    pub figure: Option<Interval>,
    /// What it was held to, in the same unit: of a ratio, the factor times what the
    /// yardstick showed.
    pub limit: Option<f64>,
    /// Trials behind it.
    pub trials: usize,
    /// What comes of it.
    pub verdict: Verdict,
}

/// What came of a budget.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// One for each assertion.
    pub findings: Vec<Finding>,
    /// All together; of a control, whether it failed as it must.
    pub verdict: Verdict,
    /// Whether more trials may tell more.
    pub open: bool,
}

/// Judges some trials of a budget. `noise` says what disturbed them, if anything did;
/// `last` that there will be no more of them.
#[must_use]
pub fn judge(
    asserts: &[(Assertion, usize)],
    must_fail: bool,
    trials: &[Trialled],
    noise: Option<&str>,
    last: bool,
) -> Judged {
    let findings: Vec<Finding> = asserts
        .iter()
        .map(|(assertion, line)| {
            let mut finding = find(assertion, *line, trials);
            // What others do to a machine is not the fault of what is measured on it. A
            // control asks whether its detector can fail, and is gross enough to show.
            if let (Verdict::Fail, Some(why), false) = (&finding.verdict, noise, must_fail)
                && !is_exact(assertion)
            {
                finding.verdict = Verdict::Inconclusive(why.to_owned());
            }
            finding
        })
        .collect();
    let all = Verdict::all(findings.iter().map(|f| &f.verdict));
    let unsure = matches!(all, Verdict::Inconclusive(_));
    // One assertion that fails decides, whatever becomes of the others.
    let verdict = if must_fail { turned(all, trials.len()) } else { all };
    Judged { findings, verdict, open: unsure && !last }
}

/// A control passes where it fails, and the other way round.
fn turned(verdict: Verdict, trials: usize) -> Verdict {
    match verdict {
        Verdict::Fail => Verdict::Pass,
        Verdict::Pass => Verdict::Fail,
        Verdict::Inconclusive(why) => {
            Verdict::Inconclusive(format!("the control did not fail in {trials} trials: {why}"))
        }
        invalid @ Verdict::Invalid(_) => invalid,
    }
}

/// What of a ledger is a fault of a link, whatever the time. How many frames are offered,
/// shown, merged, dropped or under way at the end depends on how quick everybody was.
const FAULTS: [&str; 5] = ["lost", "duplicate", "reordered", "corrupt", "torn"];

/// Whether it is counted frame by frame, and has nothing to do with time.
fn is_exact(assertion: &Assertion) -> bool {
    let metric = &assertion.figure.metric;
    match metric.place {
        Place::Metrics => false,
        Place::Ledger => FAULTS.contains(&&metric.name[..]),
        Place::Residue => true,
    }
}

fn find(assertion: &Assertion, line: usize, trials: &[Trialled]) -> Finding {
    let blank = |verdict| Finding {
        text: assertion.text.clone(),
        line,
        unit: assertion.figure.unit(),
        figure: None,
        limit: None,
        trials: trials.len(),
        verdict,
    };
    let pairs = match trials.iter().map(|t| pair(assertion, t)).collect::<Result<Vec<_>, _>>() {
        Ok(pairs) => pairs,
        Err(why) => return blank(Verdict::Invalid(why)),
    };
    let limit = middle(pairs.iter().map(|(_, limit)| *limit));
    if is_exact(assertion) {
        return exactly(assertion, &pairs, Finding { limit, ..blank(Verdict::Pass) });
    }
    if assertion.figure.unit() == Unit::Count {
        return by_votes(assertion, &pairs, Finding { limit, ..blank(Verdict::Pass) });
    }
    by_interval(assertion, &pairs, Finding { limit, ..blank(Verdict::Pass) })
}

/// Whether a trial was measured well and still lacks a figure: there were too few samples,
/// or the machine would not show its limit.
#[must_use]
pub fn says_too_little(asserts: &[(Assertion, usize)], trial: &Trialled) -> bool {
    let is_valid = |cell: &Cell| cell.status == Status::Valid;
    std::iter::once(&trial.cell).chain(trial.rivals.values()).all(is_valid)
        && asserts.iter().any(|(assertion, _)| pair(assertion, trial).is_err())
}

/// The figure of a trial, and what it is held to.
fn pair(assertion: &Assertion, trial: &Trialled) -> Result<(f64, f64), String> {
    let figure = |cell: &Cell| {
        if cell.status != Status::Valid {
            let why = cell.reason.as_deref().unwrap_or("for no reason that is known");
            return Err(format!("{}: {why}", cell.id));
        }
        let found = assertion.figure.metric.read(cell, assertion.figure.stat.as_deref());
        found.ok_or_else(|| format!("{} has no {} that may be given", cell.id, assertion.figure))
    };
    let value = figure(&trial.cell)?;
    let limit = match &assertion.bound {
        Bound::Value(limit) => *limit,
        Bound::Times(factor, Yardstick::Transport(name)) => {
            let rival = trial.rivals.get(name).ok_or_else(|| format!("{name} was not measured"))?;
            factor * figure(rival)?
        }
        Bound::Times(factor, Yardstick::Limit { limit, of, stat }) => {
            let found = trial.limits.as_ref().and_then(|l| limit.read(l, *of, stat.as_deref()));
            let name = &limit.name;
            factor * found.ok_or_else(|| format!("limits.{name} could not be measured here"))?
        }
    };
    Ok((value, limit))
}

fn middle(values: impl Iterator<Item = f64>) -> Option<f64> {
    crate::stat::median(&values.collect::<Vec<_>>())
}

const fn point(value: f64) -> Interval {
    Interval { value, low: value, high: value }
}

/// What is counted frame by frame holds in every trial, or fails.
fn exactly(assertion: &Assertion, pairs: &[(f64, f64)], finding: Finding) -> Finding {
    let broken = pairs.iter().find(|(value, limit)| !assertion.op.holds(*value, *limit));
    let shown = broken.or(pairs.first()).map(|(value, _)| point(*value));
    let verdict = if broken.is_some() { Verdict::Fail } else { Verdict::Pass };
    Finding { figure: shown, verdict, ..finding }
}

/// A count that depends on time: most trials decide.
fn by_votes(assertion: &Assertion, pairs: &[(f64, f64)], finding: Finding) -> Finding {
    let held = pairs.iter().filter(|(value, limit)| assertion.op.holds(*value, *limit)).count();
    let broken = pairs.len() - held;
    let values: Vec<f64> = pairs.iter().map(|(value, _)| *value).collect();
    let figure = crate::stat::median(&values).map(|value| Interval {
        value,
        low: values.iter().copied().fold(f64::INFINITY, f64::min),
        high: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    });
    let verdict = if held >= LEAST && held > 3 * broken {
        Verdict::Pass
    } else if broken > 3 * held && pairs.len() >= LEAST_TO_FAIL {
        Verdict::Fail
    } else {
        Verdict::Inconclusive(format!("it held in {held} of {} trials", pairs.len()))
    };
    Finding { figure, verdict, ..finding }
}

fn by_interval(assertion: &Assertion, pairs: &[(f64, f64)], finding: Finding) -> Finding {
    let (limits, op) = (finding.limit.unwrap_or(0.0), assertion.op);
    // Ratios first, so that a machine that changes changes both.
    let positive = pairs.iter().all(|(value, limit)| *value > 0.0 && *limit > 0.0);
    let (found, bar) = if positive {
        let logs: Vec<f64> = pairs.iter().map(|(value, limit)| (value / limit).ln()).collect();
        let found = interval(&logs);
        (found.map(|i| map(i, |log| log.exp() * limits)), limits)
    } else {
        let gaps: Vec<f64> = pairs.iter().map(|(value, limit)| value - limit).collect();
        (interval(&gaps).map(|i| map(i, |gap| gap + limits)), limits)
    };
    let Some(found) = found else {
        return Finding {
            verdict: Verdict::Inconclusive("nothing was measured".into()),
            ..finding
        };
    };
    let (low, high) = (op.holds(found.low, bar), op.holds(found.high, bar));
    let verdict = match (low && high, pairs.len()) {
        (_, n) if n < LEAST => Verdict::Inconclusive(format!("{n} trials say too little")),
        (true, _) => Verdict::Pass,
        (false, n) if n < LEAST_TO_FAIL => {
            Verdict::Inconclusive(format!("{n} trials are too few to fail it"))
        }
        (false, n) if op == Op::Exactly || (!low && !high) => {
            debug_assert!(n >= LEAST_TO_FAIL);
            Verdict::Fail
        }
        (false, n) => {
            Verdict::Inconclusive(format!("the limit lies in the interval of {n} trials"))
        }
    };
    Finding { figure: Some(found), verdict, ..finding }
}

/// The mean's interval; of fewer values than have one, no more than their middle.
fn interval(values: &[f64]) -> Option<Interval> {
    let found = mean_interval(values, LEVEL).filter(|_| values.len() >= LEAST);
    found.or_else(|| middle(values.iter().copied()).map(point))
}

fn map(interval: Interval, f: impl Fn(f64) -> f64) -> Interval {
    Interval { value: f(interval.value), low: f(interval.low), high: f(interval.high) }
}

#[cfg(test)]
mod tests;
