//! What is looked at before, while and after a process is killed; and the dice.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Child;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

/// Nothing here takes longer, or something hangs.
const HANGS: Duration = Duration::from_secs(60);

/// A machine that runs a due thread later than this is too busy for figures.
const BUSY: Duration = Duration::from_millis(20);

/// How often what came late is tried again.
const TRIES: u32 = 3;

pub(crate) fn ensure(holds: bool, otherwise: impl std::fmt::Display) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(otherwise.to_string().into()) }
}

/// Random numbers that come again with the seed (`SplitMix64`).
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ z >> 31) % n
    }

    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }

    pub(crate) fn millis(&mut self, most: u64) -> Duration {
        Duration::from_micros(self.below(most * 1_000))
    }
}

/// Sees to it that a test which hangs ends, and says what hung.
pub(crate) fn bounded<R>(what: &str, body: impl FnOnce() -> R) -> R {
    let (done, over) = channel::<()>();
    let name = what.to_owned();
    let dog = thread::spawn(move || {
        if over.recv_timeout(HANGS) == Err(RecvTimeoutError::Timeout) {
            eprintln!("{name} did not end within {HANGS:?}");
            // Children ask to be killed with us.
            std::process::exit(101);
        }
    });
    let out = body();
    drop(done);
    dog.join().unwrap();
    out
}

/// Asks until it holds, for at most `patience`.
pub(crate) fn within(patience: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + patience;
    loop {
        if holds() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        thread::park_timeout(Duration::from_millis(1));
    }
}

/// Children of this process, those included whose parent has died (it is their reaper),
/// and whether they still run.
pub(crate) fn children() -> Vec<(Pid, bool)> {
    let me = std::process::id();
    let all = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        // The first thread may end before the others.
        let ended = matches!(fields[0], "Z" | "X") && fields.get(17)?.parse::<u32>().ok()? <= 1;
        (fields.get(1)?.parse() == Ok(me)).then_some((pid, !ended))
    });
    all.collect()
}

/// Reaps whoever was left to this process. Nobody may be running any more.
pub(crate) fn reap() -> Result<(), Failed> {
    for (pid, runs) in children() {
        ensure(!runs, format!("{pid:?} is left and runs"))?;
    }
    let none = within(Duration::from_secs(1), || {
        for (pid, _) in children() {
            let _ = waitpid(Some(pid), WaitOptions::NOHANG);
        }
        children().is_empty()
    });
    ensure(none, format!("children are left: {:?}", children()))
}

/// Names of shared memory, and lodgings, that this process made, or another one.
pub(crate) fn names_of(pid: u32) -> Vec<PathBuf> {
    let made_by = |name: &str| {
        let parts: Vec<&str> = name.strip_prefix("pipefit-")?.split('-').collect();
        let [_, maker, _, link] = parts[..] else { return None };
        // A segment's numbers are decimal, a lodging's are not.
        let radix = if link.len() == 16 { 10 } else { 16 };
        (u32::from_str_radix(maker, radix) == Ok(pid)).then_some(())
    };
    let all = fs::read_dir("/dev/shm").unwrap().flatten();
    let ours = all.filter(|entry| entry.file_name().to_str().and_then(made_by).is_some());
    ours.map(|entry| entry.path()).collect()
}

/// Kills it; gives the moment.
pub(crate) fn kill(pid: Pid) -> Instant {
    let now = Instant::now();
    // Where it has ended by itself, there is nothing to kill.
    let _ = kill_process(pid, Signal::KILL);
    now
}

/// Kills a child after a while.
pub(crate) fn kill_later(child: &Child, after: Duration) -> thread::JoinHandle<Instant> {
    let pid = Pid::from_child(child);
    let at = Instant::now() + after;
    thread::spawn(move || {
        while let Some(left) = at.checked_duration_since(Instant::now()).filter(|l| !l.is_zero()) {
            thread::park_timeout(left);
        }
        kill(pid)
    })
}

/// How long something took, and how late threads ran meanwhile that were due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Took {
    pub(crate) span: Duration,
    pub(crate) lag: Duration,
}

/// Does it while the machine is watched.
pub(crate) fn watched<R>(body: impl FnOnce() -> R) -> (R, Duration) {
    const TICK: Duration = Duration::from_millis(5);
    let (done, over) = channel::<()>();
    let watcher = thread::spawn(move || {
        let (mut worst, mut waits) = (Duration::ZERO, BTreeMap::new());
        loop {
            let began = Instant::now();
            let goes_on = over.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout);
            worst = worst.max(began.elapsed().saturating_sub(TICK));
            for (thread, wait) in waits_for_a_processor() {
                let (_, last) = waits.entry(thread).or_insert((wait, wait));
                *last = wait;
            }
            if !goes_on {
                let longest = waits.values().map(|(first, last)| *last - *first).max();
                return worst.max(longest.unwrap_or_default());
            }
        }
    });
    let out = body();
    drop(done);
    (out, watcher.join().unwrap())
}

/// How long each thread of this process has waited for a processor so far.
fn waits_for_a_processor() -> Vec<(String, Duration)> {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let waited = tasks.filter_map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        let nanos = text.split(' ').nth(1)?.parse().ok()?;
        Some((task.file_name().to_str()?.to_owned(), Duration::from_nanos(nanos)))
    });
    waited.collect()
}

/// Holds what `attempt` takes to `limit`, beside what the machine made it wait. What is
/// late is tried again; where the machine is busy each time, nothing is concluded.
pub(crate) fn in_time(
    limit: Duration,
    what: &str,
    mut attempt: impl FnMut() -> Result<Took, Failed>,
) -> Result<Option<Duration>, Failed> {
    let mut tries = Vec::new();
    for _ in 0..TRIES {
        let took = bounded(what, &mut attempt).map_err(|why| {
            Failed::from(format!("{what}: {}", why.message().unwrap_or("failed")))
        })?;
        if took.span <= limit + took.lag {
            return Ok(Some(took.span));
        }
        tries.push(took);
    }
    let busy = tries.iter().all(|took| took.lag > BUSY);
    ensure(busy, format!("{what}: late each time, {limit:?} is the limit: {tries:?}"))?;
    eprintln!("  inconclusive: {what}: the machine is busy: {tries:?}");
    Ok(None)
}
