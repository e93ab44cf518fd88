//! A link that stands open while it is used again and again, as the benches do; and the
//! flags that they are started with.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]

mod serially;

#[path = "../benches/flags/mod.rs"]
mod flags;

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use flags::{Flags, Mode};
use libtest_mimic::Failed;
use pipefit::ground::Nanos;
use pipefit::ground::frame::wire_len;
use pipefit::link::{Policy, Stop};
use pipefit::role::bare::{BareSpec, Load, Order, told};
use pipefit::run::launch::{Far, FarReport, Near, RunError, Started};
use pipefit::run::standing::{Fallen, Use, measured};
use pipefit::run::{Case, Plan, Registry, Standing, scenario};
use rustix::process::{Pid, Signal, kill_process};

fn main() {
    pipefit::init(&Registry::builtin());
    serially::run(&[
        ("as_much_is_done_as_was_asked_and_it_takes_its_time", as_much),
        ("what_piled_up_between_two_orders_is_not_counted", piled_up),
        ("a_child_killed_between_two_orders_is_an_error_in_bounded_time", killed),
        ("a_policy_that_gives_frames_up_may_leave_gaps", gaps),
        ("the_value_of_a_flag_is_no_filter", values),
    ]);
}

fn ensure(holds: bool, otherwise: impl std::fmt::Display) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(otherwise.to_string().into()) }
}

fn case(transport: &'static str) -> Case {
    let patience = Nanos::from_secs(1);
    Case { patience, ..Case::of(scenario::find("max").unwrap(), transport) }
}

fn unwatched(_: Started) {}

/// One transport of each place where halves can live.
fn as_much() -> Result<(), Failed> {
    let registry = Registry::builtin();
    for transport in ["coroutine", "task", "thread", "pipe", "shm-ring"] {
        for used in [Use::Trips, Use::Arrivals] {
            let (case, entry) = (case(transport), registry.get(transport).unwrap());
            thread::scope(|scope| {
                let link = Standing::open(scope, entry, &case, used, &unwatched).unwrap();
                let ask = |count, singly| link.ask(Order { count, singly }).unwrap();
                let (began, few, many) = (Instant::now(), ask(1, false), ask(1_000, false));
                let outside = Nanos::from(began.elapsed());
                let singly = ask(100, true);
                let trial = link.close().map_err(|e| format!("{transport}, {used:?}: {e}"))?;
                let what = format!("{transport}, {used:?}: {few:?}, {many:?}");
                ensure((few.count, many.count, singly.count) == (1, 1_000, 100), &what)?;
                // No machine makes and checks a frame in 5 ns.
                ensure(many.took.0 > 5_000 && many.took < outside, &what)?;
                let (FarReport::Bare(far), trips) = (&trial.far, used == Use::Trips) else {
                    return Err("another role".into());
                };
                ensure(!trips || far.count == 1_101, format!("{what}: {} echoed", far.count))?;
                let each = singly.each.as_ref().map(pipefit::ground::Meter::count);
                ensure(each == trips.then_some(100), format!("{what}, {each:?}"))?;
                let cell = measured(&case, used, &[singly], &trial).cell;
                let figures = (cell.metrics.rtt_ns.is_some(), cell.metrics.throughput_hz.is_some());
                ensure(figures == (trips, !trips), format!("{what}: {figures:?}"))
            })?;
        }
    }
    Ok(())
}

/// How much faster frames come after a pause than without one. A pipe is read in large
/// pieces and written frame by frame, so what waits in it comes many times faster.
fn haste(piled: u64) -> Result<f64, Failed> {
    let registry = Registry::builtin();
    let case = case("pipe");
    let near = BareSpec {
        len: wire_len(case.size.as_usize()),
        load: Load::Framed,
        batch: 1,
        spin: false,
        span: Nanos::from_secs(60),
        warmup: Nanos(0),
        patience: Nanos::from_secs(10),
    };
    let (ear, teller) = told(near, piled);
    let plan = Plan {
        program: None,
        link: case.link(),
        far: Far::Flood(near),
        near: Near::Arrivals(ear),
        pins: case.pins.clone(),
    };
    thread::scope(|scope| {
        let entry = registry.get("pipe").unwrap();
        let trial = scope.spawn(move || entry.play(&plan, &Stop::default(), &unwatched));
        let rate = |count| teller.ask(Order::of(count)).unwrap().per_second().unwrap();
        let steady = rate(50_000);
        thread::park_timeout(Duration::from_millis(50));
        // More than can have piled up in the pipe, and in what is read of it at once.
        let after_a_pause = rate(12_000);
        drop(teller);
        trial.join().unwrap()?;
        Ok(after_a_pause / steady)
    })
}

