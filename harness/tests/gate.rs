//! The gate as a script sees it: its exit codes, and what it says. The workers here are
//! scripts that speak the protocol and say what they are told to, so that nothing depends
//! on the machine; one test measures this program against itself.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

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

/// A base of which the second process beside a first is slower: whatever head does, the
/// machine is to blame.
#[test]
fn a_base_that_differs_from_itself_blames_the_machine() {
    let folder = TempDir::new().unwrap();
    let base = script(
        folder.path(),
        "base",
        "mkdir -p \"$0.d\"; : > \"$0.d/$$\"; trap 'rm \"$0.d/$$\"' EXIT\n\
         echo '{\"pipefit_worker\":1,\"version\":\"0.0.0\"}'\n\
         while read -r ask; do\n\
         first=$(ls \"$0.d\" | sort -n | head -n 1)\n\
         if [ \"$first\" = $$ ]; then echo '{\"each\":10000}'; else echo '{\"each\":12000}'; fi\n\
         done\n",
    );
    let head = worker(folder.path(), "head", 150);
    let output = gate(folder.path(), &base, &head, &ONE);
    assert_eq!(output.status.code(), Some(75), "{}", said(&output));
    assert!(said(&output).contains("environment invalid"), "{}", said(&output));
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
        assert!(cell["pairs"].as_array().unwrap().len() >= 20, "{cell}");
        assert!(cell["pairs"][0][0].as_f64().unwrap() > 100.0, "{cell}");
    }
}
