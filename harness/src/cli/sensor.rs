//! `sensor`: a sensor by itself, for a pipe or for a viewer on another host.
//!
//! Down a pipe it needs nobody's word: it writes pipefit's frames to its standard output,
//! on its own schedule, with a trailer at the end. For another host it joins the viewer
//! there, and is told what to do.

use std::io::{self, IsTerminal};
use std::os::fd::AsFd;

use pipefit::ground::pace::sharpen_sleep;
use pipefit::ground::{Bytes, Clock, Monotonic, Nanos, frame};
use pipefit::link::driver::{ThreadTimer, on_thread};
use pipefit::link::{Carrier, LinkSpec, Policy, Stop, Ticket, Transport, Wait};
use pipefit::role::sensor::{SensorSpec, TRAILER, sensor};
use pipefit::role::{End, Extent};
use pipefit::transport::Pipe;

use super::args::SensorArgs;
use super::exit::Exit;
use super::failure::Failure;

pub(super) fn be_sensor(args: &SensorArgs) -> Result<Exit, Failure> {
    match &args.connect {
        Some(endpoint) => join(endpoint),
        None => write_frames(args),
    }
}

/// Writes frames until there are enough, or nobody reads them.
fn write_frames(args: &SensorArgs) -> Result<Exit, Failure> {
    let stdout = io::stdout();
    if stdout.is_terminal() {
        return Err(Failure::Sensor(
            "frames are no text, and standard output is a terminal: write them to a pipe, as in \
             pipefit run gui60 --exec \"pipefit sensor\""
                .into(),
        ));
    }
    let spec = spec(args);
    let payload = args.size.as_usize().max(TRAILER);
    let link = LinkSpec {
        capacity: LinkSpec::CAPACITY,
        frame: Bytes(frame::wire_len(payload) as u64),
        policy: Policy::Block,
        wait: Wait::Block,
    };
    let failed = |why: String| Failure::Sensor(why);
    let fd = stdout.as_fd().try_clone_to_owned().map_err(|e| failed(e.to_string()))?;
    let tx = Pipe::tx_from(Ticket::of(Carrier::Stdout(fd)), &link);
    let tx = tx.map_err(|e| failed(e.to_string()))?;
    sharpen_sleep();
    let start = Monotonic.now();
    let report = on_thread(sensor(tx, &ThreadTimer, &spec, start, &Stop::default()));
    match report.end {
        // A reader that has seen enough goes away: that is no failure.
        End::Done | End::Stopped | End::PeerGone => Ok(Exit::Done),
        End::Silent => Err(failed(format!("nobody has read for {}", spec.patience))),
        End::Failed(why) => Err(failed(format!("cannot write frames: {why}"))),
    }
}

fn spec(args: &SensorArgs) -> SensorSpec {
    let usual = args.duration.map_or(Extent::Frames(u64::MAX), Extent::For);
    SensorSpec {
        producer: args.producer,
        // What tells one run from another need only differ.
        run: args.run.unwrap_or_else(std::process::id),
        size: args.size,
        rate: Some(args.rate),
        burst: args.burst,
        warmup: Extent::For(args.warmup),
        extent: args.messages.map_or(usual, Extent::Frames),
        stamp_every: 1,
        patience: args.send_timeout.max(Nanos(1)),
    }
}

#[cfg(feature = "zenoh")]
fn join(endpoint: &str) -> Result<Exit, Failure> {
    match pipefit::run::host::serve(endpoint) {
        Ok(()) => Ok(Exit::Done),
        Err(error) => Err(Failure::Sensor(error.to_string())),
    }
}

#[cfg(not(feature = "zenoh"))]
fn join(_: &str) -> Result<Exit, Failure> {
    Err(Failure::Sensor(super::NO_ZENOH.into()))
}
