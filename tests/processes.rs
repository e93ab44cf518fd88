//! Real child processes: they start, report, end, and are missed when they die.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]

mod serially;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use pipefit::ground::{Bytes, Hertz, Nanos};
use pipefit::link::{Policy, Stop, Why};
use pipefit::role::Extent;
use pipefit::role::screen::ScreenSpec;
use pipefit::run::record::{Cause, Measured, Residue, Status};
use pipefit::run::session::{self, Event, Outcome};
use pipefit::run::{Case, Registry, scenario};
use rustix::process::{Pid, Signal, kill_process};

fn main() {
    pipefit::init(&Registry::builtin());
    serially::run(&[
        ("every_scenario_over_a_pipe_is_valid_and_complete", every_scenario),
        ("nothing_is_left_behind", nothing_left),
        ("a_child_killed_in_the_middle_is_a_typed_error_in_bounded_time", killed),
        ("a_stopped_echo_peer_yields_no_round_trip", stopped_echo),
        ("a_stopped_sensor_is_waited_for_and_then_goes_on", paused_sensor),
        ("an_interrupt_saves_what_was_measured", interrupted),
        ("an_interrupt_before_another_try_spoils_no_repeat", interrupted_between),
        ("a_rate_that_cannot_be_kept_is_tried_three_times_and_invalid", missed_rate),
        ("policies_account_for_every_frame", policies),
    ]);
}

fn case(scenario: &'static str, transport: &'static str) -> Case {
    let scenario = scenario::find(scenario).unwrap();
    Case {
        rate: scenario.rate.map(|_| Hertz::new(2_000)),
        warmup: Nanos::from_millis(50),
        extent: Extent::For(Nanos::from_millis(500)),
        ..Case::of(scenario, transport)
    }
}

/// Where nothing depends on how long it takes.
fn brief(scenario: &'static str, transport: &'static str) -> Case {
    Case { extent: Extent::For(Nanos::from_millis(150)), ..case(scenario, transport) }
}

