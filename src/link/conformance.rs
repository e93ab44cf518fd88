//! The conformance suite: what every transport must do, and what it must refuse.
//!
//! It is instantiated from a registry like the tool's own: whoever can call out
//! transports to a [`Roll`] can have them checked, from inside this crate or outside.
//! Capabilities are checked both ways: what is claimed must work, and what is not
//! claimed must be refused, or be shown not to hold.

use std::sync::mpsc::channel;
use std::thread;

use super::driver::{LoopTimer, ThreadTimer, TokioTimer, on_loop, on_thread, on_tokio};
use super::{
    LinkError, LinkSpec, Place, Policy, RecvError, Roll, Rx, SendError, Sent, Timer, Transport, Tx,
    Wait, open,
};
use crate::ground::frame::{self, Header, Kind, pattern};
use crate::ground::{Bytes, Monotonic, Nanos};

/// One check of one transport.
pub struct Check {
    /// `transport::what_it_promises`.
    pub name: String,
    /// Says what was found instead, if anything.
    pub run: Box<dyn FnOnce() -> Result<(), String> + Send>,
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Check").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Collects the checks of every transport called out to it.
#[derive(Debug, Default)]
pub struct Suite {
    /// The checks, to be run by whatever runs tests.
    pub checks: Vec<Check>,
}

/// What a side found, if it is not what was promised.
type Found = Result<(), String>;

/// An exchange between two halves.
trait Exchange<T: Transport>: Copy + Send + 'static {
    /// What the sending side does.
    async fn send<C: Timer>(self, tx: T::Tx, timer: C) -> Found;
    /// What the reading side does.
    async fn read<C: Timer>(self, rx: T::Rx, timer: C) -> Found;
}

/// Where the two halves are put for an exchange.
trait Venue<T: Transport>: 'static {
    fn meet(tx: T::Tx, rx: T::Rx, what: impl Exchange<T>) -> Found;
}

struct Loop;
struct Tokio;
struct Threads;

impl<T: Transport> Venue<T> for Loop {
    fn meet(tx: T::Tx, rx: T::Rx, what: impl Exchange<T>) -> Found {
        let (sent, read) = on_loop(
            Monotonic,
            |timer: LoopTimer<Monotonic>| what.send(tx, timer),
            |timer| what.read(rx, timer),
        );
        sent.and(read)
    }
}

impl<T: Transport> Venue<T> for Tokio {
    fn meet(tx: T::Tx, rx: T::Rx, what: impl Exchange<T>) -> Found {
        let both = on_tokio(what.send(tx, TokioTimer), what.read(rx, TokioTimer));
        let (sent, read) = both.map_err(|e| e.to_string())?;
        sent.and(read)
    }
}

impl<T: Transport> Venue<T> for Threads
where
    T::Tx: Send,
    T::Rx: Send,
{
    fn meet(tx: T::Tx, rx: T::Rx, what: impl Exchange<T>) -> Found {
        let (done, sent) = channel();
        thread::scope(|scope| {
            scope.spawn(move || done.send(on_thread(what.send(tx, ThreadTimer))));
            let read = on_thread(what.read(rx, ThreadTimer));
            sent.recv().map_err(|_| "the sending side panicked".to_owned())?.and(read)
        })
    }
}

impl Roll for Suite {
    fn on_loop<T: Transport>(&mut self) {
        self.enrol::<T, Loop>(&[Place::Loop]);
    }

    fn on_tokio<T: Transport>(&mut self) {
        self.enrol::<T, Tokio>(&[Place::Task]);
    }

    fn on_threads<T: Transport>(&mut self)
    where
        T::Tx: Send,
        T::Rx: Send,
    {
        self.enrol::<T, Threads>(&[Place::Thread]);
    }

    fn on_processes<T: Transport>(&mut self)
    where
        T::Tx: Send,
        T::Rx: Send,
    {
        self.enrol::<T, Threads>(&[Place::Process]);
    }

