//! The sensor's side: joins a viewer, plays what it is told, reports, and ends.

use std::ops::ControlFlow;
use std::process;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use super::said::{self, Answer, Answered, Ask, Asked, PROTOCOL, SENSOR, VIEWER};
use super::{AWAY, LOOK_FOR};
use crate::ground::host::rss_max_bytes;
use crate::ground::pace::sharpen_sleep;
use crate::ground::{Clock, Monotonic, Nanos};
use crate::link::driver::{ThreadTimer, on_thread};
use crate::link::{LinkSpec, Stop, Timer, Why};
use crate::run::launch::{Far as Job, FarReport, RunError, play_abroad};
use crate::transport::zenoh::{self, Node, Said, Talk};

/// How far this clock is to be ahead of the machine's, in ns: a control, with which one
/// machine has two clocks. Unset, and for everybody else, not at all.
pub const CLOCK_VAR: &str = "PIPEFIT_CLOCK_AHEAD";

/// How long to wait for the word to begin.
const GO: Duration = Duration::from_secs(30);

/// How often to look whether to go on.
const LOOK_UP: Duration = Duration::from_millis(20);

/// The machine's clock, or one that is ahead of it.
#[derive(Clone, Copy, Debug)]
struct AheadTimer(i64);

impl AheadTimer {
    fn there(self, at: Nanos) -> Nanos {
        Nanos(at.0.saturating_add_signed(self.0))
    }

    fn here(self, at: Nanos) -> Nanos {
        if at == Nanos::NEVER { at } else { Nanos(at.0.saturating_add_signed(-self.0)) }
    }
}

impl Timer for AheadTimer {
    fn now(&self) -> Nanos {
        self.there(Monotonic.now())
    }

    fn burn(&self, span: Nanos) {
        Monotonic.burn(span);
    }

    async fn sleep_until(&self, at: Nanos) -> Nanos {
        self.there(ThreadTimer.sleep_until(self.here(at)).await)
    }

    async fn timeout<F: Future>(&self, until: Nanos, future: F) -> Option<F::Output> {
        ThreadTimer.timeout(self.here(until), future).await
    }
}

/// What a player came to.
type Played = Result<FarReport, String>;

/// Somebody who plays one job.
struct Player {
    number: u64,
    go: Sender<Nanos>,
    stop: Stop,
    done: Receiver<Played>,
    played: Option<Played>,
}

/// A sensor that has joined.
struct Far {
    tag: u64,
    node: Arc<Node>,
    talk: Talk,
    clock: AheadTimer,
    player: Option<Player>,
    /// A report was asked for, and is not there yet.
    owed: Option<u64>,
}

/// Joins the viewer at `endpoint`, and plays what it is told until the run is over.
///
/// # Errors
/// Where nobody is there, or the viewer has been away for too long.
pub fn serve(endpoint: &str) -> Result<(), RunError> {
    let ahead = std::env::var(CLOCK_VAR).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let clock = AheadTimer(ahead);
    let node = Arc::new(Node::join(endpoint, LOOK_FOR)?);
    let tag = u64::from(process::id()) << 32 ^ Monotonic.now().0;
    let answer = move |bytes: &[u8]| {
        let heard = clock.now();
        let ask: Ask = serde_json::from_slice(bytes).ok()?;
        let is_for_us = matches!(ask.what, Asked::Clock) && ask.sensor == tag;
        is_for_us.then(|| {
            let what = Answered::Clock { heard, answered: clock.now() };
            said::write(&Answer { sensor: tag, number: ask.number, what })
        })
    };
    let talk = Talk::new(&node, SENSOR, VIEWER, answer)?;
    Far { tag, node, talk, clock, player: None, owed: None }.run()
}

