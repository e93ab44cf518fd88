//! The frames of `examples/python` are frames: each one is decoded here, and is byte for
//! byte what the encoder of this crate makes of the same header.
//!
//! Without python3 nothing can be said, and the tests say so.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says where it failed")]

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use pipefit::ground::frame::{self, Frame, HEADER, Header, Kind, Scan, pattern};
use pipefit::ground::ledger;
use pipefit::role::sensor::read_trailer;

/// Larger than any frame here.
const MAX: usize = 1 << 16;

/// A frame that `examples/python/test_frames.py` holds as literal bytes, too.
const KNOWN: &str = concat!(
    "f1706617d5617b2a01010000030000000d0000006300000004000000000000000e000000",
    "000000001800000000000000c777bc3802d9904410aec78dbe",
);

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/python")
}

/// A Python of this machine, in the folder of the examples; `None` where there is none.
fn python() -> Option<Command> {
    let there = Command::new("python3").arg("--version").stdout(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        #[expect(clippy::print_stdout, reason = "what was not tested is said")]
        {
            println!("SKIPPED: python3 is not here");
        }
        return None;
    }
    let mut python = Command::new("python3");
    python.current_dir(folder()).stdin(Stdio::null()).env("PYTHONDONTWRITEBYTECODE", "1");
    Some(python)
}

fn output(mut command: Command) -> Output {
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {told}", output.status);
    output
}

/// What `sensor.py` writes; `None` without a Python.
fn sensor(arguments: &[&str]) -> Option<Vec<u8>> {
    let mut python = python()?;
    python.arg("sensor.py").args(arguments);
    Some(output(python).stdout)
}

/// Every frame of a stream that has to be whole.
fn frames(mut stream: &[u8]) -> Vec<Frame<'_>> {
    let mut frames = Vec::new();
    while !stream.is_empty() {
        let Scan::Whole(n) = frame::scan(stream, MAX) else {
            panic!("the stream is torn behind frame {}", frames.len());
        };
        let (bytes, rest) = stream.split_at(n);
        let frame = frame::decode(bytes).unwrap();
        let mut ours = vec![0; n];
        frame::encode_with(&frame.header, frame.payload, &mut ours);
        assert_eq!(bytes, ours, "frame {}", frames.len());
        frames.push(frame);
        stream = rest;
    }
    frames
}

fn check_data(frames: &[Frame<'_>], kind: Kind, producer: u32, run: u32, size: usize) {
    for (n, Frame { header, payload }) in (0..).zip(frames) {
        let wanted = Header { kind, producer, seq: n, run, ..*header };
        assert_eq!(*header, wanted);
        assert_eq!(payload.len(), size);
        assert!(pattern::holds(producer, n, payload), "payload of frame {n}");
        assert!(header.due <= header.sent, "frame {n} was sent before it was due");
    }
    for pair in frames.windows(2) {
        let [a, b] = pair else { continue };
        assert!(a.header.due < b.header.due && a.header.sent <= b.header.sent);
    }
}

fn check_trailer(frame: &Frame<'_>, producer: u32, run: u32, offered: u64) {
    let header = Header { kind: Kind::Trailer, producer, seq: offered, due: 0, sent: 0, run };
    assert_eq!(frame.header, header);
    assert_eq!(read_trailer(frame.payload), Some(ledger::Sent { offered, dropped: 0 }));
}

#[test]
fn every_frame_of_any_size_is_what_our_encoder_makes() {
    for size in [0, 1, 7, 8, 9, 16, 64, 1000, 1003, 4096] {
        let size_text = size.to_string();
        let arguments = ["--rate", "max", "--messages", "50", "--size", &size_text];
        let named = ["--producer", "0xFFFFFFF0", "--run", "0xDEADBEEF"];
        let Some(stream) = sensor(&[arguments.as_slice(), &named].concat()) else { return };
        let frames = frames(&stream);
        let (trailer, data) = frames.split_last().unwrap();
        assert_eq!(data.len(), 50);
        check_data(data, Kind::Data, 0xFFFF_FFF0, 0xDEAD_BEEF, size);
        check_trailer(trailer, 0xFFFF_FFF0, 0xDEAD_BEEF, 50);
    }
}

#[test]
fn a_schedule_does_not_slip_and_leaves_nothing_out() {
    let arguments = ["--rate", "3kHz", "--duration", "200ms", "--warmup", "50ms", "--run", "7"];
    let Some(stream) = sensor(&arguments) else { return };
    let frames = frames(&stream);
    let (trailer, rest) = frames.split_last().unwrap();
    let (warmup, data) = rest.split_at(150);
    assert_eq!(data.len(), 600);
    check_data(warmup, Kind::Warmup, 1, 7, 64);
    check_data(data, Kind::Data, 1, 7, 64);
    check_trailer(trailer, 1, 7, 600);
    let first = warmup[0].header.due;
    for (n, frame) in (0..).zip(warmup) {
        assert_eq!(frame.header.due, first + n * 1_000_000 / 3);
    }
    let first = first + 50_000_000;
    for (n, frame) in (0..).zip(data) {
        assert_eq!(frame.header.due, first + n * 1_000_000 / 3);
    }
}

#[test]
fn a_known_frame_is_the_same_on_both_sides() {
    let header = Header { kind: Kind::Data, producer: 3, seq: 4, due: 14, sent: 24, run: 99 };
    let mut bytes = vec![0; HEADER + 13];
    frame::encode(&header, &mut bytes);
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(hex, KNOWN);
}

#[test]
fn a_sensor_whose_reader_goes_away_ends_quietly() {
    let Some(mut python) = python() else { return };
    python.args(["sensor.py", "--rate", "max", "--duration", "60s"]);
    let mut child = python.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

#[test]
fn the_examples_own_tests_pass() {
    let Some(mut python) = python() else { return };
    python.args(["-m", "unittest", "-q", "test_frames"]);
    output(python);
}
