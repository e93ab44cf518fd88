//! Budgets: each figure as a share of its limit, with its interval.

use super::axis::Axis;
use super::intervals::{Dot, Intervals, data};
use super::lines::Tone;
use super::unit::Unit;
use super::{Drawing, PlotError, Words};
use crate::report::model::clean;
use crate::verdict::{AssertRecord, BudgetRecord, Verdicts};

/// Figures beyond so many times their limit, or below that part of it, stand at the end of
/// the axis.
const FAR: f64 = 100.0;

/// The figures of all budgets that have one. What is counted exactly has no share of a
/// limit, and stands in the table.
#[must_use]
pub fn budgets(verdicts: &Verdicts) -> Option<Result<Drawing, PlotError>> {
    let dots: Vec<Dot> = verdicts
        .budgets
        .iter()
        .flat_map(|budget| budget.asserts.iter().filter_map(move |a| dot(budget, a)))
        .collect();
    if dots.is_empty() {
        return None;
    }
    let ends = dots.iter().flat_map(|dot| {
        let (low, high) = dot.between.unwrap_or((dot.value, dot.value));
        [low, high, dot.value].map(|value| value.clamp(1.0 / FAR, FAR))
    });
    let plot = Intervals {
        words: Words {
            title: "Budgets: figures as shares of their limits".to_owned(),
            terms: format!("{} figures; intervals of 95 %, over all trials", dots.len()),
            note: "The line is the limit; on which side of it a figure must lie, its budget \
                   says. A control must lie on the wrong side. A ring stands for a figure \
                   beyond the axis."
                .to_owned(),
            left_out: Vec::new(),
        },
        x: Axis::log("figure over limit", Unit::Times, ends.chain([1.0])),
        dots,
        beside: vec![(1.0, Tone::Limit)],
        columns: vec!["assertion", "times_limit", "low", "high", "budget", "verdict"],
    };
    Some(plot.draw())
}

fn dot(budget: &BudgetRecord, assert: &AssertRecord) -> Option<Dot> {
    let limit = assert.limit.filter(|limit| *limit > 0.0)?;
    let value = assert.figure.map(|figure| figure / limit).filter(|value| value.is_finite())?;
    let between = assert.low.zip(assert.high).map(|(low, high)| (low / limit, high / limit));
    let between = between.filter(|(low, high)| low < high && (high - low).is_finite());
    let (tone, verdict) = match &assert.verdict[..] {
        "fail" if budget.must_fail => (Tone::Good, "fails as it must".to_owned()),
        "pass" if budget.must_fail => (Tone::Bad, "passes, must not".to_owned()),
        "pass" => (Tone::Good, "pass".to_owned()),
        "fail" => (Tone::Bad, "fail".to_owned()),
        other => (Tone::Doubt, clean(other)),
    };
    let control = if budget.must_fail { " (control)" } else { "" };
    let name = clean(&assert.text);
    let mut row = data(value, between);
    row.extend([clean(&budget.name), clean(&assert.verdict)]);
    Some(Dot {
        name,
        about: format!("{}{control}", clean(&budget.name)),
        value,
        between,
        figure: format!("{value:.2}×, {verdict}"),
        tone: Some(tone),
        row,
    })
}
