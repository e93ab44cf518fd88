//! Runs beside each other.

use pipefit::run::limits::Limits;
use pipefit::run::record::{Cell, Metrics, RunRecord, Spread, Status, Warning};
use pipefit_harness::report::compare::{Comparison, Side, markdown, names, table};
use pipefit_harness::report::{Curves, html, terminal};

use crate::records::{NONE, SCRIPT, captured, cell, curves, frames, record, sound, trips};

/// Two runs beside each other, `A` and `B`, on machines of one class.
fn against(a: &RunRecord, b: &RunRecord) -> Comparison {
    let none = Curves::default();
    Comparison::new(&[side("A", a, &none), side("B", b, &none)])
}

fn side<'a>(name: &'a str, record: &'a RunRecord, curves: &'a Curves) -> Side<'a> {
    Side { name, class: "example-9000-2-bare", record, curves }
}

/// Round trips over a pipe and a channel, and frames over the pipe.
fn run(id: &str) -> RunRecord {
    let cells = vec![
        trips("pipe", &[10_000, 10_200, 10_100]),
        trips("thread", &[5_000, 5_200, 5_100]),
        frames("pipe", &[400_000, 410_000, 420_000]),
    ];
    record(id, cells)
}

#[test]
fn a_run_beside_itself_shows_no_difference_and_no_best() {
    let run = run("one");
    let comparison = against(&run, &run);
    assert_eq!(comparison.differences.len(), 3);
    for one in &comparison.differences {
        assert!(one.change.pct.abs() < 1e-9 && one.change.shown() == "0.0 %", "{one:?}");
        let (low, high) = one.change.between.unwrap();
        assert!(low < 0.0 && high > 0.0 && one.about == "3 and 3 repeats", "{one:?}");
    }
    let rows = || comparison.groups.iter().flat_map(|group| &group.rows);
    assert_eq!(rows().count(), 6);
    assert!(rows().all(|line| !line.row.best), "two are equally good");
    assert!(comparison.left_out.is_empty() && comparison.apart.is_empty(), "{comparison:?}");
    let page = html::compared(&[side("A", &run, &curves(&run)), side("B", &run, &curves(&run))]);
    sound(&page, NONE);
    assert!(!page.contains("class=\"best\"") && page.contains("This is not the gate"));
}

#[test]
fn a_difference_has_its_interval_and_is_taken_over_each_ones_limit() {
    let (a, mut b) = (run("a"), run("b"));
    b.cells[0] = trips("pipe", &[20_000, 20_400, 20_200]);
    // A machine that is half as fast, and nothing else.
    b.limits = b.limits.map(|limits| Limits {
        line_rtt_ns: Spread { p50: Some(800), ..limits.line_rtt_ns.clone() },
        ..limits
    });
    let comparison = against(&a, &b);
    let pipe = &comparison.differences[0];
    assert_eq!((&pipe.cell[..], &pipe.figure[..]), ("rtt/pipe/64B/block", "rtt.p50"));
    assert_eq!((&pipe.base[..], &pipe.run[..], pipe.is_rate), ("A", "B", false));
    assert!((pipe.change.pct - 100.0).abs() < 1e-9, "{pipe:?}");
    let (low, high) = pipe.change.between.unwrap();
    assert!(low > 90.0 && low < 100.0 && high > 100.0 && high < 110.0, "{pipe:?}");
    let over = pipe.to_limit.unwrap();
    assert!(over.pct.abs() < 1e-9 && over.between.is_some(), "{over:?}");
    assert!(comparison.differences[2].is_rate && comparison.differences[2].to_limit.is_none());
    // Those of one transport stand together, each over its own run's limit.
    let rtt = &comparison.groups[0];
    let order: Vec<(&str, &str)> =
        rtt.rows.iter().map(|line| (&line.row.transport[..], &line.run[..])).collect();
    assert_eq!(order, [("pipe", "A"), ("pipe", "B"), ("thread", "A"), ("thread", "B")]);
    let ratios: Vec<f64> = rtt.rows.iter().map(|line| line.ratio.unwrap()).collect();
    assert_eq!((ratios[0], ratios[1]), (25.5, 25.5));
}

