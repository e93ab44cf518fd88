//! Baselines and the history, with the real binary.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use pipefit::run::record::{RunRecord, Status};
use pipefit_harness::results::{HISTORY_SCHEMA, History, Store, machine_class, read_run};
use serde_json::Value;

/// One cell, as short as it can be, in a thread of its own process: nothing waits here.
const RUN: [&str; 8] =
    ["run", "rtt", "--transport", "call", "--duration", "20ms", "--warmup", "5ms"];

fn pipefit(results: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pipefit"));
    command.args(args).env("PIPEFIT_RESULTS", results).current_dir(results).stdin(Stdio::null());
    command
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

/// Runs it; gives its code, what it printed, and what it told.
fn done(results: &Path, args: &[&str]) -> (i32, String, String) {
    let output = pipefit(results, args).output().unwrap();
    let (printed, told) = said(&output);
    (output.status.code().unwrap(), printed, told)
}

fn measure(results: &Path) -> RunRecord {
    let (code, printed, told) = done(results, &RUN);
    assert_eq!(code, 0, "{printed}{told}");
    read_run(&results.join("latest")).unwrap()
}

/// The only class that has baselines.
fn class(results: &Path) -> PathBuf {
    let mut all = fs::read_dir(results.join("baseline")).unwrap();
    let class = all.next().unwrap().unwrap().path();
    assert!(all.next().is_none(), "one machine has two classes");
    class
}

/// A run that nobody measured.
fn forge(folder: &Path, record: &RunRecord) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("run.json"), serde_json::to_vec(record).unwrap()).unwrap();
}

#[test]
fn a_run_is_saved_listed_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let results = folder.path();
    let first = measure(results);
    assert_eq!(done(results, &["baseline", "save", "before"]).0, 0);
    let second = measure(results);
    let (code, printed, _) = done(results, &["baseline", "save"]);
    let file = class(results).join(format!("{}.json", second.id));
    assert_eq!((code, printed), (0, format!("baseline: {}\n", file.display())));
    let kept: RunRecord = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let histograms = |record: &RunRecord| record.cells[0].histograms.is_some();
    assert!(histograms(&second) && !histograms(&kept));
    assert_eq!(kept.cells[0].metrics, second.cells[0].metrics);
    let expected = machine_class(&kept.host.facts);
    assert_eq!(class(results).file_name().and_then(|n| n.to_str()), Some(expected.as_str()));

    let third = measure(results);
    let (code, printed, told) = done(results, &["baseline", "list", "--json"]);
    assert_eq!((code, &told[..]), (0, ""));
    let list: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(
        (&list["judged"], &list["this_machine"]),
        (&false.into(), &expected.as_str().into())
    );
    let [only] = &list["classes"].as_array().unwrap()[..] else { panic!("{list}") };
    let names: Vec<_> = only["runs"].as_array().unwrap().iter().map(|r| &r["name"]).collect();
    assert_eq!(names, [&Value::Null, &second.id.clone().into(), &"before".into()]);
    let cell = &only["cells"][0];
    assert_eq!(
        (&cell["figure"], &cell["relative_to"]),
        (&"rtt.p50".into(), &"limits.line_rtt.p50".into())
    );
    for (point, run) in cell["points"].as_array().unwrap().iter().zip([&third, &second, &first]) {
        let p50 = run.cells[0].metrics.rtt_ns.as_ref().unwrap().p50.unwrap() as f64;
        let limit = run.limits.as_ref().and_then(|l| l.line_rtt_ns.p50).map(|ns| ns as f64);
        assert_eq!((point["value"].as_f64(), point["limit"].as_f64()), (Some(p50), limit));
        assert_eq!(point["ratio"].as_f64(), limit.map(|limit| p50 / limit));
    }

    let (_, printed, _) = done(results, &["baseline", "list"]);
    for holds in ["(this machine)", "before", &second.id, "rtt/call/64B/block", "Nothing is judged"]
    {
        assert!(printed.contains(holds), "{holds}: {printed}");
    }
    for verdict in ["pass", "fail", "regressed", "improved"] {
        assert!(!printed.contains(verdict), "{verdict}: {printed}");
    }
    assert_eq!(done(results, &["baseline", "rm", "before"]).0, 0);
    assert!(!class(results).join("before.json").exists() && file.exists());
    let (code, _, told) = done(results, &["baseline", "rm", "before"]);
    assert_eq!(code, 1);
    assert!(told.contains("no baseline before") && told.contains(&second.id), "{told}");
}

