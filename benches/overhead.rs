//! What the loops themselves cost: the sensor over `null`, the viewer over frames
//! that lie ready in memory, and a meter's record, each against a loop written by
//! hand that takes the same stamps and makes the same checks.
//!
//! `cargo bench --bench overhead`. Each pair is measured side by side, round by
//! round, in turn; shown is the median of the rounds' differences, with the interval
//! in which 95 % of resampled medians lie (distribution-free, by order statistics).
//! With `PIPEFIT_STRICT=1`, a row whose whole interval lies above its target fails the
//! bench.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]

mod flags;
mod targets;

use std::hint::black_box;
use std::process::ExitCode;

use pipefit::ground::frame::{self, Header, Kind, pattern};
use pipefit::ground::{Bytes, Clock, Ledger, Meter, Monotonic, Nanos};
use pipefit::link::driver::{ThreadTimer, on_thread};
use pipefit::link::{LinkSpec, Policy, RecvError, Rx, Stop, Timer, Transport, Wait};
use pipefit::role::sensor::{self, sensor};
use pipefit::role::viewer::viewer;
use pipefit::role::{End, Extent, SensorSpec, ViewerSpec};
use pipefit::transport::Null;

use flags::{Flags, Mode};

const SIZE: usize = 64;
const RUN: u32 = 3;
const PRODUCER: u32 = 1;

/// Frames that lie ready, handed out one by one.
struct Replay<'a> {
    frames: &'a [u8],
    each: usize,
    at: usize,
}

impl Rx for Replay<'_> {
    #[inline]
    async fn recv<C: Timer, R>(
        &mut self,
        _timer: &C,
        _until: Nanos,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, RecvError> {
        let at = self.at;
        let bytes = self.frames.get(at..at + self.each).ok_or(RecvError::Closed)?;
        self.at += self.each;
        Ok(read(bytes))
    }

    #[inline]
    fn take_ready(&mut self, max: usize, mut read: impl FnMut(&[u8])) -> usize {
        let rest = self.frames.get(self.at..).unwrap_or_default();
        let n = rest.chunks_exact(self.each).take(max).map(&mut read).count();
        self.at += n * self.each;
        n
    }

    async fn drain<C: Timer>(
        &mut self,
        _timer: &C,
        _max: usize,
        _read: impl FnMut(&[u8]),
    ) -> Result<usize, RecvError> {
        Ok(0)
    }
}

fn header(seq: u64, stamp: u64) -> Header {
    Header { kind: Kind::Data, producer: PRODUCER, seq, due: stamp, sent: stamp, run: RUN }
}

/// `count` frames, one in `every` stamped.
fn recorded(count: u64, every: u64) -> Vec<u8> {
    let each = frame::wire_len(SIZE);
    let mut frames = vec![0; each * usize::try_from(count).unwrap_or(0)];
    for (seq, bytes) in (0..).zip(frames.chunks_exact_mut(each)) {
        frame::encode(&header(seq, u64::from(seq % every == 0)), bytes);
    }
    frames
}

fn time(work: impl FnOnce()) -> f64 {
    let before = Monotonic.now();
    work();
    (Monotonic.now().0 - before.0) as f64
}

fn sensor_loop(count: u64, every: u64) {
    let spec = SensorSpec {
        producer: PRODUCER,
        run: RUN,
        size: Bytes(SIZE as u64),
        rate: None,
        burst: 1,
        warmup: Extent::Frames(0),
        extent: Extent::Frames(count),
        stamp_every: every,
        patience: LinkSpec::PATIENCE,
    };
    let link = LinkSpec {
        capacity: LinkSpec::CAPACITY,
        frame: Bytes(frame::wire_len(SIZE) as u64),
        policy: Policy::Block,
        wait: Wait::Block,
    };
    let Ok(link) = Null::open(&link) else { return };
    let stop = Stop::default();
    let report = on_thread(sensor(link.tx, &ThreadTimer, &spec, Nanos(0), &stop));
    assert_eq!((report.sent.offered, report.end), (count, End::Done));
}

fn sensor_by_hand(count: u64, every: u64) {
    let every = black_box(every);
    let mut offered = 0u64;
    let mut scratch = vec![0; black_box(frame::wire_len(SIZE))];
    let mut send = Meter::new();
    let mut stalls = 0u64;
    for seq in 0..count {
        if seq % every == 0 {
            let due = Monotonic.now();
            let sent = Monotonic.now();
            frame::encode(&Header { due: due.0, ..header(seq, sent.0) }, &mut scratch);
            let took = Monotonic.now().0 - due.0;
            send.record(took);
            stalls += u64::from(took > sensor::STALL.0);
        } else {
            frame::encode(&header(seq, 0), &mut scratch);
        }
        offered += 1;
        black_box(&mut scratch);
    }
    black_box((send, stalls, offered));
}

fn viewer_loop(frames: &[u8], count: u64) {
    let spec = ViewerSpec {
        producer: PRODUCER,
        run: RUN,
        screen: None,
        paced: true,
        warmup: Nanos(0),
        measured: Nanos(0),
        silence: Nanos::from_secs(5),
        leave: None,
    };
    let rx = Replay { frames, each: frame::wire_len(SIZE), at: 0 };
    let stop = Stop::default();
    let report = on_thread(viewer(rx, &ThreadTimer, &spec, Monotonic.now(), &stop));
    assert_eq!(report.shown, count);
}

