//! What can be said to a sensor by itself.

use pipefit::ground::{Bytes, Hertz, Nanos};

use crate::cli::axes;
use crate::quantity;

/// A sensor by itself.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct SensorArgs {
    /// How frames leave: pipe (standard output), or zenoh (to another host)
    #[arg(long, value_name = "NAME", value_parser = ["pipe", "zenoh"], default_value = "pipe",
          default_value_if("connect", clap::builder::ArgPredicate::IsPresent, "zenoh"))]
    pub(in crate::cli) transport: String,
    /// The viewer to join, as in tcp/HOST:7447: it tells what to send
    #[arg(long, value_name = "ENDPOINT", value_parser = axes::endpoint,
          required_if_eq("transport", "zenoh"),
          conflicts_with_all = ["rate", "size", "duration", "messages", "warmup", "burst", "producer", "run", "send_timeout"])]
    pub(in crate::cli) connect: Option<String>,
    /// Frames a second
    #[arg(long, value_name = "RATE", default_value = "10kHz")]
    pub(in crate::cli) rate: Hertz,
    /// Payload of a frame
    #[arg(long, value_name = "SIZE", value_parser = quantity::size, default_value = "64B")]
    pub(in crate::cli) size: Bytes,
    /// How long to send [default: until nobody reads]
    #[arg(long, value_name = "TIME", value_parser = quantity::span)]
    pub(in crate::cli) duration: Option<Nanos>,
    /// How many frames to send, in place of a time
    #[arg(long, value_name = "N", value_parser = quantity::messages, conflicts_with = "duration")]
    pub(in crate::cli) messages: Option<u64>,
    /// How long to send before that, as frames that are not to be measured
    #[arg(long, value_name = "TIME", value_parser = quantity::span_or_none, default_value = "0s")]
    pub(in crate::cli) warmup: Nanos,
    /// Frames that are due together
    #[arg(long, value_name = "N", value_parser = quantity::burst, default_value = "1")]
    pub(in crate::cli) burst: u64,
    /// Its name on every frame
    #[arg(long, value_name = "N", default_value = "1")]
    pub(in crate::cli) producer: u32,
    /// The run's tag on every frame [default: a new one]
    #[arg(long, value_name = "TAG")]
    pub(in crate::cli) run: Option<u32>,
    /// How long one send may wait for room
    #[arg(long, value_name = "TIME", value_parser = quantity::patience, default_value = "15s")]
    pub(in crate::cli) send_timeout: Nanos,
}
