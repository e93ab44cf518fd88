//! The gate as a script sees it: its exit codes, and what it says. The workers here are
//! scripts that speak the protocol and say what they are told to, so that nothing depends
//! on the machine; one test measures this program against itself.
//!
//! What a base that differs from itself comes to is tested where it is decided, in
//! `gate/suite.rs`: chance decides who is started first, so no script can play it.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

const TOOL: &str = env!("CARGO_BIN_EXE_pipefit");

fn gate(folder: &Path, base: &Path, head: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(TOOL);
    command.arg("gate").arg("--base").arg(base).arg("--head").arg(head);
    command.arg("--results").arg(folder.join("results")).args(more);
    command.env_remove("GITHUB_ACTIONS").env_remove("GITHUB_STEP_SUMMARY");
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A worker that takes `each` ns for everything, give or take a little by turns. Written
/// by a shell of its own: a program that is open for writing cannot be started.
fn worker(folder: &Path, name: &str, each: u32) -> PathBuf {
    script(
        folder,
        name,
        &format!(
            "echo '{{\"pipefit_worker\":1,\"version\":\"0.0.0\"}}'\n\
             n=$$\n\
             while read -r ask; do n=$((n * 7 % 101)); echo \"{{\\\"each\\\":$(({each} * 100 + n)).5}}\"; done\n"
        ),
    )
}

fn script(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{text}")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

const ONE: [&str; 2] = ["--filter", "^rtt/pipe/"];

#[test]
fn what_became_slower_is_a_regression_by_name_and_exit_code() {
    let folder = TempDir::new().unwrap();
    let (fast, slow) = (worker(folder.path(), "fast", 100), worker(folder.path(), "slow", 120));
    let [json, junit, markdown] = ["a.json", "a.xml", "a.md"].map(|name| folder.path().join(name));
    let exports = [
        ONE[0],
        ONE[1],
        "--export-json",
        json.to_str().unwrap(),
        "--export-junit",
        junit.to_str().unwrap(),
        "--export-markdown",
        markdown.to_str().unwrap(),
    ];
    let output = gate(folder.path(), &fast, &slow, &exports);
    assert_eq!(output.status.code(), Some(100), "{}", said(&output));
    assert!(said(&output).contains("rtt/pipe/64B/block  regressed"), "{}", said(&output));
    let record: Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    let cell = &record["cells"][0];
    assert_eq!(cell["verdict"], "regressed");
    assert!((cell["change_pct"].as_f64().unwrap() - 20.0).abs() < 1.0, "{cell}");
    // It was measured again, and the base beside it against itself.
    assert_eq!(cell["again"].as_array().unwrap().len(), 20);
    assert_eq!(cell["null"].as_array().unwrap().len(), 20);
    assert!(fs::read_to_string(junit).unwrap().contains("<failure"));
    assert!(fs::read_to_string(markdown).unwrap().contains("| regressed | rtt/pipe/64B/block |"));
    // Its page stands beside its record, and is named last.
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let page = printed.lines().last().and_then(|line| line.strip_prefix("report: ")).unwrap();
    assert!(Path::new(page).with_file_name("gate.json").is_file(), "{printed}");
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("rtt/pipe/64B/block") && page.contains("regressed"), "{page}");
}

#[test]
fn swapped_arms_read_improved_and_equal_ones_unchanged() {
    let folder = TempDir::new().unwrap();
    let (fast, slow) = (worker(folder.path(), "fast", 100), worker(folder.path(), "slow", 120));
    for (base, head, word) in [(&slow, &fast, "improved"), (&fast, &fast, "unchanged")] {
        let output = gate(folder.path(), base, head, &ONE);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert!(said(&output).contains(word), "{}", said(&output));
    }
}

#[test]
fn two_names_of_one_program_leave_nothing_to_compare() {
    let folder = TempDir::new().unwrap();
    let (a, b) = (worker(folder.path(), "a", 100), worker(folder.path(), "b", 100));
    let output = gate(folder.path(), &a, &b, &ONE);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("identical binaries"), "{}", said(&output));
}

