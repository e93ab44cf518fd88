//! `exec`: programs that know nothing of pipefit, good ones and bad ones. A bad one is a
//! typed error in bounded time, whatever it does, and harms nobody else.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]
#![expect(clippy::print_stdout, reason = "what was not tested is said")]

mod serially;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use pipefit::ground::frame::{self, HEADER, Header, Kind};
use pipefit::ground::{Hertz, Nanos};
use pipefit::link::{Stop, Why};
use pipefit::role::Extent;
use pipefit::run::record::{Cause, Cell, Status};
use pipefit::run::{Case, Program, Registry, scenario, session};

fn main() {
    pipefit::init(&Registry::builtin());
    serially::run(&[
        ("bad_programs_are_typed_errors_in_bounded_time", bad_programs),
        ("a_program_that_floods_its_standard_error_is_heard_all_the_same", flooded),
        ("frames_are_checked_and_counted", frames),
        ("records_of_one_size_are_checked_and_counted", records),
        ("lines_without_stamps_tell_their_arrival_and_nothing_else", bare_lines),
        ("a_stamp_from_the_future_is_an_error", future),
        ("a_rate_that_was_asked_for_is_held_against_the_arrivals", rates),
        ("a_bad_program_harms_no_other_cell", others),
        ("a_trial_after_one_that_came_to_nothing_is_measured", again),
        ("nothing_of_a_programs_group_is_left", group),
        ("a_python_sensor_at_10_khz_loses_nothing", python),
        ("a_program_that_buffers_is_caught_by_its_age", naive),
    ]);
}

const COUNTED: &str = "text:{seq}";

fn case(scenario: &'static str, command: &str, wire: &str) -> Case {
    let program = Program { command: command.into(), dialect: wire.parse().unwrap() };
    Case {
        program: Some(program),
        rate: None,
        extent: Extent::For(Nanos::from_millis(600)),
        ..Case::of(scenario::find(scenario).unwrap(), "exec")
    }
}

fn measure(cases: &[Case]) -> Vec<Cell> {
    let outcome = session::run(&Registry::builtin(), cases, 1, &Stop::default(), &|_| {});
    outcome.measured.into_iter().map(|measured| measured.cell).collect()
}

fn one(case: Case) -> Cell {
    measure(&[case]).remove(0)
}

fn ensure(holds: bool, why: impl Into<String>) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(why.into().into()) }
}

fn valid(cell: &Cell) -> Result<(), Failed> {
    ensure(cell.status == Status::Valid, format!("{}: {:?}", cell.id, cell.reason))
}

fn failed(cell: &Cell, cause: Cause, says: &str) -> Result<(), Failed> {
    let reason = cell.reason.clone().unwrap_or_default();
    ensure(
        cell.status == Status::Invalid && cell.cause == Some(cause) && reason.contains(says),
        format!("{}: {:?}, {:?}: {reason}", cell.id, cell.status, cell.cause),
    )
}

/// Bytes that a program is to write: it is `cat`.
fn written(name: &str, bytes: &[u8]) -> (PathBuf, String) {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, bytes).unwrap();
    let command = format!("cat '{}'", path.display());
    (path, command)
}

fn bad_programs() -> Result<(), Failed> {
    let table = [
        ("exit 3", Cause::ChildDied, "exited with code 3"),
        ("echo 0; echo alas >&2; exit 3", Cause::ChildDied, "code 3; it last wrote: alas"),
        ("no-such-program", Cause::ChildDied, "code 127"),
        ("echo 0; kill -9 $$", Cause::ChildDied, "signal 9"),
        ("sleep 60", Cause::Silent, "wrote nothing for 400ms"),
        ("trap '' TERM; sleep 60", Cause::Silent, "wrote nothing"),
        ("yes alas >&2", Cause::Silent, "it last wrote: "),
        ("exec >&-; sleep 60", Cause::ChildDied, "closed its standard output"),
        ("echo 0; exec >&-; sleep 60", Cause::ChildDied, "closed its standard output"),
        ("echo 0; echo zero; echo 1", Cause::Malformed, "line 2: \"zero\""),
        ("printf '0\\n1'", Cause::Malformed, "without the end of a line"),
        ("yes | tr -d '\\n'", Cause::Malformed, "without the end of a line"),
        ("true", Cause::Empty, "without a record"),
    ];
    for (command, cause, says) in table {
        let began = Instant::now();
        let silence = (cause == Cause::Silent).then_some(Nanos::from_millis(400));
        let cell = one(Case { silence, ..case("stream", command, COUNTED) });
        failed(&cell, cause, says)?;
        ensure(
            began.elapsed() < Duration::from_secs(4),
            format!("{command}: {:?}", began.elapsed()),
        )?;
    }
    Ok(())
}

