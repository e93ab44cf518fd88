//! All kept runs over time.

use std::time::{Duration, Instant};

use pipefit_harness::report::history::{Overview, Past, PastCell};
use pipefit_harness::report::html;

use crate::records::{NONE, SCRIPT, captured, sound};

const CLASS: &str = "example-9000-2-bare";

/// Runs of one cell, each with its round trip in nanoseconds; the limit is always 400.
struct Runs {
    ids: Vec<String>,
    started: Vec<String>,
    trips: Vec<f64>,
}

impl Runs {
    /// What each of `n` runs found.
    fn new(n: usize, trip: impl Fn(usize) -> f64) -> Self {
        let time = |i: usize| format!("2026-01-01T00:{:02}:{:02}Z", i / 60, i % 60);
        Self {
            ids: (0..n).map(|i| format!("run-{i}")).collect(),
            started: (0..n).map(time).collect(),
            trips: (0..n).map(trip).collect(),
        }
    }

    fn past<'a>(&'a self, cells: &'a [String]) -> Vec<Past<'a>> {
        let cell = |id: &'a String, trip: f64| PastCell { id, figures: vec![("rtt.p50", trip)] };
        let one = |i: usize| Past {
            run: &self.ids[i],
            started: &self.started[i],
            class: CLASS,
            commit: Some("0123456789abcdef"),
            command: "run",
            limits: [(("line_rtt_ns", None), 400.0)].into(),
            cells: cells.iter().map(|id| cell(id, self.trips[i])).collect(),
            ..Past::default()
        };
        (0..self.ids.len()).map(one).collect()
    }
}

fn cells(n: usize) -> Vec<String> {
    (0..n).map(|i| format!("rtt/t{i}/64B/block")).collect()
}

/// A little scatter, the same each time.
fn scatter(i: usize) -> f64 {
    1.0 + ((i * 37) % 11) as f64 / 200.0
}

#[test]
fn a_change_that_stayed_is_found_with_its_run_and_commit() {
    let runs = Runs::new(40, |i| scatter(i) * if i < 25 { 8_000.0 } else { 10_400.0 });
    let cells = cells(1);
    let overview = Overview::new(&runs.past(&cells), CLASS, &[]);
    let [class] = &overview.classes[..] else { panic!("{overview:?}") };
    assert!(class.this_machine && class.whole == 40);
    assert_eq!((&class.runs[0].run[..], &class.runs[39].run[..]), ("run-39", "run-0"));
    let [series] = &class.series[..] else { panic!("{class:?}") };
    assert_eq!(series.figure, "rtt.p50 / limits.line_rtt.p50");
    assert!(series.is_ratio && (series.newest().unwrap() - 26.0 * scatter(39)).abs() < 1e-9);
    let [turn] = &series.turns[..] else { panic!("{series:?}") };
    assert_eq!((&turn.run.run[..], turn.at), ("run-25", 25));
    assert!((turn.change_pct() - 30.0).abs() < 5.0, "{turn:?}");
    // The ten before the newest lie behind the change.
    assert!(series.change_pct.unwrap().abs() < 6.0, "{series:?}");
    let page = html::history(&overview);
    sound(&page, NONE);
    assert!(page.contains("1 change that stayed") && page.contains("0123456789abcdef"));
    assert_eq!(page.matches("class=\"turn\"").count(), 1);
    assert_eq!(page.matches("<figure").count(), 1, "what changed is drawn large");

    // Control: without a change, none is found, and nothing is drawn large.
    let level = Runs::new(40, |i| 8_000.0 * scatter(i));
    let page = html::history(&Overview::new(&level.past(&cells), CLASS, &[]));
    assert!(page.contains("0 changes") && !page.contains("class=\"turn\""));
    assert_eq!(page.matches("<figure").count(), 0);
}

#[test]
fn partial_runs_are_listed_and_in_no_trend() {
    let runs = Runs::new(12, |i| if i == 11 { 1e9 } else { 8_000.0 * scatter(i) });
    let cells = cells(1);
    let mut past = runs.past(&cells);
    past[11].partial = true;
    let overview = Overview::new(&past, "elsewhere", &[]);
    let class = &overview.classes[0];
    assert_eq!((class.runs.len(), class.whole, class.series[0].points.len()), (12, 11, 11));
    assert!(class.runs[0].partial && !class.this_machine);
    let page = html::history(&overview);
    assert!(page.contains("⚠ partial") && page.contains("1 of them partial"));
}