#[test]
fn what_is_no_worker_is_a_failure_of_the_tool_and_not_a_regression() {
    let folder = TempDir::new().unwrap();
    let good = worker(folder.path(), "good", 100);
    let old = script(
        folder.path(),
        "old",
        "echo '{\"pipefit_worker\":0,\"version\":\"0.0.0\"}'\ncat >/dev/null\n",
    );
    let mute = script(folder.path(), "mute", "exit 3\n");
    let chatty = script(folder.path(), "chatty", "echo hello\ncat >/dev/null\n");
    for (base, why) in [
        (old.as_path(), "speaks protocol 0"),
        (&mute, "exit status: 3"),
        (&chatty, "hello"),
        (Path::new("no-such-commit-or-file"), "no such"),
    ] {
        let output = gate(folder.path(), base, &good, &ONE);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains(why), "{}", said(&output));
    }
}

/// A worker that dies at its third question, or says that it cannot.
#[test]
fn a_cell_that_cannot_be_measured_is_broken_and_says_why() {
    let folder = TempDir::new().unwrap();
    let good = worker(folder.path(), "good", 100);
    let hello = "echo '{\"pipefit_worker\":1,\"version\":\"0.0.0\"}'\n";
    let dies = script(folder.path(), "dies", &format!("{hello}read -r a; exit 9\n"));
    let refuses = script(
        folder.path(),
        "refuses",
        &format!(
            "{hello}while read -r a; do echo '{{\"failed\":\"no such transport here\"}}'; done\n"
        ),
    );
    for (head, why) in [(&dies, "exit status: 9"), (&refuses, "no such transport here")] {
        let output = gate(folder.path(), &good, head, &ONE);
        assert_eq!(output.status.code(), Some(65), "{}", said(&output));
        assert!(
            said(&output).contains("broken") && said(&output).contains(why),
            "{}",
            said(&output)
        );
    }
}

const HELLO: &str = "echo '{\"pipefit_worker\":1,\"version\":\"0.0.0\"}'\n";

/// Whatever a worker does, the gate comes to an end, and does not believe it.
#[test]
fn what_a_worker_must_not_do_breaks_the_cell() {
    let folder = TempDir::new().unwrap();
    let good = worker(folder.path(), "good", 100);
    for (name, text, why) in [
        (
            "twice",
            "while read -r a; do printf '{\"each\":1}\\n{\"each\":2}\\n'; done\n",
            "not asked",
        ),
        ("none", "while read -r a; do echo '{\"each\":0}'; done\n", "took 0 ns"),
        ("less", "while read -r a; do echo '{\"each\":-5}'; done\n", "took -5 ns"),
        ("endless", "while read -r a; do echo '{\"each\":1e999}'; done\n", "1e999"),
        ("flood", "read -r a; while printf '%04096d' 7; do :; done\n", "without an end"),
    ] {
        let head = script(folder.path(), name, &format!("{HELLO}{text}"));
        let output = gate(folder.path(), &good, &head, &ONE);
        assert_eq!(output.status.code(), Some(65), "{name}: {}", said(&output));
        assert!(said(&output).contains(why), "{name}: {}", said(&output));
    }
}

/// A transport of the head that the base does not have yet is nothing that became slower.
#[test]
fn a_cell_that_one_build_does_not_have_is_not_applicable() {
    let folder = TempDir::new().unwrap();
    let good = worker(folder.path(), "good", 100);
    // As this build says it, and as those of before did.
    for (name, answer) in [
        ("new", "{\"not_here\":\"it cannot wait like that\"}"),
        ("old", "{\"failed\":\"there is no transport pipe\"}"),
    ] {
        let text = format!("{HELLO}while read -r a; do echo '{answer}'; done\n");
        let base = script(folder.path(), name, &text);
        let output = gate(folder.path(), &base, &good, &ONE);
        assert_eq!(output.status.code(), Some(4), "{name}: {}", said(&output));
        assert!(said(&output).contains("n/a"), "{name}: {}", said(&output));
        assert!(said(&output).contains("base does not have it"), "{name}: {}", said(&output));
    }
}

