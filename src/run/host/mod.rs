//! A sensor on another host: both ends of what is said beside the links.
//!
//! The viewer's side listens ([`Host`]), the sensor's side joins it and does what it is
//! told ([`serve`]). One connection carries everything. Where it breaks it is made anew,
//! and what was asked is asked again; who stays away for [`AWAY`] is given up, on either
//! side. Nobody waits for longer than that, but for a sensor to join ([`JOIN`]).
//!
//! Neither side proves who it is: use it where you trust the network.

mod far;
mod said;

pub use far::{CLOCK_VAR, serve};

use std::cell::Cell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::ground::{Clock, Monotonic, Nanos};
use crate::link::{LinkError, Stop};
use crate::run::clock::{EXCHANGES, Estimate, Exchange};
use crate::run::launch::RunError;
use crate::transport::zenoh::{Node, Said, Talk};
use said::{Answer, Answered, Ask, Asked, PROTOCOL, SENSOR, VIEWER};

/// How long to wait for a sensor to join.
pub const JOIN: Nanos = Nanos::from_secs(60);

/// How long to look for a viewer to join: it need not have been started first.
const LOOK_FOR: Duration = Duration::from_secs(20);

/// How long the other side may be away before it is given up. That it is away is known
/// some seconds after the connection has gone dead.
pub const AWAY: Nanos = Nanos::from_secs(8);

/// How long to wait for an answer before asking again.
const AGAIN: Nanos = Nanos::from_millis(500);

/// How long a question for the time may take.
const PROMPT: Nanos = Nanos::from_secs(1);

/// How often to look whether to go on.
const LOOK_UP: Duration = Duration::from_millis(20);

/// The viewer's side of a connection to another host.
#[derive(Debug)]
pub struct Host {
    node: Arc<Node>,
    talk: Talk,
    line: Mutex<Line>,
}

#[derive(Debug, Default)]
struct Line {
    /// The sensor that is talked to.
    sensor: Option<u64>,
    there: bool,
    asked: u64,
}

fn gone(how: impl Into<String>) -> RunError {
    RunError::HostGone { how: how.into() }
}

impl Host {
    /// Listens at an endpoint, as in `tcp/0.0.0.0:7447`.
    ///
    /// # Errors
    /// Where it cannot be had.
    pub fn listen(endpoint: &str) -> Result<Self, LinkError> {
        let node = Arc::new(Node::listen(endpoint)?);
        let talk = Talk::new(&node, VIEWER, SENSOR, |_| None)?;
        Ok(Self { node, talk, line: Mutex::default() })
    }

    /// Waits until a sensor has joined.
    ///
    /// # Errors
    /// Where none does within `patience`, or `stop` is asked meanwhile.
    pub fn await_sensor(&self, patience: Nanos, stop: &Stop) -> Result<(), RunError> {
        let until = Monotonic.now() + patience;
        let mut line = self.line();
        while Monotonic.now() < until && stop.asked().is_none() {
            if let Some(heard) = self.talk.hear(LOOK_UP) {
                self.take(&mut line, &heard);
            }
            if line.there && line.sensor.is_some() {
                return Ok(());
            }
        }
        match stop.asked() {
            Some(_) => Err(gone("was waited for, until the run was interrupted")),
            None => Err(gone(format!("did not join within {patience}"))),
        }
    }

    /// The session, for links.
    pub(super) fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// Has the sensor get ready; gives the key of the links.
    pub(super) fn prepare(
        &self,
        plan: &crate::run::Plan,
        key: &str,
        stop: &Stop,
    ) -> Result<(), RunError> {
        // It may just be coming back.
        self.await_sensor(AWAY, stop)?;
        let job = Asked::Job { key: key.into(), link: plan.link, far: plan.far };
        self.yes(job)
    }

    /// Tells the sensor when to begin, by its clock.
    pub(super) fn go(&self, theirs: Nanos) -> Result<(), RunError> {
        self.yes(Asked::Go(theirs))
    }

    /// Tells the sensor to end early, without waiting for an answer.
    pub(super) fn stop(&self) {
        let Some(ask) = self.next(Asked::Stop) else { return };
        let _ = self.talk.say(said::write(&ask));
    }

