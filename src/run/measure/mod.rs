//! From the reports of trials to a cell: what is merged, and what makes it invalid.

mod abroad;
mod guest;
mod notes;

use std::collections::BTreeMap;

use super::case::Case;
use super::clock::FarClock;
use super::launch::{FarReport, NearReport, Trial};
use super::record::{
    Cause, Cell, Measured, Metrics, ProgramRecord, Repeat, Residue, Spread, Status, capacity_note,
};
use crate::ground::ledger::{Balance, Sent};
use crate::ground::{Hertz, Meter};
use crate::role::age::Age;
use crate::role::backlog::BacklogSummary;
use crate::role::screen::Freezes;
use crate::role::sensor::Stalls;
use crate::role::viewer::Shown;
use crate::role::{EchoReport, End, PingReport, SensorReport, Timeline, ViewerReport};

/// A run that achieves less of its rate than this has missed it.
const RATE_KEPT: f64 = 0.995;

/// Why a trial may not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// For programs.
    pub cause: Cause,
    /// In words.
    pub reason: String,
}

impl Fault {
    /// A fault with its reason in words.
    pub fn new(cause: Cause, reason: impl Into<String>) -> Self {
        Self { cause, reason: reason.into() }
    }
}

/// A cell that was not measured: `n/a`, or invalid before anything came of it.
#[must_use]
pub fn unmeasured(case: &Case, status: Status, fault: Option<Cause>, reason: String) -> Measured {
    let mut cell = blank(case);
    cell.status = status;
    cell.reason = Some(reason);
    cell.cause = fault;
    Measured { cell, meters: BTreeMap::new(), age: None, timeline: None }
}

/// A cell of this case without figures.
pub(super) fn blank(case: &Case) -> Cell {
    Cell {
        id: case.id(),
        scenario: case.scenario.into(),
        transport: case.transport.into(),
        program: case.program.as_ref().map(|program| ProgramRecord {
            label: program.label(),
            command: program.command.clone(),
            wire: program.dialect.to_string(),
        }),
        size_bytes: case.size.0,
        wire_bytes: case.wire_bytes(),
        rate_hz: case.rate.map(Hertz::per_second),
        wait: case.wait,
        policy: case.policy,
        producers: 1,
        burst: case.burst,
        capacity_bytes: case.capacity.0,
        granted_bytes: None,
        stamp_every: if case.scenario == "max" && case.program.is_none() {
            super::scenario::STAMP_EVERY
        } else {
            1
        },
        status: Status::Valid,
        reason: None,
        cause: None,
        notes: Vec::new(),
        repeats: 0,
        tries: 0,
        clock_offset_ns: None,
        clock_uncertainty_ns: None,
        metrics: Metrics::default(),
        ledger: None,
        residue: None,
        histograms: None,
    }
}

/// What several trials of one case come to.
#[derive(Clone, Debug)]
pub struct Book {
    case: Case,
    repeats: Vec<Repeat>,
    meters: BTreeMap<&'static str, Meter>,
    age: Option<Age>,
    /// Of the first trial that was booked.
    timeline: Option<Timeline>,
    balance: Balance,
    metrics: Metrics,
    sums: Sums,
    granted: Option<crate::ground::Bytes>,
    residue: Residue,
    guests: guest::Guests,
    clocks: abroad::Clocks,
    fault: Option<Fault>,
    notes: Vec<String>,
    /// How often it was measured, those that missed their rate included.
    pub tries: u32,
}

/// What is averaged over trials at the end.
#[derive(Clone, Debug, Default)]
struct Sums {
    throughput: Vec<f64>,
    achieved: Vec<f64>,
    starts: Vec<f64>,
    stops: Vec<f64>,
    sent_for: u64,
    stalled: u64,
    slopes: Vec<crate::role::backlog::Slope>,
}

