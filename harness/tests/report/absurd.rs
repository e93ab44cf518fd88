//! Records that nobody measured: numbers as great, as small and as negative as a file can
//! hold them. They are shown somehow; nothing breaks, and nothing is shown that is none.

use pipefit::role::timeline::{Flight, ScreenAt, StallAt, Stretch, Timeline};
use pipefit::run::record::{Cell, RunRecord};
use pipefit_harness::report::compare::{self, Comparison, Side};
use pipefit_harness::report::{Curves, csv, html, markdown, terminal, trace};
use pipefit_harness::verdict::Verdicts;
use regex_lite::Regex;
use serde_json::{Value, json};

use super::literal::whole;
use super::pages::verdicts;

/// Replaces every number, each kind by one that it can just hold.
fn spoil(value: &mut Value, fraction: f64) {
    match value {
        Value::Number(number) if number.is_f64() => *value = json!(fraction),
        Value::Number(_) => *value = json!(u64::MAX),
        Value::Array(all) => all.iter_mut().for_each(|one| spoil(one, fraction)),
        Value::Object(all) => all.values_mut().for_each(|one| spoil(one, fraction)),
        _ => {}
    }
}

fn spoilt(cell: &Cell, fraction: f64) -> Cell {
    let mut value = serde_json::to_value(cell).unwrap();
    for part in ["metrics", "ledger"] {
        spoil(&mut value[part], fraction);
    }
    value["rate_hz"] = json!(fraction);
    let mut cell: Cell = serde_json::from_value(value).unwrap();
    (cell.repeats, cell.tries) = (u32::MAX, u32::MAX);
    if let Some(residue) = &mut cell.residue {
        (residue.fds, residue.zombies) = (i64::MIN, i64::MAX);
    }
    cell
}

fn course(is_drawn: bool) -> Timeline {
    let ends = [i64::MIN, -1, 0, i64::MAX, i64::MIN];
    let screen = |end_ns| ScreenAt {
        woke_ns: i64::MAX,
        end_ns,
        age_before_ns: Some(u64::MAX),
        age_after_ns: Some(0),
    };
    let stretch = Stretch {
        count: u64::MAX,
        low_ns: 0,
        high_ns: u64::MAX,
        sum_ns: u64::MAX,
        missing: u64::MAX,
    };
    let flight = |at| Flight {
        seq: u64::MAX,
        due_ns: Some(i64::MIN),
        sent_ns: at,
        seen_ns: i64::MAX,
        shown_ns: Some(at),
    };
    Timeline {
        span_ns: u64::MAX,
        stretch_ns: u64::MAX,
        stretches: vec![stretch; 3],
        screens: if is_drawn { ends.map(screen).to_vec() } else { Vec::new() },
        screens_beyond: u64::MAX,
        stalls: ends.map(|at_ns| StallAt { at_ns, took_ns: u64::MAX }).to_vec(),
        stalls_beyond: u64::MAX,
        stride: u64::MAX,
        flights: ends.map(flight).to_vec(),
        ..Timeline::default()
    }
}

fn judged(limit: f64) -> Verdicts {
    let mut verdicts = verdicts();
    verdicts.decided = 1e308;
    for assert in verdicts.budgets.iter_mut().flat_map(|budget| &mut budget.asserts) {
        assert.limit = Some(limit);
        (assert.figure, assert.low, assert.high) = (Some(1e308), Some(-1e308), Some(1e308));
    }
    verdicts
}

/// A run whose fractions are all that number.
fn run(fraction: f64) -> (RunRecord, Curves) {
    let (mut record, mut curves) = whole();
    for cell in &mut record.cells {
        *cell = spoilt(cell, fraction);
        if curves.timelines.contains_key(&cell.id) {
            curves.timelines.insert(cell.id.clone(), course(cell.scenario == "gui60"));
        }
    }
    record.measuring_ns = u64::MAX;
    let limits = record.limits.as_mut().unwrap();
    limits.stream_bytes_per_s.values_mut().for_each(|rate| *rate = fraction);
    (record, curves)
}

#[test]
fn numbers_that_nobody_measured_break_nothing() {
    let odd = Regex::new(r"\b(NaN|inf)\b").unwrap();
    let great = run(1e308);
    for fraction in [1e308, 1e-320, -1e308, 0.0] {
        let (record, curves) = run(fraction);
        let verdicts = judged(fraction);
        let mut figures = Vec::new();
        csv::tidy(&record, &mut figures).unwrap();
        let side = |name, (record, curves)| Side { name, class: "example", record, curves };
        let sides = [side("a", (&great.0, &great.1)), side("b", (&record, &curves))];
        let comparison = Comparison::new(&sides);
        for (what, text) in [
            ("page", html::page(&record, &curves, Some(&verdicts))),
            ("terminal", terminal::shaped(&record, &curves, false)),
            ("budgets", terminal::budgets(&verdicts, false)),
            ("markdown", markdown::document(&record)),
            ("csv", String::from_utf8(figures).unwrap()),
            ("trace", trace::chrome(&record, &curves).to_string()),
            ("compared", html::compared(&sides)),
            ("comparison", compare::table(&comparison)),
        ] {
            let text = text.split("<script>(() => {").next().unwrap_or_default();
            let found = odd.find(text).map(|found| {
                let from = text.floor_char_boundary(found.start().saturating_sub(80));
                &text[from..found.end()]
            });
            assert_eq!(found, None, "{what} of {fraction:e}");
            assert!(!text.contains("could not be drawn"), "{what} of {fraction:e}");
        }
    }
}
