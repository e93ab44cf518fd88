//! What numbers on an axis are, and how they are written beside it.

use super::super::figure::scaled;

/// A unit of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Nanoseconds, shown in whatever unit is short.
    Nanos,
    /// Milliseconds.
    Millis,
    /// Seconds.
    Seconds,
    /// Bytes, by powers of two.
    Bytes,
    /// Bytes a second.
    BytesPerSecond,
    /// Percent.
    Percent,
    /// So many times something else.
    Times,
    /// Things.
    Count,
}

impl Unit {
    /// The name of a column of such numbers.
    pub(super) fn column(self, name: &str) -> String {
        let name = name.replace([' ', '/'], "_");
        let suffix = match self {
            Self::Nanos => "_ns",
            Self::Millis => "_ms",
            Self::Seconds => "_s",
            Self::Bytes => "_bytes",
            Self::BytesPerSecond => "_bytes_per_s",
            Self::Percent => "_pct",
            Self::Times => "_times",
            Self::Count => "",
        };
        format!("{name}{suffix}")
    }

    /// A number beside a tick: two digits that say something.
    pub(super) fn tick(self, value: f64) -> String {
        match self {
            Self::Nanos => span(value),
            Self::Millis => format!("{} ms", short(value)),
            Self::Seconds => format!("{} s", short(value)),
            Self::Bytes => bytes(value),
            Self::BytesPerSecond => rate(value),
            Self::Percent => format!("{} %", short(value)),
            Self::Times => format!("{}×", short(value)),
            Self::Count => short(value),
        }
    }
}

/// Nobody counts the digits of more than this.
const LONG: f64 = 1e15;

/// Without zeros that say nothing.
fn short(value: f64) -> String {
    if value.abs() >= LONG {
        return format!("{value:.1e}");
    }
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// `20 µs`.
fn span(nanos: f64) -> String {
    let (value, unit) = match nanos {
        n if n < 999.5 => (n, "ns"),
        n if n < 999.5e3 => (n / 1e3, "µs"),
        n if n < 999.5e6 => (n / 1e6, "ms"),
        n => (n / 1e9, "s"),
    };
    format!("{} {unit}", short((value * 10.0).round() / 10.0))
}

fn bytes(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size")]
    let whole = value.round() as u64;
    pipefit::ground::Bytes(whole).to_string()
}

/// Ticks are round: `10MB/s` rather than `10.00MB/s`.
fn rate(value: f64) -> String {
    let text = scaled(value, "B/s");
    let at = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let number = if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number
    };
    format!("{number} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_say_their_unit_and_no_more_than_that() {
        for (unit, value, shown) in [
            (Unit::Nanos, 2e4, "20 µs"),
            (Unit::Nanos, 5e8, "500 ms"),
            (Unit::Nanos, 1.2e6, "1.2 ms"),
            (Unit::Nanos, 1e9, "1 s"),
            (Unit::Seconds, 0.25, "0.25 s"),
            (Unit::Bytes, 65_536.0, "64KiB"),
            (Unit::BytesPerSecond, 1e10, "10 GB/s"),
            (Unit::Percent, -5.0, "-5 %"),
            (Unit::Percent, -0.0, "0 %"),
            (Unit::Times, 1.5, "1.5×"),
            (Unit::Count, 1.5e16, "1.5e16"),
            (Unit::Nanos, 1e30, "1.0e21 s"),
        ] {
            assert_eq!(unit.tick(value), shown);
        }
    }

    #[test]
    fn columns_carry_their_unit() {
        assert_eq!(Unit::Nanos.column("frame interval"), "frame_interval_ns");
        assert_eq!(Unit::Count.column("frames"), "frames");
    }
}
