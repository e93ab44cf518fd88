//! What GitHub shows of verdicts: annotations at the lines of a file, and a summary.

use std::fmt::Write as _;

use super::figure::{percent, signed};
use crate::verdict::gated::GateRecord;
use crate::verdict::{BudgetRecord, Verdicts};

/// One line for each budget that does not hold, as a workflow command: errors at their
/// lines in the file, what is not known as a warning.
#[must_use]
pub fn annotations(verdicts: &Verdicts) -> String {
    let mut out = String::new();
    for budget in &verdicts.budgets {
        for (line, level, message) in complaints(budget) {
            let _ = writeln!(
                out,
                "::{level} file={},line={line},title={}::{}",
                property(&verdicts.file),
                property(&budget.name),
                data(&message)
            );
        }
    }
    out
}

/// Where, how bad and what.
fn complaints(budget: &BudgetRecord) -> Vec<(usize, &'static str, String)> {
    let level = match (&budget.verdict[..], budget.must_fail) {
        ("pass", _) => return Vec::new(),
        ("inconclusive", false) => "warning",
        _ => "error",
    };
    let whole = || {
        let why = budget.reason.as_deref().unwrap_or("the control did not fail");
        vec![(budget.line, level, format!("{}: {why}", budget.verdict))]
    };
    if budget.must_fail {
        return whole();
    }
    let broken: Vec<_> = budget
        .asserts
        .iter()
        .filter(|assert| assert.verdict == budget.verdict)
        .map(|assert| {
            let mut message = format!("{}: {}", assert.verdict, assert.text);
            if let Some(figure) = assert.figure {
                let _ = write!(
                    message,
                    ", found {}",
                    super::figure::amount(Some(figure), &assert.unit)
                );
            }
            if let Some(why) = &assert.reason {
                let _ = write!(message, " ({why})");
            }
            (assert.line, level, message)
        })
        .collect();
    if broken.is_empty() { whole() } else { broken }
}

/// One line for each cell that became slower, or could not be measured.
#[must_use]
pub fn gate_annotations(gate: &GateRecord) -> String {
    let mut out = String::new();
    for cell in &gate.cells {
        let level = match &cell.verdict[..] {
            "regressed" | "broken" => "error",
            "inconclusive" | "environment invalid" => "warning",
            _ => continue,
        };
        let message = match (cell.change_pct, cell.low_pct, cell.high_pct, &cell.reason) {
            (_, _, _, Some(why)) => format!("{}: {why}", cell.verdict),
            (Some(change), Some(low), Some(high), None) => {
                format!("{}: {} [{}, {}]", cell.verdict, percent(change), signed(low), signed(high))
            }
            _ => cell.verdict.clone(),
        };
        let _ = writeln!(out, "::{level} title={}::{}", property(&cell.cell), data(&message));
    }
    out
}

/// The text of a workflow command: one line, whatever it says.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::AssertRecord;
    use crate::verdict::record::SCHEMA;

    fn budget(verdict: &str, must_fail: bool) -> BudgetRecord {
        BudgetRecord {
            name: "fresh, and so on".into(),
            why: "somebody cares".into(),
            line: 4,
            cell: "gui60/pipe/64B/10kHz/block".into(),
            must_fail,
            verdict: verdict.into(),
            reason: None,
            trials: 6,
            dropped: 0,
            noise: None,
            took_ns: 1,
            asserts: vec![AssertRecord {
                text: "age.p90 <= 25ms".into(),
                line: 9,
                unit: "ns".into(),
                figure: Some(57e6),
                low: None,
                high: None,
                limit: Some(25e6),
                verdict: "fail".into(),
                reason: None,
            }],
        }
    }

    fn annotated(budget: BudgetRecord) -> String {
        annotations(&Verdicts {
            schema: SCHEMA.into(),
            file: "harness/fitness/budgets.toml".into(),
            profile: "ci".into(),
            decided: 1.0,
            budgets: vec![budget],
        })
    }

    #[test]
    fn a_broken_budget_is_an_error_at_its_line() {
        assert_eq!(
            annotated(budget("fail", false)),
            "::error file=harness/fitness/budgets.toml,line=9,title=fresh%2C and so on::\
             fail: age.p90 <= 25ms, found 57.0ms\n"
        );
        assert_eq!(annotated(budget("pass", false)), "");
        assert!(annotated(budget("inconclusive", false)).starts_with("::warning "));
        let control = annotated(budget("fail", true));
        assert!(control.contains("line=4") && control.contains("did not fail"), "{control}");
    }

    #[test]
    fn no_text_breaks_out_of_its_line() {
        assert_eq!(data("50 %\n::error::x"), "50 %25%0A::error::x");
        assert_eq!(property("a:b,c"), "a%3Ab%2Cc");
    }
}
