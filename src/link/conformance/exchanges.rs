//! What two halves say to each other, one exchange for each promise. Where one side must
//! have come so far before the other goes on, it says so, however long it takes.

use super::{Found, ensure};
use crate::ground::Nanos;
use crate::ground::frame::{self, Header, Kind, pattern};
use crate::link::{Policy, RecvError, Rx, SendError, Sent, Timer, Transport, Tx};
use crate::memory::sync::{AtomicBool, Ordering};

/// An exchange between two halves.
pub(super) trait Exchange<T: Transport>: Copy + Send + 'static {
    /// What the sending side does.
    async fn send<C: Timer>(self, tx: T::Tx, timer: C) -> Found;
    /// What the reading side does.
    async fn read<C: Timer>(self, rx: T::Rx, timer: C) -> Found;
}

/// Largest payload of the exchanges: more than a pipe's page.
pub(super) const LARGE: usize = 9_000;

/// Sizes that divide no buffer, and some that do.
const SIZES: [usize; 8] = [1, 16, 24, 64, 1_000, 4_048, 4_096, LARGE];

/// The numbers of the frames that came. Where the policy drops none, each must follow
/// the one before; otherwise each must be newer.
struct Order {
    complete: bool,
    last: Option<u64>,
}

impl Order {
    fn of<T: Transport>() -> Self {
        Self { complete: T::caps().usual_policy() == Policy::Block, last: None }
    }

    fn came(&mut self, seq: u64) -> Found {
        let due = self.last.map_or(0, |last| last + 1);
        let fits = if self.complete { seq == due } else { seq >= due };
        self.last = Some(seq);
        ensure(fits, format!("frame {seq} came where {due} was due"))
    }

    /// Whether a send did what it may do.
    fn allows(&self, sent: &Result<Sent, SendError>) -> bool {
        matches!(sent, Ok(Sent::Delivered))
            || (!self.complete && matches!(sent, Ok(Sent::Displaced(_))))
    }

    /// Expects the frames up to `last`, and then the end. The last one is never missing.
    async fn read<X: Rx, C: Timer>(mut self, rx: &mut X, timer: &C, last: u64) -> Found {
        while self.last != Some(last) {
            match rx.recv(timer, soon(timer), number).await {
                Ok(Ok(seq)) => self.came(seq)?,
                Ok(Err(damage)) => return Err(format!("after {:?}: {damage}", self.last)),
                Err(error) => return Err(format!("after {:?}: {error}", self.last)),
            }
        }
        get_closed(rx, timer).await
    }
}

pub(super) fn soon(timer: &impl Timer) -> Nanos {
    timer.now() + Nanos::from_secs(10)
}

fn encode(seq: u64, bytes: &mut [u8]) {
    let header = Header { kind: Kind::Data, producer: 5, seq, due: 1, sent: 1, run: 1 };
    frame::encode(&header, bytes);
}

fn number(bytes: &[u8]) -> Result<u64, String> {
    let frame = frame::decode(bytes).map_err(|e| e.to_string())?;
    let h = frame.header;
    ensure(pattern::holds(h.producer, h.seq, frame.payload), "the payload is another's")?;
    Ok(h.seq)
}

/// Sends frame `seq` with a payload of `len` bytes.
pub(super) async fn put<X: Tx, C: Timer>(
    tx: &mut X,
    timer: &C,
    until: Nanos,
    seq: u64,
    len: usize,
) -> Result<Sent, SendError> {
    tx.send(timer, until, frame::wire_len(len), |bytes| encode(seq, bytes)).await
}

/// Expects frame `seq`.
pub(super) async fn get<X: Rx, C: Timer>(rx: &mut X, timer: &C, seq: u64) -> Found {
    match rx.recv(timer, soon(timer), number).await {
        Ok(Ok(got)) => ensure(got == seq, format!("frame {got} came where {seq} was due")),
        Ok(Err(damage)) => Err(format!("frame {seq}: {damage}")),
        Err(error) => Err(format!("frame {seq}: {error}")),
    }
}

pub(super) async fn get_closed<X: Rx, C: Timer>(rx: &mut X, timer: &C) -> Found {
    match rx.recv(timer, soon(timer), |_| ()).await {
        Err(RecvError::Closed) => Ok(()),
        other => Err(format!("{other:?} where the link was closed")),
    }
}

pub(super) async fn finish<X: Tx, C: Timer>(mut tx: X, timer: &C) -> Found {
    tx.close(timer, soon(timer)).await.map_err(|e| format!("close: {e}"))
}

