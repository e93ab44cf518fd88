//! There and back: one side pings, the other echoes the whole payload over a second
//! link, under its own name.
//!
//! The name matters: a pinger that read its own frames back (from a link that loops,
//! or a queue that both sides use) would measure nothing, and quickly.

use serde::{Deserialize, Serialize};

use super::answer::{Answer, judge};
use super::sensor::{TRAILER, end_of};
use super::timeline::{Latency, Timeline};
use super::trail::Trail;
use super::{End, Extent};
use crate::ground::frame::{self, Header, Kind};
use crate::ground::time::thread_cpu;
use crate::ground::{Bytes, Ledger, Meter, Nanos};
use crate::link::{RecvError, Rx, Stop, Timer, Tx, Why};

/// How long a read waits before the echoing side sees whether to go on.
const LOOK_UP: Nanos = Nanos::from_millis(50);

/// What a pinger is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PingSpec {
    /// Its name on every frame.
    pub producer: u32,
    /// The name that echoes must bear.
    pub peer: u32,
    /// The run's tag on every frame.
    pub run: u32,
    /// Payload of a frame.
    pub size: Bytes,
    /// What to send before measuring begins.
    pub warmup: Extent,
    /// What to send while measuring.
    pub extent: Extent,
    /// How long to wait for an echo.
    pub patience: Nanos,
    /// Whether the echo's stamps are by this clock, so that their order can be judged.
    pub one_clock: bool,
}

/// What an echoing side is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EchoSpec {
    /// Its name on every echo.
    pub producer: u32,
    /// Largest payload.
    pub size: Bytes,
    /// How long one send may wait, and the link be silent.
    pub patience: Nanos,
    /// Turns of an empty loop before each answer, for no reason: something to be noticed.
    pub handicap: u32,
}

/// What a pinger saw, in the measured part of its run.
#[derive(Clone, Debug)]
pub struct PingReport {
    /// Sequence numbers and damage of the echoes.
    pub ledger: Ledger,
    /// Pings sent.
    pub offered: u64,
    /// Whole echoes of the right frame by the right peer.
    pub trips: u64,
    /// Frames that were no echo of this peer's.
    pub strangers: u64,
    /// Echoes whose stamps run backwards: seen there before they were sent here, or
    /// here before there.
    pub backwards: u64,
    /// There and back.
    pub rtt: Meter,
    /// Its course.
    pub timeline: Option<Timeline>,
    /// From the first measured ping to the last echo.
    pub span: (Nanos, Nanos),
    /// CPU time of its thread.
    pub cpu: Nanos,
    /// How it ended.
    pub end: End,
}

/// What an echoing side did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EchoReport {
    /// Frames echoed, the warm-up's included.
    pub echoed: u64,
    /// CPU time of its thread.
    pub cpu: Nanos,
    /// How it ended.
    pub end: End,
}

struct Pinger<'a, X, Y, C> {
    tx: X,
    rx: Y,
    timer: &'a C,
    spec: &'a PingSpec,
    stop: &'a Stop,
    report: PingReport,
    trail: Trail,
}

/// Pings over `tx`, one frame at a time, and waits for each echo on `rx`.
pub async fn ping<X: Tx, Y: Rx, C: Timer>(
    tx: X,
    rx: Y,
    timer: &C,
    spec: &PingSpec,
    start: Nanos,
    stop: &Stop,
) -> PingReport {
    let (report, trail) = (empty(start), Trail::off());
    let mut pinger = Pinger { tx, rx, timer, spec, stop, report, trail };
    timer.sleep_until(start).await;
    let end = match pinger.run().await {
        Ok(()) => End::Done,
        Err(end) => end,
    };
    let (from, to) = pinger.report.span;
    let timeline = pinger.trail.finish(to.since(from).unwrap_or(0));
    PingReport { end, timeline, ..pinger.report }
}

fn empty(start: Nanos) -> PingReport {
    PingReport {
        ledger: Ledger::default(),
        offered: 0,
        trips: 0,
        strangers: 0,
        backwards: 0,
        rtt: Meter::new(),
        timeline: None,
        span: (start, start),
        cpu: Nanos(0),
        end: End::Done,
    }
}

