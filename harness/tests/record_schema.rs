//! `run.json` is what its schema says, and a run's folder holds what its record says.
//!
//! A fresh run is always looked at. `PIPEFIT_VALIDATE_RUN` names the folder of one
//! more, made by `compare`: `ci/compare.sh` uses it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pipefit::run::record::{Cause, Cell, RunRecord, Status};
use pipefit::run::{Registry, scenario};
use serde_json::{Value, json};

/// The schema that scripts were written against. A change of it is a change of the
/// contract, and wants a line in CHANGELOG.md.
const SCHEMA: &str = "results/schema/pipefit-run-1.schema.json";

/// Names the folder of a run of `compare` to be looked at.
const FOLDER_VAR: &str = "PIPEFIT_VALIDATE_RUN";

/// Names the folder of a run of `cargo bench` to be looked at.
const BENCH_VAR: &str = "PIPEFIT_VALIDATE_BENCH";

type Found<T> = Result<T, String>;

fn read(path: &Path) -> Found<String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn read_json(path: &Path) -> Found<Value> {
    serde_json::from_str(&read(path)?).map_err(|e| format!("{}: {e}", path.display()))
}

fn committed_schema() -> Found<Value> {
    read_json(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(SCHEMA))
}

/// Everything about a record that its schema forbids.
fn violations(record: &Value) -> Found<Vec<String>> {
    let validator = jsonschema::validator_for(&committed_schema()?).map_err(|e| e.to_string())?;
    Ok(validator.iter_errors(record).map(|e| e.to_string()).collect())
}

/// A small run by the real binary, in a folder of its own.
fn fresh_run(results: &Path) -> Found<PathBuf> {
    let output = Command::new(env!("CARGO_BIN_EXE_pipefit"))
        .args(["run", "stream,rtt,max,gui60", "--transport", "null,call,thread,pipe,pipe-buffered"])
        .args(["--rate", "1kHz", "--duration", "60ms", "--warmup", "20ms", "--results"])
        .arg(results)
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("pipefit: {e}"))?;
    // 65: on a busy machine a cell may miss its rate, and is recorded all the same.
    if !matches!(output.status.code(), Some(0 | 65)) {
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("pipefit: {}: {told}", output.status));
    }
    let latest = results.join("latest");
    fs::canonicalize(&latest).map_err(|e| format!("{}: {e}", latest.display()))
}

/// The record in a run's folder, after its schema has been asked.
fn record_of(folder: &Path) -> Found<RunRecord> {
    let json = read_json(&folder.join("run.json"))?;
    let wrong = violations(&json)?;
    if !wrong.is_empty() {
        return Err(format!("run.json is not what its schema says:\n{}", wrong.join("\n")));
    }
    serde_json::from_value(json).map_err(|e| format!("run.json: {e}"))
}

