//! One half of a link in a process that is killed, the other one here: nobody but the
//! link itself tells the survivor.

use std::process::Child;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use pipefit::ground::ledger::Sent;
use pipefit::ground::{Bytes, Clock, Hertz, Monotonic, Nanos};
use pipefit::link::driver::{ThreadTimer, on_thread};
use pipefit::link::{Policy, RecvError, Rx, SendError, Stop, Ticket, Transport, Tx, Wait, open};
use pipefit::role::End;
use pipefit::role::sensor::sensor;
use pipefit::role::viewer::viewer;
use pipefit::transport::{MemfdRing, ShmLatest, ShmRing};

use super::many;
use super::role::{Part, Role, await_ready, over};
use super::watch::{Dice, Took, ensure, in_time, kill_later, names_of, reap, watched, within};

/// A peer's death is to be noticed within this.
const NOTICED: Duration = Duration::from_millis(100);

/// From the start of a process to its death, at most, in ms.
const LIFE: u64 = 80;

const TRANSPORTS: &[&str] = &[
    "shm-ring",
    "memfd-ring",
    "shm-latest",
    #[cfg(feature = "iceoryx2")]
    "iceoryx2",
];

/// Any link, and any way to use it.
fn thrown(part: Part, dice: &mut Dice) -> Role {
    let transport = dice.one_of(TRANSPORTS);
    let policy = match transport {
        "shm-latest" => Policy::OverwriteOldest,
        "iceoryx2" => dice.one_of(&[Policy::Block, Policy::DropNewest]),
        _ => dice.one_of(Policy::ALL),
    };
    let mut role = Role::new(part, transport, policy, dice.one_of(Wait::ALL));
    role.link.capacity = dice.one_of(&[Bytes(4 << 10), Bytes(1 << 20)]);
    role.rate = dice.one_of(&[None, Some(Hertz::new(5_000))]);
    role.sized(dice.one_of(&[Bytes(24), Bytes(64), Bytes(3_000)]))
}

pub(crate) fn sensor_killed() -> Result<(), Failed> {
    many("sensors", |dice, _| {
        let (role, life) = (thrown(Part::Sensor, dice), dice.millis(LIFE));
        let what = format!("{role:?} killed after {life:?}");
        let once = || over!(role.transport.as_str(), outlive_sensor(&role, life));
        Ok(vec![in_time(NOTICED, &what, once)?])
    })
}

pub(crate) fn viewer_killed() -> Result<(), Failed> {
    many("viewers", |dice, _| {
        let (role, life) = (thrown(Part::Viewer, dice), dice.millis(LIFE));
        let what = format!("{role:?} killed after {life:?}");
        let once = || over!(role.transport.as_str(), outlive_viewer(&role, life));
        Ok(vec![in_time(NOTICED, &what, once)?])
    })
}

/// What `survive` does while `child` is killed: what it gives, and how long after the
/// kill. Nothing is left behind then.
fn outlive<R>(
    child: std::io::Result<Child>,
    life: Duration,
    survive: impl FnOnce() -> R,
) -> Result<(R, Took), Failed> {
    let mut child = child?;
    let ((ended, end, killed), lag) = watched(|| {
        let killer = kill_later(&child, life);
        let ended = survive();
        (ended, Instant::now(), killer.join())
    });
    let killed = killed.map_err(|_| "nobody was killed")?;
    child.wait()?;
    reap()?;
    let gone = within(Duration::from_secs(1), || names_of(std::process::id()).is_empty());
    ensure(gone, format!("names are left: {:?}", names_of(std::process::id())))?;
    ensure(end >= killed, "it ended before its peer did")?;
    Ok((ended, Took { span: end - killed, lag }))
}

fn outlive_sensor<T: Transport>(role: &Role, life: Duration) -> Result<Took, Failed> {
    let link = open::<T>(&role.link)?;
    let child = role.start(T::tx_ticket(link.tx)?);
    let (seen, took) = outlive(child, life, || {
        let (spec, start) = (role.viewer(), Monotonic.now());
        on_thread(viewer(link.rx, &ThreadTimer, &spec, start, &Stop::default()))
    })?;
    let books = seen.ledger.balance(Sent::default(), seen.shown, 0, 0);
    ensure(seen.end == End::PeerGone, format!("it ended as {:?}", seen.end))?;
    let wrong = (books.corrupt, books.torn, books.duplicate, books.reordered, seen.strangers);
    ensure(wrong == (0, 0, 0, 0, 0), format!("{wrong:?} frames are wrong: {books:?}"))?;
    let gaps = seen.ledger.missing();
    ensure(gaps == 0 || role.link.policy != Policy::Block, format!("{gaps} frames are missing"))?;
    Ok(took)
}

fn outlive_viewer<T: Transport>(role: &Role, life: Duration) -> Result<Took, Failed> {
    let link = open::<T>(&role.link)?;
    let child = role.start(T::rx_ticket(link.rx)?);
    let (sent, took) = outlive(child, life, || {
        let (spec, start) = (role.sensor(), Monotonic.now());
        on_thread(sensor(link.tx, &ThreadTimer, &spec, start, &Stop::default()))
    })?;
    ensure(sent.end == End::PeerGone, format!("it ended as {:?}", sent.end))?;
    Ok(took)
}

