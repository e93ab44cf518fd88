//! The viewer: the GUI-style consumer. It reads, or it draws 60 times a second.
//!
//! Reading, it takes each frame as it comes. Drawing, it sleeps until a frame is due,
//! drains the link until it is empty or a frame's time is over, folds what it got into
//! the columns of a plot, and draws: what a person would look at.

use serde::{Deserialize, Serialize};

use super::age::Age;
use super::backlog::BacklogSummary;
use super::guest::GuestSeen;
use super::inbox::{Expected, Flow, Inbox, Intake};
use super::screen::{Freezes, Screen, ScreenSpec};
use super::timeline::Timeline;
use super::{End, Extent};
use crate::ground::ledger;
use crate::ground::time::thread_cpu;
use crate::ground::{Ledger, Meter, Nanos};
use crate::link::{RecvError, Rx, Stop, Timer, Why};

/// How long a read waits before the viewer looks up and sees whether to go on.
const LOOK_UP: Nanos = Nanos::from_millis(20);

/// How long a viewer that was asked to stop waits for the sensor's trailer.
const GRACE: Nanos = Nanos::from_secs(2);

/// Frames taken in one drain before the time is looked at.
const GULP: usize = 512;

/// What a viewer is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewerSpec {
    /// Whose frames to expect.
    pub producer: u32,
    /// The tag of the run.
    pub run: u32,
    /// How to draw; `None`: only read.
    pub screen: Option<ScreenSpec>,
    /// Whether frames are due on a schedule, rather than sent flat out.
    pub paced: bool,
    /// For how long after the start the link is warming up.
    pub warmup: Nanos,
    /// For how long the screen is measured after that.
    pub measured: Nanos,
    /// How long the link may be silent before the viewer gives up.
    pub silence: Nanos,
    /// When to leave without waiting for a trailer: after so much of what is measured.
    /// For a sensor that never ends, or does not say so.
    pub leave: Option<Extent>,
}

/// What a viewer saw.
#[derive(Clone, Debug)]
pub struct ViewerReport {
    /// Sequence numbers and damage.
    pub ledger: Ledger,
    /// Samples shown one by one; where nothing is drawn, read and verified.
    pub shown: u64,
    /// Samples folded into others' columns.
    pub merged: u64,
    /// Frames of another run or producer.
    pub strangers: u64,
    /// Frames of the warm-up.
    pub warmup: u64,
    /// `seen − due`.
    pub response: Meter,
    /// `seen − sent`.
    pub transit: Meter,
    /// `sent − due`.
    pub slip: Meter,
    /// Frames over time, at this end.
    pub flow: Flow,
    /// What the screen showed, if there was one.
    pub screen: Option<Shown>,
    /// Its course, as far as stamps tell of it.
    pub timeline: Option<Timeline>,
    /// Frames that its half of the link passed over, under the link's policy.
    pub passed_over: u64,
    /// What the sensor said in its trailer.
    pub trailer: Option<ledger::Sent>,
    /// CPU time of its thread, from the first measured frame on.
    pub cpu: Nanos,
    /// What was learnt of a guest, where it was one.
    pub guest: Option<GuestSeen>,
    /// How it ended.
    pub end: End,
}

/// What a screen showed.
#[derive(Clone, Debug)]
pub struct Shown {
    /// From the end of one frame to the end of the next.
    pub interval: Meter,
    /// Frames whose time had passed.
    pub missed: u64,
    /// Intervals over 100 ms.
    pub freezes: Freezes,
    /// Age of the newest sample shown, over time.
    pub age: Age,
    /// Frames waiting at each wake-up.
    pub backlog: BacklogSummary,
}

struct Viewer<'a, X, C, I> {
    rx: X,
    timer: &'a C,
    spec: &'a ViewerSpec,
    stop: &'a Stop,
    intake: I,
    /// When measuring begins.
    from: Nanos,
    cpu_before: Option<Nanos>,
    last_news: Nanos,
    give_up: Option<Nanos>,
}

