//! The far side in a child process: this same program, started again.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{self, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::local::Diary;
use super::{FarReport, Mount, OnProcesses, Plan, RunError, Started, Trial, open, play_near};
use crate::ground::Nanos;
use crate::link::driver::{ThreadTimer, on_thread};
use crate::link::{Carrier, Kept, Stop, Ticket, Transport, Why};
use crate::run::control::{self, CHILD_VAR, Job, Order, PROTOCOL, Word};
use crate::run::endpoint::Child;

/// From both sides being ready to the first due time: the word must get there.
const LEAD: Nanos = Nanos::from_millis(3);

/// How long a child may take to get ready.
const READY: Duration = Duration::from_secs(10);

/// How long a child may take to report after the near side's end. A send in progress
/// does not hold it up: the near side's half is gone by then, which ends the send.
const REPORT: Duration = Duration::from_secs(5);

/// How long a child may take to exit after its report.
const EXIT: Duration = Duration::from_secs(2);

/// How long what a dead child has left in its pipe and socket may take to be read.
pub(super) const SETTLE: Duration = Duration::from_millis(200);

/// Bytes of a child's standard error that are kept.
const TAIL: usize = 2048;

/// What a child's environment consists of, beside what makes it a child: a naive
/// program's buffering, say, must not depend on what happens to be set.
const KEPT: [&str; 6] = ["PATH", "HOME", "TMPDIR", "LANG", "RUST_BACKTRACE", "TSAN_OPTIONS"];

impl<T: Transport> Mount for OnProcesses<T>
where
    T::Tx: Send,
    T::Rx: Send,
{
    fn play(&self, plan: &Plan, stop: &Stop, watch: &dyn Fn(Started)) -> Result<Trial, RunError> {
        let mut diary = Diary::open();
        let (far, near, granted) = open::<T>(plan)?;
        let tickets = (T::tx_ticket(far.tx)?, far.rx.map(|rx| T::rx_ticket(rx)).transpose()?);
        let (stop, _hooked) = stop.narrower();
        // Started before this thread is pinned, or the child would inherit that.
        let mut child = Offspring::start(T::NAME, plan, tickets, &stop)?;
        diary.settle(plan)?;
        child.await_ready()?;
        diary.pinned.extend(plan.pins.get(1));
        let start = diary.set_start(LEAD);
        watch(Started { start, child: Some(child.process.id()) });
        let told = child.go(start, &stop)?;
        let near = on_thread(play_near(plan.near.clone(), near, ThreadTimer, start, stop.clone()));
        diary.near_ended();
        // It holds a view of the control socket.
        drop(told);
        let (far, rss) = child.finish()?;
        Ok(diary.close(far, near, granted, rss))
    }

    fn serve(&self, child: Child) -> Result<FarReport, RunError> {
        child.play::<T>()
    }
}

/// A child, and what connects us to it. Dropping it kills and reaps it.
struct Offspring {
    process: process::Child,
    pidfd: OwnedFd,
    control: UnixStream,
    words: Receiver<Word>,
    stderr: Receiver<String>,
    /// Who listens to the child's words and to its standard error.
    listeners: [Option<JoinHandle<()>>; 2],
    /// What must stay until the child has taken its halves.
    kept: [Option<Kept>; 2],
    reaped: bool,
}

fn cannot(what: &'static str) -> impl Fn(io::Error) -> RunError {
    move |source| RunError::Start { what, source }
}

