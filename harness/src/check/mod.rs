//! Floor 9: budgets are measured, for as long as it takes to say something of them.
//!
//! A budget is measured in trials: its cell, the cells it is held against and the limits
//! of the machine take turns, so that a machine that changes does so for all of them.
//! After each trial it is judged; there are more until every assertion is clear, or the
//! profile's patience is at its end.

mod noise;

use std::collections::BTreeMap;

use pipefit::ground::{Clock, Monotonic, Nanos};
use pipefit::link::Stop;
use pipefit::run::limits::{self, Limits, Samples};
use pipefit::run::record::{Cause, Cell, Measured, Status};
use pipefit::run::session::{Course, Watch};
use pipefit::run::{Case, Registry};

pub use noise::Quiet;

use crate::stat::paired::AGREE;
use crate::verdict::budget::Profile;
use crate::verdict::judge::Finding;
use crate::verdict::judge::{Trialled, judge, says_too_little};
use crate::verdict::{
    AssertRecord, Assertion, Bound, Budget, BudgetRecord, Budgets, Judged, Verdict, Verdicts,
    Yardstick, record,
};

/// A budget, and what came of it.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What was asked.
    pub budget: Budget,
    /// What came of it.
    pub judged: Judged,
    /// Trials that it was judged by.
    pub trials: usize,
    /// Trials that were set aside, because the machine changed meanwhile.
    pub dropped: usize,
    /// What disturbed it, if anything did.
    pub noise: Option<String>,
    /// The cell, and those it was held against, all trials together.
    pub measured: Vec<Measured>,
    /// What the machine could do at best meanwhile, where that was asked for.
    pub limits: Samples,
    /// How long it took.
    pub took: Nanos,
}

/// Where and how budgets are measured.
#[derive(Clone, Copy)]
pub struct Bench<'a> {
    /// The transports there are.
    pub registry: &'a Registry,
    /// CPUs to pin to: consumer first, then producer; none where there are none.
    pub pins: &'a [usize],
    /// Who may stop it.
    pub stop: &'a Stop,
    /// Who is told what happens.
    pub watch: Watch<'a>,
}

impl std::fmt::Debug for Bench<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bench").field("pins", &self.pins).finish_non_exhaustive()
    }
}

impl Bench<'_> {
    /// Measures a budget until something can be said of it.
    #[must_use]
    pub fn check(&self, budget: &Budget) -> Checked {
        let began = Monotonic.now();
        let pinned = |case: &Case| Case { pins: self.pins.to_vec(), ..case.clone() };
        let case = pinned(&budget.case);
        let rivals: Vec<Case> = budget.rivals.values().map(pinned).collect();
        let mut subject = Course::new(self.registry, &case);
        let mut others: Vec<Course<'_>> =
            rivals.iter().map(|rival| Course::new(self.registry, rival)).collect();
        let mut limits = Beside::new(budget, self.pins);
        let quiet = Quiet::begin();
        let (mut trials, mut dropped) = (Vec::new(), 0);
        let (mut judged, mut noise) = (None, None);
        for number in 0..budget.trials {
            if self.stop.asked().is_some() {
                break;
            }
            let before = limits.probe();
            let cell = subject.trial(number, self.stop, self.watch);
            let rivals: BTreeMap<String, Cell> = budget
                .rivals
                .keys()
                .cloned()
                .zip(others.iter_mut().map(|o| o.trial(number, self.stop, self.watch)))
                .collect();
            // A trial that was cut short says nothing, neither well nor ill.
            if self.stop.asked().is_some() {
                break;
            }
            let after = limits.probe();
            noise = quiet.disturbed();
            let agree = limits.agree(before.as_ref(), after.as_ref());
            let meanwhile = limits.between(before, after);
            let trial = Trialled { cell, rivals, limits: meanwhile };
            if agree && (noise.is_none() || !was_starved(budget, &trial)) {
                trials.push(trial);
            } else {
                dropped += 1;
            }
            let last = number + 1 == budget.trials;
            let so_far = judge(&budget.asserts, budget.must_fail, &trials, noise.as_deref(), last);
            let open = so_far.open || trials.is_empty();
            judged = Some(so_far);
            if !open {
                break;
            }
        }
        let interrupted = self.stop.asked().is_some();
        let mut judged = judged
            .filter(|_| !trials.is_empty())
            .unwrap_or_else(|| nothing(if interrupted { 0 } else { dropped }));
        if interrupted && judged.open {
            judged.verdict = Verdict::Inconclusive("interrupted".to_owned());
        }
        let courses = std::iter::once(subject).chain(others);
        Checked {
            budget: budget.clone(),
            judged,
            trials: trials.len(),
            dropped,
            noise,
            measured: courses.map(Course::close).collect(),
            limits: limits.found,
            took: Nanos(Monotonic.now().0 - began.0),
        }
    }
}

