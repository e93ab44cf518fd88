//! What is wrong with a file of budgets, and where.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

/// What kind of wrong it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It cannot be read, or says what cannot be meant.
    Wrong,
    /// It asks for a cell that cannot be measured.
    NotApplicable,
}

/// What is wrong with a file of budgets, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// How many characters are meant.
    pub width: usize,
    /// The line as it stands there.
    pub text: String,
    /// Why, and what helps.
    pub why: String,
    /// What kind of wrong it is.
    pub kind: Kind,
}

impl Complaint {
    /// Something about the bytes `at` of `whole`.
    pub(super) fn new(
        file: PathBuf,
        whole: &str,
        at: Range<usize>,
        kind: Kind,
        why: String,
    ) -> Self {
        let start = floor(whole, at.start);
        let line_start = whole[..start].rfind('\n').map_or(0, |i| i + 1);
        let line_end = whole[start..].find('\n').map_or(whole.len(), |i| start + i);
        let end = floor(whole, at.end).clamp(start, line_end);
        Self {
            file,
            line: whole[..start].matches('\n').count() + 1,
            column: whole[line_start..start].chars().count() + 1,
            width: whole[start..end].chars().count().max(1),
            text: whole[line_start..line_end].trim_end().to_owned(),
            why,
            kind,
        }
    }
}

/// The last boundary between two characters that is not behind `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, width, text, why, .. } = self;
        let margin = " ".repeat(line.to_string().len());
        writeln!(f, "{}:{line}:{column}: {why}", self.file.display())?;
        writeln!(f, "{margin} |")?;
        // A tab is as wide as a tab above the caret, too.
        let before: String =
            text.chars().take(column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        writeln!(f, "{line} | {text}")?;
        write!(f, "{margin} | {before}{}", "^".repeat(*width))
    }
}

impl std::error::Error for Complaint {}
