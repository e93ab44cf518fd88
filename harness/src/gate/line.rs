//! Lines that another process writes, each within its time and of a bounded length:
//! whatever it does, whoever reads them does not wait for ever.

use std::io::{self, BufRead, BufReader, Read};
use std::os::fd::AsFd;

use pipefit::ground::{Clock, Monotonic, Nanos};
use pipefit::link::Stop;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// No line is longer than this.
const LONGEST: usize = 64 << 10;

/// So often somebody who waits looks whether to stop.
const LOOK: Nanos = Nanos::from_millis(50);

/// Why there is no line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoLine {
    /// Somebody asked to stop.
    Stopped,
    /// There will be no more.
    Ended,
    /// There is none that can be used; says why.
    Bad(String),
}

/// What another process writes, line by line.
#[derive(Debug)]
pub(super) struct Lines<R> {
    from: BufReader<R>,
}

impl<R: Read + AsFd> Lines<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from: BufReader::new(from) }
    }

    /// Whether there is something already that nobody has read.
    pub(super) fn is_ahead(&self) -> bool {
        let in_the_pipe = || self.wait(Nanos(0)).is_ok_and(|found| found.contains(PollFlags::IN));
        !self.from.buffer().is_empty() || in_the_pipe()
    }

    /// The next line, with its end, if all of it comes in time.
    pub(super) fn next(&mut self, patience: Nanos, stop: &Stop) -> Result<String, NoLine> {
        let until = Monotonic.now() + patience;
        let mut line = Vec::new();
        loop {
            if self.from.buffer().is_empty() {
                self.wait_until(until, patience, stop, !line.is_empty())?;
            }
            let there = match self.from.fill_buf() {
                Ok([]) if line.is_empty() => return Err(NoLine::Ended),
                Ok([]) => return Err(bad("ended in the middle of a line")),
                Ok(there) => there,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(bad(format!("cannot be heard: {error}"))),
            };
            let end = there.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(there.len(), |at| at + 1);
            line.extend_from_slice(&there[..taken]);
            self.from.consume(taken);
            if line.len() > LONGEST {
                return Err(bad(format!("says more than {LONGEST} bytes without an end")));
            }
            if end.is_some() {
                return String::from_utf8(line).map_err(|_| bad("says what is no text"));
            }
        }
    }

    /// Waits until there is something to read.
    fn wait_until(
        &self,
        until: Nanos,
        patience: Nanos,
        stop: &Stop,
        begun: bool,
    ) -> Result<(), NoLine> {
        loop {
            if stop.asked().is_some() {
                return Err(NoLine::Stopped);
            }
            let left = Nanos(until.since(Monotonic.now()).unwrap_or(0));
            match self.wait(left.min(LOOK)) {
                Ok(found) if !found.is_empty() => return Ok(()),
                Ok(_) if left.0 > 0 => {}
                Ok(_) if begun => {
                    return Err(bad(format!("did not end its line within {patience}")));
                }
                Ok(_) => return Err(bad(format!("said nothing for {patience}"))),
                Err(error) => return Err(bad(format!("cannot be heard: {error}"))),
            }
        }
    }

    /// What there is within a time: something to read, an end, or nothing.
    fn wait(&self, time: Nanos) -> Result<PollFlags, Errno> {
        let timeout = Timespec {
            tv_sec: i64::try_from(time.0 / 1_000_000_000).unwrap_or(i64::MAX),
            tv_nsec: i64::try_from(time.0 % 1_000_000_000).unwrap_or(0),
        };
        let mut fds = [PollFd::new(self.from.get_ref(), PollFlags::IN)];
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) => Ok(fds[0].revents()),
            // Whoever waits looks at the clock, and comes back.
            Err(Errno::INTR) => Ok(PollFlags::empty()),
            Err(error) => Err(error),
        }
    }
}

fn bad(why: impl Into<String>) -> NoLine {
    NoLine::Bad(why.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipefit::link::Why;
    use std::io::Write;

    const SOON: Nanos = Nanos::from_millis(100);

    fn lines() -> (Lines<io::PipeReader>, io::PipeWriter) {
        let (reader, writer) = io::pipe().unwrap();
        (Lines::new(reader), writer)
    }

    #[test]
    fn a_line_is_put_together_and_half_of_one_is_not_waited_for() {
        let (mut lines, mut writer) = lines();
        writer.write_all(b"one\ntwo\nthr").unwrap();
        let stop = Stop::default();
        assert_eq!(lines.next(SOON, &stop).unwrap(), "one\n");
        assert!(lines.is_ahead());
        assert_eq!(lines.next(SOON, &stop).unwrap(), "two\n");
        let half = lines.next(SOON, &stop).unwrap_err();
        assert!(matches!(&half, NoLine::Bad(why) if why.contains("did not end")), "{half:?}");
        assert!(!lines.is_ahead());
        writer.write_all(b"ee").unwrap();
        assert!(lines.is_ahead(), "it stands in the pipe");
        drop(writer);
        let cut = lines.next(SOON, &stop).unwrap_err();
        assert!(matches!(&cut, NoLine::Bad(why) if why.contains("middle")), "{cut:?}");
        assert!(!lines.is_ahead(), "an end is nothing that was said");
        assert_eq!(lines.next(SOON, &stop), Err(NoLine::Ended));
    }

    #[test]
    fn a_flood_without_an_end_is_cut_off() {
        let (mut lines, mut writer) = lines();
        let flood = std::thread::spawn(move || while writer.write_all(&[b'x'; 4096]).is_ok() {});
        let long = Nanos::from_secs(20);
        let flooded = lines.next(long, &Stop::default()).unwrap_err();
        assert!(matches!(&flooded, NoLine::Bad(why) if why.contains("65536")), "{flooded:?}");
        drop(lines);
        flood.join().unwrap();
    }

    #[test]
    fn whoever_waits_can_be_stopped() {
        let (mut lines, _writer) = lines();
        let stop = Stop::default();
        stop.ask(Why::Interrupted);
        assert_eq!(lines.next(Nanos::from_secs(60), &stop), Err(NoLine::Stopped));
    }
}
