//! `run`: scenarios over any axes.

use pipefit::ground::Nanos;
use pipefit::role::Extent;
use pipefit::run::record::Status;
use pipefit::run::{Registry, scenario};

use super::args::{Manner, RunArgs};
use super::axes::{Timing, cross, usual_warmup};
use super::exit::Exit;
use super::failure::Failure;
use super::job::{Job, Part};
use super::out::Out;

/// How long a cell is measured for a first look.
const QUICK: Timing =
    Timing { warmup: Nanos::from_millis(100), extent: Extent::For(Nanos::from_millis(500)) };

pub(super) fn run(
    registry: &Registry,
    args: RunArgs,
    manner: Manner,
    out: &Out,
) -> Result<Exit, Failure> {
    let axes = &args.measure.axes;
    let scenarios: Vec<_> = args.scenario.iter().filter_map(|name| scenario::find(name)).collect();
    let cases = cross(axes, registry, &scenarios, &axes.pins(), |scenario| {
        if axes.quick {
            QUICK
        } else {
            Timing { warmup: usual_warmup(scenario), extent: Extent::For(scenario.span) }
        }
    });
    let part = Part { cases, repeats: axes.repeat.unwrap_or(1) };
    let job = Job {
        registry,
        args: &args.measure,
        manner: &manner,
        out,
        // Whoever asks for a cell by name wants figures that can be used.
        spoils: |cell| cell.status == Status::Invalid,
    };
    job.perform(&[part])
}
