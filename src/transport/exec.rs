//! `exec`: the standard output of any program, through a pipe.
//!
//! There is no sending half: what comes is what the program writes, and how frames lie
//! in it is the program's choice. Reading and waiting are those of every stream.

use std::os::fd::OwnedFd;

use rustix::pipe::{PipeFlags, fcntl_getpipe_size, pipe_with};

pub use super::stream::{Bare, Framing, StreamRx};
use super::{pipe, stream};
use crate::ground::Bytes;
use crate::ground::frame::Scan;
use crate::link::{Caps, LinkError, LinkSpec, Policy};

/// The name it is asked for by.
pub const NAME: &str = "exec";

/// The longest line of text, in bytes, its end included.
pub const LINE: usize = 64 << 10;

/// Lines of text. The largest frame of the link is the longest line.
#[derive(Debug, Default)]
pub struct Rows;

/// Records that are all as long as the link's largest frame.
#[derive(Debug, Default)]
pub struct Records;

/// A pipe that a program is to write to.
#[derive(Debug)]
pub struct Output {
    /// What becomes the program's standard output.
    pub theirs: OwnedFd,
    /// What it is read from.
    pub ours: OwnedFd,
    /// Bytes that the pipe holds.
    pub granted: Option<Bytes>,
}

/// What can be had of a program's output. A program that must not wait for a full pipe
/// has to see to that itself.
#[must_use]
pub const fn caps() -> Caps {
    Caps { policies: &[Policy::Block], zero_copy: false, batch: false, ..stream::CAPS }
}

/// Opens a pipe.
///
/// # Errors
/// [`LinkError::Os`].
pub fn open(spec: &LinkSpec) -> Result<Output, LinkError> {
    let (ours, theirs) = pipe_with(PipeFlags::CLOEXEC).map_err(LinkError::os("create a pipe"))?;
    pipe::ask_for_size(&theirs, spec.capacity.as_usize());
    let granted = fcntl_getpipe_size(&theirs).ok().map(|n| Bytes(n as u64));
    Ok(Output { theirs, ours, granted })
}

/// A reader of what lies in the pipe as `F` says.
///
/// # Errors
/// [`LinkError::Os`].
pub fn reader<F: Framing>(ours: OwnedFd, spec: &LinkSpec) -> Result<StreamRx<F>, LinkError> {
    StreamRx::over(ours, spec)
}

/// Nothing is ever sent in these: there is no sending half.
macro_rules! read_only {
    () => {
        fn longest(len: usize) -> usize {
            len
        }

        fn append(&mut self, _: &mut Vec<u8>, _: usize, _: impl FnOnce(&mut [u8])) {}

        fn look<R>(&mut self, record: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
            Some(read(record))
        }
    };
}

impl Framing for Rows {
    read_only!();

    fn scan(bytes: &[u8], max: usize) -> Scan {
        match memchr::memchr(b'\n', &bytes[..bytes.len().min(max)]) {
            Some(end) => Scan::Whole(end + 1),
            None if bytes.len() >= max => Scan::Skip(max),
            None => Scan::Need(bytes.len() + 1),
        }
    }
}

impl Framing for Records {
    read_only!();

    fn scan(bytes: &[u8], max: usize) -> Scan {
        if bytes.len() < max { Scan::Need(max) } else { Scan::Whole(max) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_where_it_ends() {
        assert_eq!(Rows::scan(b"1 2\n3", 10), Scan::Whole(4));
        assert_eq!(Rows::scan(b"1 2", 10), Scan::Need(4));
        assert_eq!(Rows::scan(b"0123456789\n", 10), Scan::Skip(10));
        assert_eq!(Rows::scan(b"", 10), Scan::Need(1));
    }

    #[test]
    fn a_record_has_all_its_bytes() {
        assert_eq!(Records::scan(b"123", 4), Scan::Need(4));
        assert_eq!(Records::scan(b"12345", 4), Scan::Whole(4));
    }
}
