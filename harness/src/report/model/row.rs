//! A cell in words.

use pipefit::ground::{Bytes, Hertz};
use pipefit::link::LinkSpec;
use pipefit::run::record::{Cell, Status};

use super::clean;
use crate::report::figure::{Figure, grouped};

/// A cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its id.
    pub cell: String,
    /// Its place in the record.
    pub at: usize,
    /// The place of its transport among those of the record.
    pub hue: usize,
    /// The transport.
    pub transport: String,
    /// Payload.
    pub size: String,
    /// The rate asked for.
    pub rate: String,
    /// How halves wait.
    pub wait: String,
    /// What a full link does, and whatever other axis is not at its default.
    pub policy: String,
    /// How it came out.
    pub status: Status,
    /// Why it may not be used.
    pub reason: Option<String>,
    /// What to know beside the figures.
    pub notes: Vec<String>,
    /// One for each heading.
    pub figures: Vec<Figure>,
    /// Whether its main figure is the best among valid cells of equal terms.
    pub best: bool,
}

/// A status as it is shown: by a glyph and a word, so that no colour is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// One character.
    pub glyph: &'static str,
    /// One word.
    pub word: &'static str,
}

impl From<Status> for Mark {
    fn from(status: Status) -> Self {
        match status {
            Status::Valid => Self { glyph: "✓", word: "valid" },
            Status::Invalid => Self { glyph: "✗", word: "invalid" },
            Status::NotApplicable => Self { glyph: "–", word: "n/a" },
        }
    }
}

impl Row {
    pub(in crate::report) fn of(cell: &Cell, figures: Vec<Figure>) -> Self {
        Self {
            cell: clean(&cell.id),
            at: 0,
            hue: 0,
            transport: clean(cell.subject()),
            size: Bytes(cell.size_bytes).to_string(),
            rate: rate(cell),
            wait: cell.wait.to_string(),
            policy: policy(cell),
            status: cell.status,
            reason: match (&cell.reason, cell.status) {
                (Some(reason), _) => Some(clean(reason)),
                (None, Status::Valid) => None,
                (None, _) => Some("no reason was recorded".to_owned()),
            },
            notes: notes(cell),
            figures,
            best: false,
        }
    }

    /// Its status in a glyph and a word.
    #[must_use]
    pub fn mark(&self) -> Mark {
        self.status.into()
    }
}

/// The rate a cell was asked for, or how it sends without one.
pub(in crate::report) fn rate(cell: &Cell) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate of a record that is not one shows as 0Hz"
    )]
    match cell.rate_hz {
        Some(hz) => Hertz::from_millis((hz * 1e3) as u64).to_string(),
        None if cell.program.is_some() => "its own rate".to_owned(),
        None if cell.scenario == "rtt" => "one by one".to_owned(),
        None => "flat out".to_owned(),
    }
}

/// The policy, and the axes that are seldom turned.
pub(in crate::report) fn policy(cell: &Cell) -> String {
    let mut words = cell.policy.to_string();
    if cell.producers != 1 {
        words += &format!(", {} producers", cell.producers);
    }
    if cell.burst > 1 {
        words += &format!(", bursts of {}", cell.burst);
    }
    if cell.capacity_bytes != LinkSpec::CAPACITY.0 {
        words += &format!(", queue of {}", Bytes(cell.capacity_bytes));
    }
    words
}

fn notes(cell: &Cell) -> Vec<String> {
    let mut notes: Vec<String> = cell.notes.iter().map(|n| clean(n)).collect();
    if let Some(program) = &cell.program {
        notes.insert(0, clean(&format!("exec: {} ({})", program.command, program.wire)));
    }
    if cell.tries > cell.repeats && cell.status != Status::NotApplicable {
        notes.push(format!("measured {} times for {} repeats", cell.tries, cell.repeats));
    }
    if cell.stamp_every > 1 {
        notes.push(format!("latency is taken on one frame in {}", grouped(cell.stamp_every)));
    }
    let m = &cell.metrics;
    let spreads =
        [&m.response_ns, &m.transit_ns, &m.slip_ns, &m.rtt_ns, &m.send_ns, &m.arrival_interval_ns];
    let beyond = spreads.iter().filter_map(|s| s.as_ref()).map(|s| s.beyond);
    let beyond = beyond.fold(0u64, u64::saturating_add);
    if beyond > 0 {
        notes.push(format!("{} spans over one hour are in no percentile", grouped(beyond)));
    }
    notes
}
