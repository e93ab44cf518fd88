//! What this program does when a test of it has started it: one half of a link, or a
//! whole session.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use pipefit::ground::frame::wire_len;
use pipefit::ground::{Bytes, Clock, Hertz, Monotonic, Nanos};
use pipefit::link::driver::{ThreadTimer, on_thread};
use pipefit::link::{Carrier, LinkSpec, Policy, Stop, Ticket, Transport, Wait};
use pipefit::memory::{Segment, ring};
use pipefit::role::sensor::sensor;
use pipefit::role::viewer::viewer;
use pipefit::role::{Extent, SensorSpec, ViewerSpec};
use pipefit::run::session::{self, Event};
use pipefit::run::{Case, Registry, scenario};
use pipefit::transport::{MemfdRing, ShmLatest, ShmRing};
use rustix::process::{Signal, set_parent_process_death_signal};
use serde::{Deserialize, Serialize};

/// The argument that makes this program play a role.
const FLAG: &str = "--role";

/// Longer than anything is let live here.
const FOREVER: Nanos = Nanos::from_secs(3_600);

/// The run's tag on every frame.
const TAG: u32 = 77;

/// The producer's name on every frame.
const PRODUCER: u32 = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Part {
    /// Holds the sending half and does nothing.
    HoldTx,
    /// Holds the reading half and does nothing.
    HoldRx,
    Sensor,
    Viewer,
    /// Measures, with a child of its own.
    Session,
    /// Holds a named segment and does nothing.
    Named,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Role {
    pub(crate) part: Part,
    pub(crate) transport: String,
    pub(crate) scenario: String,
    pub(crate) link: LinkSpec,
    pub(crate) size: Bytes,
    pub(crate) rate: Option<Hertz>,
    pub(crate) note: String,
}

/// Does `$play::<T>($args)` for the transport of that name.
macro_rules! over {
    ($name:expr, $play:ident($($arg:expr),*)) => {
        match $name {
            "shm-ring" => $play::<ShmRing>($($arg),*),
            "memfd-ring" => $play::<MemfdRing>($($arg),*),
            "shm-latest" => $play::<ShmLatest>($($arg),*),
            #[cfg(feature = "iceoryx2")]
            "iceoryx2" => $play::<pipefit::transport::Iceoryx2>($($arg),*),
            other => unreachable!("{other} is not tested here"),
        }
    };
}
pub(crate) use over;

impl Role {
    pub(crate) fn new(part: Part, transport: &str, policy: Policy, wait: Wait) -> Self {
        let size = Bytes(64);
        Self {
            part,
            transport: transport.into(),
            scenario: "stream".into(),
            link: LinkSpec { capacity: Bytes(64 << 10), frame: frame(size), policy, wait },
            size,
            rate: None,
            note: String::new(),
        }
    }

    pub(crate) fn sized(mut self, size: Bytes) -> Self {
        (self.size, self.link.frame) = (size, frame(size));
        self
    }

    pub(crate) fn sensor(&self) -> SensorSpec {
        SensorSpec {
            producer: PRODUCER,
            run: TAG,
            size: self.size,
            rate: self.rate,
            burst: 1,
            warmup: Extent::Frames(0),
            extent: Extent::For(FOREVER),
            stamp_every: if self.rate.is_some() { 1 } else { 64 },
            patience: LinkSpec::PATIENCE,
        }
    }

    pub(crate) fn viewer(&self) -> ViewerSpec {
        ViewerSpec {
            producer: PRODUCER,
            run: TAG,
            screen: None,
            paced: false,
            warmup: Nanos(0),
            measured: FOREVER,
            silence: LinkSpec::PATIENCE,
            leave: None,
        }
    }

    pub(crate) fn case(&self, extent: Nanos) -> Case {
        let scenario = scenario::find(&self.scenario).unwrap();
        let over = Registry::builtin().get(&self.transport).unwrap().name;
        Case {
            rate: scenario.rate.and(self.rate).or(scenario.rate),
            extent: Extent::For(extent),
            warmup: Nanos::from_millis(10),
            size: self.size,
            wait: self.link.wait,
            policy: self.link.policy,
            capacity: self.link.capacity,
            ..Case::of(scenario, over)
        }
    }

    /// Starts it in a process of its own, with the half that `ticket` is for.
    pub(crate) fn start(&self, ticket: Ticket) -> io::Result<Child> {
        let role = Self { note: ticket.note, ..self.clone() };
        let mut fds = ticket.carriers.into_iter().map(|carrier| match carrier {
            Carrier::Fd(fd) | Carrier::Stdout(fd) => Stdio::from(fd),
        });
        Command::new("/proc/self/exe")
            .args([FLAG, &serde_json::to_string(&role)?])
            .stdin(fds.next().unwrap_or_else(Stdio::null))
            .stdout(fds.next().unwrap_or_else(Stdio::null))
            .stderr(Stdio::piped())
            .spawn()
    }

    fn play(&self) {
        match self.part {
            Part::Session => {
                let case = self.case(FOREVER);
                let watch = |event: Event<'_>| {
                    if let Event::Begins { .. } = event {
                        eprint!(".");
                    }
                };
                let _ = session::run(&Registry::builtin(), &[case], 1, &Stop::default(), &watch);
            }
            Part::Named => {
                let segment = Segment::named(&ring::Shape::new(4_096, 64, false).geometry());
                hold(segment.unwrap());
            }
            _ => over!(self.transport.as_str(), play_half(self)),
        }
    }
}

