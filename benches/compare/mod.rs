//! What the benches over all transports have in common. They iterate over the registry,
//! so a transport enrolled there is measured here.
//!
//! One link, child process included, is opened for each benchmark and stands open for
//! all of criterion's iterations; only its use is timed. When criterion is through, the
//! same link is used a little longer for a record of our own. Then it is closed, the
//! child is reaped, and it is checked that every frame came, in order and undamaged.
//!
//! The terms are those of `pipefit run`: frames of the house, the same capacity asked of
//! all, halves that wait by `block`, each transport's usual policy, both sides pinned.
//!
//! Criterion knows no benchmark that fails. Where one does, the stack is unwound, so that
//! what is open is closed on the way, and `main` says why.

mod keep;

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::ExitCode;
use std::thread::{self, Scope};
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput};
use pipefit::ground::Bytes;
use pipefit::ground::frame::wire_len;
use pipefit::ground::host::two_cpus;
use pipefit::role::bare::{Order, Timed};
use pipefit::run::measure::unmeasured;
use pipefit::run::record::{Measured, Status};
use pipefit::run::session::not_applicable;
use pipefit::run::standing::{Fallen, Use, measured};
use pipefit::run::{Case, Entry, Registry, Standing, scenario};

use crate::flags::{Flags, Mode};

/// One bench.
pub(crate) struct Bench {
    /// What its benchmarks' names begin with.
    pub(crate) name: &'static str,
    /// The scenario that excludes the same transports.
    pub(crate) like: &'static str,
    /// What the links are used for.
    pub(crate) used: Use,
    /// Payloads in bytes.
    pub(crate) sizes: &'static [u64],
}

/// For the record, a link is used so often, and each time about so long.
const REPEATS: usize = 5;
const REPEAT_NS: f64 = 10e6;

/// Why a benchmark came to nothing, on its way to `main`.
struct Broken(String);

/// The whole of a bench's `main`.
#[expect(clippy::print_stderr, reason = "nobody else can be told")]
pub(crate) fn main(bench: &Bench) -> ExitCode {
    let registry = Registry::builtin();
    pipefit::init(&registry);
    let why = match catch_unwind(AssertUnwindSafe(|| bench.run(&registry))) {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(why)) => why,
        Err(thrown) => match thrown.downcast::<Broken>() {
            Ok(broken) => broken.0,
            Err(panic) => resume_unwind(panic),
        },
    };
    eprintln!("\n{}: {why}", bench.name);
    ExitCode::FAILURE
}

/// Short enough for all transports in a few minutes; flags have the last word.
fn criterion(mode: Mode) -> Criterion {
    let criterion = Criterion::default();
    let criterion =
        if cfg!(feature = "criterion-html") { criterion } else { criterion.without_plots() };
    criterion
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        // Of a first look, it is the limit.
        .measurement_time(Duration::from_millis(if mode == Mode::Quick { 200 } else { 1000 }))
        .nresamples(20_000)
        .configure_from_args()
}

impl Bench {
    #[expect(clippy::print_stdout, reason = "a bench prints its table")]
    fn run(&self, registry: &Registry) -> Result<(), String> {
        let flags = Flags::of(std::env::args().skip(1));
        let keeps = matches!(flags.mode, Mode::Quick | Mode::Full);
        let shelf = keeps.then(keep::Shelf::open).transpose()?;
        let mut criterion = criterion(flags.mode);
        if keeps {
            let pins = two_cpus();
            println!("{}: halves wait by block; near and far side on CPUs {pins:?}", self.name);
        }
        let mut group = criterion.benchmark_group(self.name);
        // Few and many frames at a time are not the same thing to a queue.
        if self.used == Use::Arrivals {
            group.sampling_mode(SamplingMode::Flat);
        }
        let mut all = Vec::new();
        // A program is nobody's to bench.
        for entry in registry.iter().filter(|entry| !entry.runs_program) {
            for &size in self.sizes {
                let id = format!("{}/{}/{}", self.name, entry.name, Bytes(size));
                match self.case(entry, size) {
                    Ok(case) => all.extend(self.measure(&mut group, entry, &case)),
                    Err(why) if flags.mode != Mode::List && flags.want(&id) => {
                        println!("{id}: skipped: {}", why.1);
                        let why = unmeasured(&why.0, Status::NotApplicable, None, why.1);
                        all.extend(entry.caps.excluded.is_none().then_some(why));
                    }
                    Err(_) => {}
                }
            }
        }
        group.finish();
        criterion.final_summary();
        let any = all.iter().any(|m: &Measured| m.cell.status == Status::Valid);
        if let Some(shelf) = shelf.filter(|_| any) {
            println!("report: {}", shelf.keep(self.name, all)?.display());
        }
        Ok(())
    }

