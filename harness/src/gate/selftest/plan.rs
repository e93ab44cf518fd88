//! What is tried, and how often.

use pipefit::link::Wait;
use serde::{Deserialize, Serialize};

use crate::gate::duel::Cell;

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The same build twice, one cell.
    Same,
    /// The same build twice, a suite of cells.
    SameSuite,
    /// 5 % slower.
    Slower5,
    /// 10 % slower.
    Slower10,
    /// 25 % slower.
    Slower25,
    /// The same build twice, beside one busy process per core.
    CrowdedSame,
    /// 25 % slower, beside one busy process per core.
    CrowdedSlower25,
}

impl What {
    /// How much is lost on purpose.
    #[must_use]
    pub const fn slow_down(self) -> f64 {
        match self {
            Self::Same | Self::SameSuite | Self::CrowdedSame => 0.0,
            Self::Slower5 => 0.05,
            Self::Slower10 => 0.10,
            Self::Slower25 | Self::CrowdedSlower25 => 0.25,
        }
    }

    /// Whether others keep the processors busy.
    #[must_use]
    pub const fn is_crowded(self) -> bool {
        matches!(self, Self::CrowdedSame | Self::CrowdedSlower25)
    }
}

/// One trial: one cell, or a suite of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// What is tried.
    pub what: What,
    /// Which of its trials, from 0.
    pub number: u32,
    /// The cells.
    pub cells: Vec<Cell>,
}

/// How often each thing is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The same build twice, over all cells together.
    pub same: u32,
    /// Runs of a suite.
    pub suites: u32,
    /// 5 % slower, for each cell.
    pub slightly: u32,
    /// 10 and 25 % slower, for each cell.
    pub slower: u32,
    /// Of each, beside busy processes.
    pub crowded: u32,
}

impl Plan {
    /// The whole of it: hours.
    pub const FULL: Self = Self { same: 400, suites: 60, slightly: 60, slower: 60, crowded: 40 };

    /// For a build: about a minute. A few trials say nothing of what is found in 19 of 20.
    pub const EXCERPT: Self = Self { same: 12, suites: 0, slightly: 0, slower: 1, crowded: 0 };

    /// All trials. What differs takes turns, so that a plan that is cut short has some of
    /// each, and a machine that changes does so for all.
    #[must_use]
    pub fn trials(&self) -> Vec<Trial> {
        let mut all: Vec<(f64, Trial)> = Vec::new();
        let mut add = |what: What, times: u32, cells: &dyn Fn(u32) -> Vec<Cell>| {
            for number in 0..times {
                // Spread evenly over the whole.
                let at = (f64::from(number) + 0.5) / f64::from(times);
                all.push((at, Trial { what, number, cells: cells(number) }));
            }
        };
        let (single, slow) = (singles(), slowed());
        let one = |cells: &[Cell], n: u32| vec![cells[n as usize % cells.len()].clone()];
        add(What::Same, self.same, &|n| one(&single, n));
        add(What::SameSuite, self.suites, &|_| suite());
        let cells = slow.len() as u32;
        add(What::Slower5, cells * self.slightly, &|n| one(&slow, n));
        for what in [What::Slower10, What::Slower25] {
            add(what, cells * self.slower, &|n| one(&slow, n));
        }
        add(What::CrowdedSame, self.crowded, &|n| one(&single, n));
        add(What::CrowdedSlower25, self.crowded, &|n| one(&slow, n));
        all.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        all.into_iter().map(|(_, trial)| trial).collect()
    }
}

fn cell(scenario: &'static str, transport: &str, size_bytes: u64, wait: Wait) -> Cell {
    Cell { scenario, transport: transport.to_owned(), size_bytes, wait }
}

/// Ring, thread, pipe and task.
fn singles() -> Vec<Cell> {
    let mut cells = slowed();
    cells.push(cell("rtt", "task", 64, Wait::Block));
    cells
}

/// Ring, thread and pipe.
fn slowed() -> Vec<Cell> {
    vec![
        cell("rtt", "shm-ring", 64, Wait::Spin),
        cell("rtt", "thread", 64, Wait::Spin),
        cell("rtt", "pipe", 64, Wait::Block),
    ]
}

/// What a gate looks at unless it is told: each family of transports, there and back and
/// flat out.
#[must_use]
pub fn suite() -> Vec<Cell> {
    vec![
        cell("rtt", "task", 64, Wait::Block),
        cell("rtt", "thread", 64, Wait::Spin),
        cell("rtt", "pipe", 64, Wait::Block),
        cell("rtt", "unix-stream", 64, Wait::Block),
        cell("rtt", "shm-ring", 64, Wait::Spin),
        cell("rtt", "shm-ring", 65_536, Wait::Spin),
        cell("max", "thread", 64, Wait::Spin),
        cell("max", "pipe", 64, Wait::Block),
        cell("max", "shm-ring", 64, Wait::Spin),
        cell("max", "shm-ring", 65_536, Wait::Spin),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_has_all_that_the_table_asks_for() {
        let trials = Plan::FULL.trials();
        let count = |what| trials.iter().filter(|t| t.what == what).count();
        assert_eq!((count(What::Same), count(What::SameSuite)), (400, 60));
        assert_eq!((count(What::Slower5), count(What::Slower25)), (180, 180));
        assert_eq!((count(What::CrowdedSame), count(What::CrowdedSlower25)), (40, 40));
        assert!(suite().len() >= 10);
        // Cut short, it has some of each.
        let first: Vec<What> = trials[..200].iter().map(|t| t.what).collect();
        assert!(first.contains(&What::SameSuite) && first.contains(&What::CrowdedSlower25));
    }
}
