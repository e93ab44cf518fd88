//! The tables in Markdown, as GitHub reads it: for a pull request or a wiki.

use std::fmt::Write as _;

use pipefit::run::record::{RunRecord, Status};

use super::figure::{percent, signed};
use super::model::{BudgetsView, Row, Section, View};
use crate::verdict::Verdicts;
use crate::verdict::gated::GateRecord;

/// A record as a Markdown document.
#[must_use]
pub fn document(record: &RunRecord) -> String {
    let view = View::new(record);
    let mut out = String::new();
    let _ = writeln!(out, "# pipefit run {}\n\n{}\n", text(&view.id), text(&view.sentence));
    if !view.warnings.is_empty() {
        out += "## Warnings\n\n";
        for warning in &view.warnings {
            let _ =
                writeln!(out, "- **{}** Remedy: {}", text(&warning.what), text(&warning.remedy));
        }
        out.push('\n');
    }
    for section in &view.sections {
        draw_section(&mut out, section);
    }
    out += "## Environment\n\n| fact | value |\n|---|---|\n";
    for fact in &view.environment {
        let _ = writeln!(out, "| {} | {} |", fact.name, text(&fact.value));
    }
    out += "\n**bold**\\*: the best valid figure among cells of equal size, rate and policy. \
            n too small: fewer than 10/(1−q) samples stand behind that percentile. \
            —: the scenario has no such metric.\n";
    out
}

/// Budgets as a Markdown document: for a summary of a build.
#[must_use]
pub fn budgets(verdicts: &Verdicts) -> String {
    let view = BudgetsView::new(verdicts);
    let mut out = format!("# Budgets\n\n{}\n\n", text(&view.sentence));
    out +=
        "| verdict | budget | assertion | figure | interval | limit |\n|---|---|---|--:|--:|--:|\n";
    for row in &view.rows {
        let control = if row.is_control { " (control)" } else { "" };
        if row.asserts.is_empty() {
            let (stamp, name, note) = (row.stamp, text(&row.name), text(&row.note));
            let _ = writeln!(
                out,
                "| {} {} | {name}{control} | ({note}) | — | — | — |",
                stamp.glyph, stamp.word
            );
        }
        for (i, assert) in row.asserts.iter().enumerate() {
            let (verdict, name) = match i {
                0 => (format!("{} {}", row.stamp.glyph, row.stamp.word), text(&row.name) + control),
                _ => (String::new(), String::new()),
            };
            let reason = match &assert.reason[..] {
                "" => String::new(),
                why => format!(" ({})", text(why)),
            };
            let _ = writeln!(
                out,
                "| {verdict} | {name} | {} {}{reason} | {} | {} | {} |",
                assert.stamp.glyph,
                text(&assert.text),
                assert.figure,
                assert.interval,
                assert.limit
            );
        }
    }
    out
}

/// A gate as a Markdown document.
#[must_use]
pub fn gate(gate: &GateRecord) -> String {
    let mut out = format!("# Gate against {}\n\n", text(&gate.base));
    if gate.identical {
        out += "Identical binaries: there is nothing to compare.\n";
        return out;
    }
    if gate.partial {
        out += "It was interrupted: what is not decided was not measured to its end.\n\n";
    }
    out += "| verdict | cell | change | 98 % | pairs | seconds | would have seen |\n|---|---|--:|--:|--:|--:|--:|\n";
    for cell in &gate.cells {
        let pct = |value: Option<f64>| value.map_or_else(|| "—".to_owned(), percent);
        let interval = match (cell.low_pct, cell.high_pct) {
            (Some(low), Some(high)) => format!("{} … {}", signed(low), signed(high)),
            _ => "—".to_owned(),
        };
        let why = cell.reason.as_ref().map_or_else(String::new, |why| format!(" ({})", text(why)));
        let _ = writeln!(
            out,
            "| {}{why} | {} | {} | {interval} | {} | {:.1} | {} |",
            cell.verdict,
            text(&cell.cell),
            pct(cell.change_pct),
            cell.all_pairs(),
            cell.took_ns as f64 / 1e9,
            cell.least_seen_pct.map_or_else(|| "—".to_owned(), |v| format!("{v:.1} %")),
        );
    }
    out += "\nAbove 0, head is slower.\n";
    out
}

