//! A session: many cases, repeated and interleaved.
//!
//! Each repeat goes once over all cases before the next begins, so that a machine
//! that changes under us changes for all of them, and no transport's repeats stand
//! back to back. A repeat that misses its rate is measured again, at the end of the
//! pass, up to twice.

use std::collections::VecDeque;

use super::case::Case;
use super::launch::{RunError, Started, Trial};
use super::measure::{Book, Fault, unmeasured};
use super::record::{Cause, Cell, Measured, Status};
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
}

/// Who is asked what happens; called from the thread that measures.
pub type Watch<'a> = &'a (dyn Fn(Event<'_>) + Sync);

/// One cell on its way: trials are added one by one, by whoever decides whether there
/// are to be more of them.
#[derive(Debug)]
pub struct Course<'a> {
    case: &'a Case,
    entry: Option<&'a Entry>,
    book: Book,
    began: Nanos,
    /// Why it is not measured, if so.
    not: Option<String>,
    /// Whether the last trial came to nothing, so that no more are tried.
    over: bool,
    /// A trial that missed its rate and is to be measured again. It is booked only
    /// where nobody comes to do so, and there is no other.
    held: Option<(Box<Trial>, Option<Fault>)>,
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
    let mut courses: Vec<Course<'_>> =
        cases.iter().map(|case| Course::new(registry, case)).collect();
    let mut pinned: Option<Vec<usize>> = None;
    'passes: for repeat in 0..repeats.max(1) {
        let mut queue: VecDeque<(usize, u32)> = (0..cases.len()).map(|i| (i, 0)).collect();
        while let Some((i, retry)) = queue.pop_front() {
            if stop.asked().is_some() {
                break 'passes;
            }
            let course = &mut courses[i];
            if course.is_over() {
                continue;
            }
            let (played, fault) = course.play(i, repeat, stop, watch);
            let missed = fault.as_ref().is_some_and(|f| f.cause == Cause::MissedRate);
            if let Ok(trial) = &played {
                pinned = Some(trial.pinned.clone()).max(pinned);
            }
            if missed && retry < RETRIES {
                queue.push_back((i, retry + 1));
                course.hold(played, fault);
                continue;
            }
            course.enter(played, fault);
        }
    }
    let partial = stop.asked().is_some();
    let measuring = Nanos(Monotonic.now().0 - began.0);
    let measured = courses.into_iter().map(Course::close).collect();
    Outcome { measured, partial, measuring, pinned: pinned.filter(|p| !p.is_empty()) }
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

impl<'a> Course<'a> {
    /// Nothing is measured yet.
    #[must_use]
    pub fn new(registry: &'a Registry, case: &'a Case) -> Self {
        let entry = registry.get(case.transport);
        let not = match entry {
            None => Some("no such transport in this program".to_owned()),
            Some(entry) => not_applicable(entry, case),
        };
        let entry = entry.filter(|_| not.is_none());
        let (book, began) = (Book::new(case.clone()), Monotonic.now());
        Self { case, entry, book, began, not, over: false, held: None }
    }

    /// Measures it once more, and once again where the rate was missed, up to twice. The
    /// answer is the cell of this trial alone: one that came to nothing before is no reason
    /// not to try.
    pub fn trial(&mut self, number: u32, stop: &Stop, watch: Watch<'_>) -> Cell {
        self.over = self.not.is_some();
        let mut page = Book::new(self.case.clone());
        let mut again = !self.is_over() && stop.asked().is_none();
        while again {
            let (played, fault) = self.play(0, number, stop, watch);
            page.tries += 1;
            let missed = fault.as_ref().is_some_and(|f| f.cause == Cause::MissedRate);
            let owed = missed && page.tries <= RETRIES;
            again = owed && stop.asked().is_none();
            if again {
                continue;
            }
            match &played {
                Ok(trial) => page.add(trial, fault.clone()),
                Err(error) => page.fail(fault_of(error)),
            }
            if owed {
                self.hold(played, fault);
            } else {
                self.enter(played, fault);
            }
        }
        self.closed(page).cell
    }

    fn is_over(&self) -> bool {
        self.over || self.entry.is_none()
    }

    /// Plays one trial, which is not booked yet. `place` tells it from its neighbours.
    fn play(
        &mut self,
        place: usize,
        repeat: u32,
        stop: &Stop,
        watch: Watch<'_>,
    ) -> (Result<Trial, RunError>, Option<Fault>) {
        let case = self.case;
        watch(Event::Begins { case, repeat });
        self.book.tries += 1;
        let tag = tag(self.began, self.book.tries, place);
        let played = match self.entry {
            Some(entry) => play(entry, case, tag, stop, watch),
            None => Err(RunError::Panicked("a cell that cannot be measured")),
        };
        let fault = match &played {
            Ok(trial) => self.book.fault_of(trial),
            Err(error) => Some(fault_of(error)),
        };
        watch(Event::Ended { case, repeat, fault: fault.as_ref() });
        (played, fault)
    }

    fn hold(&mut self, played: Result<Trial, RunError>, fault: Option<Fault>) {
        self.held = played.ok().map(|trial| (Box::new(trial), fault));
    }

    fn enter(&mut self, played: Result<Trial, RunError>, fault: Option<Fault>) {
        self.held = None;
        match played {
            Ok(trial) => self.book.add(&trial, fault),
            Err(error) => self.fail(&error),
        }
    }

    fn fail(&mut self, error: &RunError) {
        self.over = true;
        if let RunError::Link(LinkError::Unsupported { why, .. }) = error {
            self.not = Some(why.clone());
        } else {
            self.book.fail(fault_of(error));
        }
    }

    /// What all trials came to.
    #[must_use]
    pub fn close(mut self) -> Measured {
        if let Some((trial, fault)) = self.held.take()
            && self.book.is_empty()
        {
            self.book.add(&trial, fault);
        }
        let book = std::mem::replace(&mut self.book, Book::new(self.case.clone()));
        self.closed(book)
    }

    fn closed(&self, book: Book) -> Measured {
        if let Some(why) = &self.not {
            return unmeasured(self.case, Status::NotApplicable, None, why.clone());
        }
        if book.is_empty() && !book.has_failed() {
            let reason = "interrupted before it was measured".to_owned();
            return unmeasured(self.case, Status::Invalid, Some(Cause::Interrupted), reason);
        }
        book.close()
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