impl Book {
    /// An empty book.
    #[must_use]
    pub fn new(case: Case) -> Self {
        Self {
            case,
            repeats: Vec::new(),
            meters: BTreeMap::new(),
            age: None,
            timeline: None,
            balance: Balance::default(),
            metrics: Metrics::default(),
            sums: Sums::default(),
            granted: None,
            residue: Residue::default(),
            guests: guest::Guests::default(),
            clocks: abroad::Clocks::default(),
            fault: None,
            notes: Vec::new(),
            tries: 0,
        }
    }

    /// Why this trial may not be used, if so.
    #[must_use]
    pub fn fault_of(&self, trial: &Trial) -> Option<Fault> {
        match (&trial.far, &trial.near) {
            (FarReport::Sensor(s), NearReport::Viewer(v)) => {
                one_way_fault(&self.case, s, v, trial.clock.as_ref())
            }
            (FarReport::Echo(e), NearReport::Ping(p)) => round_trip_fault(e, p),
            (FarReport::Program(p), NearReport::Viewer(v)) => guest::fault(&self.case, p, v),
            _ => Some(Fault::new(Cause::Refused, "the two sides played different scenarios")),
        }
    }

    /// Books a trial. The first fault stays with the cell.
    pub fn add(&mut self, trial: &Trial, fault: Option<Fault>) {
        if self.fault.is_none() {
            self.fault = fault;
        }
        self.granted = trial.granted;
        if let Some(clock) = &trial.clock {
            self.clocks.add(clock);
        }
        add_residue(&mut self.residue, &trial.residue);
        self.sums.starts.push(trial.start.0 as f64);
        self.sums.stops.push(trial.stop.0 as f64);
        most(&mut self.metrics.rss_max_bytes, trial.rss_max);
        if self.repeats.is_empty() {
            self.timeline = timeline(trial);
        }
        match (&trial.far, &trial.near) {
            (FarReport::Sensor(s), NearReport::Viewer(v)) => self.add_one_way(s, v),
            (FarReport::Echo(e), NearReport::Ping(p)) => self.add_round_trip(e, p),
            (FarReport::Program(_), NearReport::Viewer(v)) => self.add_guest(v),
            _ => {}
        }
    }

    /// Books that a trial came to nothing.
    pub fn fail(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }

