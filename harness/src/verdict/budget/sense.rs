//! What a budget asserts, held against what it measures: what can never be said, or never
//! hold, is a mistake.

use pipefit::role::Extent;
use pipefit::run::Case;

use crate::metric::Place;
use crate::verdict::{Assertion, Bound, Op};

/// What only a screen has.
const OF_A_SCREEN: [&str; 12] = [
    "frame_interval",
    "age",
    "arrival_age",
    "missed_frames",
    "freezes",
    "freeze_longest",
    "freeze_total",
    "backlog_max",
    "backlog_end",
    "backlog_slope",
    "backlog_slope_low",
    "backlog_slope_high",
];

/// What only frames have that go one way.
const OF_ONE_WAY: [&str; 5] = ["response", "transit", "send", "throughput", "throughput_bytes"];

/// What only a schedule has.
const OF_A_SCHEDULE: [&str; 5] = ["slip", "achieved", "stalls", "stall_longest", "stall_share"];

/// What only a program has that somebody else wrote.
const OF_A_PROGRAM: [&str; 2] = ["arrival_interval", "arrival_age"];

/// Frames that are counted between two stamps may seem to come so much faster than asked.
const JITTER: f64 = 1.05;

/// Why what a budget measures can never say what it asserts, or hold it, if so.
pub(super) fn cannot(assertion: &Assertion, case: &Case) -> Option<String> {
    absent(assertion, case)
        .or_else(|| out_of_reach(assertion, case))
        .or_else(|| too_short(assertion, case))
}

/// Why a scenario has no such metric. Of those that are not known here, nothing is said.
fn absent(assertion: &Assertion, case: &Case) -> Option<String> {
    let (name, scenario) = (&assertion.figure.metric.name[..], case.scenario);
    let by_program = case.program.is_some();
    let has = match scenario {
        "rtt" => {
            ![&OF_A_SCREEN[..], &OF_ONE_WAY, &OF_A_SCHEDULE, &OF_A_PROGRAM].concat().contains(&name)
        }
        "max" => name != "rtt" && ![&OF_A_SCREEN[..], &OF_A_SCHEDULE].concat().contains(&name),
        "stream" => name != "rtt" && !OF_A_SCREEN.contains(&name),
        "gui60" => name != "rtt",
        _ => true,
    };
    if !has {
        return Some(format!("{scenario} has no {name}"));
    }
    (OF_A_PROGRAM.contains(&name) && !by_program)
        .then(|| format!("{name} is of a program that writes by itself: name one by exec"))
}

/// Why a limit can never hold, as far as the axes say so.
fn out_of_reach(assertion: &Assertion, case: &Case) -> Option<String> {
    let (figure, name) = (&assertion.figure, &assertion.figure.metric.name[..]);
    let Bound::Value(limit) = &assertion.bound else { return None };
    match assertion.op {
        Op::AtMost | Op::Below
            if name == "frame_interval" && *limit < case.screen.period.0 as f64 =>
        {
            Some(format!("can never hold: the screen draws every {}", case.screen.period))
        }
        Op::AtLeast | Op::Above | Op::Exactly if figure.metric.place == Place::Metrics => {
            let rate = case.rate?;
            let most = match name {
                "achieved" => rate.per_second(),
                // Frames that are due together come faster than they are due on average.
                "throughput" if case.burst == 1 => JITTER * rate.per_second(),
                "throughput_bytes" if case.burst == 1 => {
                    JITTER * rate.per_second() * case.wire_bytes() as f64
                }
                _ => return None,
            };
            (*limit > most).then(|| format!("can never hold: {rate} are asked for"))
        }
        _ => None,
    }
}

/// Why a trial has too few samples for a percentile.
fn too_short(assertion: &Assertion, case: &Case) -> Option<String> {
    let (figure, name) = (&assertion.figure, &assertion.figure.metric.name[..]);
    let quantile = figure.stat.as_deref().and_then(|stat| match stat {
        "p50" => Some(0.5),
        "p90" => Some(0.9),
        "p95" => Some(0.95),
        "p99" => Some(0.99),
        "p999" => Some(0.999),
        _ => None,
    })?;
    let Extent::For(span) = case.extent else { return None };
    let seconds = span.0 as f64 / 1e9;
    let (needed, unit) = match name {
        // A share of time wants a tenth of a second above it.
        "age" | "arrival_age" => (0.1 / (1.0 - quantile), "of time"),
        "frame_interval" => {
            (10.0 / (1.0 - quantile) * case.screen.period.0 as f64 / 1e9, "of frames")
        }
        _ => (10.0 / (1.0 - quantile) / case.rate?.per_second(), "at this rate"),
    };
    (seconds < needed * 0.999)
        .then(|| {
            format!(
                "{figure} needs {needed:.3}s {unit} in each trial, the budget measures {span}: \
             lengthen it, or assert a lower percentile"
            )
        })
        .filter(|_| figure.metric.place == Place::Metrics)
}
