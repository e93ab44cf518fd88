//! Honesty on real links: a figure must not depend on what is not measured, and a
//! known-bad transport must look bad.
//!
//! What depends on a quiet machine says `inconclusive` on a noisy one. Each judgement
//! has a control: the same data, taken the wrong way, must be judged wrong.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]
#![expect(clippy::print_stderr, reason = "what was measured, and what is inconclusive, is shown")]

mod serially;

use std::time::Instant;

use libtest_mimic::Failed;
use pipefit::ground::host::{CpuTicks, allowed_cpus, cpu_ticks, own_ticks};
use pipefit::ground::{Bytes, Hertz, Nanos};
use pipefit::link::Stop;
use pipefit::role::Extent;
use pipefit::run::record::{Cause, Cell, Status};
use pipefit::run::{Case, Registry, scenario, session};

fn main() {
    pipefit::init(&Registry::builtin());
    serially::run(&[
        ("throughput_does_not_depend_on_the_number_of_frames_over_threads", || {
            any_number("thread")
        }),
        ("throughput_does_not_depend_on_the_number_of_frames_over_a_pipe", || any_number("pipe")),
        ("a_pipe_that_is_not_flushed_shows_old_samples", unflushed),
    ]);
}

fn case(scenario: &'static str, transport: &'static str, extent: Extent) -> Case {
    let scenario = scenario::find(scenario).unwrap();
    Case {
        rate: scenario.rate.map(|_| Hertz::new(1_000)),
        warmup: Nanos::from_millis(100),
        extent,
        pins: allowed_cpus().into_iter().take(2).collect(),
        ..Case::of(scenario, transport)
    }
}

fn measure(cases: &[Case]) -> Vec<Cell> {
    let outcome = session::run(&Registry::builtin(), cases, 1, &Stop::default(), &|_| {});
    outcome.measured.into_iter().map(|m| m.cell).collect()
}

#[derive(Debug, PartialEq)]
enum Verdict {
    Same,
    Inconclusive,
    Different,
}

/// Whether nine ratios have a median within 25 % of 1. Their second and eighth in
/// order hold the median in 96 % of samples (binomial, n = 9).
fn judge(mut ratios: Vec<f64>) -> (Verdict, f64, f64, f64) {
    ratios.sort_unstable_by(f64::total_cmp);
    let (low, median, high) = (ratios[1], ratios[4], ratios[7]);
    let within = |x: f64| (0.75..=1.25).contains(&x);
    let verdict = if within(median) {
        Verdict::Same
    } else if low <= 1.25 && high >= 0.75 {
        Verdict::Inconclusive
    } else {
        Verdict::Different
    };
    (verdict, median, low, high)
}

/// The share of the processors' time, in percent, that others may take before nothing
/// can be said.
const BUSY: f64 = 5.0;

/// Watches what other programs take of the processors.
struct Quiet {
    before: Option<(CpuTicks, u64)>,
}

impl Quiet {
    fn watch() -> Self {
        Self { before: cpu_ticks().zip(own_ticks()) }
    }

    /// In percent of all processors' time.
    fn others_pct(&self) -> f64 {
        let Some((before, ours)) = self.before else { return 0.0 };
        let Some((now, ours_now)) = cpu_ticks().zip(own_ticks()) else { return 0.0 };
        let others = now.others_since(&before, ours_now.saturating_sub(ours)).unwrap_or(0.0);
        let cpus = std::thread::available_parallelism().map_or(1, usize::from);
        // What the host takes for itself is nobody's on this machine.
        100.0 * others / cpus as f64 + now.steal_pct_since(&before).unwrap_or(0.0)
    }
}

/// Whether the long form is wanted.
fn long() -> bool {
    std::env::var_os("PIPEFIT_LONG").is_some()
}

/// `max` at 10 thousand and at a million frames (3 million in the long form), in nine
/// interleaved pairs.
fn any_number(transport: &'static str) -> Result<(), Failed> {
    let many = if long() { 3_000_000 } else { 1_000_000 };
    let (mut timed_here, mut timed_there) = (Vec::new(), Vec::new());
    let quiet = Quiet::watch();
    for _ in 0..9 {
        let mut rates = Vec::new();
        for frames in [10_000u32, many] {
            let began = Instant::now();
            // What a queue holds at the end is read without the sender: little, of either.
            let case = Case {
                capacity: Bytes(16 << 10),
                ..case("max", transport, Extent::Frames(frames.into()))
            };
            let cell = measure(&[case]).remove(0);
            let whole = f64::from(frames) / began.elapsed().as_secs_f64();
            ensure(cell.status == Status::Valid, format!("{:?}", cell.reason))?;
            rates.push((cell.metrics.throughput_hz.ok_or("no throughput")?, whole));
        }
        timed_there.push(rates[0].0 / rates[1].0);
        timed_here.push(rates[0].1 / rates[1].1);
    }
    let (verdict, median, low, high) = judge(timed_there);
    eprintln!(
        "  {transport}: 10 k against {many} frames, n = 9 pairs: {median:.2} [{low:.2}, {high:.2}] {verdict:?}"
    );
    let others = quiet.others_pct();
    if verdict == Verdict::Different && others > BUSY {
        // A short run fits between two turns of somebody else's, a long one does not.
        eprintln!("  inconclusive: other programs took {others:.0} % of the processors");
        return Ok(());
    }
    ensure(verdict != Verdict::Different, format!("ratio {median:.2} [{low:.2}, {high:.2}]"))?;
    // Control: timed from the start of the call, the number of frames decides.
    let (verdict, median, ..) = judge(timed_here);
    let message = format!("a rate with spawn and drain in it has ratio {median:.2}: {verdict:?}");
    ensure(verdict == Verdict::Different, message)
}

/// A 99th percentile of age takes 10 s of observed time, a 90th takes one.
fn unflushed() -> Result<(), Failed> {
    let span = Extent::For(if long() { Nanos::from_secs(11) } else { Nanos::from_millis(2_500) });
    let cells = measure(&[case("gui60", "pipe", span), case("gui60", "pipe-buffered", span)]);
    let mut ages = Vec::new();
    for cell in &cells {
        if cell.cause == Some(Cause::MissedRate) {
            eprintln!("  inconclusive: {}", cell.reason.as_deref().unwrap_or_default());
            return Ok(());
        }
        ensure(cell.status == Status::Valid, format!("{}: {:?}", cell.id, cell.reason))?;
        let age = cell.metrics.age_ns.as_ref().ok_or("no age")?;
        let tail = if long() { age.p99 } else { age.p90 };
        ages.push(tail.ok_or_else(|| format!("{}: n too small: {age:?}", cell.id))?);
    }
    eprintln!("  age: pipe {}, pipe-buffered {}", Nanos(ages[0]), Nanos(ages[1]));
    ensure(ages[1] >= 50_000_000, format!("not flushed, and still {} old", Nanos(ages[1])))?;
    // Frames missed and a late sensor are the machine's doing, not the pipe's.
    let metrics = &cells[0].metrics;
    let slip = metrics.slip_ns.as_ref().and_then(|slip| slip.p99).unwrap_or(0);
    let noisy = metrics.missed_frames.unwrap_or(0) > 5 || slip > 1_000_000;
    if ages[0] > 25_000_000 && noisy {
        eprintln!("  inconclusive: this machine was too busy to keep the schedule");
        return Ok(());
    }
    ensure(ages[0] <= 25_000_000, format!("a flushed pipe is {} old", Nanos(ages[0])))
}

fn ensure(holds: bool, otherwise: impl std::fmt::Display) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(otherwise.to_string().into()) }
}
