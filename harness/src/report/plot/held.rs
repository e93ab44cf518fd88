//! Budgets as marks in plots: what percentiles of cells are held to, and what came of it.

use pipefit::run::record::Cell;

use super::lines::Tone;
use super::percentiles::shown;
use crate::report::Run;
use crate::report::model::{Stamp, clean};

/// Percentiles that budgets are written about.
const PARTS: [(&str, f64); 5] =
    [("p50", 50.0), ("p90", 90.0), ("p95", 95.0), ("p99", 99.0), ("p999", 99.9)];

/// More transports than this are counted in a name.
const NAMED: usize = 2;

/// What a percentile of some cells is held to.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// The percentile, by its name and in percent.
    part: (&'static str, f64),
    /// In nanoseconds.
    pub(super) limit: f64,
    stamp: Stamp,
    is_control: bool,
    /// The ids of the cells.
    cells: Vec<String>,
    /// Their transports.
    subjects: Vec<String>,
}

impl Held {
    /// The percentile, in percent.
    pub(super) const fn percentile(&self) -> f64 {
        self.part.1
    }

    /// What came of it, as a colour.
    pub(super) fn tone(&self) -> Tone {
        match self.stamp.word {
            "pass" => Tone::Good,
            "fail" => Tone::Bad,
            _ => Tone::Doubt,
        }
    }

    /// Whether a cell is held to it.
    pub(super) fn is_of(&self, cell: &Cell) -> bool {
        self.cells.contains(&cell.id)
    }

    /// `budget on pipe, p99 25.0ms: pass`.
    pub(super) fn label(&self) -> String {
        let kind = if self.is_control { "control" } else { "budget" };
        let more = self.subjects.len().saturating_sub(NAMED);
        let mut who = self.subjects[..self.subjects.len() - more].join(", ");
        if more > 0 {
            who += &format!(" and {more} more");
        }
        let (part, word) = (self.part.0, self.stamp.word);
        format!("{kind} on {who}, {part} {}: {word}", shown(self.limit))
    }

    /// The worst first; a control must fail.
    fn rank(&self) -> (u8, bool) {
        let tone = match self.tone() {
            Tone::Bad => 0,
            Tone::Doubt => 1,
            Tone::Good | Tone::Limit => 2,
        };
        (tone, self.is_control)
    }

    /// Whether both say the same, of whichever cells.
    fn is_like(&self, other: &Self) -> bool {
        let same_limit = self.limit.total_cmp(&other.limit).is_eq();
        let both = |held: &Self| (held.part.0, held.stamp, held.is_control);
        same_limit && both(self) == both(other)
    }

    /// Takes the cells of another one that says the same.
    fn join(&mut self, other: Self) {
        for subject in other.subjects {
            if !self.subjects.contains(&subject) {
                self.subjects.push(subject);
            }
        }
        self.cells.extend(other.cells);
    }
}

/// What a metric of these cells is held to, the worst first. Those that say the same of
/// several cells are one.
pub(super) fn held(run: &Run<'_>, cells: &[&Cell], metric: &str) -> Vec<Held> {
    let mut all: Vec<Held> = Vec::new();
    for budget in run.verdicts.iter().flat_map(|verdicts| &verdicts.budgets) {
        let Some(cell) = cells.iter().find(|cell| cell.id == budget.cell) else { continue };
        for assert in budget.asserts.iter().filter(|assert| assert.unit == "ns") {
            let limit = assert.limit.filter(|limit| limit.is_finite() && *limit > 0.0);
            let Some((part, limit)) = part_of(&assert.text, metric).zip(limit) else { continue };
            let one = Held {
                part,
                limit,
                stamp: Stamp::of(&assert.verdict),
                is_control: budget.must_fail,
                cells: vec![cell.id.clone()],
                subjects: vec![clean(cell.subject())],
            };
            match all.iter_mut().find(|other| other.is_like(&one)) {
                Some(other) => other.join(one),
                None => all.push(one),
            }
        }
    }
    all.sort_by_key(Held::rank);
    all
}

/// `p99` of `response.p99 <= 25ms`, where it is about that metric.
fn part_of(text: &str, metric: &str) -> Option<(&'static str, f64)> {
    let part = text.strip_prefix(metric)?.strip_prefix('.')?.split_whitespace().next()?;
    PARTS.into_iter().find(|(name, _)| *name == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(subject: &str, word: &str, is_control: bool) -> Held {
        Held {
            part: PARTS[3],
            limit: 25e6,
            stamp: Stamp::of(word),
            is_control,
            cells: vec![format!("stream/{subject}")],
            subjects: vec![subject.to_owned()],
        }
    }

    #[test]
    fn a_budget_stands_where_its_percentile_is() {
        assert_eq!(part_of("response.p99 <= 25ms", "response"), Some(("p99", 99.0)));
        assert_eq!(part_of("response.max <= 25ms", "response"), None);
        assert_eq!(part_of("responses.p99 <= 25ms", "response"), None);
    }

    #[test]
    fn a_mark_says_whose_it_is_and_what_came_of_it() {
        let mut all = one("pipe", "pass", false);
        assert_eq!(all.label(), "budget on pipe, p99 25.0ms: pass");
        assert!(!all.is_like(&one("thread", "fail", false)), "the control");
        for subject in ["thread", "pipe", "call"] {
            assert!(all.is_like(&one(subject, "pass", false)));
            all.join(one(subject, "pass", false));
        }
        assert_eq!(all.label(), "budget on pipe, thread and 1 more, p99 25.0ms: pass");
        assert_eq!(one("pipe", "fail", true).label(), "control on pipe, p99 25.0ms: fail");
        let odd = one("pipe", "\u{1b}[2J of some other kind", false);
        assert_eq!(odd.label(), "budget on pipe, p99 25.0ms: invalid", "no word of a file");
    }

    #[test]
    fn the_worst_comes_first() {
        let words = [("pass", false), ("fail", true), ("inconclusive", false), ("fail", false)];
        let mut all: Vec<Held> = words.map(|(word, control)| one("pipe", word, control)).into();
        all.sort_by_key(Held::rank);
        let order: Vec<(&str, bool)> = all.iter().map(|h| (h.stamp.word, h.is_control)).collect();
        let wanted = [("fail", false), ("fail", true), ("inconclusive", false), ("pass", false)];
        assert_eq!(order, wanted);
    }
}