fn flooded() -> Result<(), Failed> {
    let loud =
        "yes alas >&2 & p=$!; i=0; while [ $i -lt 100 ]; do echo $i; i=$((i+1)); done; kill $p";
    let cell = one(case("stream", loud, COUNTED));
    valid(&cell)?;
    let books = cell.ledger.unwrap();
    ensure((books.offered, books.shown, books.lost) == (100, 100, 0), format!("{books:?}"))
}

/// Frames of one producer, and its trailer.
fn stream(n: u64) -> Vec<Vec<u8>> {
    let header = |kind, seq| Header { kind, producer: 5, seq, due: 0, sent: 0, run: 77 };
    let mut frames: Vec<Vec<u8>> = (0..n)
        .map(|seq| {
            let mut out = vec![0; HEADER + 24];
            frame::encode(&header(Kind::Data, seq), &mut out);
            out
        })
        .collect();
    let counts: Vec<u8> = [n, 0].into_iter().flat_map(u64::to_le_bytes).collect();
    let mut out = vec![0; HEADER + counts.len()];
    frame::encode_with(&header(Kind::Trailer, n), &counts, &mut out);
    frames.push(out);
    frames
}

fn frames() -> Result<(), Failed> {
    let play = |name: &str, frames: &[Vec<u8>]| {
        let (path, command) = written(name, &frames.concat());
        let cell = one(case("stream", &command, "frames"));
        fs::remove_file(path).unwrap();
        cell
    };
    let whole = play("frames.whole", &stream(200));
    valid(&whole)?;
    let books = whole.ledger.unwrap();
    ensure((books.offered, books.shown, books.lost) == (200, 200, 0), format!("{books:?}"))?;
    ensure((whole.size_bytes, whole.wire_bytes) == (24, 24 + HEADER as u64), "its size")?;

    let mut short = stream(200);
    short.remove(7);
    short.remove(198);
    let books = play("frames.short", &short).ledger.unwrap();
    ensure(
        (books.offered, books.lost) == (200, 2),
        format!("one in the middle, one last: {books:?}"),
    )?;

    let mut damaged = stream(200);
    damaged[9][HEADER + 3] ^= 1;
    failed(&play("frames.damaged", &damaged), Cause::Malformed, "frame 10: corrupt frame")?;

    let mut torn = stream(200);
    torn[9].truncate(30);
    failed(&play("frames.torn", &torn), Cause::Malformed, "")?;

    let mut swapped = stream(200);
    let other = stream(201).swap_remove(11);
    swapped[9][HEADER..].copy_from_slice(&other[HEADER..]);
    let header = Header { kind: Kind::Data, producer: 5, seq: 9, due: 0, sent: 0, run: 77 };
    let payload = other[HEADER..].to_vec();
    frame::encode_with(&header, &payload, &mut swapped[9]);
    failed(&play("frames.swapped", &swapped), Cause::Malformed, "another frame")?;

    failed(&play("frames.none", &[b"hello, world\n".to_vec()]), Cause::Malformed, "no frame")
}

