//! Floor 10: the command line.
//!
//! [`run_main`] reads the way of the data: arguments become cases (`axes`), cases
//! are measured (`job`), what was measured is kept, exported and shown, and how it
//! went becomes an [`Exit`] code. Everything that is printed goes through one file.

mod args;
mod axes;
mod baseline;
mod built;
mod check;
mod checks;
mod compare;
mod doctor;
mod events;
mod exit;
mod exports;
mod failure;
mod gate;
mod gated;
mod github;
mod job;
mod leftovers;
mod limits;
mod list;
mod notebook;
mod out;
mod progress;
mod prove;
mod report;
mod run;
mod schema;
mod sensor;
mod signals;
mod spans;
mod written;

pub use exit::Exit;
pub use notebook::{Ended, Notebook};

use std::process::ExitCode;

use pipefit::run::Registry;

use args::{Command, Invocation};
use failure::Failure;
use out::Out;

use crate::gate::arm::WORKER;

/// What is said where another host is asked for.
#[cfg(not(feature = "zenoh"))]
const NO_ZENOH: &str =
    "this pipefit reaches no other host: build it with --features zenoh (docs/hosts.md)";

/// The whole tool, for the transports of `registry`. A program calls
/// [`pipefit::init`] with the same registry first: its children are the program itself.
#[must_use]
pub fn run_main(registry: &Registry) -> ExitCode {
    let out = Out::default();
    // A gate starts workers by the hundred: they do not read a whole command line first.
    if std::env::args_os().nth(1).is_some_and(|word| word == WORKER) {
        return gate::worker(registry).unwrap_or_else(|failure| failure.tell(&out)).into();
    }
    let exit = match obey(registry, &out) {
        Ok(exit) => exit,
        Err(failure) => failure.tell(&out),
    };
    exit.into()
}

fn obey(registry: &Registry, out: &Out) -> Result<Exit, Failure> {
    let Invocation { command, manner, mut grammar } =
        args::read(registry, std::env::args_os().collect())?;
    match command {
        Command::Compare(args) => compare::compare(registry, args, manner, out),
        Command::Run(args) => run::run(registry, args, manner, out),
        Command::Check(args) => check::check(registry, args, manner, out),
        Command::List(args) => list::list(registry, &args, out),
        Command::Limits(args) => limits::limits(&args, out),
        Command::Doctor(args) => doctor::doctor(&args, out),
        Command::Sensor(args) => sensor::be_sensor(&args),
        Command::Gate(args) => gate::gate(registry, &args, &manner, out),
        Command::Baseline(args) => baseline::baseline(&args, out),
        Command::Report(args) => report::report(&args, &manner, out),
        Command::Schema => schema::schema(out),
        Command::Completions { shell } => schema::completions(shell, &mut grammar, out),
        Command::Man { command } => schema::man(&mut grammar, command.as_deref(), out),
    }
}