fn draw_section(out: &mut String, section: &Section) {
    let _ = writeln!(out, "## {}\n", text(&section.scenario));
    let figures: Vec<String> = section.headings.iter().map(|h| text(&h.line())).collect();
    let _ = writeln!(
        out,
        "| transport | size | rate | wait | policy | status | {} |",
        figures.join(" | ")
    );
    let _ = writeln!(out, "|---|---|---|---|---|---|{}", "--:|".repeat(figures.len()));
    for row in &section.rows {
        draw_row(out, section, row);
    }
    out.push('\n');
    for row in section.rows.iter().filter(|r| !r.notes.is_empty()) {
        let notes: Vec<String> = row.notes.iter().map(|n| text(n)).collect();
        let _ = writeln!(out, "- {}: {}", text(&row.cell), notes.join("; "));
    }
    if section.rows.iter().any(|r| !r.notes.is_empty()) {
        out.push('\n');
    }
}

fn draw_row(out: &mut String, section: &Section, row: &Row) {
    let mark = row.mark();
    let reason = row.reason.as_deref().map(|r| format!(": {}", text(r))).unwrap_or_default();
    let _ = write!(
        out,
        "| {} | {} | {} | {} | {} | {} {}{reason} |",
        text(&row.transport),
        row.size,
        row.rate,
        row.wait,
        text(&row.policy),
        mark.glyph,
        mark.word,
    );
    for (at, figure) in row.figures.iter().enumerate() {
        let _ = match (row.status, section.main == Some(at) && row.best) {
            (Status::NotApplicable, _) => write!(out, " |"),
            (_, true) => write!(out, " **{figure}**\\* |"),
            (_, false) => write!(out, " {figure} |"),
        };
    }
    out.push('\n');
}

/// A text as text: whatever Markdown or HTML would read as more is escaped.
pub(super) fn text(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for c in raw.chars() {
        match c {
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '&' => out += "&amp;",
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '#' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::BudgetRecord;
    use crate::verdict::record::SCHEMA;

    #[test]
    fn a_budget_of_which_nothing_was_found_has_its_row_and_its_note() {
        let budget = BudgetRecord {
            name: "fresh".into(),
            why: "somebody cares".into(),
            line: 4,
            cell: "gui60/pipe/64B/10kHz/block".into(),
            must_fail: false,
            verdict: "inconclusive".into(),
            reason: Some("interrupted".into()),
            trials: 0,
            dropped: 0,
            noise: None,
            took_ns: 1,
            asserts: Vec::new(),
        };
        let drawn = budgets(&Verdicts {
            schema: SCHEMA.into(),
            file: "budgets.toml".into(),
            profile: "ci".into(),
            decided: 0.0,
            budgets: vec![budget],
        });
        let row = "| ? inconclusive | fresh | (0 trials; interrupted) | — | — | — |";
        assert!(drawn.contains(row), "{drawn}");
    }

    #[test]
    fn a_gate_says_what_it_did_not_do() {
        let mut record = GateRecord {
            schema: crate::verdict::gated::SCHEMA.into(),
            started: String::new(),
            base: "main".into(),
            head: "pipefit".into(),
            pins: Vec::new(),
            seed: 1,
            relinked: false,
            partial: true,
            identical: false,
            cells: Vec::new(),
        };
        assert!(gate(&record).contains("interrupted"), "{}", gate(&record));
        let written = serde_json::to_string(&record).unwrap_or_default();
        assert!(written.contains("\"partial\":true") && !written.contains("identical"));
        (record.partial, record.identical) = (false, true);
        assert!(gate(&record).contains("nothing to compare"), "{}", gate(&record));
    }
}
