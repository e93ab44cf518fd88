//! Processes that keep every processor busy, until they are dropped.

use std::process::{Child, Command, Stdio};

/// One busy process for each core.
#[derive(Debug)]
pub(super) struct Hogs(Vec<Child>);

impl Hogs {
    /// Starts them; fewer where the system refuses.
    pub(super) fn unleash() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let hog = |_| {
            let mut command = Command::new("sh");
            // It ends with whoever holds the other end of its standard input.
            command.args(["-c", "while :; do :; done & read -r _; kill $!"]);
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().ok()
        };
        Self((0..cores).filter_map(hog).collect())
    }
}

impl Drop for Hogs {
    fn drop(&mut self) {
        for child in &mut self.0 {
            drop(child.stdin.take());
        }
        for child in &mut self.0 {
            let _ = child.wait();
        }
    }
}
