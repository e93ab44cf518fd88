//! Pages of runs that are not the usual ones: hostile, partial, invalid, empty, of one cell,
//! and of very many. With `PIPEFIT_PAGES` they are also written there, for a browser to open.

use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use pipefit::run::record::{RunRecord, Status};
use pipefit_harness::report::{Curves, html};
use pipefit_harness::results::Store;
use pipefit_harness::verdict::{AssertRecord, BudgetRecord, Verdicts};
use regex_lite::Regex;

use super::literal::{many, record, small, usual, whole};

/// Every kind of page there is, by name, each with the record that it was made from.
fn pages() -> Vec<(&'static str, RunRecord, String)> {
    let (all, curves) = whole();
    let (one, of_one) = small();
    let one = RunRecord { cells: one.cells[..1].to_vec(), ..one };
    let empty = RunRecord { cells: Vec::new(), measuring_ns: 0, partial: true, ..record() };
    let mut invalid = all.clone();
    for cell in &mut invalid.cells {
        cell.status = Status::Invalid;
        cell.reason = Some("the ledger does not balance".to_owned());
    }
    let partial = RunRecord { partial: true, ..all.clone() };
    let (large, of_large) = many(200);
    let none = Curves::default();
    let drawn = [
        ("whole", all.clone(), html::page(&all, &curves, None)),
        ("judged", all.clone(), html::page(&all, &curves, Some(&verdicts()))),
        ("one", one.clone(), html::page(&one, &of_one, None)),
        ("empty", empty.clone(), html::page(&empty, &none, None)),
        ("invalid", invalid.clone(), html::page(&invalid, &curves, None)),
        ("partial", partial.clone(), html::page(&partial, &curves, None)),
        ("large", large.clone(), html::page(&large, &of_large, None)),
    ];
    drawn.into()
}

pub(super) fn verdicts() -> Verdicts {
    let assert = |text: &str, figure: f64, limit: f64, verdict: &str| AssertRecord {
        text: text.to_owned(),
        line: 12,
        unit: "ns".to_owned(),
        figure: Some(figure),
        low: Some(0.9 * figure),
        high: Some(1.1 * figure),
        limit: Some(limit),
        verdict: verdict.to_owned(),
        reason: None,
    };
    let budget = |name: &str, cell: &str, must_fail, asserts: Vec<AssertRecord>| BudgetRecord {
        name: name.to_owned(),
        why: "an operator reacts to what is drawn".to_owned(),
        line: 10,
        cell: cell.to_owned(),
        must_fail,
        verdict: if must_fail { "pass".to_owned() } else { asserts[0].verdict.clone() },
        reason: None,
        trials: 6,
        dropped: 1,
        noise: None,
        took_ns: 3_000_000_000,
        asserts,
    };
    let stream = "stream/pipe/64B/10kHz/block";
    Verdicts {
        schema: "pipefit-verdicts/1".to_owned(),
        file: "budgets.toml".to_owned(),
        profile: "quick".to_owned(),
        decided: 1.0,
        budgets: vec![
            budget("kept", stream, false, vec![assert("response.p99 <= 100us", 18e3, 1e5, "pass")]),
            budget(
                "missed",
                stream,
                false,
                vec![assert("response.p50 <= 10us", 15e3, 1e4, "fail")],
            ),
            budget(
                "<b>control</b>",
                stream,
                true,
                vec![assert("slip.p50 <= 1us", 3e3, 1e3, "fail")],
            ),
            budget(
                "old",
                "gui60/pipe/64B/10kHz/block",
                false,
                vec![assert("age.p99 <= 5ms", 2e7, 5e6, "fail")],
            ),
        ],
    }
}

#[test]
fn every_page_is_whole_and_harmless() {
    for (name, _, page) in pages() {
        assert!(page.ends_with("</html>"), "{name}");
        assert_eq!(page.matches("<script").count(), 1, "{name}");
        assert!(!page.contains("could not be drawn"), "{name}");
        let (text, _) = page.split_once("<script>").unwrap();
        let odd = Regex::new(r"\b(NaN|inf)\b").unwrap();
        assert!(!odd.is_match(text), "{name}: {:?}", odd.find(text));
        let ids: Vec<&str> =
            page.split(" id=\"").skip(1).filter_map(|s| s.split('"').next()).collect();
        let mut unique = ids.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), ids.len(), "{name}: an id is there twice");
        let region = Regex::new("role=\"region\" aria-label=\"([^\"]*)\"").unwrap();
        let mut names: Vec<&str> =
            region.captures_iter(&page).map(|found| found.get(1).unwrap().as_str()).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "{name}: two regions are called the same: {names:?}");
        for link in page.split("href=\"#").skip(1).filter_map(|s| s.split('"').next()) {
            assert!(ids.contains(&link), "{name}: #{link} leads nowhere");
        }
    }
}

#[test]
fn stalls_gaps_and_freezes_are_on_the_page() {
    let (record, curves) = whole();
    let page = html::page(&record, &curves, None);
    for words in [
        "stream: response over time",
        "12 missing",
        "1 stall,",
        "1 freeze",
        "gui60: age of the picture",
    ] {
        assert!(page.contains(words), "{words}");
    }
    let calm = Curves { timelines: Default::default(), ..curves };
    let page = html::page(&record, &calm, None);
    assert!(!page.contains("response over time") && !page.contains("1 freeze"), "the control");
}

#[test]
fn budgets_stand_in_the_plots_that_they_are_about() {
    let (record, curves) = whole();
    let page = html::page(&record, &curves, Some(&verdicts()));
    assert!(page.contains("budget on pipe, p99 100µs: pass"));
    assert!(page.contains("budget on pipe, p50 10.0µs: fail"));
    assert!(page.contains("Budgets: figures as shares of their limits"));
    assert!(page.contains("a wake-up by a pipe: 4.90µs"), "the limit of the machine");
    assert!(page.contains("held to: budget on pipe, p99 5.00ms: fail"), "in the course of ages");
    assert!(!html::page(&record, &curves, None).contains("budget on pipe"), "the control");
}

/// A page is sent to others: one of a usual run is no larger than a photograph.
#[test]
fn the_page_of_a_usual_run_is_small() {
    let (record, curves) = usual();
    let page = html::page(&record, &curves, None);
    assert!(page.contains("<figure"), "the control: there are plots");
    assert!(page.len() < 400_000, "{} bytes", page.len());
}

/// Far from the second that a release may take: this build is not optimised as that is.
#[test]
fn two_hundred_cells_are_drawn_in_no_time() {
    let (record, curves) = many(200);
    let began = Instant::now();
    let page = html::page(&record, &curves, None);
    let took = began.elapsed();
    assert!(took.as_secs() < 20, "{took:?}");
    assert!(page.len() < 8 << 20, "{} bytes", page.len());
}

#[test]
#[ignore = "writes pages for ci/browser.sh, which says where to"]
fn pages_are_written_where_a_browser_finds_them() {
    let folder = PathBuf::from(std::env::var_os("PIPEFIT_PAGES").expect("a folder for them"));
    for (name, record, page) in pages() {
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("report.html"), page).unwrap();
        let json = pipefit_harness::report::json::pretty(&record).unwrap();
        std::fs::write(folder.join("run.json"), json).unwrap();
    }
    // The large one also as it is kept, to be drawn again.
    let (mut record, curves) = many(200);
    let (store, now) = (Store::find(Some(&folder.join("kept"))), SystemTime::now());
    let mut draft = store.draft(now).unwrap();
    draft.id().clone_into(&mut record.id);
    draft.fill("run", &mut record, &curves, None, now).unwrap();
    draft.keep().unwrap();
}
