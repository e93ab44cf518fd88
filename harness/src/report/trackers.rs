//! Figures for services that keep them over time: github-action-benchmark's custom format
//! and Bencher's metric format. They show trends; the gate judges.

use std::collections::BTreeMap;

use pipefit::run::record::{Cell, RunRecord, Spread, Status};
use serde_json::{Value, json};

/// A figure that is worth a trend.
struct Trend {
    name: &'static str,
    unit: &'static str,
    /// Whether less of it is better.
    less: bool,
    value: f64,
    /// Between which values its repeats lie.
    range: Option<(f64, f64)>,
}

fn figures(cell: &Cell) -> Vec<Trend> {
    let m = &cell.metrics;
    let mut all = Vec::new();
    let mut spread = |name: &'static str, spread: &Option<Spread>, repeats: Vec<u64>| {
        if let Some(p50) = spread.as_ref().and_then(|s| s.p50) {
            let range = repeats.iter().min().zip(repeats.iter().max());
            let range = range.filter(|_| repeats.len() > 1).map(|(a, b)| (*a as f64, *b as f64));
            all.push(Trend { name, unit: "ns", less: true, value: p50 as f64, range });
        }
    };
    let of = |pick: fn(&pipefit::run::record::Repeat) -> Option<u64>| -> Vec<u64> {
        m.per_repeat.iter().filter_map(pick).collect()
    };
    spread("response p50", &m.response_ns, of(|r| r.response_p50_ns));
    spread("rtt p50", &m.rtt_ns, of(|r| r.rtt_p50_ns));
    spread("age p50", &m.age_ns, Vec::new());
    if let Some(hz) = m.throughput_hz.filter(|_| cell.rate_hz.is_none()) {
        let rates: Vec<f64> = m.per_repeat.iter().filter_map(|r| r.throughput_hz).collect();
        let low = rates.iter().copied().fold(f64::INFINITY, f64::min);
        let high = rates.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let range = (rates.len() > 1).then_some((low, high));
        all.push(Trend { name: "throughput", unit: "Hz", less: false, value: hz, range });
    }
    all
}

fn valid(record: &RunRecord) -> impl Iterator<Item = &Cell> {
    record.cells.iter().filter(|cell| cell.status == Status::Valid)
}

/// For github-action-benchmark: figures of which less is better (`customSmallerIsBetter`).
/// A rate stands there as the time of one frame.
#[must_use]
pub fn github_action(record: &RunRecord) -> Value {
    Value::Array(valid(record).flat_map(times).collect())
}

/// The figures of a cell, all of them as times. What is endless is none: where nothing
/// moved, a frame takes no time that could be given.
fn times(cell: &Cell) -> Vec<Value> {
    let each = |hz: f64| 1e9 / hz;
    let mut all = Vec::new();
    for Trend { name, unit, less, value, range } in figures(cell) {
        let (name, unit, value, range) = if less {
            (name, unit, value, range)
        } else {
            let range = range.map(|(low, high)| (each(high), each(low)));
            ("time of a frame", "ns", each(value), range)
        };
        if !value.is_finite() {
            continue;
        }
        let mut entry =
            json!({ "name": format!("{} {name}", cell.id), "unit": unit, "value": value });
        if let Some((low, high)) = range.filter(|(low, high)| (high - low).is_finite()) {
            entry["range"] = json!(format!("± {:.0}", (high - low) / 2.0));
        }
        all.push(entry);
    }
    all
}

/// For Bencher: benchmark, measure, value and bounds.
#[must_use]
pub fn bencher(record: &RunRecord) -> Value {
    let mut all: BTreeMap<&str, BTreeMap<String, Value>> = BTreeMap::new();
    for cell in valid(record) {
        for Trend { name, value, range, .. } in figures(cell) {
            let mut measure = json!({ "value": value });
            if let Some((low, high)) = range {
                measure["lower_value"] = json!(low);
                measure["upper_value"] = json!(high);
            }
            all.entry(&cell.id).or_default().insert(name.replace(' ', "-"), measure);
        }
    }
    json!(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipefit::run::record::Repeat;
    use pipefit::run::{Case, measure, scenario};

    /// A cell that moved nothing has a rate, and no time of a frame.
    #[test]
    fn a_rate_of_nothing_becomes_no_null() {
        let case = Case::of(scenario::find("max").unwrap(), "pipe");
        let mut cell = measure::unmeasured(&case, Status::Valid, None, String::new()).cell;
        let repeat = |hz| Repeat { throughput_hz: Some(hz), ..Repeat::default() };
        cell.metrics.per_repeat = vec![repeat(0.0), repeat(1e6)];
        cell.metrics.throughput_hz = Some(0.0);
        assert!(times(&cell).is_empty(), "{:?}", times(&cell));
        cell.metrics.throughput_hz = Some(1e6);
        let entries = times(&cell);
        assert_eq!(entries[0]["value"], 1000.0);
        assert!(entries[0].get("range").is_none(), "{entries:?}");
    }
}
