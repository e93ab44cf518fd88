//! One of the builds, and a worker of it.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use pipefit::ground::{Clock, Monotonic, Nanos};
use pipefit::link::Stop;

use super::group;
use super::line::{Lines, NoLine};
use super::protocol::{Answer, Ask, Hello, PROTOCOL, is_not_here};

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
    /// It does not have the cell: there is no such transport, say.
    #[error("{name} does not have it: {why}")]
    NotHere {
        /// Whose worker.
        name: &'static str,
        /// What it said.
        why: String,
    },
    /// Somebody asked to stop.
    #[error("interrupted")]
    Stopped,
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
    answers: Lines<ChildStdout>,
    /// Whether it is not worth waiting for its end.
    is_lost: bool,
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
        // Ctrl-C is for whoever asks; and what a worker starts ends with it.
        let mut child = command.process_group(0).spawn().map_err(failed)?;
        let (ask, answers) = (child.stdin.take(), child.stdout.take());
        let answers = answers.ok_or_else(|| failed(io::ErrorKind::BrokenPipe.into()))?;
        Ok(Worker { arm: self, child, ask, answers: Lines::new(answers), is_lost: false })
    }
}

/// The command that makes a program a worker.
pub const WORKER: &str = "gate-worker";

impl Worker<'_> {
    /// Waits for its greeting.
    ///
    /// # Errors
    /// [`ArmError::Stranger`] where it says something else, or nothing;
    /// [`ArmError::Stopped`].
    pub fn greet(&mut self, stop: &Stop) -> Result<Hello, ArmError> {
        let program = self.arm.program.clone();
        let stranger = |said| ArmError::Stranger { program, said };
        let line = match self.line(PATIENCE, stop) {
            Ok(line) => line,
            Err(None) => return Err(ArmError::Stopped),
            Err(Some(how)) => return Err(stranger(how)),
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
    pub fn round(&mut self, ask: &Ask, stop: &Stop) -> Result<f64, ArmError> {
        let name = self.arm.name;
        let gone = |how: String| ArmError::Gone { name, how };
        if self.answers.is_ahead() {
            self.is_lost = true;
            return Err(gone("says something that it was not asked".to_owned()));
        }
        let ask = Ask { slower_ppm: self.arm.slower_ppm, ..ask.clone() };
        let mut line = serde_json::to_string(&ask).map_err(|e| gone(e.to_string()))?;
        line.push('\n');
        let to = self.ask.as_mut().ok_or_else(|| gone("was dismissed".to_owned()))?;
        to.write_all(line.as_bytes()).map_err(|e| gone(format!("does not listen: {e}")))?;
        let line = self
            .line(PATIENCE + ask.span_ns, stop)
            .map_err(|how| how.map_or(ArmError::Stopped, gone))?;
        match serde_json::from_str(&line) {
            Ok(Answer::Each(nanos)) if nanos.is_finite() && nanos > 0.0 => Ok(nanos),
            Ok(Answer::Each(nanos)) => Err(gone(format!("says that it took {nanos} ns"))),
            Ok(Answer::NotHere(why)) => Err(ArmError::NotHere { name, why }),
            // Those of before had no other word for it.
            Ok(Answer::Failed(why)) if is_not_here(&why) => Err(ArmError::NotHere { name, why }),
            Ok(Answer::Failed(why)) => {
                let cell = format!("{}/{}", ask.scenario, ask.transport);
                Err(ArmError::Cell { name, cell, why })
            }
            Err(_) => Err(gone(format!("says {:?}", shortened(&line)))),
        }
    }

    /// The next line, if it comes in time; `None` where somebody asked to stop.
    fn line(&mut self, patience: Nanos, stop: &Stop) -> Result<String, Option<String>> {
        self.answers.next(patience, stop).map_err(|none| {
            self.is_lost = true;
            match none {
                NoLine::Stopped => None,
                NoLine::Ended => Some(format!("ended ({})", self.ending())),
                NoLine::Bad(how) => Some(how),
            }
        })
    }

    fn ending(&mut self) -> String {
        let until = Monotonic.now() + FAREWELL;
        loop {
            match group::ended(&mut self.child) {
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
    /// A worker ends when nobody asks any more; one that does not is killed, and so is
    /// whatever it leaves.
    fn drop(&mut self) {
        drop(self.ask.take());
        let until = Monotonic.now() + FAREWELL;
        while !self.is_lost && Monotonic.now() < until {
            if !matches!(group::ended(&mut self.child), Ok(None)) {
                return;
            }
            Monotonic.advance_to(Monotonic.now() + Nanos::from_micros(200));
        }
        group::end(&mut self.child);
    }
}

fn shortened(line: &str) -> String {
    line.trim().chars().take(60).collect()
}
