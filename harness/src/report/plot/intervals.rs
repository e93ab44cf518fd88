//! Values with their intervals, one below the other, beside values that they are held to.

use plotters::prelude::*;

use super::axis::Axis;
use super::drawing::{
    Canvas, Drawing, Drawn, Panel, PlotError, Room, SMALL, Series, Words, csv, cut, image, ink,
    number, panel, text,
};
use super::lines::Tone;
use super::theme::{INK, MUTED};

const ROW: u32 = 34;
const AXIS: u32 = 44;
const HEAD: u32 = 8;
const NAMES: u32 = 300;
const NUMBERS: u32 = 172;
const NAME: usize = 40;
/// Labels that fit below the plot.
const TICKS: usize = 6;
const NUMBER: usize = 24;

/// A value, and between which values it lies.
#[derive(Clone, Debug)]
pub(super) struct Dot {
    pub(super) name: String,
    /// What stands below the name.
    pub(super) about: String,
    pub(super) value: f64,
    pub(super) between: Option<(f64, f64)>,
    /// What stands at the right: the figure, and what comes of it.
    pub(super) figure: String,
    pub(super) tone: Option<Tone>,
    /// A row of the data, after the name.
    pub(super) row: Vec<String>,
}

/// Values with their intervals.
#[derive(Clone, Debug)]
pub(super) struct Intervals {
    pub(super) words: Words,
    pub(super) x: Axis,
    pub(super) dots: Vec<Dot>,
    /// Values that they are held to.
    pub(super) beside: Vec<(f64, Tone)>,
    /// Columns of the data.
    pub(super) columns: Vec<&'static str>,
}

impl Intervals {
    /// Draws them.
    ///
    /// # Errors
    /// [`PlotError`] where the drawing library refuses.
    pub(super) fn draw(self) -> Result<Drawing, PlotError> {
        let count = u32::try_from(self.dots.len()).unwrap_or(u32::MAX).min(1_000);
        let dots = &self.dots[..count as usize];
        let svg = image(&self.words, HEAD + count * ROW + AXIS, |root| {
            let (names, rest) = root.split_horizontally(NAMES);
            let (plot, numbers) = rest.split_horizontally(super::drawing::WIDTH - NAMES - NUMBERS);
            self.marks(&plot, dots)?;
            for (i, dot) in (0..).zip(dots) {
                let y = i32::try_from(HEAD + i * ROW + ROW / 2).unwrap_or(i32::MAX);
                row_of(&names, &numbers, dot, y)?;
            }
            Ok(())
        })?;
        let rows = self
            .dots
            .iter()
            .map(|dot| std::iter::once(dot.name.clone()).chain(dot.row.iter().cloned()).collect());
        let csv = csv(&self.columns, rows);
        Ok(Drawing { words: self.words, series: Vec::<Series>::new(), svg, csv })
    }

    fn marks(&self, area: &Canvas<'_>, dots: &[Dot]) -> Drawn {
        // Rows from the top: the axis counts them downwards, and has no ticks.
        let mut rows = Axis::linear("row", super::unit::Unit::Count, -(dots.len() as f64), 0.0);
        rows = rows.thinned(1).bare();
        let room = Room { left: 1, below: AXIS, right: 12, above: HEAD };
        let x = self.x.thinned(TICKS);
        let mut chart = panel(area, (&x, &rows), room, false)?;
        let (bottom, top) = rows.ends();
        for (value, tone) in self.beside.iter().filter(|(value, _)| self.x.holds(*value)) {
            let x = self.x.place(*value);
            let style = tone.color().stroke_width(1);
            chart.draw_series([PathElement::new([(x, bottom), (x, top)], style)])?;
        }
        for (i, dot) in dots.iter().enumerate() {
            self.dot(&mut chart, dot, -(i as f64) - 0.5)?;
        }
        Ok(())
    }

    fn dot(&self, chart: &mut Panel<'_, '_>, dot: &Dot, y: f64) -> Drawn {
        let (left, right) = self.x.ends();
        let place = |value: f64| self.x.place(value).clamp(left, right);
        let color = dot.tone.map_or(INK, Tone::color);
        if let Some((low, high)) = dot.between {
            let ends = [(place(low), y), (place(high), y)];
            chart.draw_series([PathElement::new(ends, color.stroke_width(2))])?;
        }
        // What lies beyond the axis is a ring at its end.
        let style = if self.x.holds(dot.value) { color.filled() } else { color.stroke_width(2) };
        chart.draw_series([Circle::new((place(dot.value), y), 4, style)])?;
        Ok(())
    }
}

fn row_of(names: &Canvas<'_>, numbers: &Canvas<'_>, dot: &Dot, y: i32) -> Drawn {
    if dot.about.is_empty() {
        names.draw_text(&cut(&dot.name, NAME), &ink(), (6, y))?;
    } else {
        names.draw_text(&cut(&dot.name, NAME), &ink(), (6, y - 8))?;
        names.draw_text(&cut(&dot.about, NAME), &text(SMALL - 1, MUTED), (6, y + 8))?;
    }
    let color = dot.tone.map_or(INK, Tone::color);
    numbers.draw_text(&cut(&dot.figure, NUMBER), &text(SMALL, color), (6, y))
}

/// The data of a value: it, and its interval where it has one.
pub(super) fn data(value: f64, between: Option<(f64, f64)>) -> Vec<String> {
    let end = |end: Option<f64>| end.map(number).unwrap_or_default();
    vec![number(value), end(between.map(|b| b.0)), end(between.map(|b| b.1))]
}
