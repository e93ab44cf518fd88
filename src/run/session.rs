//! A session: many cases, repeated and interleaved.
//!
//! Each repeat goes once over all cases before the next begins, so that a machine
//! that changes under us changes for all of them, and no transport's repeats stand
//! back to back. A repeat that misses its rate is measured again, at the end of the
//! pass, up to twice.

use std::collections::VecDeque;

use super::case::Case;
use super::launch::{RunError, Started, Trial};
use super::limits::Samples;
use super::measure::{Book, Fault, unmeasured};
use super::record::{Cause, Measured, Status};
use super::registry::{Entry, Registry};
use super::scenario;
use crate::ground::{Clock, Monotonic, Nanos};
use crate::link::{LinkError, Stop};

/// How often a repeat that missed its rate is measured again.
const RETRIES: u32 = 2;

/// What goes on. Events come before or after a measured window, never in it.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A cell is about to be measured.
    Begins {
        /// The cell.
        case: &'a Case,
        /// Which repeat, from 0.
        repeat: u32,
    },
    /// Both sides are ready; the schedule begins in a moment.
    Started {
        /// The cell.
        case: &'a Case,
        /// When it begins, and which child there is.
        started: Started,
    },
    /// It is over.
    Ended {
        /// The cell.
        case: &'a Case,
        /// Which repeat, from 0.
        repeat: u32,
        /// Why it may not be used, if so.
        fault: Option<&'a Fault>,
    },
}

/// What came of a session.
#[derive(Debug)]
pub struct Outcome {
    /// The cells, in the order in which they were asked for.
    pub measured: Vec<Measured>,
    /// Whether it was interrupted.
    pub partial: bool,
    /// From the first trial's begin to the last one's end.
    pub measuring: Nanos,
    /// CPUs that every trial was pinned to: consumer first, then producer.
    pub pinned: Option<Vec<usize>>,
    /// What the machine could do at best, where memory was shared.
    pub limits: Samples,
}

/// Who is asked what happens; called from the thread that measures.
pub type Watch<'a> = &'a (dyn Fn(Event<'_>) + Sync);

struct Job<'a> {
    entry: Option<&'a Entry>,
    book: Book,
    /// Why it is not measured, if so.
    not: Option<String>,
    /// Whether the last trial came to nothing, so that no more are tried.
    over: bool,
}

/// Measures `cases`, each `repeats` times.
#[must_use]
pub fn run(
    registry: &Registry,
    cases: &[Case],
    repeats: u32,
    stop: &Stop,
    watch: Watch<'_>,
) -> Outcome {
    let began = Monotonic.now();
    let mut jobs: Vec<Job<'_>> = cases.iter().map(|case| job(registry, case)).collect();
    let mut pinned: Option<Vec<usize>> = None;
    let mut limits = Samples::default();
    let sharing = cases.iter().zip(&jobs).find(|(_, job)| job.shares_memory());
    let pins = sharing.map(|(case, _)| &case.pins);
    let probe = |limits: &mut Samples| {
        if let Some(pins) = pins.filter(|_| stop.asked().is_none()) {
            limits.probe(pins);
        }
    };
    probe(&mut limits);
    'passes: for repeat in 0..repeats.max(1) {
        let mut queue: VecDeque<(usize, u32)> = (0..cases.len()).map(|i| (i, 0)).collect();
        while let Some((i, retry)) = queue.pop_front() {
            if stop.asked().is_some() {
                break 'passes;
            }
            let (case, job) = (&cases[i], &mut jobs[i]);
            let Some(entry) = job.entry.filter(|_| !job.over) else {
                continue;
            };
            watch(Event::Begins { case, repeat });
            job.book.tries += 1;
            let tag = tag(began, job.book.tries, i);
            let played = play(entry, case, tag, stop, watch);
            let fault = match &played {
                Ok(trial) => job.book.fault_of(trial),
                Err(error) => Some(fault_of(error)),
            };
            watch(Event::Ended { case, repeat, fault: fault.as_ref() });
            let missed = fault.as_ref().is_some_and(|f| f.cause == Cause::MissedRate);
            if missed && retry < RETRIES {
                queue.push_back((i, retry + 1));
                continue;
            }
            match played {
                Ok(trial) => {
                    job.book.add(&trial, fault);
                    pinned = Some(trial.pinned).max(pinned);
                }
                Err(error) => job.fail(&error),
            }
        }
    }
    probe(&mut limits);
    let partial = stop.asked().is_some();
    let measuring = Nanos(Monotonic.now().0 - began.0);
    let measured = jobs.into_iter().zip(cases).map(|(job, case)| job.close(case)).collect();
    Outcome { measured, partial, measuring, pinned: pinned.filter(|p| !p.is_empty()), limits }
}

