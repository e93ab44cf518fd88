//! What is said beside figures and plots: of which metric, of whom, and what is not shown.

use pipefit::link::Policy;
use pipefit::role::timeline::Latency;
use pipefit::run::record::{Measured, RunRecord, Status};
use pipefit_harness::report::{BudgetsView, Curves, View, html};
use pipefit_harness::verdict::Verdicts;

use super::drawings;
use super::literal::{course, limits, record, small, streamed, whole};
use super::pages::verdicts;

fn run(all: &[Measured]) -> (RunRecord, Curves) {
    let cells = all.iter().map(|m| m.cell.clone()).collect();
    (RunRecord { cells, ..record() }, Curves::from_measured(all))
}

#[test]
fn a_rate_is_held_beside_a_limit_of_its_own_kind() {
    let (mut record, _) = whole();
    let view = View::new(&record);
    let max = view.summary.iter().find(|row| row.scenario == "max").unwrap();
    assert_eq!((&max.name[..], max.key), ("throughput bytes", "metrics/throughput_bytes_per_s"));
    let share = max.figure.raw().unwrap() / 5e9;
    assert!((max.ratio.unwrap() - share).abs() < 1e-12, "{max:?}");
    assert!(max.limit.ends_with("GB/s"), "{}", max.limit);
    // Where one valid cell lacks the figure, there is no main column, and no ratio.
    let of_rtt = |record: &RunRecord| -> Vec<bool> {
        let view = View::new(record);
        let rows = view.summary.iter().filter(|row| row.scenario == "rtt");
        rows.map(|row| row.ratio.is_some()).collect()
    };
    assert_eq!(of_rtt(&record), [true, true], "the control");
    let one = record.cells.iter_mut().find(|cell| cell.scenario == "rtt").unwrap();
    one.metrics.rtt_ns = None;
    assert_eq!(of_rtt(&record), [false, false]);
}

#[test]
fn a_run_of_one_cell_says_how_far_from_the_limit_it_is() {
    let (record, curves) = small();
    let one = RunRecord { cells: record.cells[..1].to_vec(), limits: Some(limits()), ..record };
    assert!(html::page(&one, &curves, None).contains("over the limit</th>"));
    let without = RunRecord { limits: None, ..one };
    assert!(!html::page(&without, &curves, None).contains("over the limit</th>"), "the control");
}

#[test]
fn no_two_bests_are_said_in_the_same_words() {
    let (mut record, _) = whole();
    let other = |cell: &pipefit::run::record::Cell| pipefit::run::record::Cell {
        id: format!("{}/2", cell.id),
        policy: Policy::DropNewest,
        ..cell.clone()
    };
    let more: Vec<_> = record.cells[..2].iter().map(other).collect();
    record.cells.extend(more);
    let view = View::new(&record);
    let mut said: Vec<(&str, &str)> =
        view.best.iter().map(|best| (&best.scenario[..], &best.terms[..])).collect();
    assert!(said.contains(&("stream", "64B, 10kHz, policy block")), "{said:?}");
    let count = said.len();
    said.sort_unstable();
    said.dedup();
    assert_eq!(said.len(), count, "{said:?}");
}

#[test]
fn no_budget_is_said_in_words() {
    let none = Verdicts { budgets: Vec::new(), ..verdicts() };
    assert_eq!(BudgetsView::new(&none).sentence, "No budget was judged, profile quick.");
    assert!(BudgetsView::new(&verdicts()).sentence.starts_with("4 budgets, "), "the control");
}

#[test]
fn latencies_of_two_kinds_are_not_laid_beside_each_other() {
    let mut all = [streamed("pipe", 20_000, 4_000), streamed("thread", 20_000, 2_000)];
    for one in &mut all {
        one.timeline = Some(course(3_000));
    }
    let titles = |all: &[Measured]| -> Vec<String> {
        let (record, curves) = run(all);
        let plots = drawings(&record, &curves, "stream");
        let titles = plots.into_iter().map(|plot| plot.words.title);
        titles.filter(|title| title.ends_with("over time")).collect()
    };
    assert_eq!(titles(&all), ["stream: response over time"], "the control");
    all[0].timeline.as_mut().unwrap().latency = Latency::Transit;
    assert_eq!(titles(&all), ["stream: response over time", "stream: transit over time"]);
}

#[test]
fn sizes_that_are_invalid_are_named_beside_the_line() {
    let mut all = Vec::new();
    for (i, size) in [64, 1_024, 4_096].into_iter().enumerate() {
        let mut one = streamed("pipe", 20_000 + i as u64, 4_000);
        one.cell.size_bytes = size;
        one.cell.id = format!("stream/pipe/{size}B/10kHz/block");
        all.push(one);
    }
    all[1].cell.status = Status::Invalid;
    let (record, curves) = run(&all);
    let plots = drawings(&record, &curves, "stream");
    let plot = plots.iter().find(|plot| plot.words.title.ends_with("by size")).unwrap();
    assert_eq!(plot.words.left_out, ["pipe (1KiB)"]);
    assert!(plot.words.terms.ends_with("n = 20,000 to 20,002"), "{}", plot.words.terms);
}

#[test]
fn how_a_curve_is_read_is_said_of_each_metric() {
    let (record, curves) = whole();
    let of = |scenario: &str| drawings(&record, &curves, scenario).remove(0).words;
    assert!(of("gui60").note.starts_with("Level at 16.7 ms is best"));
    assert!(of("stream").note.starts_with("Lower is better"));
    assert!(of("stream").terms.ends_with(", all repeats"));
}
