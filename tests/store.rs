//! `store` on real links: what comes of it when its server dies, and that a queue in a
//! server process looks as slow as it is.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]
#![expect(clippy::print_stderr, reason = "what was measured is shown")]

mod serially;

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use pipefit::ground::{Bytes, Nanos};
use pipefit::link::driver::{ThreadTimer, on_thread};
use pipefit::link::{LinkSpec, Policy, RecvError, Rx, SendError, Stop, Timer, Tx, Wait, open};
use pipefit::role::Extent;
use pipefit::run::record::{Cell, Status};
use pipefit::run::residue::{Census, Residue};
use pipefit::run::session::Event;
use pipefit::run::{Case, Registry, scenario, session};
use pipefit::transport::Store;
use rustix::process::{Pid, Signal, kill_process};

fn main() {
    pipefit::init(&Registry::builtin());
    serially::run(&[
        ("halves_learn_that_their_server_was_killed", killed_between),
        ("halves_that_wait_learn_that_their_server_was_killed", killed_while_waiting),
        ("a_server_that_does_not_answer_is_an_error_in_bounded_time", stopped),
        ("frames_larger_than_a_sockets_buffer_arrive_whole", large),
        ("a_server_killed_in_the_middle_of_a_run_is_an_error_in_bounded_time", killed_in_a_run),
        ("a_run_leaves_nothing_behind", nothing_left),
        ("it_is_ten_times_slower_than_shared_memory", slow),
    ]);
}

fn ensure(holds: bool, otherwise: impl std::fmt::Display) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(otherwise.to_string().into()) }
}

/// The servers that this process has started, dead or alive.
fn servers() -> Vec<Pid> {
    let me = std::process::id().to_string();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let found = processes.filter_map(|process| {
        let stat = fs::read_to_string(process.path().join("stat")).ok()?;
        let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?;
        let line = fs::read(process.path().join("cmdline")).ok()?;
        let is_server = parent == me && line.starts_with(b"pipefit-store");
        let pid = process.file_name().to_str()?.parse().ok()?;
        is_server.then(|| Pid::from_raw(pid)).flatten()
    });
    found.collect()
}

/// How many were there to be killed: one may end because another does.
fn kill_servers() -> usize {
    servers().into_iter().filter(|pid| kill_process(*pid, Signal::KILL).is_ok()).count()
}

/// A store makes no names in /dev/shm. Other programs may, at the same time.
fn left_nothing(who: &str, residue: &Residue) -> Result<(), Failed> {
    let mine = Residue { shm_names: 0, ..*residue };
    ensure(mine.is_clean(), format!("{who}: {residue:?}"))
}

const SPEC: LinkSpec = LinkSpec {
    capacity: Bytes(4 << 10),
    frame: Bytes(1 << 10),
    policy: Policy::Block,
    wait: Wait::Block,
};

fn within(seconds: u64) -> Nanos {
    ThreadTimer.now() + Nanos::from_secs(seconds)
}

fn put(tx: &mut impl Tx) -> Result<pipefit::link::Sent, SendError> {
    on_thread(tx.send(&ThreadTimer, within(20), 1 << 10, |bytes| bytes.fill(7)))
}

/// Between two requests: the next one of each half fails, and so does every one after.
fn killed_between() -> Result<(), Failed> {
    let before = Census::take();
    let mut link = open::<Store>(&SPEC)?;
    put(&mut link.tx)?;
    ensure(kill_servers() == 1, "there is one server")?;
    let began = Instant::now();
    for _ in 0..2 {
        let sent = put(&mut link.tx);
        ensure(matches!(sent, Err(SendError::Os { .. })), format!("{sent:?}"))?;
        let got = on_thread(link.rx.recv(&ThreadTimer, within(20), |_| ()));
        ensure(matches!(got, Err(RecvError::Os { .. })), format!("{got:?}"))?;
        let drained = on_thread(link.rx.drain(&ThreadTimer, 9, |_| ()));
        ensure(matches!(drained, Err(RecvError::Os { .. })), format!("{drained:?}"))?;
    }
    drop(link);
    let took = began.elapsed();
    ensure(took < Duration::from_secs(1), format!("noticed after {took:?}"))?;
    left_nothing("two halves", &Census::take().since(&before))
}

/// A put and a take whose answers are held back.
fn killed_while_waiting() -> Result<(), Failed> {
    let (mut full, mut empty) = (open::<Store>(&SPEC)?, open::<Store>(&SPEC)?);
    for _ in 0..4 {
        put(&mut full.tx)?;
    }
    let began = Instant::now();
    let (sent, got) = thread::scope(|scope| {
        let sends = scope.spawn(|| put(&mut full.tx));
        let reads = scope.spawn(|| on_thread(empty.rx.recv(&ThreadTimer, within(20), |_| ())));
        thread::park_timeout(Duration::from_millis(100));
        kill_servers();
        (sends.join().unwrap(), reads.join().unwrap())
    });
    let took = began.elapsed();
    ensure(matches!(sent, Err(SendError::Os { .. })), format!("{sent:?}"))?;
    ensure(matches!(got, Err(RecvError::Os { .. })), format!("{got:?}"))?;
    ensure(took < Duration::from_secs(1), format!("noticed after {took:?}"))?;
    drop((full, empty));
    ensure(servers().is_empty(), "a server is left")
}