    /// Adds something to know beside the figures.
    pub fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Whether no trial was booked.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.repeats.is_empty()
    }

    /// Whether a fault was booked.
    #[must_use]
    pub const fn has_failed(&self) -> bool {
        self.fault.is_some()
    }

    fn add_one_way(&mut self, sensor: &SensorReport, viewer: &ViewerReport) {
        self.balance.add(&balance(sensor, viewer));
        for (name, meter) in [
            ("response", &viewer.response),
            ("transit", &viewer.transit),
            ("slip", &viewer.slip),
            ("send", &sensor.send),
        ] {
            self.merge(name, meter);
        }
        let throughput = viewer.flow.per_second();
        self.sums.throughput.extend(throughput);
        let draws = viewer.screen.is_some();
        let kept = self.case.rate.map(|rate| achieved(&self.case, rate, sensor, draws));
        self.sums.achieved.extend(kept);
        self.sums.sent_for += sensor.span.1.0.saturating_sub(sensor.span.0.0);
        self.add_stalls(&sensor.stalls);
        plus(&mut self.metrics.cpu_ns_sensor, sensor.cpu.0);
        plus(&mut self.metrics.cpu_ns_viewer, viewer.cpu.0);
        if let Some(shown) = &viewer.screen {
            self.add_screen(shown);
        }
        self.repeats.push(Repeat {
            throughput_hz: throughput,
            response_p50_ns: viewer.response.quantile(0.5),
            response_p99_ns: viewer.response.quantile(0.99),
            rtt_p50_ns: None,
        });
    }

    fn add_screen(&mut self, shown: &Shown) {
        self.merge("frame_interval", &shown.interval);
        self.age.get_or_insert_default().merge(&shown.age);
        let Freezes { count, longest, total } = shown.freezes;
        let m = &mut self.metrics;
        plus(&mut m.missed_frames, shown.missed);
        plus(&mut m.freezes, count);
        most(&mut m.freeze_longest_ns, Some(longest));
        plus(&mut m.freeze_total_ns, total);
        let BacklogSummary { max, end, slope } = shown.backlog;
        most(&mut m.backlog_max, Some(max));
        most(&mut m.backlog_end, Some(end));
        self.sums.slopes.extend(slope);
    }

    fn add_stalls(&mut self, stalls: &Stalls) {
        // Flat out, not every send is timed: stalls could not be counted.
        if self.case.rate.is_some() {
            plus(&mut self.metrics.stalls, stalls.count);
            most(&mut self.metrics.stall_longest_ns, Some(stalls.longest));
            self.sums.stalled += stalls.total;
        }
    }

    fn add_round_trip(&mut self, echo: &EchoReport, ping: &PingReport) {
        self.balance.add(&round_trip_balance(ping));
        self.merge("rtt", &ping.rtt);
        plus(&mut self.metrics.cpu_ns_sensor, echo.cpu.0);
        plus(&mut self.metrics.cpu_ns_viewer, ping.cpu.0);
        self.repeats.push(Repeat { rtt_p50_ns: ping.rtt.quantile(0.5), ..Repeat::default() });
    }

    fn merge(&mut self, name: &'static str, meter: &Meter) {
        self.meters.entry(name).or_default().merge(meter);
    }

    /// Closes the book.
    #[must_use]
    pub fn close(mut self) -> Measured {
        let spread = |name| self.meters.get(name).map(Spread::from);
        let throughput = median(&self.sums.throughput);
        let widest =
            self.sums.slopes.iter().copied().reduce(|a, b| if b.value > a.value { b } else { a });
        let stall_share = (self.case.rate.is_some() && self.sums.sent_for > 0)
            .then(|| self.sums.stalled as f64 / self.sums.sent_for as f64);
        let wire = self.case.wire_bytes() as f64;
        let metrics = Metrics {
            response_ns: spread("response"),
            transit_ns: spread("transit"),
            slip_ns: spread("slip").filter(|_| self.case.keeps_schedule()),
            rtt_ns: spread("rtt"),
            send_ns: spread("send"),
            throughput_hz: throughput,
            throughput_bytes_per_s: throughput.map(|hz| hz * wire),
            achieved_hz: median(&self.sums.achieved),
            arrival_interval_ns: spread("arrival_interval"),
            frame_interval_ns: spread("frame_interval"),
            age_ns: self.age.as_ref().map(Spread::from),
            backlog_slope_hz: widest.map(|s| s.value),
            backlog_slope_low_hz: widest.map(|s| s.low),
            backlog_slope_high_hz: widest.map(|s| s.high),
            stall_share,
            start_ns: median(&self.sums.starts).map(whole),
            stop_ns: median(&self.sums.stops).map(whole),
            per_repeat: self.repeats.clone(),
            ..self.metrics
        };
        let mut cell = blank(&self.case);
        let repeats = self.repeats.len();
        cell.repeats = u32::try_from(repeats).unwrap_or(u32::MAX);
        cell.tries = self.tries;
        cell.granted_bytes = self.granted.map(|b| b.0);
        cell.notes = self.notes;
        cell.notes.extend(capacity_note(self.case.capacity, self.granted));
        cell.notes.extend(notes::residue(&self.residue));
        if let Some(fault) = self.fault {
            cell.status = Status::Invalid;
            cell.reason = Some(fault.reason);
            cell.cause = Some(fault.cause);
        }
        if repeats > 0 {
            if self.case.scenario == "max" && self.case.program.is_none() {
                let read = self.balance.offered.saturating_sub(self.balance.dropped);
                let frames = read / repeats as u64;
                cell.notes.extend(notes::rest(frames, self.granted, self.case.wire_bytes()));
            }
            cell.metrics = metrics;
            cell.ledger = Some(self.balance);
            cell.residue = Some(self.residue);
            self.guests.finish(&mut cell);
            self.clocks.finish(&mut cell);
        }
        if !self.clocks.are_known() {
            self.meters.retain(|name, _| !matches!(*name, "response" | "transit"));
            self.timeline = None;
        }
        Measured { cell, meters: self.meters, age: self.age, timeline: self.timeline }
    }
}

