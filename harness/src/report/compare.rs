//! Several runs beside each other: cells that were asked for the same, in one table, and how
//! far the same cells lie apart.
//!
//! Two runs differ by the minute and the machine as much as by what was changed between
//! them. So differences are shown, with how far repeats within the runs scatter, and
//! nothing is judged.

use pipefit::run::record::{RunRecord, Status};

use super::Curves;
use super::figure::grouped;
use super::model::clean;

mod apart;
mod difference;
mod group;
mod table;

pub use apart::Apart;
pub use difference::{Change, Difference, LeftOut};
pub(super) use group::{Alike, alike, hue, subjects};
pub use group::{Group, Line};
pub use table::{markdown, table};

/// What this is not.
pub const NOTE: &str = "This is not the gate: runs that were measured at different times are \
                        laid beside each other, and nothing is judged. Whether a change made \
                        something slower, `pipefit gate` says: it measures both builds now.";

/// What an interval is, and is not.
pub const INTERVALS: &str = "An interval is of 95 %, by the scatter of repeats within each run \
                             (Welch's t on their logarithms). What differs from run to run is \
                             not in it: two runs of one build can lie further apart.";

/// The longest name of a run that is used as it is.
const LONGEST: usize = 16;

/// A run that is laid beside others.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// What it goes by: one of [`names`].
    pub name: &'a str,
    /// The class of its machine.
    pub class: &'a str,
    /// The record.
    pub record: &'a RunRecord,
    /// The histograms behind it, as far as they are there.
    pub curves: &'a Curves,
}

/// Short names for runs: what their folders or files are called, where that is short and
/// tells them apart, else letters.
#[must_use]
pub fn names(called: &[String]) -> Vec<String> {
    let plain: Vec<String> = called.iter().map(|name| clean(name.trim())).collect();
    let differ = plain.iter().enumerate().all(|(i, name)| !plain[..i].contains(name));
    if differ && plain.iter().all(|name| (1..=LONGEST).contains(&name.chars().count())) {
        return plain;
    }
    (0..called.len()).map(letter).collect()
}

/// `A` to `Z`, then `R27`.
fn letter(at: usize) -> String {
    let letter = u8::try_from(at).ok().filter(|at| *at < 26).map(|at| char::from(b'A' + at));
    letter.map_or_else(|| format!("R{}", at + 1), String::from)
}

/// Runs beside each other, in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Who is compared.
    pub title: String,
    /// How much there is, in a sentence.
    pub sentence: String,
    /// The runs, in the order in which they were given.
    pub runs: Vec<Known>,
    /// What differs between them besides figures.
    pub apart: Vec<Apart>,
    /// All cells, those together that were asked for the same.
    pub groups: Vec<Group>,
    /// Each cell that at least two runs have, in each later run against the first.
    pub differences: Vec<Difference>,
    /// Cells that a run lacks, or whose figures may not be used.
    pub left_out: Vec<LeftOut>,
}

/// A run, as a legend has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// What it goes by here.
    pub name: String,
    /// Its id.
    pub id: String,
    /// When it began.
    pub started: String,
    /// What pipefit was built from.
    pub commit: String,
    /// Its machine's class.
    pub host: String,
    /// How many of its cells are valid, of how many.
    pub cells: String,
    /// What it warned of.
    pub warnings: Vec<String>,
    /// Whether it was interrupted.
    pub partial: bool,
}

impl Comparison {
    /// Lays runs beside each other.
    #[must_use]
    pub fn new(sides: &[Side<'_>]) -> Self {
        let (differences, left_out) = difference::differences(sides);
        let names: Vec<String> = sides.iter().map(|side| clean(side.name)).collect();
        Self {
            title: format!("pipefit runs side by side: {}", names.join(", ")),
            sentence: sentence(sides.len(), &differences, &left_out),
            runs: sides.iter().map(Known::of).collect(),
            apart: apart::apart(sides),
            groups: group::groups(sides),
            differences,
            left_out,
        }
    }
}

fn sentence(runs: usize, differences: &[Difference], left_out: &[LeftOut]) -> String {
    let count = |n: usize, word: &str| match n {
        1 => format!("1 {word}"),
        n => format!("{} {word}s", grouped(n as u64)),
    };
    let sure = differences.iter().filter(|d| d.change.between.is_some()).count();
    if differences.is_empty() {
        return format!(
            "{}; no cell has a valid figure in two of them. Cells that were asked for the same \
             stand in one table.",
            count(runs, "run")
        );
    }
    format!(
        "{}; {} of cells that several of them have, {} with an interval; {} with something \
         missing.",
        count(runs, "run"),
        count(differences.len(), "difference"),
        grouped(sure as u64),
        count(left_out.len(), "cell")
    )
}

impl Known {
    fn of(side: &Side<'_>) -> Self {
        let record = side.record;
        let valid = record.cells.iter().filter(|cell| cell.status == Status::Valid).count();
        Self {
            name: clean(side.name),
            id: clean(&record.id),
            started: clean(&record.started),
            commit: record.build.commit.as_deref().map_or_else(|| "unknown".to_owned(), clean),
            host: clean(side.class),
            cells: format!("{valid} of {} valid", record.cells.len()),
            warnings: record.host.warnings.iter().map(|warning| clean(&warning.what)).collect(),
            partial: record.partial,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(called: &[&str]) -> Vec<String> {
        names(&called.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn short_names_are_used_and_others_become_letters() {
        assert_eq!(named(&["before", "after"]), ["before", "after"]);
        assert_eq!(named(&["same", "same"]), ["A", "B"]);
        assert_eq!(named(&["20261121T231500Z-ab12", "after"]), ["A", "B"]);
        assert_eq!(named(&["", "after"]), ["A", "B"]);
        assert_eq!(named(&["a\u{1b}[2J", "b"]), ["a\u{fffd}[2J", "b"]);
    }

    #[test]
    fn there_is_a_name_for_every_run() {
        let many = names(&std::iter::repeat_n(String::new(), 28).collect::<Vec<_>>());
        assert_eq!((&many[25][..], &many[26][..], &many[27][..]), ("Z", "R27", "R28"));
    }
}
