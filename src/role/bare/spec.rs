//! What a bare role is to do, and what it did.

use serde::{Deserialize, Serialize};

use crate::ground::{Meter, Nanos};
use crate::role::End;

/// What is done with the bytes of each payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Load {
    /// They are copied in from a buffer, and summed up by the reader.
    Copied,
    /// They are made where they lie, and summed up by the reader.
    InPlace,
    /// They are a frame: pattern and checksum are made and checked, as the sensor and
    /// the viewer do.
    Framed,
}

/// What a bare role is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BareSpec {
    /// Bytes handed to the link each time, a frame's header included: at least 8.
    pub len: usize,
    /// What is done with them.
    pub load: Load,
    /// How many are handed over together.
    pub batch: usize,
    /// Whether to ask again and again, rather than to wait as the link does.
    pub spin: bool,
    /// How long to go on.
    pub span: Nanos,
    /// What to do before measuring.
    pub warmup: Nanos,
    /// How long to wait for the other side.
    pub patience: Nanos,
}

/// What a bare role did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BareReport {
    /// Payloads moved while it was measured; of trips, all that were made.
    pub count: u64,
    /// Time it took, at the reading end.
    pub took: Nanos,
    /// Of trips: the mean of a few at a time, in tenths of a nanosecond, so that the
    /// cost of reading the clock does not show.
    pub means: Meter,
    /// Of trips: each one by itself, with one reading of the clock in it.
    pub singles: Meter,
    /// Processor time of its thread, warm-up included.
    pub cpu: Nanos,
    /// Payloads that were not the next one, or not as they were written.
    pub wrong: u64,
    /// Of those, the frames that were not as they were written.
    pub spoilt: u64,
    /// How it ended.
    pub end: End,
}

impl BareReport {
    pub(crate) fn new() -> Self {
        Self {
            count: 0,
            took: Nanos(0),
            means: Meter::new(),
            singles: Meter::new(),
            cpu: Nanos(0),
            wrong: 0,
            spoilt: 0,
            end: End::Done,
        }
    }

    /// Payloads a second.
    #[must_use]
    pub fn per_second(&self) -> Option<f64> {
        (self.took.0 > 0 && self.count > 0).then(|| self.count as f64 * 1e9 / self.took.0 as f64)
    }
}
