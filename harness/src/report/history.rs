//! All runs that were ever kept, by class of machine: which there are, how the main figure
//! of each cell went, and where it changed for good.
//!
//! As in [`trend`](super::trend), a figure is shown as a ratio to what the machine could do
//! at best in the same minutes, and nothing is judged. A run that was interrupted is listed,
//! and is in no trend.

use std::collections::BTreeMap;

use super::model::clean;

mod series;
mod thinned;

pub use super::headline::Medians;
pub use series::{Point, Series, Turn};
pub(super) use thinned::thin;

/// A run as the history has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past<'a> {
    /// Its id.
    pub run: &'a str,
    /// When it began, in RFC 3339.
    pub started: &'a str,
    /// The class of its machine.
    pub class: &'a str,
    /// What pipefit was built from.
    pub commit: Option<&'a str>,
    /// The command's first word.
    pub command: &'a str,
    /// Whether it was interrupted.
    pub partial: bool,
    /// Whether its page is still there.
    pub has_page: bool,
    /// Medians of the machine's limits.
    pub limits: Medians<'a>,
    /// Its valid cells.
    pub cells: Vec<PastCell<'a>>,
}

/// A cell as the history has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PastCell<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its figures, by their names in budgets: `rtt.p50`, `throughput_bytes`.
    pub figures: Vec<(&'static str, f64)>,
}

/// Everything that was kept, in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Overview {
    /// How much there is, in a sentence.
    pub sentence: String,
    /// The lines of the history that are no entries, from 1.
    pub damaged: Vec<usize>,
    /// The classes, that of this machine first.
    pub classes: Vec<Class>,
}

/// The runs of one class of machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// The class.
    pub name: String,
    /// Whether it is that of the machine that asks.
    pub this_machine: bool,
    /// The runs, newest first.
    pub runs: Vec<Listed>,
    /// How many of them are whole.
    pub whole: usize,
    /// Its cells.
    pub series: Vec<Series>,
}

/// A run, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub run: String,
    /// Where its page is, seen from the results folder; `None` where there is none.
    pub page: Option<String>,
    /// When it began.
    pub started: String,
    /// What pipefit was built from.
    pub commit: String,
    /// The command's first word.
    pub command: String,
    /// Whether it was interrupted.
    pub partial: bool,
    /// How many valid cells it has.
    pub cells: usize,
}

impl Overview {
    /// Puts the history into words. `here` is the class of this machine; `damaged` are the
    /// lines that are no entries.
    #[must_use]
    pub fn new(past: &[Past<'_>], here: &str, damaged: &[usize]) -> Self {
        let mut by_class: BTreeMap<&str, Vec<&Past<'_>>> = BTreeMap::new();
        for one in past {
            by_class.entry(one.class).or_default().push(one);
        }
        let mut classes: Vec<Class> =
            by_class.into_iter().map(|(name, runs)| Class::of(name, name == here, runs)).collect();
        classes.sort_by_key(|class| !class.this_machine);
        Self { sentence: sentence(past, &classes), damaged: damaged.to_vec(), classes }
    }

    /// What is wrong with the history's file, if anything is.
    #[must_use]
    pub fn damage(&self) -> Option<String> {
        damage(&self.damaged)
    }
}

/// Says which lines of a history are no entries.
#[must_use]
pub fn damage(lines: &[usize]) -> Option<String> {
    /// More are not named one by one.
    const NAMED: usize = 10;
    let named: Vec<String> = lines.iter().take(NAMED).map(ToString::to_string).collect();
    let more = if lines.len() > NAMED { ", …" } else { "" };
    match lines {
        [] => None,
        [one] => {
            Some(format!("1 line of history.jsonl is no entry, and is passed over: line {one}"))
        }
        lines => Some(format!(
            "{} lines of history.jsonl are no entries, and are passed over: lines {}{more}",
            lines.len(),
            named.join(", ")
        )),
    }
}

fn sentence(past: &[Past<'_>], classes: &[Class]) -> String {
    let count = |n: usize, one: &str, many: &str| match n {
        1 => format!("1 {one}"),
        n => format!("{n} {many}"),
    };
    if past.is_empty() {
        return "There is no run yet: pipefit compare makes one.".to_owned();
    }
    let partial = past.iter().filter(|one| one.partial).count();
    let partial = match partial {
        0 => String::new(),
        n => format!(", {n} of them partial and in no trend"),
    };
    let turns: usize = classes.iter().flat_map(|class| &class.series).map(|s| s.turns.len()).sum();
    format!(
        "{}{partial}, of {} of machine; {} that stayed.",
        count(past.len(), "run", "runs"),
        count(classes.len(), "class", "classes"),
        count(turns, "change", "changes")
    )
}

impl Class {
    fn of(name: &str, this_machine: bool, mut past: Vec<&Past<'_>>) -> Self {
        // RFC 3339 sorts by time; of the same second, by id.
        past.sort_by_key(|one| (one.started, one.run));
        let whole: Vec<&Past<'_>> = past.iter().copied().filter(|one| !one.partial).collect();
        Self {
            name: clean(name),
            this_machine,
            runs: past.iter().rev().map(|one| Listed::of(one)).collect(),
            whole: whole.len(),
            series: series::all(&whole),
        }
    }
}

impl Listed {
    pub(super) fn of(past: &Past<'_>) -> Self {
        Self {
            run: clean(past.run),
            page: page(past),
            started: clean(past.started),
            commit: past.commit.map_or_else(|| "unknown".to_owned(), clean),
            command: clean(past.command),
            partial: past.partial,
            cells: past.cells.len(),
        }
    }
}

/// Ids come from a file that anybody may have written: one that is not a plain name has no
/// link.
fn page(past: &Past<'_>) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let is_name = !past.run.is_empty() && !past.run.starts_with('.') && past.run.chars().all(plain);
    (past.has_page && is_name).then(|| format!("runs/{}/report.html", past.run))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_lines_are_counted_and_named() {
        assert_eq!(damage(&[]), None);
        assert!(damage(&[7]).unwrap().ends_with("passed over: line 7"));
        let many: Vec<usize> = (1..=12).collect();
        let told = damage(&many).unwrap();
        assert!(told.starts_with("12 lines") && told.ends_with("9, 10, …"), "{told}");
    }

    #[test]
    fn only_a_plain_name_is_linked_to() {
        let link = |run, has_page| page(&Past { run, has_page, ..Past::default() });
        let id = "20261121T231500Z-ab12";
        assert_eq!(link(id, true).unwrap(), format!("runs/{id}/report.html"));
        assert_eq!(link(id, false), None);
        for run in ["", "..", "../x", "a/b", "javascript:x", "a b", "\"", "%2e%2e"] {
            assert_eq!(link(run, true), None, "{run}");
        }
    }
}
