//! Programs that build things: run to their end, or until somebody asks to stop.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use pipefit::ground::{Clock, Monotonic, Nanos};
use pipefit::link::Stop;

use super::BuildError;
use crate::gate::group;

/// So often it is looked at whether one has ended.
const LOOK: Nanos = Nanos::from_millis(5);

/// What git would take for the repository in place of the one that it is told: a hook sets
/// some of them.
const OF_A_HOOK: [&str; 6] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_PREFIX",
    "GIT_OBJECT_DIRECTORY",
];

/// Cargo, as whoever runs us has it.
pub(super) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Git, in a folder, whatever the environment says.
pub(super) fn git_in(folder: &Path) -> Command {
    let mut command = Command::new("git");
    for name in OF_A_HOOK {
        command.env_remove(name);
    }
    command.arg("-C").arg(folder);
    command
}

/// What git says.
pub(super) fn git(folder: &Path, words: &[&str], stop: &Stop) -> Result<String, BuildError> {
    let mut command = git_in(folder);
    command.args(words);
    run(command, &format!("git {}", words.join(" ")), stop)
}

/// Runs it, and gives what it wrote. It is in a group of its own: Ctrl-C is for us, and
/// ends it.
pub(super) fn run(mut command: Command, what: &str, stop: &Stop) -> Result<String, BuildError> {
    let failed = |source| BuildError::Run { what: what.to_owned(), source };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.process_group(0).spawn().map_err(failed)?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (status, out, err) = thread::scope(|scope| {
        let (out, err) = (scope.spawn(move || all(out)), scope.spawn(move || all(err)));
        let status = to_its_end(&mut child, stop);
        (status, out.join().unwrap_or_default(), err.join().unwrap_or_default())
    });
    match status.map_err(failed)? {
        None => Err(BuildError::Stopped),
        Some(status) if status.success() => Ok(out.trim().to_owned()),
        Some(_) => {
            let end: Vec<&str> = err.trim().lines().rev().take(12).collect();
            let said = end.into_iter().rev().collect::<Vec<_>>().join("\n");
            Err(BuildError::Failed { what: what.to_owned(), said })
        }
    }
}

/// Waits for its end; `None` where somebody asked to stop, and it was killed.
fn to_its_end(child: &mut Child, stop: &Stop) -> std::io::Result<Option<ExitStatus>> {
    loop {
        match child.try_wait() {
            Ok(None) if stop.asked().is_none() => {}
            Ok(Some(status)) => return Ok(Some(status)),
            Ok(None) => {
                group::end(child);
                return Ok(None);
            }
            Err(error) => {
                group::end(child);
                return Err(error);
            }
        }
        Monotonic.advance_to(Monotonic.now() + LOOK);
    }
}

fn all(from: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    // What was written before an error counts as well.
    let _ = from.map(|mut from| from.read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipefit::link::Why;

    fn sh(script: &str, stop: &Stop) -> Result<String, BuildError> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        run(command, "a script", stop)
    }

    #[test]
    fn what_it_writes_is_given_and_what_it_complains_of_is_told() {
        let stop = Stop::default();
        assert_eq!(sh("echo ' one '; echo two >&2", &stop).unwrap(), "one");
        let failed = sh("echo one; echo two >&2; exit 3", &stop).unwrap_err();
        assert_eq!(failed.to_string(), "a script failed: two");
    }

    #[test]
    fn whoever_builds_can_be_stopped() {
        let stop = Stop::default();
        let asks = stop.clone();
        let asker = thread::spawn(move || {
            Monotonic.advance_to(Monotonic.now() + Nanos::from_millis(50));
            asks.ask(Why::Terminated);
        });
        let began = Monotonic.now();
        // Its child holds the pipes open, and must end with it.
        let stopped = sh("sleep 60 & sleep 60", &stop).unwrap_err();
        assert!(matches!(stopped, BuildError::Stopped), "{stopped}");
        assert!(Monotonic.now().since(began).unwrap() < 30_000_000_000);
        asker.join().unwrap();
    }

    #[test]
    fn git_looks_where_it_is_told_and_not_where_a_hook_points() {
        let command = git_in(Path::new("/tmp"));
        let removed: Vec<_> = command.get_envs().filter(|(_, value)| value.is_none()).collect();
        assert_eq!(removed.len(), OF_A_HOOK.len(), "{removed:?}");
    }
}
