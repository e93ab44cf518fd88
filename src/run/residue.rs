//! What a run leaves behind, counted as a difference to before.

use std::fs;

pub use super::record::Residue;
use crate::ground::host::behind_name;
use crate::ground::{Clock, Monotonic, Nanos};

/// How long what is ending is given to be gone.
const PATIENCE: Nanos = Nanos::from_millis(200);

/// What there is now.
#[derive(Clone, Copy, Debug)]
pub struct Census {
    zombies: i64,
    children: i64,
    shm_names: i64,
    fds: i64,
    threads: i64,
}

impl Census {
    /// Counts. What cannot be counted here counts as 0 both times.
    #[must_use]
    pub fn take() -> Self {
        let (zombies, children) = children();
        Self {
            zombies,
            children,
            shm_names: entries("/dev/shm"),
            fds: entries("/proc/self/fd"),
            threads: entries("/proc/self/task"),
        }
    }

    /// What is here now and was not then.
    #[must_use]
    pub const fn since(&self, earlier: &Self) -> Residue {
        Residue {
            zombies: self.zombies - earlier.zombies,
            orphans: self.children - earlier.children,
            shm_names: self.shm_names - earlier.shm_names,
            fds: self.fds - earlier.fds,
            threads: self.threads - earlier.threads,
        }
    }

    /// What stays that was not there at `earlier`: counted again, for 200 ms at most,
    /// until nothing is. A thread that was joined stands in /proc a moment longer.
    #[must_use]
    pub fn left_since(earlier: &Self) -> Residue {
        let deadline = Monotonic.now() + PATIENCE;
        loop {
            let left = Self::take().since(earlier);
            let now = Monotonic.now();
            if left.is_clean() || now >= deadline {
                return left;
            }
            // What ends mostly takes microseconds.
            Monotonic.advance_to(now + Nanos::from_micros(100));
        }
    }
}

fn entries(folder: &str) -> i64 {
    fs::read_dir(folder).map_or(0, |all| i64::try_from(all.count()).unwrap_or(i64::MAX))
}

/// Children of this process: zombies, and others.
fn children() -> (i64, i64) {
    let (mut zombies, mut alive) = (0, 0);
    for state in listed().unwrap_or_else(looked_for) {
        match state {
            'Z' => zombies += 1,
            _ => alive += 1,
        }
    }
    (zombies, alive)
}

/// The states of all children, as the kernel lists them for each thread (proc(5)); `None`
/// where it was built without such lists.
fn listed() -> Option<Vec<char>> {
    let mut states = Vec::new();
    for thread in fs::read_dir("/proc/self/task").ok()?.flatten() {
        match fs::read_to_string(thread.path().join("children")) {
            Ok(pids) => states.extend(pids.split_whitespace().filter_map(|p| Some(state(p)?.0))),
            // A thread that has just ended has no list; a kernel without lists has none at all.
            Err(_) if thread.path().exists() => return None,
            Err(_) => {}
        }
    }
    Some(states)
}

/// The same, from all processes there are: takes milliseconds.
fn looked_for() -> Vec<char> {
    let me = std::process::id();
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let states = all.filter_map(|process| state(&process.file_name().to_string_lossy()));
    states.filter(|(_, parent)| *parent == me).map(|(state, _)| state).collect()
}

/// The state and the parent of a process.
fn state(pid: &str) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = behind_name(&stat)?.split(' ');
    let state = fields.next()?.chars().next()?;
    Some((state, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    /// Other tests of this program start children at the same time: what is counted here
    /// is at least one.
    #[test]
    fn a_child_that_nobody_waits_for_is_a_zombie() {
        let mut child =
            Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        assert!(Census::take().children >= 1);
        drop(child.stdin.take());
        // The child needs a moment to end, and then stays until somebody waits for it.
        let deadline = Monotonic.now() + Nanos::from_secs(10);
        while state(&child.id().to_string()).is_some_and(|(state, _)| state != 'Z')
            && Monotonic.now() < deadline
        {
            Monotonic.advance_to(Monotonic.now() + Nanos::from_millis(1));
        }
        let zombies = Census::take().zombies;
        child.wait().unwrap();
        assert!(zombies >= 1, "{zombies}");
    }

    /// Both ways to find children find the same.
    #[test]
    fn a_child_is_found_by_list_and_by_looking() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let (pid, me) = (child.id().to_string(), std::process::id());
        assert_eq!(state(&pid).map(|(_, parent)| parent), Some(me));
        assert!(!looked_for().is_empty());
        assert!(listed().is_none_or(|states| !states.is_empty()));
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(state(&pid), None);
    }
}
