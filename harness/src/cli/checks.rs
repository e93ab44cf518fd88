//! What about this machine, and this build, may spoil figures: each finding with its
//! remedy. `doctor` shows all of them; every record carries those that need one.

use std::fs;

use pipefit::ground::host::{CpuTicks, Host, allowed_cpus, cpu_ticks, probe};
use pipefit::ground::time::{Resolution, measure_resolution};
use pipefit::ground::{Bytes, Clock, Monotonic, Nanos};
use pipefit::run::record::{Build, Warning};
use rustix::fs::statvfs;

use super::built::build;

/// How long the machine is looked at before a run.
const LOOK: Nanos = Nanos::from_millis(200);

/// More work of others than this, in percent, and figures suffer.
const BUSY_PCT: f64 = 20.0;

/// More time given to others by the host than this, in percent, and figures suffer.
const STEAL_PCT: f64 = 1.0;

/// Less shared memory than this, and some of what can be asked for does not fit.
const LITTLE: Bytes = Bytes(64 << 20);

/// A clock step above this hides what a fast link costs.
const COARSE: Nanos = Nanos::from_micros(1);

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Check {
    /// What was looked at, and what was found.
    pub(super) what: String,
    /// What helps; `None` where nothing need be done.
    pub(super) remedy: Option<String>,
}

impl Check {
    pub(super) fn fine(what: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: None }
    }

    pub(super) fn bad(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: Some(remedy.into()) }
    }
}

/// The machine before a run.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub(super) host: Host,
    pub(super) clock: Resolution,
    pub(super) build: Build,
    /// What the processors had done when the look was over.
    ticks: Option<CpuTicks>,
    /// The share of time that others kept the processors busy, in percent.
    busy_pct: Option<f64>,
    /// The share of time the host gave to others meanwhile, in percent.
    steal_pct: Option<f64>,
}

impl Look {
    /// Looks at the machine for a fifth of a second.
    pub(super) fn take() -> Self {
        let before = cpu_ticks();
        Monotonic.advance_to(Monotonic.now() + LOOK);
        let ticks = cpu_ticks();
        let between = before.zip(ticks);
        Self {
            host: probe(),
            clock: measure_resolution(),
            build: build(),
            ticks,
            busy_pct: between.and_then(|(a, b)| b.busy_pct_since(&a)),
            steal_pct: between.and_then(|(a, b)| b.steal_pct_since(&a)),
        }
    }

    /// The share of time that the host gave to others since, in percent.
    pub(super) fn steal_pct_since(&self) -> Option<f64> {
        cpu_ticks()?.steal_pct_since(&self.ticks?)
    }

    /// Everything that can be seen before a run.
    pub(super) fn checks(&self) -> Vec<Check> {
        let host = &self.host;
        vec![
            optimisation(&self.build),
            processors(allowed_cpus().len()),
            machine(host.virtualised.as_deref()),
            governor(host.governor.as_deref()),
            busy(self.busy_pct),
            clock_source(host.clocksource.as_deref()),
            resolution(self.clock),
            shared_memory(&fs::read_to_string("/proc/self/mounts").unwrap_or_default(), shm_free()),
        ]
    }

    /// What the host took while we looked.
    pub(super) fn steal(&self) -> Option<Check> {
        self.steal_pct.map(steal)
    }
}

/// Those that need a remedy, as a record has them.
pub(super) fn warnings(checks: Vec<Check>) -> Vec<Warning> {
    checks
        .into_iter()
        .filter_map(|check| Some(Warning { what: check.what, remedy: check.remedy? }))
        .collect()
}

fn optimisation(build: &Build) -> Check {
    if build.profile != "optimised" {
        return Check::bad(
            "unoptimised build: figures are several times too slow",
            "build with --release",
        );
    }
    if build.debug_assertions {
        return Check::bad("debug assertions are on: figures are too slow", "build with --release");
    }
    Check::fine("optimised build, without debug assertions")
}

fn processors(n: usize) -> Check {
    if n < 2 {
        return Check::bad(
            format!("only {n} processor: both ends take turns on it"),
            "give this process two processors, or compare in-process transports only",
        );
    }
    Check::fine(format!("{n} processors"))
}

fn machine(virtualised: Option<&str>) -> Check {
    match virtualised {
        Some(name) => Check::bad(
            format!("virtual machine ({name}): its host may take processors away at any time"),
            "prefer a machine of your own, or repeat runs and compare them side by side",
        ),
        None => Check::fine("no virtual machine, as far as the processor says"),
    }
}

fn governor(governor: Option<&str>) -> Check {
    match governor {
        Some("performance") => Check::fine("frequency governor performance"),
        Some(other) => Check::bad(
            format!("frequency governor {other}: the processors change their speed"),
            "cpupower frequency-set -g performance",
        ),
        None => Check::bad(
            "frequency governor unknown: the processors may change their speed",
            "on a machine of your own, make cpufreq available; on a virtual one only its host can",
        ),
    }
}

