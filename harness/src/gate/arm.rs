//! One of the builds, and a worker of it.

use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use pipefit::ground::{Clock, Monotonic, Nanos};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::protocol::{Answer, Ask, Hello, PROTOCOL};

/// How long a worker may take for an answer beyond what it measures.
const PATIENCE: Nanos = Nanos::from_secs(20);

/// How long one may take to end once nobody asks any more.
const FAREWELL: Nanos = Nanos::from_secs(2);

/// A build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arm {
    /// What it goes by.
    pub name: &'static str,
    /// Its program.
    pub program: PathBuf,
    /// How much slower it is made on purpose, in millionths.
    pub slower_ppm: u32,
}

/// Why a worker is of no use.
#[derive(Debug, thiserror::Error)]
pub enum ArmError {
    /// It could not be started.
    #[error("cannot start {program}: {source}", program = .program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is no worker, or one of another time.
    #[error(
        "{program} is no worker that this gate understands ({said}): it takes a pipefit whose \
         workers speak protocol {PROTOCOL}",
        program = .program.display()
    )]
    Stranger {
        /// The program.
        program: PathBuf,
        /// What it said in place of a greeting.
        said: String,
    },
    /// It ended, or fell silent.
    #[error("the worker of {name} {how}")]
    Gone {
        /// Whose worker.
        name: &'static str,
        /// What it did.
        how: String,
    },
    /// It could not measure the cell.
    #[error("{cell} over {name}: {why}")]
    Cell {
        /// Whose worker.
        name: &'static str,
        /// What was to be measured.
        cell: String,
        /// What it said.
        why: String,
    },
}

/// A fresh process of a build.
#[derive(Debug)]
pub struct Worker<'a> {
    arm: &'a Arm,
    child: Child,
    ask: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Arm {
    /// A build under a name.
    #[must_use]
    pub fn new(name: &'static str, program: &Path) -> Self {
        Self { name, program: program.to_owned(), slower_ppm: 0 }
    }

    /// Starts a worker; [`Worker::greet`] says whether it is one.
    ///
    /// # Errors
    /// [`ArmError::Start`].
    pub fn start(&self) -> Result<Worker<'_>, ArmError> {
        let failed = |source| ArmError::Start { program: self.program.clone(), source };
        let mut command = Command::new(&self.program);
        command.arg(WORKER).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(failed)?;
        let (ask, answers) = (child.stdin.take(), child.stdout.take());
        let answers = answers.ok_or_else(|| failed(io::ErrorKind::BrokenPipe.into()))?;
        Ok(Worker { arm: self, child, ask, answers: BufReader::new(answers) })
    }
}

/// The command that makes a program a worker.
pub const WORKER: &str = "gate-worker";

impl Worker<'_> {
    /// Waits for its greeting.
    ///
    /// # Errors
    /// [`ArmError::Stranger`] where it says something else, or nothing.
    pub fn greet(&mut self) -> Result<Hello, ArmError> {
        let stranger = |said| ArmError::Stranger { program: self.arm.program.clone(), said };
        let line = match self.line(PATIENCE) {
            Ok(line) => line,
            Err(how) => return Err(stranger(how)),
        };
        match serde_json::from_str::<Hello>(&line) {
            Ok(hello) if hello.pipefit_worker == PROTOCOL => Ok(hello),
            Ok(hello) => Err(stranger(format!("it speaks protocol {}", hello.pipefit_worker))),
            Err(_) => Err(stranger(format!("it says {:?}", shortened(&line)))),
        }
    }

    /// Has it measure a round: nanoseconds for one trip or frame.
    ///
    /// # Errors
    /// [`ArmError`] where there is no figure.
    pub fn round(&mut self, ask: &Ask) -> Result<f64, ArmError> {
        let name = self.arm.name;
        let gone = |how: String| ArmError::Gone { name, how };
        let ask = Ask { slower_ppm: self.arm.slower_ppm, ..ask.clone() };
        let mut line = serde_json::to_string(&ask).map_err(|e| gone(e.to_string()))?;
        line.push('\n');
        let to = self.ask.as_mut().ok_or_else(|| gone("was dismissed".to_owned()))?;
        to.write_all(line.as_bytes()).map_err(|e| gone(format!("does not listen: {e}")))?;
        let line = self.line(PATIENCE + ask.span_ns).map_err(gone)?;
        match serde_json::from_str(&line) {
            Ok(Answer::Each(nanos)) => Ok(nanos),
            Ok(Answer::Failed(why)) => {
                let cell = format!("{}/{}", ask.scenario, ask.transport);
                Err(ArmError::Cell { name, cell, why })
            }
            Err(_) => Err(ArmError::Gone { name, how: format!("says {:?}", shortened(&line)) }),
        }
    }

    /// The next line, if it comes in time.
    fn line(&mut self, patience: Nanos) -> Result<String, String> {
        let until = Monotonic.now() + patience;
        if self.answers.buffer().is_empty() {
            let left = until.since(Monotonic.now()).unwrap_or(0);
            let timeout = Timespec {
                tv_sec: i64::try_from(left / 1_000_000_000).unwrap_or(i64::MAX),
                tv_nsec: i64::try_from(left % 1_000_000_000).unwrap_or(0),
            };
            let mut fds = [PollFd::new(self.answers.get_ref(), PollFlags::IN)];
            match poll(&mut fds, Some(&timeout)) {
                Ok(0) => return Err(format!("said nothing for {patience}")),
                Ok(_) => {}
                Err(error) => return Err(format!("cannot be heard: {error}")),
            }
        }
        let mut line = String::new();
        // A line is written in one piece, and is shorter than a pipe.
        match self.answers.read_line(&mut line) {
            Ok(0) => Err(format!("ended ({})", self.ending())),
            Ok(_) => Ok(line),
            Err(error) => Err(format!("cannot be heard: {error}")),
        }
    }

    fn ending(&mut self) -> String {
        let until = Monotonic.now() + FAREWELL;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return status.to_string(),
                Ok(None) if Monotonic.now() < until => {
                    Monotonic.advance_to(Monotonic.now() + Nanos::from_millis(1));
                }
                Ok(None) => return "and does not go".to_owned(),
                Err(error) => return error.to_string(),
            }
        }
    }
}

impl Drop for Worker<'_> {
    /// A worker ends when nobody asks any more; one that does not is killed.
    fn drop(&mut self) {
        drop(self.ask.take());
        let until = Monotonic.now() + FAREWELL;
        while Monotonic.now() < until {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            Monotonic.advance_to(Monotonic.now() + Nanos::from_micros(200));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn shortened(line: &str) -> String {
    line.trim().chars().take(60).collect()
}
