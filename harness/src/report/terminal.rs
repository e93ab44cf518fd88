//! The tables for a terminal: one for each scenario, warnings and the outcome last,
//! where they are still in sight.
//!
//! Axes that all rows of a scenario share stand in its heading. So does the policy of most,
//! where no transport has two: those with another are named below. Lines keep within
//! [`WIDTH`] where the names and figures allow it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use pipefit::run::record::{RunRecord, Status};

use super::Curves;
use super::figure::Figure;
use super::model::{Row, Section, View};

mod budgets;
mod shapes;

pub use budgets::budgets;
use shapes::Shapes;

/// Columns of a terminal that are counted on.
pub const WIDTH: usize = 100;

/// The longest name of a transport that is shown in full.
const NAME: usize = 36;

/// Stands where n is too small; what it means is said once.
const FEW: &str = "few";

fn has_few(section: &Section) -> bool {
    let mut shown = section.rows.iter().filter(|row| row.status != Status::NotApplicable);
    shown.any(|row| row.figures.iter().any(|figure| matches!(figure, Figure::TooFew)))
}

/// A record as tables; with escape sequences for colour only if `color`.
#[must_use]
pub fn table(record: &RunRecord, color: bool) -> String {
    shaped(record, &Curves::default(), color)
}

/// The same with the shapes of distributions, where there is room for them.
#[must_use]
pub fn shaped(record: &RunRecord, curves: &Curves, color: bool) -> String {
    let view = View::new(record);
    let paint = Paint { color };
    let mut out = String::new();
    for section in &view.sections {
        let id = |row: &Row| record.cells.get(row.at).map_or("", |cell| &cell.id[..]);
        let ids: Vec<&str> = section.rows.iter().map(id).collect();
        draw_section(&mut out, section, shapes::shapes(section, &ids, curves), paint);
    }
    if view.sections.iter().any(|s| s.rows.iter().any(|r| r.best)) {
        out += "* the best valid figure among cells of equal size, rate and policy\n";
    }
    if view.sections.iter().any(has_few) {
        let _ = writeln!(out, "{FEW}: n too small, fewer samples than that percentile needs");
    }
    if !view.sections.is_empty() {
        out.push('\n');
    }
    if let Some(limits) = &view.limits {
        let _ = writeln!(
            out,
            "{}\n",
            wrap(&format!("this machine's limits meanwhile: {limits}"), "  ")
        );
    }
    for warning in &view.warnings {
        let text = wrap(&format!("warning: {}", warning.what), "  ");
        let _ = writeln!(out, "{}", paint.yellow(&text));
        let _ = writeln!(out, "{}", wrap(&format!("  remedy: {}", warning.remedy), "    "));
    }
    if !view.warnings.is_empty() {
        out.push('\n');
    }
    let sentence = wrap(&view.sentence, "");
    out += &if view.partial { paint.yellow(&sentence) } else { paint.bold(&sentence) };
    out.push('\n');
    out
}

/// Escape sequences, or none.
#[derive(Clone, Copy)]
struct Paint {
    color: bool,
}

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }
}

