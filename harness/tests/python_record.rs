//! What `examples/python/baselines` keeps is a record: as its schema says, and as this
//! code reads it. Its own tests are run, too, in the long form.
//!
//! Without python3 nothing can be said, and the tests say so.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pipefit::run::record::{Cause, RunRecord, SCHEMA, Status};
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Both tests measure, and count what is left in /dev/shm: one after the other.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn python() -> Option<Command> {
    let there = Command::new("python3").arg("--version").stdout(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        #[expect(clippy::print_stdout, reason = "what was not tested is said")]
        {
            println!("SKIPPED: python3 is not here");
        }
        return None;
    }
    let mut python = Command::new("python3");
    python.current_dir(root().join("examples/python")).env("PYTHONDONTWRITEBYTECODE", "1");
    python.stdin(Stdio::null());
    Some(python)
}

/// Everything about a record that the committed schema forbids.
fn violations(record: &Value) -> Vec<String> {
    let schema = root().join("results/schema/pipefit-run-1.schema.json");
    let schema = serde_json::from_str(&fs::read_to_string(schema).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    validator.iter_errors(record).map(|e| e.to_string()).collect()
}

#[test]
fn a_run_of_the_baselines_is_what_its_schema_says() {
    let _alone = alone();
    let Some(mut python) = python() else { return };
    let results = tempfile::tempdir().unwrap();
    python.args(["baselines/run.py", "--quick", "--size", "64", "--results"]).arg(results.path());
    let output = python.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    // 65: on a busy machine a cell may miss its rate, and is recorded all the same.
    assert!(matches!(output.status.code(), Some(0 | 65)), "{}: {told}", output.status);

    let text = fs::read_to_string(results.path().join("latest/run.json")).unwrap();
    let mut json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(violations(&json), [""; 0]);

    let record: RunRecord = serde_json::from_value(json.clone()).unwrap();
    assert_eq!((record.schema.as_str(), record.cells.len()), (SCHEMA, 16));
    for cell in &record.cells {
        let sound = cell.status == Status::Valid || cell.cause == Some(Cause::MissedRate);
        assert!(sound, "{}: {:?}", cell.id, cell.reason);
        let ledger = cell.ledger.unwrap();
        ledger.check().unwrap();
        assert_eq!((ledger.lost, ledger.corrupt, ledger.torn), (0, 0, 0), "{}", cell.id);
        let left = cell.residue.unwrap();
        assert_eq!((left.zombies, left.orphans), (0, 0), "{}", cell.id);
        assert!(cell.metrics.throughput_hz.is_some() || cell.rate_hz.is_some(), "{}", cell.id);
    }

    // No key that this code does not know: one that is spelt wrongly would be lost.
    let known = serde_json::to_value(&record).unwrap();
    assert_eq!(unknown_keys("", &json, &known), [""; 0]);

    // A control: a damaged record is noticed.
    *json.pointer_mut("/cells/0/wait").unwrap() = json!("doze");
    assert!(!violations(&json).is_empty());
}

/// Paths that stand in one value and not in the other.
fn unknown_keys(at: &str, found: &Value, known: &Value) -> Vec<String> {
    let inner: Vec<(String, &Value, Option<&Value>)> = match found {
        Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), v, known.get(k))).collect(),
        Value::Array(all) => {
            all.iter().enumerate().map(|(i, v)| (i.to_string(), v, known.get(i))).collect()
        }
        _ => return Vec::new(),
    };
    let look = |(key, value, known): (String, &Value, Option<&Value>)| {
        let path = format!("{at}/{key}");
        match known {
            Some(known) => unknown_keys(&path, value, known),
            None => vec![path],
        }
    };
    inner.into_iter().flat_map(look).collect()
}

/// In the long form: `PIPEFIT_LONG=1`.
#[test]
fn the_baselines_own_tests_pass() {
    if std::env::var_os("PIPEFIT_LONG").is_none() {
        return;
    }
    let _alone = alone();
    let Some(mut python) = python() else { return };
    python.args(["-m", "unittest", "-q", "test_baselines"]);
    let output = python.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
