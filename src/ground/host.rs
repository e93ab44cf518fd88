//! What machine this is: probed facts only, unknown where unknown; and pinning
//! that is verified.

use std::fs;
use std::thread::available_parallelism;

use rustix::process::{Pid, test_kill_process};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A machine, as far as it could be probed. What could not is `None`, never a guess.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Host {
    /// The processor's own name.
    pub cpu: Option<String>,
    /// Processors this process may run on.
    pub cores: Option<usize>,
    /// Kernel name and release.
    pub kernel: String,
    /// Main memory in bytes.
    pub memory_bytes: Option<u64>,
    /// The frequency governor of the first processor.
    pub governor: Option<String>,
    /// The hypervisor, or its machine's name, where the processor says it is virtual.
    #[serde(rename = "virtual")]
    pub virtualised: Option<String>,
    /// The kernel's clock source.
    pub clocksource: Option<String>,
}

fn read_trimmed(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn field(text: &str, name: &str) -> Option<String> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim().to_owned())
}

fn virtualised(cpuinfo: &str) -> Option<String> {
    let flags = field(cpuinfo, "flags")?;
    if !flags.split(' ').any(|f| f == "hypervisor") {
        return None;
    }
    read_trimmed("/sys/class/dmi/id/sys_vendor")
        .or_else(|| read_trimmed("/sys/hypervisor/type"))
        .or_else(|| Some("hypervisor (unnamed)".to_owned()))
}

/// Probes this machine. Reads a handful of files; takes well under a millisecond.
#[must_use]
pub fn probe() -> Host {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let uname = rustix::system::uname();
    Host {
        cpu: field(&cpuinfo, "model name"),
        cores: available_parallelism().ok().map(usize::from),
        kernel: format!(
            "{} {}",
            uname.sysname().to_string_lossy(),
            uname.release().to_string_lossy()
        ),
        memory_bytes: field(&meminfo, "MemTotal")
            .and_then(|v| v.strip_suffix(" kB")?.trim().parse::<u64>().ok())
            .map(|kib| kib * 1024),
        governor: read_trimmed("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        virtualised: virtualised(&cpuinfo),
        clocksource: read_trimmed(
            "/sys/devices/system/clocksource/clocksource0/current_clocksource",
        ),
    }
}

/// Time the processors spent, in the kernel's ticks since boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuTicks {
    total: u64,
    steal: u64,
    busy: u64,
    processors: usize,
}

/// Reads the first line of /proc/stat; `None` where there is none.
#[must_use]
pub fn cpu_ticks() -> Option<CpuTicks> {
    parse_ticks(&fs::read_to_string("/proc/stat").ok()?)
}

fn parse_ticks(stat: &str) -> Option<CpuTicks> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = line.split_whitespace().map_while(|t| t.parse().ok()).collect();
    let [_user, _nice, _system, idle, iowait, _irq, _softirq, steal, ..] = ticks[..] else {
        return None;
    };
    let total = ticks.iter().take(8).sum::<u64>();
    let each =
        |line: &&str| line.strip_prefix("cpu").is_some_and(|n| n.starts_with(char::is_numeric));
    let processors = stat.lines().filter(each).count();
    Some(CpuTicks { total, steal, busy: total - idle - iowait - steal, processors })
}

/// The first two processors that this process may use, to pin two sides to; none where
/// there are fewer: two ends that spin on one core show nothing.
#[must_use]
pub fn two_cpus() -> Vec<usize> {
    match allowed_cpus()[..] {
        [first, second, ..] => vec![first, second],
        _ => Vec::new(),
    }
}

/// What stands behind the name in a process's `stat` (proc(5)), the state first. The name
/// stands in parentheses and may hold anything, parentheses too.
pub(crate) fn behind_name(stat: &str) -> Option<&str> {
    Some(stat.rsplit_once(") ")?.1)
}

/// What this process and its children that it waited for have had of the processors, in
/// the kernel's ticks; `None` where that cannot be read.
#[must_use]
pub fn own_ticks() -> Option<u64> {
    parse_own_ticks(&fs::read_to_string("/proc/self/stat").ok()?)
}