/// A column: its two lines of heading, and a text for each row.
struct Column {
    heading: [&'static str; 2],
    texts: Vec<String>,
    left: bool,
    width: usize,
}

impl Column {
    fn new(heading: [&'static str; 2], left: bool, texts: Vec<String>, sized: &[Row]) -> Self {
        // What a cell that cannot be measured lacks makes no column wider.
        let shown = texts
            .iter()
            .zip(sized)
            .filter(|(_, row)| left || row.status != Status::NotApplicable)
            .map(|(text, _)| text.chars().count());
        let headings = heading.iter().map(|h| h.chars().count());
        let width = shown.chain(headings).max().unwrap_or(0);
        Self { heading, texts, left, width }
    }

    fn pad(&self, text: &str) -> String {
        let width = self.width;
        if self.left { format!("{text:<width$}") } else { format!("{text:>width$}") }
    }
}

fn axis(name: &'static str, rows: &[Row], read: impl Fn(&Row) -> String) -> Column {
    Column::new(["", name], true, rows.iter().map(read).collect(), rows)
}

fn same(column: &Column) -> bool {
    column.texts.windows(2).all(|pair| pair[0] == pair[1])
}

/// The policy of most rows, where each transport has one policy in all of its rows.
fn usual_policy(rows: &[Row]) -> Option<&str> {
    let mut of_transport: BTreeMap<&str, &str> = BTreeMap::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        if *of_transport.entry(&row.transport).or_insert(&row.policy) != row.policy {
            return None;
        }
        *counts.entry(&row.policy).or_default() += 1;
    }
    let (policy, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    (2 * count > rows.len()).then_some(policy)
}

fn draw_section(out: &mut String, section: &Section, shapes: Option<Shapes>, paint: Paint) {
    let rows = &section.rows;
    let usual = usual_policy(rows);
    let policy = |row: &Row| usual.map_or_else(|| row.policy.clone(), str::to_owned);
    let columns = [
        ("", axis("size", rows, |r| r.size.clone())),
        ("", axis("rate", rows, |r| r.rate.clone())),
        ("policy ", axis("policy", rows, policy)),
        ("wait ", axis("wait", rows, |r| r.wait.clone())),
    ];
    let mut shared = Vec::new();
    let mut axes = vec![axis("transport", rows, |r| shorten(&r.transport, NAME))];
    for (label, column) in columns {
        match (same(&column), column.texts.first()) {
            (true, Some(text)) => shared.push(format!("{label}{text}")),
            _ => axes.push(column),
        }
    }
    let mut figures = figures(section);
    let mut note = None;
    if let Some(Shapes { texts, note: about }) = shapes {
        let column = Column { left: true, ..Column::new(["", "shape"], false, texts, rows) };
        figures.push(column);
        if width(&axes, &figures, 1) <= WIDTH {
            note = Some(about);
        } else {
            figures.pop();
        }
    }
    let gap = gap(&axes, &figures);

    let title = paint.bold(&shorten(&section.scenario, NAME));
    let _ = writeln!(out, "{title} · {}", shared.join(" · "));
    for line in 0..2 {
        if axes.iter().chain(&figures).all(|c| c.heading[line].is_empty()) {
            continue;
        }
        let cells = axes.iter().chain(&figures).map(|c| c.pad(c.heading[line]));
        let text = format!("  {}", cells.collect::<Vec<_>>().join(gap));
        let _ = writeln!(out, "{}", paint.dim(text.trim_end()));
    }
    for (i, row) in rows.iter().enumerate() {
        let name: Vec<String> = axes.iter().map(|c| c.pad(&c.texts[i])).collect();
        let name = format!("{} {}", row.mark().glyph, name.join(gap));
        draw_row(out, section, i, &name, &figures, gap, paint);
    }
    if let Some(note) = note {
        let _ = writeln!(out, "{}", paint.dim(&format!("  {note}")));
    }
    draw_notes(out, section, usual, paint);
    out.push('\n');
}

fn draw_row(
    out: &mut String,
    section: &Section,
    i: usize,
    name: &str,
    figures: &[Column],
    gap: &str,
    paint: Paint,
) {
    let row = &section.rows[i];
    let reason = row.reason.as_deref().unwrap_or_default();
    if row.status == Status::NotApplicable {
        let line = wrap(&format!("{name}{gap}n/a: {reason}"), "      ");
        let _ = writeln!(out, "{}", paint.dim(&line));
        return;
    }
    let texts: Vec<String> = figures
        .iter()
        .enumerate()
        .map(|(at, c)| {
            let text = c.pad(&c.texts[i]);
            if row.best && section.main == Some(at) { paint.bold(&text) } else { text }
        })
        .collect();
    let line = format!("{name}{gap}{}", texts.join(gap));
    if row.status == Status::Invalid {
        let _ = writeln!(out, "{}", paint.red(line.trim_end()));
        let why = wrap(&format!("    invalid: {reason}"), "      ");
        let _ = writeln!(out, "{}", paint.red(&why));
    } else {
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

/// The columns of figures; those of the main one have room for the mark of the best.
fn figures(section: &Section) -> Vec<Column> {
    let mut before = "";
    section
        .headings
        .iter()
        .enumerate()
        .map(|(at, heading)| {
            let group = if heading.group == before { "" } else { heading.group };
            before = heading.group;
            let text = |row: &Row| {
                let star = match (section.main == Some(at), row.best) {
                    (true, true) => "*",
                    (true, false) => " ",
                    (false, _) => "",
                };
                match &row.figures[at] {
                    Figure::TooFew => format!("{FEW}{star}"),
                    figure => format!("{figure}{star}"),
                }
            };
            let texts = section.rows.iter().map(text).collect();
            Column::new([group, heading.stat], false, texts, &section.rows)
        })
        .collect()
}

/// How long lines are with so many spaces between columns.
fn width(axes: &[Column], figures: &[Column], gap: usize) -> usize {
    let columns = axes.len() + figures.len();
    2 + axes.iter().chain(figures).map(|c| c.width).sum::<usize>() + gap * (columns - 1)
}

/// Two spaces between columns, or one where two would make the lines too long.
fn gap(axes: &[Column], figures: &[Column]) -> &'static str {
    if width(axes, figures, 2) > WIDTH { " " } else { "  " }
}

/// Each note once, with the transports it is about, unless that is every row.
fn draw_notes(out: &mut String, section: &Section, usual: Option<&str>, paint: Paint) {
    let common = section.common_notes();
    let mut notes: Vec<(String, Vec<String>)> =
        common.iter().map(|note| ((*note).to_owned(), vec!["all".to_owned()])).collect();
    for row in &section.rows {
        let own = row.notes.iter().filter(|note| !common.contains(&note.as_str())).cloned();
        let policy = usual.filter(|usual| row.policy != *usual);
        for note in policy.map(|_| format!("policy {}", row.policy)).into_iter().chain(own) {
            let name = shorten(&row.transport, NAME);
            match notes.iter_mut().find(|(text, _)| *text == note) {
                Some((_, names)) if names.contains(&name) => {}
                Some((_, names)) => names.push(name),
                None => notes.push((note, vec![name])),
            }
        }
    }
    for (note, names) in notes {
        let line = wrap(&format!("  {}: {note}", names.join(", ")), "    ");
        let _ = writeln!(out, "{}", paint.dim(&line));
    }
}

fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most - 1).collect();
    short.push('…');
    short
}

/// Breaks a line between words, further lines indented. A word longer than the line
/// stays whole, so that a path can still be copied.
pub(super) fn wrap(text: &str, indent: &str) -> String {
    let mut out = String::new();
    let mut width = 0;
    for (i, word) in text.split(' ').enumerate() {
        let long = word.chars().count();
        if i > 0 && width + 1 + long > WIDTH && width > indent.len() {
            out.push('\n');
            out += indent;
            width = indent.len();
        } else if i > 0 {
            out.push(' ');
            width += 1;
        }
        out += word;
        width += long;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_break_between_words() {
        let text = "word ".repeat(40);
        let wrapped = wrap(text.trim(), "  ");
        assert!(wrapped.lines().all(|l| l.chars().count() <= WIDTH), "{wrapped}");
        assert!(wrapped.lines().skip(1).all(|l| l.starts_with("  w")), "{wrapped}");
        assert_eq!(wrapped.split_whitespace().count(), 40);
    }

    #[test]
    fn a_long_name_is_cut_where_it_shows() {
        assert_eq!(shorten("abcdef", 6), "abcdef");
        assert_eq!(shorten("abcdefg", 6), "abcde…");
    }
}