/// Why a case cannot be measured at all, or `None` where it can.
#[must_use]
pub fn not_applicable(entry: &Entry, case: &Case) -> Option<String> {
    if let Some(why) = entry.caps.excluded {
        return Some(why.into());
    }
    match (entry.runs_program, &case.program) {
        (true, None) => return Some("runs a program: say which with --exec COMMAND".into()),
        (false, Some(_)) => return Some("cannot run a program: exec does".into()),
        _ => {}
    }
    if let Some(why) = entry.caps.refuses(&case.link()) {
        return Some(why);
    }
    scenario::find(case.scenario).and_then(|s| (s.refuses)(&entry.caps, case))
}

fn job<'a>(registry: &'a Registry, case: &Case) -> Job<'a> {
    let entry = registry.get(case.transport);
    let not = match entry {
        None => Some("no such transport in this program".to_owned()),
        Some(entry) => not_applicable(entry, case),
    };
    let entry = entry.filter(|_| not.is_none());
    Job { entry, book: Book::new(case.clone()), not, over: false }
}

impl Job<'_> {
    fn shares_memory(&self) -> bool {
        self.entry.is_some_and(|entry| entry.caps.shares_memory())
    }

    fn fail(&mut self, error: &RunError) {
        self.over = true;
        if let RunError::Link(LinkError::Unsupported { why, .. }) = error {
            self.not = Some(why.clone());
        } else {
            self.book.fail(fault_of(error));
        }
    }

    fn close(self, case: &Case) -> Measured {
        if let Some(why) = self.not {
            return unmeasured(case, Status::NotApplicable, None, why);
        }
        let nothing = self.book.is_empty() && !self.book.has_failed();
        if nothing {
            let reason = "interrupted before it was measured".to_owned();
            return unmeasured(case, Status::Invalid, Some(Cause::Interrupted), reason);
        }
        self.book.close()
    }
}

/// A tag that neighbouring trials do not share.
#[expect(clippy::cast_possible_truncation, reason = "a tag is as good as its lowest bits")]
fn tag(began: Nanos, tries: u32, case: usize) -> u32 {
    (began.0 / 1_000) as u32 ^ (tries << 24) ^ ((case as u32) << 8) ^ std::process::id()
}

fn play(
    entry: &Entry,
    case: &Case,
    tag: u32,
    stop: &Stop,
    watch: Watch<'_>,
) -> Result<Trial, RunError> {
    let Some(scenario) = scenario::find(case.scenario) else {
        let why = format!("there is no scenario {}", case.scenario);
        return Err(LinkError::Unsupported { what: entry.name.into(), why }.into());
    };
    let plan = (scenario.plan)(case, tag);
    entry.play(&plan, stop, &|started| watch(Event::Started { case, started }))
}

fn fault_of(error: &RunError) -> Fault {
    let cause = match error {
        RunError::ChildDied { .. } | RunError::HostGone { .. } => Cause::ChildDied,
        RunError::Mute { .. } => Cause::Silent,
        _ => Cause::Refused,
    };
    Fault::new(cause, error.to_string())
}
