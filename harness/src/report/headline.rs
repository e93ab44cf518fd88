//! The figure that a scenario is there for, and what the machine could do at best in the
//! same minutes, which it is held beside.

use pipefit::run::limits::Limits;
use pipefit::run::record::Cell;
use pipefit::run::scenario;

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
}

impl Headline {
    /// What it is measured in, and where.
    pub(super) fn metric(&self) -> Option<&'static metric::Metric> {
        metric::all().iter().find(|metric| metric.name == self.metric)
    }

    /// The main figure of cells: what their scenario is there for, else the first that
    /// there is.
    pub(super) fn of(cells: &[&Cell]) -> Option<&'static Self> {
        let scenario = scenario::find(&cells.first()?.scenario);
        let first = scenario.and_then(|s| s.metrics.first()).map(|name| match *name {
            // Limits are in bytes.
            "throughput" => "throughput_bytes",
            name => name,
        });
        let has = |headline: &&Self| {
            let read = |cell: &&Cell, stat| headline.metric()?.read(cell, stat);
            cells.iter().any(|cell| headline.stats.iter().any(|stat| read(cell, *stat).is_some()))
        };
        ALL.iter().find(|one| Some(one.metric) == first).or_else(|| ALL.iter().find(has))
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