/// Runs a viewer over `rx` until the sensor's trailer has come, or will not come.
pub async fn viewer<X: Rx, C: Timer>(
    rx: X,
    timer: &C,
    spec: &ViewerSpec,
    start: Nanos,
    stop: &Stop,
) -> ViewerReport {
    let inbox = Inbox::new(Expected { producer: spec.producer, run: spec.run });
    view(rx, timer, spec, start, stop, inbox).await
}

/// The same with other books than those on a sensor of our own.
pub async fn view<X: Rx, C: Timer>(
    rx: X,
    timer: &C,
    spec: &ViewerSpec,
    start: Nanos,
    stop: &Stop,
    mut intake: impl Intake,
) -> ViewerReport {
    let from = start + spec.warmup;
    intake.begin(from, spec.paced);
    let last_news = start;
    let mut viewer =
        Viewer { rx, timer, spec, stop, intake, from, cpu_before: None, last_news, give_up: None };
    match spec.screen {
        None => {
            let end = viewer.read().await;
            let read = viewer.intake.books().flow.all;
            let until = timer.now();
            viewer.report(end, (read, 0), None, until)
        }
        Some(screen) => {
            let screen = Screen::new(screen, start, (from, from + spec.measured));
            viewer.draw(screen).await
        }
    }
}