/// What a folder lacks that its record promises.
fn lacks(folder: &Path, record: &RunRecord) -> Found<Vec<String>> {
    let page = read(&folder.join("report.html"))?;
    let table = read(&folder.join("figures.csv"))?;
    let mut lacks = Vec::new();
    for cell in &record.cells {
        // A cell that was not measured has no ledger, and is a row of its scenario's
        // table, under its transport's name and with its reason.
        let named = if cell.ledger.is_some() {
            page.contains(&escaped(&cell.id))
        } else {
            let reason = cell.reason.as_deref().unwrap_or_default();
            page.contains(&escaped(&cell.transport)) && page.contains(&escaped(reason))
        };
        if !named {
            lacks.push(format!("report.html does not name {}", cell.id));
        }
        if !table.lines().any(|line| line.starts_with(&format!("{},", cell.id))) {
            lacks.push(format!("figures.csv has no line of {}", cell.id));
        }
        if let Some(log) = &cell.histograms
            && !folder.join(log).is_file()
        {
            lacks.push(format!("{log} is not there"));
        }
        if cell.ledger.is_some() && cell.histograms.is_none() {
            lacks.push(format!("{} was measured, but has no histograms", cell.id));
        }
    }
    Ok(lacks)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What makes a cell of `compare` a fault of ours: a missed rate is a finding.
fn fault(cell: &Cell) -> Option<String> {
    let fault = match cell.status {
        Status::Valid => cell.ledger.is_none().then_some("is valid without a ledger"),
        Status::NotApplicable => cell.reason.is_none().then_some("is n/a without a reason"),
        Status::Invalid if cell.cause == Some(Cause::MissedRate) => None,
        Status::Invalid => Some("is invalid"),
    };
    let unbalanced = cell.ledger.and_then(|l| l.check().err()).map(|u| u.to_string());
    let lost = cell.ledger.filter(|l| l.lost > 0).map(|l| format!("lost {} frames", l.lost));
    let what = fault.map(str::to_owned).or(unbalanced).or(lost)?;
    Some(format!("{} {what} ({:?}: {:?})", cell.id, cell.cause, cell.reason))
}

/// Pairs of scenario and transport that a comparison does not show.
fn uncovered(record: &RunRecord) -> Vec<String> {
    let registry = Registry::builtin();
    let shown = |scenario: &str, transport: &str| {
        record.cells.iter().any(|c| c.scenario == scenario && c.transport == transport)
    };
    // What runs a program is only measured where one was given.
    let own = || registry.iter().filter(|t| !t.runs_program);
    let pairs = scenario::ALL.iter().flat_map(|s| own().map(|t| (s.name, t.name)));
    pairs.filter(|(s, t)| !shown(s, t)).map(|(s, t)| format!("{s} over {t} is missing")).collect()
}

#[test]
fn the_committed_schema_is_the_one_that_the_code_has() {
    let committed = committed_schema().unwrap();
    assert_eq!(
        committed,
        RunRecord::json_schema(),
        "`cargo run -- schema > {SCHEMA}` brings it up to date; say so in CHANGELOG.md"
    );
}

#[test]
fn a_fresh_run_is_what_its_schema_and_record_say() {
    let results = tempfile::tempdir().unwrap();
    let folder = fresh_run(results.path()).unwrap();
    let record = record_of(&folder).unwrap();
    assert_eq!(record.cells.len(), 20);
    assert_eq!(lacks(&folder, &record).unwrap(), [""; 0]);
}

#[test]
fn the_run_that_was_named_is_sound() {
    let Some(folder) = std::env::var_os(FOLDER_VAR).map(PathBuf::from) else {
        return; // None was: nothing is skipped, there is nothing to look at.
    };
    let record = record_of(&folder).unwrap();
    assert_eq!(lacks(&folder, &record).unwrap(), [""; 0]);
    assert_eq!(record.cells.iter().filter_map(fault).collect::<Vec<_>>(), [""; 0]);
    assert_eq!(uncovered(&record), [""; 0]);
}

/// That of a bench has neither ledgers nor every scenario.
#[test]
fn the_bench_that_was_named_keeps_to_the_schema() {
    let Some(folder) = std::env::var_os(BENCH_VAR).map(PathBuf::from) else {
        return; // None was: nothing is skipped, there is nothing to look at.
    };
    let record = record_of(&folder).unwrap();
    assert!(record.cells.iter().any(|c| c.status == Status::Valid), "{record:?}");
    assert_eq!(lacks(&folder, &record).unwrap(), [""; 0]);
}

#[test]
fn control_a_damaged_record_is_noticed() {
    let results = tempfile::tempdir().unwrap();
    let folder = fresh_run(results.path()).unwrap();
    let good = read_json(&folder.join("run.json")).unwrap();
    let damages: [(&str, Value); 5] = [
        ("/cells/0/status", json!("fine")),
        ("/cells/0/size_bytes", json!("64B")),
        ("/cells/0/wait", json!("doze")),
        ("/host/clock", json!(null)),
        ("/cells", json!({})),
    ];
    for (place, value) in damages {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap() = value;
        assert!(!violations(&bad).unwrap().is_empty(), "{place} may be anything");
    }

    let mut record = record_of(&folder).unwrap();
    let measured = record.cells.iter().position(|c| c.ledger.is_some()).unwrap();
    fs::write(folder.join("report.html"), "<html></html>").unwrap();
    fs::remove_file(folder.join(record.cells[measured].histograms.clone().unwrap())).unwrap();
    assert!(lacks(&folder, &record).unwrap().len() > record.cells.len());

    let cell = &mut record.cells[measured];
    (cell.status, cell.cause) = (Status::Invalid, Some(Cause::MissedRate));
    assert_eq!(fault(cell), None);
    cell.cause = Some(Cause::ChildDied);
    assert!(fault(cell).is_some());
    (cell.status, cell.cause) = (Status::Valid, None);
    cell.ledger.as_mut().unwrap().offered += 1;
    assert!(fault(cell).is_some());
    record.cells.remove(0);
    assert!(!uncovered(&record).is_empty());
}
