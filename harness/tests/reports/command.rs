//! `pipefit report`, as people and scripts use it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use pipefit::run::record::RunRecord;
use pipefit_harness::results::Store;
use serde_json::json;
use tempfile::TempDir;

use crate::records::{NONE, SCRIPT, captured, curves, record, sound, trips};

/// What came of it: its code, what it printed, what it told.
struct Done {
    code: i32,
    printed: String,
    told: String,
}

fn report(results: &Path, args: &[&str]) -> Done {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pipefit"));
    command.arg("report").args(args).env("PIPEFIT_RESULTS", results).current_dir(results);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (printed, told) = (text(output.stdout), text(output.stderr));
    assert!(!told.contains("panicked"), "{told}");
    Done { code: output.status.code().unwrap(), printed, told }
}

impl Done {
    /// The page that the last line names.
    fn page(&self) -> PathBuf {
        assert_eq!((self.code, &self.told[..]), (0, ""), "{}", self.printed);
        PathBuf::from(self.printed.lines().last().unwrap().strip_prefix("report: ").unwrap())
    }

    /// It came to nothing, and said each of `words`.
    fn failed(&self, code: i32, words: &[&str]) {
        assert_eq!((self.code, &self.printed[..]), (code, ""), "{}", self.told);
        for word in words {
            assert!(self.told.contains(word), "{word}: {}", self.told);
        }
    }
}

/// A results folder with kept runs, each with what it found; gives their ids.
fn kept(each: &[&[u64]]) -> (TempDir, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::find(Some(folder.path()));
    let keep = |found: &&[u64]| {
        let mut draft = store.draft(SystemTime::now()).unwrap();
        let mut record = record(draft.id(), vec![trips("pipe", found)]);
        let curves = curves(&record);
        draft.fill("run", &mut record, &curves, None, SystemTime::now()).unwrap();
        draft.keep().unwrap();
        record.id
    };
    let ids = each.iter().map(keep).collect();
    (folder, ids)
}

fn forge(folder: &Path, record: &RunRecord) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("run.json"), serde_json::to_vec(record).unwrap()).unwrap();
}

#[test]
fn a_run_is_drawn_again_as_it_was() {
    let (folder, ids) = kept(&[&[100, 110, 105]]);
    let run = folder.path().join("runs").join(&ids[0]);
    let page = run.join("report.html");
    let before = fs::read_to_string(&page).unwrap();
    let file = run.join("run.json");
    let none: &[&str] = &[];
    let (run, file) = (run.to_str().unwrap(), file.to_str().unwrap());
    for said in [none, &["latest"], &[&ids[0]], &[run], &[file]] {
        fs::write(&page, "old").unwrap();
        let done = report(folder.path(), said);
        // `latest` is a folder where it is run, and is named as it was.
        let drawn = folder.path().join(done.page());
        assert_eq!(fs::canonicalize(drawn).unwrap(), fs::canonicalize(&page).unwrap());
        assert!(done.printed.contains("rtt · 64B"), "{}", done.printed);
        assert_eq!(fs::read_to_string(&page).unwrap(), before);
    }
    let quiet = report(folder.path(), &["-q"]);
    assert_eq!(quiet.printed.lines().count(), 1, "{}", quiet.printed);
}

#[test]
fn a_page_that_cannot_be_written_there_goes_elsewhere() {
    let (folder, ids) = kept(&[&[100, 110, 105]]);
    let page = folder.path().join("runs").join(&ids[0]).join("report.html");
    fs::remove_file(&page).unwrap();
    fs::create_dir(&page).unwrap();
    let done = report(folder.path(), &["-q"]);
    done.failed(1, &["report.html", "--export-html FILE"]);
    let elsewhere = folder.path().join("elsewhere.html");
    let exports = ["--export-html", "elsewhere.html", "--export-csv", "figures.csv"];
    let done = report(folder.path(), &exports);
    assert_eq!(done.page(), Path::new("elsewhere.html"));
    sound(&fs::read_to_string(elsewhere).unwrap(), NONE);
    assert!(fs::read_to_string(folder.path().join("figures.csv")).unwrap().contains("rtt/pipe"));
    // To standard output, it has that alone.
    let done = report(folder.path(), &["--export-html", "-"]);
    assert!(done.code == 0 && done.printed.starts_with("<!DOCTYPE html>"), "{}", done.told);
    assert!(done.told.contains("rtt · 64B") && !done.told.contains("report: "), "{}", done.told);
}

#[test]
fn a_record_from_elsewhere_has_its_page_beside_it() {
    let (folder, _) = kept(&[]);
    let path = folder.path().join("python.json");
    let python = record("20260101T000000Z-0000", vec![trips("py-queue", &[90_000])]);
    fs::write(&path, serde_json::to_vec(&python).unwrap()).unwrap();
    let foreign = folder.path().join("python.html");
    fs::write(&foreign, "mine").unwrap();
    let done = report(folder.path(), &[path.to_str().unwrap()]);
    assert_eq!(done.page(), folder.path().join("python.report.html"));
    assert_eq!(fs::read_to_string(foreign).unwrap(), "mine", "a page of somebody else");
    let page = fs::read_to_string(done.page()).unwrap();
    assert!(page.contains("py-queue") && !page.contains("<figure"), "it has no histograms");
}

