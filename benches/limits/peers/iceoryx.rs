//! `iceoryx2-polling`: publish and subscribe on slices, asked again and again.
//!
//! Its ports stay on the thread that made them, so a half is a number, and the port
//! lies in the thread's own storage.

use std::cell::RefCell;
use std::path::PathBuf;

use iceoryx2::port::publisher::Publisher;
use iceoryx2::port::subscriber::Subscriber;
use iceoryx2::prelude::*;
use iceoryx2::service::port_factory::publish_subscribe::PortFactory;
use pipefit::ground::{Bytes, Clock, Monotonic, Nanos};
use pipefit::link::{
    Caps, Link, LinkError, LinkSpec, Place, RecvError, Rx, SendError, Sent, Ticket, Timer,
    Transport, Tx,
};
use pipefit::memory::loan;

#[derive(Debug)]
pub(crate) struct PubSub;

#[derive(Debug)]
pub(crate) struct PubSubTx {
    name: String,
    spec: LinkSpec,
}

#[derive(Debug)]
pub(crate) struct PubSubRx {
    name: String,
}

type Pub = Publisher<ipc::Service, [u8], ()>;
type Sub = Subscriber<ipc::Service, [u8], ()>;

thread_local! {
    static PUBS: RefCell<Vec<(String, Pub)>> = const { RefCell::new(Vec::new()) };
    static SUBS: RefCell<Vec<(String, Sub)>> = const { RefCell::new(Vec::new()) };
}

fn failed(op: &'static str) -> impl Fn(String) -> LinkError {
    move |why| LinkError::Os { op, source: std::io::Error::other(why) }
}

/// As many samples as fit into the capacity, within reason.
fn slots(spec: &LinkSpec) -> usize {
    spec.slots().clamp(2, 4096)
}

fn service(name: &str, spec: &LinkSpec) -> Result<PortFactory<ipc::Service, [u8], ()>, LinkError> {
    let odd = failed("make an iceoryx2 service");
    let node = NodeBuilder::new().config(&config(name).map_err(&odd)?).create::<ipc::Service>();
    let node = node.map_err(|e| odd(format!("{e:?}")))?;
    let name = name.try_into().map_err(|e| odd(format!("{e:?}")))?;
    node.service_builder(&name)
        .publish_subscribe::<[u8]>()
        .enable_safe_overflow(false)
        .subscriber_max_buffer_size(slots(spec))
        .history_size(0)
        .open_or_create()
        .map_err(|e| odd(format!("{e:?}")))
}

/// Where everything that is its own is kept: what it leaves can be found and removed.
fn folder(owner: &str) -> PathBuf {
    std::env::temp_dir().join(format!("pipefit-bench-{owner}"))
}

/// What its names begin with.
fn prefix(owner: &str) -> String {
    format!("pipefit-bench-{owner}_")
}

/// Everything of `name`, which is `OWNER-MOMENT`, in places of the owner's own.
fn config(name: &str) -> Result<Config, String> {
    let owner = name.split('-').next().unwrap_or_default();
    let folder = folder(owner);
    let folder = folder.to_str().ok_or("the folder for temporary files has an odd name")?;
    let mut config = Config::default();
    config.global.prefix = FileName::new(prefix(owner).as_bytes()).map_err(|e| format!("{e:?}"))?;
    config.global.set_root_path(&Path::new(folder.as_bytes()).map_err(|e| format!("{e:?}"))?);
    Ok(config)
}

/// Removes what it leaves.
pub(crate) fn tidy() {
    let owner = std::process::id().to_string();
    // Whatever is not there need not be removed.
    let _ = std::fs::remove_dir_all(folder(&owner));
    for entry in std::fs::read_dir("/dev/shm").into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&prefix(&owner)) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn subscribe(name: &str, spec: &LinkSpec) -> Result<PubSubRx, LinkError> {
    let odd = failed("make an iceoryx2 subscriber");
    let sub = service(name, spec)?.subscriber_builder().create();
    let sub = sub.map_err(|e| odd(format!("{e:?}")))?;
    SUBS.with_borrow_mut(|subs| subs.push((name.to_owned(), sub)));
    Ok(PubSubRx { name: name.to_owned() })
}