fn records() -> Result<(), Failed> {
    // A counter of one byte, and a number.
    let bytes: Vec<u8> =
        (10..610u32).filter(|n| *n != 300).flat_map(|n| [n as u8, 0xFF, 0, 0, 128, 63]).collect();
    let play = |name: &str, bytes: &[u8]| {
        let (path, command) = written(name, bytes);
        let cell = one(case("stream", &command, "raw:seq=u8,_=1,value=f32"));
        fs::remove_file(path).unwrap();
        cell
    };
    let cell = play("records.whole", &bytes);
    valid(&cell)?;
    let books = cell.ledger.unwrap();
    ensure((books.offered, books.shown, books.lost) == (600, 599, 1), format!("{books:?}"))?;
    ensure((cell.size_bytes, cell.wire_bytes) == (6, 6), "its size")?;
    let cut = &bytes[..bytes.len() - 2];
    failed(&play("records.cut", cut), Cause::Malformed, "with 4 of a record's 6 bytes")
}

fn bare_lines() -> Result<(), Failed> {
    let slow = "while :; do echo 21.5 C; sleep 0.01; done";
    let cells =
        measure(&[case("stream", slow, "text:{value} C"), case("gui60", slow, "text:{value} C")]);
    for cell in &cells {
        valid(cell)?;
        let m = &cell.metrics;
        ensure(
            cell.ledger.is_none() && m.response_ns.is_none() && m.transit_ns.is_none(),
            "made up",
        )?;
        ensure(m.age_ns.is_none() && m.backlog_max.is_none(), "made up")?;
        let between = m.arrival_interval_ns.as_ref().and_then(|s| s.p50).unwrap();
        ensure((5_000_000..50_000_000).contains(&between), format!("{between} ns"))?;
        ensure(m.throughput_hz.is_some_and(|hz| (20.0..200.0).contains(&hz)), "its rate")?;
        ensure(cell.notes.iter().any(|n| n.contains("sent")), format!("{:?}", cell.notes))?;
        ensure(cell.notes.iter().any(|n| n.contains("seq")), format!("{:?}", cell.notes))?;
    }
    let age = cells[1].metrics.arrival_age_ns.as_ref().unwrap();
    ensure(age.p50.is_some_and(|ns| ns < 100_000_000), format!("{age:?}"))
}

fn future() -> Result<(), Failed> {
    let cell = one(case("stream", "echo 99999999999999999", "text:{sent}"));
    failed(&cell, Cause::Backwards, "clocks or stamps are wrong")
}

fn rates() -> Result<(), Failed> {
    let command = "i=0; while :; do echo $i; i=$((i+1)); sleep 0.01; done";
    let at =
        |hertz| one(Case { rate: Some(Hertz::new(hertz)), ..case("stream", command, COUNTED) });
    valid(&at(10))?;
    failed(&at(100_000), Cause::MissedRate, "of 100000 records a second arrived")
}

fn others() -> Result<(), Failed> {
    let neighbour = |scenario: &'static str| Case {
        rate: Some(Hertz::new(1000)),
        extent: Extent::For(Nanos::from_millis(200)),
        ..Case::of(scenario::find(scenario).unwrap(), "pipe")
    };
    let bad = case("stream", "yes alas >&2 & echo nonsense; exit 3", COUNTED);
    let cells = measure(&[neighbour("stream"), bad, neighbour("gui60")]);
    for unharmed in [&cells[0], &cells[2]] {
        // A busy machine may keep it from its rate; a neighbour may keep it from nothing.
        if unharmed.cause != Some(Cause::MissedRate) {
            valid(unharmed)?;
        }
    }
    failed(&cells[1], Cause::ChildDied, "code 3")?;
    ensure(
        cells.iter().all(|c| c.residue.is_none_or(|r| r.zombies + r.orphans == 0)),
        "left behind",
    )
}

