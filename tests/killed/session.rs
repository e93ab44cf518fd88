//! Whole sessions: their child is killed, or they are, and their child dies with them.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use pipefit::ground::{Hertz, Nanos};
use pipefit::link::{Policy, Stop, Ticket, Wait};
use pipefit::memory::{Segment, ring, stale, sweep};
use pipefit::run::record::{Cause, Status};
use pipefit::run::residue::Census;
use pipefit::run::session::{self, Event};
use pipefit::run::{Case, Registry};
use rustix::process::Pid;

use super::many;
use super::role::{Part, Role, await_ready};
use super::watch::{
    Dice, Took, bounded, children, ensure, in_time, kill, kill_later, names_of, reap, watched,
    within,
};

/// A death is to be named, and a child to be dead, within this.
const NOTICED: Duration = Duration::from_millis(250);

/// Children of one session that are killed.
const BATCH: u64 = 15;

const TRANSPORTS: &[&str] = &[
    "shm-ring",
    "memfd-ring",
    "shm-latest",
    #[cfg(feature = "iceoryx2")]
    "iceoryx2",
];
const SCENARIOS: [&str; 4] = ["stream", "max", "gui60", "rtt"];

fn thrown(dice: &mut Dice) -> Role {
    let transport = dice.one_of(TRANSPORTS);
    let (policy, scenarios) = match transport {
        "shm-latest" => (Policy::OverwriteOldest, &SCENARIOS[..3]),
        _ => (Policy::Block, &SCENARIOS[..]),
    };
    let scenario = dice.one_of(scenarios).into();
    let role = Role::new(Part::Session, transport, policy, dice.one_of(Wait::ALL));
    Role { scenario, rate: Some(Hertz::new(5_000)), ..role }
}

fn told(role: &Role) -> String {
    format!("{} over {} by {}", role.scenario, role.transport, role.link.wait)
}

/// A case of a session, and when its child is killed after it was first seen.
#[derive(Clone, Debug)]
struct Doomed {
    role: Role,
    extent: Nanos,
    life: Duration,
}

impl Doomed {
    fn thrown(dice: &mut Dice) -> Self {
        // In the middle of it, or when it is about to end.
        let extent = dice.one_of(&[Nanos::from_secs(20), Nanos::from_millis(30)]);
        Self { role: thrown(dice), extent, life: dice.millis(70) }
    }
}

pub(crate) fn child_killed() -> Result<(), Failed> {
    let before = Census::take();
    let mut too_late = 0;
    many("sessions' children", |dice, left| {
        // Several in one session: it also measures the machine, before and after.
        let batch: Vec<_> = (0..left.min(BATCH)).map(|_| Doomed::thrown(dice)).collect();
        let spans = bounded("a session", || kill_children(&batch));
        let mut noticed = Vec::new();
        for (doomed, span) in batch.iter().zip(spans?) {
            let Some(span) = span else {
                too_late += 1;
                continue;
            };
            let Doomed { role, extent, life } = doomed;
            let what = format!("{} for {extent}, its child killed after {life:?}", told(role));
            noticed.push(if span <= NOTICED {
                Some(span)
            } else {
                // By itself, beside what the machine makes it wait.
                in_time(NOTICED, &what, || {
                    let (again, lag) = watched(|| kill_children(std::slice::from_ref(doomed)));
                    Ok(Took { span: again?[0].unwrap_or_default(), lag })
                })?
            });
        }
        Ok(noticed)
    })?;
    eprintln!("  beside them, {too_late} children had done their work before");
    // The last listeners may still be on their way out.
    let clean = within(Duration::from_secs(2), || {
        let left = Census::take().since(&before);
        (left.zombies, left.orphans, left.fds, left.threads) == (0, 0, 0, 0)
    });
    ensure(clean, format!("left behind: {:?}", Census::take().since(&before)))
}

/// Where a session stands, and when it noticed what.
#[derive(Debug, Default)]
struct Course {
    /// Which of its trials it is at; odd while one goes on.
    trial: u64,
    killed: Vec<Option<Instant>>,
    ended: Vec<Option<Instant>>,
}