/// Everything here is over long before.
fn late() -> Nanos {
    Monotonic.now() + Nanos::from_secs(10)
}

/// Starts a process that holds one half, and waits until it does.
fn holder(part: Part, role: &Role, ticket: Ticket) -> std::io::Result<Child> {
    let mut child = Role { part, ..role.clone() }.start(ticket)?;
    await_ready(&mut child)?;
    Ok(child)
}

/// Each of these roles in turn; the peer is killed once this half has begun to wait.
fn each(
    what: &str,
    roles: impl IntoIterator<Item = Role>,
    once: impl Fn(&Role) -> Result<Took, Failed>,
) -> Result<(), Failed> {
    let (mut n, mut noticed) = (0, Vec::new());
    for role in roles {
        let (over, link) = (&role.transport, &role.link);
        let name = format!("{what} over {over}, {}, {}", link.policy, link.wait);
        noticed.extend(in_time(NOTICED, &name, || once(&role))?);
        n += 1;
    }
    eprintln!("  {what}: {n} links, noticed within {:.1?}", noticed.iter().max());
    Ok(())
}

/// How long the peer lives once this half is about to wait: another moment each time,
/// so that it is not always the same one between two looks.
fn meanwhile() -> Duration {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    Duration::from_millis(70) + Duration::from_micros(u64::from(now.subsec_micros() % 50_000))
}

pub(crate) fn death_in_read() -> Result<(), Failed> {
    let kinds = [
        ("shm-ring", Policy::Block),
        ("shm-ring", Policy::OverwriteOldest),
        ("memfd-ring", Policy::Block),
        ("shm-latest", Policy::OverwriteOldest),
        #[cfg(feature = "iceoryx2")]
        ("iceoryx2", Policy::Block),
    ];
    let roles = kinds.into_iter().flat_map(|(over, policy)| {
        Wait::ALL.iter().map(move |wait| Role::new(Part::HoldTx, over, policy, *wait))
    });
    fn once<T: Transport>(role: &Role) -> Result<Took, Failed> {
        let mut link = open::<T>(&role.link)?;
        let child = holder(Part::HoldTx, role, T::tx_ticket(link.tx)?);
        let (ended, took) = outlive(child, meanwhile(), move || {
            on_thread(link.rx.recv(&ThreadTimer, late(), |bytes| bytes.len()))
        })?;
        ensure(matches!(ended, Err(RecvError::Closed)), format!("it read {ended:?}"))?;
        Ok(took)
    }
    each("a read", roles, |role| over!(role.transport.as_str(), once(role)))
}

pub(crate) fn death_in_send() -> Result<(), Failed> {
    let queues = TRANSPORTS.iter().filter(|over| **over != "shm-latest");
    let roles = queues.flat_map(|over| {
        Wait::ALL.iter().map(move |wait| Role::new(Part::HoldRx, over, Policy::Block, *wait))
    });
    fn once<T: Transport>(role: &Role) -> Result<Took, Failed> {
        let mut link = open::<T>(&role.link)?;
        let child = holder(Part::HoldRx, role, T::rx_ticket(link.rx)?);
        let (ended, took) = outlive(child, meanwhile(), move || {
            loop {
                let sent = on_thread(link.tx.send(&ThreadTimer, late(), 64, |bytes| bytes.fill(1)));
                if let Err(error) = sent {
                    return error;
                }
            }
        })?;
        ensure(matches!(ended, SendError::Closed), format!("it ended with {ended:?}"))?;
        Ok(took)
    }
    each("a full send", roles, |role| over!(role.transport.as_str(), once(role)))
}

pub(crate) fn death_without_wait() -> Result<(), Failed> {
    let kinds = [
        ("shm-ring", Policy::DropNewest),
        ("shm-ring", Policy::OverwriteOldest),
        ("memfd-ring", Policy::DropNewest),
        ("shm-latest", Policy::OverwriteOldest),
        #[cfg(feature = "iceoryx2")]
        ("iceoryx2", Policy::DropNewest),
    ];
    let roles =
        kinds.into_iter().map(|(over, policy)| Role::new(Part::HoldRx, over, policy, Wait::Block));
    /// Sends now and then, or tries all the time and sends where trying does not help.
    fn once<T: Transport>(role: &Role, rush: bool) -> Result<Took, Failed> {
        let mut link = open::<T>(&role.link)?;
        let child = holder(Part::HoldRx, role, T::rx_ticket(link.rx)?);
        let (ended, took) = outlive(child, meanwhile(), move || {
            loop {
                if rush && matches!(link.tx.try_send(64, |bytes| bytes.fill(1)), Ok(Some(_))) {
                    continue;
                }
                let sent = on_thread(link.tx.send(&ThreadTimer, late(), 64, |bytes| bytes.fill(1)));
                if let Err(error) = sent {
                    return error;
                }
                if !rush {
                    std::thread::park_timeout(Duration::from_millis(1));
                }
            }
        })?;
        ensure(matches!(ended, SendError::Closed), format!("it ended with {ended:?}"))?;
        Ok(took)
    }
    let roles: Vec<Role> = roles.collect();
    each("a paced send", roles.clone(), |role| over!(role.transport.as_str(), once(role, false)))?;
    each("a rush of sends", roles, |role| over!(role.transport.as_str(), once(role, true)))
}
