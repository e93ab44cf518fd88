//! The table from decisions that are written down here, and a log that was cut short.

use super::*;

fn decided(what: What, number: u32, ruling: &str, effect: f64) -> Decision {
    let pairs = (0..20)
        .map(|i| {
            let base = 1_000.0 + f64::from((i * 7) % 20);
            Pair { base, head: base * (1.0 + effect) }
        })
        .collect();
    let again = if effect > 0.0 { vec![Pair { base: 1.0, head: 1.1 }] } else { Vec::new() };
    Decision {
        what,
        number,
        cell: "rtt/pipe/64B/block".into(),
        class: None,
        slower_ppm: 50_000,
        first: ruling.into(),
        ruling: ruling.into(),
        first_ns: 1_500_000_000,
        took_ns: 4_000_000_000,
        pairs,
        again,
        null: Vec::new(),
    }
}

fn met(all: &[Decision], what: &str) -> Option<bool> {
    let rows = rows(all);
    rows.iter().find(|row| row.what.contains(what)).unwrap_or_else(|| panic!("{what}")).met
}

#[test]
fn a_row_is_met_where_its_interval_reaches_the_target() {
    let mut same: Vec<Decision> =
        (0..400).map(|n| decided(What::Same, n, "unchanged", 0.0)).collect();
    assert_eq!(met(&same, "A/A, single"), Some(true));
    for one in &mut same[..4] {
        one.ruling = "regressed".into();
    }
    // 4 of 400: [0.27 %, 2.5 %] reaches 0.5 %.
    assert_eq!(met(&same, "A/A, single"), Some(true));
    for one in &mut same[..9] {
        one.ruling = "regressed".into();
    }
    assert_eq!(met(&same, "A/A, single"), Some(false), "the control: a gate that cries wolf");
    assert!(!holds(&same));
    assert_eq!(met(&same, "10 % slower"), None, "not tried");
}

#[test]
fn what_is_missed_shows() {
    let mut slower: Vec<Decision> =
        (0..180).map(|n| decided(What::Slower5, n, "regressed", 0.05)).collect();
    let found = rows(&slower);
    let row = found.iter().find(|row| row.what.starts_with("5 % slower")).unwrap();
    assert!(row.what.contains("realised 5.0 % (5.0 to 5.0)"), "{row:?}");
    assert_eq!(row.met, Some(true));
    for one in &mut slower[..30] {
        one.ruling = "unchanged".into();
    }
    assert_eq!(met(&slower, "5 % slower, realised 5.0 % (5.0 to 5.0), before"), Some(true));
    assert_eq!(met(&slower, "5 % slower, realised 5.0 % (5.0 to 5.0), after"), Some(false));
}

#[test]
fn beside_others_a_false_alarm_and_a_miss_are_one_too_many() {
    let crowd = |ruling: &str| {
        vec![
            decided(What::CrowdedSame, 0, ruling, 0.0),
            decided(What::CrowdedSlower25, 0, ruling, 0.25),
        ]
    };
    for (ruling, same, slower) in [
        ("inconclusive", true, true),
        ("environment invalid", true, true),
        ("unchanged", true, false),
        ("regressed", false, true),
    ] {
        let all = crowd(ruling);
        assert_eq!(met(&all, "A/A beside"), Some(same), "{ruling}");
        assert_eq!(met(&all, "25 % slower beside"), Some(slower), "{ruling}");
    }
}

#[test]
fn what_is_left_open_contradicts_nothing() {
    let one = |what, ruling: &str| contradicted(&[decided(what, 0, ruling, 0.25)]);
    assert!(one(What::Same, "regressed") && one(What::Slower25, "unchanged"));
    assert!(!one(What::Same, "inconclusive") && !one(What::Slower25, "environment invalid"));
}

#[test]
fn a_suite_counts_its_runs_and_not_its_cells() {
    let mut all = Vec::new();
    for number in 0..3 {
        for _ in 0..10 {
            all.push(decided(What::SameSuite, number, "unchanged", 0.0));
        }
    }
    all[0].ruling = "regressed".into();
    all[1].ruling = "regressed".into();
    assert_eq!(met(&all, "whole suite"), Some(true), "two cells of one run");
    all[10].ruling = "regressed".into();
    assert_eq!(met(&all, "whole suite"), Some(false), "two runs");
}

#[test]
fn what_could_not_be_measured_is_in_no_other_count() {
    let mut all: Vec<Decision> =
        (0..20).map(|n| decided(What::Slower25, n, "regressed", 0.25)).collect();
    all.push(decided(What::CrowdedSlower25, 0, "inconclusive", 0.25));
    assert_eq!(met(&all, "could not be measured"), Some(true));
    let seen = |all: &[Decision], what: &str| {
        rows(all).into_iter().find(|row| row.what.contains(what)).unwrap().seen
    };
    let before = seen(&all, "25 % slower, realised");
    all.push(decided(What::Slower25, 20, "broken", 0.25));
    all.push(decided(What::CrowdedSlower25, 1, "broken", 0.25));
    all.push(decided(What::Same, 0, "broken", 0.0));
    assert_eq!(seen(&all, "25 % slower, realised"), before);
    assert_eq!(seen(&all, "25 % slower beside"), "0 found, 1 inconclusive, 0 missed");
    assert_eq!(met(&all, "A/A, single"), None, "none was measured");
    assert_eq!(seen(&all, "could not be measured"), "3 of 24");
    assert_eq!(met(&all, "could not be measured"), Some(false));
    assert_eq!(unmeasured(&all), 3);
}

#[test]
fn a_log_that_was_cut_short_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/decisions.jsonl");
    let mut log = Log::open(&path).unwrap();
    for number in 0..3 {
        log.add(decided(What::Same, number, "unchanged", 0.0)).unwrap();
    }
    let taken = Log::open(&path).unwrap_err();
    assert!(taken.to_string().contains("another self-test"), "{taken}");
    drop(log);
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 20]).unwrap();
    assert_eq!(Log::read(&path).unwrap().len(), 2, "read, and left as it is");
    assert_eq!(std::fs::read(&path).unwrap().len(), whole.len() - 20);
    let mut log = Log::open(&path).unwrap();
    assert_eq!((log.decisions.len(), log.unreadable), (2, 0), "the last line was torn");
    log.add(decided(What::Same, 2, "unchanged", 0.0)).unwrap();
    drop(log);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), whole);
    assert_eq!(Log::read(&path).unwrap()[2], decided(What::Same, 2, "unchanged", 0.0));
}

#[test]
fn lines_that_are_no_decision_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("decisions.jsonl");
    let good = serde_json::to_string(&decided(What::Same, 0, "unchanged", 0.0)).unwrap();
    std::fs::write(&path, format!("{good}\n{{\"what\":\"same\"}}\n{good}\n")).unwrap();
    let log = Log::open(&path).unwrap();
    assert_eq!((log.decisions.len(), log.unreadable), (2, 1));
    assert!(Log::read(&path).unwrap_err().to_string().contains("decision 2"));
}

#[test]
fn what_was_decided_elsewhere_is_tried_here_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = Log::open(&folder.path().join("decisions.jsonl")).unwrap();
    for class in [None, Some("here"), Some("elsewhere")] {
        let class = class.map(str::to_owned);
        log.add(Decision { class, ..decided(What::Same, 0, "unchanged", 0.0) }).unwrap();
    }
    let here = log.of_class("here");
    let classes: Vec<_> = here.decisions.iter().map(|d| d.class.as_deref()).collect();
    assert_eq!(classes, [None, Some("here")]);
}
