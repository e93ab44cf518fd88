//! The sensor: produces frames on an absolute schedule, whatever the link does.
//!
//! Open loop: event n is due at `start + n / rate`. If a send waits, the next
//! frames are late, and their `due` says by how much; the schedule never moves.
//! Flat out, a frame is due the moment it is made.

use serde::{Deserialize, Serialize};

use super::timeline::{STALLS, StallAt, offset};
use super::{End, Extent};
use crate::ground::frame::{self, Header, Kind};
use crate::ground::ledger;
use crate::ground::pace::Schedule;
use crate::ground::time::thread_cpu;
use crate::ground::{Bytes, Hertz, Meter, Nanos};
use crate::link::{SendError, Sent, Stop, Tally, Timer, Tx, Why};

/// A send that waits longer than this is a stall.
pub const STALL: Nanos = Nanos::from_millis(1);

/// What a sensor is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SensorSpec {
    /// Its name on every frame.
    pub producer: u32,
    /// The run's tag on every frame.
    pub run: u32,
    /// Payload of a frame.
    pub size: Bytes,
    /// Frames a second; `None`: as many as the link takes.
    pub rate: Option<Hertz>,
    /// Frames that are due together and sent as a batch; 1: one by one.
    pub burst: u64,
    /// What to send before measuring begins.
    pub warmup: Extent,
    /// What to send while measuring.
    pub extent: Extent,
    /// Stamp one frame in so many; 1: every frame.
    pub stamp_every: u64,
    /// How long one send may wait for room.
    pub patience: Nanos,
}

/// Sends that waited over [`STALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stalls {
    /// How many.
    pub count: u64,
    /// The longest, in ns.
    pub longest: u64,
    /// All together, in ns.
    pub total: u64,
}

impl Stalls {
    fn add(&mut self, took: u64) {
        self.count += 1;
        self.longest = self.longest.max(took);
        self.total += took;
    }
}

/// What a sensor did, in the measured part of its run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SensorReport {
    /// The same for the warm-up before it. A frame of the warm-up may be displaced
    /// when measuring has begun, and is then counted among the measured ones' drops.
    pub warmup: ledger::Sent,
    /// Frames given a number, and those that the policy dropped.
    pub sent: ledger::Sent,
    /// When the first measured frame was due, and when the last send returned.
    pub span: (Nanos, Nanos),
    /// How long sends took.
    pub send: Meter,
    /// Sends that waited.
    pub stalls: Stalls,
    /// The first of them, by when measuring began, where there is a schedule to be held
    /// up: at most as many as a course keeps.
    #[serde(default)]
    pub stalled: Vec<StallAt>,
    /// CPU time of its thread.
    pub cpu: Nanos,
    /// How it ended.
    pub end: End,
}

pub(super) struct Sensor<'a, X, C> {
    pub(super) tx: X,
    pub(super) timer: &'a C,
    pub(super) spec: &'a SensorSpec,
    stop: &'a Stop,
    /// When measuring begins, on schedule.
    from: Nanos,
    pub(super) report: SensorReport,
}

/// Runs a sensor over `tx`: warm-up, measured part, trailer. The schedule begins
/// at `start`; measured frames follow the warm-up's without a break.
pub async fn sensor<X: Tx, C: Timer>(
    tx: X,
    timer: &C,
    spec: &SensorSpec,
    start: Nanos,
    stop: &Stop,
) -> SensorReport {
    let report = SensorReport {
        warmup: ledger::Sent::default(),
        sent: ledger::Sent::default(),
        span: (start, start),
        send: Meter::new(),
        stalls: Stalls::default(),
        stalled: Vec::with_capacity(STALLS),
        cpu: Nanos(0),
        end: End::Done,
    };
    // As whoever reads has it, though warming up may end a few frames earlier.
    let from = start + spec.rate.map_or(Nanos(0), |rate| spec.warmup.span_at(rate));
    let mut sensor = Sensor { tx, timer, spec, stop, from, report };
    if let Err(end) = sensor.run(start).await {
        sensor.report.end = end;
    }
    sensor.report
}