/// Kills the child of the trial that goes on now, once it is there and has lived on for
/// `life`, unless the trial has ended meanwhile.
fn doom(course: &Mutex<Course>, trial: u64, i: usize, life: Duration) {
    let goes_on = || course.lock().unwrap().trial == trial;
    let mut child = None;
    within(Duration::from_secs(10), || {
        child = children().first().map(|(pid, _)| *pid);
        child.is_some() || !goes_on()
    });
    thread::park_timeout(life);
    let mut course = course.lock().unwrap();
    if let Some(child) = child.filter(|_| course.trial == trial) {
        course.killed[i] = Some(kill(child));
    }
}

/// For each of them, how long after the kill its trial ended; `None` where its child had
/// done its work before.
fn kill_children(batch: &[Doomed]) -> Result<Vec<Option<Duration>>, Failed> {
    let cases: Vec<_> = batch.iter().map(|doomed| doomed.role.case(doomed.extent)).collect();
    let none = vec![None; batch.len()];
    let course = Mutex::new(Course { killed: none.clone(), ended: none, ..Course::default() });
    let place = |case: &Case| cases.iter().position(|one| std::ptr::eq(one, case)).unwrap();
    let outcome = thread::scope(|scope| {
        let watch = |event: Event<'_>| match event {
            Event::Begins { case, .. } => {
                let (i, mut now) = (place(case), course.lock().unwrap());
                now.trial += 1;
                let (course, trial) = (&course, now.trial);
                scope.spawn(move || doom(course, trial, i, batch[i].life));
            }
            Event::Ended { case, .. } => {
                let (end, i, mut now) = (Instant::now(), place(case), course.lock().unwrap());
                now.trial += 1;
                now.ended[i] = Some(end);
            }
            Event::Started { .. } => {}
        };
        session::run(&Registry::builtin(), &cases, 1, &Stop::default(), &watch)
    });
    ensure(children().is_empty(), format!("children are left: {:?}", children()))?;
    let names = names_of(std::process::id());
    ensure(names.is_empty(), format!("names are left: {names:?}"))?;
    let course = course.into_inner().unwrap();
    let mut spans = Vec::new();
    for (i, one) in outcome.measured.into_iter().enumerate() {
        let (cell, doomed) = (one.cell, &batch[i]);
        let reason = cell.reason.unwrap_or_default();
        if cell.cause == Some(Cause::ChildDied) {
            ensure(reason.contains("killed by signal 9"), format!("{doomed:?}: {reason}"))?;
            let (killed, ended) = course.killed[i].zip(course.ended[i]).ok_or("nobody did it")?;
            spans.push(Some(ended.saturating_duration_since(killed)));
            continue;
        }
        // A child that is reaped with its report and exit code 0 was not killed.
        let whole = cell.status == Status::Valid || cell.cause == Some(Cause::MissedRate);
        let short = doomed.extent < Nanos::from_secs(1);
        ensure(whole && short, format!("{doomed:?}: {:?}: {reason}", cell.cause))?;
        spans.push(None);
    }
    Ok(spans)
}

pub(crate) fn session_killed() -> Result<(), Failed> {
    // Held all the while: whoever sweeps must leave it alone.
    let live = Segment::named(&ring::Shape::new(4_096, 64, false).geometry())?;
    let (mut named, mut swept) = (0, 0);
    many("sessions", |dice, _| {
        let role = thrown(dice);
        // Now and then before it has begun; else while its child starts, or later.
        let begun = dice.below(8) > 0;
        let life = dice.one_of(&[15, 100]);
        let life = dice.millis(life);
        let what = format!("{} (begun: {begun}) killed after {life:?}", told(&role));
        let once = || session_killed_once(&role, begun, life, &mut named, &mut swept);
        Ok(vec![in_time(NOTICED, &what, once)?])
    })?;
    eprintln!("  {named} names were left by those killed before both sides held it, {swept} swept");
    let still = names_of(std::process::id());
    ensure(still.len() == 1, format!("a live name was swept: {still:?}"))?;
    drop(live);
    ensure(names_of(std::process::id()).is_empty(), "the live name outlived its segment")
}

