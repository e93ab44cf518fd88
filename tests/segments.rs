//! Segments under bad circumstances: who may open them, how they are named, what is left
//! of them, and what is said where they cannot be had.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]
#![expect(clippy::print_stderr, reason = "what was skipped is shown")]

mod serially;

use std::collections::BTreeSet;
use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use libtest_mimic::Failed;
use pipefit::ground::frame::wire_len;
use pipefit::ground::{Bytes, Clock, Monotonic, Nanos};
use pipefit::link::driver::{ThreadTimer, on_thread};
use pipefit::link::{
    Carrier, LinkError, LinkSpec, Policy, RecvError, Rx, Ticket, Transport, Tx, Wait, open,
};
use pipefit::memory::layout::{Geometry, Kind};
use pipefit::memory::{Half, Segment, SegmentError, exchange, ring};
use pipefit::transport::{MemfdRing, ShmLatest, ShmRing};
use rustix::fs::{MemfdFlags, Mode, SealFlags, ftruncate, memfd_create};
use rustix::io::Errno;
use rustix::process::umask;

/// The argument that makes this program try its luck in a /dev/shm of 1 MiB.
const SMALL: &str = "--in-a-small-folder";

/// What it answers if a small folder cannot be had.
const NO_FOLDER: i32 = 99;

fn main() {
    if std::env::args().nth(1).as_deref() == Some(SMALL) {
        let tried = full_folder();
        if let Err(why) = &tried {
            eprintln!("{}", why.message().unwrap_or("failed"));
        }
        std::process::exit(tried.is_err().into());
    }
    serially::run(&[
        ("only_its_user_may_open_a_segment_whatever_the_umask", mode),
        ("names_differ_and_cannot_be_guessed", names),
        ("a_name_is_gone_once_both_sides_hold_the_segment", name_gone_once_attached),
        ("a_name_is_gone_when_its_link_is_dropped", name_gone_when_dropped),
        ("a_full_folder_is_an_error_that_names_size_and_place", full),
        ("more_than_there_is_memory_is_refused_at_once", no_memory),
        ("what_is_not_there_is_not_found", not_there),
        ("an_empty_short_or_strange_file_is_no_segment", no_segment),
        ("what_differs_is_named", differences),
        ("a_memfd_must_be_sealed_and_cannot_be_made_smaller", seals),
        ("a_half_is_taken_once_and_the_taker_is_named", taken),
        ("a_stale_segment_is_in_nobodys_way", stale_neighbour),
    ]);
}

fn ensure(holds: bool, otherwise: impl std::fmt::Display) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(otherwise.to_string().into()) }
}

const SHAPE: ring::Shape = ring::Shape::new(4_096, 64, false);

fn spec(capacity: Bytes, policy: Policy) -> LinkSpec {
    LinkSpec { capacity, frame: Bytes(wire_len(64) as u64), policy, wait: Wait::Block }
}

/// Where a name's file is.
fn path_of(segment: &Segment) -> Result<PathBuf, Failed> {
    let name = segment.name().ok_or("no name")?;
    Ok(Path::new("/dev/shm").join(name.trim_start_matches('/')))
}

/// The names this process has made and not forgotten.
fn ours() -> Vec<PathBuf> {
    let me = std::process::id().to_string();
    let mine = |name: &str| name.strip_prefix("pipefit-")?.split('-').nth(1).map(|p| p == me);
    let all = fs::read_dir("/dev/shm").unwrap().flatten();
    let ours = all.filter(|e| e.file_name().to_str().and_then(mine) == Some(true));
    ours.map(|entry| entry.path()).collect()
}

