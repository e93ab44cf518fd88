//! The bare roles: they move bytes over a link and do nothing else with them than write
//! and read each one. No frames, no ledger, no meters of latency: what is left is what
//! the link costs, to be held against a yardstick or against the roles that do it all.
//!
//! Every payload begins with its number, and every number is checked.

mod payload;
mod spec;
pub mod told;

pub use spec::{BareReport, BareSpec, Load};
pub use told::{Order, Teller, Timed, Told, told};

use payload::{LAST, Payload};

use super::End;
use super::sensor::end_of;
use crate::ground::time::thread_cpu;
use crate::ground::{Meter, Nanos};
use crate::link::{RecvError, Rx, Timer, Tx};

/// Trips of which the mean is taken.
const TRIPS: u64 = 32;

/// Payloads between two looks at the clock.
const BETWEEN: u64 = 64;

/// Failed attempts between two looks at the clock.
const ATTEMPTS: u64 = 1 << 14;

/// Tries again and again for a while; `None` where nothing came of it.
#[inline]
fn spin<T>(
    timer: &impl Timer,
    patience: Nanos,
    mut attempt: impl FnMut() -> Result<Option<T>, End>,
) -> Result<T, End> {
    let mut until = None;
    loop {
        for _ in 0..ATTEMPTS {
            if let Some(value) = attempt()? {
                return Ok(value);
            }
            std::hint::spin_loop();
        }
        let now = timer.now();
        if now >= *until.get_or_insert(now + patience) {
            return Err(End::Silent);
        }
    }
}

/// One end of a bare link, or both of them.
struct Bare<'a, X, Y, C> {
    tx: X,
    rx: Y,
    timer: &'a C,
    spec: &'a BareSpec,
    bytes: Payload,
}

/// There is no such end.
struct Nothing;

impl<X: Tx, Y, C: Timer> Bare<'_, X, Y, C> {
    /// Sends one payload.
    #[inline]
    async fn send(&mut self, number: u64) -> Result<(), End> {
        if self.spec.spin {
            return self.send_spinning(number);
        }
        let (tx, bytes, len) = (&mut self.tx, &self.bytes, self.spec.len);
        let until = self.timer.now() + self.spec.patience;
        let sent = tx.send(self.timer, until, len, |out| bytes.write(number, out)).await;
        sent.map(|_| ()).map_err(end_of)
    }

    /// The same, where nothing is ever awaited.
    #[inline]
    fn send_spinning(&mut self, number: u64) -> Result<(), End> {
        let (tx, bytes, len) = (&mut self.tx, &self.bytes, self.spec.len);
        let attempt = || tx.try_send(len, |out| bytes.write(number, out)).map_err(end_of);
        spin(self.timer, self.spec.patience, attempt).map(|_| ())
    }

    /// Sends a batch.
    async fn send_batch(&mut self, from: u64, count: usize) -> Result<(), End> {
        let until = self.timer.now() + self.spec.patience;
        let bytes = &self.bytes;
        let write = |i: usize, out: &mut [u8]| bytes.write(from + i as u64, out);
        let sent = self.tx.send_batch(self.timer, until, count, self.spec.len, write).await;
        sent.map(|_| ()).map_err(end_of)
    }

    /// As many as there is room for, from a plain loop; gives the next one's number.
    #[inline(never)]
    fn send_while_room(&mut self, from: u64, to: u64) -> Result<u64, End> {
        let (tx, bytes, len) = (&mut self.tx, &self.bytes, self.spec.len);
        for number in from..to {
            let sent = tx.try_send(len, |out| bytes.write(number, out));
            if sent.map_err(end_of)?.is_none() {
                return Ok(number);
            }
        }
        Ok(to)
    }

    async fn flood(&mut self, until: Nanos) -> Result<(), End> {
        let mut number = 0;
        while self.timer.now() < until {
            if self.spec.batch > 1 {
                self.send_batch(number, self.spec.batch).await?;
                number += self.spec.batch as u64;
                continue;
            }
            let to = number + BETWEEN;
            while number < to {
                number = self.send_while_room(number, to)?;
                if number < to {
                    self.send(number).await?;
                    number += 1;
                }
            }
        }
        self.send(LAST).await
    }
}