    fn unmounted<T: Transport>(&mut self) {
        self.add::<T>("is_excluded_with_a_reason", || {
            let caps = T::caps();
            ensure(caps.excluded.is_some_and(|why| why.len() > 10), "no reason is given")?;
            ensure(caps.place == Place::Nowhere, "it claims a place")
        });
    }
}

impl Suite {
    fn add<T: Transport>(&mut self, what: &str, run: impl FnOnce() -> Found + Send + 'static) {
        self.checks.push(Check { name: format!("{}::{what}", T::NAME), run: Box::new(run) });
    }

    fn enrol<T: Transport, V: Venue<T>>(&mut self, places: &'static [Place]) {
        self.add::<T>("claims_the_place_it_is_mounted_at", move || {
            let place = T::caps().place;
            ensure(places.contains(&place), format!("claims {place}, stands at {places:?}"))
        });
        self.add::<T>("opens_what_it_claims_and_refuses_the_rest", opens_what_it_claims::<T>);
        self.add::<T>("grants_room_for_a_frame", grants_room::<T>);
        self.add::<T>("lets_its_halves_travel_or_refuses", halves_travel::<T>);
        for &wait in T::caps().waits {
            self.meet::<T, V>(
                &format!("frames_arrive_whole_and_in_order_by_{wait}"),
                wait,
                InOrder,
            );
            self.meet::<T, V>(&format!("a_read_times_out_by_{wait}"), wait, ReadTimesOut);
        }
        let any = T::caps().waits[0];
        self.meet::<T, V>("batches_arrive_whole_and_in_order", any, Batches);
        self.meet::<T, V>("a_frame_too_large_is_refused", any, TooLarge);
        self.meet::<T, V>("a_sender_without_reader_learns_it", any, ReaderGone);
        self.meet::<T, V>("a_reader_without_sender_gets_the_rest", any, SenderGone);
        self.meet::<T, V>("a_drain_takes_what_is_there_and_does_not_wait", any, Drains);
        self.meet::<T, V>("is_prompt_or_is_not_as_claimed", any, Prompt);
        if T::caps().place != Place::Process {
            self.meet::<T, V>("copies_or_does_not_as_claimed", any, ZeroCopy);
        }
        for &policy in T::caps().policies {
            let what = format!("a_full_link_does_{policy}");
            self.add::<T>(&what, move || {
                let spec = LinkSpec { policy, wait: any, ..spec(256) };
                meet::<T, V>(&spec, Full(policy))
            });
        }
    }

    fn meet<T: Transport, V: Venue<T>>(&mut self, name: &str, wait: Wait, what: impl Exchange<T>) {
        self.add::<T>(name, move || meet::<T, V>(&LinkSpec { wait, ..usual::<T>(LARGE) }, what));
    }
}

fn meet<T: Transport, V: Venue<T>>(spec: &LinkSpec, what: impl Exchange<T>) -> Found {
    let link = open::<T>(spec).map_err(|e| e.to_string())?;
    V::meet(link.tx, link.rx, what)
}

fn ensure(holds: bool, otherwise: impl Into<String>) -> Found {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}

/// Largest payload of the exchanges: more than a pipe's page.
const LARGE: usize = 9_000;

/// Queue capacity of the exchanges.
const CAPACITY: Bytes = Bytes(64 << 10);

/// Sizes that divide no buffer, and some that do.
const SIZES: [usize; 8] = [1, 16, 24, 64, 1_000, 4_048, 4_096, LARGE];

fn spec(payload: usize) -> LinkSpec {
    LinkSpec {
        capacity: CAPACITY,
        frame: Bytes(frame::wire_len(payload) as u64),
        policy: Policy::Block,
        wait: Wait::Block,
    }
}

/// The same, with the policy that the transport is made for.
fn usual<T: Transport>(payload: usize) -> LinkSpec {
    LinkSpec { policy: T::caps().usual_policy(), ..spec(payload) }
}

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

