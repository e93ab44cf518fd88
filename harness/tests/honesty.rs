//! The whole tool, started as a person starts it, and treated badly from outside.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::park_timeout;
use std::time::{Duration, Instant};

use pipefit::run::record::{Cause, Cell};
use pipefit_harness::report::json;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

fn tool(results: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pipefit"));
    command.args(arguments).arg("--results").arg(results);
    command.stdin(Stdio::null()).stderr(Stdio::null());
    command
}

fn only_cell(results: &Path) -> Cell {
    let text = std::fs::read_to_string(results.join("latest/run.json")).unwrap();
    json::read(&text).unwrap().cells.remove(0)
}

/// A viewer that stands still for 2 s of a 6 s run at 10 kHz. Every frame that was due
/// in the meantime is still offered, and its `response` says how long it was waited
/// for; `transit` and `slip` say where.
#[test]
fn a_frozen_viewer_shows_in_every_frame_it_kept_waiting() {
    let results = TempDir::new().unwrap();
    let arguments = [
        "run",
        "stream",
        "--transport",
        "pipe",
        "--rate",
        "10kHz",
        "--duration",
        "6s",
        "--send-timeout",
        "10s",
        "--pin",
        "none",
        "--message-format",
        "json",
    ];
    let mut child = tool(results.path(), &arguments).stdout(Stdio::piped()).spawn().unwrap();
    let pid = Pid::from_child(&child);
    let mut stood = Duration::ZERO;
    // A try that misses its rate is followed by another, which needs its freeze as well.
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        if !line.unwrap().contains("\"started\"") {
            continue;
        }
        park_timeout(Duration::from_millis(1_500));
        kill_process(pid, Signal::STOP).unwrap();
        let began = Instant::now();
        park_timeout(Duration::from_secs(2));
        kill_process(pid, Signal::CONT).unwrap();
        stood = began.elapsed();
    }
    child.wait().unwrap();

    let cell = only_cell(results.path());
    let ledger = cell.ledger.unwrap_or_else(|| panic!("{:?}", cell.reason));
    assert!(ledger.offered.abs_diff(60_000) <= 300, "{ledger:?}");
    assert_eq!((ledger.lost, ledger.duplicate, ledger.corrupt), (0, 0, 0), "{ledger:?}");
    let [response, transit, slip] =
        [cell.metrics.response_ns, cell.metrics.transit_ns, cell.metrics.slip_ns]
            .map(Option::unwrap);
    // A tenth of all frames was due in the first 0.6 s of it.
    let p90 = Duration::from_nanos(response.p90.unwrap());
    let wanted = stood.saturating_sub(Duration::from_millis(600));
    assert!(p90.abs_diff(wanted) < Duration::from_millis(250), "p90 {p90:?} of {stood:?}");
    // 1 MiB of pipe holds about 0.9 s of these frames; the others waited in the sensor.
    assert!(transit.max.unwrap() > 800_000_000, "{transit:?}");
    assert!(slip.max.unwrap() > 500_000_000, "{slip:?}");
    assert!(cell.metrics.stalls.unwrap() >= 1);
}

/// Memory does not grow with the length of a run. `PIPEFIT_LONG=1` takes 5 s and 60 s.
#[test]
fn memory_is_flat_in_time() {
    let long = std::env::var_os("PIPEFIT_LONG").is_some();
    let (short, long) = if long { ("5s", "60s") } else { ("1s", "8s") };
    let rss = [short, long].map(|duration| {
        let results = TempDir::new().unwrap();
        let arguments =
            ["run", "stream", "--transport", "pipe", "--rate", "10kHz", "--duration", duration];
        tool(results.path(), &arguments).stdout(Stdio::null()).status().unwrap();
        let cell = only_cell(results.path());
        assert!(
            cell.reason.is_none() || cell.cause == Some(Cause::MissedRate),
            "{:?}",
            cell.reason
        );
        cell.metrics.rss_max_bytes.unwrap()
    });
    println!("{short}: {} KiB, {long}: {} KiB", rss[0] / 1024, rss[1] / 1024);
    assert!(rss[0].abs_diff(rss[1]) < 4 << 20, "{short}: {} B, {long}: {} B", rss[0], rss[1]);
}
