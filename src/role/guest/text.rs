//! Lines of text, with numbers where a pattern says.
//!
//! In a pattern, `{seq}`, `{sent}`, `{due}` and `{value}` stand for numbers, `{_}` for a
//! word and `{*}` for the rest of the line. A blank stands for any number of blanks but
//! none, and everything else for itself: `{seq} {sent} {value}`, or `t={sent},ch1={value}*`.

use super::fields::{Column, Fields, Reading, fields};
use crate::ground::Nanos;

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Blanks,
    Word(String),
    Number(Column),
    Rest,
}

/// A pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    pieces: Vec<Piece>,
}

impl Pattern {
    /// Reads a pattern.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut rest = text.trim();
        while let Some(first) = rest.chars().next() {
            if pieces.last() == Some(&Piece::Rest) {
                return Err("nothing can follow {*}, the rest of the line".into());
            }
            let (piece, len) = if first.is_whitespace() {
                (Piece::Blanks, rest.len() - rest.trim_start().len())
            } else if let Some(inside) = rest.strip_prefix('{') {
                let end = inside.find('}').ok_or("a '{' has no '}'")?;
                (Self::column(&inside[..end], &pieces)?, end + 2)
            } else {
                let end = rest.find(|c: char| c == '{' || c.is_whitespace()).unwrap_or(rest.len());
                (Piece::Word(rest[..end].to_owned()), end)
            };
            pieces.push(piece);
            rest = &rest[len..];
        }
        if !pieces.iter().any(|piece| matches!(piece, Piece::Number(c) if *c != Column::Other)) {
            return Err("it names no column, as in {seq} {sent} {value}".into());
        }
        Ok(Self { pieces })
    }

    fn column(name: &str, before: &[Piece]) -> Result<Piece, String> {
        if name == "*" {
            return Ok(Piece::Rest);
        }
        if matches!(before.last(), Some(Piece::Number(_))) {
            return Err(format!(
                "something must stand between {{{name}}} and the column before it"
            ));
        }
        let column = Column::named(name)?;
        let named = before.iter().filter_map(|piece| match piece {
            Piece::Number(column) => Some(*column),
            _ => None,
        });
        Ok(Piece::Number(column.once(named)?))
    }

    pub(super) fn fields(&self) -> Fields {
        fields(self.pieces.iter().filter_map(|piece| match piece {
            Piece::Number(column) => Some((*column, 64)),
            _ => None,
        }))
    }

    /// Reads a line.
    pub(super) fn match_line(&self, line: &[u8]) -> Result<Reading, String> {
        let text = std::str::from_utf8(line).map_err(|_| "it is no UTF-8".to_owned())?;
        let text = text.trim();
        let mut rest = text;
        let mut reading = Reading::default();
        for piece in &self.pieces {
            let fits = match piece {
                Piece::Blanks => eat(&mut rest, |c| c.is_whitespace()).map(|_| ()),
                Piece::Word(word) => rest.strip_prefix(word.as_str()).map(|after| rest = after),
                Piece::Rest => {
                    rest = "";
                    Some(())
                }
                Piece::Number(column) => number(&mut rest, *column, &mut reading),
            };
            fits.ok_or_else(|| mismatch(text, rest, piece))?;
        }
        if rest.is_empty() { Ok(reading) } else { Err(mismatch(text, rest, &Piece::Rest)) }
    }
}

/// Takes the characters for which `belongs` holds off the beginning, at least one.
fn eat<'t>(rest: &mut &'t str, belongs: impl Fn(char) -> bool) -> Option<&'t str> {
    let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
    let (eaten, after) = rest.split_at(end);
    *rest = after;
    (!eaten.is_empty()).then_some(eaten)
}

fn number(rest: &mut &str, column: Column, reading: &mut Reading) -> Option<()> {
    let before = *rest;
    let got = match column {
        Column::Other => eat(rest, |c| !c.is_whitespace()).map(|_| ()),
        Column::Value => eat(rest, |c| c.is_ascii_digit() || "+-.eE".contains(c))
            .and_then(|digits| digits.parse().ok())
            .map(|value| reading.value = value),
        Column::Seq | Column::Due | Column::Sent => {
            let digits = eat(rest, |c| c.is_ascii_digit())?;
            digits.parse().ok().map(|n| match column {
                Column::Seq => reading.seq = Some(n),
                Column::Due => reading.due = Some(Nanos(n)),
                _ => reading.sent = Some(Nanos(n)),
            })
        }
    };
    if got.is_none() {
        *rest = before;
    }
    got
}

