//! Lines over two axes, with values that they are held beside.

use plotters::prelude::*;

use super::axis::Axis;
use super::drawing::{
    Drawing, Drawn, Panel, PlotError, Room, SMALL, Series, Words, area_of, csv, image, number,
    panel, readable, text, text_before,
};
use super::theme::{BAD, GOOD, LOOKS, MUTED, WARN, curve};

const HEIGHT: u32 = 400;
const ROOM: Room = Room { left: 84, below: 48, right: 40, above: 12 };

/// What a mark stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// What cannot be beaten.
    Limit,
    /// A budget that is met.
    Good,
    /// A budget that is not.
    Bad,
    /// What nobody can say, or a change to look at.
    Doubt,
}

impl Tone {
    pub(super) const fn color(self) -> RGBColor {
        match self {
            Self::Limit => MUTED,
            Self::Good => GOOD,
            Self::Bad => BAD,
            Self::Doubt => WARN,
        }
    }
}

/// A line of a series.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) series: Series,
    /// In the units of the axes.
    pub(super) points: Vec<(f64, f64)>,
    /// Whether each point is a mark of its own: there are few.
    pub(super) dotted: bool,
    /// Points that begin anew: something is missing before them.
    pub(super) breaks: Vec<usize>,
}

/// A value that lines are held beside: all along, or between two places.
#[derive(Clone, Debug)]
pub(super) struct Beside {
    pub(super) value: f64,
    pub(super) between: Option<(f64, f64)>,
    pub(super) label: String,
    pub(super) tone: Tone,
}

/// A place that deserves a look.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) at: (f64, f64),
    pub(super) tone: Tone,
}

/// Lines over two axes.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    pub(super) words: Words,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) lines: Vec<Line>,
    pub(super) beside: Vec<Beside>,
    pub(super) places: Vec<Place>,
}

impl Lines {
    /// The same in as many plots as it takes to tell all lines of one hue apart.
    pub(super) fn apart(self) -> Vec<Self> {
        let count = self.lines.iter().map(|line| line.series.variant / LOOKS + 1).max();
        let count = count.unwrap_or(1);
        let part = |i: usize| {
            let lines = self.lines.iter().filter(|line| line.series.variant / LOOKS == i).cloned();
            let lines: Vec<Line> = lines
                .map(|line| {
                    let variant = line.series.variant % LOOKS;
                    Line { series: Series { variant, ..line.series }, ..line }
                })
                .collect();
            let mut one = Self { lines, ..self.clone() };
            if count > 1 {
                one.words.title += &format!(", part {} of {count}", i + 1);
            }
            if i > 0 {
                one.words.left_out.clear();
            }
            one
        };
        (0..count).map(part).filter(|one| !one.lines.is_empty()).collect()
    }

    /// Draws it.
    ///
    /// # Errors
    /// [`PlotError`] where the drawing library refuses.
    pub(super) fn draw(mut self) -> Result<Drawing, PlotError> {
        let mut area = (0, 0, 0, 0);
        let mut without: Vec<String> = Vec::new();
        let svg = image(&self.words, HEIGHT, |root| {
            let mut chart = panel(root, (&self.x, &self.y), ROOM, true)?;
            area = area_of(&chart);
            self.beside(&mut chart)?;
            without = self.names(&chart)?;
            for line in &self.lines {
                self.line(&mut chart, line)?;
            }
            for place in &self.places {
                let at = (self.x.place(place.at.0), self.y.place(place.at.1));
                let ring = Circle::new(at, 6, place.tone.color().stroke_width(2));
                chart.draw_series([ring])?;
            }
            Ok(())
        })?;
        if !without.is_empty() {
            self.words.note += &format!(" No room in the plot for: {}.", without.join("; "));
        }
        let svg = readable(&svg, &self.x, &self.y, &[area]);
        let x = &self.x;
        let rows = self.lines.iter().flat_map(|line| {
            line.points
                .iter()
                .map(move |(at, y)| vec![line.series.label.clone(), x.data(*at), number(*y)])
        });
        let csv = csv(&["series", &self.x.column, &self.y.column], rows);
        let series = self.lines.into_iter().map(|line| line.series).collect();
        Ok(Drawing { words: self.words, series, svg, csv })
    }

    fn line(&self, chart: &mut Panel<'_, '_>, line: &Line) -> Drawn {
        let color = curve(line.series.hue, line.series.variant);
        let points: Vec<(f64, f64)> =
            line.points.iter().map(|(x, y)| (self.x.place(*x), self.y.place(*y))).collect();
        let mut from = 0;
        for end in line.breaks.iter().copied().chain([points.len()]) {
            if let Some(part) = points.get(from..end).filter(|part| part.len() > 1) {
                chart.draw_series(LineSeries::new(part.iter().copied(), color.stroke_width(2)))?;
            }
            from = end;
        }
        let dots =
            if line.dotted { &points[..] } else { &points[points.len().saturating_sub(1)..] };
        chart.draw_series(dots.iter().map(|at| Circle::new(*at, 3, color.filled())))?;
        Ok(())
    }