fn measure(cases: &[Case], watch: &(dyn Fn(Event<'_>) + Sync)) -> Outcome {
    session::run(&Registry::builtin(), cases, 1, &Stop::default(), watch)
}

fn one(case: Case, watch: &(dyn Fn(Event<'_>) + Sync)) -> Measured {
    measure(&[case], watch).measured.remove(0)
}

fn ensure(holds: bool, otherwise: impl std::fmt::Display) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(otherwise.to_string().into()) }
}

fn every_scenario() -> Result<(), Failed> {
    for scenario in ["stream", "rtt", "max", "gui60"] {
        for size in [1, 24, 64, 1_000, 5_000, 65_536] {
            // Those without a rate take as long as they take.
            let extent = match scenario {
                "rtt" | "max" => Extent::Frames(500),
                _ => Extent::For(Nanos::from_millis(150)),
            };
            let case = Case { size: Bytes(size), extent, ..case(scenario, "pipe") };
            let got = one(case, &|_| {}).cell;
            let ledger = got.ledger.ok_or_else(|| format!("{scenario}: {:?}", got.reason))?;
            let kept = got.status == Status::Valid || got.cause == Some(Cause::MissedRate);
            ensure(kept, format!("{scenario} {size} B: {:?}", got.reason))?;
            let clean = (ledger.lost, ledger.duplicate, ledger.corrupt, ledger.torn);
            ensure(clean == (0, 0, 0, 0), format!("{scenario} {size} B: {ledger:?}"))?;
            ensure(ledger.offered > 100, format!("{scenario} {size} B: {ledger:?}"))?;
            ensure(ledger.shown + ledger.merged == ledger.offered, format!("{ledger:?}"))?;
        }
    }
    Ok(())
}

fn nothing_left() -> Result<(), Failed> {
    for scenario in ["stream", "rtt", "gui60"] {
        let cases = ["pipe", "thread", "task"].map(|transport| brief(scenario, transport));
        for cell in measure(&cases, &|_| {}).measured.into_iter().map(|m| m.cell) {
            // None of these has a name in shared memory; others on this machine may.
            let residue = Residue { shm_names: 0, ..cell.residue.ok_or("no residue was counted")? };
            ensure(residue.is_clean(), format!("{}: {residue:?}", cell.id))?;
        }
    }
    Ok(())
}

/// Sends `signal` to the child as soon as it has started.
fn on_start(signal: Signal, pids: &Mutex<Vec<Pid>>) -> impl Fn(Event<'_>) + Sync {
    move |event| {
        if let Event::Started { started, .. } = event
            && let Some(pid) = started.child.and_then(|pid| Pid::from_raw(pid.cast_signed()))
        {
            pids.lock().unwrap().push(pid);
            kill_process(pid, signal).unwrap();
        }
    }
}

fn killed() -> Result<(), Failed> {
    for scenario in ["stream", "rtt", "gui60"] {
        let (pids, began) = (Mutex::default(), Instant::now());
        let got = one(case(scenario, "pipe"), &on_start(Signal::KILL, &pids)).cell;
        let took = began.elapsed();
        ensure(got.status == Status::Invalid, format!("{scenario}: {:?}", got.status))?;
        ensure(got.cause == Some(Cause::ChildDied), format!("{scenario}: {:?}", got.cause))?;
        let reason = got.reason.unwrap_or_default();
        ensure(reason.contains("signal 9"), &reason)?;
        ensure(took < Duration::from_secs(2), format!("{scenario}: noticed after {took:?}"))?;
    }
    Ok(())
}

fn stopped_echo() -> Result<(), Failed> {
    let pids = Mutex::default();
    // Stopped for good: the launcher kills it in the end.
    let patient = Case { patience: Nanos::from_millis(600), ..case("rtt", "pipe") };
    let got = one(patient, &on_start(Signal::STOP, &pids)).cell;
    ensure(got.status == Status::Invalid, format!("{:?}", got.status))?;
    let trips = got.metrics.rtt_ns.map_or(0, |r| r.count);
    ensure(trips == 0, format!("{trips} round trips with the other side stopped"))?;
    let pid = pids.lock().unwrap()[0];
    let gone = !std::path::Path::new(&format!("/proc/{}", pid.as_raw_nonzero())).exists();
    ensure(gone, "the stopped child is still there")
}

fn paused_sensor() -> Result<(), Failed> {
    let pids = Mutex::new(Vec::new());
    let resume = |event: Event<'_>| {
        if let Event::Started { started, .. } = event
            && let Some(pid) = started.child.and_then(|pid| Pid::from_raw(pid.cast_signed()))
        {
            pids.lock().unwrap().push(pid);
            // Stopped from 150 ms into the run for 250 ms.
            std::thread::spawn(move || {
                std::thread::park_timeout(Duration::from_millis(150));
                kill_process(pid, Signal::STOP).unwrap();
                std::thread::park_timeout(Duration::from_millis(250));
                kill_process(pid, Signal::CONT).unwrap();
            });
        }
    };
    let got = one(case("stream", "pipe"), &resume).cell;
    let ledger = got.ledger.ok_or_else(|| format!("{:?}", got.reason))?;
    ensure(ledger.offered == 1_000 && ledger.lost == 0, format!("{ledger:?}"))?;
    let worst = got.metrics.response_ns.and_then(|r| r.max).unwrap_or(0);
    let slip = got.metrics.slip_ns.and_then(|r| r.max).unwrap_or(0);
    ensure(worst > 200_000_000, format!("a stop of 250 ms shows as {} in response", Nanos(worst)))?;
    ensure(slip > 200_000_000, format!("it was the sensor that stopped, slip says {}", Nanos(slip)))
}

fn interrupted() -> Result<(), Failed> {
    let stop = Stop::default();
    let asker = stop.clone();
    let cases = [
        Case { extent: Extent::For(Nanos::from_millis(200)), ..case("stream", "pipe") },
        Case {
            rate: Some(Hertz::new(50_000_000)),
            extent: Extent::For(Nanos::from_millis(20)),
            ..case("stream", "pipe")
        },
        Case { extent: Extent::For(Nanos::from_secs(30)), ..case("gui60", "pipe") },
        case("max", "pipe"),
    ];
    let watch = move |event: Event<'_>| {
        if let Event::Started { case, .. } = event
            && case.scenario == "gui60"
        {
            let asker = asker.clone();
            std::thread::spawn(move || {
                std::thread::park_timeout(Duration::from_secs(1));
                asker.ask(Why::Interrupted);
            });
        }
    };
    let began = Instant::now();
    let outcome = session::run(&Registry::builtin(), &cases, 1, &stop, &watch);
    ensure(began.elapsed() < Duration::from_secs(10), "it did not end when asked")?;
    ensure(outcome.partial, "it is not marked as partial")?;
    let [whole, missed, cut, never] = &outcome.measured[..] else {
        return Err("cells are missing".into());
    };
    let kept = whole.cell.status == Status::Valid || whole.cell.cause == Some(Cause::MissedRate);
    ensure(kept && whole.cell.ledger.is_some(), format!("{:?}", whole.cell.reason))?;
    // It was to be measured again, and nobody came to do so.
    let missed = &missed.cell;
    ensure(missed.cause == Some(Cause::MissedRate), format!("{:?}", missed.reason))?;
    ensure((missed.tries, missed.repeats) == (1, 1), format!("{} tries", missed.tries))?;
    ensure(cut.cell.cause == Some(Cause::Interrupted), format!("{:?}", cut.cell.cause))?;
    let ledger = cut.cell.ledger.ok_or("what was measured is gone")?;
    ensure(ledger.offered > 100 && ledger.check().is_ok(), format!("{ledger:?}"))?;
    ensure(never.cell.cause == Some(Cause::Interrupted), format!("{:?}", never.cell.cause))
}

