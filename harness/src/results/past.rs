//! The history, for whoever draws it.

use std::collections::BTreeSet;

use super::{CellEntry, Entry, History, Median, Name, Store};
use crate::report::history::{Medians, Past, PastCell};

impl Store {
    /// The runs of a history whose page is still there, by their ids.
    #[must_use]
    pub fn drawn(&self, history: &History) -> BTreeSet<String> {
        let runs = self.root().join("runs");
        let is_there = |id: &&String| {
            id.parse::<Name>().is_ok() && runs.join(id.as_str()).join("report.html").is_file()
        };
        history.entries.iter().map(|entry| &entry.run).filter(is_there).cloned().collect()
    }
}

impl History {
    /// The runs in the order in which they were kept; `drawn` are those that have a page.
    #[must_use]
    pub fn past(&self, drawn: &BTreeSet<String>) -> Vec<Past<'_>> {
        self.entries.iter().map(|entry| past(entry, drawn.contains(&entry.run))).collect()
    }
}

fn past(entry: &Entry, has_page: bool) -> Past<'_> {
    Past {
        run: &entry.run,
        started: &entry.started,
        class: &entry.class,
        commit: entry.commit.as_deref(),
        command: &entry.command,
        partial: entry.partial,
        has_page,
        limits: medians(entry),
        cells: entry.cells.iter().map(cell).collect(),
    }
}

fn medians(entry: &Entry) -> Medians<'_> {
    let mut all = Medians::new();
    for (key, median) in &entry.limits {
        match median {
            Median::One(number) => {
                all.extend(number.as_f64().map(|value| ((key.as_str(), None), value)));
            }
            Median::Each(each) => all.extend(each.iter().filter_map(|(of, number)| {
                Some(((key.as_str(), Some(of.parse::<u64>().ok()?)), number.as_f64()?))
            })),
        }
    }
    all
}

fn cell(entry: &CellEntry) -> PastCell<'_> {
    let nanos = |name, ns: Option<u64>| ns.map(|ns| (name, ns as f64));
    let figures = [
        nanos("rtt.p50", entry.rtt_p50_ns),
        nanos("rtt.p99", entry.rtt_p99_ns),
        nanos("response.p50", entry.response_p50_ns),
        nanos("response.p99", entry.response_p99_ns),
        nanos("age.p50", entry.age_p50_ns),
        nanos("age.p99", entry.age_p99_ns),
        entry.throughput_hz.map(|hz| ("throughput", hz)),
        entry.throughput_bytes_per_s.map(|rate| ("throughput_bytes", rate)),
    ];
    PastCell { id: &entry.id, figures: figures.into_iter().flatten().collect() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use serde_json::Number;

    use super::*;

    #[test]
    fn figures_go_by_the_names_that_budgets_have() {
        let cell = CellEntry {
            id: "rtt/call/64B/block".to_owned(),
            rtt_p50_ns: Some(120),
            throughput_bytes_per_s: Some(2.5),
            ..CellEntry::default()
        };
        let each = BTreeMap::from([
            ("20000".to_owned(), Number::from(4_900)),
            ("odd".to_owned(), Number::from(1)),
        ]);
        let entry = Entry {
            schema: super::super::HISTORY_SCHEMA.to_owned(),
            run: "../x".to_owned(),
            started: "2026-11-21T23:15:00Z".to_owned(),
            class: "unknown-2-bare".to_owned(),
            commit: None,
            command: "run".to_owned(),
            partial: true,
            limits: BTreeMap::from([
                ("line_rtt_ns".to_owned(), Median::One(Number::from(400))),
                ("pipe_wake_ns".to_owned(), Median::Each(each)),
            ]),
            cells: vec![cell],
        };
        let history = History { entries: vec![entry], damaged: Vec::new() };
        let past = history.past(&BTreeSet::new());
        assert_eq!(past[0].cells[0].figures, [("rtt.p50", 120.0), ("throughput_bytes", 2.5)]);
        let limits: Vec<_> = past[0].limits.iter().map(|(of, value)| (*of, *value)).collect();
        let expected = [(("line_rtt_ns", None), 400.0), (("pipe_wake_ns", Some(20_000)), 4_900.0)];
        assert_eq!(limits, expected);
        assert!(past[0].partial && !past[0].has_page);
        // A folder of that name elsewhere is none of ours.
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("x")).unwrap();
        fs::create_dir_all(folder.path().join("runs")).unwrap();
        fs::write(folder.path().join("x/report.html"), "page").unwrap();
        assert!(Store::find(Some(folder.path())).drawn(&history).is_empty());
    }
}