/// Half a line, and then nothing: Ctrl-C ends it, and what the worker started, too.
#[test]
fn a_gate_that_waits_for_a_worker_can_be_interrupted() {
    let folder = TempDir::new().unwrap();
    let good = worker(folder.path(), "good", 100);
    let marks = folder.path().join("pids");
    let half = script(
        folder.path(),
        "half",
        &format!(
            "sleep 300 & echo $! >> '{0}'; echo $$ >> '{0}'\nprintf '{{\"pipefit'; sleep 300\n",
            marks.display()
        ),
    );
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let _ = fs::remove_file(&marks);
        let mut command = Command::new(TOOL);
        command.arg("gate").arg("--base").arg(&half).arg("--head").arg(&good).args(ONE);
        command.arg("--results").arg(folder.path().join("results"));
        let mut gate = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let pids = || fs::read_to_string(&marks).unwrap_or_default();
        wait_for(|| pids().lines().count() == 2);
        let id = gate.id().to_string();
        let kill = Command::new("kill").args(["-s", signal, &id]).status().unwrap();
        assert!(kill.success());
        assert_eq!(gate.wait().unwrap().code(), Some(code), "{signal}");
        for pid in pids().lines() {
            wait_for(|| !is_alive(pid));
        }
    }
}

/// Whether a process is there, and no zombie.
fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

