//! How long a thread that sleeps takes to be awake on another core.
//!
//! The longer a core had nothing to do, the deeper it sleeps: each way of waking is
//! tried after several spans of idleness. Whoever wakes says when it did; who was woken
//! looks at the clock.

use std::os::fd::OwnedFd;
use std::sync::mpsc::sync_channel;
use std::thread::{self, Thread};
use std::time::Duration;

use rustix::event::EventfdFlags;
use rustix::pipe::PipeFlags;

use super::together::together;
use super::{Meters, PATIENCE};
use crate::ground::{Clock, Meter, Monotonic, Nanos};
use crate::memory::raw::Line;
use crate::memory::{Mapped, Segment};

/// How long the sleeper has slept, and how often it is woken after that.
pub(super) const IDLE: [(Nanos, usize); 3] =
    [(Nanos::from_micros(20), 100), (Nanos::from_micros(500), 40), (Nanos::from_millis(3), 12)];

/// In place of a time: this was the last one.
const LAST: u64 = 1 << 63;

const fn patience() -> Duration {
    Duration::from_nanos(PATIENCE.0)
}

/// Wakes a sleeper again and again, a new one for each span of idleness. `make` gives a
/// way to wake it with a word, and one to sleep until there is a word.
fn wakes<W, S>(found: &mut Meters, pins: &[usize], make: impl Fn() -> Option<(W, S)>)
where
    W: FnMut(u64) -> Option<()> + Send,
    S: FnMut() -> Option<u64> + Send,
{
    for (idle, times) in IDLE {
        let Some((mut wake, mut doze)) = make() else { continue };
        let (tell, hear) = sync_channel(1);
        let waker = move || {
            for _ in 0..times {
                // The waker's core stays awake for the last stretch.
                Monotonic.advance_to(Monotonic.now() + idle);
                wake(Monotonic.now().0)?;
            }
            Monotonic.advance_to(Monotonic.now() + idle);
            wake(LAST)?;
            hear.recv_timeout(patience()).ok()
        };
        let sleeper = move || {
            let mut meter = Meter::new();
            loop {
                let said = doze()?;
                let now = Monotonic.now().0;
                if said >= LAST {
                    break;
                }
                // Two words that an eventfd added up are no time.
                if said <= now {
                    meter.record(now - said);
                }
            }
            tell.send(meter).ok()
        };
        found.entry(idle.0).or_default().merge(&together(pins, waker, sleeper).unwrap_or_default());
    }
}

/// By a futex: the standard library parks its threads on one.
pub(super) fn futex(found: &mut Meters, pins: &[usize]) {
    wakes(found, pins, || {
        let segment = Segment::sealed(&Line::<Mapped>::geometry()).ok()?;
        let (here, there) =
            (Line::new(segment.region(), true, 2), Line::new(segment.region(), false, 2));
        let (introduce, meet) = sync_channel::<Thread>(1);
        let mut sleeper = None;
        let wake = move |word| {
            if sleeper.is_none() {
                sleeper = meet.recv_timeout(patience()).ok();
            }
            here.say(word);
            sleeper.as_ref().map(Thread::unpark)
        };
        let mut last = there.heard();
        let doze = move || {
            // Only the first time somebody waits for it.
            let _ = introduce.try_send(thread::current());
            let until = Monotonic.now() + PATIENCE;
            while there.heard() == last {
                let left = until.since(Monotonic.now()).filter(|left| *left > 0)?;
                thread::park_timeout(Duration::from_nanos(left));
            }
            last = there.heard();
            Some(last)
        };
        Some((wake, doze))
    });
}

/// By a pipe.
pub(super) fn pipe(found: &mut Meters, pins: &[usize]) {
    wakes(found, pins, || {
        let (reader, writer) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC).ok()?;
        // A waker that gives up closes it, which ends the reader's sleep.
        Some((move |word| tell(&writer, word), move || hear(&reader)))
    });
}

/// By an eventfd.
pub(super) fn eventfd(found: &mut Meters, pins: &[usize]) {
    wakes(found, pins, || {
        let reader = rustix::event::eventfd(0, EventfdFlags::CLOEXEC).ok()?;
        let writer = Waker(reader.try_clone().ok()?);
        Some((move |word| tell(&writer.0, word), move || hear(&reader)))
    });
}

/// An eventfd has no end of its own: a waker that gives up says so.
struct Waker(OwnedFd);

impl Drop for Waker {
    fn drop(&mut self) {
        let _ = tell(&self.0, LAST);
    }
}

fn tell(to: &OwnedFd, word: u64) -> Option<()> {
    (rustix::io::write(to, &word.to_ne_bytes()) == Ok(8)).then_some(())
}

fn hear(from: &OwnedFd) -> Option<u64> {
    let mut word = [0; 8];
    (rustix::io::read(from, &mut word) == Ok(8)).then(|| u64::from_ne_bytes(word))
}
