//! A child in a process group of its own: Ctrl-C on a terminal does not reach it, and what
//! it started ends with it.

use std::io;
use std::process::{Child, ExitStatus};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// Kills the child and all of its group. Nothing happens where nobody is left of it.
pub(super) fn kill(child: &Child) {
    // Whoever is gone already need not be killed.
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
}

/// How the child ended, if it has. Whatever is left of its group is killed first: once the
/// child was waited for, its number may be another's.
///
/// # Errors
/// What the system says of it.
pub(super) fn ended(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    match waitid(WaitId::Pid(Pid::from_child(child)), look) {
        Ok(None) => return Ok(None),
        Ok(Some(_)) => kill(child),
        // It was waited for before: that is remembered.
        Err(_) => {}
    }
    child.try_wait()
}

/// Kills what is left of it, and waits for its end.
pub(super) fn end(child: &mut Child) {
    if !matches!(ended(child), Ok(Some(_))) {
        kill(child);
        let _ = child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipefit::ground::{Clock, Monotonic, Nanos};
    use std::fs;
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    fn is_alive(pid: &str) -> bool {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The state stands behind the name.
        stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
    }

    /// What a shell started is alive when the shell itself has ended.
    #[test]
    fn what_a_child_started_ends_with_it() {
        for script in ["sleep 60 & echo $!; exit 0", "sleep 60 & echo $!; wait"] {
            let mut command = Command::new("sh");
            command.args(["-c", script]).stdin(Stdio::null()).stdout(Stdio::piped());
            let mut child = command.process_group(0).spawn().unwrap();
            let mut pid = String::new();
            BufReader::new(child.stdout.take().unwrap()).read_line(&mut pid).unwrap();
            assert!(is_alive(pid.trim()), "{script}: {pid}");
            end(&mut child);
            let until = Monotonic.now() + Nanos::from_secs(10);
            while is_alive(pid.trim()) && Monotonic.now() < until {
                Monotonic.advance_to(Monotonic.now() + Nanos::from_millis(1));
            }
            assert!(!is_alive(pid.trim()), "{script}: {pid}");
            assert!(ended(&mut child).unwrap().is_some(), "that it ended is remembered");
        }
    }
}