/// Characters of a line that are shown.
const SHOWN: usize = 60;

#[cold]
fn mismatch(line: &str, rest: &str, piece: &Piece) -> String {
    let at = line[..line.len() - rest.len()].chars().count() + 1;
    let wanted = match piece {
        Piece::Blanks => "a blank".to_owned(),
        Piece::Word(word) => format!("'{word}'"),
        Piece::Number(Column::Value) => "a number for {value}".into(),
        Piece::Number(Column::Other) => "a word".into(),
        Piece::Number(column) => {
            format!("a whole number for {{{}}}", format!("{column:?}").to_lowercase())
        }
        Piece::Rest => "the line's end".into(),
    };
    let shown: String = line.chars().take(SHOWN).collect();
    let more = if line.chars().count() > SHOWN { "…" } else { "" };
    format!("{shown:?}{more} has not {wanted} at column {at}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matched(pattern: &str, line: &str) -> Result<Reading, String> {
        Pattern::read(pattern).unwrap().match_line(line.as_bytes())
    }

    #[test]
    fn numbers_are_found_where_the_pattern_says() {
        let reading = matched("{seq} {sent} {value}", "17 123456789012 -0.5e-1\r\n").unwrap();
        assert_eq!(reading.seq, Some(17));
        assert_eq!(reading.sent, Some(Nanos(123_456_789_012)));
        assert_eq!(reading.value, -0.05);
        let reading = matched("t={sent}, ch1={value}mV {*}", "t=5,   ch1=12.5mV and more").unwrap();
        assert_eq!((reading.sent, reading.value, reading.seq), (Some(Nanos(5)), 12.5, None));
        assert_eq!(matched("{_} {value}", "temperature: 21.5").unwrap().value, 21.5);
    }

    #[test]
    fn a_line_that_does_not_fit_says_where() {
        for (pattern, line, says) in [
            ("{seq} {value}", "one 2", "a whole number for {seq} at column 1"),
            ("{seq} {value}", "1 two", "a number for {value} at column 3"),
            ("{seq} {value}", "1", "a blank at column 2"),
            ("{seq} {value}", "1 2 3", "the line's end at column 4"),
            ("a={value}", "b=1", "'a=' at column 1"),
            ("{sent}", "-1", "a whole number for {sent}"),
            ("{seq}", "99999999999999999999999", "a whole number for {seq}"),
        ] {
            let why = matched(pattern, line).unwrap_err();
            assert!(why.contains(says), "{pattern} on {line}: {why}");
        }
        assert!(Pattern::read("{value}").unwrap().match_line(b"\xff1").is_err());
    }

    #[test]
    fn patterns_that_make_no_sense_are_refused() {
        for (pattern, says) in [
            ("", "no column"),
            ("{_} x", "no column"),
            ("{speed}", "'speed' is no column"),
            ("{seq}{value}", "between"),
            ("{seq} {seq}", "seq is named twice"),
            ("{seq", "no '}'"),
            ("{value}{*} x", "nothing can follow"),
        ] {
            let why = Pattern::read(pattern).unwrap_err();
            assert!(why.contains(says), "{pattern}: {why}");
        }
    }

    proptest! {
        #[test]
        fn no_pattern_and_no_line_make_it_panic(pattern in "[{}a-z_* ]{0,20}|\\PC{0,20}", line in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(pattern) = Pattern::read(&pattern) {
                let _ = pattern.match_line(&line);
            }
        }

        #[test]
        fn what_is_printed_is_read(seq in any::<u64>(), sent in any::<u64>(), value in -1e9f32..1e9) {
            let reading = matched("{seq} {sent} {value}", &format!("{seq} {sent} {value}")).unwrap();
            prop_assert_eq!(reading.seq, Some(seq));
            prop_assert_eq!(reading.sent, Some(Nanos(sent)));
            prop_assert_eq!(reading.value, value);
        }
    }
}
