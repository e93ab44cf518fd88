//! One figure, with its unit, or why there is none.

use std::fmt;

use pipefit::ground::Nanos;
use pipefit::run::record::Spread;

/// A figure as it is printed.
#[derive(Clone, Debug, PartialEq)]
pub enum Figure {
    /// There is one.
    Value {
        /// It, with its unit.
        text: String,
        /// The same as a number, to be compared within its column.
        raw: f64,
    },
    /// A percentile without enough samples behind it.
    TooFew,
    /// A metric that the cell does not have.
    Absent,
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Value { text, .. } => text,
            Self::TooFew => "n too small",
            Self::Absent => "—",
        })
    }
}

impl Figure {
    /// The number behind it.
    #[must_use]
    pub const fn raw(&self) -> Option<f64> {
        match self {
            Self::Value { raw, .. } => Some(*raw),
            Self::TooFew | Self::Absent => None,
        }
    }

    /// A figure taken from a spread: absent with it, and too small an `n` where the
    /// spread is there but holds no such figure.
    pub(super) fn of(spread: Option<&Spread>, pick: fn(&Spread) -> Option<u64>) -> Self {
        spread.map_or(Self::Absent, |s| pick(s).map_or(Self::TooFew, |ns| Self::nanos(Some(ns))))
    }

    /// A span of time.
    pub(super) fn nanos(ns: Option<u64>) -> Self {
        Self::from(ns.map(|n| n as f64), || Nanos(ns.unwrap_or_default()).to_string())
    }

    /// A number of things.
    pub(super) fn count(n: Option<u64>) -> Self {
        Self::from(n.map(|n| n as f64), || grouped(n.unwrap_or_default()))
    }

    /// A number per second, in `unit` (`Hz`, `B/s`).
    pub(super) fn per_second(value: Option<f64>, unit: &str) -> Self {
        Self::from(value, || scaled(value.unwrap_or_default(), unit))
    }

    fn from(raw: Option<f64>, text: impl FnOnce() -> String) -> Self {
        raw.map_or(Self::Absent, |raw| Self::Value { text: text(), raw })
    }
}

/// A figure in the unit of that symbol.
#[must_use]
pub(super) fn amount(value: Option<f64>, symbol: &str) -> Figure {
    let text = |value: f64| match symbol {
        "ns" if value >= 0.0 => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "saturates"
            )]
            let nanos = Nanos(value.round() as u64);
            nanos.to_string()
        }
        "B/s" | "Hz" => scaled(value, symbol),
        "B" => scaled(value, "B"),
        "1" if value.abs() < LONG => format!("{:.2} %", 100.0 * value),
        _ if value >= 0.0 && value.fract() == 0.0 && value < 1e15 => {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
            let n = value as u64;
            grouped(n)
        }
        _ if value.abs() >= LONG => format!("{value:.3e}"),
        _ => format!("{value:.1}"),
    };
    Figure::from(value, || text(value.unwrap_or_default()))
}

/// `20,000`.
#[must_use]
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// Nobody counts the digits of more than this.
const LONG: f64 = 1e15;

/// Four significant digits with a decimal prefix: `9.998kHz`, `64.0MB/s` would hide
/// whether 99.5 % of a rate was reached, so `64.01MB/s`.
#[must_use]
pub(super) fn scaled(value: f64, unit: &str) -> String {
    if value == 0.0 {
        return format!("0{unit}");
    }
    let (value, prefix) = match value.abs() {
        s if s < 999.95 => (value, ""),
        s if s < 999.95e3 => (value / 1e3, "k"),
        s if s < 999.95e6 => (value / 1e6, "M"),
        s if s < LONG => (value / 1e9, "G"),
        _ => return format!("{value:.3e}{unit}"),
    };
    let digits = match value.abs() {
        v if v >= 99.995 => 1,
        v if v >= 9.9995 => 2,
        _ => 3,
    };
    format!("{value:.digits$}{prefix}{unit}")
}

/// A ratio, in three digits that say something.
#[must_use]
pub(super) fn times(ratio: f64) -> String {
    match ratio {
        r if r >= LONG => format!("{r:.3e}×"),
        r if r >= 100.0 => format!("{r:.0}×"),
        r if r >= 10.0 => format!("{r:.1}×"),
        r if r >= 0.01 => format!("{r:.2}×"),
        r => format!("{r:.4}×"),
    }
}

/// A change in percent, as a number with its sign. What hardly differs from nothing has none.
#[must_use]
pub fn signed(pct: f64) -> String {
    if pct.abs() < 0.05 { "0.0".to_owned() } else { format!("{pct:+.1}") }
}

/// `+2.3 %`.
#[must_use]
pub fn percent(pct: f64) -> String {
    format!("{} %", signed(pct))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        for (n, shown) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")] {
            assert_eq!(grouped(n), shown);
        }
    }

    #[test]
    fn rates_keep_four_digits_and_their_unit() {
        for (v, shown) in [
            (9_998.2, "9.998kHz"),
            (60.0, "60.00Hz"),
            (0.5, "0.500Hz"),
            (999.96, "1.000kHz"),
            (755_123.0, "755.1kHz"),
            (1_234_567.0, "1.235MHz"),
            (2.5e12, "2500.0GHz"),
            (0.0, "0Hz"),
            (1e308, "1.000e308Hz"),
        ] {
            assert_eq!(scaled(v, "Hz"), shown);
        }
        assert_eq!((&times(1e20)[..], &times(2.0)[..]), ("1.000e20×", "2.00×"));
    }

    #[test]
    fn a_missing_percentile_is_not_a_missing_metric() {
        let few = Spread { count: 3, max: Some(9), ..Spread::default() };
        assert_eq!(Figure::of(Some(&few), |s| s.p50), Figure::TooFew);
        assert_eq!(Figure::of(Some(&few), |s| s.max).to_string(), "9ns");
        assert_eq!(Figure::of(None, |s| s.p50), Figure::Absent);
    }
}
