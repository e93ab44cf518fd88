//! Plays a plan over one transport: opens the links, puts each side where the
//! transport's halves live, starts both at one moment, and brings both reports home.

mod bare;
pub mod guest;
#[cfg(feature = "zenoh")]
mod host;
mod local;
mod process;

#[cfg(feature = "zenoh")]
pub(crate) use host::{OnHost, play_abroad};
pub use local::play_virtually;

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use crate::ground::host::PinError;
use crate::ground::{Bytes, Nanos};
use crate::link::{self, LinkError, LinkSpec, Stop, Timer, Transport};
use crate::role::bare::{BareReport, BareSpec, Told};
use crate::role::echo::{echo, ping};
use crate::role::sensor::sensor;
use crate::role::viewer::viewer;
use crate::role::{
    EchoReport, EchoSpec, PingReport, PingSpec, SensorReport, SensorSpec, ViewerReport, ViewerSpec,
};
use crate::run::clock::FarClock;
use crate::run::endpoint::Child;
use crate::run::program::Program;
use crate::run::residue::Residue;

/// The side that may live elsewhere.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Far {
    /// Produces samples.
    Sensor(SensorSpec),
    /// Sends back what it gets.
    Echo(EchoSpec),
    /// Sends bytes, and does nothing else.
    Flood(BareSpec),
    /// Sends bytes back, and does nothing else.
    Bounce(BareSpec),
}

/// The side that stays in this process.
#[derive(Clone, Debug)]
pub enum Near {
    /// Consumes samples.
    Viewer(ViewerSpec),
    /// Sends, and waits for the echo.
    Ping(PingSpec),
    /// Reads bytes, and does nothing else.
    Soak(BareSpec),
    /// Sends bytes, waits for them to come back, and does nothing else.
    Rally(BareSpec),
    /// The same, so often as it is told, each time that it is told.
    Trips(Told),
    /// Reads bytes, as many as it is told, each time that it is told.
    Arrivals(Told),
}

/// Who does what over which link.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The link from far to near; an echo has another one like it the other way.
    pub link: LinkSpec,
    /// The program at the far side, in whose place `far` is then not asked for.
    pub program: Option<Program>,
    /// The side that may live elsewhere.
    pub far: Far,
    /// The side that stays.
    pub near: Near,
    /// CPUs to pin to: near first, then far. Empty: none.
    pub pins: Vec<usize>,
}

impl Plan {
    const fn talks_back(&self) -> bool {
        matches!(self.far, Far::Echo(_) | Far::Bounce(_))
    }
}

/// What the far side reports.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FarReport {
    /// A sensor's report.
    Sensor(Box<SensorReport>),
    /// An echo's report.
    Echo(EchoReport),
    /// Of a bare role.
    Bare(Box<BareReport>),
    /// What became of a program.
    Program(guest::ProgramReport),
}

/// What the near side reports.
#[derive(Clone, Debug)]
pub enum NearReport {
    /// A viewer's report.
    Viewer(Box<ViewerReport>),
    /// A pinger's report.
    Ping(Box<PingReport>),
    /// Of a bare role.
    Bare(Box<BareReport>),
}

/// One plan, played once.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What the far side reports.
    pub far: FarReport,
    /// What the near side reports.
    pub near: NearReport,
    /// Queue capacity granted.
    pub granted: Option<Bytes>,
    /// CPUs pinned and verified.
    pub pinned: Vec<usize>,
    /// From the first thing done to both sides being ready.
    pub start: Nanos,
    /// From the near side's end to everything being closed and reaped.
    pub stop: Nanos,
    /// The most memory that any of its processes held.
    pub rss_max: Option<u64>,
    /// What was left behind.
    pub residue: Residue,
    /// The clock of the far side's stamps, where it is another host's.
    pub clock: Option<FarClock>,
}

/// A plan that could not be played to its end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The link could not be opened.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// A thread could not be pinned.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// A thread or process could not be started.
    #[error("cannot start {what}: {source}")]
    Start {
        /// What was to be started.
        what: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The child process ended, or said something else than it should.
    #[error("the child process {how}{}", tail(.stderr))]
    ChildDied {
        /// What it did.
        how: String,
        /// The last lines it wrote to its standard error.
        stderr: String,
    },
    /// A program wrote nothing.
    #[error("the program wrote nothing for {patience}{}", tail(.stderr))]
    Mute {
        /// How long it was waited for.
        patience: Nanos,
        /// The last lines it wrote to its standard error.
        stderr: String,
    },
    /// The sensor on another host went away, or said something else than it should.
    #[error("the sensor on the other host {how}")]
    HostGone {
        /// What it did.
        how: String,
    },
    /// The viewer on another host went away.
    #[error("the viewer has been away for {patience}: look at the network, and start both anew")]
    ViewerGone {
        /// How long it was waited for.
        patience: Nanos,
    },
    /// The viewer on another host has a sensor already.
    #[error("the viewer has another sensor already, or is of another version")]
    TurnedAway,
    /// A task or thread of this process panicked.
    #[error("{0} panicked")]
    Panicked(&'static str),
}

/// The last of what a process wrote to its standard error, as the end of a sentence.
pub(super) fn tail(stderr: &str) -> String {
    match stderr.trim() {
        "" => String::new(),
        text => format!("; it last wrote: {text}"),
    }
}

/// What whoever watches a run may want to know of it while it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Started {
    /// When the schedule begins.
    pub start: Nanos,
    /// The child process, if there is one.
    pub child: Option<u32>,
}