#[test]
fn what_lies_beside_a_record_and_is_damaged_is_a_warning() {
    let (folder, ids) = kept(&[&[100, 110, 105]]);
    let run = folder.path().join("runs").join(&ids[0]);
    let log = fs::read_dir(run.join("histograms")).unwrap().next().unwrap().unwrap().path();
    fs::write(&log, "no histogram").unwrap();
    let done = report(folder.path(), &[]);
    assert!(done.code == 0 && done.told.contains("warning: "), "{}", done.told);
    assert!(done.told.contains(log.file_name().unwrap().to_str().unwrap()), "{}", done.told);
}

#[test]
fn two_runs_stand_side_by_side() {
    let (folder, ids) = kept(&[&[100, 110, 105], &[200, 220, 210]]);
    let both = [&ids[0][..], &ids[1][..]];
    let done = report(folder.path(), &both);
    let name = format!("comparisons/{}..{}/report.html", ids[0], ids[1]);
    assert_eq!(done.page(), folder.path().join(name));
    for words in ["B against A", "+100.0 %", "3 and 3 repeats", "not the gate"] {
        assert!(done.printed.contains(words), "{words}: {}", done.printed);
    }
    for verdict in ["regressed", "improved", "FAIL"] {
        assert!(!done.printed.contains(verdict), "{verdict}: {}", done.printed);
    }
    let page = fs::read_to_string(done.page()).unwrap();
    sound(&page, NONE);
    assert!(page.contains(&ids[0]) && page.contains("data-series=\"pipe (B)\""));

    let args = [&both[..], &["--export-html", "two.html", "--export-markdown", "two.md"]].concat();
    assert_eq!(report(folder.path(), &args).page(), Path::new("two.html"));
    assert_eq!(fs::read_to_string(folder.path().join("two.html")).unwrap(), page);
    let markdown = fs::read_to_string(folder.path().join("two.md")).unwrap();
    assert!(markdown.contains("## Differences") && markdown.contains("+100.0 %"), "{markdown}");
    let args = [&both[..], &["--export-csv", "two.csv"]].concat();
    report(folder.path(), &args).failed(2, &["a comparison is not exported as CSV"]);
}

#[test]
fn hostile_records_are_drawn_inert_and_in_their_place() {
    let (folder, _) = kept(&[]);
    for name in ["one", "two"] {
        let mut hostile = record("../../../evil", vec![trips(SCRIPT, &[100, 110, 105])]);
        hostile.started = SCRIPT.to_owned();
        hostile.host.facts.cpu = Some(format!("{SCRIPT} {name}"));
        forge(&folder.path().join(name), &hostile);
    }
    let done = report(folder.path(), &["one", "two"]);
    let page = done.page();
    let inside = fs::canonicalize(folder.path().join("comparisons")).unwrap();
    assert!(fs::canonicalize(&page).unwrap().starts_with(inside), "{}", page.display());
    sound(&fs::read_to_string(page).unwrap(), NONE);
    assert!(done.printed.contains("the processor differs"), "{}", done.printed);
    assert!(done.printed.contains("two against one") && !done.printed.contains('\u{1b}'));
    let alone = report(folder.path(), &["one"]);
    sound(&fs::read_to_string(folder.path().join(alone.page())).unwrap(), NONE);
}

#[test]
fn what_is_no_run_is_refused_with_a_remedy() {
    let (folder, ids) = kept(&[]);
    assert!(ids.is_empty());
    let failed = |args: &[&str], words: &[&str]| report(folder.path(), args).failed(1, words);
    failed(&[], &["there is no run in", "pipefit compare"]);
    failed(&["20260101T000000Z-0000"], &["there is no run 2026", "latest"]);
    failed(&["/dev/zero"], &["there is no run /dev/zero"]);
    fs::create_dir(folder.path().join("empty")).unwrap();
    failed(&["empty"], &["there is no run in empty"]);
    forge(&folder.path().join("fine"), &record("fine", vec![trips("pipe", &[100])]));
    failed(&["fine", "none"], &["there is no run none"]);
    let later = RunRecord { schema: "pipefit-run/9".to_owned(), ..record("later", Vec::new()) };
    forge(&folder.path().join("later"), &later);
    failed(&["later"], &["no record of this version", "pipefit-run/9"]);
    fs::write(folder.path().join("torn.json"), "{").unwrap();
    failed(&["torn.json"], &["torn.json is no record"]);
    report(folder.path(), &["--history", "fine"]).failed(2, &["--history", "cannot be used with"]);
    let args = ["--history", "--export-json", "all.json"];
    report(folder.path(), &args).failed(2, &["the history is not exported as JSON"]);
}

