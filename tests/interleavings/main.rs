//! Every interleaving of a sender and a reader, and everything that weak memory may
//! show them, tried by loom on the code that runs in earnest: only the region is
//! another one.
//!
//! Each promise has a control: the same model with one ordering, fence or step taken
//! away, which must be caught, and for the right reason.
//!
//! A bound on preemptions is a bound on how often a thread is interrupted where it
//! could have gone on; where there is one, the model says so.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]
#![expect(clippy::panic, reason = "a test says where it failed")]

mod exchange;
mod model;
mod ring;

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use loom::model::Builder;

/// For those who doze; nobody looks at it.
const FOREVER: Duration = Duration::MAX;

/// Asserts that `model` holds in every interleaving with at most so many preemptions.
#[track_caller]
fn holds(preemptions: Option<usize>, model: impl Fn() + Send + Sync + 'static) {
    let tried = explore(preemptions, model);
    // With fewer, the two sides never met.
    assert!(tried > 100, "there were only {tried} interleavings");
}

/// Tries every interleaving of `model`; gives how many there were.
fn explore(preemptions: Option<usize>, model: impl Fn() + Send + Sync + 'static) -> usize {
    let mut builder = Builder::new();
    builder.preemption_bound = preemptions;
    builder.max_branches = 10_000;
    let tried = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&tried);
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        model();
    });
    tried.load(Ordering::Relaxed)
}

/// Asserts that `model` fails in some interleaving, for one of these reasons.
#[track_caller]
fn caught(reasons: &[&str], model: impl Fn() + Send + Sync + 'static) {
    thread_local!(static QUIET: Cell<bool> = const { Cell::new(false) });
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info);
            }
        }));
    });
    QUIET.set(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| explore(Some(3), model)));
    QUIET.set(false);
    let why = match outcome {
        Ok(tried) => panic!("nothing was found in {tried} interleavings"),
        Err(why) => why,
    };
    let text = why.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| why.downcast_ref::<&str>().copied()).unwrap_or_default();
    assert!(reasons.iter().any(|reason| text.contains(reason)), "found something else: {text}");
}

/// What loom says of an access without an order.
const RACE: &str = "Causality violation";

/// What loom says if nobody can go on.
const STUCK: &str = "deadlock";