/// Whether a trial shows that it was kept from the processors: its schedule was not kept,
/// or it has too few samples. Where others keep the machine busy, that says nothing of what
/// is measured.
fn was_starved(budget: &Budget, trial: &Trialled) -> bool {
    let late = |cell: &Cell| cell.cause == Some(Cause::MissedRate);
    std::iter::once(&trial.cell).chain(trial.rivals.values()).any(late)
        || says_too_little(&budget.asserts, trial)
}

fn nothing(dropped: usize) -> Judged {
    let why = match dropped {
        0 => "interrupted".to_owned(),
        n => format!("the machine changed, or was kept busy, in each of {n} trials"),
    };
    Judged { findings: Vec::new(), verdict: Verdict::Inconclusive(why), open: false }
}

/// The limits of the machine that a budget is held to, measured beside it.
struct Beside<'a> {
    yardsticks: Vec<limits::Yardstick>,
    asked: Vec<&'a Assertion>,
    pins: &'a [usize],
    found: Samples,
}

impl<'a> Beside<'a> {
    fn new(budget: &'a Budget, pins: &'a [usize]) -> Self {
        let asked: Vec<&Assertion> =
            budget.asserts.iter().map(|(a, _)| a).filter(|a| a.needs_limits()).collect();
        let mut yardsticks = Vec::new();
        for assertion in &asked {
            if let Bound::Times(_, Yardstick::Limit { limit, .. }) = &assertion.bound
                && let Some(yardstick) = limits::Yardstick::giving(&limit.name)
                && !yardsticks.contains(&yardstick)
            {
                yardsticks.push(yardstick);
            }
        }
        Self { yardsticks, asked, pins, found: Samples::default() }
    }

    fn probe(&mut self) -> Option<Samples> {
        if self.yardsticks.is_empty() {
            return None;
        }
        let mut samples = Samples::default();
        samples.probe(&self.yardsticks, self.pins);
        self.found.merge(samples.clone());
        Some(samples)
    }

    /// Whether the machine was the same before and after, as far as is asked.
    fn agree(&self, before: Option<&Samples>, after: Option<&Samples>) -> bool {
        let limits = |samples: Option<&Samples>| samples.and_then(Samples::limits);
        let (before, after) = (limits(before), limits(after));
        self.asked.iter().all(|assertion| {
            let read = |limits: &Option<Limits>| read(assertion, limits.as_ref()?);
            match read(&before).zip(read(&after)) {
                Some((a, b)) => a / b <= AGREE && b / a <= AGREE,
                // What was not found is said where it is judged.
                None => true,
            }
        })
    }

    fn between(&self, before: Option<Samples>, after: Option<Samples>) -> Option<Limits> {
        let (mut all, after) = before.zip(after)?;
        all.merge(after);
        all.limits()
    }
}

fn read(assertion: &Assertion, limits: &Limits) -> Option<f64> {
    match &assertion.bound {
        Bound::Times(_, Yardstick::Limit { limit, of, stat }) => {
            limit.read(limits, *of, stat.as_deref())
        }
        _ => None,
    }
}

/// How many budgets there are, and of how many something could be said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// They hold.
    pub passed: usize,
    /// They do not.
    pub failed: usize,
    /// The figures do not say.
    pub inconclusive: usize,
    /// There are no figures that may be used.
    pub invalid: usize,
    /// Controls of which nothing could be said; they stand among the inconclusive, too.
    pub unsure_controls: usize,
}

