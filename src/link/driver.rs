//! How a loop is polled: on a thread, by hand, or by tokio.
//!
//! The same sensor and viewer run under each. A driver polls them and lends them a
//! [`Timer`]; beside the pacer this is the only file that waits for time to pass.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::ground::pace;
use crate::ground::{Clock, Monotonic, Nanos};
use crate::memory::sync::{AtomicBool, Ordering};

/// The time, and ways to wait for it, as the driver of this loop has them.
pub trait Timer: Clone + 'static {
    /// The time now.
    fn now(&self) -> Nanos;

    /// Keeps the processor busy for `span`, as drawing does: nobody else gets a turn.
    fn burn(&self, span: Nanos);

    /// Comes back at `at` or later, with the time it came back.
    async fn sleep_until(&self, at: Nanos) -> Nanos;

    /// What `future` gives, or `None` if it has not by `until`.
    async fn timeout<F: Future>(&self, until: Nanos, future: F) -> Option<F::Output>;
}

// ---- a thread of its own -------------------------------------------------

/// The timer of a loop that has a thread to itself: waiting is simply waiting.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThreadTimer;

impl Timer for ThreadTimer {
    #[inline]
    fn now(&self) -> Nanos {
        Monotonic.now()
    }

    fn burn(&self, span: Nanos) {
        Monotonic.burn(span);
    }

    #[inline]
    async fn sleep_until(&self, at: Nanos) -> Nanos {
        pace::wait_until(at)
    }

    async fn timeout<F: Future>(&self, until: Nanos, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        poll_fn(|cx| {
            loop {
                if let Poll::Ready(out) = future.as_mut().poll(cx) {
                    return Poll::Ready(Some(out));
                }
                let now = self.now();
                if now >= until {
                    return Poll::Ready(None);
                }
                thread::park_timeout(until.left(now));
            }
        })
        .await
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future on this thread to its end. A blocking transport's futures are
/// ready at the first poll; one that is not is waited for by parking the thread.
pub fn on_thread<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(out) => return out,
            Poll::Pending => thread::park(),
        }
    }
}

// ---- a loop polled by hand -----------------------------------------------

/// After so many rounds in which somebody was ready, the clock is looked at, so
/// that a busy task cannot keep a due one waiting for good.
const ROUNDS_BETWEEN_LOOKS: u32 = 64;

/// Where nobody is ready and no time is set, look again after this long.
const IDLE: Nanos = Nanos::from_millis(1);

#[derive(Debug)]
struct LoopState<C> {
    clock: C,
    deadlines: [Cell<Nanos>; 2],
}

/// The timer of one of the two tasks of a loop polled by hand.
#[derive(Clone, Debug)]
pub struct LoopTimer<C> {
    state: Rc<LoopState<C>>,
    me: usize,
}

impl<C: Clock> LoopTimer<C> {
    fn set(&self, at: Nanos) {
        self.state.deadlines[self.me].set(at);
    }
}

impl<C: Clock + 'static> Timer for LoopTimer<C> {
    #[inline]
    fn now(&self) -> Nanos {
        self.state.clock.now()
    }

    fn burn(&self, span: Nanos) {
        self.state.clock.burn(span);
    }

    async fn sleep_until(&self, at: Nanos) -> Nanos {
        poll_fn(|_| {
            let now = self.now();
            if now >= at {
                self.set(Nanos::NEVER);
                Poll::Ready(now)
            } else {
                self.set(at);
                Poll::Pending
            }
        })
        .await
    }

    async fn timeout<F: Future>(&self, until: Nanos, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        poll_fn(|cx| {
            if let Poll::Ready(out) = future.as_mut().poll(cx) {
                self.set(Nanos::NEVER);
                return Poll::Ready(Some(out));
            }
            if self.now() >= until {
                self.set(Nanos::NEVER);
                return Poll::Ready(None);
            }
            self.set(until);
            Poll::Pending
        })
        .await
    }
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Flag {
    fn take(&self) -> bool {
        let up = self.0.load(Ordering::Relaxed);
        if up {
            self.0.store(false, Ordering::Relaxed);
        }
        up
    }
}

/// Runs two tasks on this thread, each polled when it was woken or its time has
/// come. With a [`FakeClock`](crate::ground::FakeClock), time passes only when
/// neither has anything to do, and then at once: the whole run is exact.
pub fn on_loop<C, A, B>(
    clock: C,
    a: impl FnOnce(LoopTimer<C>) -> A,
    b: impl FnOnce(LoopTimer<C>) -> B,
) -> (A::Output, B::Output)
where
    C: Clock + 'static,
    A: Future,
    B: Future,
{
    let state =
        Rc::new(LoopState { clock, deadlines: [Cell::new(Nanos::NEVER), Cell::new(Nanos::NEVER)] });
    let timer = |me| LoopTimer { state: Rc::clone(&state), me };
    let (mut a, mut b) = (pin!(a(timer(0))), pin!(b(timer(1))));
    let (mut out_a, mut out_b) = (None, None);
    let flags = [Arc::new(Flag(AtomicBool::new(true))), Arc::new(Flag(AtomicBool::new(true)))];
    let wakers = [Waker::from(Arc::clone(&flags[0])), Waker::from(Arc::clone(&flags[1]))];
    let mut rounds = 0;
    loop {
        let mut ran = false;
        if out_a.is_none() && flags[0].take() {
            ran = true;
            out_a = ready(a.as_mut().poll(&mut Context::from_waker(&wakers[0])));
        }
        if out_b.is_none() && flags[1].take() {
            ran = true;
            out_b = ready(b.as_mut().poll(&mut Context::from_waker(&wakers[1])));
        }
        rounds = if ran { rounds + 1 } else { ROUNDS_BETWEEN_LOOKS };
        if out_a.is_some() && out_b.is_some() {
            break;
        }
        if rounds < ROUNDS_BETWEEN_LOOKS {
            continue;
        }
        rounds = 0;
        let open = [out_a.is_none(), out_b.is_none()];
        look_at_the_clock(&state, &flags, open, !ran);
    }
    // Both are set: that is how the loop ended.
    match (out_a, out_b) {
        (Some(a), Some(b)) => (a, b),
        _ => unreachable!("the loop ends when both tasks have"),
    }
}

