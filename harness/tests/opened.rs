//! A run that was kept is read back as it was; what is missing or damaged beside its
//! record is said, and costs no more than itself.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]

use std::fs;
use std::path::{Path, PathBuf};

use pipefit::ground::{Hertz, Nanos};
use pipefit::role::Extent;
use pipefit::run::launch::play_virtually;
use pipefit::run::measure::Book;
use pipefit::run::record::Measured;
use pipefit::run::{Case, scenario};
use pipefit::transport::scripted::{self, Fate, TRANSIT};
use pipefit_harness::report::Curves;
use pipefit_harness::results::{Opened, RunError, Store, open_run, read_run};
use pipefit_harness::verdict::{Verdicts, record};
use pipefit_harness::{Ended, Notebook};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A short run in virtual time, read or drawn.
fn measure(name: &str) -> Measured {
    let scenario = scenario::find(name).unwrap();
    let case = Case {
        rate: Some(Hertz::new(1_000)),
        extent: Extent::Frames(300),
        ..Case::of(scenario, "scripted")
    };
    let lost = |i: u64| if i == 100 { Fate::Vanish } else { Fate::After(TRANSIT) };
    let link = scripted::link(case.link().frame, lost);
    let trial = play_virtually(&(scenario.plan)(&case, 7), link, Nanos::from_secs(100));
    let mut book = Book::new(case);
    let fault = book.fault_of(&trial);
    book.add(&trial, fault);
    book.close()
}

fn verdicts() -> Verdicts {
    Verdicts {
        schema: record::SCHEMA.to_owned(),
        file: "budgets.toml".to_owned(),
        profile: "quick".to_owned(),
        decided: 1.0,
        budgets: Vec::new(),
    }
}

/// Keeps a run of two cells; gives what was measured, and its folder.
fn kept() -> (TempDir, Vec<Measured>, PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let store = Store::find(Some(&parent.path().join("results")));
    let measured = vec![measure("stream"), measure("gui60")];
    let notes = Notebook::open(vec!["opened".to_owned()]);
    let kept = notes.keep_checked(&store, measured.clone(), &verdicts(), Ended::default());
    let folder = kept.unwrap().folder;
    (parent, measured, folder)
}

fn log_of(folder: &Path, cell: usize) -> PathBuf {
    folder.join(read_run(folder).unwrap().cells[cell].histograms.as_ref().unwrap())
}

/// Changes the record as a text editor would.
fn change(folder: &Path, change: impl FnOnce(&mut Value)) {
    let path = folder.join("run.json");
    let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut record);
    fs::write(&path, record.to_string()).unwrap();
}

/// The only warning, which must hold these words; all other cells are whole.
fn warned(opened: &Opened, words: &[&str]) {
    assert_eq!(opened.warnings.len(), 1, "{:?}", opened.warnings);
    for word in words {
        assert!(opened.warnings[0].contains(word), "{:?} has not {word:?}", opened.warnings);
    }
    let whole = &opened.record.cells[1].id;
    assert!(opened.curves.get(whole, "response").is_some_and(|all| all.len() == 299));
}

#[test]
fn a_run_is_read_back_as_it_was_kept() {
    let (_parent, measured, folder) = kept();
    let opened = open_run(&folder).unwrap();
    assert_eq!(opened.warnings, Vec::<String>::new());
    assert_eq!(opened.folder, folder);
    assert_eq!(opened.record, read_run(&folder).unwrap());
    assert_eq!(opened.verdicts, Some(verdicts()));
    let curves = Curves::from_measured(&measured);
    assert_eq!(opened.curves.histograms, curves.histograms);
    assert_eq!(opened.curves.timelines, curves.timelines);
    for one in &measured {
        assert_eq!(opened.curves.timeline(&one.cell.id), one.timeline.as_ref());
    }
    assert_eq!(measured[0].timeline.as_ref().map(|course| course.missing()), Some(1));
    assert!(measured[1].timeline.as_ref().is_some_and(|course| !course.screens.is_empty()));
}

#[test]
fn a_missing_or_damaged_log_is_a_warning() {
    let (_parent, _, folder) = kept();
    let log = log_of(&folder, 0);
    let name = log.file_name().unwrap().to_str().unwrap();
    let text = fs::read(&log).unwrap();
    for spoilt in [&b"\0\xff"[..], b"HIST", &text[..text.len() - 40]] {
        fs::write(&log, spoilt).unwrap();
        let opened = open_run(&folder).unwrap();
        warned(&opened, &[name]);
        assert!(opened.curves.get(&opened.record.cells[0].id, "response").is_none());
    }
    fs::remove_file(&log).unwrap();
    warned(&open_run(&folder).unwrap(), &[name, "No such file"]);
    // A folder, or anything else that is no file, is not waited for.
    fs::create_dir(&log).unwrap();
    warned(&open_run(&folder).unwrap(), &[name, "no file"]);
}

#[test]
fn nothing_outside_of_the_folder_is_read() {
    let (_parent, _, folder) = kept();
    let log = log_of(&folder, 0);
    let outside = folder.parent().unwrap().join("outside.hlog");
    fs::copy(&log, &outside).unwrap();
    for name in ["../outside.hlog", "histograms/../../outside.hlog", outside.to_str().unwrap()] {
        change(&folder, |record| record["cells"][0]["histograms"] = json!(name));
        warned(&open_run(&folder).unwrap(), &["outside.hlog", "not in the run's folder"]);
    }
    // Control: inside of it, the same file is read.
    fs::copy(&log, folder.join("moved.hlog")).unwrap();
    change(&folder, |record| record["cells"][0]["histograms"] = json!("moved.hlog"));
    assert_eq!(open_run(&folder).unwrap().warnings, Vec::<String>::new());
}

#[test]
fn what_else_lies_beside_a_record_may_be_missing_or_damaged() {
    let (_parent, _, folder) = kept();
    for (file, later) in [
        ("timelines.json", json!({ "schema": "pipefit-timelines/9", "cells": {} })),
        ("verdicts.json", json!({ "schema": "pipefit-verdicts/9" })),
    ] {
        let whole = fs::read(folder.join(file)).unwrap();
        for spoilt in [b"{".to_vec(), later.to_string().into_bytes()] {
            fs::write(folder.join(file), spoilt).unwrap();
            warned(&open_run(&folder).unwrap(), &[file]);
        }
        fs::remove_file(folder.join(file)).unwrap();
        let opened = open_run(&folder).unwrap();
        assert_eq!(opened.warnings, Vec::<String>::new(), "older runs have none");
        let is_there = match file {
            "timelines.json" => !opened.curves.timelines.is_empty(),
            _ => opened.verdicts.is_some(),
        };
        assert!(!is_there, "{file}");
        fs::write(folder.join(file), whole).unwrap();
    }
}

#[test]
fn without_a_record_there_is_no_run() {
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(open_run(empty.path()), Err(RunError::Missing(_))));
}
