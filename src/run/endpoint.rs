//! The main of a child process.
//!
//! [`init`] returns at once in a program that a person started. In one that
//! [`launch`](super::launch) started it never returns: it takes the job from its
//! standard input, plays the far side, reports, and exits. Nor does it return in one that
//! a transport started to be its server.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Signal, getppid, set_parent_process_death_signal};

use super::control::{self, CHILD_VAR, Job, Order, PROTOCOL, Word};
use super::launch::{Far, FarReport, RunError, child_far};
use super::program::become_program;
use super::registry::Registry;
use crate::ground::Nanos;
use crate::ground::host::{pin_thread, rss_max_bytes};
use crate::ground::pace::sharpen_sleep;
use crate::link::driver::on_thread;
use crate::link::{LinkError, LinkSpec, Stop, Ticket, Transport, Why};
use crate::transport::become_server;

/// A child that was started by hand, or by another version.
pub(super) const EXIT_NOT_MINE: i32 = 64;

/// A child that could not do its work; its parent has been told why.
const EXIT_FAILED: i32 = 70;

/// How long to wait for the parent's word to begin.
const GO: Duration = Duration::from_secs(30);

/// Becomes a child's main if this process was started as one, or a transport's server;
/// returns otherwise.
///
/// Call it first in `main`, before anything is printed or any thread is started,
/// with the registry that the parent has.
pub fn init(registry: &Registry) {
    if let Some(code) = become_server().or_else(become_program) {
        process::exit(code);
    }
    if let Some(mark) = std::env::var_os(CHILD_VAR) {
        process::exit(be_child(registry, &mark.to_string_lossy()));
    }
}

#[expect(clippy::print_stderr, reason = "nobody else can be told")]
fn be_child(registry: &Registry, mark: &str) -> i32 {
    if let Err(why) = die_with_parent(mark) {
        eprintln!("{CHILD_VAR}={mark}: {why}");
        return EXIT_NOT_MINE;
    }
    let (control, stdout) = match take_over_stdio() {
        Ok(taken) => taken,
        Err(error) => {
            eprintln!("cannot take over standard input and output: {error}");
            return EXIT_NOT_MINE;
        }
    };
    let word = match play(registry, &control, stdout) {
        Ok(report) => Word::Done(Box::new(report), rss_max_bytes()),
        Err(why) => {
            eprintln!("{why}");
            Word::Failed(why)
        }
    };
    let failed = matches!(word, Word::Failed(_));
    // If the parent cannot be told, it has gone.
    let told = control::say(&control, &word);
    if failed || told.is_err() { EXIT_FAILED } else { 0 }
}

/// Asks to be killed when the parent dies, then makes sure that it had not already.
pub(super) fn die_with_parent(mark: &str) -> Result<(), String> {
    let (protocol, parent) = mark.split_once(':').ok_or("set by hand; unset it")?;
    if protocol.parse() != Ok(PROTOCOL) {
        return Err(format!("the parent speaks protocol {protocol}, this is {PROTOCOL}"));
    }
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|e| e.to_string())?;
    let now = getppid().map(|pid| pid.as_raw_nonzero().to_string());
    if now.as_deref() != Some(parent) {
        return Err("the parent is gone".into());
    }
    Ok(())
}

/// The control socket from standard input, and what standard output was. From here
/// on, whatever prints to standard output writes to standard error: a stray line
/// must not stand between two frames.
fn take_over_stdio() -> io::Result<(UnixStream, OwnedFd)> {
    let control = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let stdout = io::stdout().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok((control, stdout))
}

fn play(registry: &Registry, control: &UnixStream, stdout: OwnedFd) -> Result<FarReport, String> {
    let (job, fds) = control::receive_job(control).map_err(|e| format!("no job came: {e}"))?;
    let entry = registry.get(&job.transport).ok_or_else(|| {
        format!(
            "transport {} is not in this program's registry; is it given to init()?",
            job.transport
        )
    })?;
    let control = control.try_clone().map_err(|e| e.to_string())?;
    let child = Child::settle(job, fds, stdout, control).map_err(|e| e.to_string())?;
    entry.mount.serve(child).map_err(|e| e.to_string())
}

/// A child that has its job.
pub(crate) struct Child {
    far: Far,
    link: LinkSpec,
    tx: Ticket,
    rx: Option<Ticket>,
    control: UnixStream,
}

impl Child {
    fn settle(
        job: Job,
        fds: Vec<OwnedFd>,
        stdout: OwnedFd,
        control: UnixStream,
    ) -> Result<Self, RunError> {
        sharpen_sleep();
        if let Some(cpu) = job.pin {
            pin_thread(cpu)?;
        }
        let (mut stdout, mut fds) = (Some(stdout), fds.into_iter());
        let tx = control::rebuild(job.tx, &mut stdout, &mut fds)?;
        let rx = job.rx.map(|stub| control::rebuild(stub, &mut stdout, &mut fds)).transpose()?;
        Ok(Self { far: job.far, link: job.link, tx, rx, control })
    }

    /// Turns its tickets into halves, says that it is ready, and plays when told.
    pub(crate) fn play<T: Transport>(self) -> Result<FarReport, RunError> {
        let tx = T::tx_from(self.tx, &self.link)?;
        let rx = self.rx.map(|ticket| T::rx_from(ticket, &self.link)).transpose()?;
        let stop = Stop::default();
        let lost = |source| RunError::Start { what: "the talk with the parent", source };
        let orders = listen(&self.control, &stop).map_err(lost)?;
        control::say(&self.control, &Word::Ready).map_err(lost)?;
        let start = orders.recv_timeout(GO).map_err(|_| LinkError::NotReady(GO))?;
        Ok(on_thread(child_far::<T>(self.far, tx, rx, start, stop)))
    }
}

/// Hears the parent's orders. Its falling silent raises `stop`.
fn listen(control: &UnixStream, stop: &Stop) -> io::Result<Receiver<Nanos>> {
    let (go, orders) = channel();
    let (control, stop) = (control.try_clone()?, stop.clone());
    thread::Builder::new().name("ear".into()).spawn(move || {
        let _ = control::listen(control, |order: Order| match order {
            Order::Go(start) => {
                let _ = go.send(start);
            }
            Order::Stop => stop.ask(Why::Interrupted),
        });
        stop.ask(Why::PeerGone);
    })?;
    Ok(orders)
}
