//! Bare roles that are told, again and again, what to do over a link that stays open:
//! to make so many round trips, or to read so many payloads. They answer with the time
//! that it took, and end when nobody is left to tell them.
//!
//! Who tells them sits in another thread of the same process, so waiting for an order
//! needs no limit of its own: it ends when that thread lets go. Everything that is done
//! for an order waits for the other side no longer than the spec's patience at a time.

use crossbeam_channel::{Receiver, Sender, bounded};

use super::{Bare, BareReport, BareSpec, Nothing, Payload, closed};
use crate::ground::time::thread_cpu;
use crate::ground::{Meter, Nanos};
use crate::link::{Rx, Timer, Tx};
use crate::role::End;

/// How long payloads that piled up between two orders are read away at most.
const LEAD: Nanos = Nanos::from_millis(20);

/// Payloads taken between two looks at how many are left.
const AT_ONCE: u64 = 512;

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// How many round trips to make, or payloads to read.
    pub count: u64,
    /// Whether each trip is timed by itself, too; what is only read never is.
    pub singly: bool,
}

impl Order {
    /// So many, timed together.
    #[must_use]
    pub const fn of(count: u64) -> Self {
        Self { count, singly: false }
    }
}

/// What was done, and how long it took.
#[derive(Clone, Debug)]
pub struct Timed {
    /// Round trips made, or payloads read.
    pub count: u64,
    /// Time for all of them: of trips, from before the first was sent until the last had
    /// come back; of payloads, from the arrival of the one before the first to that of
    /// the last.
    pub took: Nanos,
    /// Time of each trip by itself, with one reading of the clock in it, if that was
    /// asked for.
    pub each: Option<Meter>,
}

impl Timed {
    /// How many a second, where any time passed.
    #[must_use]
    pub fn per_second(&self) -> Option<f64> {
        (self.took.0 > 0).then(|| self.count as f64 * 1e9 / self.took.0 as f64)
    }
}

/// A role's ear: what a told role is started with.
#[derive(Clone, Debug)]
pub struct Told {
    spec: BareSpec,
    /// Payloads that may have piled up between two orders.
    piled: u64,
    orders: Receiver<Order>,
    answers: Sender<Result<Timed, End>>,
}

/// Who tells a role what to do. Dropping it ends the role.
#[derive(Debug)]
pub struct Teller {
    orders: Sender<Order>,
    answers: Receiver<Result<Timed, End>>,
}

/// A role's ear, and who has it. `piled` is how many payloads the link can hold.
#[must_use]
pub fn told(spec: BareSpec, piled: u64) -> (Told, Teller) {
    let (orders, ear) = bounded(1);
    let (mouth, answers) = bounded(1);
    (Told { spec, piled, orders: ear, answers: mouth }, Teller { orders, answers })
}

impl Teller {
    /// Has an order carried out, and waits until it is.
    ///
    /// # Errors
    /// How the role ended, if it could not; [`End::PeerGone`] where it had ended before,
    /// or never began.
    pub fn ask(&self, order: Order) -> Result<Timed, End> {
        self.orders.send(order).map_err(|_| End::PeerGone)?;
        self.answers.recv().unwrap_or(Err(End::PeerGone))
    }
}

impl Told {
    /// Passes an answer on; an error in it is the role's own end, too.
    fn answer(&self, answer: Result<Timed, End>) -> Result<u64, End> {
        let own = answer.as_ref().map(|timed| timed.count).map_err(End::clone);
        // Who does not wait for the answer any more will not give an order either.
        let _ = self.answers.send(answer);
        own
    }
}

impl<X: Tx, Y: Rx, C: Timer> Bare<'_, X, Y, C> {
    async fn trips_as_told(&mut self, told: &Told, report: &mut BareReport) -> Result<(), End> {
        while let Ok(order) = told.orders.recv() {
            let timed = self.timed_trips(report.count, order).await;
            report.count += told.answer(timed)?;
        }
        self.send(super::LAST).await
    }

    async fn timed_trips(&mut self, first: u64, order: Order) -> Result<Timed, End> {
        let mut each = order.singly.then(Meter::new);
        let began = self.timer.now();
        if let Some(meter) = &mut each {
            let mut before = began;
            for number in first..first + order.count {
                self.make(number, 1).await?;
                let now = self.timer.now();
                meter.record_span(before, now);
                before = now;
            }
        } else {
            self.make(first, order.count).await?;
        }
        Ok(Timed { count: order.count, took: since(began, self.timer.now()), each })
    }
}

impl<X, Y: Rx, C: Timer> Bare<'_, X, Y, C> {
    async fn arrivals_as_told(&mut self, told: &Told, report: &mut BareReport) -> Result<(), End> {
        while let Ok(order) = told.orders.recv() {
            let timed = self.timed_arrivals(told.piled, order.count).await;
            report.count += told.answer(timed)?;
        }
        Ok(())
    }

    /// The sender never stops, so a full queue lies ready when an order comes. It is
    /// read away first: reading what was sent before is not what the link can do.
    async fn timed_arrivals(&mut self, piled: u64, count: u64) -> Result<Timed, End> {
        let until = self.timer.now() + LEAD;
        let mut left = piled;
        while left > 0 && self.timer.now() < until {
            left -= self.some(left).await?;
        }
        let began = self.timer.now();
        let mut left = count;
        while left > 0 {
            left -= self.some(left).await?;
        }
        Ok(Timed { count, took: since(began, self.timer.now()), each: None })
    }

    /// Reads at least one payload, and no more than so many.
    async fn some(&mut self, most: u64) -> Result<u64, End> {
        let ready = self.take_ready(most.min(AT_ONCE) as usize) as u64;
        if ready == 0 {
            self.receive().await?;
        }
        // A sender without an end has come to it.
        if self.bytes.last { Err(End::PeerGone) } else { Ok(ready.max(1)) }
    }
}

fn since(began: Nanos, now: Nanos) -> Nanos {
    Nanos(now.0.saturating_sub(began.0))
}

/// Makes as many round trips as it is told, each time that it is told; tells the other
/// side when there is nothing more to come.
pub async fn trips<X: Tx, Y: Rx, C: Timer>(
    tx: X,
    rx: Y,
    timer: &C,
    told: &Told,
    start: Nanos,
) -> BareReport {
    let spec = &told.spec;
    let mut bare = Bare { tx, rx, timer, spec, bytes: Payload::new(spec) };
    timer.sleep_until(start).await;
    let (mut report, cpu) = (BareReport::new(), thread_cpu());
    let ended = bare.trips_as_told(told, &mut report).await;
    let until = timer.now() + spec.patience;
    // The other side has been told already.
    let _ = bare.tx.close(timer, until).await;
    closed(report, &bare.bytes, cpu, ended)
}

/// Reads as many payloads as it is told, each time that it is told. Its going away is
/// what tells the sender to end.
pub async fn arrivals<Y: Rx, C: Timer>(rx: Y, timer: &C, told: &Told) -> BareReport {
    let spec = &told.spec;
    let mut bare = Bare { tx: Nothing, rx, timer, spec, bytes: Payload::new(spec) };
    let (mut report, cpu) = (BareReport::new(), thread_cpu());
    let ended = bare.arrivals_as_told(told, &mut report).await;
    closed(report, &bare.bytes, cpu, ended)
}
