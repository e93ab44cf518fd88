//! `pipefit sensor`: down a pipe, as any program can be a sensor.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]

use std::io::Read;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use pipefit::ground::frame::{self, HEADER, Kind};
use pipefit::role::sensor::{TRAILER, read_trailer};
use pipefit::run::record::{RunRecord, Status};

fn pipefit() -> Command {
    Command::new(env!("CARGO_BIN_EXE_pipefit"))
}

fn sensor(args: &[&str]) -> Output {
    pipefit().arg("sensor").args(args).output().unwrap()
}

#[test]
fn it_writes_what_it_was_asked_for_and_a_trailer() {
    let args = ["--rate", "20kHz", "--messages", "100", "--warmup", "1ms", "--size", "24B"];
    let out = sensor(&[&args[..], &["--producer", "9", "--run", "5"]].concat());
    assert!(out.status.success() && out.stderr.is_empty(), "{out:?}");
    let (mut rest, mut kinds) = (&out.stdout[..], Vec::new());
    while rest.len() >= HEADER + TRAILER {
        let trailer = rest.len() == HEADER + TRAILER;
        let (this, behind) = rest.split_at(HEADER + if trailer { TRAILER } else { 24 });
        let found = frame::decode(this).unwrap();
        assert_eq!((found.header.producer, found.header.run), (9, 5));
        if trailer {
            assert_eq!(read_trailer(found.payload).unwrap().offered, 100);
        }
        kinds.push(found.header.kind);
        rest = behind;
    }
    let expected = [vec![Kind::Warmup; 20], vec![Kind::Data; 100], vec![Kind::Trailer]].concat();
    assert!(rest.is_empty() && kinds == expected, "{} frames", kinds.len());
}

#[test]
fn a_reader_that_goes_away_is_a_quiet_end() {
    let mut sensor =
        pipefit().arg("sensor").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut some = [0; 4096];
    sensor.stdout.take().unwrap().read_exact(&mut some).unwrap();
    let began = Instant::now();
    let out = sensor.wait_with_output().unwrap();
    assert!(out.status.success() && out.stderr.is_empty(), "{out:?}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn a_reader_that_does_not_read_is_told_of() {
    let mut sensor = pipefit()
        .args(["sensor", "--rate", "1MHz", "--send-timeout", "200ms"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pipe = sensor.stdout.take().unwrap();
    let out = sensor.wait_with_output().unwrap();
    drop(pipe);
    assert_eq!(out.status.code(), Some(1), "{out:?}");
    assert!(String::from_utf8_lossy(&out.stderr).contains("nobody has read for 200ms"), "{out:?}");
}

#[test]
fn a_screen_behind_it_loses_nothing() {
    let results = tempfile::tempdir().unwrap();
    let record = results.path().join("run.json");
    let command = format!("'{}' sensor --rate 10kHz --duration 1s", env!("CARGO_BIN_EXE_pipefit"));
    let out = pipefit()
        .args(["run", "gui60", "--exec", &command, "--duration", "3s", "-q", "--results"])
        .arg(results.path())
        .arg("--export-json")
        .arg(&record)
        .output()
        .unwrap();
    assert!(out.status.success(), "{out:?}");
    let record: RunRecord = serde_json::from_slice(&std::fs::read(record).unwrap()).unwrap();
    let cell = &record.cells[0];
    assert_eq!(cell.status, Status::Valid, "{:?}", cell.reason);
    let books = cell.ledger.unwrap();
    assert_eq!((books.offered, books.lost, books.duplicate), (10_000, 0, 0), "{books:?}");
    assert!(cell.metrics.age_ns.is_some());
}

#[test]
fn what_cannot_be_is_refused() {
    for (args, says) in [
        (&["--connect", "there"][..], "not an endpoint"),
        (&["--transport", "zenoh"], "--connect"),
        (&["--transport", "pipe", "--connect", "tcp/there:1"], "pipe"),
        (&["--connect", "tcp/there:1", "--rate", "1kHz"], "--rate"),
    ] {
        let out = sensor(args);
        let told = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.code() == Some(2) && told.contains(says), "{args:?}: {told}");
    }
    let out = pipefit()
        .args(["run", "stream", "--transport", "pipe", "--listen", "tcp/127.0.0.1:1"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.code() == Some(2) && told.contains("--listen"), "{told}");
}

#[cfg(not(feature = "zenoh"))]
#[test]
fn without_the_feature_other_hosts_are_refused_with_the_remedy() {
    let joins = ["sensor", "--connect", "tcp/127.0.0.1:1"];
    let listens = ["run", "stream", "--listen", "tcp/127.0.0.1:1"];
    for args in [&joins[..], &listens] {
        let out = pipefit().args(args).output().unwrap();
        let told = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.code() == Some(1) && told.contains("--features zenoh"), "{told}");
    }
}
