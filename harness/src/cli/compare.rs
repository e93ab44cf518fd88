//! `compare`: every transport over the default scenarios. How long each of them is
//! measured is [`spans`]' business.

use pipefit::ground::Nanos;
use pipefit::role::Extent;
use pipefit::run::record::{Cause, Cell, Status};
use pipefit::run::session::not_applicable;
use pipefit::run::{Case, Registry, Scenario, scenario};

use super::args::{CompareArgs, Manner};
use super::axes::{Timing, cross};
use super::exit::Exit;
use super::failure::Failure;
use super::job::{Job, Part};
use super::out::Out;
use super::spans::{self, Counts};

/// What is compared.
const SCENARIOS: [&str; 4] = ["stream", "rtt", "max", "gui60"];

/// The scenario that needs long observation rather than repeats: how old a screen is
/// is a share of time.
const SCREEN: &str = "gui60";

pub(super) fn compare(
    registry: &Registry,
    args: CompareArgs,
    manner: Manner,
    out: &Out,
) -> Result<Exit, Failure> {
    let axes = &args.measure.axes;
    let pins = axes.pins();
    let cases = |screens: bool, timing: &dyn Fn(&Scenario) -> Timing| {
        let wanted = SCENARIOS.iter().filter_map(|name| scenario::find(name));
        let these: Vec<_> = wanted.filter(|s| (s.name == SCREEN) == screens).collect();
        cross(axes, registry, &these, &pins, timing)
    };
    let spans = if axes.quick { spans::QUICK } else { spans::FULL };
    let plan = spans.plan(count(registry, |screens| {
        cases(screens, &|s| Timing { warmup: Nanos(0), extent: Extent::For(s.span) })
    }));
    let short = |s: &Scenario| if s.rate.is_some() { plan.paced } else { plan.flat };
    let parts = [
        Part { cases: cases(false, &short), repeats: axes.repeat.unwrap_or(plan.repeats) },
        Part { cases: cases(true, &|_| plan.screen), repeats: axes.repeat.unwrap_or(1) },
    ];
    Job { registry, args: &args.measure, manner: &manner, out, spoils }.perform(&parts)
}

/// A transport that cannot keep the pace is a finding of a comparison; one that loses
/// frames or its child is a fault.
fn spoils(cell: &Cell) -> bool {
    cell.status == Status::Invalid && cell.cause != Some(Cause::MissedRate)
}

/// How many cells can be measured; `cases` gives those with screens, or without.
fn count(registry: &Registry, cases: impl Fn(bool) -> Vec<Case>) -> Counts {
    let can = |case: &&Case| {
        registry.get(case.transport).is_some_and(|entry| not_applicable(entry, case).is_none())
    };
    let short = cases(false);
    let (paced, flat): (Vec<&Case>, Vec<&Case>) =
        short.iter().filter(can).partition(|case| case.rate.is_some());
    let screens = cases(true).iter().filter(can).count();
    Counts { paced: paced.len() as u64, flat: flat.len() as u64, screens: screens as u64 }
}