impl Tally {
    /// Counts.
    #[must_use]
    pub fn of(checked: &[Checked]) -> Self {
        let mut tally = Self::default();
        for one in checked {
            match one.judged.verdict {
                Verdict::Pass => tally.passed += 1,
                Verdict::Fail => tally.failed += 1,
                Verdict::Inconclusive(_) => {
                    tally.inconclusive += 1;
                    tally.unsure_controls += usize::from(one.budget.must_fail);
                }
                Verdict::Invalid(_) => tally.invalid += 1,
            }
        }
        tally
    }

    /// All of them.
    #[must_use]
    pub const fn all(&self) -> usize {
        self.passed + self.failed + self.inconclusive + self.invalid
    }

    /// The share of budgets of which something could be said; of none, all of it.
    #[must_use]
    pub fn decided(&self) -> f64 {
        match self.all() {
            0 => 1.0,
            all => 1.0 - self.inconclusive as f64 / all as f64,
        }
    }
}

/// The cells of all budgets, each once: budgets may share one.
#[must_use]
pub fn cells(checked: &[Checked]) -> Vec<Measured> {
    let mut all: Vec<Measured> = Vec::new();
    for measured in checked.iter().flat_map(|one| &one.measured) {
        let known = all.iter_mut().find(|known| known.cell.id == measured.cell.id);
        match known {
            None => all.push(measured.clone()),
            // One that may be used says more than one that may not.
            Some(known) if known.cell.status != Status::Valid => *known = measured.clone(),
            Some(_) => {}
        }
    }
    all
}

/// What is written of them.
#[must_use]
pub fn verdicts(budgets: &Budgets, profile: Profile, checked: &[Checked]) -> Verdicts {
    Verdicts {
        schema: record::SCHEMA.to_owned(),
        file: budgets.file.display().to_string(),
        profile: profile.to_string(),
        decided: Tally::of(checked).decided(),
        budgets: checked.iter().map(budget_record).collect(),
    }
}

fn budget_record(checked: &Checked) -> BudgetRecord {
    let (budget, verdict) = (&checked.budget, &checked.judged.verdict);
    BudgetRecord {
        name: budget.name.clone(),
        why: budget.why.clone(),
        line: budget.line,
        cell: budget.case.id(),
        must_fail: budget.must_fail,
        verdict: verdict.word().to_owned(),
        reason: verdict.why().map(str::to_owned),
        trials: checked.trials,
        dropped: checked.dropped,
        noise: checked.noise.clone(),
        took_ns: checked.took.0,
        asserts: checked.judged.findings.iter().map(assert_record).collect(),
    }
}

fn assert_record(finding: &Finding) -> AssertRecord {
    AssertRecord {
        text: finding.text.clone(),
        line: finding.line,
        unit: finding.unit.symbol().to_owned(),
        figure: finding.figure.map(|i| i.value),
        low: finding.figure.map(|i| i.low),
        high: finding.figure.map(|i| i.high),
        limit: finding.limit,
        verdict: finding.verdict.word().to_owned(),
        reason: finding.verdict.why().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipefit::link::Why;
    use pipefit::run::session::Event;

    /// The signal comes while something is measured: that trial is not judged.
    #[test]
    fn a_trial_that_was_cut_short_is_not_judged() {
        let registry = Registry::builtin();
        let text = "[[budget]]\nname = \"n\"\nwhy = \"w\"\nscenario = \"rtt\"\n\
                    transport = \"call\"\nduration = \"10s\"\nassert = [\"lost >= 1\"]\n";
        let path = std::path::Path::new("budgets.toml");
        let read = crate::verdict::budget::read(path, text, &registry, Profile::Quick);
        let budgets = read.unwrap();
        let stop = Stop::default();
        let asked = stop.clone();
        let watch = move |event: Event<'_>| {
            if matches!(event, Event::Started { .. }) {
                asked.ask(Why::Interrupted);
            }
        };
        let bench = Bench { registry: &registry, pins: &[], stop: &stop, watch: &watch };
        let checked = bench.check(&budgets.all[0]);
        assert_eq!(checked.judged.verdict, Verdict::Inconclusive("interrupted".to_owned()));
        assert_eq!((checked.trials, checked.dropped), (0, 0));
    }
}
