//! `run`: scenarios over any axes.

use pipefit::ground::Nanos;
use pipefit::role::Extent;
use pipefit::run::record::Status;
use pipefit::run::{Registry, scenario};

use super::args::{Manner, RunArgs};
use super::axes::{Timing, cross};
use super::exit::Exit;
use super::failure::Failure;
use super::job::{Job, Part};
use super::out::Out;

/// How long a cell is measured for a first look.
const QUICK: Timing =
    Timing { warmup: Nanos::from_millis(100), extent: Extent::For(Nanos::from_millis(500)) };

pub(super) fn run(
    registry: &Registry,
    mut args: RunArgs,
    manner: Manner,
    out: &Out,
) -> Result<Exit, Failure> {
    if args.listen.is_some() && args.measure.axes.transport.is_empty() {
        args.measure.axes.transport.push("zenoh".into());
    }
    let axes = &args.measure.axes;
    let scenarios: Vec<_> = args.scenario.iter().filter_map(|name| scenario::find(name)).collect();
    let mut cases = cross(axes, registry, &scenarios, &axes.pins(), |scenario| {
        if axes.quick {
            QUICK
        } else {
            Timing { warmup: scenario.usual_warmup(), extent: Extent::For(scenario.span) }
        }
    });
    let elsewhere = elsewhere(registry, &args)?;
    cases.iter_mut().for_each(|case| case.elsewhere = elsewhere.is_some());
    let registry = elsewhere.as_ref().unwrap_or(registry);
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

/// The transports, with a sensor on another host, where one is to join.
fn elsewhere(registry: &Registry, args: &RunArgs) -> Result<Option<Registry>, Failure> {
    let Some(endpoint) = &args.listen else { return Ok(None) };
    await_sensor(registry, endpoint).map(Some)
}

#[cfg(feature = "zenoh")]
fn await_sensor(registry: &Registry, endpoint: &str) -> Result<Registry, Failure> {
    use std::sync::Arc;

    use pipefit::link::Stop;
    use pipefit::run::host::{Host, JOIN};

    let failed = |why: String| Failure::Elsewhere(format!("--listen {endpoint}: {why}"));
    let host = Host::listen(endpoint).map_err(|e| failed(e.to_string()))?;
    super::out::tell(&format!("waiting {JOIN} at {endpoint} for a sensor to join\n"));
    host.await_sensor(JOIN, &Stop::default()).map_err(|e| failed(e.to_string()))?;
    Ok(registry.clone().with_sensor_on(Arc::new(host)))
}

#[cfg(not(feature = "zenoh"))]
fn await_sensor(_: &Registry, _: &str) -> Result<Registry, Failure> {
    Err(Failure::Elsewhere(super::NO_ZENOH.into()))
}