impl Far {
    fn run(mut self) -> Result<(), RunError> {
        let mut away = Some(Monotonic.now());
        loop {
            match self.talk.hear(LOOK_UP) {
                Some(Said::There(true)) => {
                    away = None;
                    self.say(0, Answered::Hello(PROTOCOL));
                }
                Some(Said::There(false)) => away = Some(Monotonic.now()),
                Some(Said::Message(bytes)) => {
                    let ask = serde_json::from_slice(&bytes).ok();
                    if let Some(ask) = ask.filter(|ask: &Ask| ask.sensor == self.tag)
                        && let ControlFlow::Break(end) = self.obey(ask)
                    {
                        return end;
                    }
                }
                None => {}
            }
            self.report();
            if away.is_some_and(|since| Monotonic.now() >= since + AWAY) {
                self.dismiss(Why::PeerGone);
                return Err(RunError::ViewerGone { patience: AWAY });
            }
        }
    }

    fn obey(&mut self, ask: Ask) -> ControlFlow<Result<(), RunError>> {
        let known = self.player.as_ref().map(|player| player.number);
        match ask.what {
            // Asked again: the answer was lost.
            Asked::Job { .. } if known == Some(ask.number) => self.say(ask.number, Answered::Yes),
            Asked::Job { key, link, far } => {
                self.dismiss(Why::PeerGone);
                let what = match self.hire(ask.number, &key, link, far) {
                    Ok(()) => Answered::Yes,
                    Err(why) => Answered::Failed(why),
                };
                self.say(ask.number, what);
            }
            Asked::Go(start) => {
                if let Some(player) = &self.player {
                    let _ = player.go.send(start);
                }
                self.say(ask.number, Answered::Yes);
            }
            Asked::Stop => self.dismiss(Why::Interrupted),
            Asked::Report => self.owed = Some(ask.number),
            Asked::Clock => {}
            Asked::Farewell => {
                self.say(ask.number, Answered::Yes);
                self.dismiss(Why::PeerGone);
                return ControlFlow::Break(Ok(()));
            }
            Asked::TurnAway => return ControlFlow::Break(Err(RunError::TurnedAway)),
        }
        ControlFlow::Continue(())
    }

    /// Starts a player, with its halves open.
    fn hire(&mut self, number: u64, key: &str, link: LinkSpec, far: Job) -> Result<(), String> {
        let talks_back = matches!(far, Job::Echo(_) | Job::Bounce(_));
        let tx = zenoh::tx_over(&self.node, key, AWAY, &link);
        let rx = talks_back
            .then(|| zenoh::rx_over(&self.node, &format!("{key}/back"), AWAY, &link))
            .transpose()
            .map_err(|e| e.to_string())?;
        let (go, begin) = channel();
        let (played, done) = channel();
        let (stop, clock) = (Stop::default(), self.clock);
        let theirs = stop.clone();
        let play = move || {
            sharpen_sleep();
            let report = match begin.recv_timeout(GO) {
                Ok(start) => Ok(on_thread(play_abroad(far, tx, rx, clock, start, theirs))),
                Err(_) => Err("was not told to begin".into()),
            };
            let _ = played.send(report);
        };
        thread::Builder::new().name("sensor".into()).spawn(play).map_err(|e| e.to_string())?;
        self.player = Some(Player { number, go, stop, done, played: None });
        Ok(())
    }

    /// Says what was done, where that was asked for and is known.
    fn report(&mut self) {
        let Some(number) = self.owed else { return };
        let what = match &mut self.player {
            None => Answered::Failed("there was no job".into()),
            Some(player) => {
                player.played = player.played.take().or_else(|| player.done.try_recv().ok());
                match &player.played {
                    None => return,
                    Some(Ok(report)) => Answered::Done(Box::new(report.clone()), rss_max_bytes()),
                    Some(Err(why)) => Answered::Failed(why.clone()),
                }
            }
        };
        self.owed = None;
        self.say(number, what);
    }

    fn dismiss(&self, why: Why) {
        if let Some(player) = &self.player {
            player.stop.ask(why);
        }
    }

    fn say(&self, number: u64, what: Answered) {
        // What does not arrive is asked for again.
        let _ = self.talk.say(said::write(&Answer { sensor: self.tag, number, what }));
    }
}
