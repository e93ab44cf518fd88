//! Verdicts as JUnit, for whatever shows test results.
//!
//! What fails is a failure; what cannot be used is an error; what is not known is skipped,
//! with the reason, and so is what cannot be measured.

use std::time::Duration;

use pipefit::run::record::{RunRecord, Status};
use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::figure::percent;
use super::model::clean;
use crate::verdict::Verdicts;
use crate::verdict::gated::GateRecord;

/// Budgets: one test for each.
///
/// # Errors
/// Where it cannot be written.
pub fn budgets(verdicts: &Verdicts) -> Result<String, SerializeError> {
    let cases = verdicts.budgets.iter().map(|budget| {
        let figures: Vec<String> = budget
            .asserts
            .iter()
            .map(|a| format!("{}: {}{}", a.text, a.verdict, why(a.reason.as_deref())))
            .collect();
        let message =
            format!("{}{}\n{}", budget.verdict, why(budget.reason.as_deref()), figures.join("\n"));
        let status = match &budget.verdict[..] {
            "pass" => Outcome::Passed,
            "inconclusive" if !budget.must_fail => Outcome::Skipped,
            "invalid" => Outcome::Broken,
            _ => Outcome::Failed,
        };
        case(&budget.name, &budget.cell, budget.took_ns, status, &message)
    });
    write("budgets", cases)
}

/// A gate: one test for each cell.
///
/// # Errors
/// Where it cannot be written.
pub fn gate(gate: &GateRecord) -> Result<String, SerializeError> {
    let cases = gate.cells.iter().map(|cell| {
        let change = cell.change_pct.map_or_else(String::new, |pct| format!(" {}", percent(pct)));
        let message = format!("{}{change}{}", cell.verdict, why(cell.reason.as_deref()));
        let status = match &cell.verdict[..] {
            "regressed" => Outcome::Failed,
            "broken" => Outcome::Broken,
            "improved" | "unchanged" => Outcome::Passed,
            _ => Outcome::Skipped,
        };
        case(&cell.cell, "gate", cell.took_ns, status, &message)
    });
    write("gate", cases)
}

/// A run: one test for each cell.
///
/// # Errors
/// Where it cannot be written.
pub fn run(record: &RunRecord) -> Result<String, SerializeError> {
    let cases = record.cells.iter().map(|cell| {
        let status = match cell.status {
            Status::Valid => Outcome::Passed,
            Status::Invalid => Outcome::Broken,
            Status::NotApplicable => Outcome::Skipped,
        };
        case(&cell.id, &cell.scenario, 0, status, cell.reason.as_deref().unwrap_or_default())
    });
    write("run", cases)
}

enum Outcome {
    Passed,
    Failed,
    Broken,
    Skipped,
}

fn why(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |why| format!(" ({why})"))
}

fn case(name: &str, class: &str, took_ns: u64, outcome: Outcome, message: &str) -> TestCase {
    let mut status = match outcome {
        Outcome::Passed => TestCaseStatus::success(),
        Outcome::Failed => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Outcome::Broken => TestCaseStatus::non_success(NonSuccessKind::Error),
        Outcome::Skipped => TestCaseStatus::skipped(),
    };
    if !matches!(outcome, Outcome::Passed) {
        status.set_message(clean(message));
    }
    let mut case = TestCase::new(clean(name), status);
    case.set_classname(clean(class)).set_time(Duration::from_nanos(took_ns));
    case
}

fn write(name: &str, cases: impl Iterator<Item = TestCase>) -> Result<String, SerializeError> {
    let mut suite = TestSuite::new(name);
    suite.add_test_cases(cases);
    let mut report = Report::new("pipefit");
    report.add_test_suite(suite);
    report.to_string()
}
