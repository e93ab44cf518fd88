//! What can be said to `report`.

use std::path::PathBuf;

use super::ExportArgs;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ReportArgs {
    /// A run's folder, its record, its id, or latest; several are laid side by side
    /// [default: latest]
    #[arg(value_name = "RUN")]
    pub(in crate::cli) runs: Vec<PathBuf>,
    /// How figures went over all kept runs: index.html in the results folder
    #[arg(long, conflicts_with = "runs")]
    pub(in crate::cli) history: bool,
    /// The results folder
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) results: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) exports: ExportArgs,
}