impl<X, Y: Rx, C: Timer> Bare<'_, X, Y, C> {
    /// Reads one payload.
    #[inline]
    async fn receive(&mut self) -> Result<(), End> {
        if self.spec.spin {
            return self.receive_spinning();
        }
        let (rx, bytes) = (&mut self.rx, &mut self.bytes);
        let until = self.timer.now() + self.spec.patience;
        rx.recv(self.timer, until, |b| bytes.read(b)).await.map_err(|e| deaf(&e))
    }

    /// The same, where nothing is ever awaited.
    #[inline]
    fn receive_spinning(&mut self) -> Result<(), End> {
        let (rx, bytes) = (&mut self.rx, &mut self.bytes);
        let attempt = || Ok((rx.take_ready(1, |b| bytes.read(b)) > 0).then_some(()));
        spin(self.timer, self.spec.patience, attempt)
    }

    /// Reads what is there, from a plain loop; gives how many that were.
    #[inline(never)]
    fn take_ready(&mut self, most: usize) -> usize {
        let bytes = &mut self.bytes;
        self.rx.take_ready(most, |b| bytes.read(b))
    }

    async fn soak(&mut self, start: Nanos, report: &mut BareReport) -> Result<(), End> {
        let warm = start + self.spec.warmup;
        let mut from = None;
        while !self.bytes.last {
            if self.take_ready(512) == 0 {
                self.receive().await?;
            }
            if from.is_none() {
                let now = self.timer.now();
                if now >= warm {
                    from = Some((now, self.bytes.next));
                }
            }
        }
        let now = self.timer.now();
        if let Some((began, first)) = from {
            report.took = Nanos(now.0.saturating_sub(began.0));
            report.count = self.bytes.next.saturating_sub(first);
        }
        Ok(())
    }
}

impl<X: Tx, Y: Rx, C: Timer> Bare<'_, X, Y, C> {
    /// So many trips; the number of the first is given. Spinning, they are made in a
    /// plain loop: what lives across an await lives in memory.
    async fn make(&mut self, first: u64, trips: u64) -> Result<(), End> {
        if self.spec.spin {
            return self.make_spinning(first, trips);
        }
        for number in first..first + trips {
            self.send(number).await?;
            self.receive().await?;
        }
        Ok(())
    }

    #[inline(never)]
    fn make_spinning(&mut self, first: u64, trips: u64) -> Result<(), End> {
        for number in first..first + trips {
            self.send_spinning(number)?;
            self.receive_spinning()?;
        }
        Ok(())
    }

    /// Trips until then, `at_once` between two readings of the clock; gives the number
    /// of the next.
    async fn trips(
        &mut self,
        mut number: u64,
        until: Nanos,
        at_once: u64,
        meter: &mut Meter,
    ) -> Result<u64, End> {
        let mut before = self.timer.now();
        while before < until {
            self.make(number, at_once).await?;
            number += at_once;
            let now = self.timer.now();
            let took = now.0 - before.0;
            meter.record(if at_once == 1 { took } else { took * 10 / at_once });
            before = now;
        }
        Ok(number)
    }

    async fn rally(&mut self, start: Nanos, report: &mut BareReport) -> Result<(), End> {
        let number = self.trips(0, start + self.spec.warmup, 1, &mut Meter::new()).await?;
        // Whatever had to be set up first is part of the warm-up, however long it took.
        let begin = self.timer.now();
        let (half, end) = (begin + self.spec.span.0 / 2, begin + self.spec.span);
        // Where one trip takes long, a reading of the clock does not show.
        let number = self.trips(number, half, TRIPS, &mut report.means).await?;
        report.count = self.trips(number, end, 1, &mut report.singles).await?;
        self.send(LAST).await
    }

    #[inline(never)]
    fn bounce_spinning(&mut self) -> Result<(), End> {
        loop {
            self.receive_spinning()?;
            if self.bytes.last {
                return Ok(());
            }
            self.send_spinning(self.bytes.next.wrapping_sub(1))?;
        }
    }

    async fn bounce(&mut self) -> Result<(), End> {
        if self.spec.spin {
            return self.bounce_spinning();
        }
        loop {
            self.receive().await?;
            if self.bytes.last {
                return Ok(());
            }
            self.send(self.bytes.next.wrapping_sub(1)).await?;
        }
    }
}

