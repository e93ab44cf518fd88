//! From a line of text to an assertion: what cannot be meant is refused where it stands.

use std::ops::Range;

use pipefit::ground::{Bytes, Nanos};
use pipefit::run::limits::{Keys, keys};

use super::{Assertion, Bound, Figure, Op, Yardstick};
use crate::metric::{self, STATS, Shape, Unit};
use crate::quantity;

/// What is wrong with an assertion, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Bytes of the text.
    pub at: Range<usize>,
    /// Why.
    pub why: String,
}

impl Wrong {
    fn new(whole: &str, part: &str, why: impl Into<String>) -> Self {
        // A part is a slice of the whole, or nothing at its end.
        let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize);
        let start = start.filter(|at| *at <= whole.len()).unwrap_or(whole.len());
        Self { at: start..(start + part.len()).min(whole.len()), why: why.into() }
    }
}

impl Assertion {
    /// Reads an assertion.
    ///
    /// # Errors
    /// [`Wrong`] with the place and the reason.
    pub fn read(text: &str) -> Result<Self, Wrong> {
        let Some((left, op, right)) = split(text) else {
            let why = "no comparison: write <=, <, ==, >= or > between a metric and its limit";
            return Err(Wrong::new(text, text.trim(), why));
        };
        let figure = figure(text, left)?;
        let bound = bound(text, right, &figure)?;
        possible(text, right, &figure, op, &bound)?;
        Ok(Self { text: text.trim().to_owned(), figure, op, bound })
    }
}

fn split(text: &str) -> Option<(&str, Op, &str)> {
    let at = text.find(['<', '>', '='])?;
    let (sign, op) = Op::ALL.into_iter().find(|(sign, _)| text[at..].starts_with(sign))?;
    Some((text[..at].trim(), op, text[at + sign.len()..].trim()))
}

/// Names that begin alike or hold what was written, for a hint.
fn hint<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> String {
    let close = |name: &&str| {
        let common = name.bytes().zip(written.bytes()).take_while(|(a, b)| a == b).count();
        common >= 3 || name.contains(written) && written.len() > 2
    };
    let close: Vec<&str> = names.filter(close).collect();
    match &close[..] {
        [] => "`pipefit list` names them all".to_owned(),
        close => format!("is it {}?", close.join(" or ")),
    }
}

fn figure(whole: &str, text: &str) -> Result<Figure, Wrong> {
    let (name, stat) = text.split_once('.').map_or((text, None), |(n, s)| (n, Some(s)));
    let Some(metric) = metric::all().iter().find(|m| m.name == name) else {
        let names = metric::all().iter().map(|m| &m.name[..]);
        let why = format!("there is no metric '{name}': {}", hint(name, names));
        return Err(Wrong::new(whole, name, why));
    };
    let stat = part(whole, text, name, metric.shape, stat)?;
    Ok(Figure { metric: metric.clone(), stat })
}

/// The part of a spread that is meant; a number has none.
fn part(
    whole: &str,
    text: &str,
    name: &str,
    shape: Shape,
    stat: Option<&str>,
) -> Result<Option<String>, Wrong> {
    match (shape, stat) {
        (Shape::Number, None) => Ok(None),
        (Shape::Spread, Some(stat)) if STATS.contains(&stat) => Ok(Some(stat.to_owned())),
        (Shape::Spread, Some(stat)) => {
            let why = format!("{name} has no '{stat}': write one of {}", STATS.join(", "));
            Err(Wrong::new(whole, stat, why))
        }
        (Shape::Spread, None) => {
            let why = format!("{name} is a spread: say which part of it, as in {name}.p99");
            Err(Wrong::new(whole, text, why))
        }
        (Shape::Number, Some(stat)) => {
            Err(Wrong::new(whole, stat, format!("{name} is one number and has no parts")))
        }
    }
}

