//! What figures are called, what they are counted in, and where a cell has them.
//!
//! Names are the keys of `run.json` without their unit. They are read from the record's
//! schema, and figures from a cell as it is serialised: a metric that is added to the
//! record is known here without a line.

use std::sync::LazyLock;

use pipefit::run::limits::Limits;
use pipefit::run::record::{Cell, RunRecord};
use serde_json::Value;

/// What a figure is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds.
    Nanos,
    /// A second.
    Hertz,
    /// Bytes.
    Bytes,
    /// Bytes a second.
    BytesPerSecond,
    /// A share of a whole, from 0 to 1.
    Share,
    /// Pieces.
    Count,
}

impl Unit {
    /// As columns of figures have it.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Nanos => "ns",
            Self::Hertz => "Hz",
            Self::Bytes => "B",
            Self::BytesPerSecond => "B/s",
            Self::Share => "1",
            Self::Count => "count",
        }
    }
}

/// A key of the record as a name and a unit.
#[must_use]
pub fn name_and_unit(key: &str) -> (String, Unit) {
    if let Some(name) = key.strip_suffix("_bytes_per_s") {
        // Beside `throughput_hz`, which is the throughput.
        let name = if name == "throughput" { format!("{name}_bytes") } else { name.to_owned() };
        return (name, Unit::BytesPerSecond);
    }
    for (suffix, unit) in [("_ns", Unit::Nanos), ("_hz", Unit::Hertz), ("_bytes", Unit::Bytes)] {
        if let Some(name) = key.strip_suffix(suffix) {
            return (name.to_owned(), unit);
        }
    }
    match key.split_once("_ns_") {
        Some((name, of)) => (format!("{name}_{of}"), Unit::Nanos),
        None if key.ends_with("_share") => (key.to_owned(), Unit::Share),
        None => (key.to_owned(), Unit::Count),
    }
}

/// What a figure consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One number.
    Number,
    /// Percentiles, the greatest, the mean and the count of some spans.
    Spread,
}

/// Where a cell has a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Among its metrics.
    Metrics,
    /// In its ledger: frames, counted exactly.
    Ledger,
    /// Among what it left behind.
    Residue,
}

/// A figure that a cell may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// What it is called.
    pub name: String,
    /// What it is counted in.
    pub unit: Unit,
    /// What it consists of.
    pub shape: Shape,
    /// Where a cell has it.
    pub place: Place,
    key: String,
}

/// A limit of the machine that a record may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What it is called.
    pub name: String,
    /// What it is counted in.
    pub unit: Unit,
    /// What it consists of.
    pub shape: Shape,
    /// Whether there is one for each of several sizes or times.
    pub keyed: bool,
    key: String,
}

/// The parts of a spread.
pub const STATS: [&str; 8] = ["p50", "p90", "p95", "p99", "p999", "max", "mean", "count"];

static SCHEMA: LazyLock<Value> = LazyLock::new(RunRecord::json_schema);
static METRICS: LazyLock<Vec<Metric>> = LazyLock::new(metrics_of_schema);
static LIMITS: LazyLock<Vec<Limit>> = LazyLock::new(limits_of_schema);

fn properties(of: &str) -> impl Iterator<Item = (&'static String, &'static Value)> {
    SCHEMA["$defs"][of]["properties"].as_object().into_iter().flatten()
}

/// What a property is, if it is a figure; optional ones have it beside `null`.
fn shape(property: &Value) -> Option<Shape> {
    let alternatives = property["anyOf"].as_array().map_or(&[][..], Vec::as_slice);
    let is_spread = |value: &Value| value["$ref"].as_str() == Some("#/$defs/Spread");
    if is_spread(property) || alternatives.iter().any(is_spread) {
        return Some(Shape::Spread);
    }
    let types = match &property["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        Value::String(one) => vec![one.as_str()],
        _ => Vec::new(),
    };
    types.iter().any(|t| matches!(*t, "integer" | "number")).then_some(Shape::Number)
}

fn metrics_of_schema() -> Vec<Metric> {
    let places =
        [("Metrics", Place::Metrics), ("Balance", Place::Ledger), ("Residue", Place::Residue)];
    let of = |(def, place)| {
        properties(def).filter_map(move |(key, property)| {
            let (name, unit) = name_and_unit(key);
            Some(Metric { name, unit, shape: shape(property)?, place, key: key.clone() })
        })
    };
    places.into_iter().flat_map(of).collect()
}

