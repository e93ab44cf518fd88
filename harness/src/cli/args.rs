//! What can be said on the command line.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use pipefit::ground::{Bytes, Hertz, Nanos};
use pipefit::link::{Policy, Wait};
use pipefit::role::guest::Dialect;
use pipefit::run::{Registry, scenario};
use regex_lite::Regex;

mod baseline;
mod exports;
mod judging;
mod report;
mod sensor;

pub(super) use baseline::{BaselineArgs, Deed, ListOf, Removal, Save};
pub(super) use exports::ExportArgs;
pub(super) use judging::{CheckArgs, GateArgs, LimitsArgs};
pub(super) use report::ReportArgs;
pub(super) use sensor::SensorArgs;

use super::axes::{self, Pins};
use super::out::Color;
use crate::quantity;

const EXIT_CODES: &str = "\
Exit codes:
    0  done and passed
    1  the tool failed
    2  usage
    4  nothing selected, or every selected cell is n/a
   65  a run is invalid
   75  too noisy to judge
  100  judged and failed: a budget, a regression
  130  interrupted; what was measured is saved and marked partial (143: terminated)

The results folder is --results, else $PIPEFIT_RESULTS, else ./results.";

/// Fitness functions for inter-process communication: how old is what the operator
/// sees, and what does each way of getting it there cost?
///
/// Without a command, `compare` is meant.
#[derive(Debug, Parser)]
#[command(name = "pipefit", version, after_help = EXIT_CODES, subcommand_negates_reqs = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    compare: CompareArgs,
    #[command(flatten)]
    manner: Manner,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Compare all transports over the default scenarios: the main job
    Compare(CompareArgs),
    /// Measure scenarios over any axes
    Run(RunArgs),
    /// Hold this machine to a file of budgets
    Check(CheckArgs),
    /// Hold this build against another, and say what became slower
    Gate(GateArgs),
    /// Keep runs by class of machine, to see how figures go over time
    Baseline(BaselineArgs),
    /// Draw a kept run again, several side by side, or all of them over time
    Report(ReportArgs),
    /// List transports with what they can do, scenarios, metrics and limits
    List(ListArgs),
    /// Measure this machine's physical limits, which budgets can be ratios to
    Limits(LimitsArgs),
    /// Be a sensor: write frames to a pipe, or join a viewer on another host
    Sensor(SensorArgs),
    /// Say what about this machine spoils measurements, and what helps
    Doctor(DoctorArgs),
    /// Print the JSON Schema of run.json
    Schema,
    /// Print a completion script
    Completions {
        /// For which shell
        shell: Shell,
    },
    /// Print a manual page
    Man {
        /// Of which command; of the tool as a whole unless told
        command: Option<String>,
    },
}

/// How to talk.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub(super) struct Manner {
    /// When to use colour; NO_COLOR is honoured
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value = "auto")]
    pub(super) color: Color,
    /// No progress and no table: only where the report is
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// One line on standard error for each measurement
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
    /// The command line, to be recorded.
    #[arg(skip)]
    pub(super) command: Vec<String>,
    /// The command's own name.
    #[arg(skip)]
    pub(super) word: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct CompareArgs {
    #[command(flatten)]
    pub(super) measure: MeasureArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct RunArgs {
    /// Scenarios, separated by commas
    #[arg(required = true, value_delimiter = ',', value_name = "SCENARIOS")]
    pub(super) scenario: Vec<String>,
    /// Wait here for a sensor on another host, as in tcp/0.0.0.0:7447, for at most 60s;
    /// there: pipefit sensor --transport zenoh --connect tcp/HOST:7447
    #[arg(long, value_name = "ENDPOINT", value_parser = axes::endpoint, conflicts_with = "exec")]
    pub(super) listen: Option<String>,
    #[command(flatten)]
    pub(super) measure: MeasureArgs,
}

/// How a program is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum MessageFormat {
    /// For people
    #[default]
    Human,
    /// One JSON object a line
    Json,
}

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// What to print
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
    pub(super) message_format: MessageFormat,
    /// Short for --message-format json
    #[arg(long)]
    json: bool,
}

