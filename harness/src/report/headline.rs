//! The figure that a scenario is there for, and what the machine could do at best in the
//! same minutes, which it is held beside.

use std::collections::BTreeMap;

use pipefit::run::limits::Limits;
use pipefit::run::record::{Cell, Repeat};
use pipefit::run::scenario;

use super::figure::{Figure, amount};
use super::model::clean;
use crate::metric;

/// A main figure.
#[derive(Debug)]
pub(super) struct Headline {
    /// Its name, as budgets have it.
    pub(super) metric: &'static str,
    /// Parts of it, the most telling one first: a short run has no p99.
    stats: &'static [Option<&'static str>],
    /// The limit that it is a multiple of. The age of a screen is what a person feels, and
    /// has none.
    pub(super) beside: Option<Beside>,
}

/// A limit, as budgets name it.
#[derive(Debug)]
pub(super) struct Beside {
    /// As it is written in a budget.
    pub(super) written: &'static str,
    /// In words.
    pub(super) words: &'static str,
    name: &'static str,
    of: Option<u64>,
    stat: Option<&'static str>,
}

/// Medians of a machine's limits, by their keys in `run.json`, and by size or time where
/// there is one for each.
pub type Medians<'a> = BTreeMap<(&'a str, Option<u64>), f64>;

/// In the order in which a cell of an unknown scenario is asked for them.
const ALL: [Headline; 4] = [
    Headline { metric: "age", stats: &[Some("p99"), Some("p90"), Some("p50")], beside: None },
    Headline {
        metric: "rtt",
        stats: &[Some("p50")],
        beside: Some(Beside {
            written: "limits.line_rtt.p50",
            words: "a cache line there and back",
            name: "line_rtt",
            of: None,
            stat: Some("p50"),
        }),
    },
    Headline {
        metric: "response",
        stats: &[Some("p99"), Some("p50")],
        beside: Some(Beside {
            written: "limits.pipe_wake[20us].p50",
            words: "a wake-up by a pipe",
            name: "pipe_wake",
            of: Some(20_000),
            stat: Some("p50"),
        }),
    },
    Headline {
        metric: "throughput_bytes",
        stats: &[None],
        beside: Some(Beside {
            written: "limits.stream[64KiB]",
            words: "64 KiB blocks from core to core",
            name: "stream",
            of: Some(65_536),
            stat: None,
        }),
    },
];

impl Beside {
    /// What it was, in the unit of its figure.
    pub(super) fn read(&self, limits: &Limits) -> Option<f64> {
        let limit = metric::limits().iter().find(|limit| limit.name == self.name)?;
        // Nothing is a multiple of no time at all.
        limit.read(limits, self.of, self.stat).filter(|value| *value > 0.0)
    }

    /// The same, where only medians were kept.
    pub(super) fn among(&self, medians: &Medians<'_>) -> Option<f64> {
        let limit = metric::limits().iter().find(|limit| limit.name == self.name)?;
        medians.get(&(limit.key(), self.of)).copied().filter(|value| *value > 0.0)
    }
}

/// What a figure is shown as a multiple of.
#[derive(Clone, Debug)]
pub(super) struct Over {
    limit: f64,
    /// The limit, in words and with its figure.
    pub(super) words: String,
}

impl Over {
    /// The limit of what a cell of `run.json` has at `key`: other figures have none.
    pub(super) fn of(key: &str, limits: Option<&Limits>) -> Option<Self> {
        let headline = Headline::at(key)?;
        let beside = headline.beside.as_ref()?;
        let limit = beside.read(limits?)?;
        let unit = headline.metric()?.unit.symbol();
        let words = format!("{} {}", clean(beside.words), amount(Some(limit), unit));
        Some(Self { limit, words })
    }

    /// That figure as a multiple of it.
    pub(super) fn ratio(&self, figure: &Figure) -> Option<f64> {
        figure.raw().map(|value| value / self.limit).filter(|ratio| ratio.is_finite())
    }
}

