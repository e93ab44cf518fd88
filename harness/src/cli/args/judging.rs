//! What can be said to the commands that judge.

use std::path::PathBuf;

use pipefit::ground::Bytes;
use pipefit::link::Wait;
use regex_lite::Regex;

use super::Keep;
use crate::cli::axes::{self, Pins};
use crate::quantity;
use crate::verdict::budget::Profile;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct CheckArgs {
    /// The file [default: budgets.toml, else harness/fitness/budgets.toml]
    #[arg(value_name = "BUDGETS")]
    pub(in crate::cli) budgets: Option<PathBuf>,
    /// How much to put into an answer: quick, local, or ci, which takes no doubt for an
    /// answer and exits with 75
    #[arg(long, value_name = "PROFILE", default_value = "local")]
    pub(in crate::cli) profile: Profile,
    /// Only budgets whose name matches this regular expression
    #[arg(long, value_name = "REGEX")]
    pub(in crate::cli) filter: Option<Regex>,
    /// CPUs, consumer first, as in 0,1; or none [default: the first two there are]
    #[arg(long, value_name = "CPUS", value_parser = axes::pins)]
    pub(in crate::cli) pin: Option<Pins>,
    #[command(flatten)]
    pub(in crate::cli) keep: Keep,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct GateArgs {
    /// What to hold it against: a commit, which is built, or a pipefit program
    #[arg(long, value_name = "REF|PROGRAM", required_unless_present = "self_test")]
    pub(in crate::cli) base: Option<String>,
    /// What is judged [default: this program]
    #[arg(long, value_name = "PROGRAM")]
    pub(in crate::cli) head: Option<PathBuf>,
    /// Features to build a base with
    #[arg(long, value_delimiter = ',', value_name = "FEATURES")]
    pub(in crate::cli) features: Vec<String>,
    /// Scenarios: rtt, max [default: a suite over all families of transports]
    #[arg(long, value_delimiter = ',', value_name = "NAMES", value_parser = ["rtt", "max"])]
    pub(in crate::cli) scenario: Vec<String>,
    /// Transports
    #[arg(long, value_delimiter = ',', value_name = "NAMES", hide_possible_values = true)]
    pub(in crate::cli) transport: Vec<String>,
    /// Payload sizes, where scenarios or transports are given [default: 64B]
    #[arg(long, value_delimiter = ',', value_name = "SIZES", value_parser = quantity::size)]
    pub(in crate::cli) size: Vec<Bytes>,
    /// How halves wait, where scenarios or transports are given [default: block]
    #[arg(long, value_name = "WAY")]
    pub(in crate::cli) wait: Option<Wait>,
    /// Only cells whose id matches this regular expression
    #[arg(long, value_name = "REGEX")]
    pub(in crate::cli) filter: Option<Regex>,
    /// CPUs, consumer first, as in 0,1; or none [default: the first two there are]
    #[arg(long, value_name = "CPUS", value_parser = axes::pins)]
    pub(in crate::cli) pin: Option<Pins>,
    /// What the order of measurements begins with
    #[arg(long, value_name = "N", default_value = "1")]
    pub(in crate::cli) seed: u64,
    /// Prove on this machine how often it is wrong: hours; goes on where it was cut short,
    /// by class of machine
    #[arg(long, conflicts_with_all = [
        "base", "head", "features", "scenario", "transport", "size", "wait", "filter",
        "export_json", "export_markdown", "export_junit",
    ])]
    pub(in crate::cli) self_test: bool,
    /// Of the self-test, a minute; begins anew each time
    #[arg(long, requires = "self_test")]
    pub(in crate::cli) excerpt: bool,
    /// What came of it, as gate.json
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) export_json: Option<PathBuf>,
    /// The table in Markdown
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) export_markdown: Option<PathBuf>,
    /// Cells as tests, in JUnit's XML
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) export_junit: Option<PathBuf>,
    /// The results folder
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) results: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct LimitsArgs {
    /// As JSON: the `limits` of a run.json
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// CPUs, consumer first, as in 0,1; or none [default: the first two there are]
    #[arg(long, value_name = "CPUS", value_parser = axes::pins)]
    pub(in crate::cli) pin: Option<Pins>,
}