fn bound(whole: &str, text: &str, figure: &Figure) -> Result<Bound, Wrong> {
    if text.is_empty() {
        return Err(Wrong::new(whole, text, "nothing to compare it with"));
    }
    // `3 x limits.…`, `0.1 x store`, or a yardstick alone.
    let (factor, yardstick) = match text.split_once(char::is_whitespace) {
        Some((factor, rest)) => {
            let rest = rest.trim_start();
            match rest.strip_prefix("x ").or_else(|| rest.strip_prefix("× ")) {
                Some(yardstick) => (Some(factor), yardstick.trim()),
                None => (None, text),
            }
        }
        None => (None, text),
    };
    let named = yardstick.starts_with(|c: char| c.is_ascii_alphabetic());
    if factor.is_none() && !named {
        return value(whole, text, figure.unit()).map(Bound::Value);
    }
    let factor = match factor {
        None => 1.0,
        Some(text) => match text.parse::<f64>() {
            Ok(factor) if factor.is_finite() && factor > 0.0 => factor,
            _ => return Err(Wrong::new(whole, text, "not a factor: write a number above 0")),
        },
    };
    match yardstick.strip_prefix("limits.") {
        Some(path) => Ok(Bound::Times(factor, limit(whole, path, figure)?)),
        None => Ok(Bound::Times(factor, Yardstick::Transport(yardstick.to_owned()))),
    }
}

fn limit(whole: &str, path: &str, figure: &Figure) -> Result<Yardstick, Wrong> {
    let name_len = path.find(['.', '[']).unwrap_or(path.len());
    let (name, rest) = path.split_at(name_len);
    let Some(limit) = metric::limits().iter().find(|l| l.name == name) else {
        let names: Vec<&str> = metric::limits().iter().map(|l| &l.name[..]).collect();
        let why = format!("there is no limit '{name}': write one of {}", names.join(", "));
        return Err(Wrong::new(whole, name, why));
    };
    let (of, rest) = match rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
        Some((of, rest)) => (Some(of), rest),
        None => (None, rest),
    };
    let of = match (limit.keyed, of) {
        (false, None) => None,
        (true, Some(of)) => Some(key(name, of).map_err(|why| Wrong::new(whole, of, why))?),
        (false, Some(of)) => {
            return Err(Wrong::new(whole, of, format!("there is only one limits.{name}")));
        }
        (true, None) => {
            let why = format!("say for which size or time, as in {name}[64B] or {name}[3ms]");
            return Err(Wrong::new(whole, path, why));
        }
    };
    let stat = rest.strip_prefix('.').or(Some(rest).filter(|rest| !rest.is_empty()));
    let stat = part(whole, path, name, limit.shape, stat)?;
    if limit.unit != figure.unit() {
        let why = format!(
            "limits.{name} is counted in {}, {figure} in {}",
            limit.unit.symbol(),
            figure.unit().symbol()
        );
        return Err(Wrong::new(whole, path, why));
    }
    Ok(Yardstick::Limit { limit: limit.clone(), of, stat })
}

/// A size in bytes or a time in nanoseconds, whichever a limit is measured for.
fn key(name: &str, text: &str) -> Result<u64, String> {
    let none = |all: Vec<String>| format!("there is no {name}[{text}]: for {}", all.join(", "));
    match keys(name) {
        Keys::Sizes(all) => {
            let asked = quantity::size(text).ok().filter(|size| all.contains(size));
            asked.map(|size| size.0).ok_or_else(|| none(all.iter().map(Bytes::to_string).collect()))
        }
        Keys::Times(all) => {
            let asked = quantity::span(text).ok().filter(|span| all.contains(span));
            asked
                .map(|span| span.0)
                .ok_or_else(|| none(all.iter().map(|time| written(*time)).collect()))
        }
        Keys::One => Err(format!("there is only one limits.{name}")),
    }
}

/// A time as it is written between brackets.
fn written(time: Nanos) -> String {
    match time.0 {
        n if n % 1_000_000 == 0 => format!("{}ms", n / 1_000_000),
        n => format!("{}us", n / 1_000),
    }
}

