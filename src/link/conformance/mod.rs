//! The conformance suite: what every transport must do, and what it must refuse.
//!
//! It is instantiated from a registry like the tool's own: whoever can call out
//! transports to a [`Roll`] can have them checked, from inside this crate or outside.
//! Capabilities are checked both ways: what is claimed must work, and what is not
//! claimed must be refused, or be shown not to hold.

mod exchanges;

use std::sync::mpsc::channel;
use std::thread;

use exchanges::{
    Batches, Drains, Exchange, Full, InOrder, LARGE, Prompt, ReadTimesOut, ReaderGone, SenderGone,
    TooLarge, ZeroCopy, finish, get, get_closed, put, soon,
};

use super::driver::{LoopTimer, ThreadTimer, TokioTimer, on_loop, on_thread, on_tokio};
use super::{LinkError, LinkSpec, Place, Policy, Roll, Transport, Wait, open};
use crate::ground::{Bytes, Monotonic, frame};

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
        together(sent, read)
    }
}

impl<T: Transport> Venue<T> for Tokio {
    fn meet(tx: T::Tx, rx: T::Rx, what: impl Exchange<T>) -> Found {
        let both = on_tokio(what.send(tx, TokioTimer), what.read(rx, TokioTimer));
        let (sent, read) = both.map_err(|e| e.to_string())?;
        together(sent, read)
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
            let sent = sent.recv().map_err(|_| "the sending side panicked".to_owned())?;
            together(sent, read)
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
            self.meet::<T, V>(&format!("a_read_times_out_by_{wait}"), wait, ReadTimesOut::new());
        }
        let any = T::caps().waits[0];
        self.meet::<T, V>("batches_arrive_whole_and_in_order", any, Batches);
        self.meet::<T, V>("a_frame_too_large_is_refused", any, TooLarge);
        self.meet::<T, V>("a_sender_without_reader_learns_it", any, ReaderGone);
        self.meet::<T, V>("a_reader_without_sender_gets_the_rest", any, SenderGone::new());
        self.meet::<T, V>("a_drain_takes_what_is_there_and_does_not_wait", any, Drains::new());
        self.meet::<T, V>("is_prompt_or_is_not_as_claimed", any, Prompt::new());
        if T::caps().place != Place::Process {
            self.meet::<T, V>("copies_or_does_not_as_claimed", any, ZeroCopy);
        }
        for &policy in T::caps().policies {
            let what = format!("a_full_link_does_{policy}");
            self.add::<T>(&what, move || {
                let spec = LinkSpec { policy, wait: any, ..spec(256) };
                meet::<T, V>(&spec, Full::new(policy))
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

/// What either side found. Where both did, one is the cause of the other.
fn together(sent: Found, read: Found) -> Found {
    match (sent, read) {
        (Err(sent), Err(read)) => Err(format!("the reader: {read}; the sender: {sent}")),
        (sent, read) => sent.and(read),
    }
}

fn ensure(holds: bool, otherwise: impl Into<String>) -> Found {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}

/// Queue capacity of the exchanges.
const CAPACITY: Bytes = Bytes(64 << 10);

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