fn piled_up() -> Result<(), Failed> {
    let slots = case("pipe").link().slots() as u64;
    // Others may keep this machine busy: the best of a few tries counts.
    let tries = |piled: u64| (0..4).map(move |_| haste(piled));
    let mut worst = 0.0_f64;
    let even = tries(slots).any(|haste| {
        worst = worst.max(*haste.as_ref().unwrap_or(&f64::MAX));
        haste.is_ok_and(|haste| haste < 2.0)
    });
    ensure(even, format!("{worst} times faster after a pause"))?;
    let hasty = tries(0).any(|haste| haste.is_ok_and(|haste| haste > 2.0));
    ensure(hasty, "the control: counted from the first, what had piled up does not show")
}

fn killed() -> Result<(), Failed> {
    let registry = Registry::builtin();
    let entry = registry.get("pipe").unwrap();
    // The control: nobody is killed.
    for (used, kills) in [(Use::Trips, true), (Use::Arrivals, true), (Use::Trips, false)] {
        let child = Mutex::new(None);
        let watch = |started: Started| *child.lock().unwrap() = started.child;
        thread::scope(|scope| {
            let link = Standing::open(scope, entry, &case("pipe"), used, &watch).unwrap();
            link.ask(Order::of(100)).unwrap();
            let pid = child.lock().unwrap().and_then(|pid| Pid::from_raw(pid.cast_signed()));
            if kills {
                kill_process(pid.unwrap(), Signal::KILL).unwrap();
            }
            let began = Instant::now();
            let asked = link.ask(Order::of(1_000_000 * u64::from(kills) + 100));
            ensure(asked.is_err() == kills, format!("{used:?}: {asked:?}"))?;
            match link.close() {
                Ok(_) => ensure(!kills, "a dead child's link closed in order")?,
                Err(Fallen::Run(RunError::ChildDied { how, .. })) => {
                    ensure(kills && how.contains("signal 9"), how)?;
                }
                Err(other) => return Err(other.to_string().into()),
            }
            ensure(began.elapsed() < Duration::from_secs(4), format!("{:?}", began.elapsed()))
        })?;
    }
    Ok(())
}

fn gaps() -> Result<(), Failed> {
    let registry = Registry::builtin();
    let entry = registry.get("shm-latest").unwrap();
    let case = Case { policy: Policy::OverwriteOldest, ..case("shm-latest") };
    thread::scope(|scope| {
        let link = Standing::open(scope, entry, &case, Use::Arrivals, &unwatched).unwrap();
        let timed = link.ask(Order::of(1_000)).unwrap();
        ensure(timed.count == 1_000, format!("{timed:?}"))?;
        link.close()?;
        Ok(())
    })
}

fn values() -> Result<(), Failed> {
    let of = |line: &str| Flags::of(line.split_whitespace().map(str::to_owned));
    let flags = of("--bench --save-baseline a --sample-size 10 --noplot -b=a");
    ensure(flags.mode == Mode::Full && flags.want("limits/8 B trip"), format!("{flags:?}"))?;
    let flags = of("--baseline a latency/pipe --quick --bench");
    ensure(flags.mode == Mode::Quick && flags.want("latency/pipe/64B"), format!("{flags:?}"))?;
    ensure(!flags.want("limits/64 KiB trip"), "the control: a filter holds")?;
    ensure(of("").mode == Mode::Test && of("--bench --test").mode == Mode::Test, "not a test")?;
    ensure(of("--list --bench --quick").mode == Mode::List, "not a list")
}
