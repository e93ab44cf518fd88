//! Whether others used the machine while something was measured on it.

use pipefit::ground::host::{CpuTicks, cpu_ticks, own_ticks};

/// Others that keep more processors busy than this disturb what is measured.
const OTHERS: f64 = 0.3;

/// A host that gives more of the time to other guests than this does, too, in percent.
const STEAL_PCT: f64 = 5.0;

/// A look at the processors before something is measured.
#[derive(Clone, Copy, Debug)]
pub struct Quiet {
    before: Option<(CpuTicks, u64)>,
}

impl Quiet {
    /// Looks.
    #[must_use]
    pub fn begin() -> Self {
        Self { before: cpu_ticks().zip(own_ticks()) }
    }

    /// What disturbed the machine since, if anything did; nothing where that is not known.
    #[must_use]
    pub fn disturbed(&self) -> Option<String> {
        let (before, own_before) = self.before?;
        let (now, own_now) = cpu_ticks().zip(own_ticks())?;
        let steal = now.steal_pct_since(&before)?;
        if steal > STEAL_PCT {
            return Some(format!("the host gave {steal:.0} % of the time to others"));
        }
        let others = now.others_since(&before, own_now.saturating_sub(own_before))?;
        (others > OTHERS).then(|| format!("others kept {others:.1} processors busy"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipefit::ground::{Clock, Monotonic, Nanos};
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    /// Keeps a processor busy until it is dropped.
    struct Hog(std::process::Child);

    impl Drop for Hog {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    fn hog() -> Hog {
        let mut command = Command::new("sh");
        command.args(["-c", "while :; do :; done"]).stdin(Stdio::null());
        Hog(command.spawn().unwrap())
    }

    /// A child that was not waited for yet is one of the others.
    #[test]
    fn a_busy_neighbour_is_noticed() {
        let (hogs, quiet) = ([hog(), hog()], Quiet::begin());
        let until = Instant::now() + Duration::from_secs(10);
        let mut found = None;
        while found.is_none() && Instant::now() < until {
            Monotonic.advance_to(Monotonic.now() + Nanos::from_millis(50));
            found = quiet.disturbed();
        }
        drop(hogs);
        let found = found.expect("two processes that never pause");
        assert!(found.contains("others"), "{found}");
    }
}