fn interrupted_between() -> Result<(), Failed> {
    let stop = Stop::default();
    let second = AtomicBool::new(false);
    let watch = |event: Event<'_>| match event {
        Event::Begins { repeat, .. } => second.store(repeat == 1, Ordering::Relaxed),
        Event::Started { started, .. } if second.load(Ordering::Relaxed) => {
            let pid = started.child.and_then(|pid| Pid::from_raw(pid.cast_signed())).unwrap();
            // Over the end of it, so that it misses its rate.
            std::thread::spawn(move || {
                std::thread::park_timeout(Duration::from_millis(100));
                kill_process(pid, Signal::STOP).unwrap();
                std::thread::park_timeout(Duration::from_millis(700));
                kill_process(pid, Signal::CONT).unwrap();
            });
        }
        Event::Ended { repeat: 1, .. } => stop.ask(Why::Interrupted),
        _ => {}
    };
    let cases = [case("stream", "pipe")];
    let outcome = session::run(&Registry::builtin(), &cases, 2, &stop, &watch);
    let cell = &outcome.measured[0].cell;
    ensure(outcome.partial && cell.tries >= 2, format!("{} tries", cell.tries))?;
    ensure(cell.status == Status::Valid && cell.repeats == 1, format!("{:?}", cell.reason))
}

fn missed_rate() -> Result<(), Failed> {
    let rate = Some(Hertz::new(50_000_000));
    let extent = Extent::For(Nanos::from_millis(20));
    let got = one(Case { rate, extent, warmup: Nanos(0), ..case("stream", "pipe") }, &|_| {}).cell;
    ensure(got.cause == Some(Cause::MissedRate), format!("{:?}", got.cause))?;
    ensure(
        got.tries == 3 && got.repeats == 1,
        format!("{} tries, {} repeats", got.tries, got.repeats),
    )?;
    ensure(got.ledger.is_some_and(|l| l.check().is_ok() && l.lost == 0), "its books are not kept")
}

fn policies() -> Result<(), Failed> {
    for (transport, policy) in [
        ("pipe", Policy::DropNewest),
        ("thread", Policy::DropNewest),
        ("crossbeam", Policy::DropNewest),
        ("crossbeam", Policy::OverwriteOldest),
        ("rtrb", Policy::DropNewest),
        ("task", Policy::DropNewest),
        ("coroutine", Policy::DropNewest),
        ("coroutine", Policy::OverwriteOldest),
        ("store", Policy::DropNewest),
        ("store", Policy::OverwriteOldest),
    ] {
        // A screen that draws for longer than a frame, and a small queue.
        let screen = ScreenSpec { cost: Nanos::from_millis(40), ..ScreenSpec::GUI60 };
        let small = Case {
            policy,
            screen,
            capacity: Bytes(4096),
            rate: Some(Hertz::new(20_000)),
            ..brief("gui60", transport)
        };
        let got = one(small, &|_| {}).cell;
        let ledger = got.ledger.ok_or_else(|| format!("{transport}: {:?}", got.reason))?;
        ensure(ledger.check().is_ok(), format!("{transport} {policy}: {ledger:?}"))?;
        ensure(ledger.lost == 0, format!("{transport} {policy}: {ledger:?}"))?;
        ensure(ledger.dropped > 0, format!("{transport} {policy}: nothing dropped, {ledger:?}"))?;
    }
    Ok(())
}
