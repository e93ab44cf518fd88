//! `baseline save|list|rm`.

use std::path::PathBuf;

use clap::Subcommand;

use crate::results::Name;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct BaselineArgs {
    #[command(subcommand)]
    pub(in crate::cli) deed: Deed,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Deed {
    /// Keep the record of a run as a baseline of its machine's class
    Save(Save),
    /// List baselines, and how the cells that they share went over time
    List(ListOf),
    /// Remove a baseline
    Rm(Removal),
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Save {
    /// What to call it [default: the run's id]
    #[arg(value_name = "NAME")]
    pub(in crate::cli) name: Option<Name>,
    /// The folder of the run [default: latest, in the results folder]
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) run: Option<PathBuf>,
    /// Replace the one of that name
    #[arg(long)]
    pub(in crate::cli) force: bool,
    /// The results folder
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) results: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ListOf {
    /// Those of this class [default: the class of this machine]
    #[arg(long, value_name = "CLASS")]
    pub(in crate::cli) class: Option<Name>,
    /// Those of all classes
    #[arg(long, conflicts_with = "class")]
    pub(in crate::cli) all: bool,
    /// For programs
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// The results folder
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) results: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Removal {
    /// Which one
    #[arg(value_name = "NAME")]
    pub(in crate::cli) name: Name,
    /// Of which class [default: the class of this machine]
    #[arg(long, value_name = "CLASS")]
    pub(in crate::cli) class: Option<Name>,
    /// The results folder
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) results: Option<PathBuf>,
}
