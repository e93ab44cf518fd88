//! The far side is a program that knows nothing of us: its output is read.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{self, ExitStatus};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use serde::{Deserialize, Serialize};

use super::local::Diary;
use super::process::{SETTLE, keep_tail};
use super::{FarReport, Mount, Near, NearReport, Plan, RunError, Started, Trial};
use crate::ground::{Clock, Monotonic, Nanos};
use crate::link::driver::{ThreadTimer, on_thread};
use crate::link::{LinkError, LinkSpec, Stop};
use crate::role::guest::{Dialect, Guest};
use crate::role::viewer::view;
use crate::role::{End, ViewerReport, ViewerSpec};
use crate::run::endpoint::Child;
use crate::run::program::Program;
use crate::transport::exec::{self, Bare, Framing, Records, Rows};

/// How long a program that has closed its output may take to exit.
const EXIT: Duration = Duration::from_secs(2);

/// How long a program that was asked to end may take, before it is killed.
const MERCY: Duration = Duration::from_millis(500);

/// How long to wait for the first output before looking whether to go on.
const LOOK_UP: Duration = Duration::from_millis(20);

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// By itself, with this code.
    Exited(i32),
    /// By a signal that was not ours.
    Signalled(i32),
    /// It closed its output and went on; it was killed.
    WentOn,
    /// It was ended because enough had been seen.
    Dismissed,
}

/// What became of a program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProgramReport {
    /// How it ended.
    pub ended: Ended,
    /// The last of what it wrote to its standard error.
    pub stderr: String,
}

/// Any program at the far side.
pub(crate) struct OnProgram;

impl Mount for OnProgram {
    fn play(&self, plan: &Plan, stop: &Stop, watch: &dyn Fn(Started)) -> Result<Trial, RunError> {
        let refused =
            |why: &str| LinkError::Unsupported { what: exec::NAME.into(), why: why.into() };
        let (Some(program), Near::Viewer(spec)) = (&plan.program, &plan.near) else {
            return Err(refused("reads what a program writes, and nothing else").into());
        };
        let mut diary = Diary::open();
        let output = exec::open(&plan.link)?;
        let mut running = Running::start(program, plan.pins.get(1).copied(), output.theirs)?;
        diary.settle(plan)?;
        running.await_output(output.ours.as_fd(), spec.silence, stop)?;
        diary.pinned.extend(plan.pins.get(1));
        let start = diary.set_start(Nanos(0));
        watch(Started { start, child: Some(running.process.id()) });
        let viewer = read(&program.dialect, output.ours, &plan.link, spec, start, stop)?;
        diary.near_ended();
        let report = running.finish(&viewer);
        let near = NearReport::Viewer(Box::new(viewer));
        Ok(diary.close(FarReport::Program(report), near, output.granted, None))
    }

    fn serve(&self, _: Child) -> Result<FarReport, RunError> {
        Err(RunError::Link(LinkError::stays_local(exec::NAME)))
    }
}

/// Reads until the program or the time for it is at its end.
fn read(
    dialect: &Dialect,
    ours: OwnedFd,
    link: &LinkSpec,
    spec: &ViewerSpec,
    start: Nanos,
    stop: &Stop,
) -> Result<ViewerReport, RunError> {
    let guest = Guest::new(dialect.clone(), start + spec.warmup);
    if dialect.is_frames() {
        read_as::<Bare>(ours, link, spec, start, stop, guest)
    } else if dialect.record().is_some() {
        read_as::<Records>(ours, link, spec, start, stop, guest)
    } else {
        read_as::<Rows>(ours, link, spec, start, stop, guest)
    }
}

fn read_as<F: Framing>(
    ours: OwnedFd,
    link: &LinkSpec,
    spec: &ViewerSpec,
    start: Nanos,
    stop: &Stop,
    guest: Guest,
) -> Result<ViewerReport, RunError> {
    let rx = exec::reader::<F>(ours, link)?;
    Ok(on_thread(view(rx, &ThreadTimer, spec, start, stop, guest)))
}

/// A program that runs. Dropping it kills and reaps it, and all of its group.
struct Running {
    process: process::Child,
    group: Pid,
    pidfd: OwnedFd,
    stderr: Receiver<String>,
    reaped: bool,
}

impl Running {
    fn start(program: &Program, cpu: Option<usize>, stdout: OwnedFd) -> Result<Self, RunError> {
        let cannot = |source: io::Error| RunError::Start { what: "the program", source };
        let mut process = program.start(cpu, stdout).map_err(cannot)?;
        let (stderr, _) = keep_tail(process.stderr.take());
        let group = Pid::from_child(&process);
        match pidfd_open(group, PidfdFlags::empty()) {
            Ok(pidfd) => Ok(Self { process, group, pidfd, stderr, reaped: false }),
            Err(error) => {
                let _ = process.kill();
                let _ = process.wait();
                Err(cannot(error.into()))
            }
        }
    }

    /// Waits until there is something to read, or its output is closed.
    fn await_output(
        &mut self,
        ours: BorrowedFd<'_>,
        patience: Nanos,
        stop: &Stop,
    ) -> Result<(), RunError> {
        let until = Monotonic.now() + patience;
        let timeout = Timespec::try_from(LOOK_UP).ok();
        while Monotonic.now() < until && stop.asked().is_none() {
            if poll(&mut [PollFd::new(&ours, PollFlags::IN)], timeout.as_ref()).is_ok_and(|n| n > 0)
            {
                return Ok(());
            }
        }
        if stop.asked().is_some() {
            return Ok(());
        }
        self.dismiss();
        Err(RunError::Mute { patience, stderr: self.last_words() })
    }

    /// Waits for it to end, if it has closed its output, or ends it.
    fn finish(mut self, viewer: &ViewerReport) -> ProgramReport {
        let it_ended = viewer.end == End::PeerGone || viewer.trailer.is_some();
        let ended = if !it_ended {
            self.dismiss();
            Ended::Dismissed
        } else if let Some(status) = self.wait(EXIT) {
            how(status)
        } else {
            self.dismiss();
            Ended::WentOn
        };
        ProgramReport { ended, stderr: self.last_words() }
    }

    /// Waits for it to exit, and reaps it. Of its group, nobody is left.
    fn wait(&mut self, patience: Duration) -> Option<ExitStatus> {
        let timeout = Timespec::try_from(patience).ok();
        let exited = poll(&mut [PollFd::new(&self.pidfd, PollFlags::IN)], timeout.as_ref());
        if exited.is_ok_and(|n| n > 0) {
            // Until it is reaped, its group has this number and no other has it.
            let _ = kill_process_group(self.group, Signal::KILL);
            self.reaped = true;
            return self.process.wait().ok();
        }
        None
    }

    /// Asks it to end, then sees to it.
    fn dismiss(&mut self) {
        if self.reaped {
            return;
        }
        let _ = kill_process_group(self.group, Signal::TERM);
        if self.wait(MERCY).is_none() {
            let _ = kill_process_group(self.group, Signal::KILL);
            let _ = self.process.wait();
            self.reaped = true;
        }
    }

    fn last_words(&self) -> String {
        self.stderr.recv_timeout(SETTLE).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.dismiss();
    }
}

fn how(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exited(code),
        (None, signal) => Ended::Signalled(signal.unwrap_or_default()),
    }
}