/// Stopped for good: whoever asks it gives up, and whoever lets go of it kills it.
fn stopped() -> Result<(), Failed> {
    let mut link = open::<Store>(&SPEC)?;
    servers().iter().for_each(|pid| kill_process(*pid, Signal::STOP).unwrap());
    let began = Instant::now();
    let drained = on_thread(link.rx.drain(&ThreadTimer, 9, |_| ()));
    ensure(matches!(drained, Err(RecvError::Os { .. })), format!("{drained:?}"))?;
    // Its answer may come yet, but is not waited for again.
    let drained = on_thread(link.rx.drain(&ThreadTimer, 9, |_| ()));
    ensure(matches!(drained, Err(RecvError::Os { .. })), format!("{drained:?}"))?;
    let took = began.elapsed();
    ensure(took < Duration::from_secs(3), format!("given up after {took:?}"))?;
    drop(link);
    let took = began.elapsed();
    ensure(took < Duration::from_secs(5), format!("let go of after {took:?}"))?;
    ensure(servers().is_empty(), "a server is left")
}

/// Each with bytes of its own, through a queue of one.
fn large() -> Result<(), Failed> {
    const LEN: usize = 5_000_001;
    for wait in [Wait::Spin, Wait::Block] {
        let frame = Bytes(LEN as u64);
        let link = open::<Store>(&LinkSpec { frame, wait, ..SPEC })?;
        let (mut tx, mut rx) = (link.tx, link.rx);
        thread::scope(|scope| {
            scope.spawn(move || {
                for n in 1..=9 {
                    let fill = |bytes: &mut [u8]| bytes.fill(n);
                    on_thread(tx.send(&ThreadTimer, within(20), LEN, fill)).unwrap();
                }
            });
            for n in 1..=9 {
                let whole = |bytes: &[u8]| bytes.len() == LEN && bytes.iter().all(|b| *b == n);
                let whole = on_thread(rx.recv(&ThreadTimer, within(20), whole))?;
                ensure(whole, format!("frame {n} by {wait} is not as it was sent"))?;
            }
            Ok::<(), Failed>(())
        })?;
    }
    Ok(())
}

fn case(scenario: &'static str, transport: &'static str) -> Case {
    Case {
        warmup: Nanos::from_millis(50),
        extent: Extent::For(Nanos::from_millis(300)),
        ..Case::of(scenario::find(scenario).unwrap(), transport)
    }
}

fn measure(cases: &[Case], watch: &(dyn Fn(Event<'_>) + Sync)) -> Vec<Cell> {
    let outcome = session::run(&Registry::builtin(), cases, 1, &Stop::default(), watch);
    outcome.measured.into_iter().map(|m| m.cell).collect()
}

fn killed_in_a_run() -> Result<(), Failed> {
    for scenario in ["stream", "rtt", "max", "gui60"] {
        let began = Instant::now();
        let kill = |event: Event<'_>| {
            if matches!(event, Event::Started { .. }) {
                // In the middle: the schedule begins in a few milliseconds.
                thread::spawn(|| {
                    thread::park_timeout(Duration::from_millis(150));
                    kill_servers();
                });
            }
        };
        let long = Extent::For(Nanos::from_secs(30));
        let cell = measure(&[Case { extent: long, ..case(scenario, "store") }], &kill).remove(0);
        let took = began.elapsed();
        ensure(cell.status == Status::Invalid, format!("{scenario}: {:?}", cell.status))?;
        eprintln!("  {scenario}: {:?}, after {took:?}: {:?}", cell.cause, cell.reason);
        ensure(took < Duration::from_secs(5), format!("{scenario}: noticed after {took:?}"))?;
        ensure(servers().is_empty(), format!("{scenario}: a server is left"))?;
    }
    Ok(())
}

fn nothing_left() -> Result<(), Failed> {
    let cases = ["stream", "rtt", "max", "gui60"].map(|scenario| case(scenario, "store"));
    for cell in measure(&cases, &|_| {}) {
        let residue = cell.residue.ok_or_else(|| format!("{}: {:?}", cell.id, cell.reason))?;
        left_nothing(&cell.id, &residue)?;
    }
    ensure(servers().is_empty(), "a server is left")
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_unstable_by(f64::total_cmp);
    of[of.len() / 2]
}

/// `max` over both in turns. The control is another ring: it must not look slow.
fn slow() -> Result<(), Failed> {
    let (mut stores, mut rings) = (Vec::new(), Vec::new());
    for round in 0..5 {
        let mut cases = ["store", "shm-ring", "memfd-ring"].map(|t| case("max", t));
        if round % 2 == 1 {
            cases.reverse();
        }
        let cells = measure(&cases, &|_| {});
        let rate = |transport: &str| {
            let cell = cells.iter().find(|c| c.transport == transport).unwrap();
            ensure(cell.status == Status::Valid, format!("{}: {:?}", cell.id, cell.reason))?;
            cell.metrics.throughput_hz.ok_or_else(|| Failed::from("no throughput"))
        };
        let reference = rate("shm-ring")?;
        stores.push(rate("store")? / reference);
        rings.push(rate("memfd-ring")? / reference);
    }
    let (store, ring) = (median(stores), median(rings));
    eprintln!(
        "  of shm-ring's frames a second, n = 5 pairs: store {store:.4}, memfd-ring {ring:.2}"
    );
    ensure(store <= 0.1, format!("store reaches {store:.3} of shm-ring"))?;
    ensure(ring > 0.1, format!("control: memfd-ring reaches {ring:.3} of shm-ring"))
}
