//! Records of one fixed size, with numbers where a layout says.
//!
//! A layout names columns with their types, one behind the other without gaps:
//! `seq=u32,sent=u64,value=f32,_=16`. Types are u8, u16, u32, u64, i8, i16, i32, i64, f32
//! and f64, little-endian, or big-endian as in `u32be`; `_` and a number passes over as
//! many bytes.

use super::fields::{Column, Fields, Reading, fields};
use crate::ground::Nanos;

/// The largest record, in bytes: what a frame may have at most.
const LARGEST: usize = 1 << 30;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Unsigned,
    Signed,
    Float,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    column: Column,
    at: usize,
    len: usize,
    sort: Sort,
    big_endian: bool,
}

/// A layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    places: Vec<Place>,
    pub(super) len: usize,
}

impl Layout {
    /// Reads a layout.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut layout = Self { places: Vec::new(), len: 0 };
        for part in text.split(',') {
            let (name, kind) = part
                .trim()
                .split_once('=')
                .ok_or_else(|| format!("'{part}' is no column: write seq=u32,value=f32"))?;
            layout.add(Column::named(name.trim())?, kind.trim())?;
            if layout.len > LARGEST {
                return Err("a record has at most 1 GiB".into());
            }
        }
        if layout.places.is_empty() {
            return Err("it names no column, as in seq=u32,value=f32".into());
        }
        Ok(layout)
    }

    fn add(&mut self, column: Column, kind: &str) -> Result<(), String> {
        let column = column.once(self.places.iter().map(|place| place.column))?;
        if column == Column::Other
            && let Ok(n) = kind.parse::<usize>()
        {
            self.len = self.len.saturating_add(n);
            return Ok(());
        }
        let (bare, big_endian) = match kind.strip_suffix("be") {
            Some(bare) => (bare, true),
            None => (kind, false),
        };
        let (sort, len) = match bare {
            "u8" => (Sort::Unsigned, 1),
            "u16" => (Sort::Unsigned, 2),
            "u32" => (Sort::Unsigned, 4),
            "u64" => (Sort::Unsigned, 8),
            "i8" => (Sort::Signed, 1),
            "i16" => (Sort::Signed, 2),
            "i32" => (Sort::Signed, 4),
            "i64" => (Sort::Signed, 8),
            "f32" => (Sort::Float, 4),
            "f64" => (Sort::Float, 8),
            _ => {
                return Err(format!(
                    "'{kind}' is no type: there are u8 to u64, i8 to i64, f32, f64, with be for big-endian"
                ));
            }
        };
        let counts = matches!(column, Column::Seq | Column::Due | Column::Sent);
        if counts && sort != Sort::Unsigned {
            return Err(format!("{kind} cannot count: seq, sent and due are u8 to u64"));
        }
        if column != Column::Other {
            self.places.push(Place { column, at: self.len, len, sort, big_endian });
        }
        self.len += len;
        Ok(())
    }

    pub(super) fn fields(&self) -> Fields {
        fields(self.places.iter().map(|place| (place.column, 8 * place.len_bits())))
    }

    /// Reads a record; `None` where it has not as many bytes.
    pub(super) fn match_record(&self, record: &[u8]) -> Option<Reading> {
        let mut reading = Reading::default();
        for place in &self.places {
            let word = place.word(record.get(place.at..place.at + place.len)?);
            match place.column {
                Column::Seq => reading.seq = Some(word),
                Column::Due => reading.due = Some(Nanos(word)),
                Column::Sent => reading.sent = Some(Nanos(word)),
                Column::Value => reading.value = place.value(word),
                Column::Other => {}
            }
        }
        Some(reading)
    }
}

impl Place {
    #[expect(clippy::cast_possible_truncation, reason = "at most eight")]
    const fn len_bits(&self) -> u32 {
        self.len as u32
    }

    /// The bytes as a number, zeros above.
    fn word(&self, bytes: &[u8]) -> u64 {
        let join = |word: u64, byte: &u8| word << 8 | u64::from(*byte);
        if self.big_endian { bytes.iter().fold(0, join) } else { bytes.iter().rev().fold(0, join) }
    }

    #[expect(clippy::cast_possible_truncation, reason = "what is plotted needs no more digits")]
    fn value(&self, word: u64) -> f32 {
        let unused = 64 - 8 * self.len_bits();
        match (self.sort, self.len) {
            (Sort::Float, 4) => f32::from_bits(word as u32),
            (Sort::Float, _) => f64::from_bits(word) as f32,
            (Sort::Signed, _) => ((word << unused).cast_signed() >> unused) as f32,
            (Sort::Unsigned, _) => word as f32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_where_the_layout_says() {
        let layout = Layout::read("seq=u16be, _=2,sent=u64,value=i8,_=f32").unwrap();
        assert_eq!(layout.len, 17);
        let mut record = vec![1, 2, 9, 9];
        record.extend(77u64.to_le_bytes());
        record.extend([0xFF, 0, 0, 0, 0]);
        let reading = layout.match_record(&record).unwrap();
        assert_eq!((reading.seq, reading.sent), (Some(0x0102), Some(Nanos(77))));
        assert_eq!(reading.value, -1.0);
        assert_eq!(layout.fields(), Fields { seq: Some(16), due: false, sent: true });
        assert_eq!(layout.match_record(&record[..10]), None);
        for (kind, bytes, value) in [
            ("f32", 1.5f32.to_le_bytes().to_vec(), 1.5),
            ("f64be", (-2.25f64).to_be_bytes().to_vec(), -2.25),
            ("i16", (-300i16).to_le_bytes().to_vec(), -300.0),
            ("u8", vec![200], 200.0),
        ] {
            let layout = Layout::read(&format!("value={kind}")).unwrap();
            assert_eq!(layout.match_record(&bytes).unwrap().value, value, "{kind}");
        }
    }

    #[test]
    fn layouts_that_make_no_sense_are_refused() {
        for (layout, says) in [
            ("", "no column"),
            ("_=8", "names no column"),
            ("seq", "no column"),
            ("seq=f32", "cannot count"),
            ("seq=u24", "no type"),
            ("speed=u8", "'speed' is no column"),
            ("seq=u8,seq=u8", "twice"),
            ("seq=u8,_=99999999999999999999", "no type"),
            ("seq=u8,_=18446744073709551615", "at most 1 GiB"),
        ] {
            let why = Layout::read(layout).unwrap_err();
            assert!(why.contains(says), "{layout}: {why}");
        }
    }
}