fn parse_own_ticks(stat: &str) -> Option<u64> {
    // utime, stime, cutime and cstime (proc(5)), counted from the state on.
    let four = behind_name(stat)?.split(' ').skip(11).take(4).map(|n| n.parse::<u64>().ok());
    four.collect::<Option<Vec<_>>>().filter(|all| all.len() == 4).map(|all| all.iter().sum())
}

impl CpuTicks {
    /// How many processors others kept busy since `earlier`, where `own` is what this
    /// process and its children had of them in the meantime.
    #[must_use]
    pub fn others_since(&self, earlier: &Self, own: u64) -> Option<f64> {
        let total = self.total.checked_sub(earlier.total).filter(|t| *t > 0)?;
        let busy = self.busy.saturating_sub(earlier.busy).saturating_sub(own);
        Some(busy as f64 * self.processors as f64 / total as f64)
    }

    /// The share of time since `earlier` that the host gave to others, in percent.
    #[must_use]
    pub fn steal_pct_since(&self, earlier: &Self) -> Option<f64> {
        self.share(earlier, |t| t.steal)
    }

    /// The share of time since `earlier` that the processors worked, in percent.
    #[must_use]
    pub fn busy_pct_since(&self, earlier: &Self) -> Option<f64> {
        self.share(earlier, |t| t.busy)
    }

    fn share(&self, earlier: &Self, of: impl Fn(&Self) -> u64) -> Option<f64> {
        let total = self.total.checked_sub(earlier.total).filter(|t| *t > 0)?;
        Some(of(self).saturating_sub(of(earlier)) as f64 * 100.0 / total as f64)
    }
}

/// When a process started, in the kernel's ticks since boot; `None` where there is none
/// of that pid. Pid and start together name a process for good: pids are used again.
#[must_use]
pub fn started(pid: u32) -> Option<u64> {
    Some(life(pid)?.0)
}

/// Whether the process of that pid and start still runs. One that nobody has reaped
/// does not; one that may not be looked at is taken to.
#[must_use]
pub fn is_running(pid: u32, start: u64) -> bool {
    if let Some((started, ended)) = life(pid) {
        return started == start && !ended;
    }
    // Not there, or hidden from this user (hidepid in proc(5)).
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

/// When a process started, and whether it has ended and only waits to be reaped.
fn life(pid: u32) -> Option<(u64, bool)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in parentheses and may hold anything, parentheses too. Behind it
    // stand the state, 18th the number of threads and 20th the start.
    let fields: Vec<&str> = behind_name(&stat)?.split_whitespace().collect();
    let number = |i: usize| fields.get(i)?.parse::<u64>().ok();
    // With other threads, it is the first one alone that has ended.
    let ended = matches!(fields.first(), Some(&("Z" | "X"))) && number(17)? <= 1;
    Some((number(19)?, ended))
}

/// Bytes of memory that can still be had, swap space included.
#[must_use]
pub fn memory_left() -> Option<u64> {
    let meminfo = fs::read_to_string("/proc/meminfo").ok()?;
    let kib = |name| field(&meminfo, name)?.strip_suffix(" kB")?.trim().parse::<u64>().ok();
    Some((kib("MemAvailable")? + kib("SwapFree").unwrap_or(0)) * 1024)
}

/// What tells the pids of this container from another's (see pid_namespaces(7)).
#[must_use]
pub fn pid_space() -> Option<u64> {
    let link = fs::read_link("/proc/self/ns/pid").ok()?;
    link.to_str()?.strip_prefix("pid:[")?.strip_suffix(']')?.parse().ok()
}

/// Why a thread could not be pinned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// The kernel refused.
    #[error(
        "cannot pin to CPU {cpu}: {source}; this process may use CPUs {allowed:?} (--pin none to go without)"
    )]
    Refused {
        /// The CPU asked for.
        cpu: usize,
        /// The CPUs there are for this process.
        allowed: Vec<usize>,
        /// What the kernel said.
        source: rustix::io::Errno,
    },
    /// The kernel agreed, but the thread stands elsewhere.
    #[error("asked for CPU {cpu}, but the kernel reports {got:?}")]
    NotHonoured {
        /// The CPU asked for.
        cpu: usize,
        /// The CPUs reported afterwards.
        got: Vec<usize>,
    },
}