impl Offspring {
    fn start(
        transport: &str,
        plan: &Plan,
        mut tickets: (Ticket, Option<Ticket>),
        stop: &Stop,
    ) -> Result<Self, RunError> {
        let kept = [tickets.0.kept.take(), tickets.1.as_mut().and_then(|rx| rx.kept.take())];
        let job = Job {
            transport: transport.to_owned(),
            link: plan.link,
            far: plan.far,
            pin: plan.pins.get(1).copied(),
            tx: tickets.0.stub(),
            rx: tickets.1.as_ref().map(Ticket::stub),
        };
        let (control, theirs) = UnixStream::pair().map_err(cannot("a control socket"))?;
        let (mut stdout, mut travelling) = (Stdio::null(), Vec::new());
        for carrier in tickets.1.into_iter().fold(tickets.0.carriers, joined) {
            match carrier {
                Carrier::Stdout(fd) => stdout = fd.into(),
                Carrier::Fd(fd) => travelling.push(fd),
            }
        }
        let mut process = spawn(theirs, stdout).map_err(cannot("a child process"))?;
        let (stderr, complaints) = keep_tail(process.stderr.take());
        let (words, ear) = listen(&control, stop).map_err(cannot("the child's listener"))?;
        let pid = Pid::from_child(&process);
        let pidfd = pidfd_open(pid, PidfdFlags::empty()).map_err(|e| {
            let _ = process.kill();
            let _ = process.wait();
            cannot("a watch on the child")(e.into())
        })?;
        let listeners = [Some(ear), complaints];
        let mut child =
            Self { process, pidfd, control, words, stderr, listeners, kept, reaped: false };
        let fds: Vec<BorrowedFd<'_>> = travelling.iter().map(AsFd::as_fd).collect();
        let sent = control::send_job(&child.control, &job, &fds);
        sent.map_err(|error| child.unheard("the child's job", error))?;
        Ok(child)
    }

    fn await_ready(&mut self) -> Result<(), RunError> {
        match self.words.recv_timeout(READY) {
            Ok(Word::Ready) => {
                self.kept = [None, None];
                Ok(())
            }
            other => Err(self.died(other, "get ready", READY)),
        }
    }

    /// Tells the child when to begin, and has it told when to stop.
    fn go(&mut self, start: Nanos, stop: &Stop) -> Result<crate::link::Hooked, RunError> {
        let said = control::say(&self.control, &Order::Go(start));
        said.map_err(|error| self.unheard("the child's schedule", error))?;
        let control = self.control.try_clone().map_err(cannot("a second view of the socket"))?;
        Ok(stop.on_ask(move |why| {
            if why != Why::PeerGone {
                // If it is gone, it has stopped.
                let _ = control::say(&control, &Order::Stop);
            }
        }))
    }

    /// Takes the child's report, and waits until it has exited as it should.
    fn finish(mut self) -> Result<(FarReport, Option<u64>), RunError> {
        let (report, rss) = match self.words.recv_timeout(REPORT) {
            Ok(Word::Done(report, rss)) => (*report, rss),
            other => return Err(self.died(other, "report", REPORT)),
        };
        match self.wait(EXIT) {
            Some(status) if status.success() => {
                self.dismiss_listeners();
                Ok((report, rss))
            }
            Some(status) => Err(self.dead(describe(status))),
            None => Err(self.dead(format!("did not exit within {EXIT:?} of its report"))),
        }
    }

    /// Waits until those who listened to the child have ended, as they do when it has.
    /// One that a grandchild keeps busy is left to itself.
    fn dismiss_listeners(&mut self) {
        let [ear, complaints] = &mut self.listeners;
        let deaf = matches!(self.words.recv_timeout(SETTLE), Err(RecvTimeoutError::Disconnected));
        let silent = self.stderr.recv_timeout(SETTLE).is_ok();
        for (ended, listener) in [(deaf, ear), (silent, complaints)] {
            if let Some(listener) = listener.take().filter(|_| ended) {
                let _ = listener.join();
            }
        }
    }

    /// Waits for the child to exit. It is reaped, so that it leaves no zombie.
    fn wait(&mut self, patience: Duration) -> Option<ExitStatus> {
        let timeout = Timespec::try_from(patience).ok();
        let _ = poll(&mut [PollFd::new(&self.pidfd, PollFlags::IN)], timeout.as_ref());
        let status = self.process.try_wait().ok().flatten();
        self.reaped |= status.is_some();
        status
    }

