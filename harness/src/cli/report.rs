//! `report`: a kept run drawn again, several side by side, or all of them over time.
//! Nothing is measured.

mod history;
mod several;

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use pipefit::run::record::RunRecord;

use super::args::{Manner, MessageFormat, ReportArgs};
use super::exit::Exit;
use super::exports::Exports;
use super::failure::Failure;
use super::out::{Out, tell};
use super::written::{Form, Source};
use crate::report::{html, terminal};
use crate::results::{Opened, Store, open_run_or_record};

pub(super) fn report(args: &ReportArgs, manner: &Manner, out: &Out) -> Result<Exit, Failure> {
    let store = Store::find(args.results.as_deref());
    let exports = Exports::plan(&args.exports, MessageFormat::Human)?;
    let shown = Shown { exports: &exports, manner, out };
    if args.history {
        return history::history(&store, &shown);
    }
    match &args.runs[..] {
        [] => one(&open(&store.root().join("latest"))?, &shown),
        [run] => one(&open(&store.meant(run)?)?, &shown),
        runs => {
            let all: Result<Vec<(&PathBuf, Opened)>, Failure> =
                runs.iter().map(|run| Ok((run, open(&store.meant(run)?)?))).collect();
            several::several(&store, &all?, &shown)
        }
    }
}

/// Reads a run; says what of it cannot be read.
fn open(path: &Path) -> Result<Opened, Failure> {
    let opened = open_run_or_record(path)?;
    for warning in &opened.warnings {
        tell(&format!("warning: {}: {warning}\n", path.display()));
    }
    Ok(opened)
}

/// Where things are shown.
struct Shown<'a> {
    exports: &'a Exports,
    manner: &'a Manner,
    out: &'a Out,
}

impl Shown<'_> {
    /// A table, where people look: not where an export is read. It is coloured if it can be.
    fn table(&self, table: impl FnOnce(bool) -> String) -> Result<(), Failure> {
        if self.manner.quiet {
            return Ok(());
        }
        if self.exports.take_stdout() {
            tell(&table(self.manner.color.on(&io::stderr())));
        } else {
            self.out.print(&table(self.manner.color.on(&io::stdout())))?;
        }
        Ok(())
    }

    /// The last line, which says where the page is. One that went to standard output is
    /// where it was asked for.
    fn point_at(&self, page: Option<&Path>) -> Result<(), Failure> {
        let line = page.map(|page| format!("report: {}\n", page.display())).unwrap_or_default();
        if self.exports.take_stdout() {
            tell(&line);
        } else {
            self.out.print(&line)?;
        }
        Ok(self.out.check()?)
    }

    /// Where the page was exported to, if it was; `None` also for standard output.
    fn exported(&self) -> Option<&Path> {
        self.exports.of(Form::Html).filter(|to| to.as_os_str() != "-")
    }
}

/// Draws a run again: into its folder, or wherever it was asked for.
fn one(opened: &Opened, shown: &Shown<'_>) -> Result<Exit, Failure> {
    let Opened { record, curves, verdicts, .. } = opened;
    let verdicts = verdicts.as_ref();
    shown.table(|color| match verdicts {
        Some(verdicts) => terminal::budgets(verdicts, color),
        None => terminal::shaped(record, curves, color),
    })?;
    let source = Source { record, curves, verdicts, started: started(record) };
    let page = match shown.exports.of(Form::Html) {
        Some(_) => shown.exported(),
        None => Some(opened.draw(&html::page(record, curves, verdicts))?),
    };
    shown.exports.write(source, shown.out)?;
    shown.point_at(page)?;
    Ok(Exit::Done)
}

/// When a run began, for logs that begin there.
fn started(record: &RunRecord) -> SystemTime {
    humantime::parse_rfc3339_weak(&record.started).unwrap_or(SystemTime::UNIX_EPOCH)
}
