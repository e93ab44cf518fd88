//! The sensor without a schedule: as many frames as the link takes.
//!
//! Reading the clock costs as much as a frame on a fast link, so only one frame in N
//! is stamped. As long as the link has room, frames are sent from a plain loop; a
//! future is made only to wait.

use super::sensor::{Sensor, end_of, one};
use super::{End, Extent};
use crate::ground::frame::{self, Header, Kind};
use crate::ground::time::thread_cpu;
use crate::ground::{Nanos, ledger};
use crate::link::{Timer, Tx};

/// How far a rush has come.
struct Rush {
    kind: Kind,
    /// The next frame, and how many there are to be.
    seq: u64,
    frames: u64,
    /// When it ends, if time decides.
    until: Nanos,
    /// Frames until the next stamped one; 0: the next frame is stamped.
    to_next_stamp: u64,
    /// When the latest stamped frame was due: the moment it was made.
    due: Nanos,
    /// Frames without stamps, not booked yet.
    plain: ledger::Sent,
}

impl Rush {
    /// A stamped frame was sent.
    const fn next_after_stamp(&mut self, every: u64) {
        self.seq += 1;
        self.to_next_stamp = every.saturating_sub(1);
    }
}

/// Why a rush paused.
enum Pause {
    /// All is sent.
    Over,
    /// The link has no room for the next frame.
    Full,
}

impl<X: Tx, C: Timer> Sensor<'_, X, C> {
    /// Sends as fast as the link takes. Gives the thread's CPU time when measuring began.
    pub(super) async fn flat_out(&mut self, start: Nanos) -> Result<Nanos, End> {
        self.timer.sleep_until(start).await;
        self.rush(Kind::Warmup, start, self.spec.warmup).await?;
        let cpu = thread_cpu();
        self.reset();
        let start = self.timer.now();
        self.report.span.0 = start;
        self.rush(Kind::Data, start, self.spec.extent).await?;
        self.report.span.1 = self.timer.now();
        Ok(cpu)
    }

    async fn rush(&mut self, kind: Kind, start: Nanos, extent: Extent) -> Result<(), End> {
        let (frames, until) = match extent {
            Extent::Frames(n) => (n, Nanos::NEVER),
            Extent::For(span) => (u64::MAX, start + span),
        };
        let plain = ledger::Sent::default();
        let mut rush = Rush { kind, seq: 0, frames, until, to_next_stamp: 0, due: start, plain };
        let ended = loop {
            match self.send_while_room(&mut rush) {
                Ok(Pause::Over) => break Ok(()),
                Ok(Pause::Full) => {
                    if let Err(end) = self.wait_and_send(&mut rush).await {
                        break Err(end);
                    }
                }
                Err(end) => break Err(end),
            }
        };
        self.report.sent.offered += rush.plain.offered;
        self.report.sent.dropped += rush.plain.dropped;
        ended
    }

    /// The hot loop. It is a function of its own so that what it counts can stay in
    /// registers: what lives across a wait lives in memory.
    #[inline(never)]
    fn send_while_room(&mut self, rush: &mut Rush) -> Result<Pause, End> {
        let len = frame::wire_len(self.spec.size.as_usize());
        while rush.seq < rush.frames {
            if rush.to_next_stamp == 0 {
                rush.due = self.timer.now();
                if rush.due >= rush.until {
                    return Ok(Pause::Over);
                }
                let (header, timer) = (self.header(rush.kind, rush.seq, rush.due), self.timer);
                let write = |bytes: &mut [u8]| {
                    frame::encode(&Header { sent: timer.now().0, ..header }, bytes);
                };
                match self.tx.try_send(len, write) {
                    Ok(None) => return Ok(Pause::Full),
                    Ok(Some(sent)) => {
                        rush.next_after_stamp(self.spec.stamp_every);
                        if let Some(why) = self.book_time(1, rush.due, one(sent).dropped) {
                            return Err(why.into());
                        }
                    }
                    Err(error) => return Err(end_of(error)),
                }
            }
            if rush.to_next_stamp > 0 && !self.send_plain(rush, len)? {
                return Ok(Pause::Full);
            }
        }
        Ok(Pause::Over)
    }

    /// Sends what comes before the next stamp. Says whether there was room for it all.
    #[inline]
    fn send_plain(&mut self, rush: &mut Rush, len: usize) -> Result<bool, End> {
        let count = rush.to_next_stamp.min(rush.frames - rush.seq);
        let (mut header, mut sent) = (self.header(rush.kind, rush.seq, Nanos(0)), 0);
        let outcome = loop {
            if sent == count {
                break Ok(true);
            }
            match self.tx.try_send(len, |bytes| frame::encode(&header, bytes)) {
                Ok(Some(outcome)) => rush.plain.dropped += one(outcome).dropped,
                Ok(None) => break Ok(false),
                Err(error) => break Err(end_of(error)),
            }
            header.seq += 1;
            sent += 1;
        };
        rush.seq += sent;
        rush.to_next_stamp -= sent;
        rush.plain.offered += sent;
        outcome
    }

    /// Waits for room for the next frame, and sends it.
    async fn wait_and_send(&mut self, rush: &mut Rush) -> Result<(), End> {
        let stamped = rush.to_next_stamp == 0;
        let due = if stamped { rush.due } else { Nanos(0) };
        let (header, timer) = (self.header(rush.kind, rush.seq, due), self.timer);
        let write = |bytes: &mut [u8]| {
            let sent = if stamped { timer.now().0 } else { 0 };
            frame::encode(&Header { sent, ..header }, bytes);
        };
        let len = frame::wire_len(self.spec.size.as_usize());
        let until = rush.due + self.spec.patience;
        let outcome = self.tx.send(timer, until, len, write).await.map(one);
        if stamped {
            rush.next_after_stamp(self.spec.stamp_every);
            return self.book(1, rush.due, outcome);
        }
        rush.seq += 1;
        rush.to_next_stamp -= 1;
        rush.plain.offered += 1;
        rush.plain.dropped += outcome.map_err(end_of)?.dropped;
        Ok(())
    }
}