/// Waits until a process that was started says that it holds its half, or begins.
pub(crate) fn await_ready(child: &mut Child) -> io::Result<()> {
    let (mut byte, stderr) = ([0], child.stderr.as_mut().unwrap());
    stderr.read_exact(&mut byte)?;
    if byte == *b"." {
        return Ok(());
    }
    // What dies before it is killed would pass for a peer that was killed.
    let mut said = String::from_utf8_lossy(&byte).into_owned();
    stderr.read_to_string(&mut said)?;
    Err(io::Error::other(format!("a peer did not begin: {said}")))
}

fn frame(size: Bytes) -> Bytes {
    Bytes(wire_len(size.as_usize()) as u64)
}

/// Becomes what was asked for, if anything was, and does not come back then.
pub(crate) fn play_if_one() {
    let mut words = std::env::args().skip(1);
    if words.next().as_deref() == Some(FLAG) {
        set_parent_process_death_signal(Some(Signal::KILL)).unwrap();
        let role: Role = serde_json::from_str(&words.next().unwrap()).unwrap();
        role.play();
        std::process::exit(0);
    }
}

fn play_half<T: Transport>(role: &Role) {
    let mut carriers = vec![Carrier::Fd(io::stdin().as_fd().try_clone_to_owned().unwrap())];
    if ["memfd-ring", "iceoryx2"].contains(&role.transport.as_str()) {
        carriers.push(Carrier::Fd(io::stdout().as_fd().try_clone_to_owned().unwrap()));
    }
    let ticket = Ticket { note: role.note.clone(), carriers, kept: None };
    let (link, now, stop) = (&role.link, Monotonic.now(), Stop::default());
    match role.part {
        Part::HoldTx => hold(T::tx_from(ticket, link).unwrap()),
        Part::HoldRx => hold(T::rx_from(ticket, link).unwrap()),
        Part::Sensor => {
            let tx = T::tx_from(ticket, link).unwrap();
            on_thread(sensor(tx, &ThreadTimer, &role.sensor(), now, &stop));
        }
        Part::Viewer => {
            let rx = T::rx_from(ticket, link).unwrap();
            on_thread(viewer(rx, &ThreadTimer, &role.viewer(), now, &stop));
        }
        Part::Session | Part::Named => unreachable!("not one half"),
    }
}

fn hold<T>(_what: T) {
    eprint!(".");
    loop {
        thread::park_timeout(Duration::from_secs(1));
    }
}