fn mode() -> Result<(), Failed> {
    let usual = umask(Mode::empty());
    let made: Vec<_> = [0o000, 0o022, 0o077, 0o777]
        .map(|mask| {
            umask(Mode::from_raw_mode(mask));
            (mask, Segment::named(&SHAPE.geometry()))
        })
        .into();
    umask(usual);
    for (mask, segment) in made {
        let segment = segment?;
        let about = fs::metadata(path_of(&segment)?)?;
        let mode = about.permissions().mode() & 0o7777;
        ensure(mode == 0o600, format!("mode {mode:o} under umask {mask:o}"))?;
        ensure(about.uid() == rustix::process::geteuid().as_raw(), "somebody else's")?;
        // Control: the reader can open it.
        Segment::open_named(segment.name().ok_or("no name")?, &SHAPE.geometry())?;
    }
    Ok(())
}

fn names() -> Result<(), Failed> {
    let mut segments = Vec::new();
    for _ in 0..128 {
        segments.push(Segment::named(&SHAPE.geometry())?);
    }
    let (mut randoms, mut ones) = (BTreeSet::new(), [0u32; 64]);
    for segment in &segments {
        let name = segment.name().ok_or("no name")?;
        let (_, random) = name.rsplit_once('-').ok_or("nothing random")?;
        ensure(random.len() == 16, format!("{random} is not 64 bits"))?;
        let random = u64::from_str_radix(random, 16)?;
        for (bit, ones) in ones.iter_mut().enumerate() {
            *ones += u32::try_from(random >> bit & 1)?;
        }
        randoms.insert(random);
    }
    ensure(randoms.len() == 128, "two names are the same")?;
    // A fair coin thrown 128 times lies outside of this once in 10^10 throws.
    let fair = ones.iter().all(|n| (27..=101).contains(n));
    ensure(fair, format!("some bits are not random: {ones:?}"))?;
    ensure(ours().len() == 128, format!("{} names for 128 segments", ours().len()))?;
    drop(segments);
    ensure(ours().is_empty(), format!("left: {:?}", ours()))
}

/// Has one half travel, within this process.
fn travelled<T: Transport>(policy: Policy) -> Result<(), Failed> {
    let spec = spec(Bytes(4_096), policy);
    for sender_travels in [true, false] {
        let link = open::<T>(&spec)?;
        let named = usize::from(T::NAME.starts_with("shm"));
        ensure(ours().len() == named, format!("{}: {:?} at first", T::NAME, ours()))?;
        let still = || ensure(ours().len() == named, "the name is gone before a half has arrived");
        let (mut tx, mut rx) = if sender_travels {
            let ticket = T::tx_ticket(link.tx)?;
            still()?;
            (T::tx_from(ticket, &spec)?, link.rx)
        } else {
            let ticket = T::rx_ticket(link.rx)?;
            still()?;
            (link.tx, T::rx_from(ticket, &spec)?)
        };
        ensure(ours().is_empty(), format!("{}: {:?} is still there", T::NAME, ours()))?;
        let until = Monotonic.now() + Nanos::from_secs(5);
        on_thread(tx.send(&ThreadTimer, until, 3, |bytes| bytes.copy_from_slice(b"abc")))?;
        let read = on_thread(rx.recv(&ThreadTimer, until, <[u8]>::to_vec))?;
        ensure(read == b"abc", format!("{}: {read:?} came", T::NAME))?;
    }
    Ok(())
}

fn name_gone_once_attached() -> Result<(), Failed> {
    travelled::<ShmRing>(Policy::Block)?;
    travelled::<ShmRing>(Policy::OverwriteOldest)?;
    travelled::<ShmLatest>(Policy::OverwriteOldest)?;
    travelled::<MemfdRing>(Policy::Block)
}

fn name_gone_when_dropped() -> Result<(), Failed> {
    let spec = spec(Bytes(4_096), Policy::Block);
    let link = open::<ShmRing>(&spec)?;
    ensure(ours().len() == 1, format!("{:?}", ours()))?;
    drop(link);
    ensure(ours().is_empty(), format!("left of a link: {:?}", ours()))?;
    // A ticket that nobody redeems holds its segment, and lets go of it.
    let link = open::<ShmRing>(&spec)?;
    let ticket = ShmRing::tx_ticket(link.tx)?;
    drop(link.rx);
    ensure(ours().len() == 1, "a ticket does not hold its segment")?;
    drop(ticket);
    ensure(ours().is_empty(), format!("left of a ticket: {:?}", ours()))
}