#[test]
fn what_is_no_baseline_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let results = folder.path();
    let refused = |args: &[&str], code: i32, why: &str| {
        let (found, _, told) = done(results, args);
        assert!(found == code && told.contains(why), "{args:?}: {found}: {told}");
    };
    refused(&["baseline", "save"], 1, "there is no run in");
    let record = measure(results);
    for bad in ["../x", ".x", "a b", "", "/tmp/x", &"n".repeat(200)] {
        refused(&["baseline", "save", bad], 2, "a name");
        refused(&["baseline", "rm", bad], 2, "a name");
        refused(&["baseline", "list", "--class", bad], 2, "a name");
    }
    assert!(!results.join("baseline").exists(), "something was saved");

    assert_eq!(done(results, &["baseline", "save", "one"]).0, 0);
    let path = class(results).join("one.json");
    let before = fs::read(&path).unwrap();
    let forged = results.join("forged");
    forge(&forged, &RunRecord { version: "later".to_owned(), ..record.clone() });
    refused(&["baseline", "save", "one", "--run", "forged"], 1, "--force");
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(done(results, &["baseline", "save", "one", "--run", "forged", "--force"]).0, 0);
    assert!(String::from_utf8(fs::read(&path).unwrap()).unwrap().contains("\"later\""));
    assert_eq!(fs::read_dir(class(results)).unwrap().count(), 1, "something is left");

    let save = ["baseline", "save", "--run", "forged"];
    forge(&forged, &RunRecord { partial: true, ..record.clone() });
    refused(&save, 1, "it was interrupted");
    let mut invalid = record.clone();
    invalid.cells[0].status = Status::Invalid;
    forge(&forged, &invalid);
    refused(&save, 1, "none of its cells is valid");
    forge(&forged, &RunRecord { id: "../../evil".to_owned(), ..record.clone() });
    refused(&save, 1, "cannot lend its id");
    forge(&forged, &RunRecord { schema: "pipefit-run/9".to_owned(), ..record });
    refused(&save, 1, "no record of this version");
    fs::write(forged.join("run.json"), "{").unwrap();
    refused(&save, 1, "no record of this version");
    assert_eq!(fs::read_dir(class(results)).unwrap().count(), 1, "something was saved");
}

#[test]
fn each_class_has_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let results = folder.path();
    let (code, printed, _) = done(results, &["baseline", "list"]);
    assert!(code == 0 && printed.contains("has no baselines"), "{printed}");
    let mut record = measure(results);
    assert_eq!(done(results, &["baseline", "save", "here"]).0, 0);
    record.id = "20260101T000000Z-0000".to_owned();
    record.host.facts.cpu = Some("../../Elsewhere(TM) 9000".to_owned());
    (record.host.facts.cores, record.host.facts.virtualised) = (Some(128), None);
    forge(&results.join("forged"), &record);
    assert_eq!(done(results, &["baseline", "save", "there", "--run", "forged"]).0, 0);
    let other = "elsewhere-9000-128-bare";
    assert!(results.join("baseline").join(other).join("there.json").is_file());
    // What does not belong there is passed over, and said so if it looks as if it did.
    let stray = results.join("baseline").join(other);
    fs::write(stray.join("notes.json"), "{").unwrap();
    fs::write(stray.join(".there.json.0123"), "{").unwrap();
    fs::write(results.join("baseline/README.md"), "mine").unwrap();

    let (_, printed, told) = done(results, &["baseline", "list"]);
    assert!(printed.contains("here") && !printed.contains(other) && told.is_empty(), "{printed}");
    let (_, printed, _) = done(results, &["baseline", "list", "--class", other]);
    assert!(printed.contains("there") && !printed.contains("(this machine)"), "{printed}");
    assert!(!printed.contains("latest"), "the latest run is of another class: {printed}");
    let (code, printed, told) = done(results, &["baseline", "list", "--all"]);
    assert!(
        code == 0 && printed.contains(other) && printed.contains("(this machine)"),
        "{printed}"
    );
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.contains("notes.json"), "{told}");

    let (code, _, told) = done(results, &["baseline", "rm", "there"]);
    assert!(code == 1 && told.contains(&format!("--class {other}")), "{told}");
    assert_eq!(done(results, &["baseline", "rm", "there", "--class", other]).0, 0);
}