/// Whoever decides whether there are more trials may set one aside, whatever came of it.
fn again() -> Result<(), Failed> {
    let registry = Registry::builtin();
    let silence = Some(Nanos::from_millis(30));
    let case = Case { silence, ..case("stream", "exec sleep 60", COUNTED) };
    let mut course = session::Course::new(&registry, &case);
    let stop = Stop::default();
    for _ in 0..2 {
        failed(&course.trial(0, &stop, &|_| {}), Cause::Silent, "")?;
    }
    stop.ask(Why::Interrupted);
    failed(&course.trial(0, &stop, &|_| {}), Cause::Interrupted, "")
}

/// Whether a process runs that was started with this argument.
fn runs(argument: &str) -> bool {
    fs::read_dir("/proc").unwrap().filter_map(Result::ok).any(|entry| {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        line.split(|b| *b == 0).any(|word| word == argument.as_bytes())
    })
}

/// Waits until something holds; not for ever.
fn comes(holds: impl Fn() -> bool) -> bool {
    let patience = Instant::now() + Duration::from_secs(2);
    while !holds() && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(10));
    }
    holds()
}

fn group() -> Result<(), Failed> {
    // Unlike any other argument on this machine.
    let mark = format!("97{}", std::process::id());
    let command = format!("sleep {mark} | cat & while :; do echo 1; sleep 0.05; done");
    let watch = |started: session::Event<'_>| {
        if let session::Event::Started { .. } = started {
            assert!(comes(|| runs(&mark)), "the control: it runs by now");
        }
    };
    let cases = [case("stream", &command, COUNTED)];
    let outcome = session::run(&Registry::builtin(), &cases, 1, &Stop::default(), &watch);
    valid(&outcome.measured[0].cell)?;
    ensure(comes(|| !runs(&mark)), "a grandchild is left")
}

fn has_python() -> bool {
    let there = Command::new("python3").arg("--version").stdout(Stdio::null()).status();
    let there = there.is_ok_and(|status| status.success());
    if !there {
        println!("SKIPPED: python3 is not here");
    }
    there
}

fn example(name: &str) -> String {
    format!("python3 '{}/examples/python/{name}.py'", env!("CARGO_MANIFEST_DIR"))
}

fn python() -> Result<(), Failed> {
    if !has_python() {
        return Ok(());
    }
    let seconds = if std::env::var_os("PIPEFIT_LONG").is_some() { 10 } else { 1 };
    let command = format!("{} --rate 10kHz --duration {seconds}s", example("sensor"));
    let cell = one(Case {
        extent: Extent::For(Nanos::from_secs(seconds + 2)),
        silence: Some(Nanos::from_secs(10)),
        ..case("gui60", &command, "frames")
    });
    valid(&cell)?;
    let books = cell.ledger.unwrap();
    let wanted = (10_000 * seconds, 0, 0, 0, 0);
    let got = (books.offered, books.lost, books.duplicate, books.corrupt, books.torn);
    ensure(got == wanted, format!("{books:?}"))?;
    ensure(cell.metrics.response_ns.is_some(), "its stamps")?;
    // It ends 2 s before the time for it does, which makes nothing older.
    let age = cell.metrics.age_ns.as_ref().and_then(|age| age.max).unwrap();
    ensure(age < 1_500_000_000, format!("{age} ns old"))
}

fn naive() -> Result<(), Failed> {
    if !has_python() {
        return Ok(());
    }
    let naive = format!("{} --rate 500Hz", example("naive"));
    let control = format!("PYTHONUNBUFFERED=1 {naive}");
    let cells = measure(&[&naive, &control].map(|command| Case {
        extent: Extent::For(Nanos::from_millis(1_300)),
        silence: Some(Nanos::from_secs(10)),
        ..case("gui60", command, "text:{seq} {sent} {value}")
    }));
    cells.iter().try_for_each(valid)?;
    let age = |cell: &Cell| cell.metrics.age_ns.as_ref().and_then(|age| age.p50).unwrap();
    let (stale, fresh) = (age(&cells[0]), age(&cells[1]));
    ensure(stale > 4 * fresh, format!("{stale} ns buffered, {fresh} ns not"))?;
    ensure(cells.iter().all(|cell| cell.ledger.unwrap().lost == 0), "lost")
}