fn publish(tx: &PubSubTx) -> Result<Pub, LinkError> {
    let odd = failed("make an iceoryx2 publisher");
    let publisher = service(&tx.name, &tx.spec)?
        .publisher_builder()
        .initial_max_slice_len(tx.spec.frame.as_usize())
        .backpressure_strategy(BackpressureStrategy::RetryUntilDelivered)
        .create();
    publisher.map_err(|e| odd(format!("{e:?}")))
}

impl Transport for PubSub {
    type Tx = PubSubTx;
    type Rx = PubSubRx;
    const NAME: &'static str = "iceoryx2-polling";

    fn caps() -> Caps {
        Caps { zero_copy: true, ..super::caps(Place::Process) }
    }

    fn open(spec: &LinkSpec) -> Result<Link<PubSubTx, PubSubRx>, LinkError> {
        let name = format!("{}-{}", std::process::id(), Monotonic.now().0);
        let rx = subscribe(&name, spec)?;
        let granted = Some(Bytes(slots(spec) as u64 * spec.frame.0));
        Ok(Link { tx: PubSubTx { name, spec: *spec }, rx, granted })
    }

    fn tx_ticket(tx: PubSubTx) -> Result<Ticket, LinkError> {
        Ok(Ticket { note: tx.name.clone(), ..Ticket::default() })
    }

    fn rx_ticket(rx: PubSubRx) -> Result<Ticket, LinkError> {
        Ok(Ticket { note: rx.name.clone(), ..Ticket::default() })
    }

    fn tx_from(ticket: Ticket, spec: &LinkSpec) -> Result<PubSubTx, LinkError> {
        Ok(PubSubTx { name: ticket.note, spec: *spec })
    }

    fn rx_from(ticket: Ticket, spec: &LinkSpec) -> Result<PubSubRx, LinkError> {
        subscribe(&ticket.note, spec)
    }
}

impl Drop for PubSubRx {
    fn drop(&mut self) {
        // At the thread's end they go with it.
        let _ = SUBS.try_with(|subs| subs.borrow_mut().retain(|(name, _)| *name != self.name));
    }
}

impl Drop for PubSubTx {
    fn drop(&mut self) {
        let _ = PUBS.try_with(|pubs| pubs.borrow_mut().retain(|(name, _)| *name != self.name));
    }
}

impl Tx for PubSubTx {
    #[inline]
    fn try_send(
        &mut self,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Option<Sent>, SendError> {
        PUBS.with_borrow_mut(|pubs| {
            if pubs.is_empty() {
                // There is one on a thread, and only once the other side listens.
                let publisher = publish(self).map_err(|e| SendError::Corrupt(e.to_string()))?;
                pubs.push((self.name.clone(), publisher));
            }
            let odd = |e: String| SendError::Corrupt(e);
            let sample = pubs[0].1.loan_slice_uninit(len).map_err(|e| odd(format!("{e:?}")))?;
            loan::fill(sample, fill).send().map_err(|e| odd(format!("{e:?}")))?;
            Ok(Some(Sent::Delivered))
        })
    }

    async fn send<C: Timer>(
        &mut self,
        _timer: &C,
        _until: Nanos,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Sent, SendError> {
        self.try_send(len, fill).map(|_| Sent::Delivered)
    }

    async fn close<C: Timer>(&mut self, _timer: &C, _until: Nanos) -> Result<(), SendError> {
        Ok(())
    }
}

impl Rx for PubSubRx {
    #[inline]
    fn take_ready(&mut self, max: usize, mut read: impl FnMut(&[u8])) -> usize {
        SUBS.with_borrow(|subs| {
            let mut n = 0;
            while n < max
                && let Some((_, sub)) = subs.first()
                && let Ok(Some(sample)) = sub.receive()
            {
                read(sample.payload());
                n += 1;
            }
            n
        })
    }

    async fn recv<C: Timer, R>(
        &mut self,
        _timer: &C,
        _until: Nanos,
        _read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, RecvError> {
        Err(RecvError::Corrupt("it is only asked, never waited for".into()))
    }

    async fn drain<C: Timer>(
        &mut self,
        _timer: &C,
        max: usize,
        read: impl FnMut(&[u8]),
    ) -> Result<usize, RecvError> {
        Ok(self.take_ready(max, read))
    }
}