    /// What the sensor did.
    pub(super) fn report(&self) -> Result<(super::launch::FarReport, Option<u64>), RunError> {
        match self.ask(Asked::Report, AWAY)? {
            Answered::Done(report, rss) => Ok((*report, rss)),
            other => Err(gone(format!("was to report, but said {other:?}"))),
        }
    }

    /// What the sensor's clock shows. Asks many times: see [`Estimate`].
    pub(super) fn clock(&self) -> Result<Estimate, String> {
        let mut exchanges = Vec::with_capacity(EXCHANGES);
        for _ in 0..EXCHANGES {
            let asked = Cell::new(Nanos(0));
            let answer = self.ask_noting(Asked::Clock, PROMPT, &asked);
            let came = Monotonic.now();
            match answer {
                Ok(Answered::Clock { heard, answered }) => {
                    exchanges.push(Exchange { asked: asked.get(), heard, answered, came });
                }
                // It is not there: more questions would each take as long.
                _ => break,
            }
        }
        Estimate::of(&exchanges)
    }

    fn yes(&self, what: Asked) -> Result<(), RunError> {
        match self.ask(what, AWAY)? {
            Answered::Yes => Ok(()),
            Answered::Failed(why) => Err(gone(format!("failed: {why}"))),
            other => Err(gone(format!("said {other:?} instead of yes"))),
        }
    }

    fn ask(&self, what: Asked, patience: Nanos) -> Result<Answered, RunError> {
        self.ask_noting(what, patience, &Cell::default())
    }

    /// Asks until it is answered; `asked` is when it was asked for the first time, so that
    /// no answer can be to a question from before.
    fn ask_noting(
        &self,
        what: Asked,
        patience: Nanos,
        asked: &Cell<Nanos>,
    ) -> Result<Answered, RunError> {
        let ask = self.next(what).ok_or_else(|| gone("has not joined"))?;
        let message = said::write(&ask);
        let until = Monotonic.now() + patience;
        let mut line = self.line();
        while Monotonic.now() < until {
            let now = Monotonic.now();
            if asked.get() == Nanos(0) {
                asked.set(now);
            }
            self.talk.say(message.clone()).map_err(|e| gone(format!("cannot be asked: {e}")))?;
            let again = until.min(now + AGAIN);
            while Monotonic.now() < again {
                let Some(heard) = self.talk.hear(again.left(Monotonic.now())) else { break };
                let answer = self.take(&mut line, &heard);
                if line.sensor != Some(ask.sensor) {
                    return Err(gone("was started anew"));
                }
                if let Some(answer) = answer.filter(|answer| answer.number == ask.number) {
                    return Ok(answer.what);
                }
            }
        }
        Err(gone(format!("did not answer within {patience}")))
    }

    /// Takes in what was heard; gives an answer of the sensor that is talked to.
    fn take(&self, line: &mut Line, heard: &Said) -> Option<Answer> {
        let answer: Answer = match heard {
            Said::There(there) => {
                line.there = *there;
                return None;
            }
            Said::Message(bytes) => serde_json::from_slice(bytes).ok()?,
        };
        if let Answered::Hello(protocol) = answer.what {
            let free = line.sensor.is_none() || !line.there || line.sensor == Some(answer.sensor);
            if free && protocol == PROTOCOL {
                line.sensor = Some(answer.sensor);
                line.there = true;
            } else {
                let ask = Ask { sensor: answer.sensor, number: 0, what: Asked::TurnAway };
                let _ = self.talk.say(said::write(&ask));
            }
            return None;
        }
        (Some(answer.sensor) == line.sensor).then_some(answer)
    }

    fn next(&self, what: Asked) -> Option<Ask> {
        let mut line = self.line();
        line.asked += 1;
        Some(Ask { sensor: line.sensor?, number: line.asked, what })
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Host {
    /// The run is over: the sensor may end, and is told so.
    fn drop(&mut self) {
        if self.line().there {
            let _ = self.ask(Asked::Farewell, PROMPT);
        }
    }
}
