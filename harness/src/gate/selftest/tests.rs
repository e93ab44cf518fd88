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
fn a_log_that_was_cut_short_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/decisions.jsonl");
    let mut log = Log::open(&path).unwrap();
    for number in 0..3 {
        log.add(decided(What::Same, number, "unchanged", 0.0)).unwrap();
    }
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 20]).unwrap();
    let mut log = Log::open(&path).unwrap();
    assert_eq!(log.decisions.len(), 2, "the last line was torn");
    log.add(decided(What::Same, 2, "unchanged", 0.0)).unwrap();
    assert_eq!(Log::open(&path).unwrap().decisions.len(), 3);
    assert_eq!(Log::open(&path).unwrap().decisions[2], decided(What::Same, 2, "unchanged", 0.0));
}
