//! The command line, as people and scripts use it: the real binary, real processes.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::Command;
use pipefit::run::limits::Limits;
use pipefit::run::record::{Cause, RunRecord, Status};
use pipefit_harness::verdict::Assertion;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// The binary, with a results folder that is no part of the repository.
fn pipefit(results: &Path) -> Command {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("pipefit");
    command.env("PIPEFIT_RESULTS", results).current_dir(results).env_remove("NO_COLOR");
    command
}

fn record(folder: &Path) -> RunRecord {
    let json: Value = serde_json::from_slice(&fs::read(folder.join("run.json")).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&RunRecord::json_schema()).unwrap();
    let wrong: Vec<String> = validator.iter_errors(&json).map(|e| e.to_string()).collect();
    assert_eq!(wrong, [""; 0]);
    serde_json::from_value(json).unwrap()
}

fn latest(results: &Path) -> PathBuf {
    fs::canonicalize(results.join("latest")).unwrap()
}

fn runs(results: &Path) -> Vec<PathBuf> {
    fs::read_dir(results.join("runs")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// Runs it, and gives what it printed. A missed rate is the machine's fault, not ours.
fn output(command: &mut Command) -> (String, String) {
    let output = command.output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(matches!(output.status.code(), Some(0 | 65)), "{}: {told}", output.status);
    (String::from_utf8(output.stdout).unwrap(), told)
}

#[test]
fn what_it_says_about_itself() {
    let folder = tempfile::tempdir().unwrap();
    for (args, holds) in [
        (&["list"][..], "pipe-buffered"),
        (&["list"], "n/a"),
        (&["list"], "limits.pipe_wake"),
        (&["list"], "missed_frames"),
        (&["doctor", "--fix"], "remedy"),
        (&["doctor", "--fix"], "swe"),
        (&["schema"], "\"$schema\""),
        (&["completions", "bash"], "_pipefit"),
        (&["completions", "zsh"], "pipe-buffered"),
        (&["man"], ".TH pipefit"),
        (&["man", "run"], "send\\-timeout"),
        (&["man", "report"], "history"),
        (&["report", "--help"], "side by side"),
        (&["--help"], "Exit codes"),
        (&["run", "--help"], "--draw-cost"),
        (&["--version"], env!("CARGO_PKG_VERSION")),
    ] {
        let (said, told) = output(pipefit(folder.path()).args(args));
        let holds =
            if *args == ["list"] && holds == "n/a" { "discards every frame" } else { holds };
        assert!(said.contains(holds), "{args:?} lacks {holds:?}: {said}");
        assert_eq!(told, "", "{args:?}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "it wrote something");
}

#[test]
fn the_list_for_programs_has_all_transports_and_scenarios() {
    let folder = tempfile::tempdir().unwrap();
    let (said, _) = output(pipefit(folder.path()).args(["list", "--message-format", "json"]));
    let list: Value = serde_json::from_str(&said).unwrap();
    let names = |what: &str| -> Vec<String> {
        let all = list[what].as_array().unwrap().iter();
        all.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert!(names("transports").contains(&"pipe".to_owned()), "{list}");
    assert_eq!(names("scenarios"), ["stream", "rtt", "max", "gui60"]);
}

/// What it prints are the names that a budget takes.
#[test]
fn limits_are_measured_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let (json, _) = output(pipefit(folder.path()).args(["limits", "--json"]));
    let limits: Limits = serde_json::from_str(&json).unwrap();
    assert!(limits.memcpy_bytes_per_s["65536"] > 1e8, "{json}");
    assert!(limits.clock_ns.p50.unwrap() > 0 && limits.process_spawn_ns.count >= 20, "{json}");
    let (table, _) = output(pipefit(folder.path()).arg("limits"));
    for line in table.lines().skip(3).take_while(|line| !line.is_empty()) {
        let name = line.split_whitespace().next().unwrap();
        let unit = if line.contains("GB/s") { "throughput_bytes" } else { "rtt.p50" };
        let part = if line.contains("GB/s") { "" } else { ".p50" };
        let assertion = format!("{unit} <= 3 x limits.{name}{part}");
        assert!(Assertion::read(&assertion).is_ok(), "{assertion}\n{table}");
    }
    assert!(table.contains("memcpy[1MiB]") && table.contains("thread_spawn"), "{table}");
}

#[test]
fn a_run_is_kept_shown_and_pointed_at() {
    let folder = tempfile::tempdir().unwrap();
    let results = folder.path().join("kept");
    let (said, _) = output(
        pipefit(folder.path())
            .args(["run", "stream,rtt", "--transport", "thread,pipe", "--rate", "200Hz"])
            .args(["--size", "64,1000", "--duration", "200ms", "--warmup", "20ms", "--results"])
            .arg(&results),
    );
    let kept = latest(&results);
    let record = record(&kept);
    assert_eq!(record.cells.len(), 8);
    assert!(!record.partial);
    assert_eq!(Some(record.id.as_str()), kept.file_name().and_then(|n| n.to_str()));
    for cell in &record.cells {
        let excused = cell.status == Status::Valid || cell.cause == Some(Cause::MissedRate);
        assert!(excused, "{}: {:?}", cell.id, cell.reason);
        assert!(cell.ledger.unwrap().offered > 0, "{}", cell.id);
        assert!(kept.join(cell.histograms.as_ref().unwrap()).is_file(), "{}", cell.id);
    }
    let last = said.lines().last().unwrap();
    let report = results.join("runs").join(&record.id).join("report.html");
    assert_eq!(last, format!("report: {}", report.display()));
    assert!(said.contains("pipe") && !said.contains('\u{1b}'), "{said}");
    assert_eq!(runs(&results).len(), 1, "a hidden folder is left");
    assert!(record.build.profile == "optimised" && record.build.debug_assertions);
    assert!(record.host.warnings.iter().any(|w| w.what.contains("debug assertions")));
}

#[test]
fn without_a_word_it_compares() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["--quick", "--filter", "^(rtt/call|max/task|rtt/pipe-buffered)/", "--color=always"];
    let (said, _) = output(pipefit(folder.path()).args(args));
    let record = record(&latest(folder.path()));
    let ids: Vec<&str> = record.cells.iter().map(|c| c.id.as_str()).collect();
    assert_eq!(ids, ["rtt/call/64B/block", "rtt/pipe-buffered/64B/block", "max/task/64B/block"]);
    assert_eq!(record.cells[1].status, Status::NotApplicable);
    assert!(record.command.iter().any(|word| word == "--quick"));
    assert!(said.contains('\u{1b}'), "colour was asked for");
}

#[test]
fn two_runs_at_once_are_kept_both() {
    let folder = tempfile::tempdir().unwrap();
    let spawn = || {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_pipefit"));
        command.args(["run", "rtt", "--transport", "call", "--duration", "50ms", "-q"]);
        command.env("PIPEFIT_RESULTS", folder.path()).stdout(Stdio::piped()).spawn().unwrap()
    };
    let both = [spawn(), spawn()].map(|child| child.wait_with_output().unwrap());
    for output in both {
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(said.lines().count(), 1, "-q says where the report is: {said}");
        let report = said.trim().strip_prefix("report: ").unwrap();
        assert!(Path::new(report).is_file(), "{report}");
    }
    assert_eq!(runs(folder.path()).len(), 2);
}

#[test]
fn exports_are_files_or_have_standard_output_alone() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (said, told) = output(
        pipefit(folder.path())
            .args(["run", "rtt", "--transport", "call", "--duration", "50ms"])
            .args(["--export-csv", "-", "--export-json"])
            .arg(at("a.json"))
            .arg("--export-markdown")
            .arg(at("a.md"))
            .arg("--export-html")
            .arg(at("a.html"))
            .arg("--export-hgrm")
            .arg(at("a.hgrm"))
            .arg("--export-hlog")
            .arg(at("a.hlog"))
            .arg("--export-trace")
            .arg(at("a.trace.json")),
    );
    assert!(said.starts_with("cell,scenario,") && said.contains("rtt/call/64B/block"), "{said}");
    assert!(!said.contains("report:") && told.contains("report:"), "{said}");
    let kept = latest(folder.path());
    assert_eq!(fs::read(at("a.json")).unwrap(), fs::read(kept.join("run.json")).unwrap());
    assert_eq!(fs::read(at("a.html")).unwrap(), fs::read(kept.join("report.html")).unwrap());
    for (file, holds) in [("a.md", "| call"), ("a.hgrm", "#[Mean"), ("a.hlog", "Tag=rtt/call/")] {
        let text = fs::read_to_string(at(file)).unwrap();
        assert!(text.contains(holds), "{file}: {text}");
    }
    let trace: Value = serde_json::from_slice(&fs::read(at("a.trace.json")).unwrap()).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    assert_eq!(events[0]["args"]["name"], "rtt/call/64B/block");
    assert!(events.iter().any(|event| event["ph"] == "b" && event["name"] == "rtt"));
    assert!(kept.join("timelines.json").is_file());
}

/// Lines of events, as a program reads them.
fn events(stdout: ChildStdout) -> impl Iterator<Item = Value> {
    BufReader::new(stdout).lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap())
}

fn start(results: &Path, args: &[&str]) -> (Child, ChildStdout) {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_pipefit"))
        .args(args)
        .args(["--message-format", "json", "--results"])
        .arg(results)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let stdout = child.stdout.take().unwrap();
    (child, stdout)
}

#[test]
fn a_program_hears_what_happens_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["run", "rtt", "--transport", "pipe", "--duration", "50ms", "--repeat", "2"];
    let (mut child, stdout) = start(folder.path(), &args);
    let all: Vec<Value> = events(stdout).collect();
    assert!(child.wait().unwrap().success());
    let names: Vec<&str> = all.iter().map(|e| e["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["begin", "started", "end", "begin", "started", "end", "done"]);
    assert!(all[1]["child_pid"].as_u64().unwrap() > 1 && all[1]["start_ns"].as_u64().unwrap() > 1);
    assert_eq!(all[3]["repeat"], 1);
    assert!(all[5]["cause"].is_null(), "{all:?}");
    let done = all.last().unwrap();
    assert_eq!((done["exit"].as_u64(), done["partial"].as_bool()), (Some(0), Some(false)));
    assert!(Path::new(done["report"].as_str().unwrap()).is_file());
}

fn is_there(pid: u64) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

/// Names of shared memory that a process has made.
fn names_of(pid: u32) -> Vec<String> {
    let all = fs::read_dir("/dev/shm").into_iter().flatten().flatten();
    let names = all.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| name.contains(&format!("-{pid}-"))).collect()
}

fn asked_to_end(signal: Signal, code: i32, transport: &str, wait: &str) {
    let folder = tempfile::tempdir().unwrap();
    let over = ["--transport", transport, "--wait", wait];
    let args = ["run", "rtt,stream", "--rate", "500Hz", "--duration", "1h", "--warmup", "1ms"];
    let args = [&args[..], &over].concat();
    let (mut child, stdout) = start(folder.path(), &args);
    let mut events = events(stdout);
    let started = events.find(|e| e["event"] == "started").unwrap();
    let sensor = started["child_pid"].as_u64().unwrap();
    assert!(is_there(sensor));
    // Into the middle of it.
    std::thread::sleep(Duration::from_secs(1));
    let began = Instant::now();
    kill_process(Pid::from_child(&child), signal).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(code));
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    assert!(!is_there(sensor), "the child outlived it");
    assert_eq!(names_of(child.id()), [""; 0], "names are left");
    assert_eq!(events.last().unwrap()["exit"], code);
    let record = record(&latest(folder.path()));
    assert!(record.partial);
    assert_eq!(record.cells.len(), 2);
    let (measured, never) = (&record.cells[0], &record.cells[1]);
    assert!(measured.metrics.rtt_ns.as_ref().unwrap().count > 0, "{measured:?}");
    assert_eq!(measured.cause, Some(Cause::Interrupted));
    let residue = measured.residue.unwrap();
    assert_eq!((residue.zombies, residue.orphans), (0, 0), "{residue:?}");
    assert_eq!((never.cause, never.repeats), (Some(Cause::Interrupted), 0));
}

