//! Sizes and rates with their units, as people write them on a command line.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A number of bytes.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(transparent)]
pub struct Bytes(pub u64);

impl Bytes {
    /// The same number as an index into memory.
    #[must_use]
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// Rounded for people: `4.2MiB`, `1000B`.
    #[must_use]
    pub fn about(self) -> String {
        let scales = [("GiB", 1u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
        match scales.into_iter().find(|(_, scale)| self.0 >= *scale) {
            Some((unit, scale)) => format!("{:.1}{unit}", self.0 as f64 / scale as f64),
            None => self.to_string(),
        }
    }
}

impl fmt::Display for Bytes {
    /// Exact: `64B`, `4KiB`, `1MiB`, `1000B`; never rounded.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, unit) = match self.0 {
            n if n >= 1 << 30 && n % (1 << 30) == 0 => (n >> 30, "GiB"),
            n if n >= 1 << 20 && n % (1 << 20) == 0 => (n >> 20, "MiB"),
            n if n >= 1 << 10 && n % (1 << 10) == 0 => (n >> 10, "KiB"),
            n => (n, "B"),
        };
        f.pad(&format!("{n}{unit}"))
    }
}

/// A number of events per second, held in thousandths so that it is exact.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Hertz {
    millis: u64,
}

impl Hertz {
    /// `n` events per second.
    #[must_use]
    pub const fn new(n: u64) -> Self {
        Self { millis: n * 1000 }
    }

    /// `n` events per thousand seconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self { millis }
    }

    /// Events per thousand seconds.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.millis
    }

    /// Events per second.
    #[must_use]
    pub fn per_second(self) -> f64 {
        self.millis as f64 / 1e3
    }

    /// How many events fall into `nanos` nanoseconds, rounded down.
    #[must_use]
    pub fn events_in(self, nanos: u64) -> u64 {
        let n = u128::from(self.millis) * u128::from(nanos) / 1_000_000_000_000;
        u64::try_from(n).unwrap_or(u64::MAX)
    }
}

impl fmt::Display for Hertz {
    /// Exact: `10kHz`, `1MHz`, `60Hz`, `0.5Hz`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.millis {
            m if m >= 1_000_000_000 && m % 1_000_000_000 == 0 => {
                format!("{}MHz", m / 1_000_000_000)
            }
            m if m >= 1_000_000 && m % 1_000_000 == 0 => format!("{}kHz", m / 1_000_000),
            m if m % 1000 == 0 => format!("{}Hz", m / 1000),
            m => format!("{}Hz", m as f64 / 1e3),
        };
        f.pad(&text)
    }
}

/// Why a rate could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not a number followed by a known unit.
    #[error("'{0}' is not a rate: write a number and Hz, kHz or MHz, as in 10kHz")]
    Rate(String),
    /// Zero, negative, below one event per thousand seconds, or above 1 GHz.
    #[error("a rate of '{0}' cannot be paced: it must lie between 0.001Hz and 1000MHz")]
    RateRange(String),
}

impl FromStr for Hertz {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let trimmed = text.trim();
        let split = trimmed
            .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-'))
            .unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(split);
        let scale = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "hz" => 1e3,
            "khz" => 1e6,
            "mhz" => 1e9,
            _ => return Err(QuantityError::Rate(text.to_owned())),
        };
        let value: f64 = number.parse().map_err(|_| QuantityError::Rate(text.to_owned()))?;
        let millis = (value * scale).round();
        if !(1.0..=1e12).contains(&millis) {
            return Err(QuantityError::RateRange(text.to_owned()));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "range checked"
        )]
        Ok(Self { millis: millis as u64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_read_and_print_exactly() {
        for (text, shown) in [
            ("10kHz", "10kHz"),
            ("60", "60Hz"),
            ("1.5 kHz", "1500Hz"),
            ("0.5Hz", "0.5Hz"),
            ("2MHz", "2MHz"),
        ] {
            assert_eq!(text.parse::<Hertz>().unwrap().to_string(), shown);
        }
        for bad in ["", "fast", "10 furlongs", "0", "-1kHz", "1e99Hz", "NaN"] {
            assert!(bad.parse::<Hertz>().is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_print_without_rounding() {
        for (n, shown) in
            [(0, "0B"), (64, "64B"), (1000, "1000B"), (4096, "4KiB"), (3 << 20, "3MiB")]
        {
            assert_eq!(Bytes(n).to_string(), shown);
        }
        for (n, shown) in
            [(1023, "1023B"), (1024, "1.0KiB"), (4_400_000, "4.2MiB"), (3 << 30, "3.0GiB")]
        {
            assert_eq!(Bytes(n).about(), shown);
        }
    }

    #[test]
    fn events_in_a_span_round_down() {
        assert_eq!(Hertz::new(10_000).events_in(2_000_000_000), 20_000);
        assert_eq!(Hertz::new(3).events_in(999_999_999), 2);
    }
}