impl<X: Rx, C: Timer, I: Intake> Viewer<'_, X, C, I> {
    async fn read(&mut self) -> End {
        let mut until = self.last_news + LOOK_UP;
        // Frames since the viewer last looked up, and whether there were any.
        let (mut unseen, mut news) = (0, false);
        loop {
            let (intake, timer) = (&mut self.intake, self.timer);
            let take = |bytes: &[u8]| intake.take(bytes, || timer.now());
            match self.rx.recv(timer, until, take).await {
                Ok(_) => {
                    news = true;
                    if self.cpu_before.is_none() && self.intake.books().flow.all > 0 {
                        self.cpu_before = Some(thread_cpu());
                    }
                    unseen += 1 + self.take_ready();
                    let must_look = self.spec.leave.is_some() || unseen >= GULP;
                    if !must_look && self.intake.books().trailer.is_none() {
                        continue;
                    }
                    unseen = 0;
                }
                Err(RecvError::TimedOut) => {}
                Err(error) => match self.intake.mishap(error) {
                    Ok(()) => continue,
                    Err(error) => return self.end_of(&error),
                },
            }
            let idle = got_nothing(news, until, self.timer.now());
            if let Some(end) = self.over(std::mem::take(&mut news), idle) {
                return end;
            }
            until = self.timer.now() + LOOK_UP;
        }
    }

    /// The hot loop: what is there already. A function of its own so that its state
    /// can stay in registers: what lives across a wait lives in memory.
    #[inline(never)]
    fn take_ready(&mut self) -> usize {
        let (intake, timer) = (&mut self.intake, self.timer);
        self.rx.take_ready(GULP, |bytes| {
            intake.take(bytes, || timer.now());
        })
    }

    async fn draw(mut self, mut screen: Screen) -> ViewerReport {
        let end = loop {
            let woke = self.timer.sleep_until(screen.due()).await;
            if self.cpu_before.is_none() && woke >= self.from {
                self.cpu_before = Some(thread_cpu());
            }
            screen.wake(woke);
            let drained = self.drain(&mut screen, woke).await;
            let (frame, measured) = screen.draw(self.timer);
            self.intake.trail().drawn(frame, measured);
            let end = match drained {
                Ok(n) => self.over(n > 0, n == 0),
                Err(error) => Some(self.end_of(&error)),
            };
            if let Some(end) = end {
                break end;
            }
        };
        // After the last sample the screen stays as it is; but a program that is at its end
        // before the time for it is has nothing more to show.
        let stays = end == End::Done && self.spec.leave.is_none();
        let until = if stays { screen.measured_until() } else { self.timer.now() };
        screen.finish(until);
        let never_seen = self
            .intake
            .books()
            .trailer
            .map_or(0, |sent| sent.offered.saturating_sub(sent.dropped))
            .saturating_sub(screen.shown + screen.merged + self.rx.passed_over());
        let counts = (screen.shown, screen.merged);
        let shown = Shown {
            interval: screen.interval,
            missed: screen.missed,
            freezes: screen.freezes,
            age: screen.age,
            backlog: screen.backlog.summary(never_seen),
        };
        self.report(end, counts, Some(shown), until)
    }

    /// Takes all that is there, in gulps, for at most one frame's time.
    async fn drain(&mut self, screen: &mut Screen, woke: Nanos) -> Result<usize, RecvError> {
        let mut total = 0;
        loop {
            let (intake, timer) = (&mut self.intake, self.timer);
            let take = |bytes: &[u8]| {
                screen.add(&intake.take(bytes, || timer.now()));
            };
            match self.rx.drain(timer, GULP, take).await {
                Ok(n) => {
                    total += n;
                    if n == 0 || self.timer.now() >= screen.drain_until(woke) {
                        return Ok(total);
                    }
                }
                Err(error) => match self.intake.mishap(error) {
                    Ok(()) => {}
                    Err(RecvError::Closed)
                        if total > 0 || self.intake.books().trailer.is_some() =>
                    {
                        return Ok(total);
                    }
                    Err(error) => return Err(error),
                },
            }
        }
    }

    /// Whether it is over, and how. `news`: something came since it was last asked;
    /// `idle`: nothing is there now.
    fn over(&mut self, news: bool, idle: bool) -> Option<End> {
        let now = self.timer.now();
        if news {
            self.last_news = now;
        }
        let asked = self.stop.asked();
        if self.intake.books().trailer.is_some() {
            return Some(match asked {
                Some(Why::Interrupted | Why::Terminated) => End::Stopped,
                _ => End::Done,
            });
        }
        match asked {
            Some(Why::PeerGone) if idle => return Some(End::PeerGone),
            Some(why @ (Why::Interrupted | Why::Terminated)) => {
                let give_up = *self.give_up.get_or_insert(now + GRACE);
                // No trailer will come of whoever is left like this.
                if now >= give_up || self.spec.leave.is_some() {
                    return Some(why.into());
                }
            }
            _ => {}
        }
        if self.may_leave(now) {
            return Some(End::Done);
        }
        (now >= self.last_news + self.spec.silence).then_some(End::Silent)
    }

    /// Whether it has seen as much as it was to see.
    fn may_leave(&self, now: Nanos) -> bool {
        match self.spec.leave {
            Some(Extent::For(span)) => now >= self.from + span,
            Some(Extent::Frames(n)) => self.intake.books().flow.all >= n,
            None => false,
        }
    }

    fn end_of(&self, error: &RecvError) -> End {
        match (error, self.stop.asked()) {
            (RecvError::Closed, _) if self.intake.books().trailer.is_some() => End::Done,
            (RecvError::Closed, Some(why)) => why.into(),
            (RecvError::Closed, None) => End::PeerGone,
            (error, _) => End::Failed(error.to_string()),
        }
    }

    /// What was seen up to `until`.
    fn report(
        self,
        end: End,
        counts: (u64, u64),
        screen: Option<Shown>,
        until: Nanos,
    ) -> ViewerReport {
        let cpu = self.cpu_before.map_or(0, |before| thread_cpu().0.saturating_sub(before.0));
        let passed_over = self.rx.passed_over();
        let (inbox, guest) = self.intake.close();
        let timeline = inbox.trail.finish(until.since(self.from).unwrap_or(0));
        ViewerReport {
            ledger: inbox.ledger,
            shown: counts.0,
            merged: counts.1,
            strangers: inbox.strangers,
            warmup: inbox.warmup,
            response: inbox.response,
            transit: inbox.transit,
            slip: inbox.slip,
            flow: inbox.flow,
            screen,
            timeline,
            passed_over,
            trailer: inbox.trailer,
            cpu: Nanos(cpu),
            guest,
            end,
        }
    }
}

/// A read that found nothing for all its time, rather than one whose time had passed
/// while frames came.
fn got_nothing(news: bool, until: Nanos, now: Nanos) -> bool {
    !news && now >= until
}
