//! Processes that are killed (SIGKILL) while they share memory: the other side learns of
//! it in bounded time, sees no wrong frame, and nothing stays behind.
//!
//! The moments are random; the seed is printed, and `PIPEFIT_SEED` repeats it.
//! `PIPEFIT_KILLS` sets how often is killed in all, `PIPEFIT_LONG=1` makes it 1,200.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]
#![expect(clippy::print_stderr, reason = "what was done, and what is inconclusive, is shown")]

mod peer;
mod role;
#[path = "../serially/mod.rs"]
mod serially;
mod session;
mod watch;

use std::time::{Duration, Instant, SystemTime};

use libtest_mimic::Failed;
use pipefit::run::Registry;
use rustix::process::{getpid, set_child_subreaper};

use watch::Dice;

/// Kills in all, unless told otherwise.
const KILLS: u64 = 300;

/// Kinds of kills that share them.
const KINDS: u64 = 4;

/// A machine so slow that one kind of kill takes longer than this makes fewer of them.
const PATIENCE: Duration = Duration::from_secs(20);

/// And this many at least.
const LEAST: u64 = 15;

fn main() {
    pipefit::init(&Registry::builtin());
    role::play_if_one();
    // Whoever loses its parent is left to this process, and can be counted.
    set_child_subreaper(Some(getpid())).unwrap();
    serially::run(&[
        ("a_killed_sensor_is_missed_and_no_frame_is_wrong", peer::sensor_killed),
        ("a_killed_viewer_is_missed_by_its_sensor", peer::viewer_killed),
        ("a_session_names_the_death_of_its_child", session::child_killed),
        ("a_killed_session_leaves_no_child_and_no_name_behind", session::session_killed),
        ("a_read_learns_of_its_peers_death_however_it_waits", peer::death_in_read),
        ("a_send_into_a_full_link_learns_of_it_however_it_waits", peer::death_in_send),
        ("a_sender_that_never_waits_learns_of_it", peer::death_without_wait),
        ("only_names_whose_maker_is_dead_are_swept", session::sweeping),
        ("an_orphan_and_a_zombie_would_be_seen", session::control),
    ]);
}

/// Kills again and again, and says how it went. `some` kills at most so many, and gives
/// how long after each one it was noticed, as far as that is conclusive.
fn many(
    kind: &str,
    mut some: impl FnMut(&mut Dice, u64) -> Result<Vec<Option<Duration>>, Failed>,
) -> Result<(), Failed> {
    let number = |name| std::env::var(name).ok().and_then(|text: String| text.parse().ok());
    let long = std::env::var_os("PIPEFIT_LONG").is_some();
    let kills = number("PIPEFIT_KILLS").unwrap_or(if long { 4 * KILLS } else { KILLS }) / KINDS;
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros();
    let seed = number("PIPEFIT_SEED").unwrap_or(u64::try_from(now).unwrap());
    let (began, mut dice) = (Instant::now(), Dice::new(seed));
    let (mut done, mut noticed) = (0, Vec::new());
    while done < kills && (long || done < LEAST || began.elapsed() < PATIENCE) {
        let found = some(&mut dice, kills - done).map_err(|why| {
            let why = why.message().unwrap_or("failed").to_owned();
            Failed::from(format!("seed {seed}, kill {done}: {why}"))
        })?;
        done += found.len() as u64;
        noticed.extend(found.into_iter().flatten());
    }
    noticed.sort_unstable();
    let at = |q: usize| noticed.get(noticed.len() * q / 100).or(noticed.last());
    eprintln!(
        "  {kind}: {done} of {kills} kills in {:.1?}, seed {seed}; noticed p50 {:.1?}, p90 {:.1?}, \
         max {:.1?}",
        began.elapsed(),
        at(50).unwrap_or(&Duration::ZERO),
        at(90).unwrap_or(&Duration::ZERO),
        noticed.last().unwrap_or(&Duration::ZERO),
    );
    Ok(())
}
