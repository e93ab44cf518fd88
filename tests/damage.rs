//! Damage on a real pipe: bytes cut, mixed, repeated, swapped, left out or changed by
//! whoever writes, and found by a viewer that sees nothing but the pipe.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]

use std::io::Write;

use pipefit::ground::frame::{self, Header, Kind};
use pipefit::ground::ledger::{Balance, Sent};
use pipefit::ground::{Bytes, Clock, Monotonic, Nanos};
use pipefit::link::driver::{ThreadTimer, on_thread};
use pipefit::link::{Carrier, LinkSpec, Policy, Stop, Ticket, Transport, Wait};
use pipefit::role::viewer::viewer;
use pipefit::role::{End, ViewerSpec};
use pipefit::transport::Pipe;

const COUNT: u64 = 200;

/// A frame that is no power of two on the wire, so that it straddles every buffer.
const SIZE: usize = 1_000;

fn encoded(kind: Kind, seq: u64, payload: Option<&[u8]>) -> Vec<u8> {
    let header = Header { kind, producer: 1, seq, due: 1, sent: 1, run: 2 };
    let mut out = vec![0; frame::wire_len(payload.map_or(SIZE, <[u8]>::len))];
    match payload {
        Some(payload) => frame::encode_with(&header, payload, &mut out),
        None => frame::encode(&header, &mut out),
    }
    out
}

/// A run's frames, changed by `damage`, through a real pipe to a viewer.
fn seen_through_a_pipe(damage: impl FnOnce(&mut Vec<Vec<u8>>)) -> Balance {
    let mut frames: Vec<Vec<u8>> = (0..COUNT).map(|s| encoded(Kind::Data, s, None)).collect();
    damage(&mut frames);
    let counts: Vec<u8> = [COUNT, 0].iter().flat_map(|n| n.to_le_bytes()).collect();
    frames.push(encoded(Kind::Trailer, COUNT, Some(&counts)));

    let (read_end, mut write_end) = std::io::pipe().unwrap();
    let writer = std::thread::spawn(move || {
        for bytes in frames {
            write_end.write_all(&bytes).unwrap();
        }
    });
    let link = LinkSpec {
        capacity: LinkSpec::CAPACITY,
        frame: Bytes(frame::wire_len(SIZE) as u64),
        policy: Policy::Block,
        wait: Wait::Block,
    };
    let rx = Pipe::rx_from(Ticket::of(Carrier::Fd(read_end.into())), &link).unwrap();
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
    let report = on_thread(viewer(rx, &ThreadTimer, &spec, Monotonic.now(), &Stop::default()));
    writer.join().unwrap();
    assert_eq!(report.end, End::Done);
    assert_eq!(report.strangers, 0);
    let sent = Sent { offered: COUNT, dropped: 0 };
    let balance = report.ledger.balance(sent, report.shown, report.merged, 0);
    balance.check().unwrap();
    balance
}

/// lost, duplicate, reordered, corrupt, torn
fn faults(b: &Balance) -> [u64; 5] {
    [b.lost, b.duplicate, b.reordered, b.corrupt, b.torn]
}

#[test]
fn a_healthy_stream_has_no_fault() {
    assert_eq!(faults(&seen_through_a_pipe(|_| ())), [0; 5]);
}

#[test]
fn bytes_missing_in_the_middle_of_a_frame_tear_it() {
    let cut = |frames: &mut Vec<Vec<u8>>| drop(frames[50].drain(300..400));
    assert_eq!(faults(&seen_through_a_pipe(cut)), [1, 0, 0, 0, 1]);
    let headless = |frames: &mut Vec<Vec<u8>>| drop(frames[50].drain(..20));
    assert_eq!(faults(&seen_through_a_pipe(headless)), [1, 0, 0, 0, 1]);
}

#[test]
fn a_line_printed_between_two_frames_costs_no_frame_but_is_seen() {
    let print = |frames: &mut Vec<Vec<u8>>| frames[50].extend_from_slice(b"debug: here\n");
    assert_eq!(faults(&seen_through_a_pipe(print)), [0, 0, 0, 0, 1]);
}

#[test]
fn a_line_printed_within_a_frame_costs_that_frame() {
    let print = |frames: &mut Vec<Vec<u8>>| {
        frames[50].splice(500..500, b"debug: here\n".iter().copied());
    };
    let found = faults(&seen_through_a_pipe(print));
    assert_eq!((found[0], found[4]), (1, 1), "{found:?}");
}

#[test]
fn two_writers_interleaved_above_the_atomic_size_tear_frames() {
    let mix = |frames: &mut Vec<Vec<u8>>| {
        let other = frames.remove(51);
        let tail = frames[50].split_off(600);
        frames[50].extend(other);
        frames[50].extend(tail);
    };
    let found = faults(&seen_through_a_pipe(mix));
    assert!(found[0] >= 1 && found[4] >= 1, "{found:?}");
}

#[test]
fn repeated_swapped_skipped_and_changed_frames_have_their_own_names() {
    let repeat = |f: &mut Vec<Vec<u8>>| f.insert(50, f[50].clone());
    assert_eq!(faults(&seen_through_a_pipe(repeat)), [0, 1, 0, 0, 0]);
    let swap = |f: &mut Vec<Vec<u8>>| f.swap(50, 51);
    assert_eq!(faults(&seen_through_a_pipe(swap)), [0, 0, 1, 0, 0]);
    let skip = |f: &mut Vec<Vec<u8>>| drop(f.remove(50));
    assert_eq!(faults(&seen_through_a_pipe(skip)), [1, 0, 0, 0, 0]);
    let change = |f: &mut Vec<Vec<u8>>| f[50][700] ^= 0x40;
    assert_eq!(faults(&seen_through_a_pipe(change)), [1, 0, 0, 1, 0]);
    let lost_head = |f: &mut Vec<Vec<u8>>| drop(f.drain(..3));
    assert_eq!(faults(&seen_through_a_pipe(lost_head)), [3, 0, 0, 0, 0]);
    let lost_tail = |f: &mut Vec<Vec<u8>>| f.truncate(190);
    assert_eq!(faults(&seen_through_a_pipe(lost_tail)), [10, 0, 0, 0, 0]);
}