#[test]
fn every_run_has_a_line_in_the_history() {
    let folder = tempfile::tempdir().unwrap();
    let results = folder.path();
    let path = results.join("history.jsonl");
    // Somebody died in the middle of a line.
    fs::write(&path, "{\"schema\":\"pipefit-hist").unwrap();
    let both = [(); 4].map(|()| {
        pipefit(results, &RUN).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    });
    for child in both {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && !said(&output).1.contains("history"), "{output:?}");
    }
    let budgets = "[[budget]]\nname = \"b\"\nwhy = \"w\"\nscenario = \"rtt\"\ntransport = \"call\"\n\
                   messages = 2000\nassert = [\"lost == 0\"]\n";
    fs::write(results.join("budgets.toml"), budgets).unwrap();
    let (code, printed, told) = done(results, &["check", "--profile", "quick"]);
    assert_eq!(code, 0, "{printed}{told}");
    let filter = ["--quick", "--filter", "^rtt/call/", "--repeat", "1"];
    assert_eq!(done(results, &filter).0, 0);

    let history = History::read(&Store::find(Some(results))).unwrap();
    assert_eq!(history.damaged, [1], "the torn line stands alone");
    assert!(fs::read_to_string(&path).unwrap().starts_with("{\"schema\":\"pipefit-hist\n"));
    let words: Vec<&str> = history.entries.iter().map(|entry| &entry.command[..]).collect();
    assert_eq!(words, ["run", "run", "run", "run", "check", "compare"]);
    for entry in &history.entries {
        let record = read_run(&results.join("runs").join(&entry.run)).unwrap();
        assert_eq!((&entry.schema[..], &entry.started), (HISTORY_SCHEMA, &record.started));
        assert_eq!(entry.class, machine_class(&record.host.facts).as_str());
        assert_eq!(entry.limits.contains_key("line_rtt_ns"), {
            record.limits.as_ref().is_some_and(|limits| limits.line_rtt_ns.p50.is_some())
        });
        let [cell] = &entry.cells[..] else { panic!("{entry:?}") };
        let rtt = record.cells[0].metrics.rtt_ns.as_ref().unwrap();
        assert_eq!((&cell.id, cell.rtt_p50_ns), (&record.cells[0].id, rtt.p50));
        assert_eq!((cell.rtt_p99_ns, cell.age_p50_ns), (rtt.p99, None));
    }
}

#[test]
fn a_history_that_cannot_be_written_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let results = folder.path();
    // Rights do not hold a superuser, a folder in its place does.
    fs::create_dir(results.join("history.jsonl")).unwrap();
    let (code, printed, told) = done(results, &RUN);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("warning: ") && told.contains("history.jsonl"), "{told}");
    assert!(told.contains("the run itself is kept"), "{told}");
    assert!(printed.lines().last().unwrap().starts_with("report: "), "{printed}");
    assert_eq!(read_run(&results.join("latest")).unwrap().cells.len(), 1);
}