fn viewer_by_hand(frames: &[u8], count: u64) {
    let mut ledger = Ledger::default();
    let (mut response, mut transit, mut slip) = (Meter::new(), Meter::new(), Meter::new());
    let (mut shown, mut plotted) = (0u64, 0u32);
    let (mut first, mut last) = (None, None);
    // As in the role, the size is known only when the program runs.
    for bytes in frames.chunks_exact(black_box(frame::wire_len(SIZE))) {
        let seen = frame::is_stamped(bytes).then(|| Monotonic.now());
        let Ok(got) = frame::decode(bytes) else { continue };
        let h = got.header;
        let mine = h.producer == PRODUCER && h.run == RUN && h.kind == Kind::Data;
        if !mine || !pattern::holds(h.producer, h.seq, got.payload) {
            continue;
        }
        ledger.arrive(h.seq);
        if let Some(seen) = seen {
            first.get_or_insert((shown, seen));
            last = Some((shown, seen));
            response.record_span(Nanos(h.due), seen);
            transit.record_span(Nanos(h.sent), seen);
            slip.record_span(Nanos(h.due), Nanos(h.sent));
        }
        plotted ^= got.payload.first_chunk::<4>().map_or(0, |b| u32::from_le_bytes(*b));
        shown += 1;
    }
    black_box((response, transit, slip, plotted, first, last));
    assert_eq!(shown, count);
}

fn clock_and_record(count: u64, meter: &mut Meter) {
    let mut last = Monotonic.now();
    for _ in 0..count {
        let now = Monotonic.now();
        meter.record(now.0 - last.0);
        last = now;
    }
}

fn clock_only(count: u64) {
    let mut last = Monotonic.now();
    for _ in 0..count {
        let now = Monotonic.now();
        black_box(now.0 - last.0);
        last = now;
    }
}

/// The median of the differences, and the order statistics that hold it in 95 % of
/// samples (normal approximation of the binomial).
fn median_and_interval(differences: &mut [f64]) -> (f64, f64, f64) {
    differences.sort_unstable_by(f64::total_cmp);
    let n = differences.len();
    let half = 0.98 * (n as f64).sqrt();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
    let at = |x: f64| differences[(x.max(0.0) as usize).min(n - 1)];
    let middle = n as f64 / 2.0;
    (at(middle), at(middle - half), at(middle + half))
}

/// How much is measured.
struct Plan {
    flags: Flags,
    rounds: usize,
    count: u64,
}

/// Measures a row, if it is wanted; says whether its target may be met.
fn row(
    plan: &Plan,
    name: &str,
    target: f64,
    mut subject: impl FnMut(u64),
    mut by_hand: impl FnMut(u64),
) -> bool {
    let &Plan { ref flags, rounds, count } = plan;
    let id = format!("overhead/{name}");
    if !flags.want(&id) {
        return true;
    }
    if flags.mode == Mode::List {
        println!("{id}: benchmark");
        return true;
    }
    subject(count);
    by_hand(count);
    let mut costs = Vec::new();
    let mut differences: Vec<f64> = (0..rounds)
        .map(|round| {
            let (a, b) = if round % 2 == 0 {
                let a = time(|| subject(count));
                (a, time(|| by_hand(count)))
            } else {
                let b = time(|| by_hand(count));
                (time(|| subject(count)), b)
            };
            costs.push(b / count as f64);
            (a - b) / count as f64
        })
        .collect();
    let (extra, low, high) = median_and_interval(&mut differences);
    let (alone, ..) = median_and_interval(&mut costs);
    let met = low <= target;
    println!(
        "{name:<34} {alone:>8.2} {extra:>+8.2} [{low:>+6.2}, {high:>+6.2}] {target:>7.0}   {}",
        if high <= target {
            "met"
        } else if met {
            "not clear"
        } else {
            "NOT MET"
        }
    );
    met
}

fn main() -> ExitCode {
    let flags = Flags::of(std::env::args().skip(1));
    let full = flags.mode == Mode::Full;
    let (rounds, count) = if full { (101, 200_000) } else { (15, 40_000) };
    if flags.mode != Mode::List {
        println!("{rounds} rounds of {count} frames of {SIZE} B; ns a frame");
        println!("{:<34} {:>8} {:>8} {:^16} {:>7}", "loop", "by hand", "extra", "95 %", "target");
    }
    let (every, sampled) = (recorded(count, 1), recorded(count, 64));
    let mut meter = Meter::new();
    let plan = Plan { flags, rounds, count };
    let met = [
        row(
            &plan,
            "sensor over null, all stamped",
            5.0,
            |n| sensor_loop(n, 1),
            |n| sensor_by_hand(n, 1),
        ),
        row(
            &plan,
            "sensor over null, 1 in 64 stamped",
            5.0,
            |n| sensor_loop(n, 64),
            |n| sensor_by_hand(n, 64),
        ),
        row(
            &plan,
            "viewer, all stamped",
            5.0,
            |n| viewer_loop(&every, n),
            |n| viewer_by_hand(&every, n),
        ),
        row(
            &plan,
            "viewer, 1 in 64 stamped",
            5.0,
            |n| viewer_loop(&sampled, n),
            |n| viewer_by_hand(&sampled, n),
        ),
        row(
            &plan,
            "record, beside the clock read",
            10.0,
            |n| clock_and_record(n, &mut meter),
            clock_only,
        ),
    ];
    targets::verdict(met.iter().filter(|met| !**met).count())
}
