//! One side of a comparison: a transport, what it is to move, and which figure counts.

use pipefit::ground::host::allowed_cpus;
use pipefit::ground::{Bytes, Nanos, frame};
use pipefit::link::{LinkSpec, Policy, Stop, Wait};
use pipefit::role::End;
use pipefit::role::Extent;
use pipefit::role::bare::{BareReport, BareSpec, Load};
use pipefit::run::launch::{Far, FarReport, Near, NearReport};
use pipefit::run::{Case, Plan, Registry, scenario};

use crate::latest;

/// Which figure of a trial counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    /// Median of round trips in ns, the reading of the clock spread over many.
    Trip,
    /// The same, where trips take so long that each is timed by itself.
    LongTrip,
    /// 99th percentile of round trips, each by itself.
    TripP99,
    /// Payloads a second.
    Rate,
    /// Frames a second of the scenario `max`, with all that it checks and books.
    Max,
    /// Nanoseconds that `shm-latest`'s sender takes for a frame, beside a reader that
    /// looks 60 times a second.
    BesideScreen,
    /// The same, beside one that does not look.
    Alone,
}

/// One side of a comparison.
#[derive(Clone, Debug)]
pub(crate) struct Arm {
    pub(crate) transport: &'static str,
    pub(crate) len: usize,
    pub(crate) capacity: u64,
    pub(crate) wait: Wait,
    pub(crate) policy: Policy,
    pub(crate) load: Load,
    pub(crate) batch: usize,
    pub(crate) figure: Figure,
    /// Whether the bare roles ask again and again.
    pub(crate) spin: bool,
}

/// What a trial gave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    pub(crate) figure: f64,
    /// Nanoseconds of processor time that both sides together spent on a trip.
    pub(crate) cpu: Option<f64>,
}

impl From<f64> for Reading {
    fn from(figure: f64) -> Self {
        Self { figure, cpu: None }
    }
}

const WARMUP: Nanos = Nanos::from_millis(4);
const SPAN: Nanos = Nanos::from_millis(20);
/// A payload whose trip takes so long that a reading of the clock does not show.
const LARGE: usize = 4096;
/// Of what is large.
const LONG_SPAN: Nanos = Nanos::from_millis(40);
/// Of what sleeps and is woken.
const SLEEPY_SPAN: Nanos = Nanos::from_millis(80);

impl Arm {
    const fn new(transport: &'static str, len: usize, figure: Figure) -> Self {
        Self {
            transport,
            len,
            capacity: 1 << 20,
            wait: Wait::Spin,
            policy: Policy::Block,
            load: Load::Copied,
            batch: 1,
            figure,
            spin: true,
        }
    }

    /// There and back.
    pub(crate) const fn trip(transport: &'static str, len: usize) -> Self {
        let figure = if len > LARGE { Figure::LongTrip } else { Figure::Trip };
        Self::new(transport, len, figure)
    }

    /// One way, as much as it takes.
    pub(crate) const fn rate(transport: &'static str, len: usize) -> Self {
        Self::new(transport, len, Figure::Rate)
    }

    /// Another figure of the same.
    pub(crate) const fn but(mut self, figure: Figure) -> Self {
        self.figure = figure;
        self
    }

    /// With so many bytes between the sides.
    pub(crate) const fn holding(mut self, capacity: u64) -> Self {
        self.capacity = capacity;
        self
    }

    /// Many at a time.
    pub(crate) const fn by(mut self, batch: usize) -> Self {
        self.batch = batch;
        self
    }

    /// With other bytes.
    pub(crate) const fn with(mut self, load: Load) -> Self {
        self.load = load;
        self
    }

    /// Waiting as the link does.
    pub(crate) const fn waiting(mut self, wait: Wait) -> Self {
        self.wait = wait;
        self.spin = false;
        self.figure = match self.figure {
            Figure::Trip => Figure::LongTrip,
            other => other,
        };
        self
    }

    fn talks_back(&self) -> bool {
        matches!(self.figure, Figure::Trip | Figure::LongTrip | Figure::TripP99)
    }

