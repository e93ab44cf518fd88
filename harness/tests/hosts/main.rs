//! A sensor on another host: on this one over the loopback, where both clocks are the same
//! or are made to differ; and in two network namespaces with a cable between them that can
//! be slowed down, made lossy, and cut. Every wait has an end, and is judged by it.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]
#![expect(clippy::print_stdout, reason = "what was not tested is said")]

mod cable;
mod play;
mod relay;

use std::time::Duration;

use cable::Cable;
use libtest_mimic::{Arguments, Failed, Trial};
use pipefit::run::record::{Cause, Cell, Status};
use play::{Played, Stage, ensure};
use relay::Delays;

type Test = fn() -> Result<(), Failed>;

fn main() {
    let here: &[(&str, Test)] = &[
        ("a_sensor_joins_and_nothing_is_lost", plain),
        ("a_clock_that_is_ahead_is_found_out", ahead),
        ("a_clock_that_is_behind_is_found_out", behind),
        ("a_slow_way_makes_the_clock_less_sure_and_shows", slow_way),
        ("a_way_that_is_slow_one_way_only_is_within_what_is_said", uneven_way),
        ("round_trips_need_no_clock", round_trips),
        ("a_sensor_that_is_killed_ends_its_cells", killed_sensor),
        ("a_viewer_that_is_killed_ends_its_sensor", killed_viewer),
        ("nobody_to_join_is_told_in_bounded_time", nobody),
        ("a_second_sensor_is_turned_away", second_sensor),
    ];
    let cable: &[(&str, Test)] = &[
        ("over_a_cable_nothing_is_lost", over_a_cable),
        ("a_short_cut_is_got_over_and_loses_nothing", short_cut),
        ("a_long_cut_is_got_over_and_what_it_cost_is_counted", long_cut),
        ("a_cut_for_good_ends_both_sides", cut_for_good),
    ];
    let slowed: &[(&str, Test)] = &[("delay_is_seen_and_makes_the_clock_less_sure", delay)];
    let lossy: &[(&str, Test)] = &[("packets_that_are_lost_are_sent_again_and_no_frame_is", loss)];
    let mut trials = Vec::new();
    for (tests, missing) in [
        (here, None),
        (cable, Cable::missing()),
        (slowed, Cable::missing_netem()),
        (lossy, Cable::missing_loss()),
    ] {
        for (name, test) in tests {
            if let Some(why) = &missing {
                println!("SKIPPED {name}: {why}");
            }
            let test = *test;
            trials.push(Trial::test(*name, test).with_ignored_flag(missing.is_some()));
        }
    }
    let mut arguments = Arguments::from_args();
    // They measure: one after the other.
    arguments.test_threads = Some(1);
    libtest_mimic::run(&arguments, trials).exit();
}

/// How far two clocks may seem apart on a busy machine that has only one.
const SAME: u64 = 20_000_000;

fn valid(cell: &Cell) -> Result<(), Failed> {
    ensure(cell.status == Status::Valid, format!("{}: {:?}", cell.id, cell.reason))
}

fn complete(cell: &Cell) -> Result<(), Failed> {
    valid(cell)?;
    let books = cell.ledger.unwrap();
    ensure(
        books.offered > 0 && books.lost == 0 && books.dropped == 0 && books.duplicate == 0,
        format!("{}: {books:?}", cell.id),
    )
}

/// The clock's offset and uncertainty.
fn clock(cell: &Cell) -> Result<(i64, u64), Failed> {
    let found = cell.clock_offset_ns.zip(cell.clock_uncertainty_ns);
    found.ok_or_else(|| format!("{}: nothing of a clock: {:?}", cell.id, cell.notes).into())
}

/// Holds an estimate against the truth.
fn is_found(cell: &Cell, truth: i64) -> Result<(), Failed> {
    let (offset, uncertainty) = clock(cell)?;
    println!("{}: offset {offset} ns, uncertainty {uncertainty} ns", cell.id);
    ensure(
        offset.abs_diff(truth) <= uncertainty && uncertainty < SAME,
        format!("{}: {offset} ± {uncertainty} where {truth} is true", cell.id),
    )?;
    let noted = cell.notes.iter().any(|note| note.contains("another host's"));
    ensure(noted, format!("{:?}", cell.notes))
}

fn both_ended(played: &Played) -> Result<(), Failed> {
    ensure(played.viewer.success(), format!("the viewer: {played:?}"))?;
    ensure(played.sensor.success(), format!("the sensor: {played:?}"))
}

