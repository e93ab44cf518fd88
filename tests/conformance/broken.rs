//! The suite's controls: a link that keeps every promise, and the same with one fault at a
//! time. Each fault must be found by the check that is there for it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pipefit::ground::{Bytes, Nanos};
use pipefit::link::conformance::{Check, Suite};
use pipefit::link::{
    Caps, Link, LinkError, LinkSpec, Place, Policy, RecvError, Roll, Rx, SendError, Sent, Ticket,
    Timer, Transport, Tx, Wait,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Loses,
    Repeats,
    Swaps,
    Garbles,
    ReadsLate,
    GivesUpReading,
    TakesTooLarge,
    NeverLearnsTheReaderLeft,
    ForgetsTheRest,
    DrainWaits,
    DrainTakesMore,
    HoldsBack,
    HidesThatItIsPrompt,
    Copies,
    HidesThatItDoesNotCopy,
    NeverFills,
    GivesUpSending,
    NeverDrops,
    KeepsTheOldest,
    OpensLess,
    GrantsNothing,
    LiesAboutItsPlace,
    LosesOfABatch,
    HandsOutTickets,
}

/// Each fault, the check that must find it, and what that says.
const CONTROLS: [(Fault, &str, &str); 24] = [
    (Fault::Loses, "frames_arrive_whole_and_in_order_by_block", "frame 401 came where 400"),
    (Fault::Repeats, "frames_arrive_whole_and_in_order_by_block", "frame 400 came where 401"),
    (Fault::Swaps, "frames_arrive_whole_and_in_order_by_block", "frame 401 came where 400"),
    (Fault::Garbles, "frames_arrive_whole_and_in_order_by_block", "after Some(399)"),
    (Fault::ReadsLate, "a_read_times_out_by_block", "late"),
    (Fault::GivesUpReading, "a_read_times_out_by_block", "too early"),
    (Fault::TakesTooLarge, "a_frame_too_large_is_refused", "Ok(Delivered)"),
    (Fault::NeverLearnsTheReaderLeft, "a_sender_without_reader_learns_it", "to nobody"),
    (Fault::ForgetsTheRest, "a_reader_without_sender_gets_the_rest", "closed"),
    (Fault::DrainWaits, "a_drain_takes_what_is_there_and_does_not_wait", "waited"),
    (Fault::DrainTakesMore, "a_drain_takes_what_is_there_and_does_not_wait", "3 were allowed"),
    (Fault::HoldsBack, "is_prompt_or_is_not_as_claimed", "came = false"),
    (Fault::HidesThatItIsPrompt, "is_prompt_or_is_not_as_claimed", "came = true"),
    (Fault::Copies, "copies_or_does_not_as_claimed", "same address = false"),
    (Fault::HidesThatItDoesNotCopy, "copies_or_does_not_as_claimed", "same address = true"),
    (Fault::NeverFills, "a_full_link_does_block", "never fills"),
    (Fault::GivesUpSending, "a_full_link_does_block", "too early"),
    (Fault::NeverDrops, "a_full_link_does_drop-newest", "nothing was given up"),
    (Fault::KeepsTheOldest, "a_full_link_does_overwrite-oldest", "the newest frame was"),
    (Fault::OpensLess, "opens_what_it_claims_and_refuses_the_rest", "not today"),
    (Fault::GrantsNothing, "grants_room_for_a_frame", "hold no frame"),
    (Fault::LiesAboutItsPlace, "claims_the_place_it_is_mounted_at", "claims process"),
    (Fault::LosesOfABatch, "batches_arrive_whole_and_in_order", "frame 401 came where 400"),
    (Fault::HandsOutTickets, "lets_its_halves_travel_or_refuses", "gives tickets"),
];

/// A queue between two threads: without a fault, or with that of this number.
struct Broken<const N: usize>;

/// The number of the one without a fault.
const SOUND: usize = CONTROLS.len();

/// The checks of the sound one.
pub(crate) fn sound() -> Vec<Check> {
    let mut suite = Suite::default();
    suite.on_threads::<Broken<SOUND>>();
    suite.checks
}

