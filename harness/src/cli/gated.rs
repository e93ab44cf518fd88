//! What a gate leaves: its record and page, exports, what GitHub is told, and a table.

use std::fmt::Write as _;
use std::path::Path;

use super::args::GateArgs;
use super::exports::Exports;
use super::failure::Failure;
use super::github;
use super::out::{Out, tell};
use crate::gate::record::GateRecord;
use crate::report::{self, json, signed};
use crate::results::put;

/// How a gate is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Markdown,
    Junit,
}

/// The exports that were asked for.
///
/// # Errors
/// As [`Exports::asked`].
pub(super) fn plan(args: &GateArgs) -> Result<Exports<Form>, Failure> {
    let asked = [
        (Form::Json, &args.export_json),
        (Form::Markdown, &args.export_markdown),
        (Form::Junit, &args.export_junit),
    ];
    Exports::asked(asked, 0)
}

impl Form {
    fn text(self, record: &GateRecord) -> Result<String, Failure> {
        let failed = |what, why: String| Failure::Form { what, why };
        match self {
            Self::Json => json::pretty(record).map_err(|e| failed("gate.json", e.to_string())),
            Self::Markdown => Ok(report::markdown::gate(record)),
            Self::Junit => report::junit::gate(record).map_err(|e| failed("JUnit", e.to_string())),
        }
    }
}

/// Keeps it, tells GitHub, exports it, and shows it; last, where its page is: in this order,
/// so that a reader who went away takes nothing with him.
///
/// # Errors
/// At the first of them that cannot be done.
pub(super) fn leave(
    record: &GateRecord,
    place: &Path,
    exports: &Exports<Form>,
    quiet: bool,
    out: &Out,
) -> Result<(), Failure> {
    let page = place.with_file_name("report.html");
    put(place, Form::Json.text(record)?.as_bytes())?;
    put(&page, report::html::gated(record).as_bytes())?;
    github::report(|| report::github::gate_annotations(record), || report::markdown::gate(record));
    exports.each(|form| form.text(record).map(String::into_bytes), out)?;
    let mut shown = if quiet { String::new() } else { table(record) };
    let _ = writeln!(shown, "gate: {}\nreport: {}", place.display(), page.display());
    if exports.take_stdout() {
        tell(&shown);
    } else {
        out.print(&shown)?;
    }
    Ok(())
}

fn table(record: &GateRecord) -> String {
    if record.identical {
        return "identical binaries: there is nothing to compare\n".to_owned();
    }
    let mut out = String::new();
    let widest = record.cells.iter().map(|c| c.cell.len()).max().unwrap_or(0);
    for cell in &record.cells {
        let _ = write!(out, "{:<widest$}  {:<13}", cell.cell, cell.verdict);
        if let (Some(change), Some(low), Some(high)) =
            (cell.change_pct, cell.low_pct, cell.high_pct)
        {
            let (change, low, high) = (signed(change), signed(low), signed(high));
            let _ = write!(out, " {change:>6} % [{low}, {high}]");
        }
        let _ = write!(out, "  {} pairs, {:.1} s", cell.all_pairs(), cell.took_ns as f64 / 1e9);
        if let Some(least) = cell.least_seen_pct {
            let _ = write!(out, ", would have seen {least:.1} %");
        }
        out.push('\n');
        if let Some(why) = &cell.reason {
            let _ = writeln!(out, "    {why}");
        }
    }
    if record.partial {
        out += "Interrupted: what is not decided was not measured to its end.\n";
    }
    out += "Above 0 head is slower; the interval is of 98 %.\n";
    out
}