fn ready<T>(poll: Poll<T>) -> Option<T> {
    match poll {
        Poll::Ready(out) => Some(out),
        Poll::Pending => None,
    }
}

/// Raises the flag of every open task whose time has come; where nobody is ready,
/// first waits for the earliest time there is.
fn look_at_the_clock<C: Clock>(
    state: &LoopState<C>,
    flags: &[Arc<Flag>; 2],
    open: [bool; 2],
    idle: bool,
) {
    let times = || (0..2).filter(|&i| open[i]).map(|i| (i, state.deadlines[i].get()));
    if idle {
        let earliest = times().map(|(_, at)| at).min().unwrap_or(Nanos::NEVER);
        if earliest == Nanos::NEVER {
            // Woken from outside, if at all: look again soon.
            state.clock.advance_to(state.clock.now() + IDLE);
            times().for_each(|(i, _)| flags[i].wake_by_ref());
            return;
        }
        state.clock.advance_to(earliest);
    }
    let now = state.clock.now();
    for (i, at) in times() {
        if now >= at {
            flags[i].wake_by_ref();
        }
    }
}

/// Gives the other task of a loop its turn.
pub async fn give_way() {
    let mut given = false;
    poll_fn(|cx| {
        if given {
            return Poll::Ready(());
        }
        given = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

// ---- tokio ---------------------------------------------------------------

/// tokio's timers tick in milliseconds and round up: the rest is waited for by
/// yielding to the other tasks.
const TOKIO_STRETCH: Nanos = Nanos::from_micros(1_500);

/// The timer of a tokio task.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioTimer;

impl Timer for TokioTimer {
    #[inline]
    fn now(&self) -> Nanos {
        Monotonic.now()
    }

    fn burn(&self, span: Nanos) {
        Monotonic.burn(span);
    }

    async fn sleep_until(&self, at: Nanos) -> Nanos {
        loop {
            let now = self.now();
            if now >= at {
                return now;
            }
            let left = at.0 - now.0;
            if left > 2 * TOKIO_STRETCH.0 {
                tokio::time::sleep(Duration::from_nanos(left - TOKIO_STRETCH.0)).await;
            } else {
                tokio::task::yield_now().await;
            }
        }
    }

    async fn timeout<F: Future>(&self, until: Nanos, future: F) -> Option<F::Output> {
        tokio::time::timeout(until.left(self.now()), future).await.ok()
    }
}

/// Runs two futures as tasks of a tokio runtime with one worker: this thread.
///
/// # Errors
/// What tokio says where it cannot start, or where a task panicked.
pub fn on_tokio<A, B>(a: A, b: B) -> std::io::Result<(A::Output, B::Output)>
where
    A: Future + 'static,
    B: Future + 'static,
    A::Output: 'static,
    B::Output: 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let tasks = tokio::task::LocalSet::new();
    let (a, b) = (tasks.spawn_local(a), tasks.spawn_local(b));
    tasks.block_on(&runtime, async move {
        // One after the other: a task that panicked shows at once, since the other
        // one's link is closed by it.
        Ok((a.await?, b.await?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::FakeClock;

    #[test]
    fn virtual_time_passes_at_once_and_exactly() {
        let clock = FakeClock::at(Nanos(0));
        let log = Rc::new(std::cell::RefCell::new(Vec::new()));
        let task = |name: &'static str, step: u64, timer: LoopTimer<FakeClock>| {
            let log = Rc::clone(&log);
            async move {
                for k in 1..=3 {
                    let now = timer.sleep_until(Nanos(k * step)).await;
                    log.borrow_mut().push((name, now.0));
                }
            }
        };
        on_loop(clock, |t| task("a", 20, t), |t| task("b", 30, t));
        assert_eq!(
            *log.borrow(),
            [("a", 20), ("b", 30), ("a", 40), ("a", 60), ("b", 60), ("b", 90)]
        );
    }

    #[test]
    fn a_task_that_never_waits_does_not_starve_a_due_one() {
        let clock = FakeClock::at(Nanos(0));
        let ticks = clock.clone();
        let done = Rc::new(Cell::new(false));
        let seen = Rc::clone(&done);
        let (rounds, ()) = on_loop(
            clock,
            |_| async move {
                let mut rounds = 0;
                while !seen.get() && rounds < 10_000 {
                    rounds += 1;
                    ticks.pass(Nanos(1));
                    give_way().await;
                }
                rounds
            },
            |t| async move {
                t.sleep_until(Nanos(100)).await;
                done.set(true);
            },
        );
        assert!(rounds < 300, "{rounds}");
    }

    #[test]
    fn timeouts_end_under_every_driver() {
        async fn run<T: Timer>(timer: T) -> Option<()> {
            let until = timer.now() + Nanos::from_millis(5);
            timer.timeout(until, std::future::pending::<()>()).await
        }
        assert_eq!(on_thread(run(ThreadTimer)), None);
        assert_eq!(on_loop(Monotonic, run, run), (None, None));
        assert_eq!(on_tokio(run(TokioTimer), run(TokioTimer)).unwrap(), (None, None));
    }
}
