//! What a half and the server say to each other, over a Unix stream socket: one request,
//! one answer, and not another request before it came.
//!
//! A message is a head and a body. The head says what it is, how long the body is, and
//! one number: of a request, for how many nanoseconds the answer may be held back; of an
//! answer, how many frames gave up their place. The body is a frame, or nothing.

use std::io;
use std::os::fd::AsFd;

use rustix::buffer::spare_capacity;
use rustix::io::Errno;

/// Bytes of a head.
pub(super) const HEAD: usize = 16;

/// Bits of a body's length; what the message is stands above them.
const LEN_BITS: u32 = 56;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// The server is there. It says so once, unasked.
    Hello = 1,
    /// Keep this frame.
    Put,
    /// Give out the oldest frame.
    Take,
    /// It was kept; or here it is.
    Done,
    /// There was no room, and the frame was dropped.
    Dropped,
    /// It could not be done in time.
    Late,
    /// The other half is gone, and nothing is left.
    Gone,
}

impl Word {
    const ALL: [Self; 7] =
        [Self::Hello, Self::Put, Self::Take, Self::Done, Self::Dropped, Self::Late, Self::Gone];
}

/// A message's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) word: Word,
    pub(super) len: usize,
    pub(super) number: u64,
}

/// Room for a message with a body of `largest` bytes.
pub(super) fn room(largest: usize) -> Vec<u8> {
    Vec::with_capacity(HEAD + largest)
}

/// Writes the head of a message whose body stands behind it already.
pub(super) fn write_head(message: &mut [u8], word: Word, number: u64) {
    let len = (message.len() - HEAD) as u64;
    let head = u64::from(word as u8) << LEN_BITS | len;
    message[..8].copy_from_slice(&head.to_le_bytes());
    message[8..HEAD].copy_from_slice(&number.to_le_bytes());
}

/// Makes it a message without a body.
pub(super) fn write_plain(message: &mut Vec<u8>, word: Word, number: u64) {
    message.clear();
    message.resize(HEAD, 0);
    write_head(message, word, number);
}

/// The message's head, once all of the message is there.
fn whole(message: &[u8], largest: usize) -> io::Result<Option<Head>> {
    let Some((first, rest)) = message.split_first_chunk::<8>() else { return Ok(None) };
    let Some(second) = rest.first_chunk::<8>() else { return Ok(None) };
    let (first, number) = (u64::from_le_bytes(*first), u64::from_le_bytes(*second));
    let (word, len) = (first >> LEN_BITS, (first & !(u64::MAX << LEN_BITS)) as usize);
    let word = Word::ALL.into_iter().find(|w| u64::from(*w as u8) == word);
    let (Some(word), true) = (word, len <= largest && message.len() <= HEAD + len) else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "what came is no message"));
    };
    let there = message.len() == HEAD + len;
    Ok(there.then_some(Head { word, len, number }))
}

/// Reads on in a message, which has [`room`] for `largest` bytes; `None` where nothing
/// more is there now.
pub(super) fn read_on(
    from: impl AsFd,
    message: &mut Vec<u8>,
    largest: usize,
) -> Option<io::Result<Head>> {
    loop {
        match rustix::io::read(&from, spare_capacity(message)) {
            Ok(0) => return Some(Err(io::ErrorKind::UnexpectedEof.into())),
            Ok(_) => {}
            Err(Errno::AGAIN | Errno::INTR) => return None,
            Err(e) => return Some(Err(e.into())),
        }
        if let Some(read) = whole(message, largest).transpose() {
            return Some(read);
        }
    }
}

/// Writes on in a message, of which `written` bytes are; `None` where no more can be
/// written now.
pub(super) fn write_on(
    to: impl AsFd,
    message: &[u8],
    written: &mut usize,
) -> Option<io::Result<()>> {
    while *written < message.len() {
        match rustix::io::write(&to, &message[*written..]) {
            Ok(n) => *written += n,
            Err(Errno::AGAIN | Errno::INTR) => return None,
            Err(e) => return Some(Err(e.into())),
        }
    }
    Some(Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_message_comes_as_it_was_sent_however_it_is_cut() {
        let (a, b) = UnixStream::pair().unwrap();
        b.set_nonblocking(true).unwrap();
        let mut sent = vec![7; HEAD + 100];
        write_head(&mut sent, Word::Put, u64::MAX);
        for cut in 0..sent.len() {
            let mut got = room(100);
            for part in [&sent[..cut], &sent[cut..]] {
                assert!(read_on(&b, &mut got, 100).is_none());
                write_on(&a, part, &mut 0).unwrap().unwrap();
                if got.len() + part.len() < sent.len() {
                    assert!(read_on(&b, &mut got, 100).is_none());
                }
            }
            let head = read_on(&b, &mut got, 100).unwrap().unwrap();
            assert_eq!(head, Head { word: Word::Put, len: 100, number: u64::MAX });
            assert_eq!(got, sent);
        }
        drop(a);
        assert!(read_on(&b, &mut room(100), 100).unwrap().is_err());
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let mut plain = room(100);
        write_plain(&mut plain, Word::Gone, 3);
        assert_eq!(whole(&plain, 0).unwrap(), Some(Head { word: Word::Gone, len: 0, number: 3 }));
        let mut long = vec![0; HEAD + 11];
        write_head(&mut long, Word::Done, 0);
        assert!(whole(&long, 10).is_err());
        assert!(whole(b"running 3 tests\n\n", 100).is_err());
        plain.push(0);
        assert!(whole(&plain, 100).is_err(), "two messages at once");
    }
}