fn plain() -> Result<(), Failed> {
    let played = Stage::here().play(&["stream,gui60", "--duration", "1s"])?;
    both_ended(&played)?;
    let cells = played.cells()?;
    ensure(cells.len() == 2, format!("{} cells", cells.len()))?;
    for cell in &cells {
        complete(cell)?;
        is_found(cell, 0)?;
        ensure(cell.id.contains("/zenoh/elsewhere/"), cell.id.clone())?;
    }
    ensure(cells[0].metrics.response_ns.is_some(), "no response")?;
    ensure(cells[1].metrics.age_ns.is_some(), "no age")
}

/// A clock that is not this one's is found, to within what is said, and figures are by it.
fn shifted(by: i64) -> Result<(), Failed> {
    let stage = Stage::here().with_clock(by);
    let played = stage.play(&["stream,gui60", "--duration", "1s"])?;
    both_ended(&played)?;
    for cell in &played.cells()? {
        complete(cell)?;
        is_found(cell, by)?;
        let m = &cell.metrics;
        let span = m.age_ns.as_ref().or(m.transit_ns.as_ref()).and_then(|spread| spread.p50);
        let span = span.ok_or_else(|| format!("{}: no one-way figure", cell.id))?;
        ensure(span < 500_000_000, format!("{}: {span} ns is not by one clock", cell.id))?;
    }
    Ok(())
}

fn ahead() -> Result<(), Failed> {
    shifted(3_600_000_000_000)
}

fn behind() -> Result<(), Failed> {
    shifted(-5_000_000_000)
}

/// Milliseconds on the way there and on the way back, and what comes of it.
fn delayed(there: u64, back: u64) -> Result<(i64, u64, u64), Failed> {
    let [there, back] = [there, back].map(Duration::from_millis);
    let stage = Stage::here().with_delays(Delays { there, back });
    let played = stage.play(&["stream", "--rate", "1kHz", "--duration", "2s"])?;
    both_ended(&played)?;
    let cell = played.cells()?.remove(0);
    complete(&cell)?;
    is_found(&cell, 0)?;
    let (offset, uncertainty) = clock(&cell)?;
    Ok((offset, uncertainty, cell.metrics.response_ns.and_then(|spread| spread.p50).unwrap()))
}

fn slow_way() -> Result<(), Failed> {
    let (_, uncertainty, response) = delayed(5, 5)?;
    ensure(uncertainty >= 5_000_000, format!("{uncertainty} ns after 5 ms each way"))?;
    ensure(response + uncertainty >= 5_000_000, format!("{response} ns after 5 ms"))?;
    // No delay explains this much.
    ensure(response < 100_000_000, format!("{response} ns after 5 ms"))
}

/// The worst that can be done to an estimate: it is wrong by as much as it says.
fn uneven_way() -> Result<(), Failed> {
    let (offset, uncertainty, response) = delayed(10, 0)?;
    ensure(offset.unsigned_abs() >= 4_000_000, format!("{offset} ns: the control is none"))?;
    let (least, most) = (response.saturating_sub(uncertainty), response + uncertainty);
    ensure((least..=most).contains(&10_000_000), format!("{response} ± {uncertainty} ns"))
}

fn round_trips() -> Result<(), Failed> {
    let played = Stage::here().with_clock(77_000_000_000).play(&["rtt", "--duration", "500ms"])?;
    both_ended(&played)?;
    let cell = played.cells()?.remove(0);
    valid(&cell)?;
    ensure(cell.metrics.rtt_ns.is_some_and(|rtt| rtt.count > 0), "no round trip")
}

fn failed(cell: &Cell, causes: &[Cause]) -> Result<(), Failed> {
    println!("{}: {:?}: {:?}", cell.id, cell.cause, cell.reason);
    ensure(
        cell.status == Status::Invalid && cell.cause.is_some_and(|cause| causes.contains(&cause)),
        format!("{}: {:?} {:?} {:?}", cell.id, cell.status, cell.cause, cell.reason),
    )
}

fn killed_sensor() -> Result<(), Failed> {
    let stage = Stage::here();
    let played = stage.play_with(&["stream", "--duration", "20s"], |pair| {
        pair.wait_for_frames()?;
        pair.kill_sensor();
        Ok(())
    })?;
    ensure(played.viewer.code == Some(65), format!("{played:?}"))?;
    ensure(played.viewer.took < Duration::from_secs(35), format!("{played:?}"))?;
    failed(&played.cells()?[0], &[Cause::ChildDied])
}

fn killed_viewer() -> Result<(), Failed> {
    let played = Stage::here().play_with(&["stream", "--duration", "20s"], |pair| {
        pair.wait_for_frames()?;
        pair.kill_viewer();
        Ok(())
    })?;
    ensure(played.sensor.code == Some(1), format!("{played:?}"))?;
    ensure(played.sensor.says("has been away"), format!("{played:?}"))?;
    ensure(played.sensor.took < Duration::from_secs(35), format!("{played:?}"))
}