#[test]
fn the_best_of_all_runs_is_marked_once() {
    let (a, mut b) = (run("a"), run("b"));
    b.cells[1] = trips("thread", &[4_000, 4_200, 4_100]);
    let comparison = against(&a, &b);
    let best: Vec<(&str, &str)> = comparison.groups[0]
        .rows
        .iter()
        .filter(|line| line.row.best)
        .map(|line| (&line.row.transport[..], &line.run[..]))
        .collect();
    assert_eq!(best, [("thread", "B")]);
    b.cells[1].status = Status::Invalid;
    let comparison = against(&a, &b);
    let best = comparison.groups[0].rows.iter().find(|line| line.row.best).unwrap();
    assert_eq!((&best.row.transport[..], &best.run[..]), ("thread", "A"));
    let left = &comparison.left_out[0];
    assert_eq!((&left.cell[..], &left.why[..]), ("rtt/thread/64B/block", "invalid in B"));
}

#[test]
fn without_repeats_there_is_no_interval() {
    let once = |id, p50| record(id, vec![trips("pipe", &[p50])]);
    let without = |a: &RunRecord, b: &RunRecord, why: &str| {
        let one = against(a, b).differences.remove(0);
        assert!(one.change.between.is_none() && one.about.contains(why), "{one:?}");
    };
    without(&once("a", 100), &once("b", 150), "one repeat each: no interval");
    let twice = record("b", vec![trips("pipe", &[100, 110])]);
    without(&once("a", 100), &twice, "1 and 2 repeats: too few");
    let level = record("b", vec![trips("pipe", &[100, 100, 100])]);
    without(&level, &level, "do not scatter");
    // The age of a screen is of the whole run: its repeats are not kept by themselves.
    let age = Metrics {
        age_ns: Some(Spread { count: 9, p50: Some(9_000_000), ..Spread::default() }),
        ..Metrics::default()
    };
    let screen = Cell { repeats: 3, tries: 3, metrics: age, ..cell("gui60", "pipe") };
    let screens = record("c", vec![screen]);
    without(&screens, &screens, "no such figure of each repeat");
}

#[test]
fn cells_are_matched_by_id_in_any_order_and_others_are_listed() {
    let a = run("a");
    let mut b = run("b");
    b.cells.reverse();
    let mut turned = against(&a, &b).differences;
    let mut straight = against(&a, &run("b")).differences;
    turned.sort_by(|x, y| x.cell.cmp(&y.cell));
    straight.sort_by(|x, y| x.cell.cmp(&y.cell));
    assert_eq!(turned, straight);

    // As Python's own ways are: other transports, in the same scenario and size.
    let python = record("python", vec![trips("py-queue", &[90_000])]);
    let comparison = against(&a, &python);
    assert!(comparison.differences.is_empty() && comparison.sentence.contains("no cell"));
    assert_eq!(comparison.left_out.len(), 4);
    assert!(comparison.left_out.iter().all(|left| left.why.starts_with("not in ")));
    let rtt = &comparison.groups[0];
    let names: Vec<&str> = rtt.rows.iter().map(|line| &line.row.transport[..]).collect();
    assert_eq!(names, ["pipe", "thread", "py-queue"]);
    assert!(rtt.rows[1].row.best, "among those of both");
    assert!(table(&comparison).contains("py-queue"));
}

#[test]
fn three_runs_are_held_against_the_first_that_has_the_cell() {
    let (a, b, c) = (record("a", Vec::new()), run("b"), run("c"));
    let none = Curves::default();
    let sides = [side("A", &a, &none), side("B", &b, &none), side("C", &c, &none)];
    let comparison = Comparison::new(&sides);
    assert_eq!(comparison.differences.len(), 3);
    assert!(comparison.differences.iter().all(|one| one.base == "B" && one.run == "C"));
    assert!(comparison.left_out.iter().all(|left| left.why == "not in A"));
}