/// A number with its unit, in the unit that figures have.
fn value(whole: &str, text: &str, unit: Unit) -> Result<f64, Wrong> {
    let wrong = |why: String| Wrong::new(whole, text, why);
    let plain = || text.replace('_', "").parse::<f64>().ok().filter(|x| x.is_finite());
    match unit {
        Unit::Count => match plain() {
            Some(count) if count.fract() == 0.0 => Ok(count),
            Some(_) => Err(wrong(format!("not a count: '{text}' is no whole number"))),
            None => Err(wrong(format!("not a count: '{text}' has a unit"))),
        },
        Unit::Share => {
            let percent = text.strip_suffix('%').map(|n| (n.trim(), 100.0));
            let (number, whole_is) = percent.unwrap_or((text, 1.0));
            let share = number.parse::<f64>().ok().filter(|x| x.is_finite());
            share.map(|x| x / whole_is).ok_or_else(|| wrong("not a share: write 0.05 or 5%".into()))
        }
        Unit::Nanos => quantity::span_or_none(text).map(|span| span.0 as f64).map_err(wrong),
        Unit::Hertz => quantity::rate(text).map_err(wrong),
        Unit::Bytes => quantity::bytes(text).map(|b| b.0 as f64).map_err(wrong),
        Unit::BytesPerSecond => match text.strip_suffix("/s") {
            Some(bytes) => quantity::bytes(bytes).map(|b| b.0 as f64).map_err(wrong),
            None => Err(wrong("not a rate in bytes: write a size and /s, as in 2GB/s".into())),
        },
    }
}