/// The CPUs that the calling thread may run on.
#[must_use]
pub fn allowed_cpus() -> Vec<usize> {
    let Ok(set) = sched_getaffinity(None) else {
        return Vec::new();
    };
    (0..CpuSet::MAX_CPU).filter(|&cpu| set.is_set(cpu)).collect()
}

/// Pins the calling thread to one CPU, and asks the kernel whether it holds.
///
/// # Errors
/// [`PinError`] where the CPU does not exist, is not allowed, or is not honoured.
pub fn pin_thread(cpu: usize) -> Result<(), PinError> {
    let refused = |source| PinError::Refused { cpu, allowed: allowed_cpus(), source };
    if cpu >= CpuSet::MAX_CPU {
        return Err(refused(rustix::io::Errno::INVAL));
    }
    let mut set = CpuSet::new();
    set.set(cpu);
    sched_setaffinity(None, &set).map_err(refused)?;
    match allowed_cpus() {
        got if got == [cpu] => Ok(()),
        got => Err(PinError::NotHonoured { cpu, got }),
    }
}

/// The most memory this process has held so far, in bytes (`VmHWM`).
#[must_use]
pub fn rss_max_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kib: u64 = field(&status, "VmHWM")?.strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steal_is_a_share_of_all_time() {
        let a = parse_ticks("cpu  100 0 50 800 10 0 0 40 7 0\n").unwrap();
        let b = parse_ticks("cpu  110 0 60 860 10 0 0 60 9 0\n").unwrap();
        assert_eq!(b.steal_pct_since(&a), Some(20.0));
        assert_eq!(b.busy_pct_since(&a), Some(20.0));
        assert_eq!(a.steal_pct_since(&a), None, "no time, no share");
        assert_eq!(parse_ticks("intr 5"), None);
    }

    #[test]
    fn what_others_do_is_what_we_did_not() {
        let a = parse_ticks("cpu  100 0 50 800 10 0 0 40\ncpu0 1\ncpu1 1\nintr 5\n").unwrap();
        let b = parse_ticks("cpu  160 0 70 890 10 0 0 70\ncpu0 1\ncpu1 1\nintr 5\n").unwrap();
        // 200 ticks of two processors; 80 of them busy, 30 of those our own.
        assert_eq!(b.others_since(&a, 30), Some(0.5));
        assert_eq!(b.others_since(&a, 300), Some(0.0), "ticks are coarse");
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 2 3 4 11 12 13 14 20 0 1";
        assert_eq!(parse_own_ticks(stat), Some(50));
        assert_eq!(parse_own_ticks("7 (cut) S 1 7"), None);
        assert!(own_ticks().is_some());
    }

    #[test]
    fn pinning_is_verified_or_refused_by_name() {
        let cpu = allowed_cpus()[0];
        std::thread::spawn(move || {
            pin_thread(cpu).unwrap();
            assert_eq!(allowed_cpus(), [cpu]);
            let err = pin_thread(900).unwrap_err().to_string();
            assert!(err.contains("CPU 900"), "{err}");
        })
        .join()
        .unwrap();
    }

    #[test]
    fn a_process_runs_until_it_has_ended_whether_reaped_or_not() {
        let me = std::process::id();
        let mine = started(me).unwrap();
        assert!(is_running(me, mine));
        assert!(!is_running(me, mine + 1), "another process of that pid");
        assert!(!is_running(i32::MAX.unsigned_abs(), 1), "there is none");
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let its = started(child.id()).unwrap();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(5);
        while is_running(child.id(), its) && std::time::Instant::now() < deadline {
            std::thread::yield_now();
        }
        assert!(!is_running(child.id(), its), "it has ended");
        assert_eq!(started(child.id()), Some(its), "and is not reaped");
        child.wait().unwrap();
        assert!(!is_running(child.id(), its));
    }

    #[test]
    fn a_probe_tells_facts_or_nothing() {
        let host = probe();
        assert!(host.kernel.len() > 3);
        assert!(host.cpu.as_deref() != Some(""));
        assert!(memory_left().is_none_or(|bytes| bytes > 1 << 20));
    }
}
