//! `--export-…`, for every command that has a run to export.

use std::path::PathBuf;

/// Where a run goes besides its folder.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Results (a FILE of - is standard output)")]
pub(in crate::cli) struct ExportArgs {
    /// The record, as run.json
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) export_json: Option<PathBuf>,
    /// One figure a line
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) export_csv: Option<PathBuf>,
    /// The tables in Markdown
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) export_markdown: Option<PathBuf>,
    /// The page
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) export_html: Option<PathBuf>,
    /// The distributions, as HdrHistogram's plotter reads them
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) export_hgrm: Option<PathBuf>,
    /// The histograms, as HdrHistogram's log tools read them
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) export_hlog: Option<PathBuf>,
    /// Some frames on their way from sensor to screen, as a Chrome trace: opens in Perfetto
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) export_trace: Option<PathBuf>,
    /// Cells or budgets as tests, in JUnit's XML
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) export_junit: Option<PathBuf>,
    /// Figures for github-action-benchmark (customSmallerIsBetter)
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) export_gha: Option<PathBuf>,
    /// Figures for Bencher (its metric format)
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) export_bmf: Option<PathBuf>,
}
