//! From words on the command line to cases: each axis is read exactly, and all of
//! them are crossed. What cannot be is refused here, by the flag's name.

use std::collections::BTreeSet;

use pipefit::ground::host::{allowed_cpus, two_cpus};
use pipefit::ground::{Bytes, Hertz, Nanos};
use pipefit::link::{Policy, Wait};
use pipefit::role::Extent;
use pipefit::role::guest::Dialect;
use pipefit::role::screen::ScreenSpec;
use pipefit::run::{Case, Entry, Program, Registry, Scenario};

use super::args::Axes;

/// Which CPUs to pin to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pins {
    /// None.
    Off,
    /// These: consumer first, then producer.
    On(Vec<usize>),
}

/// How long a case is measured, and what comes before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timing {
    pub(super) warmup: Nanos,
    pub(super) extent: Extent,
}

/// Every combination of the axes, in the order in which reports show them. An axis
/// that a scenario does not have makes no second cell of the same id.
pub(super) fn cross(
    axes: &Axes,
    registry: &Registry,
    scenarios: &[&'static Scenario],
    pins: &[usize],
    timing: impl Fn(&Scenario) -> Timing,
) -> Vec<Case> {
    let mut cases = Vec::new();
    for scenario in scenarios {
        let Timing { warmup, extent } = timing(scenario);
        for (entry, program) in transports(axes, registry) {
            let usual = [entry.caps.usual_policy()];
            let policies = if axes.policy.is_empty() { &usual[..] } else { &axes.policy };
            for (size, rate, wait, policy, capacity, burst) in
                combinations(axes, scenario, policies)
            {
                // A program has a rate of its own, and what it sends first counts.
                let (rate, warmup) = match program {
                    Some(_) if axes.rate.is_empty() => (None, Nanos(0)),
                    Some(_) => (rate, Nanos(0)),
                    None => (rate, warmup),
                };
                cases.push(Case {
                    scenario: scenario.name,
                    transport: entry.name,
                    program: program.clone(),
                    elsewhere: false,
                    size,
                    rate,
                    warmup: axes.warmup.unwrap_or(warmup),
                    extent: axes.extent().unwrap_or(extent),
                    wait,
                    policy,
                    capacity,
                    burst,
                    screen: ScreenSpec { cost: axes.draw_cost, ..ScreenSpec::GUI60 },
                    silence: axes.silence,
                    patience: axes.send_timeout,
                    handicap: 0,
                    pins: pins.to_vec(),
                });
            }
        }
    }
    let mut ids = BTreeSet::new();
    cases.retain(|case| axes.selects(&case.id()) && ids.insert(case.id()));
    cases
}

type Combination = (Bytes, Option<Hertz>, Wait, Policy, Bytes, u64);

fn combinations(axes: &Axes, scenario: &Scenario, policies: &[Policy]) -> Vec<Combination> {
    let rates: Vec<Option<Hertz>> = match scenario.rate {
        None => vec![None],
        usual if axes.rate.is_empty() => vec![usual],
        Some(_) => axes.rate.iter().copied().map(Some).collect(),
    };
    let mut all = Vec::new();
    for &size in &axes.size {
        for &rate in &rates {
            for &wait in &axes.wait {
                for &policy in policies {
                    for &capacity in &axes.capacity {
                        for &burst in &axes.burst {
                            all.push((size, rate, wait, policy, capacity, burst));
                        }
                    }
                }
            }
        }
    }
    all
}

/// The transports asked for, or all of them, each with what it is to run. Programs are
/// only run where some are given, and then nothing else is unless asked for.
fn transports<'a>(axes: &Axes, registry: &'a Registry) -> Vec<(&'a Entry, Option<Program>)> {
    let programs = axes.programs();
    let asked: Vec<&Entry> = match &axes.transport[..] {
        [] => registry.iter().filter(|e| e.runs_program != programs.is_empty()).collect(),
        names => names.iter().filter_map(|name| registry.get(name)).collect(),
    };
    let mut found = Vec::new();
    for entry in asked {
        if entry.runs_program && !programs.is_empty() {
            found.extend(programs.iter().map(|program| (entry, Some(program.clone()))));
        } else {
            found.push((entry, None));
        }
    }
    found
}