fn wait_for(what: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !what() {
        assert!(Instant::now() < until, "it does not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What was asked for is kept and exported even where there is nothing to compare, and a
/// file that cannot be written is noticed before anything is measured.
#[test]
fn exports_are_checked_first_and_written_always() {
    let folder = TempDir::new().unwrap();
    let (a, b) = (worker(folder.path(), "a", 100), worker(folder.path(), "b", 100));
    let json = folder.path().join("a.json");
    let more = ["--export-json", json.to_str().unwrap(), "--export-markdown", "-"];
    let output = gate(folder.path(), &a, &b, &[&ONE[..], &more[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let record: Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    assert_eq!(
        (&record["identical"], &record["cells"]),
        (&Value::Bool(true), &Value::Array(vec![]))
    );
    // Nothing else is on standard output than what was asked for.
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(printed.starts_with("# Gate against "), "{printed}");
    assert!(printed.ends_with("nothing to compare.\n"), "{printed}");
    assert_eq!(fs::read_dir(folder.path().join("results/gates")).unwrap().count(), 1);

    let slow = worker(folder.path(), "slow", 120);
    let nowhere = ["--export-junit", "/nowhere/at/all.xml"];
    let output = gate(folder.path(), &a, &slow, &[&ONE[..], &nowhere[..]].concat());
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(!said(&output).contains("pairs"), "nothing was measured: {}", said(&output));
    let both = ["--export-junit", "-", "--export-json", "-"];
    let output = gate(folder.path(), &a, &slow, &[&ONE[..], &both[..]].concat());
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
}

#[test]
fn axes_without_cells_are_refused() {
    let folder = TempDir::new().unwrap();
    let good = worker(folder.path(), "good", 100);
    for axis in [["--size", "4KiB"], ["--wait", "spin"]] {
        let output = gate(folder.path(), &good, &good, &axis);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains("--transport"), "{}", said(&output));
    }
}

/// A repository with a commit, in which nothing can be built.
fn repository(folder: &Path) {
    for words in [
        &["init", "--quiet"][..],
        &["add", "."],
        &["-c", "user.name=n", "-c", "user.email=e", "commit", "--quiet", "-m", "one"],
    ] {
        let mut git = Command::new("git");
        git.current_dir(folder).args(["-c", "commit.gpgsign=false"]).args(words);
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            git.env_remove(name);
        }
        assert!(git.status().unwrap().success(), "{words:?}");
    }
}

/// This program has debug assertions, as tests have; the base would not.
#[test]
fn a_base_from_a_commit_is_not_held_against_a_program_for_tests() {
    if !cfg!(debug_assertions) {
        return;
    }
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    repository(folder.path());
    let mut command = Command::new(TOOL);
    command.current_dir(folder.path()).args(["gate", "--base", "HEAD"]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("build with --release"), "{}", said(&output));
}

/// A program in the folder one stands in is meant, not one of the system's; where there is
/// a commit of that name, it is said which was taken.
#[test]
fn a_name_without_a_slash_is_a_file_here() {
    let folder = TempDir::new().unwrap();
    worker(folder.path(), "HEAD", 100);
    let slow = worker(folder.path(), "slow", 120);
    repository(folder.path());
    let mut command = Command::new(TOOL);
    command.current_dir(folder.path()).args(["gate", "--base", "HEAD", "--head", "slow"]);
    command.args(ONE).args(["--results", "results"]);
    command.env_remove("GITHUB_ACTIONS").env_remove("GITHUB_STEP_SUMMARY");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(100), "{}", said(&output));
    assert!(said(&output).contains("the file is taken"), "{}", said(&output));
    assert!(slow.is_file());
}

/// The script for a build: a base that is not there is no base that is too old.
#[test]
fn the_script_passes_over_no_base() {
    let folder = TempDir::new().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::create_dir(folder.path().join("ci")).unwrap();
    for name in ["gate.sh", "prelude.sh"] {
        fs::copy(root.join("ci").join(name), folder.path().join("ci").join(name)).unwrap();
    }
    repository(folder.path());
    for (base, why) in [("no-such", "'no-such' is neither"), ("HEAD", "too old")] {
        let mut command = Command::new("bash");
        command.current_dir(folder.path()).args(["ci/gate.sh", base]);
        let output = command.env_remove("PIPEFIT_GATE_BOOTSTRAP").output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains(why), "{}", said(&output));
    }
}

#[test]
fn github_is_told_where_it_listens() {
    let folder = TempDir::new().unwrap();
    let (fast, slow) = (worker(folder.path(), "fast", 100), worker(folder.path(), "slow", 120));
    let summary = folder.path().join("summary.md");
    let mut command = Command::new(TOOL);
    command.arg("gate").arg("--base").arg(&fast).arg("--head").arg(&slow).args(ONE);
    command.arg("--results").arg(folder.path().join("results"));
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &summary);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(100));
    assert!(
        said(&output).contains("::error title=rtt/pipe/64B/block::regressed: +"),
        "{}",
        said(&output)
    );
    assert!(fs::read_to_string(summary).unwrap().starts_with("# Gate against "));
}

/// The real thing, once: this program against itself is measured, by its real workers.
#[test]
fn this_program_is_measured_against_itself() {
    let folder = TempDir::new().unwrap();
    let tool = Path::new(TOOL);
    let output = gate(folder.path(), tool, tool, &["--filter", "^rtt/(thread|pipe)/"]);
    // Unchanged, or, on a noisy machine, not known; never worse.
    assert!(matches!(output.status.code(), Some(0 | 75)), "{}", said(&output));
    let kept = fs::read_dir(folder.path().join("results/gates")).unwrap().next().unwrap().unwrap();
    let text = fs::read_to_string(kept.path().join("gate.json")).unwrap();
    let record: Value = serde_json::from_str(&text).unwrap();
    for cell in record["cells"].as_array().unwrap() {
        let fewest = if cell["verdict"] == "unchanged" { 20 } else { 1 };
        assert!(cell["pairs"].as_array().unwrap().len() >= fewest, "{cell}");
        assert!(cell["pairs"][0][0].as_f64().unwrap() > 100.0, "{cell}");
    }
}