fn full() -> Result<(), Failed> {
    let script =
        format!("mount -t tmpfs -o size=1m none /dev/shm || exit {NO_FOLDER}; exec \"$@\"");
    let output = Command::new("unshare")
        .args(["-Urm", "sh", "-c", &script, "sh"])
        .arg(std::env::current_exe()?)
        .arg(SMALL)
        .output();
    let (code, told) = match output {
        Ok(output) => (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => (Some(NO_FOLDER), error.to_string()),
    };
    if code == Some(NO_FOLDER) || told.starts_with("unshare:") {
        eprintln!("  SKIPPED: no small /dev/shm can be had here: {}", told.trim());
        return Ok(());
    }
    ensure(code == Some(0), format!("{code:?}: {told}"))
}

/// In a /dev/shm of 1 MiB.
fn full_folder() -> Result<(), Failed> {
    let refused = |what: &str, opened: Result<Option<Bytes>, LinkError>| {
        let error = opened.err().ok_or_else(|| format!("{what} was granted"))?;
        let LinkError::NoSpace { wanted, place: "/dev/shm", .. } = &error else {
            return Err(Failed::from(format!("{what}: {error:?}")));
        };
        let told = error.to_string();
        for word in [wanted.about().as_str(), "/dev/shm", "No space left", "--capacity"] {
            ensure(told.contains(word), format!("{what}: {told} lacks {word}"))?;
        }
        ensure(ours().is_empty(), format!("{what} left {:?}", ours()))
    };
    let ring = |size| open::<ShmRing>(&spec(Bytes(size), Policy::Block)).map(|l| l.granted);
    let newest = |frame| {
        let spec = LinkSpec { frame: Bytes(frame), ..spec(Bytes(1), Policy::OverwriteOldest) };
        open::<ShmLatest>(&spec).map(|l| l.granted)
    };
    refused("a ring of 4 MiB", ring(4 << 20))?;
    refused("a frame of 1 MiB", newest(1 << 20))?;
    // Control: it is the size alone.
    ring(256 << 10)?;
    // Large enough, but full.
    fs::write("/dev/shm/filler", vec![1; 700 << 10])?;
    refused("a ring of 512 KiB beside 700", ring(512 << 10))?;
    ring(64 << 10)?;
    Ok(())
}

fn no_memory() -> Result<(), Failed> {
    let huge = Geometry { kind: Kind::Ring, frame: 64, capacity: 1 << 50, total: 1 << 50 };
    for (kind, made) in [("named", Segment::named(&huge)), ("sealed", Segment::sealed(&huge))] {
        let error = made.err().ok_or("a segment of a million GiB")?;
        let fits = matches!(&error, SegmentError::NoSpace { wanted, .. } if wanted.0 == 1 << 50);
        ensure(fits, format!("{kind}: {error:?}"))?;
    }
    ensure(ours().is_empty(), format!("left: {:?}", ours()))
}

fn not_there() -> Result<(), Failed> {
    let missing = Segment::open_named("/pipefit-nobody-made-this", &SHAPE.geometry());
    let found = matches!(&missing, Err(SegmentError::NotFound(name)) if name.contains("nobody"));
    ensure(found, format!("{missing:?}"))?;
    // Through a ticket: its maker has gone meanwhile.
    let spec = spec(Bytes(4_096), Policy::Block);
    let link = open::<ShmRing>(&spec)?;
    let Ticket { note, carriers, kept } = ShmRing::tx_ticket(link.tx)?;
    drop((kept, link.rx));
    let late = ShmRing::tx_from(Ticket { note, carriers, kept: None }, &spec);
    ensure(matches!(late, Err(LinkError::NotFound(_))), format!("{late:?}"))
}

/// What is said of a file of these bytes; `None` where it is taken for a segment.
fn opened(bytes: &[u8]) -> Result<Option<SegmentError>, Failed> {
    let name = format!("pipefit-test-{}", std::process::id());
    let path = Path::new("/dev/shm").join(&name);
    fs::write(&path, bytes)?;
    let opened = Segment::open_named(&format!("/{name}"), &SHAPE.geometry());
    fs::remove_file(&path)?;
    Ok(opened.err())
}

/// It is not taken for a segment, and `why` is said.
fn mismatch(bytes: &[u8], why: &str) -> Result<(), Failed> {
    match opened(bytes)? {
        Some(SegmentError::LayoutMismatch(said)) => {
            ensure(said.contains(why), format!("'{said}' does not say '{why}'"))
        }
        other => Err(format!("{why}: {other:?}").into()),
    }
}

fn no_segment() -> Result<(), Failed> {
    for (bytes, why) in [
        (Vec::new(), "empty"),
        (vec![0; 1], "1 bytes"),
        (vec![0; 1_023], "1023 bytes"),
        (vec![0; 8_192], "does not begin as"),
        (b"pipefit?".repeat(1_024), "does not begin as"),
    ] {
        mismatch(&bytes, why)?;
    }
    Ok(())
}

fn differences() -> Result<(), Failed> {
    let segment = Segment::named(&SHAPE.geometry())?;
    let bytes = fs::read(path_of(&segment)?)?;
    // Control: a faithful copy is taken, so what follows is about the change alone.
    ensure(opened(&bytes)?.is_none(), "a faithful copy is refused")?;
    let changed = |at: usize, to: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = to;
        bytes
    };
    // In the order of the head: kind and version, the frame, the capacity, the size.
    for (bytes, what) in [
        (changed(8, 2), "its kind is 2 where 1 is expected"),
        (changed(12, 9), "its version is 9 where 1 is expected"),
        (changed(40, 65), "its largest frame is 65 where 64 is expected"),
        (changed(49, 32), "its capacity is 8192 where 4096 is expected"),
        (changed(58, 9), "its size is"),
        (bytes[..bytes.len() - 8].to_vec(), "its real size is"),
        ([&bytes[..], &[0; 8]].concat(), "its real size is"),
    ] {
        mismatch(&bytes, what)?;
    }
    // The same through the front door: the two sides ask for different things.
    let other = exchange::Shape::new(4, 64, false).geometry();
    let name = segment.name().ok_or("no name")?;
    let error = Segment::open_named(name, &other).err().ok_or("another kind was taken")?;
    ensure(error.to_string().contains("kind"), error)
}