/// What each control is called, and whether its fault is found.
pub(crate) fn controls() -> Vec<(String, impl FnOnce() -> Result<(), String> + Send + 'static)> {
    let mut suites: Vec<Suite> = CONTROLS.iter().map(|_| Suite::default()).collect();
    macro_rules! enrol {
        ($($n:literal)*) => { $(suites[$n].on_threads::<Broken<$n>>();)* };
    }
    enrol!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23);
    CONTROLS
        .into_iter()
        .zip(suites)
        .map(|((fault, name, says), suite)| {
            (format!("control::{fault:?}_is_found_by_{name}"), move || {
                let named = |check: &Check| check.name.ends_with(&format!("::{name}"));
                let check = suite.checks.into_iter().find(named).ok_or("there is no such check")?;
                match (check.run)() {
                    Err(found) if found.contains(says) => Ok(()),
                    Err(found) => Err(format!("it is found as: {found}")),
                    Ok(()) => Err("it is not found".to_owned()),
                }
            })
        })
        .collect()
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Vec<u8>>,
    tx_gone: bool,
    rx_gone: bool,
}

/// What both halves share. Nobody sleeps until it is woken: they ask again and again.
#[derive(Debug)]
struct Half<const N: usize> {
    state: Arc<Mutex<State>>,
    spec: LinkSpec,
}

struct Sender<const N: usize> {
    half: Half<N>,
    /// Frames so far.
    sent: u64,
    held: Option<Vec<u8>>,
}

struct Reader<const N: usize>(Half<N>);

impl<const N: usize> Broken<N> {
    fn has(fault: Fault) -> bool {
        CONTROLS.get(N).is_some_and(|control| control.0 == fault)
    }
}

impl<const N: usize> Half<N> {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn later(timer: &impl Timer) {
    timer.sleep_until(timer.now() + Nanos::from_micros(100)).await;
}

impl<const N: usize> Transport for Broken<N> {
    type Tx = Sender<N>;
    type Rx = Reader<N>;
    const NAME: &'static str = if N == SOUND { "sound" } else { "broken" };

    fn caps() -> Caps {
        let lies = Self::has(Fault::LiesAboutItsPlace);
        Caps {
            place: if lies { Place::Process } else { Place::Thread },
            policies: Policy::ALL,
            waits: &[Wait::Block],
            zero_copy: !Self::has(Fault::HidesThatItDoesNotCopy),
            batch: false,
            prompt: !Self::has(Fault::HidesThatItIsPrompt),
            max_frame: Caps::LARGEST,
            excluded: None,
        }
    }

    fn open(spec: &LinkSpec) -> Result<Link<Sender<N>, Reader<N>>, LinkError> {
        if Self::has(Fault::OpensLess) && spec.policy == Policy::DropNewest {
            let why = "not today".to_owned();
            return Err(LinkError::Unsupported { what: Self::NAME.into(), why });
        }
        let state = Arc::default();
        let half = || Half { state: Arc::clone(&state), spec: *spec };
        let granted = if Self::has(Fault::GrantsNothing) { Bytes(0) } else { spec.capacity };
        Ok(Link {
            tx: Sender { half: half(), sent: 0, held: None },
            rx: Reader(half()),
            granted: Some(granted),
        })
    }

    fn tx_ticket(tx: Sender<N>) -> Result<Ticket, LinkError> {
        ticket(Self::has(Fault::HandsOutTickets), tx)
    }

    fn rx_ticket(rx: Reader<N>) -> Result<Ticket, LinkError> {
        ticket(Self::has(Fault::HandsOutTickets), rx)
    }
}

fn ticket<H>(given: bool, _half: H) -> Result<Ticket, LinkError> {
    let why = "stays in its process".to_owned();
    let refused = LinkError::Unsupported { what: "a half".into(), why };
    if given { Ok(Ticket::default()) } else { Err(refused) }
}

impl<const N: usize> Sender<N> {
    fn is_full(&self, state: &State) -> bool {
        let never = match self.half.spec.policy {
            Policy::Block => Broken::<N>::has(Fault::NeverFills),
            Policy::DropNewest => Broken::<N>::has(Fault::NeverDrops),
            Policy::OverwriteOldest => false,
        };
        !never && state.queue.len() >= self.half.spec.slots()
    }

    /// What becomes of a frame now, or that there is no room for it.
    fn offer(&mut self, frame: &mut Vec<u8>) -> Result<Result<Sent, SendError>, ()> {
        let has = Broken::<N>::has;
        let state = Arc::clone(&self.half.state);
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.rx_gone {
            let learns = !has(Fault::NeverLearnsTheReaderLeft);
            return Ok(if learns { Err(SendError::Closed) } else { Ok(Sent::Delivered) });
        }
        let displaced = match self.half.spec.policy {
            _ if !self.is_full(&state) => false,
            Policy::Block => return Err(()),
            Policy::DropNewest => return Ok(Ok(Sent::DroppedThis)),
            Policy::OverwriteOldest => true,
        };
        if displaced && has(Fault::KeepsTheOldest) {
            return Ok(Ok(Sent::Displaced(1)));
        }
        if displaced {
            state.queue.pop_front();
        }
        self.put(&mut state, std::mem::take(frame));
        Ok(Ok(if displaced { Sent::Displaced(1) } else { Sent::Delivered }))
    }