#[test]
fn ctrl_c_saves_what_was_measured_and_leaves_no_child() {
    asked_to_end(Signal::INT, 130, "pipe", "block");
}

#[test]
fn ctrl_c_beside_a_spinning_child_saves_what_was_measured_and_leaves_no_name() {
    asked_to_end(Signal::INT, 130, "shm-ring", "spin");
}

#[test]
fn a_request_to_terminate_does_the_same() {
    asked_to_end(Signal::TERM, 143, "memfd-ring", "block");
}

/// A program that runs for an hour; gives pipefit's process, and the program's.
fn with_a_program(results: &Path) -> (Child, ChildStdout, u64) {
    let program = "while :; do echo 1; sleep 0.01; done";
    let args = ["run", "stream", "--duration", "1h", "--wire", "text:{value}", "--exec", program];
    let (child, stdout) = start(results, &args);
    let mut lines = BufReader::new(stdout);
    loop {
        let mut line = String::new();
        assert!(lines.read_line(&mut line).unwrap() > 0, "it ended early");
        let event: Value = serde_json::from_str(&line).unwrap();
        if event["event"] == "started" {
            let program = event["child_pid"].as_u64().unwrap();
            return (child, lines.into_inner(), program);
        }
    }
}

#[test]
fn ctrl_c_ends_a_program_and_saves_what_it_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, _stdout, program) = with_a_program(folder.path());
    std::thread::sleep(Duration::from_secs(1));
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(!is_there(program), "the program outlived it");
    let record = record(&latest(folder.path()));
    assert_eq!(record.cells[0].cause, Some(Cause::Interrupted));
    assert!(record.cells[0].metrics.arrival_interval_ns.is_some(), "{record:?}");
    let program = record.cells[0].program.as_ref().unwrap();
    assert!(program.command.starts_with("while") && program.wire == "text:{value}");
}

#[test]
fn a_program_dies_with_pipefit() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, _stdout, program) = with_a_program(folder.path());
    child.kill().unwrap();
    child.wait().unwrap();
    let until = Instant::now() + Duration::from_secs(2);
    // Whoever inherits it may take a moment to reap it.
    let dead = || {
        let stat = fs::read_to_string(format!("/proc/{program}/stat")).unwrap_or_default();
        stat.is_empty() || stat.contains(") Z ")
    };
    while !dead() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(dead(), "the program outlived it");
}
