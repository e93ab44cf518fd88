//! Processes that keep every processor busy, until they are dropped.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use crate::gate::group;

/// One busy process for each core.
#[derive(Debug)]
pub(super) struct Hogs(Vec<Child>);

impl Hogs {
    /// Starts them; fewer where the system refuses.
    pub(super) fn unleash() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let hog = |_| {
            let mut command = Command::new("sh");
            // It ends with whoever holds the other end of its standard input. Ctrl-C on the
            // terminal must not reach it: it would end the shell, and not the loop.
            command.args(["-c", "while :; do :; done & read -r _; kill $!; wait"]);
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
            command.process_group(0).spawn().ok()
        };
        Self((0..cores).filter_map(hog).collect())
    }
}

impl Drop for Hogs {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(group::end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipefit::ground::{Clock, Monotonic, Nanos};
    use rustix::process::{Pid, test_kill_process_group};

    /// The end of this program looks like this to them, whatever ended it.
    #[test]
    fn the_end_of_standard_input_ends_them_and_all_of_their_group() {
        let mut hogs = Hogs::unleash();
        let groups: Vec<Pid> = hogs.0.iter().map(Pid::from_child).collect();
        assert!(!groups.is_empty());
        hogs.0.iter_mut().for_each(|child| drop(child.stdin.take()));
        let is_there = |group: &Pid| test_kill_process_group(*group).is_ok();
        let until = Monotonic.now() + Nanos::from_secs(20);
        for (child, group) in hogs.0.iter_mut().zip(&groups) {
            child.wait().unwrap();
            while is_there(group) && Monotonic.now() < until {
                Monotonic.advance_to(Monotonic.now() + Nanos::from_millis(5));
            }
            assert!(!is_there(group), "a loop goes on");
        }
    }
}
