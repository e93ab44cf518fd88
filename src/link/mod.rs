//! Floor 2: the contract between whoever sends, whoever reads, and whatever is between.
//!
//! A **link** is one-way and has two **halves**, a [`Tx`] and an [`Rx`]. A half is
//! used where it was opened, or turned into a [`Ticket`] that a child process turns
//! back into the same half. Whoever talks back opens a second link the other way.
//!
//! Writing and reading are closures over the link's own bytes, so that a transport
//! that copies nothing and one that copies twice look alike to callers, a commit
//! cannot be forgotten, and a stamp taken inside the closure counts every copy.
//!
//! All waiting is in one colour. Both traits are async; a blocking transport's
//! futures are ready when they are first polled, a cooperative one's are not, and
//! the [`driver`] that polls them is chosen with the transport, once per run.

mod caps;
pub mod conformance;
pub mod driver;
mod error;
mod stop;
mod ticket;
mod wait;

pub use caps::{Caps, LinkSpec, Place, Policy, Wait};
pub use driver::Timer;
pub use error::{LinkError, RecvError, SendError};
pub use stop::{Hooked, Stop, Why};
pub use ticket::{Carrier, Kept, Ticket, TicketStub};
pub use wait::{Waiting, wait_for};

use crate::ground::{Bytes, Nanos};

/// What became of one frame handed to [`Tx::send`]. A full link is not an error:
/// it does what the policy says, and says what it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The frame is on its way.
    Delivered,
    /// The link was full and this frame was dropped ([`Policy::DropNewest`]).
    DroppedThis,
    /// The frame is on its way; so many older ones gave it their place
    /// ([`Policy::OverwriteOldest`]).
    Displaced(u64),
}

/// What became of a batch of frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Frames on their way.
    pub delivered: u64,
    /// Frames given up: dropped themselves, or displaced by newer ones.
    pub dropped: u64,
}

impl Tally {
    /// Books one frame.
    pub const fn book(&mut self, sent: Sent) {
        match sent {
            Sent::Delivered => self.delivered += 1,
            Sent::DroppedThis => self.dropped += 1,
            Sent::Displaced(n) => {
                self.delivered += 1;
                self.dropped += n;
            }
        }
    }
}