fn nobody() -> Result<(), Failed> {
    let sensor = Stage::here().sensor_alone(&[])?;
    // Nobody listens: it is tried again for a minute, so that the order of starting is free.
    ensure(sensor.code == Some(1) && sensor.says("tcp/127.0.0.1:"), format!("{sensor:?}"))?;
    ensure(sensor.took < Duration::from_secs(90), format!("{sensor:?}"))
}

fn second_sensor() -> Result<(), Failed> {
    let stage = Stage::here();
    let played = stage.play_with(&["stream", "--duration", "3s", "--repeat", "2"], |pair| {
        pair.wait_for_frames()?;
        let second = stage.sensor_alone(&[])?;
        ensure(second.code == Some(1) && second.says("another sensor"), format!("{second:?}"))
    })?;
    both_ended(&played)?;
    complete(&played.cells()?[0])
}

fn over_a_cable() -> Result<(), Failed> {
    let cable = Cable::lay()?;
    let played = Stage::over(&cable).play(&["stream,gui60", "--duration", "1s"])?;
    both_ended(&played)?;
    for cell in &played.cells()? {
        complete(cell)?;
        is_found(cell, 0)?;
    }
    Ok(())
}

fn short_cut() -> Result<(), Failed> {
    let cable = Cable::lay()?;
    let played = Stage::over(&cable).play_with(&["gui60", "--duration", "8s"], |pair| {
        pair.wait_for_frames()?;
        cable.cut_for(Duration::from_secs(1))
    })?;
    let cell = played.cells()?.remove(0);
    println!("{}: {:?} {:?} {:?}", cell.id, cell.status, cell.reason, cell.ledger);
    let books = cell.ledger.unwrap();
    ensure(books.lost == 0 && books.check().is_ok(), format!("{books:?}"))?;
    ensure(played.sensor.success(), format!("{played:?}"))?;
    let longest = cell.metrics.stall_longest_ns.or(cell.metrics.freeze_longest_ns).unwrap_or(0);
    let late = cell.metrics.response_ns.and_then(|spread| spread.max).unwrap_or(0);
    ensure(late.max(longest) > 500_000_000, format!("the cut does not show: {late} ns"))
}

fn long_cut() -> Result<(), Failed> {
    let cable = Cable::lay()?;
    let args = ["stream", "--rate", "2kHz", "--duration", "14s", "--silence", "30s"];
    let played = Stage::over(&cable).play_with(&args, |pair| {
        pair.wait_for_frames()?;
        cable.cut_for(Duration::from_secs(6))
    })?;
    let cell = played.cells()?.remove(0);
    println!("{}: {:?} {:?} {:?}", cell.id, cell.status, cell.reason, cell.ledger);
    let books = cell.ledger.ok_or("no books")?;
    ensure(books.check().is_ok() && books.lost > 0, format!("{books:?}"))?;
    ensure(books.shown > 0 && played.sensor.success(), format!("{played:?}"))
}

fn cut_for_good() -> Result<(), Failed> {
    let cable = Cable::lay()?;
    let played = Stage::over(&cable).play_with(&["stream,gui60", "--duration", "20s"], |pair| {
        pair.wait_for_frames()?;
        cable.cut()
    })?;
    ensure(played.viewer.code == Some(65), format!("{played:?}"))?;
    ensure(played.sensor.code == Some(1), format!("{played:?}"))?;
    for side in [&played.viewer, &played.sensor] {
        ensure(side.took < Duration::from_secs(60), format!("{played:?}"))?;
    }
    for cell in &played.cells()? {
        failed(cell, &[Cause::ChildDied, Cause::Silent])?;
    }
    Ok(())
}

fn delay() -> Result<(), Failed> {
    let cable = Cable::lay()?;
    cable.netem("delay 5ms")?;
    let played = Stage::over(&cable).play(&["stream", "--rate", "1kHz", "--duration", "2s"])?;
    both_ended(&played)?;
    let cell = played.cells()?.remove(0);
    complete(&cell)?;
    is_found(&cell, 0)?;
    let (_, uncertainty) = clock(&cell)?;
    ensure(uncertainty >= 4_900_000, format!("{uncertainty} ns after 5 ms each way"))?;
    let half = cell.metrics.response_ns.and_then(|spread| spread.p50).unwrap();
    ensure(half + uncertainty >= 5_000_000, format!("{half} ns after 5 ms on the way"))
}

fn loss() -> Result<(), Failed> {
    let cable = Cable::lay()?;
    cable.lose(5)?;
    let args = ["stream", "--rate", "1kHz", "--duration", "3s"];
    let played = Stage::over(&cable).play(&args)?;
    both_ended(&played)?;
    let cell = played.cells()?.remove(0);
    let lost = cable.lost()?;
    // The control: without it, nothing would have been repaired.
    ensure(lost > 20, format!("only {lost} packets were lost"))?;
    complete(&cell)
}
