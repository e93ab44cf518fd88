//! Budgets for a terminal: one line for each, and one for each assertion that is not
//! simply kept.

use std::fmt::Write as _;

use super::{Paint, wrap};
use crate::report::model::{AssertRow, BudgetsView, Stamp};
use crate::verdict::Verdicts;

/// Verdicts as lines; with escape sequences for colour only if `color`.
#[must_use]
pub fn budgets(verdicts: &Verdicts, color: bool) -> String {
    let (view, paint) = (BudgetsView::new(verdicts), Paint { color });
    let mut out = String::new();
    for row in &view.rows {
        let control = if row.is_control { " (control)" } else { "" };
        let stamp =
            painted(row.stamp, &format!("{} {:<12}", row.stamp.glyph, row.stamp.word), paint);
        let _ = writeln!(out, "{stamp} {}{control}", row.name);
        let _ = writeln!(
            out,
            "{}",
            paint.dim(&wrap(&format!("    {}: {}", row.cell, row.note), "      "))
        );
        for assert in &row.asserts {
            let line = wrap(&format!("    {} {}", assert.stamp.glyph, said(assert)), "      ");
            let kept = assert.stamp.word == "pass" || row.is_control;
            let line = if kept { paint.dim(&line) } else { painted(assert.stamp, &line, paint) };
            let _ = writeln!(out, "{line}");
        }
    }
    let _ = writeln!(out, "\n{}", paint.bold(&wrap(&view.sentence, "")));
    out
}

fn said(assert: &AssertRow) -> String {
    let mut line = format!("{}: {}", assert.text, assert.figure);
    if !assert.interval.is_empty() {
        let _ = write!(line, " [{}]", assert.interval);
    }
    // Of a ratio, the limit is not what is written.
    if assert.text.contains(" x ") || assert.text.contains(" × ") {
        let _ = write!(line, ", limit {}", assert.limit);
    }
    if !assert.reason.is_empty() {
        let _ = write!(line, " – {}", assert.reason);
    }
    line
}

fn painted(stamp: Stamp, text: &str, paint: Paint) -> String {
    match stamp.word {
        "pass" => paint.with("32", text),
        "inconclusive" => paint.yellow(text),
        _ => paint.red(text),
    }
}
