//! Millions of frames through memory that two processes share: each one's checksum,
//! order and every byte of its payload are checked.
//!
//! `PIPEFIT_LONG=1` makes it a hundred million over the ring.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]
#![expect(clippy::print_stderr, reason = "what was done is shown")]

mod serially;

use std::fs;
use std::os::unix::fs::FileExt;
use std::time::Instant;

use libtest_mimic::Failed;
use pipefit::ground::frame::{Header, Kind, encode, wire_len};
use pipefit::ground::ledger::{Balance, Sent};
use pipefit::ground::{Bytes, Clock, Monotonic, Nanos};
use pipefit::link::driver::{ThreadTimer, on_thread};
use pipefit::link::{LinkSpec, Policy, Stop, Tx, Wait, open};
use pipefit::role::viewer::viewer;
use pipefit::role::{Extent, ViewerSpec};
use pipefit::run::record::Status;
use pipefit::run::{Case, Registry, scenario, session};
use pipefit::transport::ShmRing;

const MILLION: u64 = 1_000_000;

fn main() {
    pipefit::init(&Registry::builtin());
    serially::run(&[
        ("no_frame_is_wrong_or_lost_over_shm_ring", || whole("shm-ring", 100 * MILLION)),
        ("no_frame_is_wrong_or_lost_over_memfd_ring", || whole("memfd-ring", 20 * MILLION)),
        ("no_frame_is_wrong_over_shm_latest", || thinned("shm-latest", Policy::OverwriteOldest)),
        ("no_frame_is_wrong_where_the_oldest_make_room", || {
            thinned("shm-ring", Policy::OverwriteOldest)
        }),
        ("no_frame_is_wrong_where_the_newest_are_dropped", || {
            thinned("memfd-ring", Policy::DropNewest)
        }),
        ("one_byte_changed_in_the_memory_is_found", changed_byte),
    ]);
}

fn ensure(holds: bool, otherwise: impl std::fmt::Display) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(otherwise.to_string().into()) }
}

/// So many in the long form; in the usual one, a million at most.
fn frames(long: u64) -> u64 {
    if std::env::var_os("PIPEFIT_LONG").is_some() { long } else { long.min(MILLION) }
}

/// As many frames as the link takes, of sizes and in queues that wrap differently, until
/// there were `frames`.
fn books(transport: &'static str, policy: Policy, frames: u64) -> Result<(), Failed> {
    let max = scenario::find("max").unwrap();
    let shapes = [
        (64, 1 << 20, Wait::Spin),
        (64, 4 << 10, Wait::Block),
        (33, 64 << 10, Wait::Yield),
        (1_000, 64 << 10, Wait::Adaptive),
    ];
    // Most of them the way that is fastest. One session, which measures the machine, too.
    let cases = shapes.into_iter().zip([85, 5, 5, 5]).map(|((size, capacity, wait), part)| Case {
        size: Bytes(size),
        capacity: Bytes(capacity),
        wait,
        policy,
        extent: Extent::Frames(frames * part / 100),
        ..Case::of(max, transport)
    });
    let (cases, began) = (cases.collect::<Vec<_>>(), Instant::now());
    let outcome = session::run(&Registry::builtin(), &cases, 1, &Stop::default(), &|_| {});
    let (took, mut read) = (began.elapsed(), 0);
    for (case, one) in cases.iter().zip(outcome.measured) {
        let cell = one.cell;
        ensure(cell.status == Status::Valid, format!("{}: {:?}", cell.id, cell.reason))?;
        let b = cell.ledger.ok_or("no ledger")?;
        eprintln!("  {}: {} offered, {} read, {} dropped", cell.id, b.offered, b.shown, b.dropped);
        let wrong = (b.lost, b.duplicate, b.reordered, b.corrupt, b.torn);
        ensure(wrong == (0, 0, 0, 0, 0), format!("{}: {b:?}", cell.id))?;
        let all = case.extent == Extent::Frames(b.offered) && b.shown + b.dropped == b.offered;
        ensure(all, format!("{}: {b:?}", cell.id))?;
        ensure(policy != Policy::Block || b.dropped == 0, format!("{}: {b:?}", cell.id))?;
        read += b.shown;
    }
    eprintln!("  {read} of {frames} frames were read and checked; {took:.1?} in all");
    // Beside a sensor that never waits, a reader may come too late for a short part.
    ensure(read > 0, "nothing was read at all")
}

fn whole(transport: &'static str, long: u64) -> Result<(), Failed> {
    books(transport, Policy::Block, frames(long))
}

fn thinned(transport: &'static str, policy: Policy) -> Result<(), Failed> {
    books(transport, policy, frames(10 * MILLION))
}

/// What a viewer makes of ten frames that lie in shared memory, of which a third party
/// has changed one byte.
fn seen_with(change: Option<usize>) -> Result<Balance, Failed> {
    const SIZE: usize = 64;
    let frame = wire_len(SIZE);
    let spec = LinkSpec {
        capacity: Bytes(4 << 10),
        frame: Bytes(frame as u64),
        policy: Policy::Block,
        wait: Wait::Block,
    };
    let mut link = open::<ShmRing>(&spec)?;
    let me = format!("-{}-", std::process::id());
    let mut names = fs::read_dir("/dev/shm")?.flatten().map(|entry| entry.path());
    let name = names.find(|path| path.to_string_lossy().contains(&me)).ok_or("no name")?;
    let until = Monotonic.now() + Nanos::from_secs(5);
    for seq in 0..10 {
        let header = Header { kind: Kind::Data, producer: 1, seq, due: 1, sent: 1, run: 2 };
        on_thread(link.tx.send(&ThreadTimer, until, frame, |bytes| encode(&header, bytes)))?;
    }
    if let Some(at) = change {
        // The fifth frame begins behind the head, four records and its own word.
        let at = (1_024 + 4 * (8 + frame) + 8 + at) as u64;
        let file = fs::File::options().read(true).write(true).open(&name)?;
        let mut byte = [0];
        file.read_exact_at(&mut byte, at)?;
        file.write_all_at(&[byte[0] ^ 1], at)?;
    }
    on_thread(link.tx.close(&ThreadTimer, until))?;
    let spec = ViewerSpec {
        producer: 1,
        run: 2,
        screen: None,
        paced: false,
        warmup: Nanos(0),
        measured: Nanos(0),
        silence: Nanos::from_secs(5),
        leave: None,
    };
    let start = Monotonic.now();
    let seen = on_thread(viewer(link.rx, &ThreadTimer, &spec, start, &Stop::default()));
    Ok(seen.ledger.balance(Sent { offered: 10, dropped: 0 }, seen.shown, 0, 0))
}

/// Control: what is counted above as 0 can be counted.
fn changed_byte() -> Result<(), Failed> {
    let books = seen_with(None)?;
    ensure((books.shown, books.lost, books.corrupt) == (10, 0, 0), format!("{books:?}"))?;
    for at in [8, 24, 47, 48, 100, 111] {
        let books = seen_with(Some(at))?;
        let caught = (books.shown, books.lost, books.corrupt) == (9, 1, 1);
        ensure(caught, format!("byte {at} of a frame changed: {books:?}"))?;
    }
    Ok(())
}
