//! `list`: the transports with what they can do, the scenarios, and what budgets can name.

use std::fmt::{Display, Write};

use pipefit::run::{Entry, Registry, Scenario, scenario};
use serde_json::{Value, json};

use super::args::ListArgs;
use super::exit::Exit;
use super::failure::Failure;
use super::out::Out;
use crate::metric::{self, STATS, Shape, Unit};

pub(super) fn list(registry: &Registry, args: &ListArgs, out: &Out) -> Result<Exit, Failure> {
    out.print(&if args.json() { for_programs(registry) } else { for_people(registry) })?;
    Ok(Exit::Done)
}

fn for_people(registry: &Registry) -> String {
    let heading =
        ["transport", "place", "policies", "waits", "zero-copy", "batch", "largest frame"];
    let rows = registry.iter().map(|entry| {
        let caps = entry.caps;
        [
            entry.name.to_owned(),
            caps.place.to_string(),
            words(caps.policies),
            words(caps.waits),
            yes(caps.zero_copy),
            yes(caps.batch),
            caps.max_frame.to_string(),
        ]
    });
    let mut text = columns(std::iter::once(heading.map(str::to_owned)).chain(rows).collect());
    for entry in registry.iter() {
        if let Some(note) = note(entry) {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {}: {note}", entry.name);
        }
    }
    text.push('\n');
    let heading = ["scenario", "rate", "span", "metrics"].map(str::to_owned);
    let rows = scenario::ALL
        .iter()
        .map(|s| [s.name.to_owned(), rate(s), s.span.to_string(), s.metrics.join(", ")]);
    text += &columns(std::iter::once(heading).chain(rows).collect());
    for scenario in scenario::ALL {
        let _ = writeln!(text, "  {}: {}", scenario.name, scenario.about);
    }
    text += &metrics();
    text
}

/// What budgets can hold to limits, and which limits of the machine there are.
fn metrics() -> String {
    let heading = ["metric", "unit", "parts"].map(str::to_owned);
    let rows = metric::all().iter().map(|m| {
        let parts = if m.shape == Shape::Spread { STATS.join(" ") } else { String::new() };
        [m.name.clone(), m.unit.symbol().to_owned(), parts]
    });
    let mut text = format!("\n{}", columns(std::iter::once(heading).chain(rows).collect()));
    let heading = ["limit", "unit", "for each"].map(str::to_owned);
    let rows = metric::limits().iter().map(|l| {
        let each = match (l.keyed, l.unit) {
            (false, _) => "",
            (true, Unit::Nanos) if l.name.ends_with("wake") => "time asleep",
            (true, _) => "size",
        };
        [format!("limits.{}", l.name), l.unit.symbol().to_owned(), each.to_owned()]
    });
    text += &format!("\n{}", columns(std::iter::once(heading).chain(rows).collect()));
    text
}

/// What the columns do not say.
fn note(entry: &Entry) -> Option<&'static str> {
    let held_back = "a frame may be held back until others follow it";
    let program =
        "the standard output of any program, given with --exec; for scenarios that only read";
    entry
        .caps
        .excluded
        .or((!entry.caps.prompt).then_some(held_back))
        .or(entry.runs_program.then_some(program))
}

fn for_programs(registry: &Registry) -> String {
    let transports: Vec<Value> = registry
        .iter()
        .map(|entry| {
            let caps = entry.caps;
            json!({
                "name": entry.name,
                "place": caps.place,
                "policies": caps.policies,
                "waits": caps.waits,
                "zero_copy": caps.zero_copy,
                "batch": caps.batch,
                "prompt": caps.prompt,
                "max_frame_bytes": caps.max_frame,
                "excluded": caps.excluded,
                "runs_program": entry.runs_program,
            })
        })
        .collect();
    let scenarios: Vec<Value> = scenario::ALL
        .iter()
        .map(|s| {
            json!({
                "name": s.name,
                "about": s.about,
                "metrics": s.metrics,
                "rate_hz": s.rate.map(pipefit::ground::Hertz::per_second),
                "span_ns": s.span,
            })
        })
        .collect();
    let metrics: Vec<Value> = metric::all()
        .iter()
        .map(|m| json!({ "name": m.name, "unit": m.unit.symbol(), "spread": m.shape == Shape::Spread }))
        .collect();
    let limits: Vec<Value> = metric::limits()
        .iter()
        .map(|l| json!({ "name": l.name, "unit": l.unit.symbol(), "spread": l.shape == Shape::Spread, "keyed": l.keyed }))
        .collect();
    let all = json!({
        "transports": transports,
        "scenarios": scenarios,
        "metrics": metrics,
        "limits": limits,
    });
    format!("{all}\n")
}

fn words(all: &[impl Display]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn yes(it_does: bool) -> String {
    if it_does { "yes" } else { "no" }.to_owned()
}

fn rate(scenario: &Scenario) -> String {
    scenario.rate.map_or_else(|| "flat out".to_owned(), |rate| rate.to_string())
}

/// Rows as columns, each as wide as its widest text.
fn columns<const N: usize>(rows: Vec<[String; N]>) -> String {
    let widths: [usize; N] =
        std::array::from_fn(|i| rows.iter().map(|row| row[i].chars().count()).max().unwrap_or(0));
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    text
}