impl<X: Tx, C: Timer> Sensor<'_, X, C> {
    async fn run(&mut self, start: Nanos) -> Result<(), End> {
        let cpu = match self.spec.rate {
            Some(rate) => self.paced(Schedule::new(start, rate, self.spec.burst), rate).await?,
            None => self.flat_out(start).await?,
        };
        self.report.cpu = Nanos(thread_cpu().0.saturating_sub(cpu.0));
        self.say_goodbye().await
    }

    /// Sends on schedule. Gives the thread's CPU time when measuring began.
    async fn paced(&mut self, schedule: Schedule, rate: Hertz) -> Result<Nanos, End> {
        let warmup = self.spec.warmup.frames_at(rate);
        let frames = self.spec.extent.frames_at(rate);
        let burst = self.spec.burst.max(1);
        // Bursts are never split between warm-up and measurement.
        let warmup = warmup - warmup % burst;
        self.follow(schedule, Kind::Warmup, 0, warmup).await?;
        let cpu = thread_cpu();
        self.reset();
        self.report.span.0 = schedule.due(warmup);
        self.follow(schedule, Kind::Data, warmup, frames).await?;
        Ok(cpu)
    }

    async fn follow(&mut self, s: Schedule, kind: Kind, from: u64, count: u64) -> Result<(), End> {
        let burst = self.spec.burst.max(1);
        let mut dues = s.dues(from);
        let mut seq = 0;
        while seq < count {
            let Some(due) = dues.next() else { break };
            let mut now = self.timer.now();
            if now < due {
                now = self.timer.sleep_until(due).await;
            }
            let group = burst.min(count - seq);
            if group == 1 {
                self.send_one(kind, seq, due, now).await?;
            } else {
                self.send_group(kind, seq, due, now, group).await?;
                // The others of the group are due at the same moment.
                for _ in 1..group {
                    dues.next();
                }
            }
            seq += group;
        }
        Ok(())
    }

    #[inline]
    async fn send_one(&mut self, kind: Kind, seq: u64, due: Nanos, now: Nanos) -> Result<(), End> {
        let (header, timer) = (self.header(kind, seq, due), self.timer);
        let len = frame::wire_len(self.spec.size.as_usize());
        let write = |bytes: &mut [u8]| {
            frame::encode(&Header { sent: timer.now().0, ..header }, bytes);
        };
        let outcome = self.tx.send(timer, now + self.spec.patience, len, write).await;
        self.book(1, now, outcome.map(one))
    }

    async fn send_group(
        &mut self,
        kind: Kind,
        seq: u64,
        due: Nanos,
        now: Nanos,
        group: u64,
    ) -> Result<(), End> {
        let (header, timer) = (self.header(kind, seq, due), self.timer);
        let len = frame::wire_len(self.spec.size.as_usize());
        let write = |i: usize, bytes: &mut [u8]| {
            let seq = header.seq + i as u64;
            frame::encode(&Header { seq, sent: timer.now().0, ..header }, bytes);
        };
        let count = usize::try_from(group).unwrap_or(usize::MAX);
        let outcome = self.tx.send_batch(timer, now + self.spec.patience, count, len, write).await;
        self.book(group, now, outcome)
    }

    /// Books one call of send: how long it took, and what became of its frames.
    #[inline]
    pub(super) fn book(
        &mut self,
        frames: u64,
        began: Nanos,
        outcome: Result<Tally, SendError>,
    ) -> Result<(), End> {
        let dropped = outcome.as_ref().map_or(0, |tally| tally.dropped);
        let stop = self.book_time(frames, began, dropped);
        outcome.map_err(end_of)?;
        stop.map_or(Ok(()), |why| Err(why.into()))
    }

    /// Books how long a send took that began then. Says whether to end now.
    #[inline]
    pub(super) fn book_time(&mut self, frames: u64, began: Nanos, dropped: u64) -> Option<Why> {
        let ended = self.timer.now();
        let took = ended.0.saturating_sub(began.0);
        self.report.sent.offered += frames;
        self.report.sent.dropped += dropped;
        self.report.span.1 = ended;
        self.report.send.record(took);
        if took > STALL.0 {
            self.stalled(began, took);
        }
        self.stop.asked()
    }

    #[cold]
    fn stalled(&mut self, began: Nanos, took: u64) {
        self.report.stalls.add(took);
        // Flat out, waiting for room is what sends are there for, and not every one is timed.
        if self.spec.rate.is_some() && self.report.stalled.len() < STALLS {
            let at_ns = offset(began, self.from);
            self.report.stalled.push(StallAt { at_ns, took_ns: took });
        }
    }

    /// Sends the trailer, whatever the policy: it must arrive.
    async fn say_goodbye(&mut self) -> Result<(), End> {
        let sent = self.report.sent;
        let counts = trailer(sent);
        let header = self.header(Kind::Trailer, sent.offered, Nanos(0));
        let until = self.timer.now() + self.spec.patience;
        loop {
            let write = |bytes: &mut [u8]| frame::encode_with(&header, &counts, bytes);
            let len = frame::wire_len(counts.len());
            match self.tx.send(self.timer, until, len, write).await.map_err(end_of)? {
                Sent::DroppedThis if self.timer.now() < until => {
                    self.timer.sleep_until(self.timer.now() + STALL).await;
                }
                Sent::DroppedThis => return Err(End::Silent),
                Sent::Delivered => break,
                // Data that made room for the trailer is dropped like any other.
                Sent::Displaced(n) => {
                    self.report.sent.dropped += n;
                    break;
                }
            }
        }
        self.tx.close(self.timer, until).await.map_err(end_of)
    }

    /// The warm-up is over.
    pub(super) fn reset(&mut self) {
        self.report.warmup = std::mem::take(&mut self.report.sent);
        self.report.send = Meter::new();
        self.report.stalls = Stalls::default();
        self.report.stalled.clear();
    }

    #[inline]
    pub(super) fn header(&self, kind: Kind, seq: u64, due: Nanos) -> Header {
        let SensorSpec { producer, run, .. } = *self.spec;
        Header { kind, producer, seq, due: due.0, sent: 0, run }
    }
}

#[inline]
pub(super) fn one(sent: Sent) -> Tally {
    let mut tally = Tally::default();
    tally.book(sent);
    tally
}

pub(super) fn end_of(error: SendError) -> End {
    match error {
        SendError::Closed => End::PeerGone,
        SendError::TimedOut => End::Silent,
        other => End::Failed(other.to_string()),
    }
}

/// Bytes of a trailer's payload: offered and dropped, 8 bytes each.
pub const TRAILER: usize = 16;

fn trailer(sent: ledger::Sent) -> [u8; TRAILER] {
    let mut out = [0; TRAILER];
    out[..8].copy_from_slice(&sent.offered.to_le_bytes());
    out[8..].copy_from_slice(&sent.dropped.to_le_bytes());
    out
}

/// The counts in a trailer's payload, if that is what it is.
#[must_use]
pub fn read_trailer(payload: &[u8]) -> Option<ledger::Sent> {
    let (offered, dropped) = payload.split_first_chunk::<8>()?;
    Some(ledger::Sent {
        offered: u64::from_le_bytes(*offered),
        dropped: u64::from_le_bytes(dropped.try_into().ok()?),
    })
}
