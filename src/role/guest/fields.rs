//! What a record can tell.

use crate::ground::Nanos;
use crate::ground::frame::{Header, Kind};
use crate::role::inbox::value_of;

/// Which fields the records of a dialect have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// A counter, and how many bits it has.
    pub seq: Option<u32>,
    /// When it was due.
    pub due: bool,
    /// When it was sent.
    pub sent: bool,
}

impl Fields {
    /// The value of a counter whose lowest bits read `seq`, nearest to the `last` one.
    pub(super) const fn widen(&self, last: u64, seq: u64) -> u64 {
        match self.seq {
            Some(bits @ 1..64) => {
                let unused = 64 - bits;
                let step = (seq.wrapping_sub(last) << unused).cast_signed() >> unused;
                last.saturating_add_signed(step)
            }
            _ => seq,
        }
    }
}

/// What one record told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Reading {
    pub(super) seq: Option<u64>,
    pub(super) due: Option<Nanos>,
    pub(super) sent: Option<Nanos>,
    pub(super) value: f32,
    /// Whether it says itself that it is not to be measured.
    pub(super) warmup: bool,
}

impl Reading {
    pub(super) fn of_frame(header: &Header, payload: &[u8]) -> Self {
        let stamp = |at| (at != 0).then_some(Nanos(at));
        Self {
            seq: Some(header.seq),
            due: stamp(header.due),
            sent: stamp(header.sent),
            value: value_of(payload),
            warmup: header.kind == Kind::Warmup,
        }
    }
}

/// What a column of a record is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Seq,
    Due,
    Sent,
    Value,
    /// Something that is passed over.
    Other,
}

impl Column {
    pub(super) fn named(name: &str) -> Result<Self, String> {
        Ok(match name {
            "seq" => Self::Seq,
            "due" => Self::Due,
            "sent" => Self::Sent,
            "value" => Self::Value,
            "_" => Self::Other,
            other => {
                return Err(format!(
                    "'{other}' is no column: there are seq, sent, due, value, and _ for what is passed over"
                ));
            }
        })
    }

    /// Refuses a column that was named before.
    pub(super) fn once(self, before: impl IntoIterator<Item = Self>) -> Result<Self, String> {
        if self != Self::Other && before.into_iter().any(|column| column == self) {
            return Err(format!("{self:?} is named twice").to_lowercase());
        }
        Ok(self)
    }
}

/// The fields that some columns make, where a counter has so many bits.
pub(super) fn fields(columns: impl IntoIterator<Item = (Column, u32)>) -> Fields {
    let mut fields = Fields::default();
    for (column, bits) in columns {
        match column {
            Column::Seq => fields.seq = Some(bits),
            Column::Due => fields.due = true,
            Column::Sent => fields.sent = true,
            Column::Value | Column::Other => {}
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_counter_goes_on_where_it_begins_again() {
        let byte = Fields { seq: Some(8), ..Fields::default() };
        assert_eq!(byte.widen(255, 0), 256);
        assert_eq!(byte.widen(256, 255), 255, "late by one");
        assert_eq!(byte.widen(1000, 1003 % 256), 1003);
        let wide = Fields { seq: Some(64), ..Fields::default() };
        assert_eq!(wide.widen(255, 0), 0);
    }
}