/// The sending half.
pub trait Tx {
    /// Sends one frame of `len` bytes, which `fill` writes where the link wants it.
    ///
    /// Under [`Policy::Block`] waits for room until `until`. `fill` is called at
    /// most once, and not at all where the frame is dropped before it is written.
    ///
    /// # Errors
    /// [`SendError::Closed`] where nobody will read it, [`SendError::TimedOut`]
    /// where no room came in time, [`SendError::TooLarge`] where `len` exceeds what
    /// the link was opened for.
    async fn send<C: Timer>(
        &mut self,
        timer: &C,
        until: Nanos,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Sent, SendError>;

    /// Sends one frame if that takes neither waiting nor the operating system, and
    /// says `None` otherwise, without having called `fill`. It is [`Tx::send`]'s fast
    /// path for a sender that has the next frame ready: no future, no state in memory.
    ///
    /// # Errors
    /// As [`Tx::send`] without `TimedOut`.
    #[inline]
    fn try_send(
        &mut self,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Option<Sent>, SendError> {
        let _ = (len, fill);
        Ok(None)
    }

    /// Sends `count` frames of `len` bytes each; `fill(i, bytes)` writes the i-th.
    /// A transport that can move many at once does.
    ///
    /// # Errors
    /// As [`Tx::send`]; frames before the failing one are on their way.
    async fn send_batch<C: Timer>(
        &mut self,
        timer: &C,
        until: Nanos,
        count: usize,
        len: usize,
        mut fill: impl FnMut(usize, &mut [u8]),
    ) -> Result<Tally, SendError> {
        let mut tally = Tally::default();
        for i in 0..count {
            tally.book(self.send(timer, until, len, |bytes| fill(i, bytes)).await?);
        }
        Ok(tally)
    }

    /// Sends what is still held back, and says that nothing more comes.
    /// Dropping a half closes it too, without the promise.
    ///
    /// # Errors
    /// As [`Tx::send`].
    async fn close<C: Timer>(&mut self, timer: &C, until: Nanos) -> Result<(), SendError>;
}

/// The reading half.
pub trait Rx {
    /// Waits for one frame until `until`, and has `read` look at it in place.
    ///
    /// # Errors
    /// [`RecvError::TimedOut`]; [`RecvError::Closed`] once the sender has closed
    /// and everything it sent was read; [`RecvError::Torn`] where bytes had to be
    /// skipped, after which the link goes on.
    async fn recv<C: Timer, R>(
        &mut self,
        timer: &C,
        until: Nanos,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, RecvError>;

    /// Has `read` look at frames that can be had without waiting and without the
    /// operating system, at most `max`; gives their number. It is [`Rx::recv`]'s fast
    /// path for a reader that wants the next frame at once; an error is left for `recv`.
    #[inline]
    fn take_ready(&mut self, max: usize, read: impl FnMut(&[u8])) -> usize {
        let _ = (max, read);
        0
    }

    /// Has `read` look at every frame that is there now, at most `max`, without
    /// waiting for more; gives their number, which may be 0. For the consumer that
    /// draws once per frame.
    ///
    /// # Errors
    /// As [`Rx::recv`] without `TimedOut`, and only where no frame was read: an
    /// error met after some frames is kept for the next call.
    async fn drain<C: Timer>(
        &mut self,
        timer: &C,
        max: usize,
        read: impl FnMut(&[u8]),
    ) -> Result<usize, RecvError>;

    /// Frames that this half passed over under its policy, and will not read: dropped,
    /// but not counted by the sender. To be asked at the end.
    fn passed_over(&self) -> u64 {
        0
    }

    /// Looks at one frame if one is there now.
    ///
    /// # Errors
    /// [`RecvError::Empty`] where none is; otherwise as [`Rx::drain`].
    async fn try_recv<C: Timer, R>(
        &mut self,
        timer: &C,
        mut read: impl FnMut(&[u8]) -> R,
    ) -> Result<R, RecvError> {
        let mut out = None;
        self.drain(timer, 1, |bytes| out = Some(read(bytes))).await?;
        out.ok_or(RecvError::Empty)
    }
}

/// A link just opened.
#[derive(Debug)]
pub struct Link<T, R> {
    /// The sending half.
    pub tx: T,
    /// The reading half.
    pub rx: R,
    /// The queue capacity that was granted, in bytes; `None` where it cannot be known.
    pub granted: Option<Bytes>,
}

/// A way to move frames.
///
/// Everything here is static: a run picks its transport by name once, and from
/// there on its loops are compiled for that transport alone.
pub trait Transport: 'static {
    /// The sending half.
    type Tx: Tx + 'static;
    /// The reading half.
    type Rx: Rx + 'static;

    /// The name it is asked for by.
    const NAME: &'static str;

    /// What it can do. Every claim is tested, and so is every claim not made.
    fn caps() -> Caps;

    /// Opens a link. Callers go through [`open`], which refuses what [`Caps`]
    /// exclude, so that a transport need not.
    ///
    /// # Errors
    /// [`LinkError`] where the machine refuses.
    fn open(spec: &LinkSpec) -> Result<Link<Self::Tx, Self::Rx>, LinkError>;

    /// Makes the sending half travel.
    ///
    /// # Errors
    /// [`LinkError::Unsupported`] where halves stay in their process.
    fn tx_ticket(_tx: Self::Tx) -> Result<Ticket, LinkError> {
        Err(LinkError::stays_local(Self::NAME))
    }

    /// Makes the reading half travel.
    ///
    /// # Errors
    /// [`LinkError::Unsupported`] where halves stay in their process.
    fn rx_ticket(_rx: Self::Rx) -> Result<Ticket, LinkError> {
        Err(LinkError::stays_local(Self::NAME))
    }

    /// Turns a ticket back into the sending half, in the process it travelled to.
    ///
    /// # Errors
    /// [`LinkError`] where the ticket is not one of this transport's.
    fn tx_from(_ticket: Ticket, _spec: &LinkSpec) -> Result<Self::Tx, LinkError> {
        Err(LinkError::stays_local(Self::NAME))
    }

    /// Turns a ticket back into the reading half, in the process it travelled to.
    ///
    /// # Errors
    /// [`LinkError`] where the ticket is not one of this transport's.
    fn rx_from(_ticket: Ticket, _spec: &LinkSpec) -> Result<Self::Rx, LinkError> {
        Err(LinkError::stays_local(Self::NAME))
    }
}

/// Opens a link if the transport's capabilities allow what `spec` asks.
///
/// # Errors
/// [`LinkError::Unsupported`] with the reason, or what the transport met.
pub fn open<T: Transport>(spec: &LinkSpec) -> Result<Link<T::Tx, T::Rx>, LinkError> {
    T::caps().refuses(spec).map_or_else(
        || T::open(spec),
        |why| Err(LinkError::Unsupported { what: T::NAME.into(), why }),
    )
}

/// Whoever collects transports, one line each: the tool's registry, a test suite,
/// a bench. The method says where the two halves live, and so which driver polls them.
pub trait Roll {
    /// Both halves on one thread, polled by hand.
    fn on_loop<T: Transport>(&mut self);

    /// Both halves as tasks of a tokio runtime with one worker.
    fn on_tokio<T: Transport>(&mut self);

    /// Each half on a thread of its own.
    fn on_threads<T: Transport>(&mut self)
    where
        T::Tx: Send,
        T::Rx: Send;

    /// The far half in a child process.
    fn on_processes<T: Transport>(&mut self)
    where
        T::Tx: Send,
        T::Rx: Send;

    /// Nowhere: a transport that is listed but cannot be measured, for the reason
    /// its capabilities give.
    fn unmounted<T: Transport>(&mut self);
}