    fn plan(&self) -> Plan {
        let cpus = allowed_cpus();
        let span = match self.spin {
            false => SLEEPY_SPAN,
            true if self.len > LARGE => LONG_SPAN,
            true => SPAN,
        };
        let spec = BareSpec {
            len: self.len,
            load: self.load,
            batch: self.batch,
            spin: self.spin,
            span,
            warmup: WARMUP,
            patience: Nanos::from_secs(2),
        };
        let (far, near) = if self.talks_back() {
            (Far::Bounce(spec), Near::Rally(spec))
        } else {
            (Far::Flood(spec), Near::Soak(spec))
        };
        let link = LinkSpec {
            capacity: Bytes(self.capacity),
            frame: Bytes(self.len as u64),
            policy: self.policy,
            wait: self.wait,
        };
        Plan { link, program: None, far, near, pins: cpus.into_iter().take(2).collect() }
    }

    /// The scenario that does it all.
    fn max(&self) -> Result<Plan, String> {
        let scenario = scenario::find("max").ok_or("there is no scenario max")?;
        let case = Case {
            size: Bytes(64),
            wait: self.wait,
            warmup: WARMUP,
            extent: Extent::For(SPAN),
            pins: allowed_cpus().into_iter().take(2).collect(),
            ..Case::of(scenario, self.transport)
        };
        Ok((scenario.plan)(&case, 1))
    }

    /// Plays one trial and takes its figure.
    pub(crate) fn read(&self, registry: &Registry) -> Result<Reading, String> {
        match self.figure {
            Figure::BesideScreen => return latest::cost(true).map(Reading::from),
            Figure::Alone => return latest::cost(false).map(Reading::from),
            _ => {}
        }
        let entry = registry
            .get(self.transport)
            .ok_or_else(|| format!("{} is not in this build", self.transport))?;
        let named = |why: String| format!("{} {} B: {why}", self.transport, self.len);
        let plan = if self.figure == Figure::Max { self.max()? } else { self.plan() };
        let trial =
            entry.play(&plan, &Stop::default(), &|_| ()).map_err(|e| named(e.to_string()))?;
        if let NearReport::Viewer(viewer) = &trial.near {
            let sound = viewer.end == End::Done && viewer.ledger.missing() == 0;
            let rate = viewer.flow.per_second().filter(|_| sound);
            let unsound = || named(format!("{:?}", viewer.ledger));
            return rate.map(Reading::from).ok_or_else(unsound);
        }
        let (FarReport::Bare(far), NearReport::Bare(near)) = (&trial.far, &trial.near) else {
            return Err(named("another role's report".into()));
        };
        for (who, end) in [("far", &far.end), ("near", &near.end)] {
            if *end != End::Done {
                return Err(named(format!("the {who} side ended as {end:?}")));
            }
        }
        if far.wrong + near.wrong > 0 && self.policy == Policy::Block {
            return Err(named(format!("{} payloads were wrong", far.wrong + near.wrong)));
        }
        let figure = self.of(near).ok_or_else(|| named(NOTHING.into()))?;
        let cpu = self.talks_back().then(|| (far.cpu.0 + near.cpu.0) as f64 / near.count as f64);
        Ok(Reading { figure, cpu })
    }

    fn of(&self, near: &BareReport) -> Option<f64> {
        match self.figure {
            Figure::Trip => near.means.quantile(0.5).map(|tenths| tenths as f64 / 10.0),
            Figure::LongTrip => near.singles.quantile(0.5).map(|n| n as f64),
            Figure::TripP99 => near.singles.quantile(0.99).map(|n| n as f64),
            Figure::Rate => near.per_second(),
            Figure::Max | Figure::BesideScreen | Figure::Alone => None,
        }
    }

    /// A figure with its unit.
    pub(crate) fn show(&self, figure: f64) -> String {
        match self.figure {
            Figure::Rate | Figure::Max if self.len < 4096 => format!("{:.2} M/s", figure / 1e6),
            Figure::Rate | Figure::Max => format!("{:.2} GB/s", figure * self.len as f64 / 1e9),
            _ if figure < 1_000.0 => format!("{figure:.1} ns"),
            _ => format!("{:.2} µs", figure / 1e3),
        }
    }
}

/// Why a trial came to nothing, where the machine had no time for it.
pub(crate) const NOTHING: &str = "nothing was measured";

/// Bytes of a frame with 64 B of payload.
pub(crate) const FRAMED: usize = frame::wire_len(64);
