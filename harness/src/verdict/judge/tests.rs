//! Verdicts from trials that are made up here.

use super::*;
use pipefit::ground::ledger::Balance;
use pipefit::run::record::{Metrics, Spread};
use pipefit::run::{Case, scenario};

/// A trial whose round trips take so long at the median.
fn trial(p50: u64) -> Trialled {
    let case = Case::of(scenario::find("rtt").unwrap(), "pipe");
    let mut cell =
        pipefit::run::measure::unmeasured(&case, Status::Valid, None, String::new()).cell;
    cell.reason = None;
    cell.metrics = Metrics {
        rtt_ns: Some(Spread { count: 100, p50: Some(p50), ..Spread::default() }),
        freezes: Some(0),
        ..Metrics::default()
    };
    cell.ledger = Some(Balance { offered: 100, shown: 100, ..Balance::default() });
    Trialled { cell, rivals: BTreeMap::new(), limits: None }
}

fn trials(p50s: &[u64]) -> Vec<Trialled> {
    p50s.iter().map(|p50| trial(*p50)).collect()
}

fn asserts(text: &str) -> Vec<(Assertion, usize)> {
    vec![(Assertion::read(text).unwrap(), 7)]
}

fn verdict(text: &str, trials: &[Trialled]) -> Verdict {
    judge(&asserts(text), false, trials, None, false).verdict
}

fn is_open(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Inconclusive(_))
}

#[test]
fn an_interval_that_is_clear_of_the_limit_decides() {
    let steady = trials(&[1000, 1010, 990, 1005, 995, 1000]);
    assert_eq!(verdict("rtt.p50 <= 1100ns", &steady[..3]), Verdict::Pass);
    assert!(is_open(&verdict("rtt.p50 <= 1us", &steady)), "it lies on the limit");
    assert!(is_open(&verdict("rtt.p50 <= 900ns", &steady[..5])), "too early to fail");
    assert_eq!(verdict("rtt.p50 <= 900ns", &steady), Verdict::Fail);
    assert_eq!(verdict("rtt.p50 >= 900ns", &steady), Verdict::Pass);
    assert!(is_open(&verdict("rtt.p50 <= 1us", &steady[..2])), "two trials say too little");
}

#[test]
fn the_finding_carries_figure_interval_and_limit() {
    let judged =
        judge(&asserts("rtt.p50 <= 1100ns"), false, &trials(&[900, 1000, 1100]), None, false);
    let finding = &judged.findings[0];
    let figure = finding.figure.unwrap();
    // The mean of the logarithms is the logarithm of the geometric mean.
    assert!((figure.value - 996.655).abs() < 0.01, "{figure:?}");
    assert!(figure.low < 900.0 && figure.high > 1100.0, "{figure:?}");
    assert_eq!((finding.limit, finding.line, finding.trials), (Some(1100.0), 7, 3));
    assert!(judged.open && is_open(&judged.verdict));
    assert!(
        !judge(&asserts("rtt.p50 <= 1100ns"), false, &trials(&[900, 1000, 1100]), None, true).open
    );
}

#[test]
fn a_ratio_is_taken_trial_by_trial() {
    // The machine becomes twice as slow on the way; the ratio stays.
    let mut pairs = trials(&[1000, 1010, 2000, 1990, 1000, 2010]);
    for (i, one) in pairs.iter_mut().enumerate() {
        let slow = [500, 505, 1000, 995, 500, 1005][i];
        one.rivals.insert("thread".to_owned(), trial(slow).cell);
    }
    assert_eq!(verdict("rtt.p50 <= 2.1 x thread", &pairs[..3]), Verdict::Pass);
    assert_eq!(verdict("rtt.p50 <= 1.9 x thread", &pairs), Verdict::Fail);
    pairs[2].rivals.clear();
    assert!(matches!(verdict("rtt.p50 <= 2.1 x thread", &pairs), Verdict::Invalid(_)));
}

#[test]
fn a_valid_trial_may_have_too_few_samples_and_an_invalid_one_says_why() {
    let asserts = asserts("rtt.p50 <= 1us");
    let mut few = trial(900);
    assert!(!says_too_little(&asserts, &few));
    few.cell.metrics.rtt_ns = Some(Spread { count: 3, ..Spread::default() });
    assert!(says_too_little(&asserts, &few));
    few.cell.status = Status::Invalid;
    assert!(!says_too_little(&asserts, &few), "that is another matter");
}

#[test]
fn what_is_counted_exactly_fails_at_once() {
    let mut lossy = trials(&[1000]);
    assert_eq!(verdict("lost == 0", &lossy), Verdict::Pass);
    lossy[0].cell.ledger.as_mut().unwrap().lost = 1;
    assert_eq!(verdict("lost == 0", &lossy), Verdict::Fail);
    let noisy = judge(&asserts("lost == 0"), false, &lossy, Some("a neighbour"), false);
    assert_eq!(noisy.verdict, Verdict::Fail, "no neighbour loses a frame");
}

#[test]
fn how_many_frames_there_were_is_put_to_the_vote() {
    let mut some = trials(&[1000; 8]);
    some[0].cell.ledger.as_mut().unwrap().dropped = 3;
    assert_eq!(verdict("dropped == 0", &some), Verdict::Pass, "once in eight times");
    some.iter_mut().for_each(|one| one.cell.ledger.as_mut().unwrap().dropped = 3);
    assert_eq!(verdict("dropped == 0", &some), Verdict::Fail);
    let noisy = judge(&asserts("dropped == 0"), false, &some, Some("a neighbour"), true);
    assert!(is_open(&noisy.verdict), "a neighbour makes a queue full");
}

#[test]
fn counts_that_depend_on_time_are_put_to_the_vote() {
    let mut some = trials(&[1000; 8]);
    some[0].cell.metrics.freezes = Some(2);
    assert_eq!(verdict("freezes == 0", &some), Verdict::Pass);
    assert!(is_open(&verdict("freezes == 0", &some[..3])));
    some.iter_mut().for_each(|one| one.cell.metrics.freezes = Some(1));
    assert!(is_open(&verdict("freezes == 0", &some[..5])));
    assert_eq!(verdict("freezes == 0", &some), Verdict::Fail);
}

#[test]
fn noise_excuses_a_failure_but_no_control() {
    let slow = trials(&[2000; 6]);
    let judged = |must_fail| {
        judge(&asserts("rtt.p50 <= 1us"), must_fail, &slow, Some("a neighbour"), true).verdict
    };
    assert_eq!(judged(false), Verdict::Inconclusive("a neighbour".to_owned()));
    assert_eq!(judged(true), Verdict::Pass, "it failed as it must");
    let fine = judge(&asserts("rtt.p50 <= 3us"), true, &slow, None, true).verdict;
    assert_eq!(fine, Verdict::Fail, "a control that holds shows nothing");
}

#[test]
fn what_was_not_measured_is_invalid_and_says_why() {
    let mut broken = trials(&[1000]);
    let absent = verdict("age.p99 <= 25ms", &broken);
    assert!(absent.why().unwrap().contains("no age.p99"), "{absent}");
    broken[0].cell.status = Status::Invalid;
    broken[0].cell.reason = Some("the child died".to_owned());
    let invalid = verdict("rtt.p50 <= 1us", &broken);
    assert!(invalid.why().unwrap().contains("the child died"), "{invalid}");
    let no_limits = verdict("rtt.p50 <= 3 x limits.line_rtt.p50", &trials(&[1000]));
    assert!(no_limits.why().unwrap().contains("line_rtt"), "{no_limits}");
}
