//! Sizes, times, rates and counts, as people write them: on a command line, and in a
//! file of budgets. What is out of reach is refused with a reason and a remedy.

use pipefit::ground::{Bytes, Nanos, frame};
use pipefit::link::Caps;

/// The longest that one cell is measured.
const LONGEST: Nanos = Nanos::from_secs(24 * 3600);

/// The most frames that are due together.
const MOST_BURST: u64 = 1_000_000;

/// The most frames of one cell: a million a second for as long as a cell may take.
const MOST_MESSAGES: u64 = LONGEST.0 / 1000;

/// A number of bytes.
///
/// # Errors
/// Where it is not one.
pub fn bytes(text: &str) -> Result<Bytes, String> {
    let text = text.trim();
    if text.contains('.') {
        return Err("a size is a whole number of bytes: write 1500B or 4KiB, no fractions".into());
    }
    match text.parse::<bytesize::ByteSize>() {
        // What is too large for the type comes back as its largest value.
        Ok(size) => Ok(Bytes(size.as_u64())),
        Err(_) => Err("not a size: write a number and B, kB, KiB, MB or MiB, as in 4KiB".into()),
    }
}

/// A payload.
///
/// # Errors
/// Where it is not one that can be asked for.
pub fn size(text: &str) -> Result<Bytes, String> {
    let header = Bytes(frame::HEADER as u64);
    let most = Bytes(Caps::LARGEST.0 - header.0);
    match bytes(text)? {
        Bytes(0) => Err("a frame carries at least 1B".into()),
        size if size > most => Err(format!(
            "a frame carries at most {most}: {} less its header of {header}",
            Caps::LARGEST
        )),
        size => Ok(size),
    }
}

/// A queue's capacity. Some transports take the memory for it at once.
///
/// # Errors
/// Where it is not one that can be asked for.
pub fn capacity(text: &str) -> Result<Bytes, String> {
    match bytes(text)? {
        Bytes(0) => Err("a queue holds at least 1B".into()),
        size if size > Caps::LARGEST => Err(format!("at most {} can be asked for", Caps::LARGEST)),
        size => Ok(size),
    }
}

fn time(text: &str, most: Nanos) -> Result<Nanos, String> {
    match humantime::parse_duration(text.trim()) {
        Ok(span) if Nanos::from(span) > most => Err(format!("at most {most} can be asked for")),
        Ok(span) => Ok(span.into()),
        Err(error) => Err(format!("{error}: write a number and ns, us, ms, s or min, as in 500ms")),
    }
}

fn some(span: Nanos) -> Result<Nanos, String> {
    if span.0 == 0 { Err("it must be longer than nothing, as in 2s".into()) } else { Ok(span) }
}

/// A time that is not nothing.
///
/// # Errors
/// Where it is not one that can be asked for.
pub fn span(text: &str) -> Result<Nanos, String> {
    time(text, LONGEST).and_then(some)
}

/// A time that may be nothing.
///
/// # Errors
/// Where it is not one that can be asked for.
pub fn span_or_none(text: &str) -> Result<Nanos, String> {
    time(text, LONGEST)
}

/// How long drawing may take.
///
/// # Errors
/// Where it is not one that can be asked for.
pub fn draw_cost(text: &str) -> Result<Nanos, String> {
    time(text, Nanos::from_secs(10))
}

/// How long a send may wait.
///
/// # Errors
/// Where it is not one that can be asked for.
pub fn patience(text: &str) -> Result<Nanos, String> {
    time(text, Nanos::from_secs(3600)).and_then(some)
}

fn count(text: &str, most: u64) -> Result<u64, String> {
    match text.trim().replace('_', "").parse() {
        Ok(0) => Err("it must be at least 1".into()),
        Ok(n) if n > most => Err(format!("at most {most} can be asked for")),
        Ok(n) => Ok(n),
        Err(_) => Err("not a whole number".into()),
    }
}

/// How many frames to measure.
///
/// # Errors
/// Where it is not one that can be asked for.
pub fn messages(text: &str) -> Result<u64, String> {
    count(text, MOST_MESSAGES)
}

/// How many frames are due together.
///
/// # Errors
/// Where it is not one that can be asked for.
pub fn burst(text: &str) -> Result<u64, String> {
    count(text, MOST_BURST)
}

/// Events a second: of any size, and with a unit.
///
/// # Errors
/// Where it is not one.
pub fn rate(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let scale = match text[number.len()..].to_ascii_lowercase().as_str() {
        "hz" => Some(1.0),
        "khz" => Some(1e3),
        "mhz" => Some(1e6),
        "ghz" => Some(1e9),
        _ => None,
    };
    let hertz = number.trim().parse::<f64>().ok().zip(scale).map(|(n, scale)| n * scale);
    hertz
        .filter(|hz| hz.is_finite())
        .ok_or_else(|| "not a rate: write a number and Hz, kHz or MHz, as in 10kHz".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_exact_or_refused() {
        for (text, n) in
            [("64", 64), ("4KiB", 4096), ("1000B", 1000), ("5kB", 5000), ("1 MiB", 1 << 20)]
        {
            assert_eq!(size(text), Ok(Bytes(n)), "{text}");
        }
        assert_eq!(size("1073741776"), Ok(Bytes((1 << 30) - 48)), "the largest");
        for bad in
            ["0", "", "-1", "64 apples", "1.5KiB", "4GiB", "1073741777", "99999999999999999999"]
        {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_have_units_and_limits() {
        assert_eq!(span("1500ms"), Ok(Nanos::from_millis(1500)));
        assert_eq!(span_or_none("0s"), Ok(Nanos(0)));
        for bad in ["0", "0s", "2", "2 furlongs", "-1s", "48h", "99999999999999999999s", ""] {
            assert!(span(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn counts_are_whole_and_bounded() {
        assert_eq!(messages("10_000"), Ok(10_000));
        for bad in ["0", "-1", "1.5", "many", "18446744073709551615"] {
            assert!(messages(bad).is_err(), "{bad}");
        }
        assert!(burst("1000001").is_err());
    }

    #[test]
    fn rates_have_units_and_any_sign() {
        assert_eq!(rate("10kHz"), Ok(10e3));
        assert_eq!(rate("-0.5 Hz"), Ok(-0.5));
        for bad in ["10", "kHz", "10kB", ""] {
            assert!(rate(bad).is_err(), "{bad}");
        }
    }
}