#[test]
fn what_else_differs_is_a_warning() {
    let (a, mut b) = (run("a"), run("b"));
    b.host.facts.cpu = Some("Example 9001".to_owned());
    b.host.facts.kernel = "Linux 6.2.0".to_owned();
    b.build.commit = None;
    b.partial = true;
    let none = Curves::default();
    let other = Side { class: "example-9001-2-bare", ..side("B", &b, &none) };
    let sides = [side("A", &a, &none), other];
    let comparison = Comparison::new(&sides);
    let what: Vec<&str> = comparison.apart.iter().map(|apart| apart.what).collect();
    assert_eq!(what, ["machine class", "processor", "kernel", "commit", "completeness"]);
    let page = html::compared(&sides);
    assert!(page.contains("The processor differs") && page.contains("A: Example 9000"), "{page}");
    assert!(page.contains("⚠ partial"));
    for text in [table(&comparison), markdown(&comparison)] {
        assert!(text.contains("the kernel differs") && text.contains("Linux 6.2.0"), "{text}");
        assert!(text.contains("not the gate"), "{text}");
    }
}

#[test]
fn curves_of_all_runs_share_a_plot() {
    let (a, b) = (run("a"), run("b"));
    let (of_a, of_b) = (curves(&a), curves(&b));
    let page = html::compared(&[side("before", &a, &of_a), side("after", &b, &of_b)]);
    sound(&page, NONE);
    let legend = r#"data-hue="(\d+" data-variant="\d+" data-series="[^"]*)""#;
    assert_eq!(
        captured(legend, &page),
        [
            "0\" data-variant=\"0\" data-series=\"pipe (before)",
            "0\" data-variant=\"1\" data-series=\"pipe (after)",
            "1\" data-variant=\"0\" data-series=\"thread (before)",
            "1\" data-variant=\"1\" data-series=\"thread (after)",
        ]
    );
    // Two plots of differences, of times and of rates, and one of curves.
    assert_eq!(page.matches("<figure").count(), 3);
    // Control: without histograms there is none of curves.
    let none = Curves::default();
    let page = html::compared(&[side("before", &a, &none), side("after", &b, &none)]);
    assert_eq!(page.matches("<figure").count(), 2);
}

#[test]
fn hostile_names_stay_names() {
    let mut hostile = record(SCRIPT, vec![trips(SCRIPT, &[100, 110, 105]), cell(SCRIPT, SCRIPT)]);
    hostile.started = SCRIPT.to_owned();
    hostile.build.commit = Some(SCRIPT.to_owned());
    hostile.host.facts.cpu = Some(SCRIPT.to_owned());
    hostile.host.warnings = vec![Warning { what: SCRIPT.to_owned(), remedy: SCRIPT.to_owned() }];
    hostile.cells[1].notes = vec![SCRIPT.to_owned()];
    let other = run("b");
    let called = names(&[SCRIPT.to_owned(), "b".to_owned()]);
    assert_eq!(called, ["A", "B"], "it is too long");
    let (of_one, none) = (curves(&hostile), Curves::default());
    let sides = [
        Side { class: SCRIPT, ..side(SCRIPT, &hostile, &of_one) },
        side("B", &other, &none),
        side("again", &hostile, &of_one),
    ];
    sound(&html::compared(&sides), NONE);
    let comparison = Comparison::new(&sides);
    assert!(!table(&comparison).contains('\u{1b}'));
    let markdown = markdown(&comparison);
    assert!(!markdown.contains("<script") && !markdown.contains('\u{1b}'), "{markdown}");
}

#[test]
fn tables_keep_within_a_terminal() {
    let (mut a, mut b) = (run("before-the-change"), run("after-the-change"));
    (a.id, b.id) = ("20261121T231500Z-ab12".to_owned(), "20261121T241500Z-cd34".to_owned());
    b.host.facts.kernel = "Linux 6.2.0".to_owned();
    let comparison = against(&a, &b);
    assert!(!comparison.differences.is_empty(), "the control: there is a table of them");
    for line in table(&comparison).lines() {
        assert!(line.chars().count() <= terminal::WIDTH, "{line}");
    }
}

#[test]
fn runs_of_nothing_stand_beside_each_other() {
    let (a, b) = (record("a", Vec::new()), record("b", Vec::new()));
    let none = Curves::default();
    let page = html::compared(&[side("A", &a, &none), side("B", &b, &none)]);
    sound(&page, NONE);
    assert!(page.contains("No cell has a valid figure"));
    assert!(table(&against(&a, &b)).contains("2 runs"));
}