fn copy_of(segment: &Arc<Segment>) -> Result<OwnedFd, Failed> {
    Ok(segment.fd().ok_or("no descriptor")?.try_clone_to_owned()?)
}

fn seals() -> Result<(), Failed> {
    let shape = SHAPE.geometry();
    let unsealed = memfd_create("test", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    ftruncate(&unsealed, shape.total)?;
    let error = Segment::open_sealed(unsealed, &shape).err().ok_or("an unsealed one was taken")?;
    let named = matches!(&error, SegmentError::LayoutMismatch(how) if how.contains("not sealed"));
    ensure(named, format!("{error:?}"))?;
    let file = tempfile()?;
    ensure(Segment::open_sealed(file, &shape).is_err(), "a file on disk was taken")?;

    // A peer that tries to take the memory away, while the reader goes on.
    let spec = spec(Bytes(4_096), Policy::Block);
    let mut link = open::<MemfdRing>(&spec)?;
    let ticket = MemfdRing::tx_ticket(link.tx)?;
    let theirs = ticket.carriers.last().ok_or("no descriptor")?;
    let (Carrier::Fd(fd) | Carrier::Stdout(fd)) = theirs;
    let fd = fd.as_fd().try_clone_to_owned()?;
    for size in [0, 1, 4_096] {
        ensure(ftruncate(&fd, size) == Err(Errno::PERM), format!("it shrank to {size}"))?;
    }
    ensure(ftruncate(&fd, 1 << 30) == Err(Errno::PERM), "it grew")?;
    let weaker = rustix::fs::fcntl_add_seals(&fd, SealFlags::WRITE);
    ensure(weaker == Err(Errno::PERM), format!("it could be sealed further: {weaker:?}"))?;
    let until = Monotonic.now() + Nanos::from_secs(5);
    let mut tx = MemfdRing::tx_from(ticket, &spec)?;
    on_thread(tx.send(&ThreadTimer, until, 2, |bytes| bytes.copy_from_slice(b"on")))?;
    let read = on_thread(link.rx.recv(&ThreadTimer, until, <[u8]>::to_vec))?;
    ensure(read == b"on", format!("{read:?} came"))?;
    drop(tx);
    let end = on_thread(link.rx.recv(&ThreadTimer, until, |_| ()));
    ensure(matches!(end, Err(RecvError::Closed)), format!("{end:?}"))
}

/// A file on disk, without a name.
fn tempfile() -> Result<OwnedFd, Failed> {
    let path = std::env::temp_dir().join(format!("pipefit-test-{}", std::process::id()));
    let file = fs::File::create_new(&path)?;
    fs::remove_file(&path)?;
    file.set_len(SHAPE.geometry().total)?;
    Ok(file.into())
}

fn taken() -> Result<(), Failed> {
    let me = std::process::id();
    let named = Segment::named(&SHAPE.geometry())?;
    let sealed = Segment::sealed(&SHAPE.geometry())?;
    let again = [
        Segment::open_named(named.name().ok_or("no name")?, &SHAPE.geometry())?,
        Segment::open_sealed(copy_of(&sealed)?, &SHAPE.geometry())?,
    ];
    for (first, second) in [named, sealed].iter().zip(&again) {
        for (half, what) in [(Half::Tx, "sending"), (Half::Rx, "reading")] {
            first.take(half)?;
            let error = second.take(half).err().ok_or("it was taken twice")?;
            let right = matches!(&error, SegmentError::Taken { pid, .. } if *pid == u64::from(me));
            ensure(right && error.to_string().contains(what), format!("{error:?}"))?;
            first.give_back(half);
            second.take(half)?;
        }
    }
    // Through a ticket that is used twice.
    let spec = spec(Bytes(4_096), Policy::Block);
    let link = open::<MemfdRing>(&spec)?;
    let ticket = MemfdRing::tx_ticket(link.tx)?;
    let mut carriers = Vec::new();
    for carrier in &ticket.carriers {
        let (Carrier::Fd(fd) | Carrier::Stdout(fd)) = carrier;
        carriers.push(Carrier::Fd(fd.try_clone()?));
    }
    let copy = Ticket { note: ticket.note.clone(), carriers, kept: None };
    let _tx = MemfdRing::tx_from(ticket, &spec)?;
    let error = MemfdRing::tx_from(copy, &spec).err().ok_or("a ticket was good for two halves")?;
    let right = matches!(&error, LinkError::PeerTaken { pid, .. } if *pid == u64::from(me));
    ensure(right, format!("{error:?}"))
}

/// A name whose maker is long gone, with content that looks right.
fn stale_neighbour() -> Result<(), Failed> {
    let mut ended = Command::new("true").spawn()?;
    let pid = ended.id().to_string();
    ended.wait()?;
    let segment = Segment::named(&SHAPE.geometry())?;
    let path = path_of(&segment)?;
    let mut parts: Vec<String> = path.to_string_lossy().split('-').map(str::to_owned).collect();
    (parts[2], parts[3]) = (pid, "1".into());
    let old = PathBuf::from(parts.join("-"));
    fs::write(&old, fs::read(&path)?)?;
    drop(segment);
    let met = travelled::<ShmRing>(Policy::Block)
        .and_then(|()| travelled::<ShmLatest>(Policy::OverwriteOldest));
    let found = pipefit::memory::stale().iter().any(|s| s.path == old);
    // Somebody else on this machine may have swept it meanwhile.
    let there = fs::remove_file(&old).is_ok();
    ensure(found || !there, "it is not known to be stale")?;
    met
}