    /// From where to where a value beside is drawn, in places, and how high.
    fn stretch(&self, one: &Beside) -> Option<(f64, f64, f64)> {
        let (left, right) = self.x.ends();
        let (from, to) = one.between.map_or((left, right), |(from, to)| {
            (self.x.place(from).max(left), self.x.place(to).min(right))
        });
        (self.y.holds(one.value) && from < to).then(|| (from, to, self.y.place(one.value)))
    }

    /// Values beside, the first of them on top.
    fn beside(&self, chart: &mut Panel<'_, '_>) -> Drawn {
        for one in self.beside.iter().rev() {
            let Some((from, to, y)) = self.stretch(one) else { continue };
            let width = if one.between.is_some() { 4 } else { 1 };
            let style = one.tone.color().stroke_width(width);
            chart.draw_series([PathElement::new([(from, y), (to, y)], style)])?;
        }
        Ok(())
    }

    /// The names of values beside; those that there is no room for. Two that are close have
    /// their names one above and one below their lines, at both ends.
    fn names(
        &self,
        chart: &Panel<'_, '_>,
    ) -> Result<Vec<String>, DrawingAreaErrorKind<std::io::Error>> {
        let area = chart.plotting_area();
        let (pixels, _) = area.get_pixel_range();
        let (screen, base) = (area.strip_coord_spec(), area.get_base_pixel());
        let mut taken: Vec<(i32, i32, i32)> = Vec::new();
        let mut without = Vec::new();
        for one in &self.beside {
            let ends = self.stretch(one).map(|(_, to, y)| area.map_coordinate(&(to, y)));
            // About seven pixels a letter.
            let width = 7 * i32::try_from(one.label.chars().count()).unwrap_or(i32::MAX / 7);
            let free = |y: i32, left: i32| {
                taken.iter().all(|(other, from, to)| {
                    (other - y).abs() > 15 || left > *to || left + width < *from
                })
            };
            let place =
                ends.filter(|_| width < pixels.end - pixels.start).and_then(|(to, line)| {
                    let (at_end, at_start) = ((to - width).max(pixels.start), pixels.start + 4);
                    [(line - 9, true), (line + 10, true), (line - 9, false), (line + 10, false)]
                        .map(|(y, is_end)| (if is_end { at_end } else { at_start }, y, is_end))
                        .into_iter()
                        .find(|(left, y, _)| free(*y, *left))
                });
            let Some((left, y, is_end)) = place else {
                without.push(one.label.clone());
                continue;
            };
            taken.push((y, left, left + width));
            let color = one.tone.color();
            let (x, style) = if is_end {
                (left + width, text_before(SMALL, color))
            } else {
                (left, text(SMALL, color))
            };
            screen.draw_text(&one.label, &style, (x - base.0, y - base.1))?;
        }
        Ok(without)
    }
}

#[cfg(test)]
mod tests {
    use super::super::unit::Unit;
    use super::*;

    fn of(variants: &[usize]) -> Lines {
        let line = |variant: &usize| Line {
            series: Series { label: format!("pipe {variant}"), hue: 0, variant: *variant },
            points: vec![(1.0, 1.0), (2.0, 2.0)],
            dotted: false,
            breaks: Vec::new(),
        };
        Lines {
            words: Words { title: "all".into(), left_out: vec!["one".into()], ..Words::default() },
            x: Axis::linear("x", Unit::Count, 0.0, 3.0),
            y: Axis::linear("y", Unit::Count, 0.0, 3.0),
            lines: variants.iter().map(line).collect(),
            beside: Vec::new(),
            places: Vec::new(),
        }
    }

    #[test]
    fn names_without_room_stand_in_words_and_marks_beyond_the_end_are_none() {
        let mark = |value: f64, between: (f64, f64), label: &str| Beside {
            value,
            between: Some(between),
            label: label.to_owned(),
            tone: Tone::Bad,
        };
        let mut all = of(&[0]);
        all.beside = vec![mark(1.0, (0.5, 2.5), "one"), mark(2.0, (4.0, 5.0), "beyond")];
        let drawing = all.clone().draw().unwrap();
        assert_eq!(drawing.words.note, " No room in the plot for: beyond.");
        assert!(drawing.svg.contains(">one<"), "{}", drawing.svg);
        all.beside = (0..9).map(|i| mark(1.5, (0.5, 2.5), &format!("mark {i}"))).collect();
        let note = all.draw().unwrap().words.note;
        assert!(note.contains("mark 8") && !note.contains("mark 0"), "{note}");
    }

    #[test]
    fn more_lines_of_a_hue_than_can_be_told_apart_take_another_plot() {
        let parts = of(&[0, 1, 2, 3, 4, 5]).apart();
        let titles: Vec<&str> = parts.iter().map(|one| &one.words.title[..]).collect();
        assert_eq!(titles, ["all, part 1 of 2", "all, part 2 of 2"]);
        let second: Vec<(&str, usize)> =
            parts[1].lines.iter().map(|l| (&l.series.label[..], l.series.variant)).collect();
        assert_eq!(second, [("pipe 4", 0), ("pipe 5", 1)]);
        assert_eq!((parts[0].words.left_out.len(), parts[1].words.left_out.len()), (1, 0));
        let whole = of(&[0, 3]).apart();
        assert_eq!((whole.len(), &whole[0].words.title[..]), (1, "all"), "the control");
    }
}