impl Headline {
    /// The main figure that a cell of `run.json` has at `key`.
    fn at(key: &str) -> Option<&'static Self> {
        ALL.iter().find(|one| {
            let metric = one.metric();
            metric.is_some_and(|metric| one.stats.iter().any(|stat| metric.path(*stat) == key))
        })
    }

    /// What it is measured in, and where.
    pub(super) fn metric(&self) -> Option<&'static metric::Metric> {
        metric::all().iter().find(|metric| metric.name == self.metric)
    }

    /// The main figure of cells: what their scenario is there for, else the first that
    /// there is.
    pub(super) fn of(cells: &[&Cell]) -> Option<&'static Self> {
        let has = |headline: &&Self| {
            let read = |cell: &&Cell, stat| headline.metric()?.read(cell, stat);
            cells.iter().any(|cell| headline.stats.iter().any(|stat| read(cell, *stat).is_some()))
        };
        Self::named(&cells.first()?.scenario).or_else(|| ALL.iter().find(has))
    }

    /// What a scenario of that name is there for, where it is known.
    pub(super) fn named(scenario: &str) -> Option<&'static Self> {
        let first = scenario::find(scenario)?.metrics.first().map(|name| match *name {
            // Limits are in bytes.
            "throughput" => "throughput_bytes",
            name => name,
        })?;
        ALL.iter().find(|one| one.metric == first)
    }

    /// All of them, in the order in which a cell of an unknown scenario is asked for them.
    pub(super) const fn all() -> &'static [Self] {
        &ALL
    }

    /// Its parts, the most telling one first.
    pub(super) const fn stats(&self) -> &'static [Option<&'static str>] {
        self.stats
    }

    /// Whether more of it is better.
    pub(super) fn is_rate(&self) -> bool {
        self.metric == "throughput_bytes"
    }

    /// The part of it that each repeat of a cell has by itself; `None` where a repeat
    /// lacks it, or repeats have no such figure.
    pub(super) fn repeats(&self, stat: Option<&str>, cell: &Cell) -> Option<Vec<f64>> {
        let metrics = &cell.metrics;
        let of = |repeat: &Repeat| match (self.metric, stat) {
            ("rtt", Some("p50")) => repeat.rtt_p50_ns.map(|ns| ns as f64),
            ("response", Some("p50")) => repeat.response_p50_ns.map(|ns| ns as f64),
            ("response", Some("p99")) => repeat.response_p99_ns.map(|ns| ns as f64),
            // Repeats have frames; a frame of a cell has so many bytes.
            ("throughput_bytes", None) => {
                let bytes = metrics.throughput_bytes_per_s? / metrics.throughput_hz?;
                repeat.throughput_hz.map(|hz| hz * bytes)
            }
            _ => None,
        };
        let all: Option<Vec<f64>> = metrics.per_repeat.iter().map(of).collect();
        all.filter(|all| !all.is_empty() && all.len() == cell.repeats as usize)
    }

    /// The part that all of these cells have, or the first that some have: one's p90 beside
    /// another's p99 misleads.
    pub(super) fn stat(&self, cells: &[&Cell]) -> Option<Option<&'static str>> {
        let metric = self.metric()?;
        let count = |stat| cells.iter().filter(|cell| metric.read(cell, stat).is_some()).count();
        let all = self.stats.iter().find(|stat| count(**stat) == cells.len());
        all.or_else(|| self.stats.iter().find(|stat| count(**stat) > 0)).copied()
    }

    /// The figure and its part, as budgets have it.
    pub(super) fn written(&self, stat: Option<&str>) -> String {
        stat.map_or_else(|| self.metric.to_owned(), |stat| format!("{}.{stat}", self.metric))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_a_multiple_of_a_limit_of_its_own_kind() {
        let limits = Limits {
            stream_bytes_per_s: BTreeMap::from([("65536".to_owned(), 5e9)]),
            ..Limits::default()
        };
        let over = Over::of("metrics/throughput_bytes_per_s", Some(&limits)).unwrap();
        assert!(over.words.starts_with("64 KiB blocks from core to core 5.000GB/s"), "{over:?}");
        let half = Figure::per_second(Some(2.5e9), "B/s");
        assert_eq!((over.ratio(&half), over.ratio(&Figure::Absent)), (Some(0.5), None));
        // Frames a second are no multiple of bytes a second.
        assert!(Over::of("metrics/throughput_hz", Some(&limits)).is_none());
        assert!(Over::of("metrics/age_ns/p99", Some(&limits)).is_none());
        assert!(Over::of("metrics/throughput_bytes_per_s", None).is_none());
    }
}