fn soon(timer: &impl Timer) -> Nanos {
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
async fn put<X: Tx, C: Timer>(
    tx: &mut X,
    timer: &C,
    until: Nanos,
    seq: u64,
    len: usize,
) -> Result<Sent, SendError> {
    tx.send(timer, until, frame::wire_len(len), |bytes| encode(seq, bytes)).await
}

/// Expects frame `seq`.
async fn get<X: Rx, C: Timer>(rx: &mut X, timer: &C, seq: u64) -> Found {
    match rx.recv(timer, soon(timer), number).await {
        Ok(Ok(got)) => ensure(got == seq, format!("frame {got} came where {seq} was due")),
        Ok(Err(damage)) => Err(format!("frame {seq}: {damage}")),
        Err(error) => Err(format!("frame {seq}: {error}")),
    }
}

async fn get_closed<X: Rx, C: Timer>(rx: &mut X, timer: &C) -> Found {
    match rx.recv(timer, soon(timer), |_| ()).await {
        Err(RecvError::Closed) => Ok(()),
        other => Err(format!("{other:?} where the link was closed")),
    }
}

async fn finish<X: Tx, C: Timer>(mut tx: X, timer: &C) -> Found {
    tx.close(timer, soon(timer)).await.map_err(|e| format!("close: {e}"))
}

fn opens_what_it_claims<T: Transport>() -> Found {
    let caps = T::caps();
    for &policy in Policy::ALL {
        for &wait in Wait::ALL {
            let spec = LinkSpec { policy, wait, ..spec(64) };
            let claimed = caps.policies.contains(&policy) && caps.waits.contains(&wait);
            match open::<T>(&spec) {
                Ok(_) if claimed => {}
                Err(LinkError::Unsupported { .. }) if !claimed => {}
                Ok(_) => return Err(format!("{policy} by {wait} is not claimed, but opens")),
                Err(e) => return Err(format!("{policy} by {wait}: {e}")),
            }
        }
    }
    let frame = Bytes(caps.max_frame.0 + 1);
    match open::<T>(&LinkSpec { frame, ..spec(64) }) {
        Err(LinkError::Unsupported { .. }) => Ok(()),
        Ok(_) => Err("opens for frames over its own limit".into()),
        Err(e) => Err(e.to_string()),
    }
}

fn grants_room<T: Transport>() -> Found {
    let link = open::<T>(&usual::<T>(64)).map_err(|e| e.to_string())?;
    match link.granted {
        Some(granted) => {
            ensure(granted.0 >= frame::wire_len(64) as u64, format!("{granted} hold no frame"))
        }
        None => Ok(()),
    }
}

fn halves_travel<T: Transport>() -> Found {
    let spec = usual::<T>(64);
    let link = open::<T>(&spec).map_err(|e| e.to_string())?;
    let tickets = (T::tx_ticket(link.tx), T::rx_ticket(link.rx));
    if T::caps().place != Place::Process {
        return match tickets {
            (Err(LinkError::Unsupported { .. }), Err(LinkError::Unsupported { .. })) => Ok(()),
            _ => Err("gives tickets without living in processes".into()),
        };
    }
    let (tx, rx) = (tickets.0.map_err(|e| e.to_string())?, tickets.1.map_err(|e| e.to_string())?);
    let mut tx = T::tx_from(tx, &spec).map_err(|e| e.to_string())?;
    let mut rx = T::rx_from(rx, &spec).map_err(|e| e.to_string())?;
    on_thread(async {
        put(&mut tx, &ThreadTimer, soon(&ThreadTimer), 0, 64).await.map_err(|e| e.to_string())?;
        finish(tx, &ThreadTimer).await?;
        get(&mut rx, &ThreadTimer, 0).await?;
        get_closed(&mut rx, &ThreadTimer).await
    })
}

#[derive(Clone, Copy)]
struct InOrder;

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
struct Batches;

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
struct TooLarge;

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
struct ReadTimesOut;

impl<T: Transport> Exchange<T> for ReadTimesOut {
    async fn send<C: Timer>(self, tx: T::Tx, timer: C) -> Found {
        // Holds the link open, and empty, until the reader must have given up.
        timer.sleep_until(timer.now() + Nanos::from_millis(400)).await;
        finish(tx, &timer).await
    }

    async fn read<C: Timer>(self, mut rx: T::Rx, timer: C) -> Found {
        let until = timer.now() + Nanos::from_millis(30);
        let waited = rx.recv(&timer, until, |_| ()).await;
        let now = timer.now();
        ensure(matches!(waited, Err(RecvError::TimedOut)), format!("{waited:?}"))?;
        ensure(now >= until, "it gave up too early")?;
        ensure(
            now < until + Nanos::from_millis(300),
            format!("it gave up {} late", Nanos(now.0 - until.0)),
        )?;
        get_closed(&mut rx, &timer).await
    }
}

#[derive(Clone, Copy)]
struct ReaderGone;

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
struct SenderGone;

impl<T: Transport> Exchange<T> for SenderGone {
    async fn send<C: Timer>(self, mut tx: T::Tx, timer: C) -> Found {
        for seq in 0..3 {
            put(&mut tx, &timer, soon(&timer), seq, 64).await.map_err(|e| e.to_string())?;
        }
        finish(tx, &timer).await
    }

    async fn read<C: Timer>(self, mut rx: T::Rx, timer: C) -> Found {
        // Let it go first, where it can.
        timer.sleep_until(timer.now() + Nanos::from_millis(20)).await;
        Order::of::<T>().read(&mut rx, &timer, 2).await?;
        let drained = rx.drain(&timer, 5, |_| ()).await;
        ensure(matches!(drained, Err(RecvError::Closed)), format!("drain says {drained:?}"))
    }
}

/// Frames for [`Drains`].
const DRAINED: u64 = 40;

#[derive(Clone, Copy)]
struct Drains;

impl<T: Transport> Exchange<T> for Drains {
    async fn send<C: Timer>(self, mut tx: T::Tx, timer: C) -> Found {
        timer.sleep_until(timer.now() + Nanos::from_millis(20)).await;
        for seq in 0..DRAINED {
            put(&mut tx, &timer, soon(&timer), seq, 64).await.map_err(|e| e.to_string())?;
        }
        finish(tx, &timer).await
    }

    async fn read<C: Timer>(self, mut rx: T::Rx, timer: C) -> Found {
        let before = timer.now();
        let empty = rx.drain(&timer, 5, |_| ()).await;
        let waited = Nanos(timer.now().0 - before.0);
        ensure(matches!(empty, Ok(0)), format!("an empty drain says {empty:?}"))?;
        ensure(waited < Nanos::from_millis(15), format!("an empty drain waited {waited}"))?;
        let (mut order, limit) = (Order::of::<T>(), soon(&timer));
        while order.last != Some(DRAINED - 1) && timer.now() < limit {
            let mut wrong = Ok(());
            let n = rx.drain(&timer, 7, |bytes| {
                let came = number(bytes).and_then(|seq| order.came(seq));
                wrong = std::mem::replace(&mut wrong, Ok(())).and(came);
            });
            let n = n.await.map_err(|e| e.to_string())?;
            wrong?;
            ensure(n <= 7, format!("{n} frames where 7 were allowed"))?;
            timer.sleep_until(timer.now() + Nanos::from_micros(200)).await;
        }
        ensure(order.last == Some(DRAINED - 1), format!("the last was {:?}", order.last))?;
        get_closed(&mut rx, &timer).await
    }
}

#[derive(Clone, Copy)]
struct Prompt;

impl<T: Transport> Exchange<T> for Prompt {
    async fn send<C: Timer>(self, mut tx: T::Tx, timer: C) -> Found {
        put(&mut tx, &timer, soon(&timer), 0, 64).await.map_err(|e| e.to_string())?;
        timer.sleep_until(timer.now() + Nanos::from_millis(500)).await;
        finish(tx, &timer).await
    }

    async fn read<C: Timer>(self, mut rx: T::Rx, timer: C) -> Found {
        let until = timer.now() + Nanos::from_millis(250);
        let came = rx.recv(&timer, until, number).await.is_ok();
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
struct ZeroCopy;

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
struct Full(Policy);

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
        timer.sleep_until(timer.now() + Nanos::from_millis(300)).await;
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