    /// What is measured, or why it cannot be.
    fn case(&self, entry: &Entry, size: u64) -> Result<Case, (Box<Case>, String)> {
        let Some(like) = scenario::find(self.like) else {
            unreachable!("{} is a scenario", self.like)
        };
        let usual = Case {
            size: Bytes(size),
            policy: entry.caps.usual_policy(),
            pins: two_cpus(),
            ..Case::of(like, entry.name)
        };
        let refused = not_applicable(entry, &usual);
        let case = Case { scenario: self.name, ..usual };
        match refused {
            None => Ok(case),
            Some(why) => Err((Box::new(case), why)),
        }
    }

    /// Opens a link at the first iteration, if criterion wants any.
    fn measure(
        &self,
        group: &mut BenchmarkGroup<'_, WallTime>,
        entry: &Entry,
        case: &Case,
    ) -> Option<Measured> {
        let id = BenchmarkId::new(entry.name, case.size);
        let bytes = wire_len(case.size.as_usize()) as u64;
        group.throughput(Throughput::ElementsAndBytes { elements: 1, bytes });
        thread::scope(|scope| {
            let mut link = OneLink { scope, entry, case, used: self.used, open: None };
            let mut last = None;
            group.bench_function(id, |bencher| {
                bencher.iter_custom(|count| {
                    let timed = link.ask(Order::of(count));
                    let took = timed.took.0.max(1);
                    last = Some(timed);
                    Duration::from_nanos(took)
                });
            });
            let per_one = last.map(|timed: Timed| timed.took.0 as f64 / timed.count as f64)?;
            link.record(per_one)
        })
    }
}

/// One link, opened when it is first used.
struct OneLink<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    entry: &'scope Entry,
    case: &'env Case,
    used: Use,
    open: Option<Standing<'scope>>,
}

impl OneLink<'_, '_> {
    /// Has it used; a link that cannot be ends the bench.
    fn ask(&mut self, order: Order) -> Timed {
        let asked = match &self.open {
            Some(link) => link.ask(order),
            None => {
                let opened = Standing::open(self.scope, self.entry, self.case, self.used, &|_| ());
                match opened {
                    Ok(link) => self.open.insert(link).ask(order),
                    Err(why) => self.give_up(&why),
                }
            }
        };
        asked.unwrap_or_else(|end| match self.open.take().map(Standing::close) {
            Some(Err(why)) => self.give_up(&why),
            _ => self.give_up(&Fallen::Ended { who: "near", end }),
        })
    }

    /// Uses the link a little longer, closes it, and gives the cell of that.
    fn record(mut self, per_one: f64) -> Option<Measured> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded")]
        let count = (REPEAT_NS / per_one.max(1.0)).clamp(20.0, 1e7) as u64;
        let singly = self.used == Use::Trips;
        let timed: Vec<Timed> = (0..REPEATS).map(|_| self.ask(Order { count, singly })).collect();
        match self.open.take()?.close() {
            Ok(trial) => Some(measured(self.case, self.used, &timed, &trial)),
            Err(why) => self.give_up(&why),
        }
    }

    fn give_up(&self, why: &dyn Display) -> ! {
        let case = self.case;
        let text = format!("{} with {} of payload: {why}", case.transport, case.size);
        resume_unwind(Box::new(Broken(text)))
    }
}