#[test]
fn what_a_record_holds_moves_no_cursor_in_an_error() {
    let (folder, _) = kept(&[]);
    let odd = record("odd", vec![trips("pipe", &[100])]);
    let mut odd = serde_json::to_value(odd).unwrap();
    odd["cells"][0]["status"] = json!("\u{1b}[2Jvalid");
    fs::write(folder.path().join("odd.json"), odd.to_string()).unwrap();
    let done = report(folder.path(), &["odd.json"]);
    done.failed(1, &["odd.json is no record of this version", "\u{fffd}[2Jvalid"]);
    assert!(!done.told.contains('\u{1b}'), "{:?}", done.told);
}

/// Opening a pipe that nobody writes to would wait for ever.
#[test]
fn a_pipe_is_no_record_and_no_history() {
    let (folder, _) = kept(&[]);
    let run = folder.path().join("run");
    fs::create_dir(&run).unwrap();
    for (place, args) in
        [(run.join("run.json"), "run"), (folder.path().join("history.jsonl"), "--history")]
    {
        let made = Command::new("mkfifo").arg(&place).status().unwrap();
        assert!(made.success());
        report(folder.path(), &[args]).failed(1, &["it is no file"]);
    }
}

#[test]
fn the_history_is_a_page_in_the_results_folder() {
    let (folder, ids) = kept(&[&[100, 110, 105], &[101, 111, 106], &[102, 112, 107]]);
    let path = folder.path().join("history.jsonl");
    let mut lines = fs::read_to_string(&path).unwrap();
    lines.insert_str(0, "{\"schema\":\"pipefit-hist\n");
    fs::write(&path, lines).unwrap();
    fs::remove_dir_all(folder.path().join("runs").join(&ids[1])).unwrap();
    let done = report(folder.path(), &["--history"]);
    assert_eq!(done.code, 0, "{}", done.told);
    assert!(done.told.contains("1 line of history.jsonl") && done.told.ends_with("line 1\n"));
    let index = folder.path().join("index.html");
    let last = format!("report: {}", index.display());
    assert_eq!(done.printed.lines().last(), Some(&last[..]));
    let page = fs::read_to_string(index).unwrap();
    sound(&page, "^runs/[0-9TZ]+-[0-9a-f]{4}/report.html$");
    assert!(page.contains("3 runs") && page.contains("rtt/pipe/64B/block"));
    let links = captured(r#"href="(runs/[^"]*)""#, &page);
    assert_eq!(links.len(), 2, "what is gone is not linked to: {links:?}");
    assert!(links.iter().all(|link| folder.path().join(link).is_file()), "{links:?}");
    // Elsewhere, links would lead nowhere.
    let done = report(folder.path(), &["--history", "--export-html", "all.html"]);
    assert!(done.code == 0 && done.printed.ends_with("report: all.html\n"), "{}", done.told);
    sound(&fs::read_to_string(folder.path().join("all.html")).unwrap(), NONE);
}

#[test]
fn an_empty_history_is_a_page_too() {
    let (folder, _) = kept(&[]);
    let page = fs::read_to_string(report(folder.path(), &["--history"]).page()).unwrap();
    assert!(page.contains("There is no run yet"), "{page}");
}

#[test]
fn a_thousand_runs_are_drawn_while_one_waits() {
    let (folder, _) = kept(&[]);
    let line = |i: usize| {
        let cell = |t: usize| {
            let slower = if t % 8 == 3 && i >= 700 { 2_000 } else { 0 };
            let trip = 8_000 + slower + (i + t) * 37 % 400;
            json!({ "id": format!("rtt/t{t}/64B/block"), "rtt_p50_ns": trip })
        };
        let entry = json!({
            "schema": "pipefit-history/1", "run": format!("run-{i}"), "class": "example-2-bare",
            "started": format!("2026-01-01T00:{:02}:{:02}Z", i / 60, i % 60),
            "commit": null, "command": "run", "limits": { "line_rtt_ns": 400 },
            "cells": (0..40).map(cell).collect::<Vec<_>>(),
        });
        format!("{entry}\n")
    };
    let lines: String = (0..1_000).map(line).collect();
    fs::write(folder.path().join("history.jsonl"), &lines).unwrap();
    // A browser opens it as well.
    if let Some(pages) = std::env::var_os("PIPEFIT_PAGES").map(PathBuf::from) {
        fs::create_dir_all(pages.join("history")).unwrap();
        fs::write(pages.join("history/history.jsonl"), &lines).unwrap();
    }
    let began = Instant::now();
    let page = report(folder.path(), &["--history"]).page();
    // Two seconds is what a person waits; a busy machine may take longer.
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let page = fs::read_to_string(page).unwrap();
    assert!(page.len() < 5_000_000 && page.contains("1000 runs"), "{} bytes", page.len());
}
