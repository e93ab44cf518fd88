//! What a guest writes.

use std::fmt;
use std::str::FromStr;

use super::fields::{Fields, Reading};
use super::raw::Layout;
use super::text::Pattern;
use crate::ground::frame::{self, Frame, HEADER};

/// What a program writes to its standard output: pipefit's frames, lines of text, or
/// records of one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// As it was asked for.
    said: String,
    sort: Sort,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Sort {
    Frames,
    Text(Pattern),
    Raw(Layout),
}

/// A dialect was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DialectError(String);

/// What a record turned out to be.
pub(super) enum Known<'a> {
    Frame(Frame<'a>),
    Reading(Reading),
}

impl Default for Dialect {
    fn default() -> Self {
        Self { said: "frames".into(), sort: Sort::Frames }
    }
}

impl Dialect {
    /// Whether these are pipefit's frames.
    #[must_use]
    pub const fn is_frames(&self) -> bool {
        matches!(self.sort, Sort::Frames)
    }

    /// Bytes of a record, where all have the same number.
    #[must_use]
    pub const fn record(&self) -> Option<usize> {
        match &self.sort {
            Sort::Raw(layout) => Some(layout.len),
            _ => None,
        }
    }

    pub(super) fn fields(&self) -> Fields {
        match &self.sort {
            Sort::Frames => Fields { seq: Some(64), due: true, sent: true },
            Sort::Text(pattern) => pattern.fields(),
            Sort::Raw(layout) => layout.fields(),
        }
    }

    /// Bytes that a record carries, without what makes it one.
    pub(super) fn payload(&self, record: &[u8]) -> usize {
        match &self.sort {
            Sort::Frames => record.len() - HEADER,
            Sort::Text(_) => record.trim_ascii_end().len(),
            Sort::Raw(_) => record.len(),
        }
    }

    /// What one of its records is called.
    pub(super) const fn unit(&self) -> &'static str {
        match &self.sort {
            Sort::Frames => "frame",
            Sort::Text(_) => "line",
            Sort::Raw(_) => "record",
        }
    }

    /// Bytes that are no record, in words.
    pub(super) fn torn(&self, skipped: usize) -> String {
        match &self.sort {
            Sort::Frames => {
                format!("{skipped} bytes are no frame, or one longer than --size allows")
            }
            Sort::Text(_) => format!("{skipped} bytes without the end of a line"),
            Sort::Raw(layout) => {
                format!("the output ended with {skipped} of a record's {} bytes", layout.len)
            }
        }
    }

    pub(super) fn read<'a>(&self, record: &'a [u8]) -> Result<Known<'a>, String> {
        match &self.sort {
            Sort::Frames => frame::decode(record).map(Known::Frame).map_err(|e| e.to_string()),
            Sort::Text(pattern) => pattern.match_line(record).map(Known::Reading),
            Sort::Raw(layout) => layout
                .match_record(record)
                .map(Known::Reading)
                .ok_or_else(|| format!("{} bytes of {}", record.len(), layout.len)),
        }
    }
}

impl FromStr for Dialect {
    type Err = DialectError;

    fn from_str(said: &str) -> Result<Self, DialectError> {
        let sort = match said.split_once(':') {
            None if said == "frames" => Ok(Sort::Frames),
            Some(("text", pattern)) => Pattern::read(pattern).map(Sort::Text),
            Some(("raw", layout)) => Layout::read(layout).map(Sort::Raw),
            _ => Err(format!(
                "'{said}' is not frames, text:PATTERN as in 'text:{{seq}} {{sent}} {{value}}', \
                 or raw:LAYOUT as in raw:seq=u32,value=f32"
            )),
        };
        Ok(Self { said: said.to_owned(), sort: sort.map_err(DialectError)? })
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.said)
    }
}