    /// Why the child could not be told: most likely, it is dead.
    fn unheard(&mut self, what: &'static str, error: io::Error) -> RunError {
        match error.kind() {
            io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => {
                self.died(Err(RecvTimeoutError::Disconnected), "listen", EXIT)
            }
            _ => cannot(what)(error),
        }
    }

    /// What the child did instead of what it should.
    fn died(
        &mut self,
        heard: Result<Word, RecvTimeoutError>,
        to: &str,
        patience: Duration,
    ) -> RunError {
        let how = match heard {
            Ok(Word::Failed(why)) => format!("failed: {why}"),
            Ok(word) => format!("was to {to}, but said {word:?}"),
            Err(RecvTimeoutError::Timeout) => format!("did not {to} within {patience:?}"),
            Err(RecvTimeoutError::Disconnected) => self
                .wait(EXIT)
                .map_or_else(|| "closed its control socket and went on".into(), describe),
        };
        self.dead(how)
    }

    fn dead(&mut self, how: String) -> RunError {
        self.kill();
        // The pipe is closed by now, unless a grandchild holds it.
        let stderr = self.stderr.recv_timeout(SETTLE).unwrap_or_default();
        RunError::ChildDied { how, stderr }
    }

    fn kill(&mut self) {
        if !self.reaped {
            let _ = self.process.kill();
            let _ = self.process.wait();
            self.reaped = true;
        }
    }
}

impl Drop for Offspring {
    fn drop(&mut self) {
        self.kill();
    }
}

fn joined(mut carriers: Vec<Carrier>, more: Ticket) -> Vec<Carrier> {
    carriers.extend(more.carriers);
    carriers
}

fn spawn(control: UnixStream, stdout: Stdio) -> io::Result<process::Child> {
    let kept = KEPT.iter().filter_map(|name| Some((*name, std::env::var_os(name)?)));
    // Not the path: the file may have been built anew while we ran.
    Command::new("/proc/self/exe")
        .arg0("pipefit-child")
        .env_clear()
        .envs(kept)
        .env(CHILD_VAR, format!("{PROTOCOL}:{}", process::id()))
        .stdin(OwnedFd::from(control))
        .stdout(stdout)
        .stderr(Stdio::piped())
        // Ctrl-C is for us; we tell the child.
        .process_group(0)
        .spawn()
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with code {code} before its work was done"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended".into(),
    }
}

/// Hears what the child says. Its falling silent before its work is done raises
/// `stop`: what it had sent may still be read.
fn listen(control: &UnixStream, stop: &Stop) -> io::Result<(Receiver<Word>, JoinHandle<()>)> {
    let (heard, words) = channel();
    let (control, stop) = (control.try_clone()?, stop.clone());
    let ear = thread::Builder::new().name("ear".into()).spawn(move || {
        let mut last_word = false;
        // An unreadable word is as good as silence.
        let _ = control::listen(control, |word: Word| {
            last_word |= matches!(word, Word::Done(..) | Word::Failed(_));
            let _ = heard.send(word);
        });
        if !last_word {
            stop.ask(Why::PeerGone);
        }
    })?;
    Ok((words, ear))
}

/// Reads the child's standard error to its end, however much it is, and keeps the tail.
pub(super) fn keep_tail(stderr: Option<ChildStderr>) -> (Receiver<String>, Option<JoinHandle<()>>) {
    let (done, tail) = channel();
    let Some(mut stderr) = stderr else { return (tail, None) };
    let read = move || {
        let mut kept = VecDeque::with_capacity(2 * TAIL);
        let mut chunk = [0; TAIL];
        while let Ok(n @ 1..) = stderr.read(&mut chunk) {
            kept.extend(&chunk[..n]);
            kept.drain(..kept.len().saturating_sub(TAIL));
        }
        let _ = done.send(String::from_utf8_lossy(kept.make_contiguous()).into_owned());
    };
    // Without it the child's complaints are lost, not its samples.
    (tail, thread::Builder::new().name("stderr".into()).spawn(read).ok())
}