/// The course of a trial, with what its sensor says of itself.
fn timeline(trial: &Trial) -> Option<Timeline> {
    match (&trial.far, &trial.near) {
        // Stalls are by the sensor's clock: where that is another host's, they are left out.
        (FarReport::Sensor(sensor), NearReport::Viewer(viewer)) if trial.clock.is_none() => {
            let course = viewer.timeline.clone()?;
            // Flat out, stalls are not counted: see `Book::add_stalls`.
            let all = if sensor.stalled.is_empty() { 0 } else { sensor.stalls.count };
            Some(course.with_stalls(&sensor.stalled, all))
        }
        (_, NearReport::Viewer(viewer)) => viewer.timeline.clone(),
        (_, NearReport::Ping(ping)) => ping.timeline.clone(),
        (_, NearReport::Bare(_)) => None,
    }
}

fn one_way_fault(
    case: &Case,
    sensor: &SensorReport,
    viewer: &ViewerReport,
    clock: Option<&FarClock>,
) -> Option<Fault> {
    if let Some(fault) =
        end_fault("viewer", &viewer.end).or_else(|| end_fault("sensor", &sensor.end))
    {
        return Some(fault);
    }
    if let Err(unbalanced) = balance(sensor, viewer).check() {
        return Some(Fault::new(Cause::Unbalanced, unbalanced.to_string()));
    }
    if let Some(fault) = times_fault(viewer, clock) {
        return Some(fault);
    }
    if sensor.sent.offered == 0 {
        return Some(Fault::new(Cause::Empty, "no frame fell into the measured time"));
    }
    let rate = case.rate?;
    let achieved = achieved(case, rate, sensor, viewer.screen.is_some());
    (achieved < RATE_KEPT * rate.per_second()).then(|| {
        let reason = format!("achieved {achieved:.0} of {:.0} frames a second", rate.per_second());
        Fault::new(Cause::MissedRate, reason)
    })
}

/// What stamps and names say that cannot be.
fn times_fault(viewer: &ViewerReport, clock: Option<&FarClock>) -> Option<Fault> {
    let between = [&viewer.response, &viewer.transit].iter().map(|m| m.negative()).sum::<u64>()
        + viewer.screen.as_ref().map_or(0, |s| s.age.negative);
    // Both stamps of a slip are by the sensor's clock, wherever it is.
    let explained = clock.is_some_and(|c| c.estimate.is_err() || c.explains_backwards());
    let negative = viewer.slip.negative() + if explained { 0 } else { between };
    if negative > 0 {
        let reason = format!("{negative} spans end before they begin: clocks or stamps are wrong");
        return Some(Fault::new(Cause::Backwards, reason));
    }
    (viewer.strangers > 0).then(|| {
        let reason = format!("{} frames of another run or producer came", viewer.strangers);
        Fault::new(Cause::Strangers, reason)
    })
}

