//! Bars of parts that make up a whole, one below the other, with their numbers beside them.

use plotters::prelude::*;

use super::drawing::{
    Canvas, Drawing, Drawn, PlotError, SMALL, Series, WIDTH, Words, csv, cut, image, ink, text,
};
use super::theme::{MUTED, RULE, curve};

const ROW: u32 = 26;
const FOOT: u32 = 6;
const NAMES: i32 = 250;
const NUMBERS: i32 = 190;
const NAME: usize = 34;
/// Characters that fit beside a bar.
pub(super) const NUMBER: usize = 27;

/// A bar.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    pub(super) name: String,
    /// A share of 1 for each part.
    pub(super) shares: Vec<f64>,
    /// What stands beside it.
    pub(super) about: String,
    /// A row of the data, after the name.
    pub(super) row: Vec<String>,
}

/// Bars of the same parts.
#[derive(Clone, Debug)]
pub(super) struct Bars {
    pub(super) words: Words,
    pub(super) parts: Vec<Series>,
    pub(super) bars: Vec<Bar>,
    /// Columns of the data.
    pub(super) columns: Vec<&'static str>,
}

impl Bars {
    /// Draws them.
    ///
    /// # Errors
    /// [`PlotError`] where the drawing library refuses.
    pub(super) fn draw(self) -> Result<Drawing, PlotError> {
        let count = u32::try_from(self.bars.len()).unwrap_or(u32::MAX).min(1_000);
        let svg = image(&self.words, count * ROW + FOOT, |root| {
            let mut rest = root.clone();
            for bar in self.bars.iter().take(count as usize) {
                let (row, more) = rest.split_vertically(ROW);
                rest = more;
                self.bar(&row, bar)?;
            }
            Ok(())
        })?;
        let rows = self
            .bars
            .iter()
            .map(|bar| std::iter::once(bar.name.clone()).chain(bar.row.iter().cloned()).collect());
        let csv = csv(&self.columns, rows);
        Ok(Drawing { words: self.words, series: self.parts, svg, csv })
    }

    fn bar(&self, row: &Canvas<'_>, bar: &Bar) -> Drawn {
        row.draw_text(&cut(&bar.name, NAME), &ink(), (6, 13))?;
        let width = i32::try_from(WIDTH).unwrap_or(760) - NAMES - NUMBERS;
        row.draw(&Rectangle::new([(NAMES, 6), (NAMES + width, 20)], RULE.mix(0.5).filled()))?;
        let mut from = 0.0;
        for (part, share) in self.parts.iter().zip(&bar.shares) {
            if *share <= 0.0 {
                continue;
            }
            let to = (from + share).min(1.0);
            #[expect(clippy::cast_possible_truncation, reason = "a share of some hundred pixels")]
            let pixel = |share: f64| NAMES + (share * f64::from(width)).round() as i32;
            // A frame in a million is still there to be seen.
            let (left, right) = (pixel(from).min(NAMES + width - 2), pixel(to));
            let right = right.max(left + 2);
            let color = curve(part.hue, part.variant).filled();
            row.draw(&Rectangle::new([(left, 6), (right, 20)], color))?;
            from = to;
        }
        let about = cut(&bar.about, NUMBER);
        row.draw_text(&about, &text(SMALL - 1, MUTED), (NAMES + width + 8, 13))
    }
}
