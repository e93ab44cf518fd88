//! Strips: panels below each other over the same axes, one for each series. What differs in
//! height differs in fact.

use plotters::prelude::*;

use super::axis::Axis;
use super::drawing::{
    Area, Drawing, Drawn, Panel, PlotError, Room, SMALL, Series, Words, area_of, csv, cut, image,
    ink, number, panel, readable, text,
};
use super::lines::Tone;
use super::theme::{MUTED, VARIANTS, curve, solid};

/// Height of a strip with so many of them, in pixels: few get more room.
const fn height(strips: usize) -> u32 {
    match strips {
        0..=2 => 150,
        3..=6 => 100,
        _ => 72,
    }
}

const NAMES: u32 = 150;
const AXIS: u32 = 44;
const ROOM: Room = Room { left: 66, below: 0, right: 24, above: 14 };

/// Characters that fit the column of names.
const NAME: usize = 19;

/// A stretch of a strip that deserves a look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flag {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) tone: Tone,
}

/// A panel of a series.
#[derive(Clone, Debug)]
pub(super) struct Strip {
    pub(super) series: Series,
    /// What stands below the name.
    pub(super) about: String,
    /// Lines, each of points in the units of the axes.
    pub(super) lines: Vec<Vec<(f64, f64)>>,
    /// An area between a low and a high line.
    pub(super) band: Vec<(f64, f64, f64)>,
    pub(super) flags: Vec<Flag>,
    /// Values that this one is held to.
    pub(super) held: Vec<(f64, Tone)>,
    /// The data behind it, by column.
    pub(super) rows: Vec<Vec<f64>>,
}

/// Strips over the same axes.
#[derive(Clone, Debug)]
pub(super) struct Strips {
    pub(super) words: Words,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) strips: Vec<Strip>,
    /// A value that all are held beside.
    pub(super) beside: Option<f64>,
    /// Columns of the data, after the series.
    pub(super) columns: Vec<String>,
}

impl Strips {
    /// Draws them.
    ///
    /// # Errors
    /// [`PlotError`] where the drawing library refuses.
    pub(super) fn draw(mut self) -> Result<Drawing, PlotError> {
        for strip in &mut self.strips {
            // Strips carry their names: what looks alike is still told apart.
            strip.series.variant = strip.series.variant.min(VARIANTS - 1);
        }
        let each = height(self.strips.len());
        let count = u32::try_from(self.strips.len()).unwrap_or(u32::MAX / each - 1).min(400);
        let mut areas: Vec<Area> = Vec::new();
        let svg = image(&self.words, count * each + AXIS, |root| {
            let mut rest = root.clone();
            for (i, strip) in self.strips.iter().take(count as usize).enumerate() {
                let is_last = i + 1 == count as usize;
                let below = if is_last { AXIS } else { 0 };
                let (row, more) = rest.split_vertically(each + below);
                rest = more;
                let (names, plot) = row.split_horizontally(NAMES);
                areas.push(self.strip(&names, &plot, strip, below)?);
            }
            Ok(())
        })?;
        let svg = readable(&solid(&svg), &self.x, &self.y, &areas);
        let header: Vec<&str> =
            std::iter::once("series").chain(self.columns.iter().map(String::as_str)).collect();
        let rows = self.strips.iter().flat_map(|strip| {
            strip.rows.iter().map(move |row| {
                std::iter::once(strip.series.label.clone())
                    .chain(row.iter().map(|value| number(*value)))
                    .collect()
            })
        });
        let csv = csv(&header, rows);
        let series = self.strips.into_iter().map(|strip| strip.series).collect();
        Ok(Drawing { words: self.words, series, svg, csv })
    }

    fn strip(
        &self,
        names: &super::drawing::Canvas<'_>,
        plot: &super::drawing::Canvas<'_>,
        strip: &Strip,
        below: u32,
    ) -> Result<Area, DrawingAreaErrorKind<std::io::Error>> {
        let Series { label, hue, variant } = &strip.series;
        let color = curve(*hue, *variant);
        names.draw(&Circle::new((8, 22), 4, color.filled()))?;
        // What tells a transport from itself, such as how it waits, would be the first to be
        // cut.
        let (who, how) = label.split_once(", ").unwrap_or((label.as_str(), ""));
        names.draw_text(&cut(who, NAME), &ink(), (18, 22))?;
        let details = [how, strip.about.as_str()].into_iter().filter(|line| !line.is_empty());
        for (line, y) in details.zip([40, 56]) {
            names.draw_text(&cut(line, NAME + 2), &text(SMALL - 1, MUTED), (18, y))?;
        }
        let few = self.y.thinned(if self.strips.len() < 7 { 4 } else { 3 });
        let x = if below > 0 { self.x.clone() } else { self.x.bare() };
        let mut chart = panel(plot, (&x, &few), Room { below, ..ROOM }, false)?;
        for flag in &strip.flags {
            self.flag(&mut chart, *flag)?;
        }
        self.band(&mut chart, &strip.band, color)?;
        let beside = self.beside.map(|value| (value, Tone::Limit));
        let (from, to) = self.x.ends();
        for (value, tone) in beside.iter().chain(&strip.held).filter(|one| self.y.holds(one.0)) {
            let y = self.y.place(*value);
            let style = tone.color().stroke_width(1);
            chart.draw_series([PathElement::new([(from, y), (to, y)], style)])?;
        }
        for line in &strip.lines {
            let points = line.iter().map(|(x, y)| self.inside(*x, *y));
            chart.draw_series(LineSeries::new(points, color.stroke_width(1)))?;
        }
        Ok(area_of(&chart))
    }

    /// The place of a point; what lies beyond an axis stands at its end.
    fn inside(&self, x: f64, y: f64) -> (f64, f64) {
        let ((left, right), (low, high)) = (self.x.ends(), self.y.ends());
        (self.x.place(x).clamp(left, right), self.y.place(y).clamp(low, high))
    }

    fn band(&self, chart: &mut Panel<'_, '_>, band: &[(f64, f64, f64)], color: RGBColor) -> Drawn {
        if band.is_empty() {
            return Ok(());
        }
        let upper = band.iter().map(|(x, _, high)| self.inside(*x, *high));
        let lower = band.iter().rev().map(|(x, low, _)| self.inside(*x, *low));
        let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
        chart.draw_series([Polygon::new(outline, color.mix(0.45).filled())])?;
        Ok(())
    }

    /// A stretch marked over the whole height. One too short to be seen is as wide as a line.
    fn flag(&self, chart: &mut Panel<'_, '_>, flag: Flag) -> Drawn {
        let ((left, right), (low, high)) = (self.x.ends(), self.y.ends());
        let least = (right - left) / 400.0;
        let from = self.x.place(flag.from).clamp(left, right - least);
        let to = self.x.place(flag.to).clamp(from + least, right.max(from + least));
        let color = flag.tone.color().mix(0.35);
        chart.draw_series([Rectangle::new([(from, low), (to, high)], color.filled())])?;
        Ok(())
    }
}