fn session_killed_once(
    role: &Role,
    begun: bool,
    life: Duration,
    named: &mut usize,
    swept: &mut usize,
) -> Result<Took, Failed> {
    let mut session = role.start(Ticket::default())?;
    let maker = session.id();
    if begun {
        await_ready(&mut session)?;
    }
    let (killed, _) = watched(|| kill_later(&session, life).join());
    let killed = killed.map_err(|_| "the killer panicked")?;
    let (dead, lag) = watched(|| {
        let _ = session.wait();
        // Whoever it had started is this process's child now.
        within(Duration::from_secs(5), || children().iter().all(|(_, runs)| !runs))
    });
    let took = Took { span: killed.elapsed(), lag };
    ensure(dead, format!("its child lives on: {:?}", children()))?;
    reap()?;
    let left = names_of(maker);
    let links = if role.scenario == "rtt" { 2 } else { 1 };
    ensure(left.len() <= links, format!("more names than links: {left:?}"))?;
    *named += left.len();
    let found = stale();
    for path in &left {
        let known = found.iter().any(|s| s.path == *path && s.pid == maker);
        ensure(known || !path.exists(), format!("{} is not found", path.display()))?;
    }
    let gone = sweep();
    *swept += gone.iter().filter(|s| s.pid == maker).count();
    ensure(names_of(maker).is_empty(), format!("names are left: {:?}", names_of(maker)))?;
    Ok(took)
}

pub(crate) fn sweeping() -> Result<(), Failed> {
    let holder = Role::new(Part::Named, "shm-ring", Policy::Block, Wait::Block);
    let mut child = holder.start(Ticket::default())?;
    await_ready(&mut child)?;
    let maker = child.id();
    let names = names_of(maker);
    let [name] = &names[..] else { return Err(format!("it made {names:?}").into()) };
    // Names that say nothing, or not enough, are not ours to remove.
    let strange = ["pipefit-strange", "pipefit-1-2-3-4", "pipefit-4026531836-1-1-0000"];
    let strange = strange.map(|name| std::path::Path::new("/dev/shm").join(name));
    for path in &strange {
        fs::write(path, "somebody else's")?;
    }
    let untouched = |gone: &[pipefit::memory::Stale]| {
        let kept = strange.iter().all(|path| path.exists());
        ensure(kept && gone.iter().all(|s| !strange.contains(&s.path)), "a strange name is gone")
    };
    let gone = sweep();
    ensure(gone.iter().all(|s| s.pid != maker), "a living process's name was swept")?;
    ensure(name.exists(), "a living process's name is gone")?;
    untouched(&gone)?;
    kill(Pid::from_child(&child));
    // Dead is dead, also while nobody has reaped it.
    let noticed = within(Duration::from_secs(5), || {
        stale().iter().any(|s| s.path == *name && s.pid == maker) || !name.exists()
    });
    ensure(noticed, "the name of a dead process is not found")?;
    let gone = sweep();
    ensure(!name.exists(), "the name of a dead process was not swept")?;
    untouched(&gone)?;
    child.wait()?;
    for path in &strange {
        fs::remove_file(path)?;
    }
    reap()
}

/// Control: what the tests above look for can be found.
pub(crate) fn control() -> Result<(), Failed> {
    // A shell whose child goes on when it is killed.
    let mut shell = Command::new("sh")
        .args(["-c", "sleep 60 <&- & echo $!; wait"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    let mut said = std::io::BufReader::new(shell.stdout.take().ok_or("no output")?);
    std::io::BufRead::read_line(&mut said, &mut line)?;
    let orphan: i32 = line.trim().parse()?;
    let orphan = Pid::from_raw(orphan).ok_or("no pid")?;
    kill(Pid::from_child(&shell));
    let zombie = Pid::from_child(&shell);
    let seen = within(Duration::from_secs(5), || {
        let all = children();
        all.contains(&(zombie, false)) && all.contains(&(orphan, true))
    });
    let all = children();
    kill(orphan);
    shell.wait()?;
    ensure(seen, format!("zombie {zombie:?} and orphan {orphan:?} are not both in {all:?}"))?;
    within(Duration::from_secs(5), || children().iter().all(|(_, runs)| !runs));
    reap()
}