#[test]
fn a_figure_without_a_limit_is_shown_itself() {
    let runs = Runs::new(8, |i| 8_000.0 * scatter(i));
    let cells = cells(1);
    let mut past = runs.past(&cells);
    past.iter_mut().for_each(|one| one.limits.clear());
    let overview = Overview::new(&past, CLASS, &[]);
    let series = &overview.classes[0].series[0];
    assert_eq!((&series.figure[..], series.is_ratio), ("rtt.p50", false));
    assert!(series.shown(8_000.0).contains("µs"), "{}", series.shown(8_000.0));
    // Where only a few lack it, those are left out.
    let mut past = runs.past(&cells);
    past[2].limits.clear();
    let overview = Overview::new(&past, CLASS, &[]);
    let series = &overview.classes[0].series[0];
    assert!(series.is_ratio && series.points.len() == 7, "{series:?}");
}

#[test]
fn classes_stand_apart_and_this_one_comes_first() {
    let runs = Runs::new(6, |i| 8_000.0 * scatter(i));
    let cells = cells(1);
    let mut past = runs.past(&cells);
    past[..3].iter_mut().for_each(|one| one.class = "another-class");
    let overview = Overview::new(&past, CLASS, &[]);
    let names: Vec<&str> = overview.classes.iter().map(|class| &class.name[..]).collect();
    assert_eq!(names, [CLASS, "another-class"]);
    assert!(overview.classes.iter().all(|class| class.runs.len() == 3));
}

#[test]
fn runs_that_are_still_there_are_linked_to() {
    let runs = Runs::new(3, |i| 8_000.0 * scatter(i));
    let cells = cells(1);
    let mut past = runs.past(&cells);
    (past[0].has_page, past[1].has_page) = (true, true);
    past[1].run = "../../elsewhere";
    let page = html::history(&Overview::new(&past, CLASS, &[]));
    sound(&page, "^runs/run-0/report.html$");
    assert!(page.contains("href=\"runs/run-0/report.html\""));
}

#[test]
fn an_empty_history_says_how_to_make_a_run() {
    let page = html::history(&Overview::new(&[], CLASS, &[]));
    sound(&page, NONE);
    assert!(page.contains("There is no run yet") && page.contains("pipefit compare"));
}

#[test]
fn damaged_lines_are_named_and_hostile_names_inert() {
    let runs = Runs::new(12, |i| 8_000.0 * scatter(i));
    let hostile = [format!("rtt/{SCRIPT}/64B"), SCRIPT.to_owned()];
    let mut past = runs.past(&hostile);
    for one in &mut past {
        (one.class, one.commit, one.command) = (SCRIPT, Some(SCRIPT), SCRIPT);
        one.has_page = true;
    }
    past[3].run = SCRIPT;
    past[3].started = SCRIPT;
    past[4].cells[0].figures = vec![("rtt.p50", f64::NAN), ("rtt.p99", -1.0)];
    let page = html::history(&Overview::new(&past, CLASS, &[3, 9]));
    sound(&page, "^runs/run-[0-9]+/report.html$");
    assert!(page.contains("2 lines of history.jsonl") && page.contains("lines 3, 9"), "{page}");
}

#[test]
fn a_thousand_runs_are_drawn_at_once_and_stay_small() {
    let runs = Runs::new(1_000, |i| scatter(i) * if i < 700 { 8_000.0 } else { 10_400.0 });
    let cells = cells(60);
    let past = runs.past(&cells);
    let began = Instant::now();
    let page = html::history(&Overview::new(&past, CLASS, &[]));
    // Two seconds is what a person waits; a busy machine may take longer.
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(page.len() < 5_000_000, "{} bytes", page.len());
    let lines = captured(r#"<polyline points="([^"]*)""#, &page);
    assert_eq!(lines.len(), 60);
    assert!(lines.iter().all(|line| line.split(' ').count() <= 200));
    assert_eq!(page.matches("<figure").count(), 6, "the first few are drawn large");
    assert_eq!(page.matches("data-name=\"run-").count(), 1_000);
}