    /// Puts a frame into the queue, or what the fault makes of it.
    fn put(&mut self, state: &mut State, mut frame: Vec<u8>) {
        let has = Broken::<N>::has;
        let at = self.sent;
        self.sent += 1;
        match at {
            400 if has(Fault::Loses) || has(Fault::LosesOfABatch) => return,
            400 if has(Fault::Repeats) => state.queue.push_back(frame.clone()),
            400 if has(Fault::Garbles) => *frame.last_mut().unwrap() ^= 1,
            400 if has(Fault::Swaps) => {
                self.held = Some(frame);
                return;
            }
            401 if has(Fault::Swaps) => {
                state.queue.push_back(frame);
                state.queue.extend(self.held.take());
                return;
            }
            _ => {}
        }
        state.queue.push_back(if has(Fault::Copies) { frame.clone() } else { frame });
    }
}

impl<const N: usize> Tx for Sender<N> {
    async fn send<C: Timer>(
        &mut self,
        timer: &C,
        until: Nanos,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Sent, SendError> {
        let has = Broken::<N>::has;
        let max = self.half.spec.frame.as_usize();
        if len > max && !has(Fault::TakesTooLarge) {
            return Err(SendError::TooLarge { len, max });
        }
        let mut frame = vec![0; len];
        fill(&mut frame);
        loop {
            match self.offer(&mut frame) {
                Ok(sent) => return sent,
                Err(()) if timer.now() >= until || has(Fault::GivesUpSending) => {
                    return Err(SendError::TimedOut);
                }
                Err(()) => later(timer).await,
            }
        }
    }

    async fn close<C: Timer>(&mut self, _timer: &C, _until: Nanos) -> Result<(), SendError> {
        let mut state = self.half.lock();
        state.tx_gone = true;
        if Broken::<N>::has(Fault::ForgetsTheRest) {
            state.queue.clear();
        }
        Ok(())
    }
}

impl<const N: usize> Reader<N> {
    /// The oldest frame, if one is to be had.
    fn take(&self) -> Result<Vec<u8>, RecvError> {
        let mut state = self.0.lock();
        if Broken::<N>::has(Fault::HoldsBack) && !state.tx_gone {
            return Err(RecvError::Empty);
        }
        match state.queue.pop_front() {
            Some(frame) => Ok(frame),
            None if state.tx_gone => Err(RecvError::Closed),
            None => Err(RecvError::Empty),
        }
    }
}

impl<const N: usize> Rx for Reader<N> {
    async fn recv<C: Timer, R>(
        &mut self,
        timer: &C,
        until: Nanos,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, RecvError> {
        let until = match () {
            () if Broken::<N>::has(Fault::ReadsLate) => until + Nanos::from_millis(350),
            () if Broken::<N>::has(Fault::GivesUpReading) => Nanos(0),
            () => until,
        };
        loop {
            match self.take() {
                Err(RecvError::Empty) if timer.now() >= until => return Err(RecvError::TimedOut),
                Err(RecvError::Empty) => later(timer).await,
                taken => return taken.map(|frame| read(&frame)),
            }
        }
    }

    async fn drain<C: Timer>(
        &mut self,
        timer: &C,
        max: usize,
        mut read: impl FnMut(&[u8]),
    ) -> Result<usize, RecvError> {
        if Broken::<N>::has(Fault::DrainWaits) {
            timer.sleep_until(timer.now() + Nanos::from_millis(20)).await;
        }
        let max = if Broken::<N>::has(Fault::DrainTakesMore) { usize::MAX } else { max };
        for n in 0..max {
            match self.take() {
                Ok(frame) => read(&frame),
                Err(RecvError::Closed) if n == 0 => return Err(RecvError::Closed),
                Err(_) => return Ok(n),
            }
        }
        Ok(max)
    }
}

impl<const N: usize> Drop for Sender<N> {
    fn drop(&mut self) {
        self.half.lock().tx_gone = true;
    }
}

impl<const N: usize> Drop for Reader<N> {
    fn drop(&mut self) {
        self.0.lock().rx_gone = true;
    }
}
