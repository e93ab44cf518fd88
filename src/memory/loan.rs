//! The ports of iceoryx2 that a link needs.
//!
//! A sample is written and read where it lies, and never leaves the call it is lent to.

use std::ptr;
use std::time::Duration;

use iceoryx2::port::listener::{Listener, ListenerCreateError};
use iceoryx2::port::notifier::{Notifier, NotifierCreateError};
use iceoryx2::port::publisher::{Publisher, PublisherCreateError};
use iceoryx2::port::subscriber::{Subscriber, SubscriberCreateError};
use iceoryx2::port::{LoanError, ReceiveError, SendError};
use iceoryx2::prelude::ipc_threadsafe;
use iceoryx2::sample_mut::SampleMut;
use iceoryx2::sample_mut_uninit::SampleMutUninit;
use iceoryx2::service::port_factory::listener::PortFactoryListener;
use iceoryx2::service::port_factory::notifier::PortFactoryNotifier;
use iceoryx2::service::port_factory::publisher::PortFactoryPublisher;
use iceoryx2::service::port_factory::subscriber::PortFactorySubscriber;

use super::sync::{AtomicU32, Bell};

type Loan = SampleMutUninit<ipc_threadsafe::Service, [std::mem::MaybeUninit<u8>], ()>;

/// Has `fill` write a sample where it lies. As in any queue, what it does not write is
/// what an earlier sample left there.
fn fill(
    mut loan: Loan,
    fill: impl FnOnce(&mut [u8]),
) -> SampleMut<ipc_threadsafe::Service, [u8], ()> {
    let bytes = ptr::from_mut(loan.payload_mut()) as *mut [u8];
    // SAFETY: the same bytes, borrowed as long. They lie in a mapping that the kernel
    // gave to this process with all its bytes set, and any bytes are numbers.
    fill(unsafe { &mut *bytes });
    // SAFETY: as above, they all have a value.
    unsafe { loan.assume_init() }
}

/// Lends samples and sends them.
#[derive(Debug)]
pub struct Lender(Publisher<ipc_threadsafe::Service, [u8], ()>);

impl Lender {
    /// A port of its own.
    ///
    /// # Errors
    /// What the library says.
    pub fn create(
        port: PortFactoryPublisher<'_, ipc_threadsafe::Service, [u8], ()>,
    ) -> Result<Self, PublisherCreateError> {
        port.create().map(Self)
    }

    /// Has `fill` write a sample of `len` bytes, and sends it; gives how many readers it
    /// went to. `None`, and `fill` is not called, where no sample is free.
    ///
    /// # Errors
    /// What the library says.
    #[inline]
    pub fn send(
        &self,
        len: usize,
        write: impl FnOnce(&mut [u8]),
    ) -> Result<Option<usize>, SendError> {
        match self.0.loan_slice_uninit(len) {
            Ok(loan) => fill(loan, write).send().map(Some),
            Err(LoanError::OutOfMemory) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether a sample is free.
    #[must_use]
    pub fn has_room(&self) -> bool {
        // Given back at once. An error is met again when something is sent.
        !matches!(self.0.loan_slice_uninit(1), Err(LoanError::OutOfMemory))
    }
}

/// Reads samples and gives them back.
#[derive(Debug)]
pub struct Borrower(Subscriber<ipc_threadsafe::Service, [u8], ()>);

impl Borrower {
    /// A port of its own.
    ///
    /// # Errors
    /// What the library says.
    pub fn create(
        port: PortFactorySubscriber<'_, ipc_threadsafe::Service, [u8], ()>,
    ) -> Result<Self, SubscriberCreateError> {
        port.create().map(Self)
    }

    /// Has `read` look at up to `max` samples; gives their number.
    ///
    /// # Errors
    /// What the library says, where nothing was read.
    #[inline]
    pub fn take(&self, max: usize, mut read: impl FnMut(&[u8])) -> Result<usize, ReceiveError> {
        let mut n = 0;
        while n < max {
            match self.0.receive() {
                Ok(Some(sample)) => read(sample.payload()),
                Err(error) if n == 0 => return Err(error),
                // An error is met again by whoever asks next.
                Ok(None) | Err(_) => break,
            }
            n += 1;
        }
        Ok(n)
    }

    /// Whether there is something to read, or an error to be met. Meets whoever has begun
    /// to send.
    #[inline]
    #[must_use]
    pub fn has_news(&self) -> bool {
        self.0.has_samples().unwrap_or(true)
    }
}

/// Wakes the other side.
#[derive(Debug)]
pub struct Ringer(Notifier<ipc_threadsafe::Service>);

impl Ringer {
    /// A port of its own.
    ///
    /// # Errors
    /// What the library says.
    pub fn create(
        port: PortFactoryNotifier<'_, ipc_threadsafe::Service>,
    ) -> Result<Self, NotifierCreateError> {
        port.create().map(Self)
    }
}

/// Is woken by the other side.
#[derive(Debug)]
pub struct Dozer(Listener<ipc_threadsafe::Service>);

impl Dozer {
    /// A port of its own.
    ///
    /// # Errors
    /// What the library says.
    pub fn create(
        port: PortFactoryListener<'_, ipc_threadsafe::Service>,
    ) -> Result<Self, ListenerCreateError> {
        port.create().map(Self)
    }
}

/// The shortest time to doze: a socket that is told to wait for less waits for ever.
const SHORTEST: Duration = Duration::from_micros(1);

/// A bell whose word says whether a side dozes, and whose sound is an event.
#[derive(Debug)]
pub struct EventBell<'a> {
    /// The word that both sides see.
    pub word: &'a AtomicU32,
    /// What this side does with it.
    pub port: EventPort<'a>,
}

/// One side's port to a bell.
#[derive(Debug)]
pub enum EventPort<'a> {
    /// Of the side that dozes.
    Own(&'a Dozer),
    /// Of the side that wakes it.
    Other(&'a Ringer),
}

impl Bell for EventBell<'_> {
    #[inline]
    fn load(&self) -> u32 {
        Bell::load(self.word)
    }

    #[inline]
    fn store(&self, value: u32) {
        Bell::store(self.word, value);
    }

    #[inline]
    fn swap(&self, value: u32) -> u32 {
        Bell::swap(self.word, value)
    }

    #[inline]
    fn fence(&self) {
        self.word.fence();
    }

    fn doze(&self, value: u32, at_most: Duration) {
        // An event that came in between is kept, so it cannot be slept through. Whatever
        // else ends the wait, the caller looks again.
        if let EventPort::Own(dozer) = self.port
            && self.load() == value
        {
            let _ = dozer.0.timed_wait(|_| (), at_most.max(SHORTEST));
        }
    }

    fn wake(&self) {
        // Whoever is gone need not be woken.
        if let EventPort::Other(ringer) = self.port {
            let _ = ringer.0.notify();
        }
    }
}