fn round_trip_fault(echo: &EchoReport, ping: &PingReport) -> Option<Fault> {
    if ping.trips == 0 && ping.end != End::Stopped {
        let reason = format!(
            "0 round trips: the pinger ended as {:?}, the echo as {:?}",
            ping.end, echo.end
        );
        return Some(Fault::new(Cause::Empty, reason));
    }
    if let Some(fault) = end_fault("pinger", &ping.end).or_else(|| end_fault("echo", &echo.end)) {
        return Some(fault);
    }
    if ping.backwards > 0 || ping.rtt.negative() > 0 {
        let reason = format!("{} echoes were seen before they can have been sent", ping.backwards);
        return Some(Fault::new(Cause::Backwards, reason));
    }
    if ping.strangers > 0 {
        let reason = format!("{} answers came from somebody else", ping.strangers);
        return Some(Fault::new(Cause::Strangers, reason));
    }
    let unbalanced = round_trip_balance(ping).check().err()?;
    Some(Fault::new(Cause::Unbalanced, unbalanced.to_string()))
}

fn end_fault(who: &str, end: &End) -> Option<Fault> {
    let (cause, reason) = match end {
        End::Done => return None,
        End::Stopped => (Cause::Interrupted, "interrupted".to_owned()),
        End::PeerGone => (Cause::ChildDied, format!("the {who}'s peer went away early")),
        End::Silent => (Cause::Silent, format!("the {who} waited in vain for its peer")),
        End::Failed(why) => (Cause::Refused, format!("the {who} failed: {why}")),
    };
    Some(Fault { cause, reason })
}

fn balance(sensor: &SensorReport, viewer: &ViewerReport) -> Balance {
    // With the trailer seen, nothing can be under way any more.
    let cut_short = viewer.trailer.is_none() && viewer.end == End::Stopped;
    let in_flight = if cut_short { viewer.ledger.tail(sensor.sent.offered) } else { 0 };
    // What is missing of the warm-up was displaced after measuring had begun.
    let of_warmup = (sensor.warmup.offered - sensor.warmup.dropped).saturating_sub(viewer.warmup);
    let dropped = sensor.sent.dropped + viewer.passed_over;
    let dropped = dropped - of_warmup.min(dropped);
    let sent = Sent { dropped, ..sensor.sent };
    viewer.ledger.balance(sent, viewer.shown, viewer.merged, in_flight)
}

fn round_trip_balance(ping: &PingReport) -> Balance {
    let sent = Sent { offered: ping.offered, dropped: 0 };
    let cut_short = ping.end == End::Stopped;
    let in_flight = if cut_short { ping.ledger.tail(ping.offered) } else { 0 };
    ping.ledger.balance(sent, ping.trips, 0, in_flight)
}

/// Frames a second that the sensor kept up, from the first due time to the end of the
/// last send.
///
/// Beside a screen, that send may have to wait until the screen drains: one frame of
/// lateness at the very end is no missed rate, and is not counted as one.
fn achieved(case: &Case, rate: Hertz, sensor: &SensorReport, draws: bool) -> f64 {
    let period = case.burst.max(1) as f64 * 1e9 / rate.per_second();
    let planned = sensor.sent.offered as f64 * 1e9 / rate.per_second();
    let took = sensor.span.1.0.saturating_sub(sensor.span.0.0) as f64 + period;
    let excused = if draws { (case.screen.period.0 + case.screen.cost.0) as f64 } else { 0.0 };
    let late = (took - planned).max(0.0);
    sensor.sent.offered as f64 * 1e9 / (took - late.min(excused))
}

fn plus(sum: &mut Option<u64>, n: u64) {
    *sum = Some(sum.unwrap_or(0) + n);
}

fn most(max: &mut Option<u64>, n: Option<u64>) {
    *max = (*max).max(n);
}

fn add_residue(sum: &mut Residue, one: &Residue) {
    sum.zombies += one.zombies;
    sum.orphans += one.orphans;
    sum.shm_names += one.shm_names;
    sum.fds += one.fds;
    sum.threads += one.threads;
}

/// The middle value; of an even number, the mean of the two in the middle.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = sorted[(sorted.len() - 1) / 2];
    Some((lower + upper) / 2.0)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a span in ns")]
fn whole(nanos: f64) -> u64 {
    nanos.round() as u64
}
