//! The worker's side.

use std::io::{self, BufRead, Write};

use pipefit::ground::{Clock, Monotonic};
use pipefit::link::Stop;
use pipefit::run::record::{Cell, Status};
use pipefit::run::session::Course;
use pipefit::run::{Case, Registry, session};

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
    let case = match ask.case(registry) {
        Ok(case) => case,
        Err(why) => return Ok(Answer::NotHere(why)),
    };
    let entry = registry.get(case.transport).ok_or("no such transport")?;
    if let Some(why) = session::not_applicable(entry, &case) {
        return Ok(Answer::NotHere(why));
    }
    let handicap = match ask.slower_ppm {
        0 => 0,
        ppm => turns(f64::from(ppm) / 1e6 * round(registry, &case)?),
    };
    round(registry, &Case { handicap, ..case }).map(Answer::Each)
}

/// Measures once: nanoseconds for one round trip, or one frame.
fn round(registry: &Registry, case: &Case) -> Result<f64, String> {
    let cell = Course::new(registry, case).trial(0, &Stop::default(), &|_| {});
    if cell.status != Status::Valid {
        return Err(cell.reason.unwrap_or_else(|| "not valid".to_owned()));
    }
    each(&cell).ok_or_else(|| TOO_SHORT.to_owned())
}

/// Turns of an empty loop that take so many nanoseconds, here and now.
fn turns(nanos: f64) -> u32 {
    const TRIED: u32 = 20_000;
    let try_once = |_| {
        let began = Monotonic.now();
        (0..TRIED).for_each(|turn| {
            std::hint::black_box(turn);
        });
        Monotonic.now().since(began).unwrap_or(0)
    };
    // The quickest: whatever else happened to the others is not the loop.
    let quickest = (0..5).map(try_once).min().unwrap_or(0).max(1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let turns = (nanos * f64::from(TRIED) / quickest).round().clamp(1.0, 1e8) as u32;
    turns
}

/// Time of one round trip, or of one frame.
fn each(cell: &Cell) -> Option<f64> {
    let metrics = &cell.metrics;
    let trip = metrics.rtt_ns.as_ref().and_then(|spread| spread.p50).map(|ns| ns as f64);
    let frame = || metrics.throughput_hz.filter(|hz| *hz > 0.0).map(|hz| 1e9 / hz);
    trip.or_else(frame).filter(|ns| *ns > 0.0)
}