/// Said by one side, and waited for by the other.
#[derive(Clone, Copy)]
pub(super) struct Word(&'static AtomicBool);

impl Word {
    fn new() -> Self {
        // A byte for each exchange that is checked: both sides keep it.
        Self(Box::leak(Box::new(AtomicBool::new(false))))
    }

    fn say(self) {
        self.0.store(true, Ordering::Release);
    }

    /// Waits for it, until `limit` at most.
    async fn heard(self, timer: &impl Timer, limit: Nanos) {
        while !self.0.load(Ordering::Acquire) && timer.now() < limit {
            timer.sleep_until(timer.now() + Nanos::from_millis(1)).await;
        }
    }
}

#[derive(Clone, Copy)]
pub(super) struct InOrder;

impl<T: Transport> Exchange<T> for InOrder {
    async fn send<C: Timer>(self, mut tx: T::Tx, timer: C) -> Found {
        for seq in 0..800u64 {
            let len = SIZES[seq as usize % SIZES.len()];
            let sent = put(&mut tx, &timer, soon(&timer), seq, len).await;
            ensure(Order::of::<T>().allows(&sent), format!("frame {seq}: {sent:?}"))?;
        }
        finish(tx, &timer).await
    }

    async fn read<C: Timer>(self, mut rx: T::Rx, timer: C) -> Found {
        Order::of::<T>().read(&mut rx, &timer, 799).await
    }
}

#[derive(Clone, Copy)]
pub(super) struct Batches;

impl<T: Transport> Exchange<T> for Batches {
    async fn send<C: Timer>(self, mut tx: T::Tx, timer: C) -> Found {
        let len = frame::wire_len(100);
        for batch in 0..20u64 {
            let fill = |i: usize, bytes: &mut [u8]| encode(batch * 64 + i as u64, bytes);
            let tally = tx.send_batch(&timer, soon(&timer), 64, len, fill).await;
            let tally = tally.map_err(|e| e.to_string())?;
            let kept = tally.dropped == 0 || !Order::of::<T>().complete;
            ensure(tally.delivered == 64 && kept, format!("{tally:?}"))?;
        }
        finish(tx, &timer).await
    }

    async fn read<C: Timer>(self, mut rx: T::Rx, timer: C) -> Found {
        Order::of::<T>().read(&mut rx, &timer, 20 * 64 - 1).await
    }
}

#[derive(Clone, Copy)]
pub(super) struct TooLarge;

impl<T: Transport> Exchange<T> for TooLarge {
    async fn send<C: Timer>(self, mut tx: T::Tx, timer: C) -> Found {
        let refused = put(&mut tx, &timer, soon(&timer), 9, LARGE + 1).await;
        ensure(matches!(refused, Err(SendError::TooLarge { .. })), format!("{refused:?}"))?;
        // The link is as good as before.
        put(&mut tx, &timer, soon(&timer), 0, LARGE).await.map_err(|e| e.to_string())?;
        finish(tx, &timer).await
    }

    async fn read<C: Timer>(self, mut rx: T::Rx, timer: C) -> Found {
        get(&mut rx, &timer, 0).await?;
        get_closed(&mut rx, &timer).await
    }
}

#[derive(Clone, Copy)]
pub(super) struct ReadTimesOut(Word);

impl ReadTimesOut {
    pub(super) fn new() -> Self {
        Self(Word::new())
    }
}

impl<T: Transport> Exchange<T> for ReadTimesOut {
    async fn send<C: Timer>(self, tx: T::Tx, timer: C) -> Found {
        // Holds the link open, and empty, until the reader has given up.
        self.0.heard(&timer, soon(&timer)).await;
        finish(tx, &timer).await
    }

    async fn read<C: Timer>(self, mut rx: T::Rx, timer: C) -> Found {
        let found = gives_up_in_time(&mut rx, &timer).await;
        self.0.say();
        found?;
        get_closed(&mut rx, &timer).await
    }
}

async fn gives_up_in_time<X: Rx>(rx: &mut X, timer: &impl Timer) -> Found {
    // A machine may be late now and then; a link that ignores its time always is.
    let mut earliest = Nanos::NEVER;
    for _ in 0..3 {
        let until = timer.now() + Nanos::from_millis(15);
        let waited = rx.recv(timer, until, |_| ()).await;
        let now = timer.now();
        ensure(matches!(waited, Err(RecvError::TimedOut)), format!("{waited:?}"))?;
        ensure(now >= until, "it gave up too early")?;
        earliest = earliest.min(Nanos(now.0 - until.0));
    }
    ensure(earliest < Nanos::from_millis(300), format!("it gave up {earliest} late"))
}

#[derive(Clone, Copy)]
pub(super) struct ReaderGone;

impl<T: Transport> Exchange<T> for ReaderGone {
    async fn send<C: Timer>(self, mut tx: T::Tx, timer: C) -> Found {
        let limit = soon(&timer);
        // What is held back or under way may still be accepted.
        for seq in 0..100_000 {
            match put(&mut tx, &timer, limit, seq, LARGE).await {
                Ok(_) => {}
                Err(SendError::Closed) => return Ok(()),
                Err(other) => return Err(other.to_string()),
            }
        }
        Err("it sends for ever to nobody".into())
    }

    async fn read<C: Timer>(self, rx: T::Rx, _timer: C) -> Found {
        drop(rx);
        Ok(())
    }
}

#[derive(Clone, Copy)]
pub(super) struct SenderGone(Word);

impl SenderGone {
    pub(super) fn new() -> Self {
        Self(Word::new())
    }
}

impl<T: Transport> Exchange<T> for SenderGone {
    async fn send<C: Timer>(self, mut tx: T::Tx, timer: C) -> Found {
        for seq in 0..3 {
            put(&mut tx, &timer, soon(&timer), seq, 64).await.map_err(|e| e.to_string())?;
        }
        let closed = finish(tx, &timer).await;
        self.0.say();
        closed
    }

    async fn read<C: Timer>(self, mut rx: T::Rx, timer: C) -> Found {
        // Let it go first, where it can.
        self.0.heard(&timer, timer.now() + Nanos::from_millis(250)).await;
        Order::of::<T>().read(&mut rx, &timer, 2).await?;
        let drained = rx.drain(&timer, 5, |_| ()).await;
        ensure(matches!(drained, Err(RecvError::Closed)), format!("drain says {drained:?}"))
    }
}

/// Frames for [`Drains`].
const DRAINED: u64 = 40;

/// How many of them at once: fewer than most queues hold, so that more could be had.
const AT_ONCE: usize = 3;

#[derive(Clone, Copy)]
pub(super) struct Drains(Word);

impl Drains {
    pub(super) fn new() -> Self {
        Self(Word::new())
    }
}

impl<T: Transport> Exchange<T> for Drains {
    async fn send<C: Timer>(self, mut tx: T::Tx, timer: C) -> Found {
        self.0.heard(&timer, soon(&timer)).await;
        for seq in 0..DRAINED {
            put(&mut tx, &timer, soon(&timer), seq, 64).await.map_err(|e| e.to_string())?;
        }
        finish(tx, &timer).await
    }

    async fn read<C: Timer>(self, mut rx: T::Rx, timer: C) -> Found {
        let found = drains_nothing(&mut rx, &timer).await;
        self.0.say();
        found?;
        let (mut order, limit) = (Order::of::<T>(), soon(&timer));
        while order.last != Some(DRAINED - 1) && timer.now() < limit {
            let mut wrong = Ok(());
            let n = rx.drain(&timer, AT_ONCE, |bytes| {
                let came = number(bytes).and_then(|seq| order.came(seq));
                wrong = std::mem::replace(&mut wrong, Ok(())).and(came);
            });
            let n = n.await.map_err(|e| e.to_string())?;
            wrong?;
            ensure(n <= AT_ONCE, format!("{n} frames where {AT_ONCE} were allowed"))?;
            timer.sleep_until(timer.now() + Nanos::from_millis(1)).await;
        }
        ensure(order.last == Some(DRAINED - 1), format!("the last was {:?}", order.last))?;
        get_closed(&mut rx, &timer).await
    }
}

async fn drains_nothing<X: Rx>(rx: &mut X, timer: &impl Timer) -> Found {
    // One that waits does so each time.
    let mut quickest = Nanos::NEVER;
    for _ in 0..5 {
        let before = timer.now();
        let empty = rx.drain(timer, AT_ONCE, |_| ()).await;
        quickest = quickest.min(Nanos(timer.now().0 - before.0));
        ensure(matches!(empty, Ok(0)), format!("an empty drain says {empty:?}"))?;
    }
    ensure(quickest < Nanos::from_millis(15), format!("an empty drain waited {quickest}"))
}

#[derive(Clone, Copy)]
pub(super) struct Prompt {
    sent: Word,
    looked: Word,
}

impl Prompt {
    pub(super) fn new() -> Self {
        Self { sent: Word::new(), looked: Word::new() }
    }
}

/// What is not there after this long is held back until others follow.
const PROMPT: Nanos = Nanos::from_secs(1);

impl<T: Transport> Exchange<T> for Prompt {
    async fn send<C: Timer>(self, mut tx: T::Tx, timer: C) -> Found {
        put(&mut tx, &timer, soon(&timer), 0, 64).await.map_err(|e| e.to_string())?;
        self.sent.say();
        self.looked.heard(&timer, soon(&timer)).await;
        finish(tx, &timer).await
    }

    async fn read<C: Timer>(self, mut rx: T::Rx, timer: C) -> Found {
        self.sent.heard(&timer, timer.now() + PROMPT).await;
        let came = rx.recv(&timer, timer.now() + PROMPT, number).await.is_ok();
        self.looked.say();
        // Stay until the sender has gone: what it held back must find a reader.
        while rx.recv(&timer, soon(&timer), number).await.is_ok() {}
        let claimed = T::caps().prompt;
        ensure(
            came == claimed,
            format!("claims prompt = {claimed}, but a single frame came = {came}"),
        )
    }
}

#[derive(Clone, Copy)]
pub(super) struct ZeroCopy;

impl<T: Transport> Exchange<T> for ZeroCopy {
    /// The frame carries the address at which it was written.
    async fn send<C: Timer>(self, mut tx: T::Tx, timer: C) -> Found {
        let write = |bytes: &mut [u8]| {
            let at = bytes.as_ptr().addr() as u64;
            bytes[..8].copy_from_slice(&at.to_le_bytes());
        };
        tx.send(&timer, soon(&timer), 64, write).await.map_err(|e| e.to_string())?;
        finish(tx, &timer).await
    }

    async fn read<C: Timer>(self, mut rx: T::Rx, timer: C) -> Found {
        let same = |bytes: &[u8]| {
            let mut at = [0; 8];
            at.copy_from_slice(&bytes[..8]);
            u64::from_le_bytes(at) == bytes.as_ptr().addr() as u64
        };
        let same = rx.recv(&timer, soon(&timer), same).await.map_err(|e| e.to_string())?;
        let claimed = T::caps().zero_copy;
        ensure(same == claimed, format!("claims zero-copy = {claimed}, but same address = {same}"))
    }
}

/// Frames for [`Full`]: more than any queue here holds, and less than a second's work.
const FLOOD: u64 = 20_000;

/// What a link does when nobody reads for a while.
#[derive(Clone, Copy)]
pub(super) struct Full(Policy, Word);

impl Full {
    pub(super) fn new(policy: Policy) -> Self {
        Self(policy, Word::new())
    }
}

impl<T: Transport> Exchange<T> for Full {
    async fn send<C: Timer>(self, mut tx: T::Tx, timer: C) -> Found {
        let until = timer.now() + Nanos::from_millis(150);
        let mut given_up = 0;
        let mut sent = 0;
        while sent < FLOOD {
            match put(&mut tx, &timer, until, sent, 200).await {
                Ok(Sent::Delivered) => {}
                Ok(Sent::DroppedThis) if self.0 == Policy::DropNewest => given_up += 1,
                Ok(Sent::Displaced(n)) if self.0 == Policy::OverwriteOldest => given_up += n,
                Err(SendError::TimedOut) if self.0 == Policy::Block => break,
                other => return Err(format!("frame {sent}: {other:?}")),
            }
            sent += 1;
        }
        self.1.say();
        match self.0 {
            Policy::Block => {
                ensure(sent < FLOOD, "it never fills")?;
                ensure(timer.now() >= until, "it gave up too early")?;
            }
            _ => ensure(given_up > 0, "nothing was given up in a flood")?,
        }
        finish(tx, &timer).await
    }

    async fn read<C: Timer>(self, mut rx: T::Rx, timer: C) -> Found {
        self.1.heard(&timer, soon(&timer)).await;
        let (mut last, mut count) = (None, 0u64);
        loop {
            match rx.recv(&timer, soon(&timer), number).await {
                Ok(Ok(seq)) => {
                    ensure(last.is_none_or(|l| l < seq), format!("{seq} came after {last:?}"))?;
                    if self.0 == Policy::Block {
                        ensure(seq == count, format!("{seq} came where {count} was due"))?;
                    }
                    last = Some(seq);
                    count += 1;
                }
                Ok(Err(damage)) => return Err(damage),
                Err(RecvError::Closed) => break,
                Err(other) => return Err(other.to_string()),
            }
        }
        let kept_newest = self.0 != Policy::OverwriteOldest || last == Some(FLOOD - 1);
        ensure(kept_newest, format!("the newest frame was {last:?}"))?;
        ensure(count > 0 && count < FLOOD, format!("{count} frames of {FLOOD} came"))
    }
}