impl Axes {
    /// How much to measure, where that was said.
    pub(super) fn extent(&self) -> Option<Extent> {
        self.messages.map(Extent::Frames).or_else(|| self.duration.map(Extent::For))
    }

    /// Whether each program has a wire, or all of them have one.
    pub(super) fn wires_match(&self) -> Result<(), String> {
        match (self.wire.len(), self.exec.len()) {
            (1, _) => Ok(()),
            (wires, programs) if wires == programs => Ok(()),
            (wires, programs) => Err(format!(
                "--wire is given {wires} times and --exec {programs}: give it once, or once for each"
            )),
        }
    }

    /// The programs that are to be sensors, each with what it writes.
    fn programs(&self) -> Vec<Program> {
        let wires = self.wire.iter().chain(self.wire.last().into_iter().cycle());
        let program = |(command, dialect): (&String, &Dialect)| Program {
            command: command.clone(),
            dialect: dialect.clone(),
        };
        self.exec.iter().zip(wires).map(program).collect()
    }

    fn selects(&self, id: &str) -> bool {
        self.filter.as_ref().is_none_or(|regex| regex.is_match(id))
    }

    /// The CPUs to pin to.
    pub(super) fn pins(&self) -> Vec<usize> {
        chosen(self.pin.as_ref())
    }
}

/// The CPUs to pin to: those asked for, else the first two there are.
pub(super) fn chosen(pins: Option<&Pins>) -> Vec<usize> {
    match pins {
        Some(Pins::Off) => Vec::new(),
        Some(Pins::On(cpus)) => cpus.clone(),
        None => two_cpus(),
    }
}

/// A command for the shell.
pub(super) fn command(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("it is empty: write a command, as in 'python3 sensor.py'".into());
    }
    if text.contains('\0') {
        return Err("it contains a zero byte".into());
    }
    Ok(text.trim().to_owned())
}

/// Where another host is, or is to come to.
pub(super) fn endpoint(text: &str) -> Result<String, String> {
    let text = text.trim();
    let address = text.strip_prefix("tcp/").unwrap_or_default();
    match address.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(text.into()),
        _ => Err("not an endpoint: write tcp/HOST:PORT, as in tcp/192.168.1.7:7447".into()),
    }
}

/// How many sensors there are.
pub(super) fn producers(text: &str) -> Result<u32, String> {
    match text.trim() {
        "1" => Ok(1),
        _ => Err("only 1 for now: several producers come with the scenario fanin".into()),
    }
}

/// `none`, or one or two CPUs that this process may use.
pub(super) fn pins(text: &str) -> Result<Pins, String> {
    if text.trim() == "none" {
        return Ok(Pins::Off);
    }
    let there = allowed_cpus();
    let cpus: Vec<usize> = text
        .split(',')
        .map(|cpu| cpu.trim().parse().map_err(|_| "write CPU numbers, as in 0,1, or none"))
        .collect::<Result<_, _>>()?;
    if cpus.len() > 2 {
        return Err("two CPUs at most: the consumer's, then the producer's".into());
    }
    match cpus.iter().find(|cpu| !there.contains(cpu)) {
        Some(cpu) => Err(format!(
            "CPU {cpu} is not to be had: this process may use {there:?} (or --pin none)"
        )),
        None => Ok(Pins::On(cpus)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_producer() {
        assert_eq!(producers("1"), Ok(1));
        assert!(producers("2").unwrap_err().contains("fanin"));
    }

    #[test]
    fn pins_are_cpus_that_there_are() {
        let cpu = allowed_cpus()[0];
        assert_eq!(pins("none"), Ok(Pins::Off));
        assert_eq!(pins(&format!("{cpu},{cpu}")), Ok(Pins::On(vec![cpu, cpu])));
        for bad in ["900", "0,", "zero", "-1", "0,0,0", ""] {
            assert!(pins(bad).is_err(), "{bad}");
        }
    }
}