impl<X: Tx, Y: Rx, C: Timer> Pinger<'_, X, Y, C> {
    async fn run(&mut self) -> Result<(), End> {
        self.phase(Kind::Warmup, self.spec.warmup).await?;
        let cpu = thread_cpu();
        self.report = empty(self.timer.now());
        self.trail = Trail::new(self.report.span.0, Latency::Rtt);
        let measured = self.phase(Kind::Data, self.spec.extent).await;
        self.report.cpu = Nanos(thread_cpu().0.saturating_sub(cpu.0));
        let goodbye = self.say_goodbye().await;
        measured.and(goodbye)
    }

    async fn phase(&mut self, kind: Kind, extent: Extent) -> Result<(), End> {
        let mut now = self.timer.now();
        let (count, until) = match extent {
            Extent::Frames(n) => (n, Nanos::NEVER),
            Extent::For(span) => (u64::MAX, now + span),
        };
        for seq in 0..count {
            if now >= until {
                break;
            }
            if let Some(why) = self.stop.asked() {
                return Err(why.into());
            }
            now = self.trip(kind, seq, now).await?;
        }
        Ok(())
    }

    /// One frame there and back. Gives the time of its return.
    async fn trip(&mut self, kind: Kind, seq: u64, now: Nanos) -> Result<Nanos, End> {
        let until = now + self.spec.patience;
        let timer = self.timer;
        let mut sent = now;
        let header = self.header(kind, seq);
        let write = |bytes: &mut [u8]| {
            sent = timer.now();
            frame::encode(&Header { due: sent.0, sent: sent.0, ..header }, bytes);
        };
        let len = frame::wire_len(self.spec.size.as_usize());
        self.tx.send(timer, until, len, write).await.map_err(end_of)?;
        self.report.offered += 1;
        loop {
            let (spec, mut seen) = (self.spec, now);
            let read = |bytes: &[u8]| {
                seen = timer.now();
                judge(bytes, spec, seq, sent, seen)
            };
            let answer = match self.rx.recv(timer, until, read).await {
                Ok(answer) => answer,
                Err(RecvError::Torn { .. }) => Answer::Torn,
                Err(error) => return Err(self.end_of(error)),
            };
            let report = &mut self.report;
            match answer {
                Answer::Good | Answer::Backwards => {
                    report.ledger.arrive(seq);
                    report.trips += 1;
                    report.rtt.record_span(sent, seen);
                    self.trail.saw(seq, report.ledger.missing(), seen, None, Some(sent));
                    report.backwards += u64::from(matches!(answer, Answer::Backwards));
                    report.span.1 = seen;
                    return Ok(seen);
                }
                Answer::Stranger => report.strangers += 1,
                // An echo of an earlier ping: only one is under way at a time.
                Answer::Old => report.ledger.duplicate(),
                Answer::Corrupt => report.ledger.corrupt(),
                Answer::Torn => report.ledger.torn(),
            }
        }
    }

    async fn say_goodbye(&mut self) -> Result<(), End> {
        let until = self.timer.now() + self.spec.patience;
        let header = self.header(Kind::Trailer, self.report.offered);
        let write = |bytes: &mut [u8]| frame::encode_with(&header, &[0; TRAILER], bytes);
        let len = frame::wire_len(TRAILER);
        self.tx.send(self.timer, until, len, write).await.map_err(end_of)?;
        self.tx.close(self.timer, until).await.map_err(end_of)
    }

    fn end_of(&self, error: RecvError) -> End {
        match error {
            RecvError::TimedOut => End::Silent,
            RecvError::Closed => self.stop.asked().map_or(End::PeerGone, End::from),
            other => End::Failed(other.to_string()),
        }
    }

    fn header(&self, kind: Kind, seq: u64) -> Header {
        let PingSpec { producer, run, .. } = *self.spec;
        Header { kind, producer, seq, due: 0, sent: 0, run }
    }
}

/// What the echoing side read.
enum Heard {
    Ping(Header),
    Goodbye,
    Noise,
}

/// Echoes what comes on `rx` over `tx` until the pinger says goodbye.
pub async fn echo<X: Tx, Y: Rx, C: Timer>(
    mut tx: X,
    mut rx: Y,
    timer: &C,
    spec: &EchoSpec,
    start: Nanos,
    stop: &Stop,
) -> EchoReport {
    let before = thread_cpu();
    let mut echoed = 0;
    let end = serve(&mut tx, &mut rx, timer, spec, start, stop, &mut echoed).await;
    let until = timer.now() + spec.patience;
    // The pinger may have gone already; its own report says so.
    let _ = tx.close(timer, until).await;
    EchoReport { echoed, cpu: Nanos(thread_cpu().0.saturating_sub(before.0)), end }
}

async fn serve<X: Tx, Y: Rx, C: Timer>(
    tx: &mut X,
    rx: &mut Y,
    timer: &C,
    spec: &EchoSpec,
    start: Nanos,
    stop: &Stop,
    echoed: &mut u64,
) -> End {
    let mut payload = Vec::with_capacity(spec.size.as_usize());
    let (mut last_news, mut until) = (start, start + LOOK_UP);
    loop {
        let mut seen = Nanos(0);
        let heard = rx.recv(timer, until, |bytes| {
            seen = timer.now();
            listen(bytes, &mut payload)
        });
        match heard.await {
            Ok(Heard::Ping(ping)) => {
                last_news = seen;
                // Turns of an empty loop are finer than pauses.
                (0..spec.handicap).for_each(|turn| {
                    std::hint::black_box(turn);
                });
                let len = frame::wire_len(payload.len());
                let write = |bytes: &mut [u8]| {
                    let header = Header {
                        kind: Kind::Echo,
                        producer: spec.producer,
                        due: seen.0,
                        sent: timer.now().0,
                        ..ping
                    };
                    frame::encode_with(&header, &payload, bytes);
                };
                if let Err(error) = tx.send(timer, seen + spec.patience, len, write).await {
                    return end_of(error);
                }
                *echoed += 1;
            }
            Ok(Heard::Goodbye) => return End::Done,
            Ok(Heard::Noise) | Err(RecvError::Torn { .. }) => {}
            Err(RecvError::TimedOut) => {
                let now = timer.now();
                match stop.asked() {
                    // The pinger hears it too, and says goodbye.
                    Some(Why::Interrupted | Why::Terminated) | None => {}
                    Some(why) => return why.into(),
                }
                if now >= last_news + spec.patience {
                    return End::Silent;
                }
                until = now + LOOK_UP;
            }
            Err(RecvError::Closed) => return End::PeerGone,
            Err(error) => return End::Failed(error.to_string()),
        }
    }
}

fn listen(bytes: &[u8], payload: &mut Vec<u8>) -> Heard {
    let Ok(ping) = frame::decode(bytes) else {
        return Heard::Noise;
    };
    match ping.header.kind {
        Kind::Warmup | Kind::Data => {
            payload.clear();
            payload.extend_from_slice(ping.payload);
            Heard::Ping(ping.header)
        }
        Kind::Trailer => Heard::Goodbye,
        Kind::Echo => Heard::Noise,
    }
}
