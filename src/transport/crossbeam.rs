//! `crossbeam`: crossbeam-channel's bounded channel between two threads.
//!
//! The buffers go round as they do in `thread` (see the module `rounds`), so that the two
//! differ in the channel alone. A half that is to sleep at one of these channels yields a
//! few times before; that is the crate's doing.
//!
//! Anyone may hold a receiver of such a channel, so under `overwrite-oldest` the sender
//! has one, too: where no buffer is empty, it takes the oldest full one itself. Whoever
//! gets a buffer, sender or reader, is the only one who does, so none is both read and
//! counted as displaced.

use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded};

use super::rounds::{self, Entry, Exit, Gone, RoundRx, RoundTx};
use crate::link::{Caps, Link, LinkError, LinkSpec, Policy, Transport};

/// See the module's documentation.
#[derive(Debug)]
pub struct Crossbeam;

type In = Sender<Vec<u8>>;
type Out = Receiver<Vec<u8>>;

impl Entry for In {
    #[inline]
    fn give(&mut self, buffer: Vec<u8>) -> Result<(), Gone> {
        self.try_send(buffer).map_err(|_| Gone)
    }
}

impl Exit for Out {
    #[inline]
    fn try_take(&mut self) -> Result<Option<Vec<u8>>, Gone> {
        match self.try_recv() {
            Ok(buffer) => Ok(Some(buffer)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(Gone),
        }
    }

    fn take_within(&mut self, left: Duration) -> Result<Option<Vec<u8>>, Gone> {
        match self.recv_timeout(left) {
            Ok(buffer) => Ok(Some(buffer)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(Gone),
        }
    }

    fn another(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl Transport for Crossbeam {
    type Tx = RoundTx<In, Out>;
    type Rx = RoundRx<In, Out>;
    const NAME: &'static str = "crossbeam";

    fn caps() -> Caps {
        rounds::caps(Policy::ALL)
    }

    fn open(spec: &LinkSpec) -> Result<Link<Self::Tx, Self::Rx>, LinkError> {
        Ok(rounds::open(spec, bounded))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::{Bytes, Nanos};
    use crate::link::driver::{ThreadTimer, on_thread};
    use crate::link::{RecvError, Rx, Sent, Timer, Tx, Wait};

    /// Every frame is either read or counted as displaced, and never both, with as few
    /// buffers as can be and a reader that takes them while the sender does.
    #[test]
    fn a_frame_is_read_or_displaced_and_never_both() {
        const FRAMES: u64 = 200_000;
        let spec = LinkSpec {
            capacity: Bytes(64),
            frame: Bytes(64),
            policy: Policy::OverwriteOldest,
            wait: Wait::Yield,
        };
        let Link { mut tx, mut rx, .. } = Crossbeam::open(&spec).unwrap();
        let soon = || ThreadTimer.now() + Nanos::from_secs(10);
        let (displaced, read) = std::thread::scope(|scope| {
            let sender = scope.spawn(move || {
                let mut displaced = 0;
                for n in 0..FRAMES {
                    let fill = |bytes: &mut [u8]| bytes.copy_from_slice(&n.to_le_bytes());
                    match on_thread(tx.send(&ThreadTimer, soon(), 8, fill)).unwrap() {
                        Sent::Delivered => {}
                        Sent::Displaced(n) => displaced += n,
                        Sent::DroppedThis => panic!("the newest was dropped"),
                    }
                }
                displaced
            });
            let (mut read, mut last) = (0, None);
            loop {
                let number = |bytes: &[u8]| bytes.try_into().map(u64::from_le_bytes).unwrap();
                match on_thread(rx.recv(&ThreadTimer, soon(), number)) {
                    Ok(n) => {
                        assert!(last.is_none_or(|last| last < n), "{n} came after {last:?}");
                        (read, last) = (read + 1, Some(n));
                    }
                    Err(RecvError::Closed) => break,
                    Err(other) => panic!("{other}"),
                }
            }
            assert_eq!(last, Some(FRAMES - 1));
            (sender.join().unwrap(), read)
        });
        assert_eq!(displaced + read, FRAMES, "{displaced} displaced, {read} read");
    }
}