fn deaf(error: &RecvError) -> End {
    match error {
        RecvError::TimedOut => End::Silent,
        RecvError::Closed => End::PeerGone,
        other => End::Failed(other.to_string()),
    }
}

fn closed(
    mut report: BareReport,
    bytes: &Payload,
    cpu: Nanos,
    ended: Result<(), End>,
) -> BareReport {
    std::hint::black_box(bytes.sum);
    report.cpu = Nanos(thread_cpu().0.saturating_sub(cpu.0));
    report.wrong = bytes.wrong;
    report.spoilt = bytes.spoilt;
    if let Err(end) = ended {
        report.end = end;
    }
    report
}

/// Sends as fast as the link takes, for warm-up and span.
pub async fn flood<X: Tx, C: Timer>(tx: X, timer: &C, spec: &BareSpec, start: Nanos) -> BareReport {
    let mut bare = Bare { tx, rx: Nothing, timer, spec, bytes: Payload::new(spec) };
    timer.sleep_until(start).await;
    let cpu = thread_cpu();
    let mut ended = bare.flood(start + spec.warmup + spec.span).await;
    if ended.is_ok() {
        let until = timer.now() + spec.patience;
        ended = bare.tx.close(timer, until).await.map_err(end_of);
    }
    closed(BareReport::new(), &bare.bytes, cpu, ended)
}

/// Reads all that comes, and measures it.
pub async fn soak<Y: Rx, C: Timer>(rx: Y, timer: &C, spec: &BareSpec, start: Nanos) -> BareReport {
    let mut bare = Bare { tx: Nothing, rx, timer, spec, bytes: Payload::new(spec) };
    let mut report = BareReport::new();
    let cpu = thread_cpu();
    let ended = bare.soak(start, &mut report).await;
    closed(report, &bare.bytes, cpu, ended)
}

/// Sends one payload at a time and waits for it to come back; measures that.
pub async fn rally<X: Tx, Y: Rx, C: Timer>(
    tx: X,
    rx: Y,
    timer: &C,
    spec: &BareSpec,
    start: Nanos,
) -> BareReport {
    let mut bare = Bare { tx, rx, timer, spec, bytes: Payload::new(spec) };
    timer.sleep_until(start).await;
    let mut report = BareReport::new();
    let cpu = thread_cpu();
    let ended = bare.rally(start, &mut report).await;
    let until = timer.now() + spec.patience;
    // The other side has been told already.
    let _ = bare.tx.close(timer, until).await;
    closed(report, &bare.bytes, cpu, ended)
}

/// Sends back what comes.
pub async fn bounce<X: Tx, Y: Rx, C: Timer>(
    tx: X,
    rx: Y,
    timer: &C,
    spec: &BareSpec,
) -> BareReport {
    let mut bare = Bare { tx, rx, timer, spec, bytes: Payload::new(spec) };
    let cpu = thread_cpu();
    let ended = bare.bounce().await;
    let until = timer.now() + spec.patience;
    let _ = bare.tx.close(timer, until).await;
    let report = BareReport { count: bare.bytes.next, ..BareReport::new() };
    closed(report, &bare.bytes, cpu, ended)
}