/// A limit that nothing could ever keep, or nothing could ever miss, is a mistake.
fn possible(whole: &str, at: &str, figure: &Figure, op: Op, bound: &Bound) -> Result<(), Wrong> {
    let Bound::Value(limit) = *bound else { return Ok(()) };
    // Slopes and what was left behind may be negative; nothing else can.
    let signed =
        figure.metric.name.contains("slope") || figure.metric.place == metric::Place::Residue;
    let least = if signed { f64::NEG_INFINITY } else { 0.0 };
    let most = if figure.unit() == Unit::Share { 1.0 } else { f64::INFINITY };
    let a_time = figure.unit() == Unit::Nanos;
    let why = match op {
        Op::AtMost | Op::Exactly if limit < least => "can never hold: it is never negative",
        Op::Below if limit <= least => "can never hold: it is never below 0",
        Op::AtMost if a_time && limit <= 0.0 => "can never hold: nothing takes no time",
        Op::AtLeast | Op::Exactly if limit > most => "can never hold: a share is at most 1",
        Op::Above if limit >= most => "can never hold: a share is at most 1",
        Op::AtMost if limit >= most => "always holds: a share is at most 1",
        Op::Below if limit > most => "always holds: a share is at most 1",
        Op::AtLeast if limit <= least => "always holds: it is never negative",
        Op::Above if limit < least => "always holds: it is never negative",
        _ => return Ok(()),
    };
    Err(Wrong::new(whole, at, format!("{figure} {} {at} {why}", op.sign())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Assertion {
        Assertion::read(text).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"))
    }

    fn wrong(text: &str) -> (String, String) {
        let wrong = Assertion::read(text).unwrap_err();
        (text[wrong.at].to_owned(), wrong.why)
    }

    #[test]
    fn every_form_is_read() {
        let lost = read("lost == 0");
        assert_eq!((lost.op, lost.bound), (Op::Exactly, Bound::Value(0.0)));
        let age = read(" age.p99 <= 25ms ");
        assert_eq!(age.text, "age.p99 <= 25ms");
        assert_eq!((age.figure.to_string(), age.bound), ("age.p99".into(), Bound::Value(25e6)));
        assert_eq!(read("throughput >= 500kHz").bound, Bound::Value(500e3));
        assert_eq!(read("throughput_bytes >= 2GB/s").bound, Bound::Value(2e9));
        assert_eq!(read("stall_share < 5%").bound, Bound::Value(0.05));
        assert_eq!(read("rss_max <= 64MiB").bound, Bound::Value(f64::from(64 << 20)));
        assert_eq!(read("rtt.count >= 1_000").bound, Bound::Value(1000.0));
        let ratio = read("rtt.p50 <= 3 x limits.line_rtt.p50");
        let Bound::Times(factor, Yardstick::Limit { limit, of, stat }) = ratio.bound else {
            panic!("{:?}", ratio.bound)
        };
        let said = (factor, &limit.name[..], of, stat.as_deref());
        assert_eq!(said, (3.0, "line_rtt", None, Some("p50")));
        let keyed = read("rtt.p50 <= 2 × limits.slot_rtt[64KiB].p50");
        assert!(keyed.needs_limits());
        let Bound::Times(_, Yardstick::Limit { of, .. }) = keyed.bound else { panic!() };
        assert_eq!(of, Some(65_536));
        assert_eq!(read("throughput >= 10 x store").rival(), Some("store"));
        assert_eq!(
            read("rtt.p50 <= pipe").bound,
            Bound::Times(1.0, Yardstick::Transport("pipe".into()))
        );
        assert_eq!(read("throughput_bytes >= 0.5 x limits.stream[64KiB]").rival(), None);
    }

    #[test]
    fn what_is_wrong_is_named_where_it_stands() {
        for (text, at, why) in [
            ("agee.p99 <= 25ms", "agee", "is it age?"),
            ("age <= 25ms", "age", "age.p99"),
            ("age.p42 <= 25ms", "p42", "p50, p90"),
            ("freezes.p99 == 0", "p99", "one number"),
            ("age.p99 <= 25", "25", "unit"),
            ("age.p99 <= 25MB", "25MB", "ms"),
            ("throughput >= 5ms", "5ms", "kHz"),
            ("lost == 0ms", "0ms", "has a unit"),
            ("age.p99", "age.p99", "no comparison"),
            ("age.p99 <= ", "", "nothing to compare"),
            ("age.p99 <= 0ms", "0ms", "never hold"),
            ("lost <= -1", "-1", "never hold"),
            ("stall_share >= 150%", "150%", "never hold"),
            ("throughput >= 0Hz", "0Hz", "always holds"),
            ("rtt.p50 <= -3 x limits.line_rtt.p50", "-3", "factor"),
            ("rtt.p50 <= 3 x limits.lines.p50", "lines", "line_rtt"),
            ("rtt.p50 <= 3 x limits.slot_rtt.p50", "slot_rtt.p50", "slot_rtt[64B]"),
            ("rtt.p50 <= 3 x limits.line_rtt[64B].p50", "64B", "only one"),
            ("rtt.p50 <= 3 x limits.stream[64KiB]", "stream[64KiB]", "B/s"),
            ("rtt.p50 <= 3 x limits.wake[64B].p50", "64B", "for 20us, 500us, 3ms"),
            ("rtt.p50 <= 3 x limits.pipe_wake[21us].p50", "21us", "for 20us, 500us, 3ms"),
            ("rtt.p50 <= 3 x limits.slot_rtt[3ms].p50", "3ms", "for 64B, 64KiB"),
            ("rtt.p50 <= 3 x limits.slot_rtt[2KiB].p50", "2KiB", "for 64B, 64KiB"),
            ("lost <= 0.5", "0.5", "whole number"),
            ("stall_share <= 100%", "100%", "always holds"),
            ("stall_share < 150%", "150%", "always holds"),
            ("rtt.p50 <= 3 x limits.line_rtt", "line_rtt", "spread"),
        ] {
            let (found, said) = wrong(text);
            assert_eq!(found, at, "{text}: {said}");
            assert!(said.contains(why), "{text}: {said}");
        }
    }
}
