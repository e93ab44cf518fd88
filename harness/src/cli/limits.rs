//! `limits`: what this machine can do at best, and what that is good for.

use std::fmt::Write as _;

use pipefit::ground::{Bytes, Clock, Monotonic, Nanos};
use pipefit::run::limits::{Limits, MOST, Range, Samples, Yardstick};
use pipefit::run::record::Spread;

use super::args::LimitsArgs;
use super::axes;
use super::exit::Exit;
use super::failure::Failure;
use super::out::{Out, tell};
use crate::report::json;

/// So often each yardstick is put to the machine, where there is time for it.
const ROUNDS: usize = 8;

pub(super) fn limits(args: &LimitsArgs, out: &Out) -> Result<Exit, Failure> {
    let pins = axes::chosen(args.pin.as_ref());
    let (samples, cut) = measure(Monotonic.now() + MOST, &pins);
    if let Some(cut) = cut {
        tell(&format!("{cut}\n"));
    }
    let limits = samples.limits().unwrap_or_default();
    let text = if args.json {
        let what = "limits";
        json::pretty(&limits).map_err(|e| Failure::Form { what, why: e.to_string() })?
    } else {
        table(&limits, &pins)
    };
    out.print(&text)?;
    Ok(Exit::Done)
}

/// All rounds, as long as they begin before a moment; and what was cut, if anything was.
fn measure(until: Nanos, pins: &[usize]) -> (Samples, Option<String>) {
    let mut samples = Samples::default();
    for round in 0..ROUNDS {
        let left_out = samples.probe_until(until, &Yardstick::ALL, pins);
        if left_out.is_empty() {
            continue;
        }
        let names: Vec<String> = left_out.iter().map(|y| format!("{y:?}").to_lowercase()).collect();
        let cut = format!(
            "cut short after {MOST}: {round} of {ROUNDS} rounds are whole, and the next is without {}",
            names.join(", ")
        );
        return (samples, Some(cut));
    }
    (samples, None)
}

/// A line: name, what for, the figure, its spread, samples, what it is.
struct Line {
    name: String,
    figure: String,
    spread: String,
    count: u64,
    what: &'static str,
}

fn table(limits: &Limits, pins: &[usize]) -> String {
    let mut lines = vec![
        times("line_rtt", None, &limits.line_rtt_ns, "a number there and back, a line each way"),
        times("one_line_rtt", None, &limits.one_line_rtt_ns, "both ways on one line"),
    ];
    let by_size = |of: &str| of.parse().map_or_else(|_| of.to_owned(), |n| Bytes(n).to_string());
    let by_time = |of: &str| of.parse().map_or_else(|_| of.to_owned(), as_written);
    for (of, spread) in by_number(&limits.slot_rtt_ns) {
        lines.push(times(
            "slot_rtt",
            Some(by_size(of)),
            spread,
            "bytes there and back, a slot each way",
        ));
    }
    for (name, all, what) in [
        ("wake", &limits.wake_ns, "a thread woken by futex, after so long a sleep"),
        ("eventfd_wake", &limits.eventfd_wake_ns, "by eventfd"),
        ("pipe_wake", &limits.pipe_wake_ns, "by a pipe"),
    ] {
        for (of, spread) in by_number(all) {
            lines.push(times(name, Some(by_time(of)), spread, what));
        }
    }
    for (name, all, ranges, what) in [
        ("memcpy", &limits.memcpy_bytes_per_s, &limits.memcpy_range, "copied on one core"),
        ("stream", &limits.stream_bytes_per_s, &limits.stream_range, "from one core to another"),
    ] {
        for (of, rate) in by_number(all) {
            lines.push(rates(name, &by_size(of), *rate, ranges.get(of), what));
        }
    }
    lines.push(times("clock", None, &limits.clock_ns, "reading the clock"));
    lines.push(times("thread_spawn", None, &limits.thread_spawn_ns, "a thread, begun and ended"));
    lines.push(times(
        "process_spawn",
        None,
        &limits.process_spawn_ns,
        "a process, begun and ended",
    ));
    let mut out = String::new();
    let _ = match pins {
        [] => writeln!(out, "This machine's limits, not pinned:\n"),
        pins => writeln!(out, "This machine's limits, on CPUs {pins:?}:\n"),
    };
    let _ = writeln!(out, "{:<22} {:>9}  {:<19} {:>6}  what", "limit", "p50", "spread", "n");
    for Line { name, figure, spread, count, what } in lines.iter().filter(|l| l.count > 0) {
        let _ = writeln!(out, "{name:<22} {figure:>9}  {spread:<19} {count:>6}  {what}");
    }
    out += "\nA budget names them as in `rtt.p50 <= 5 x limits.line_rtt.p50`, `limits.stream[64KiB]` or\n\
            `limits.pipe_wake[20us].p50`. They are measured beside every run: these hold for now.\n";
    out
}

/// A time as a budget names it.
fn as_written(nanos: u64) -> String {
    match nanos {
        n if n % 1_000_000 == 0 => format!("{}ms", n / 1_000_000),
        n => format!("{}us", n / 1_000),
    }
}

/// In the order of the numbers, not of their digits.
fn by_number<T>(all: &std::collections::BTreeMap<String, T>) -> Vec<(&String, &T)> {
    let mut all: Vec<_> = all.iter().collect();
    all.sort_by_key(|(of, _)| of.parse::<u64>().unwrap_or(u64::MAX));
    all
}

fn times(name: &str, of: Option<String>, spread: &Spread, what: &'static str) -> Line {
    let show = |ns: Option<u64>| ns.map_or_else(|| "—".to_owned(), |ns| Nanos(ns).to_string());
    Line {
        name: of.map_or_else(|| name.to_owned(), |of| format!("{name}[{of}]")),
        figure: show(spread.p50),
        spread: format!("p90 {}", show(spread.p90)),
        count: spread.count,
        what,
    }
}

fn rates(name: &str, of: &str, rate: f64, range: Option<&Range>, what: &'static str) -> Line {
    let giga = |rate: f64| format!("{:.1}", rate / 1e9);
    Line {
        name: format!("{name}[{of}]"),
        figure: format!("{}GB/s", giga(rate)),
        spread: range
            .map_or_else(String::new, |r| format!("{} – {}GB/s", giga(r.low), giga(r.high))),
        count: range.map_or(0, |r| r.count),
        what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_no_time_for_is_said() {
        let (samples, cut) = measure(Monotonic.now(), &[]);
        assert_eq!(samples.limits(), None);
        let cut = cut.unwrap();
        assert!(cut.contains("0 of 8 rounds") && cut.contains("costs"), "{cut}");
    }
}