fn busy(pct: Option<f64>) -> Check {
    match pct {
        Some(pct) if pct > BUSY_PCT => Check::bad(
            format!("others keep the processors {pct:.0} % busy"),
            "end what else is running, or wait for it",
        ),
        Some(pct) => Check::fine(format!("others keep the processors {pct:.0} % busy")),
        None => Check::bad("how busy the processors are is unknown", "make /proc/stat readable"),
    }
}

/// The time that the host gave to others, in percent.
pub(super) fn steal(pct: f64) -> Check {
    let what = format!("the host gave {pct:.1} % of the time to others");
    if pct > STEAL_PCT {
        return Check::bad(what, "run again when the host is quieter, or on a machine of your own");
    }
    Check::fine(what)
}

fn clock_source(source: Option<&str>) -> Check {
    match source {
        Some(fast @ ("tsc" | "kvm-clock" | "arch_sys_counter")) => {
            Check::fine(format!("clock source {fast}"))
        }
        Some(other) => Check::bad(
            format!("clock source {other}: reading the clock may take microseconds"),
            "boot with clocksource=tsc if the processor's counter is stable",
        ),
        None => Check::bad("clock source unknown", "make /sys readable"),
    }
}

fn resolution(clock: Resolution) -> Check {
    let (step, cost) = (Nanos(clock.step_ns), Nanos(clock.cost_ns));
    let what = format!("clock step {step}, {cost} a reading");
    if step.max(cost) > COARSE {
        return Check::bad(
            what,
            "spans of a few microseconds cannot be told apart here: see the clock source",
        );
    }
    Check::fine(what)
}

/// Bytes that are free in /dev/shm.
fn shm_free() -> Option<Bytes> {
    let about = statvfs("/dev/shm").ok()?;
    Some(Bytes(about.f_bavail * about.f_frsize))
}

fn shared_memory(mounts: &str, free: Option<Bytes>) -> Check {
    let mount = mounts
        .lines()
        .map(|l| l.split(' ').collect::<Vec<_>>())
        .find(|f| f.get(1) == Some(&"/dev/shm"));
    let Some(fields) = mount else {
        return Check::bad(
            "no /dev/shm: shared memory cannot be had by name",
            "mount a tmpfs there",
        );
    };
    let mut options = fields.get(3).copied().unwrap_or_default().split(',');
    if options.any(|o| o == "ro") {
        return Check::bad("/dev/shm is read-only", "mount -o remount,rw /dev/shm");
    }
    match free {
        Some(free) if free < LITTLE => Check::bad(
            format!("only {} are free in /dev/shm: large queues do not fit", free.about()),
            "remove what else is there, or mount -o remount,size=1g /dev/shm \
             (a container: --shm-size=1g)",
        ),
        Some(free) => Check::fine(format!("/dev/shm is there, {} free", free.about())),
        None => Check::fine("/dev/shm is there; how much of it is free is unknown"),
    }
}

/// How cells are pinned: asked for, and found afterwards.
pub(super) fn pinning(asked: &[usize], found: Option<&[usize]>) -> Check {
    match (asked, found) {
        ([], _) if allowed_cpus().len() < 2 => Check::bad(
            "not pinned: there is only one processor",
            "give this process two processors",
        ),
        ([], _) => Check::bad(
            "not pinned: placement alone can change figures several times over",
            "--pin 0,1, or leave --pin away",
        ),
        (_, None) => Check::bad(
            "no cell was pinned, although it was asked for",
            "see the reasons beside the cells",
        ),
        (_, Some(cpus)) => Check::fine(format!("pinned to {cpus:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trouble_has_a_remedy_and_each_calm_none() {
        let build = |profile: &str, debug_assertions| Build {
            profile: profile.into(),
            debug_assertions,
            commit: None,
        };
        let shm = |options| format!("proc /proc proc rw 0 0\ntmpfs /dev/shm tmpfs {options} 0 0\n");
        for (fine, bad) in [
            (optimisation(&build("optimised", false)), optimisation(&build("optimised", true))),
            (processors(2), processors(1)),
            (machine(None), machine(Some("a cloud"))),
            (governor(Some("performance")), governor(None)),
            (busy(Some(3.0)), busy(Some(21.0))),
            (steal(1.0), steal(1.1)),
            (clock_source(Some("tsc")), clock_source(Some("hpet"))),
            (
                resolution(Resolution { step_ns: 30, cost_ns: 31 }),
                resolution(Resolution { step_ns: 30, cost_ns: 1_031 }),
            ),
            (shared_memory(&shm("rw,nosuid"), None), shared_memory(&shm("ro,nosuid"), None)),
            (
                shared_memory(&shm("rw"), Some(LITTLE)),
                shared_memory(&shm("rw"), Some(Bytes(LITTLE.0 - 1))),
            ),
            (pinning(&[0, 1], Some(&[0, 1])), pinning(&[0, 1], None)),
        ] {
            assert_eq!(fine.remedy, None, "{fine:?}");
            assert!(bad.remedy.is_some(), "{bad:?}");
        }
        assert!(optimisation(&build("unoptimised", true)).what.contains("unoptimised"));
        assert!(shared_memory("", None).remedy.is_some());
        assert_eq!(warnings(vec![processors(2), processors(1)]).len(), 1);
    }
}
