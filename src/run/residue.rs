//! What a run leaves behind, counted as a difference to before.

use std::fs;

pub use super::record::Residue;
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
            Monotonic.advance_to(now + Nanos::from_millis(1));
        }
    }
}

fn entries(folder: &str) -> i64 {
    fs::read_dir(folder).map_or(0, |all| i64::try_from(all.count()).unwrap_or(i64::MAX))
}

/// Children of this process: zombies, and others.
fn children() -> (i64, i64) {
    let me = std::process::id();
    let (mut zombies, mut alive) = (0, 0);
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Ok(stat) = fs::read_to_string(process.path().join("stat")) else {
            continue;
        };
        // The name stands in parentheses and may hold anything, parentheses too.
        let Some((_, fields)) = stat.rsplit_once(") ") else {
            continue;
        };
        let mut fields = fields.split(' ');
        let state = fields.next();
        if fields.next().and_then(|p| p.parse().ok()) == Some(me) {
            match state {
                Some("Z") => zombies += 1,
                _ => alive += 1,
            }
        }
    }
    (zombies, alive)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_child_that_nobody_waits_for_is_a_zombie() {
        let before = Census::take();
        let mut child =
            Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let during = Census::take().since(&before);
        drop(child.stdin.take());
        // The child needs a moment to end, and then stays until somebody waits for it.
        let after = Census::left_since(&before);
        child.wait().unwrap();
        assert!(during.orphans >= 1, "{during:?}");
        assert!(after.zombies >= 1, "{after:?}");
    }
}
