//! The worker's side.

use std::io::{self, BufRead, Write};

use pipefit::link::Stop;
use pipefit::run::record::{Cell, Status};
use pipefit::run::session::Course;
use pipefit::run::{Registry, session};

use super::protocol::{Answer, Ask, Hello, PROTOCOL, TOO_SHORT};

/// Answers until there are no more questions.
///
/// # Errors
/// Where whoever asks cannot be heard or answered any more.
pub fn serve(registry: &Registry, asked: impl BufRead, mut out: impl Write) -> io::Result<()> {
    let hello = Hello { pipefit_worker: PROTOCOL, version: env!("CARGO_PKG_VERSION").to_owned() };
    say(&mut out, &hello)?;
    for line in asked.lines() {
        let answer = match serde_json::from_str::<Ask>(&line?) {
            Ok(ask) => measure(registry, &ask).unwrap_or_else(Answer::Failed),
            Err(why) => Answer::Failed(format!("not a question: {why}")),
        };
        say(&mut out, &answer)?;
    }
    Ok(())
}

fn say(out: &mut impl Write, what: &impl serde::Serialize) -> io::Result<()> {
    let mut line = serde_json::to_string(what)?;
    line.push('\n');
    out.write_all(line.as_bytes())?;
    out.flush()
}

fn measure(registry: &Registry, ask: &Ask) -> Result<Answer, String> {
    let case = ask.case(registry)?;
    let entry = registry.get(case.transport).ok_or("no such transport")?;
    if let Some(why) = session::not_applicable(entry, &case) {
        return Err(why);
    }
    let cell = Course::new(registry, &case).trial(0, &Stop::default(), &|_| {});
    if cell.status != Status::Valid {
        return Err(cell.reason.unwrap_or_else(|| "not valid".to_owned()));
    }
    each(&cell).map(Answer::Each).ok_or_else(|| TOO_SHORT.to_owned())
}

/// Time of one round trip, or of one frame.
fn each(cell: &Cell) -> Option<f64> {
    let metrics = &cell.metrics;
    let trip = metrics.rtt_ns.as_ref().and_then(|spread| spread.p50).map(|ns| ns as f64);
    let frame = || metrics.throughput_hz.filter(|hz| *hz > 0.0).map(|hz| 1e9 / hz);
    trip.or_else(frame).filter(|ns| *ns > 0.0)
}