impl ListArgs {
    pub(super) fn json(&self) -> bool {
        self.json || self.message_format == MessageFormat::Json
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct DoctorArgs {
    /// Sweep what dead runs left: names in /dev/shm, hidden folders beside kept runs
    #[arg(long)]
    pub(super) fix: bool,
    /// The results folder to look into
    #[arg(long, value_name = "DIR")]
    pub(super) results: Option<PathBuf>,
}

/// What `compare` and `run` have in common.
#[derive(Debug, clap::Args)]
pub(super) struct MeasureArgs {
    #[command(flatten)]
    pub(super) axes: Axes,
    #[command(flatten)]
    pub(super) keep: Keep,
}

/// The axes. Where several values can be given, all combinations are measured.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Axes (lists are separated by commas)")]
pub(super) struct Axes {
    /// Transports [default: all, or exec where --exec is given]
    #[arg(long, value_delimiter = ',', value_name = "NAMES", hide_possible_values = true)]
    pub(super) transport: Vec<String>,
    /// A program that is the sensor, for the shell; may be given again for another one.
    /// It is run without PYTHONUNBUFFERED
    #[arg(long, value_name = "COMMAND", value_parser = axes::command)]
    pub(super) exec: Vec<String>,
    /// What it writes: frames, text:PATTERN as in 'text:{seq} {sent} {value}', or
    /// raw:LAYOUT as in raw:seq=u32,value=f32; once, or once for each --exec
    #[arg(long, value_name = "WIRE", requires = "exec", default_value = "frames")]
    pub(super) wire: Vec<Dialect>,
    /// Payload sizes, as in 64,4KiB
    #[arg(long, value_delimiter = ',', value_name = "SIZES", value_parser = quantity::size, default_value = "64B")]
    pub(super) size: Vec<Bytes>,
    /// Rates, as in 10kHz, for scenarios that have a schedule [default: the scenario's]
    #[arg(long, value_delimiter = ',', value_name = "RATES")]
    pub(super) rate: Vec<Hertz>,
    /// How long to measure each cell, as in 2s [default: the scenario's]
    #[arg(long, value_name = "TIME", value_parser = quantity::span)]
    pub(super) duration: Option<Nanos>,
    /// How many frames to measure, in place of a time
    #[arg(long, value_name = "N", value_parser = quantity::messages, conflicts_with = "duration")]
    pub(super) messages: Option<u64>,
    /// How long to send before measuring [default: 200ms or 300ms, by scenario]
    #[arg(long, value_name = "TIME", value_parser = quantity::span_or_none)]
    pub(super) warmup: Option<Nanos>,
    /// How halves wait: spin, yield, block or adaptive
    #[arg(long, value_delimiter = ',', value_name = "WAYS", default_value = "block")]
    pub(super) wait: Vec<Wait>,
    /// What a full link does: block, drop-newest or overwrite-oldest [default: block,
    /// or what the transport is made for]
    #[arg(long, value_delimiter = ',', value_name = "WAYS")]
    pub(super) policy: Vec<Policy>,
    /// Queue capacities, the same for every transport
    #[arg(long, value_delimiter = ',', value_name = "SIZES", value_parser = quantity::capacity, default_value = "1MiB")]
    pub(super) capacity: Vec<Bytes>,
    /// Frames that are due together
    #[arg(long, value_delimiter = ',', value_name = "N", value_parser = quantity::burst, default_value = "1")]
    pub(super) burst: Vec<u64>,
    /// How long drawing one frame keeps the processor busy, where frames are drawn
    #[arg(long, value_name = "TIME", value_parser = quantity::draw_cost, default_value = "2ms")]
    pub(super) draw_cost: Nanos,
    /// How long a link may be silent before its reader gives up [default: 10s, and more
    /// where frames are that far apart]
    #[arg(long, value_name = "TIME", value_parser = quantity::patience)]
    pub(super) silence: Option<Nanos>,
    /// How long one send may wait for room
    #[arg(long, value_name = "TIME", value_parser = quantity::patience, default_value = "15s")]
    pub(super) send_timeout: Nanos,
    /// Sensors that send at once; only 1 for now
    #[arg(long, value_name = "N", value_parser = axes::producers, default_value = "1")]
    producers: u32,
    /// CPUs, consumer first, as in 0,1; or none [default: the first two there are]
    #[arg(long, value_name = "CPUS", value_parser = axes::pins)]
    pub(super) pin: Option<Pins>,
    /// How often each cell is measured, over all cells in turn
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) repeat: Option<u32>,
    /// Measure for a fraction of the time: a first look
    #[arg(long)]
    pub(super) quick: bool,
    /// Only cells whose id matches this regular expression
    #[arg(long, value_name = "REGEX")]
    pub(super) filter: Option<Regex>,
    /// Recorded with the run; nothing here is left to chance
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// Where the results go.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Results (a FILE of - is standard output)")]
pub(super) struct Keep {
    /// The results folder
    #[arg(long, value_name = "DIR")]
    pub(super) results: Option<PathBuf>,
    /// For people, or one JSON object a line on standard output
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
    pub(super) message_format: MessageFormat,
    #[command(flatten)]
    pub(super) exports: ExportArgs,
}

/// What was said.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) command: Command,
    pub(super) manner: Manner,
    /// Everything that could have been said.
    pub(super) grammar: clap::Command,
}

/// Reads a command line, its first word being the program's name.
pub(super) fn read(registry: &Registry, argv: Vec<OsString>) -> Result<Invocation, clap::Error> {
    let grammar = grammar(registry, argv.first().map(OsString::as_os_str));
    let said: Vec<String> = argv.iter().map(|a| a.to_string_lossy().into_owned()).collect();
    let matches = grammar.clone().try_get_matches_from(argv)?;
    misplaced(&grammar, &matches)?;
    let word = matches.subcommand_name().unwrap_or("compare").to_owned();
    let cli = Cli::from_arg_matches(&matches)?;
    let measure = match &cli.command {
        Some(Command::Run(run)) => &run.measure,
        Some(Command::Compare(compare)) => &compare.measure,
        _ => &cli.compare.measure,
    };
    if let Err(why) = measure.axes.wires_match() {
        return Err(grammar.clone().error(ErrorKind::WrongNumberOfValues, why));
    }
    if let Some(why) = cli.command.as_ref().and_then(contrary) {
        return Err(grammar.clone().error(ErrorKind::ArgumentConflict, why));
    }
    Ok(Invocation {
        command: cli.command.unwrap_or(Command::Compare(cli.compare)),
        manner: Manner { command: said, word, ..cli.manner },
        grammar,
    })
}

/// What is said that cannot be meant together: of another host, of a gate's cells.
fn contrary(command: &Command) -> Option<&'static str> {
    match command {
        Command::Run(run)
            if run.listen.is_some()
                && run.measure.axes.transport.iter().any(|name| name != "zenoh") =>
        {
            Some("--listen: only --transport zenoh has its sensor on another host")
        }
        Command::Sensor(sensor) if sensor.connect.is_some() && sensor.transport == "pipe" => {
            Some("--connect: a pipe does not reach another host, --transport zenoh does")
        }
        Command::Gate(gate)
            if (!gate.size.is_empty() || gate.wait.is_some())
                && gate.transport.is_empty()
                && gate.scenario.is_empty() =>
        {
            Some("--size and --wait: of which cells? Name --transport or --scenario, too")
        }
        _ => None,
    }
}

