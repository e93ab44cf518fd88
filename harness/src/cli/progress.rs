//! How far a run has come, on standard error. Nothing is drawn while something is
//! measured: there is no ticker, and a line changes only between two cells.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pipefit::run::session::Event;

use super::args::Manner;
use super::out::tell;

/// What is known of a run before it begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// Cells to be measured.
    pub(super) cells: usize,
    /// Measurements in all: each cell has one turn in each repeat.
    pub(super) steps: u64,
}

/// Tells people how far it has come.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    verbose: bool,
}

impl Progress {
    pub(super) fn new(manner: &Manner, extent: Extent) -> Self {
        let Extent { cells, steps } = extent;
        let shown = !manner.quiet && !manner.verbose && std::io::stderr().is_terminal();
        let bar = if shown {
            ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr())
        } else {
            ProgressBar::hidden()
        };
        if !shown && !manner.quiet {
            tell(&format!("measuring; cells: {cells}, turns: {steps}\n"));
        }
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, verbose: manner.verbose }
    }

    /// Something happened in the session.
    pub(super) fn note(&self, event: &Event<'_>) {
        match event {
            Event::Begins { case, .. } => self.bar.set_message(case.id()),
            // The measured window begins.
            Event::Started { .. } => {}
            Event::Ended { case, repeat, fault } => {
                self.bar.inc(1);
                if self.verbose {
                    let how = fault.map_or("ok", |f| &f.reason);
                    tell(&format!("{}, repeat {}: {how}\n", case.id(), repeat + 1));
                }
            }
        }
    }

    /// Takes the line away.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