fn limits_of_schema() -> Vec<Limit> {
    let limit = |(key, property): (&String, &Value)| {
        let (name, unit) = name_and_unit(key);
        let each = property.get("additionalProperties");
        let shape = shape(each.unwrap_or(property))?;
        Some(Limit { name, unit, shape, keyed: each.is_some(), key: key.clone() })
    };
    properties("Limits").filter_map(limit).collect()
}

/// Every figure that a cell may have.
#[must_use]
pub fn all() -> &'static [Metric] {
    &METRICS
}

/// Every limit of the machine that a record may have.
#[must_use]
pub fn limits() -> &'static [Limit] {
    &LIMITS
}

fn number(value: &Value, stat: Option<&str>) -> Option<f64> {
    match stat {
        Some(stat) => value.get(stat)?.as_f64(),
        None => value.as_f64(),
    }
}

impl Metric {
    /// Where a cell of `run.json` has it, or that part of it.
    #[must_use]
    pub fn path(&self, stat: Option<&str>) -> String {
        let place = match self.place {
            Place::Metrics => "metrics",
            Place::Ledger => "ledger",
            Place::Residue => "residue",
        };
        let part = stat.map(|stat| format!("/{stat}")).unwrap_or_default();
        format!("{place}/{}{part}", self.key)
    }

    /// The figure of a cell, or the part of it; `None` where the cell has none.
    #[must_use]
    pub fn read(&self, cell: &Cell, stat: Option<&str>) -> Option<f64> {
        let figures = match self.place {
            Place::Metrics => serde_json::to_value(&cell.metrics),
            Place::Ledger => serde_json::to_value(cell.ledger),
            Place::Residue => serde_json::to_value(cell.residue),
        };
        number(figures.ok()?.get(&self.key)?, stat)
    }
}

impl Limit {
    /// What the record calls it.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The limit, or the part of it; `of` is the size in bytes or the time in
    /// nanoseconds, where there is one for each.
    #[must_use]
    pub fn read(&self, limits: &Limits, of: Option<u64>, stat: Option<&str>) -> Option<f64> {
        let all = serde_json::to_value(limits).ok()?;
        let found = all.get(&self.key)?;
        match of {
            Some(of) => number(found.get(of.to_string())?, stat),
            None => number(found, stat),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_name_and_a_unit() {
        for (key, name, unit) in [
            ("response_ns", "response", "ns"),
            ("throughput_hz", "throughput", "Hz"),
            ("throughput_bytes_per_s", "throughput_bytes", "B/s"),
            ("stream_bytes_per_s", "stream", "B/s"),
            ("rss_max_bytes", "rss_max", "B"),
            ("cpu_ns_sensor", "cpu_sensor", "ns"),
            ("stall_share", "stall_share", "1"),
            ("freezes", "freezes", "count"),
        ] {
            let (found, in_unit) = name_and_unit(key);
            assert_eq!((&found[..], in_unit.symbol()), (name, unit));
        }
    }

    #[test]
    fn a_figure_has_a_place_in_the_record() {
        let path = |name: &str, stat| all().iter().find(|m| m.name == name).map(|m| m.path(stat));
        assert_eq!(path("response", Some("p99")).unwrap(), "metrics/response_ns/p99");
        assert_eq!(path("throughput_bytes", None).unwrap(), "metrics/throughput_bytes_per_s");
        assert_eq!(path("lost", None).unwrap(), "ledger/lost");
    }

    #[test]
    fn the_record_says_what_there_is() {
        let of = |name: &str| all().iter().find(|m| m.name == name).map(|m| (m.shape, m.place));
        assert_eq!(of("age"), Some((Shape::Spread, Place::Metrics)));
        assert_eq!(of("freezes"), Some((Shape::Number, Place::Metrics)));
        assert_eq!(of("lost"), Some((Shape::Number, Place::Ledger)));
        assert_eq!(of("zombies"), Some((Shape::Number, Place::Residue)));
        assert_eq!(of("per_repeat"), None, "no figure");
        let limit = |name: &str| limits().iter().find(|l| l.name == name).map(|l| l.keyed);
        assert_eq!((limit("line_rtt"), limit("slot_rtt")), (Some(false), Some(true)));
        let mut names: Vec<&str> = all().iter().map(|m| &m.name[..]).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|w| w[0] != w[1]), "each name is one figure: {names:?}");
    }
}
