//! `pipefit check` as a script sees it: exit codes, messages with their lines, and what it
//! leaves for others to read.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const TOOL: &str = env!("CARGO_BIN_EXE_pipefit");

/// A budget over `call`, which takes a moment and starts nothing.
fn budget(asserts: &str, more: &str) -> String {
    format!(
        "# One budget.\n\
         [[budget]]\n\
         name = \"trips\"\n\
         why = \"somebody cares\"\n\
         scenario = \"rtt\"\n\
         transport = \"call\"\n\
         duration = \"20ms\"\n\
         warmup = \"5ms\"\n\
         assert = [{asserts}]\n\
         {more}\n"
    )
}

/// What does not hold, whatever others do to this machine: it is counted.
const BROKEN: &str = "\"lost >= 1\"";

struct Said {
    code: Option<i32>,
    text: String,
    folder: TempDir,
}

impl Said {
    fn verdicts(&self) -> Value {
        let path = self.folder.path().join("results/latest/verdicts.json");
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    }

    fn page(&self) -> String {
        fs::read_to_string(self.folder.path().join("results/latest/report.html")).unwrap()
    }
}

fn check_with(text: &str, more: &[&str], vars: &[(&str, &str)]) -> Said {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("budgets.toml"), text).unwrap();
    let mut command = Command::new(TOOL);
    command.current_dir(folder.path()).arg("check").args(["--pin", "none"]).args(more);
    command.env_remove("GITHUB_ACTIONS").env_remove("GITHUB_STEP_SUMMARY");
    command.env_remove("GITHUB_WORKSPACE").env_remove("PIPEFIT_RESULTS");
    command.envs(vars.iter().copied());
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
    Said { code: status.code(), text, folder }
}

fn check(text: &str) -> Said {
    check_with(text, &[], &[])
}

#[test]
fn what_holds_passes_and_is_kept_with_its_report() {
    let said = check(&budget("\"rtt.p50 <= 100ms\", \"lost == 0\"", ""));
    assert_eq!(said.code, Some(0), "{}", said.text);
    let last = said.text.lines().last().unwrap();
    assert!(last.starts_with("report: results/runs/"), "{last}");
    let verdicts = said.verdicts();
    assert_eq!(verdicts["schema"], "pipefit-verdicts/1");
    let kept = &verdicts["budgets"][0];
    assert_eq!((kept["verdict"].as_str(), kept["trials"].as_u64()), (Some("pass"), Some(3)));
    // The page has the figure that the record has, with its limit.
    let figure = kept["asserts"][0]["figure"].as_f64().unwrap();
    assert!(figure > 10.0, "{kept}");
    let page = said.page();
    assert!(page.contains("rtt.p50 &lt;= 100ms") && page.contains(">100ms<"), "{page}");
    assert!(Path::new(&said.folder.path().join("results/latest/run.json")).exists());
}

#[test]
fn what_does_not_hold_is_100_and_names_figure_and_limit() {
    let junit = ["--export-junit", "out.xml", "--export-markdown", "out.md"];
    let said = check_with(&budget(BROKEN, ""), &junit, &[]);
    assert_eq!(said.code, Some(100), "{}", said.text);
    assert!(said.text.contains("✗ lost >= 1"), "{}", said.text);
    let read = |name: &str| fs::read_to_string(said.folder.path().join(name)).unwrap();
    assert!(read("out.xml").contains("<failure"), "{}", read("out.xml"));
    assert!(read("out.md").contains("✗ fail"), "{}", read("out.md"));
}

#[test]
fn a_control_must_fail_and_one_that_holds_is_100() {
    let caught = check(&budget("\"rtt.p50 <= 1ns\"", "must_fail = true"));
    assert_eq!(caught.code, Some(0), "{}", caught.text);
    assert!(caught.text.contains("(control)"), "{}", caught.text);
    let holds = check(&budget("\"rtt.p50 <= 1s\"", "must_fail = true"));
    assert_eq!(holds.code, Some(100), "{}", holds.text);
}

#[test]
fn what_cannot_be_meant_has_its_line_its_caret_and_its_code() {
    for (asserts, more, code, line, why) in [
        ("\"rtt.p50 <= 25MB\"", "", 2, 9, "ms, s"),
        ("\"rrt.p50 <= 25ms\"", "", 2, 9, "no metric 'rrt'"),
        ("\"rtt.p50 <= 0ms\"", "", 2, 9, "never hold"),
        ("\"rtt.p50 <= 3 x limits.line.p50\"", "", 2, 9, "line_rtt"),
        ("\"lost == 0\"", "sise = 3", 2, 10, "unknown field"),
        ("\"lost == 0\"", "policy = \"drop-newest\"", 4, 6, "cannot be measured"),
    ] {
        let said = check(&budget(asserts, more));
        assert_eq!(said.code, Some(code), "{asserts} {more}: {}", said.text);
        assert!(said.text.contains(&format!("budgets.toml:{line}:")), "{}", said.text);
        assert!(said.text.contains(why) && said.text.contains('^'), "{}", said.text);
        assert!(!said.folder.path().join("results").exists(), "nothing was measured");
    }
}

#[test]
fn a_file_that_is_not_there_and_a_filter_without_a_match() {
    let missing = check_with(&budget("\"lost == 0\"", ""), &["no.toml"], &[]);
    assert_eq!(missing.code, Some(1), "{}", missing.text);
    assert!(missing.text.contains("no.toml"), "{}", missing.text);
    let none = check_with(&budget("\"lost == 0\"", ""), &["--filter", "nothing like it"], &[]);
    assert_eq!(none.code, Some(4), "{}", none.text);
}

#[test]
fn github_gets_annotations_from_the_root_of_the_repository() {
    let folder = TempDir::new().unwrap();
    let summary = folder.path().join("summary.md");
    let vars = [("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap())];
    let said = check_with(&budget(BROKEN, ""), &[], &vars);
    assert!(
        said.text.contains("::error file=budgets.toml,line=9,title=trips::fail: lost >= 1, found "),
        "{}",
        said.text
    );
    let told = fs::read_to_string(&summary).unwrap();
    assert!(told.starts_with("# Budgets") && told.contains("✗ fail"), "{told}");
}

#[test]
fn trackers_get_figures_that_are_those_of_the_record() {
    let exports = ["--export-gha", "gha.json", "--export-bmf", "bmf.json"];
    let said = check_with(&budget("\"rtt.p50 <= 100ms\"", ""), &exports, &[]);
    let read = |name: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(said.folder.path().join(name)).unwrap()).unwrap()
    };
    let run = read("results/latest/run.json");
    let p50 = run["cells"][0]["metrics"]["rtt_ns"]["p50"].as_f64().unwrap();
    let gha = read("gha.json");
    assert_eq!(gha[0]["name"], "rtt/call/64B/block rtt p50");
    assert!((gha[0]["value"].as_f64().unwrap() - p50).abs() < 1e-9, "{gha}");
    let bmf = read("bmf.json");
    assert!((bmf["rtt/call/64B/block"]["rtt-p50"]["value"].as_f64().unwrap() - p50).abs() < 1e-9);
}
