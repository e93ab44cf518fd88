//! A pipe's round trip agrees with the same thing written plainly in C: what is built
//! around a frame here does not show in what is measured.
//!
//! Both sides are pinned alike and measured in turn, the C program before and after
//! each of ours. Control: a C program that answers later must be told apart.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]
#![expect(clippy::print_stderr, reason = "what was measured, and what is inconclusive, is shown")]

mod serially;

use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::Failed;
use pipefit::ground::host::allowed_cpus;
use pipefit::ground::{Bytes, Nanos, frame};
use pipefit::link::Stop;
use pipefit::role::Extent;
use pipefit::run::record::Status;
use pipefit::run::{Case, Registry, scenario, session};
use pipefit_harness::stat::{Bracket, Paired};

/// Payload of a sample; both sides move its whole frame.
const SIZE: u64 = 64;

/// How long each side is measured, each time.
const SPAN: Nanos = Nanos::from_millis(150);

const PAIRS: usize = 12;

/// How far the two may be from each other.
const AGREE: std::ops::RangeInclusive<f64> = 0.85..=1.15;

fn main() {
    pipefit::init(&Registry::builtin());
    serially::run(&[("a_pipe_takes_as_long_as_one_in_plain_c", agrees)]);
}

/// The C program, built.
fn build(folder: &Path) -> PathBuf {
    let program = folder.join("pingpong");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plain/pingpong.c");
    let built = Command::new("cc").args(["-O2", "-Wall", "-o"]).arg(&program).arg(source).status();
    assert!(built.unwrap().success(), "cc failed");
    program
}

fn plain(program: &Path, delay: Nanos) -> f64 {
    let cpus = allowed_cpus();
    let numbers = [
        frame::wire_len(SIZE as usize) as u64,
        SPAN.0 / 1_000_000,
        cpus[0] as u64,
        cpus[1] as u64,
        delay.0,
    ];
    let out = Command::new(program).args(numbers.map(|n| n.to_string())).output().unwrap();
    assert!(out.status.success(), "pingpong: {:?}", out.status);
    String::from_utf8(out.stdout).unwrap().trim().parse().unwrap()
}

fn ours() -> Result<f64, Failed> {
    let case = Case {
        size: Bytes(SIZE),
        warmup: Nanos::from_millis(15),
        extent: Extent::For(SPAN),
        pins: allowed_cpus().into_iter().take(2).collect(),
        ..Case::of(scenario::find("rtt").unwrap(), "pipe")
    };
    let outcome = session::run(&Registry::builtin(), &[case], 1, &Stop::default(), &|_| {});
    let cell = outcome.measured.into_iter().next().unwrap().cell;
    if cell.status != Status::Valid {
        return Err(format!("{:?}", cell.reason).into());
    }
    let rtt = cell.metrics.rtt_ns.ok_or("no round trips")?;
    Ok(rtt.p50.ok_or("too few round trips")? as f64)
}

fn agrees() -> Result<(), Failed> {
    if allowed_cpus().len() < 2 {
        eprintln!("  SKIPPED: one CPU only");
        return Ok(());
    }
    let folder = std::env::temp_dir().join(format!("pipefit-plain-c-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let program = build(&folder);
    let (mut brackets, mut slow) = (Vec::new(), Vec::new());
    for _ in 0..PAIRS {
        let before = plain(&program, Nanos(0));
        let subject = ours()?;
        let after = plain(&program, Nanos(0));
        brackets.push(Bracket { before, subject, after });
        // Half as long again.
        let delay = Nanos((before / 2.0) as u64);
        let subject = plain(&program, delay);
        slow.push(Bracket { before, subject, after });
    }
    std::fs::remove_dir_all(&folder).unwrap();
    let (paired, control) = (Paired::of(&brackets), Paired::of(&slow));
    let (Some(ratio), Some(control)) = (paired.ratio, control.ratio) else {
        eprintln!("  inconclusive: the machine changed within {} of {PAIRS} pairs", paired.dropped);
        return Ok(());
    };
    eprintln!(
        "  ours / plain C: {:.3} [{:.3}, {:.3}], n = {}, {} dropped; control {:.3}",
        ratio.value, ratio.low, ratio.high, paired.n, paired.dropped, control.value
    );
    if control.low <= *AGREE.end() {
        eprintln!("  inconclusive: a C program half as slow again is not told apart");
        return Ok(());
    }
    if ratio.low > *AGREE.end() || ratio.high < *AGREE.start() {
        return Err(
            format!("ratio {:.3} [{:.3}, {:.3}]", ratio.value, ratio.low, ratio.high).into()
        );
    }
    if !AGREE.contains(&ratio.value) {
        eprintln!("  inconclusive: the interval reaches into {AGREE:?}");
    }
    Ok(())
}