/// The grammar for the transports there are, under the name the program goes by.
fn grammar(registry: &Registry, program: Option<&OsStr>) -> clap::Command {
    let transports = || PossibleValuesParser::new(registry.iter().map(|e| e.name));
    let with_transports =
        |c: clap::Command| c.mut_arg("transport", |a| a.value_parser(transports()));
    let scenarios = PossibleValuesParser::new(
        scenario::ALL.iter().map(|s| clap::builder::PossibleValue::new(s.name).help(s.about)),
    );
    let grammar = with_transports(Cli::command())
        .mut_subcommand("compare", with_transports)
        .mut_subcommand("gate", with_transports)
        .mut_subcommand("run", with_transports)
        .mut_subcommand("run", |c| c.mut_arg("scenario", |a| a.value_parser(scenarios)));
    match program.and_then(|p| Path::new(p).file_stem()?.to_str()) {
        // The grammar lives as long as the program, and is made once.
        Some(name) => grammar.name(&*name.to_owned().leak()),
        None => grammar,
    }
}

/// A flag of `compare` before another command's name would be silently without effect.
fn misplaced(grammar: &clap::Command, matches: &ArgMatches) -> Result<(), clap::Error> {
    let Some(command) = matches.subcommand_name() else {
        return Ok(());
    };
    let given = |arg: &&clap::Arg| {
        !arg.is_global_set()
            && !matches!(arg.get_action(), ArgAction::Help | ArgAction::Version)
            && matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine)
    };
    match grammar.get_arguments().find(given).and_then(clap::Arg::get_long) {
        Some(flag) => Err(grammar.clone().error(
            ErrorKind::ArgumentConflict,
            format!("--{flag} stands before '{command}': put it behind it"),
        )),
        None => Ok(()),
    }
}