/// A transport in its place.
pub(crate) trait Mount: Send + Sync {
    /// Plays a plan here, on the calling thread.
    fn play(&self, plan: &Plan, stop: &Stop, watch: &dyn Fn(Started)) -> Result<Trial, RunError>;

    /// Plays the far side in a child process.
    fn serve(&self, child: Child) -> Result<FarReport, RunError>;
}

/// The far side's halves.
struct FarEnds<T: Transport> {
    tx: T::Tx,
    rx: Option<T::Rx>,
}

/// The near side's halves.
struct NearEnds<T: Transport> {
    rx: T::Rx,
    tx: Option<T::Tx>,
}

/// Opens what a plan needs.
#[expect(clippy::type_complexity, reason = "two ends and a fact, named by their types")]
fn open<T: Transport>(plan: &Plan) -> Result<(FarEnds<T>, NearEnds<T>, Option<Bytes>), LinkError> {
    let main = link::open::<T>(&plan.link)?;
    let back = plan.talks_back().then(|| link::open::<T>(&plan.link)).transpose()?;
    let (tx, rx) = back.map_or((None, None), |back| (Some(back.tx), Some(back.rx)));
    Ok((FarEnds { tx: main.tx, rx }, NearEnds { rx: main.rx, tx }, main.granted))
}

async fn play_far<T: Transport, C: Timer>(
    far: Far,
    ends: FarEnds<T>,
    timer: C,
    start: Nanos,
    stop: Stop,
) -> FarReport {
    match (far, ends.rx) {
        (Far::Sensor(spec), _) => {
            FarReport::Sensor(Box::new(sensor(ends.tx, &timer, &spec, start, &stop).await))
        }
        (Far::Echo(spec), Some(rx)) => {
            FarReport::Echo(echo(ends.tx, rx, &timer, &spec, start, &stop).await)
        }
        (far @ (Far::Flood(_) | Far::Bounce(_)), rx) => {
            FarReport::Bare(bare::far(far, (ends.tx, rx), &timer, start).await)
        }
        (Far::Echo(_), None) => unreachable!("an echo's plan opens two links"),
    }
}

/// The far side, in a child process.
pub(super) async fn child_far<T: Transport>(
    far: Far,
    tx: T::Tx,
    rx: Option<T::Rx>,
    start: Nanos,
    stop: Stop,
) -> FarReport {
    play_far::<T, _>(far, FarEnds { tx, rx }, link::driver::ThreadTimer, start, stop).await
}

async fn play_near<T: Transport, C: Timer>(
    near: Near,
    ends: NearEnds<T>,
    timer: C,
    start: Nanos,
    stop: Stop,
) -> NearReport {
    match (near, ends.tx) {
        (Near::Viewer(spec), _) => {
            NearReport::Viewer(Box::new(viewer(ends.rx, &timer, &spec, start, &stop).await))
        }
        (Near::Ping(spec), Some(tx)) => {
            NearReport::Ping(Box::new(ping(tx, ends.rx, &timer, &spec, start, &stop).await))
        }
        (Near::Ping(_), None) => {
            unreachable!("a pinger's plan opens two links")
        }
        (near, tx) => NearReport::Bare(bare::near(near, (tx, ends.rx), &timer, start).await),
    }
}

/// Both sides in one loop of our own.
pub(crate) struct OnLoop<T>(PhantomData<fn() -> T>);

/// Both sides as tokio tasks of one worker.
pub(crate) struct OnTokio<T>(PhantomData<fn() -> T>);

/// Each side on a thread.
pub(crate) struct OnThreads<T>(PhantomData<fn() -> T>);

/// The far side in a child process.
pub(crate) struct OnProcesses<T>(PhantomData<fn() -> T>);

/// Not to be measured, for the reason its capabilities give.
pub(crate) struct Unmounted<T>(PhantomData<fn() -> T>);

macro_rules! places {
    ($($place:ident),+) => {
        $(impl<T> $place<T> {
            pub(crate) const fn new() -> Self {
                Self(PhantomData)
            }
        })+
    };
}
places!(OnLoop, OnTokio, OnThreads, OnProcesses, Unmounted);

/// A transport without children was asked to be one.
fn no_child<T: Transport>() -> RunError {
    RunError::Link(LinkError::stays_local(T::NAME))
}

impl<T: Transport> Mount for Unmounted<T> {
    fn play(&self, _: &Plan, _: &Stop, _: &dyn Fn(Started)) -> Result<Trial, RunError> {
        let why = T::caps().excluded.unwrap_or("cannot be measured").to_owned();
        Err(LinkError::Unsupported { what: T::NAME.into(), why }.into())
    }

    fn serve(&self, _: Child) -> Result<FarReport, RunError> {
        Err(no_child::<T>())
    }
}
